"""The tools ask AWS with the credentials that Terraform's provider has: a profile's, and a role that is assumed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ProfileNotFound
from cdktf import LocalBackend, TerraformOutput, TerraformStack, Testing
from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity

from operate import credentials
from operate.terraform_cli.terraform import Terraform
from stacks.provider import configure_provider
from stacks.settings import Provider
from tests.plan.terraform_folder import write_stack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from local_aws.instance import LocalAws
    from stacks.settings import Environment

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deployer"
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
PROFILE = "[profile ci]\naws_access_key_id = of-the-profile\naws_secret_access_key = test\n"


@pytest.fixture(scope="module", autouse=True)
def role(empty_aws: LocalAws) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    empty_aws.client("iam").create_role(RoleName="deployer", AssumeRolePolicyDocument=document)


@pytest.fixture
def variables(empty_aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Of a shell with credentials and a profile, which is this process's too."""
    config = tmp_path / "config"
    config.write_text(PROFILE)
    variables = empty_aws.environment_variables() | {"AWS_CONFIG_FILE": str(config)}
    for name, value in variables.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    return variables


def of_tools(provider: Provider) -> str:
    session = credentials.session(provider, name="orders-local", region="us-east-1")
    return str(session.client("sts", region_name="us-east-1").get_caller_identity()["Arn"])


def of_terraform(folder: Path, environment: Environment, variables: dict[str, str]) -> str:
    stack = TerraformStack(Testing.app(), "who")
    LocalBackend(stack, path="own.tfstate")
    configure_provider(stack, environment)
    TerraformOutput(stack, "arn", value=DataAwsCallerIdentity(stack, "caller").arn)
    terraform = Terraform(write_stack(folder / "who", stack), variables)
    terraform.init()
    terraform.apply()
    return str(terraform.output()["arn"])


def test_a_role_is_assumed(environment: Callable[..., Environment], variables: dict[str, str], tmp_path: Path) -> None:
    """Under the session's name, by Terraform and by the tools."""
    said = {"assume_role_arn": ROLE, "external_id": "orders", "session_name": "ci"}
    settings = environment(account_id=ACCOUNT, region="us-east-1", provider=said)
    assumed = f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/ci"
    assert of_terraform(tmp_path, settings, variables) == assumed
    assert of_tools(settings.provider) == assumed


@pytest.mark.usefixtures("variables")
def test_a_session_has_the_stacks_name_where_none_is_given() -> None:
    """So that CloudTrail says whose it is."""
    assert of_tools(Provider(assume_role_arn=ROLE)) == f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/orders-local"


@pytest.mark.usefixtures("variables")
def test_a_profile_wins_over_the_shells_credentials() -> None:
    """As in Terraform; with the role it is what assumes it."""
    providers = (Provider(), Provider(profile="ci"))
    sessions = [credentials.session(provider, name="orders", region="us-east-1") for provider in providers]
    found = [session.get_credentials() for session in sessions]
    assert [each and each.access_key for each in found] == ["test", "of-the-profile"]
    assert of_tools(Provider(profile="ci", assume_role_arn=ROLE)).endswith(":assumed-role/deployer/orders-local")


@pytest.mark.usefixtures("variables")
def test_a_profile_that_is_not_there_is_named() -> None:
    """In boto3's own words, which the verbs show in one line."""
    with pytest.raises(ProfileNotFound, match="nowhere"):
        credentials.session(Provider(profile="nowhere"), name="orders", region="us-east-1")


def test_what_is_asked_of_sts(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The external id too, and nothing before it is needed."""
    from botocore.client import BaseClient  # noqa: PLC0415

    asked: list[dict[str, Any]] = []
    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def recorded(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "AssumeRole":
            asked.append(arguments)
        return original(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", recorded)
    provider = Provider(assume_role_arn=ROLE, external_id="orders", session_name="ci")
    session = credentials.session(provider, name="orders", region="us-east-1")
    assert asked == []
    for _ in range(2):
        session.client("sts", region_name="us-east-1", endpoint_url=variables["AWS_ENDPOINT_URL"]).get_caller_identity()
    assert asked == [{"RoleArn": ROLE, "RoleSessionName": "ci", "ExternalId": "orders"}]
