"""Which image tag a plan or a deployment is for, where nobody names one: what is deployed stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from operate.errors import OperateError
from operate.image_reference import ImageReference

if TYPE_CHECKING:
    from stacks.settings import Environment


@dataclass(frozen=True)
class ImageTag:
    name: str
    origin: Literal["as asked", "as deployed", "the environment's default"]

    def __str__(self) -> str:
        return f"image tag {self.name}, {self.origin}"


def choose(asked: str | None, *, deployed_image: str | None, settings: Environment) -> ImageTag:
    """`deployed_image` is what runs now, None where nothing is deployed."""
    if asked is not None:
        return ImageTag(asked, "as asked")
    if deployed_image is not None:
        return ImageTag(_tag_that_stays(deployed_image, settings), "as deployed")
    if settings.image.default_tag is None:
        raise OperateError(
            f"A first deployment has to name its image tag, since environments/{settings.name}.toml has no "
            "image.default_tag: IMAGE_TAG=…"
        )
    return ImageTag(settings.image.default_tag, "the environment's default")


def _tag_that_stays(image: str, settings: Environment) -> str:
    tag = ImageReference.of(image).tag
    if tag is None:
        raise OperateError(
            f"{settings.name_prefix} runs {image}, which has no tag: name the one to deploy, IMAGE_TAG=…"
        )
    return tag
