"""The tools follow an environment's own places: its registry, its URL, its credentials."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from operate import credentials
from operate.environment import Environment
from operate.errors import OperateError
from operate.image_tags import registry_of
from operate.progress import StepFailedError
from operate.release import rollback
from operate.running import one_off_task
from operate.service import Service
from operate.terraform_cli import terraform_errors
from stacks.settings import Image, S3Backend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stacks.settings import Environment as Settings

ACCOUNT, OTHERS = "111111111111", "222222222222"


@pytest.mark.parametrize(
    ("url", "path", "expected"),
    [
        (None, "/health", "http://alb.example.com/health"),
        ("https://example.com", "/health", "https://example.com/health"),
        ("https://example.com/orders", "/health", "https://example.com/orders/health"),
        ("https://example.com/orders", "/orders/health", "https://example.com/orders/health"),
        ("https://example.com/orders", "/orders", "https://example.com/orders/"),
        ("https://example.com/orders", "/orders-health", "https://example.com/orders/orders-health"),
    ],
)
def test_health_is_asked_below_the_base_path(
    environment: Callable[..., Settings], url: str | None, path: str, expected: str
) -> None:
    """As Terraform's output says; a target group behind a load balancer that forwards the base path has it already."""
    settings = environment(service={"api_url": url}) if url else environment()
    service = Service(Environment(settings), name="go-api")
    service.__dict__["target_groups"] = [{"HealthCheckPath": path, "LoadBalancerArns": ["arn"]}]
    balancer = {"LoadBalancerName": "alb", "DNSName": "alb.example.com"}
    service.__dict__["balancing"] = SimpleNamespace(describe_load_balancers=lambda **_: {"LoadBalancers": [balancer]})
    assert service.health_url == expected


class Session:
    """Of boto3: what clients are made, and what they are asked."""

    def __init__(self) -> None:
        self.clients: list[tuple[str, str]] = []
        self.asked: list[dict[str, Any]] = []
        self.exceptions = SimpleNamespace(ImageNotFoundException=LookupError)

    def client(self, service: str, *, region_name: str, **_: Any) -> Session:
        self.clients.append((service, region_name))
        return self

    def describe_images(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        return {"imageDetails": [{"imageDigest": "sha256:0"}]}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    session = Session()
    monkeypatch.setattr(credentials, "session", lambda *_, **__: session)
    return session


def test_images_are_looked_up_where_they_are(environment: Callable[..., Settings], session: Session) -> None:
    """In the repository's own region and account, and everything else in the environment's region."""
    own = Environment(environment())
    other = Environment(environment(image={"registry_id": OTHERS, "region": "us-east-1"}))
    for each in (own, other):
        assert rollback._digest(each, {"imageTag": "v1"}) == "sha256:0"
        each.client("ecs")
    assert session.clients == [("ecr", "eu-west-1"), ("ecs", "eu-west-1"), ("ecr", "us-east-1"), ("ecs", "eu-west-1")]
    asked = {"repositoryName": "go-api", "imageIds": [{"imageTag": "v1"}]}
    assert session.asked == [asked, {**asked, "registryId": OTHERS}]
    assert (registry_of(own.settings), registry_of(other.settings)) == ({}, {"registryId": OTHERS})


def test_a_tag_is_given_back_where_the_image_is(environment: Callable[..., Settings]) -> None:
    """The printed command names the account and the region."""
    settings = environment(image={"registry_id": OTHERS, "region": "us-east-1"})
    command = rollback._retag_command(Environment(settings), "v1", "sha256:0")
    place = f"--region us-east-1 --registry-id {OTHERS} --repository-name go-api"
    assert command.startswith(f"aws ecr put-image {place} --image-tag v1 ")
    assert f"aws ecr batch-get-image {place} " in command


def test_a_printed_command_has_the_profile(environment: Callable[..., Settings]) -> None:
    """Else a person's other credentials would be used."""
    service = Service(Environment(environment(provider={"profile": "team a"})), name="go-api")
    command = one_off_task.stop_command(service, "arn")
    assert command == "aws ecs stop-task --region eu-west-1 --profile 'team a' --cluster go-api-dev --task arn"


def test_one_session_is_made_of_the_providers_settings(
    environment: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And shared by all clients, so that a role is assumed once."""
    made: list[Any] = []

    def make(*asked: Any, **named: Any) -> Session:
        made.append((asked, named))
        return Session()

    monkeypatch.setattr(credentials, "session", make)
    settings = environment(provider={"profile": "ci"})
    resolved = Environment(settings)
    for service in ("ecs", "iam", "sts"):
        resolved.client(service)
    assert made == [((settings.provider,), {"name": "go-api-dev", "region": "eu-west-1"})]


def test_a_profile_that_is_not_there_is_told_in_one_line(environment: Callable[..., Settings]) -> None:
    """With the account that it was to open."""
    resolved = Environment(environment(provider={"profile": "nowhere-to-be-found"}))
    with pytest.raises(OperateError, match=rf"No way into AWS account {ACCOUNT} of 'dev': .*nowhere-to-be-found"):
        resolved.check_caller()


def test_a_role_that_nobody_can_assume_is_told_in_one_line(
    environment: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In boto3's words, as without a role."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    settings = environment(provider={"assume_role_arn": f"arn:aws:iam::{ACCOUNT}:role/deployer"})
    with pytest.raises(
        OperateError, match=rf"^No way into AWS account {ACCOUNT} of 'dev': Unable to locate cred[^\n]+$"
    ):
        Environment(settings).check_caller()


def test_an_image_that_may_not_be_looked_up_is_not_called_missing(tmp_path: Path) -> None:
    """Another account's repository lets pull, and not describe, unless its policy says so."""
    said = (
        "Error: reading ECR Images: operation error ECR: DescribeImages, StatusCode: 400, AccessDeniedException: User: "
        "arn:aws:iam::111111111111:user/a is not authorized to perform: ecr:DescribeImages on resource: "
        f'arn:aws:ecr:eu-west-1:{OTHERS}:repository/go-api\n\n  with data.aws_ecr_image.pushed_image["go-api:v1"],'
    )
    backend = S3Backend(bucket="states", key="own.tfstate", region="eu-west-1")
    explained = terraform_errors.explained(
        StepFailedError("terraform plan", returncode=1, output=said),
        folder=tmp_path,
        own=backend,
        image=Image(repository="go-api", registry_id=OTHERS),
    )
    assert explained.endswith(
        "\n\nThe image go-api:v1 may not be looked up, which takes ecr:DescribeImages. "
        f"The repository's policy in account {OTHERS} has to allow it too."
    )
