"""The AWS provider: one account, one region, and the tags on everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.provider import (
    AwsProvider,
    AwsProviderAssumeRole,
    AwsProviderDefaultTags,
    AwsProviderIgnoreTags,
)

from stacks.settings import RECENT_REGIONS, RELEASE_VERDICT_TAG
from stacks.versions import AWS_PROVIDER, AWS_PROVIDER_VERSION, MINIMUM_TERRAFORM

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from stacks.settings import Environment


def configure_provider(stack: TerraformStack, environment: Environment) -> None:
    minimum = ".".join(map(str, MINIMUM_TERRAFORM))
    stack.add_override("terraform.required_version", f">= {minimum}")
    _provider(stack, "aws", environment, region=environment.region)
    # The bindings would name the version that they were made of, each framework's in its own spelling.
    stack.add_override("terraform.required_providers.aws", {"source": AWS_PROVIDER, "version": AWS_PROVIDER_VERSION})


def image_provider(stack: TerraformStack, environment: Environment) -> AwsProvider | None:
    """For the region that the image's repository is in; None where that is everything else's."""
    if environment.image_region == environment.region:
        return None
    return _provider(stack, "image_region", environment, region=environment.image_region, alias="image_region")


def _provider(
    stack: TerraformStack, id_: str, environment: Environment, *, region: str, alias: str | None = None
) -> AwsProvider:
    return AwsProvider(
        stack,
        id_,
        alias=alias,
        region=region,
        skip_region_validation=True if region in RECENT_REGIONS else None,
        profile=environment.provider.profile,
        assume_role=_assume_role(environment),
        allowed_account_ids=[environment.account_id],
        default_tags=[AwsProviderDefaultTags(tags={**environment.tags, **environment.own_tags})],
        ignore_tags=[AwsProviderIgnoreTags(keys=[RELEASE_VERDICT_TAG])],
    )


def _assume_role(environment: Environment) -> list[AwsProviderAssumeRole] | None:
    said = environment.provider
    if said.assume_role_arn is None:
        return None
    return [
        AwsProviderAssumeRole(
            role_arn=said.assume_role_arn, external_id=said.external_id, session_name=said.session_name
        )
    ]
