"""Which image runs: the Terraform variable whose tag says so, and the digest that the tag names at plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf import TerraformVariable, TerraformVariableValidationConfig
from cdktf_cdktf_provider_aws.data_aws_ecr_image import DataAwsEcrImage
from cdktf_cdktf_provider_aws.data_aws_ecr_repository import DataAwsEcrRepository
from cdktf_cdktf_provider_aws.data_aws_partition import DataAwsPartition

from stacks.provider import image_provider
from stacks.settings import COMMIT_SHA, IMAGE_TAG

if TYPE_CHECKING:
    from cdktf import TerraformStack
    from constructs import Construct

    from stacks.settings import Environment, Image


@dataclass(frozen=True)
class PushedImage:
    """``uri`` ends with the digest, ``sha256:…``, so that what was planned is what runs, wherever the tag moves to."""

    uri: str
    tag: str
    digest: str
    repository_arn: str


def pushed_image(scope: TerraformStack, environment: Environment) -> PushedImage:
    """Looks the variable's tag up in the repository."""
    image = environment.image
    url, arn, name = _repository(scope, environment)
    variable = ImageTag(scope, "image_tag_variable", image=image, environment=environment.name)
    variable.override_logical_id("image_tag")  # an output of this name has the id
    tag = variable.string_value
    # Fails the plan for a tag that the repository does not have; the key puts both into the provider's message.
    pushed = DataAwsEcrImage(
        scope,
        "pushed_image",
        registry_id=image.registry_id,
        repository_name=name,
        image_tag=tag,
        provider=image_provider(scope, environment),
    )
    pushed.add_override("for_each", f'${{toset(["{image.repository}:${{var.image_tag}}"])}}')
    digest = f"${{one(values({pushed.fqn})).image_digest}}"  # no quotes: it stands in the JSON of the containers
    return PushedImage(uri=f"{url}@{digest}", tag=tag, digest=digest, repository_arn=arn)


def _repository(scope: Construct, environment: Environment) -> tuple[str, str, str]:
    """URL, ARN and name. Another account's or another region's are put together, which saves a look-up there."""
    image = environment.image
    account, region = environment.image_registry_id, environment.image_region
    if (account, region) == (environment.account_id, environment.region):
        found = DataAwsEcrRepository(scope, "repository", name=image.repository)
        return found.repository_url, found.arn, found.name
    partition = DataAwsPartition(scope, "repository_partition")
    return (
        f"{account}.dkr.ecr.{region}.{partition.dns_suffix}/{image.repository}",
        f"arn:{partition.partition}:ecr:{region}:{account}:repository/{image.repository}",
        image.repository,
    )


class ImageTag(TerraformVariable):
    """``image_tag``, which a release sets (``-var image_tag=3f9c2e1``) and the environment may give a default.

    Where the environment requires commit SHAs, a name that moves, such as ``latest``, is refused: nobody could tell
    from it which commit runs, or name the one before.
    """

    def __init__(self, scope: Construct, id_: str, *, image: Image, environment: str) -> None:
        rules = [
            _rule(
                f"^{IMAGE_TAG}$", "a tag has 1 to 128 letters, digits, '.', '_' and '-', and begins with none of '.-'"
            )
        ]
        if image.require_commit_sha_tag:
            rules.append(
                _rule(
                    f"^{COMMIT_SHA}$", f"{environment} takes only commit SHAs, 7 to 40 of 0-9 and a-f, such as 3f9c2e1"
                )
            )
        super().__init__(
            scope,
            id_,
            type="string",
            description=f"Tag of the image in the ECR repository {image.repository}",
            default=image.default_tag,
            nullable=False,
            validation=rules,
        )


def _rule(pattern: str, remedy: str) -> TerraformVariableValidationConfig:
    return TerraformVariableValidationConfig(
        condition=f'${{can(regex("{pattern}", var.image_tag))}}',
        error_message=f'image_tag is "${{var.image_tag}}": {remedy}.',
    )
