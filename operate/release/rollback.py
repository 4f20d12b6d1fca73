"""Which release a rollback goes to, and whether ECR still has its image under its tag."""

from __future__ import annotations

import itertools
import shlex
from typing import TYPE_CHECKING

from operate.errors import OperateError
from operate.image_tags import ImageTag, registry_of
from operate.release import releases
from operate.release.releases import Verdict

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef
    from mypy_boto3_ecs.type_defs import ServiceTypeDef

    from operate.environment import Environment
    from operate.release.releases import Release
    from operate.service import Service

_LOOKED_AT = 100


def target(service: Service, *, to: int | None) -> Release:
    """Revision `to`; else the one that ECS went back to when the newest failed, or the last with another image."""
    environment, found = service.environment.settings.name, service.find()
    if found is None:
        raise OperateError(f"Nothing is deployed in {environment!r} that could be rolled back.")
    if to is not None:
        return releases.of_revision(service, found, service.active_revision(to))
    chosen = _last_that_served(service, found)
    if chosen is None:
        raise OperateError(
            f"{service.name} has no release before this one that served: `make releases ENV={environment}` lists what "
            "there is, and --to (make: TO=) chooses one of it."
        )
    return chosen


def _last_that_served(service: Service, found: ServiceTypeDef) -> Release | None:
    left = {service.image()}
    for position, one in enumerate(itertools.islice(releases.read(service), _LOOKED_AT)):
        went_back_to = one.arn == found["taskDefinition"] and position > 0
        if one.verdict is Verdict.ROLLED_BACK:
            left.add(one.image)  # the same image served under an earlier revision
        elif went_back_to or (one.verdict is Verdict.SERVED and one.image not in left):
            return one
    return None


def image_tag(environment: Environment, release: Release) -> ImageTag:
    """The stack deploys what a tag names: raises OperateError where ECR has another image under it by now, or none."""
    image, repository = release.image, environment.settings.image.repository
    if image.tag is None:
        raise OperateError(
            f"{release.revision} runs {image}, which has no tag: deploy a tag that names it, IMAGE_TAG=…"
        )
    named = _digest(environment, {"imageTag": image.tag})
    if named is None or image.digest not in (None, named):
        if image.digest is None or _digest(environment, {"imageDigest": image.digest}) is None:
            raise OperateError(
                f"{release.revision} runs {image}, which is gone from the repository {repository} in ECR."
            )
        now = f"now names {named}" if named else "is gone"
        raise OperateError(
            f"{release.revision} runs {image.digest}, and its tag {image.tag} {now}. Give the image its tag back, and "
            f"roll back again: {_retag_command(environment, image.tag, image.digest)}"
        )
    return ImageTag(image.tag, "as released before")


def _digest(environment: Environment, image: ImageIdentifierTypeDef) -> str | None:
    """None where the repository has no such image."""
    ecr, settings = environment.client("ecr"), environment.settings
    try:
        answer = ecr.describe_images(
            repositoryName=settings.image.repository, imageIds=[image], **registry_of(settings)
        )
    except ecr.exceptions.ImageNotFoundException:
        return None
    return answer["imageDetails"][0]["imageDigest"]


def _retag_command(environment: Environment, tag: str, digest: str) -> str:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-retag.html."""
    settings = environment.settings
    of_account = ["--registry-id", settings.image.registry_id] if settings.image.registry_id else []
    options = environment.cli_options(region=settings.image_region)
    place = [*options, *of_account, "--repository-name", settings.image.repository]
    read = ["aws", "ecr", "batch-get-image", *place, "--image-ids", f"imageDigest={digest}"]
    put = ["aws", "ecr", "put-image", *place, "--image-tag", tag, "--image-digest", digest]
    query = "--query 'images[0].imageManifest' --output text"
    return f'{shlex.join(put)} --image-manifest "$({shlex.join(read)} {query})"'
