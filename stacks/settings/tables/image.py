"""[image]: the ECR repository, and which of its tags run."""

from __future__ import annotations

import re
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator, ValidationInfo, field_validator

from stacks.settings.aws_values import IMAGE_TAG, AccountId, Region
from stacks.settings.base import Settings, matching, refusal

IMAGE_TAG_LABEL: Final = "org.opencontainers.image.ref.name"
"""The docker label that says which tag the container's image had, whose digest is what runs."""

COMMIT_SHA: Final = "[0-9a-f]{7,40}"

_ECR_ADDRESS = re.compile(
    r"(?:https?://)?(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)[^/]*"
    r"(?:/(?P<name>[^:@]*)(?::(?P<tag>[^@]*))?(?:@.*)?)?"
)
_NAME_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"


def without_registry(repository: str) -> str:
    """What is in an address of ECR's has keys of its own; ECR would take the host for a part of the name."""
    if found := _ECR_ADDRESS.fullmatch(repository):
        tag = f"; the tag is for image.default_tag, {found['tag']}" if found["tag"] else ""
        raise refusal(
            f"must be the repository's name alone, such as {found['name'] or 'go-api'}, without the registry's host,"
            f" for which there are image.registry_id, {found['account']}, and image.region, {found['region']}{tag}"
        )
    return repository


class EcrRepository(NamedTuple):
    account_id: str
    region: str
    name: str


def ecr_repository(image: str) -> EcrRepository | None:
    """Of a container's image; None where it is in another registry."""
    found = _ECR_ADDRESS.fullmatch(image)
    return EcrRepository(found["account"], found["region"], found["name"]) if found and found["name"] else None


class Image(Settings):
    repository: Annotated[
        str,
        AfterValidator(without_registry),
        matching(
            rf"(?=.{{2,256}}\Z){_NAME_PART}(?:/{_NAME_PART})*",
            "must be the name of an ECR repository, without registry and tag: 2 to 256 lower-case letters and"
            " digits, with . _ - or / between them",
        ),
    ]
    """The ECR repository's name."""
    registry_id: AccountId | None = None
    """The AWS account whose registry the repository is in, where that is another one; its policy has to let this
    account pull, and whoever plans look up images (`ecr:DescribeImages`, `ecr:DescribeRepositories`)."""
    region: Region | None = None
    """The region that the repository is in, where that is another one."""
    require_commit_sha_tag: bool = False
    """Whether only the SHA of a commit may be deployed, 7 to 40 of 0-9 and a-f."""
    default_tag: (
        Annotated[
            str,
            matching(
                IMAGE_TAG,
                "must be a tag: 1 to 128 letters, digits, . _ and -, beginning with a letter, a digit or _",
            ),
        ]
        | None
    ) = None
    """The tag that plain `terraform` and `cdktf` take, and a first deployment that names none."""

    @field_validator("default_tag")
    @classmethod
    def default_tag_is_commit_sha(cls, tag: str | None, info: ValidationInfo) -> str | None:
        must_be_commit_sha: bool | None = cls.earlier(info, "require_commit_sha_tag")
        if tag and must_be_commit_sha and not re.fullmatch(COMMIT_SHA, tag):
            raise refusal(
                "must be a commit SHA, 7 to 40 of 0-9 and a-f, or left out, since image.require_commit_sha_tag = true"
            )
        return tag
