"""The AWS provider: one account, one region, and the tags on everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags, AwsProviderIgnoreTags

from stacks.settings import RELEASE_VERDICT_TAG

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from stacks.settings import Environment

MINIMUM_TERRAFORM: Final = ">= 1.10"  # the first with a lock file in S3


def configure_provider(stack: TerraformStack, environment: Environment) -> None:
    stack.add_override("terraform.required_version", MINIMUM_TERRAFORM)
    AwsProvider(
        stack,
        "aws",
        region=environment.region,
        allowed_account_ids=[environment.account_id],
        default_tags=[AwsProviderDefaultTags(tags={**environment.tags, **environment.own_tags})],
        ignore_tags=[AwsProviderIgnoreTags(keys=[RELEASE_VERDICT_TAG])],
    )
