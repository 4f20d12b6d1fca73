"""A region that Terraform's S3 backend or the pinned provider does not know works in both, as the settings take it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import TerraformOutput, TerraformStack, Testing
from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity

from operate.terraform_cli.terraform import Terraform
from stacks.provider import configure_provider
from stacks.settings import RECENT_REGIONS, NetworkingState, S3Backend
from stacks.state import keep_state, read_state
from tests.plan.terraform_folder import write_stack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from local_aws.instance import LocalAws
    from stacks.settings import Environment


def in_s3(region: str, key: str) -> S3Backend:
    return S3Backend(type="s3", bucket=f"states-{region}", key=key, region=region, use_path_style=True)


def furnish(local_aws: LocalAws, region: str) -> None:
    """A copy of a module's state, in a bucket of the region."""
    with closing(local_aws.client("s3")) as own, closing(local_aws.client("s3", region=region)) as s3:
        state = own.get_object(Bucket="terraform-state", Key="networking.tfstate")["Body"].read()
        place: Any = {"LocationConstraint": region}
        s3.create_bucket(Bucket=f"states-{region}", CreateBucketConfiguration=place)
        s3.put_object(Bucket=f"states-{region}", Key="networking.tfstate", Body=state)


@pytest.mark.parametrize("region", sorted(RECENT_REGIONS))
def test_a_recent_region(
    stand_in_aws: LocalAws, environment: Callable[..., Environment], tmp_path: Path, region: str
) -> None:
    """Of the stack's state, of another module's, and of the provider."""
    furnish(stand_in_aws, region)
    stack = TerraformStack(Testing.app(), "recent")
    keep_state(stack, in_s3(region, f"{region}.tfstate"))
    configure_provider(stack, environment(account_id="000000000000", region=region))
    state = read_state(stack, "networking", NetworkingState(backend=in_s3(region, "networking.tfstate")))
    TerraformOutput(stack, "vpc_id", value=state.get("vpc_id"))
    TerraformOutput(stack, "account", value=DataAwsCallerIdentity(stack, "caller").account_id)
    terraform = Terraform(write_stack(tmp_path / "recent", stack), stand_in_aws.environment_variables())
    terraform.init()
    terraform.apply()
    assert terraform.output()["account"] == "000000000000"
    assert terraform.output()["vpc_id"].startswith("vpc-")
