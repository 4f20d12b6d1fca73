"""What a report is about: which image ran, where, of which commit, and with which tools."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from docker.errors import DockerException

from local_aws import container_engine
from operate import paths, progress
from operate.errors import OperateError
from operate.image_tags import ImageReference
from operate.terraform_cli import terraform
from stacks.versions import AWS_PROVIDER

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
    settings = tested.environment.settings
    return Provenance(
        environment=settings.name,
        account_id=settings.account_id,
        region=settings.region,
        image=_known(lambda: str(_image(tested))),
        image_tag=_known(lambda: _image(tested).tag),
        image_digest=_known(lambda: _digest(tested, _image(tested))),
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


def _image(tested: ServiceUnderTest) -> ImageReference:
    return ImageReference.of_container(tested.container)


def _digest(tested: ServiceUnderTest, image: ImageReference) -> str | None:
    """What ECS says that its tasks run, for a tag may now name another image. Several where tasks differ."""
    container = tested.container["name"]
    deployed = [task for task in tested.service.tasks() if task["taskDefinitionArn"] == tested.found["taskDefinition"]]
    digests = {
        one["imageDigest"]
        for task in deployed
        for one in task["containers"]
        if one["name"] == container and one.get("imageDigest")
    }
    return ", ".join(sorted(digests)) or image.digest or _digest_in_ecr(tested, image)


def _digest_in_ecr(tested: ServiceUnderTest, image: ImageReference) -> str | None:
    environment, host = tested.environment, _ECR_HOST.match(image.host)
    if host is None or host["region"] != environment.settings.region or image.tag is None:
        return None
    (found,) = environment.client("ecr").describe_images(
        registryId=host["account"], repositoryName=image.name, imageIds=[{"imageTag": image.tag}]
    )["imageDetails"]
    return str(found["imageDigest"])


def _git(*arguments: str) -> str:
    command = progress.Command(["git", "--no-optional-locks", *arguments], paths.REPOSITORY, os.environ)
    return progress.read(command).strip()


def _versions(tested: ServiceUnderTest) -> dict[str, str]:
    """What the embedded AWS has instead of Fargate is named only there."""
    stack, local_aws = tested.environment.stack, tested.environment.local_aws
    versions = {
        terraform.program().product: _known(lambda: stack.terraform.versions()["terraform_version"]),
        "AWS provider": _known(lambda: _provider(stack.terraform.versions())),
        "cdktf": _known(lambda: _cdktf((stack.folder / "cdk.tf.json").read_text(encoding="utf-8"))),
    }
    if local_aws is None:
        return versions | {"container engine": _known(lambda: _fargate(tested))}
    return versions | {
        "MiniStack": _known(lambda: _ministack(local_aws)),
        "container engine": _known(lambda: _engine(local_aws)),
    }


def _provider(versions: dict[str, Any]) -> str:
    """By whichever registry's name Terraform or OpenTofu knows it."""
    (version,) = (one for name, one in versions["provider_selections"].items() if name.endswith(f"/{AWS_PROVIDER}"))
    return str(version)


def _cdktf(synthesized: str) -> str:
    return str(json.loads(synthesized)["//"]["metadata"]["version"])


def _ministack(local_aws: LocalAws) -> str:
    answer = httpx.get(f"{local_aws.endpoint}/_ministack/health", trust_env=False, timeout=_TIMEOUT_SECONDS)
    return str(answer.raise_for_status().json()["version"])


def _engine(local_aws: LocalAws) -> str:
    engine = container_engine.running(local_aws)
    if engine is None:
        return "none"
    with engine.client(timeout_seconds=_TIMEOUT_SECONDS) as client:
        return f"{engine.kind} {client.version()['Version']}"


def _fargate(tested: ServiceUnderTest) -> str | None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html"""
    versions = sorted({task["platformVersion"] for task in tested.service.tasks()})
    return f"Fargate {', '.join(versions)}" if versions else None
