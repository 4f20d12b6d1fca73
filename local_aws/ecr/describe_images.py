"""DescribeImages: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html"""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json, get_account_id
from ministack.services import ecr

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.ministack_types import Answer

    Request = dict[str, Any]


def describe(original: Callable[[Request], Answer], request: Request) -> Answer:
    """MiniStack answers with no image where AWS says which one is absent."""
    repository = request.get("repositoryName", "")
    for image in request.get("imageIds") or []:
        if repository in ecr._repositories and not ecr._find_image(repository, image):
            digest, tag = (image.get(key, "null") for key in ("imageDigest", "imageTag"))
            message = (
                f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the "
                f"repository with name '{repository}' in the registry with id '{get_account_id()}'"
            )
            return error_response_json("ImageNotFoundException", message)
    return original(request)
