"""What a report is about: which image ran, where, of which commit, and with which tools."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from docker.errors import DockerException

from local_aws import container_engine
from operate import progress
from operate.errors import OperateError
from operate.image_reference import ImageReference
from operate.provider_mirror import PROVIDER
from operate.terraform import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.instance import LocalAws
    from operate.acceptance.service_under_test import ServiceUnderTest

UNKNOWN = "unknown"

_UNREADABLE = (
    *(OperateError, LookupError, ValueError, OSError),
    *(BotoCoreError, ClientError, httpx.HTTPError, DockerException),
)
_ECR_HOST = re.compile(r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.")
_TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Provenance:
    """As read when the run began; UNKNOWN where it can't be known. `versions` are the tools', by name."""

    environment: str
    account_id: str
    region: str
    image: str = UNKNOWN
    image_tag: str = UNKNOWN
    image_digest: str = UNKNOWN
    git_commit: str = UNKNOWN
    uncommitted_changes: bool = False
    versions: dict[str, str] = field(default_factory=dict)


def read(tested: ServiceUnderTest) -> Provenance:
    """What can't be read does not keep the run from being made."""
    settings = tested.service.aws.settings
    image = _known(lambda: _image(tested))
    return Provenance(
        environment=settings.name,
        account_id=settings.account_id,
        region=settings.region,
        image=image,
        image_tag=_known(lambda: ImageReference.of(image).tag),
        image_digest=_known(lambda: _digest(tested, ImageReference.of(image))),
        git_commit=_known(lambda: _git("rev-parse", "HEAD")),
        uncommitted_changes=_known(lambda: _git("status", "--porcelain", "--", ".")) != UNKNOWN,
        versions=_versions(tested),
    )


def _known(reading: Callable[[], str | None]) -> str:
    """UNKNOWN also for nothing."""
    try:
        return reading() or UNKNOWN
    except _UNREADABLE:
        return UNKNOWN


def _image(tested: ServiceUnderTest) -> str:
    return str(tested.definition["containerDefinitions"][0]["image"])


def _digest(tested: ServiceUnderTest, image: ImageReference) -> str | None:
    """What ECS says that its tasks run, for a tag may name another image by now. Several where tasks differ."""
    container = tested.definition["containerDefinitions"][0]["name"]
    deployed = [task for task in tested.service.tasks() if task["taskDefinitionArn"] == tested.found["taskDefinition"]]
    digests = {
        one["imageDigest"]
        for task in deployed
        for one in task["containers"]
        if one["name"] == container and one.get("imageDigest")
    }
    return ", ".join(sorted(digests)) or image.digest or _digest_in_ecr(tested, image)


def _digest_in_ecr(tested: ServiceUnderTest, image: ImageReference) -> str | None:
    aws, host = tested.service.aws, _ECR_HOST.match(image.host)
    if host is None or host["region"] != aws.settings.region:
        return None
    (found,) = aws.client("ecr").describe_images(
        registryId=host["account"], repositoryName=image.name, imageIds=[{"imageTag": image.tag}]
    )["imageDetails"]
    return str(found["imageDigest"])


def _git(*arguments: str) -> str:
    command = progress.Command(["git", "--no-optional-locks", *arguments], REPOSITORY, os.environ)
    return progress.read(command).strip()


def _versions(tested: ServiceUnderTest) -> dict[str, str]:
    """What the embedded AWS has instead of Fargate is named only there."""
    stack, cloud = tested.stack, tested.service.aws.local_aws
    versions = {
        "Terraform": _known(lambda: stack.terraform.versions()["terraform_version"]),
        "AWS provider": _known(lambda: stack.terraform.versions()["provider_selections"][PROVIDER]),
        "cdktf": _known(lambda: _cdktf((stack.folder / "cdk.tf.json").read_text(encoding="utf-8"))),
    }
    if cloud is None:
        return versions | {"container engine": _known(lambda: _fargate(tested))}
    return versions | {
        "MiniStack": _known(lambda: _ministack(cloud)),
        "container engine": _known(lambda: _engine(cloud)),
    }


def _cdktf(synthesized: str) -> str:
    return str(json.loads(synthesized)["//"]["metadata"]["version"])


def _ministack(cloud: LocalAws) -> str:
    answer = httpx.get(f"{cloud.endpoint}/_ministack/health", trust_env=False, timeout=_TIMEOUT_SECONDS)
    return str(answer.raise_for_status().json()["version"])


def _engine(cloud: LocalAws) -> str:
    engine = container_engine.running(cloud)
    if engine is None:
        return "none"
    with engine.client(timeout_seconds=_TIMEOUT_SECONDS) as client:
        return f"{engine.kind} {client.version()['Version']}"


def _fargate(tested: ServiceUnderTest) -> str | None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html"""
    versions = sorted({task["platformVersion"] for task in tested.service.tasks()})
    return f"Fargate {', '.join(versions)}" if versions else None
