"""The AWS provider: one account, one region, and the tags on everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags, AwsProviderIgnoreTags

from stacks.settings import RELEASE_VERDICT_TAG
from stacks.versions import AWS_PROVIDER, AWS_PROVIDER_VERSION, MINIMUM_TERRAFORM

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from stacks.settings import Environment


def configure_provider(stack: TerraformStack, environment: Environment) -> None:
    minimum = ".".join(map(str, MINIMUM_TERRAFORM))
    stack.add_override("terraform.required_version", f">= {minimum}")
    AwsProvider(
        stack,
        "aws",
        region=environment.region,
        allowed_account_ids=[environment.account_id],
        default_tags=[AwsProviderDefaultTags(tags={**environment.tags, **environment.own_tags})],
        ignore_tags=[AwsProviderIgnoreTags(keys=[RELEASE_VERDICT_TAG])],
    )
    # The bindings would name the version that they were made of, each framework's in its own spelling.
    stack.add_override("terraform.required_providers.aws", {"source": AWS_PROVIDER, "version": AWS_PROVIDER_VERSION})
