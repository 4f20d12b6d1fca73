"""What a task definition and ECR call an image, and which tag a plan or deployment is for: what is deployed stays."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypedDict

from operate.errors import OperateError
from stacks.settings import IMAGE_TAG_LABEL

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ContainerDefinitionOutputTypeDef

    from stacks.settings import Environment as Settings

_REFERENCE = re.compile(
    r"(?:(?P<host>[^/]*[.:][^/]*|localhost)/)?(?P<name>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?"
)


@dataclass(frozen=True)
class ImageReference:
    """`host/name:tag@digest`; without tag and digest it means `latest`."""

    host: str
    name: str
    tag: str | None
    digest: str | None

    @classmethod
    def of(cls, text: str) -> ImageReference:
        found = _REFERENCE.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is not an image reference")
        default_tag = None if found["digest"] else "latest"
        return cls(found["host"] or "", found["name"], found["tag"] or default_tag, found["digest"])

    @classmethod
    def of_container(cls, container: ContainerDefinitionOutputTypeDef) -> ImageReference:
        """The tag of a digest is in a docker label; an earlier version's revision has it in the image."""
        found = cls.of(container["image"])
        return found if found.tag else replace(found, tag=container.get("dockerLabels", {}).get(IMAGE_TAG_LABEL))

    def __str__(self) -> str:
        host, tag = f"{self.host}/" if self.host else "", f":{self.tag}" if self.tag else ""
        return f"{host}{self.name}{tag}" + (f"@{self.digest}" if self.digest else "")


@dataclass(frozen=True)
class ImageTag:
    name: str
    origin: Literal["as asked", "as deployed", "as released before", "the environment's default"]


class Registry(TypedDict, total=False):
    """What ECR's operations take beside a repository's name, where the registry is another account's."""

    registryId: str


def registry_of(settings: Settings) -> Registry:
    return Registry(registryId=settings.image.registry_id) if settings.image.registry_id else Registry()


def choose(asked: str | None, *, deployed_image: ImageReference | None, settings: Settings) -> ImageTag:
    """`deployed_image` is what runs now, None where nothing is deployed."""
    if asked is not None:
        return ImageTag(asked, "as asked")
    if deployed_image is not None:
        if deployed_image.tag is None:
            raise OperateError(
                f"{settings.name_prefix} runs {deployed_image}, which has no tag: name the one to deploy, IMAGE_TAG=…"
            )
        return ImageTag(deployed_image.tag, "as deployed")
    if settings.image.default_tag is None:
        raise OperateError(
            f"A first deployment has to name its image tag, since environments/{settings.name}.toml has no "
            "image.default_tag: IMAGE_TAG=…"
        )
    return ImageTag(settings.image.default_tag, "the environment's default")
