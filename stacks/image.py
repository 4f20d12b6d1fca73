"""Which image runs: the Terraform variable whose tag says so, and the digest that the tag names at plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf import TerraformVariable, TerraformVariableValidationConfig
from cdktf_cdktf_provider_aws.data_aws_ecr_image import DataAwsEcrImage
from cdktf_cdktf_provider_aws.data_aws_ecr_repository import DataAwsEcrRepository

from stacks.settings import IMAGE_TAG

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.settings import Image

_COMMIT_SHA = "^[0-9a-f]{7,40}$"


@dataclass(frozen=True)
class PushedImage:
    """``uri`` ends with the digest, ``sha256:…``, so that what was planned is what runs, wherever the tag moves to."""

    uri: str
    tag: str
    digest: str
    repository_arn: str


def pushed_image(scope: Construct, *, image: Image, environment: str) -> PushedImage:
    """Looks the variable's tag up in the repository."""
    repository = DataAwsEcrRepository(scope, "repository", name=image.repository)
    variable = ImageTag(scope, "image_tag_variable", image=image, environment=environment)
    variable.override_logical_id("image_tag")  # an output of this name has the id
    tag = variable.string_value
    # Fails the plan for a tag that the repository does not have; the key puts both into the provider's message.
    pushed = DataAwsEcrImage(scope, "pushed_image", repository_name=repository.name, image_tag=tag)
    pushed.add_override("for_each", f'${{toset(["{image.repository}:${{var.image_tag}}"])}}')
    digest = f"${{one(values({pushed.fqn})).image_digest}}"  # no quotes: it stands in the JSON of the containers
    return PushedImage(
        uri=f"{repository.repository_url}@{digest}", tag=tag, digest=digest, repository_arn=repository.arn
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
                _rule(_COMMIT_SHA, f"{environment} takes only commit SHAs, 7 to 40 of 0-9 and a-f, such as 3f9c2e1")
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
