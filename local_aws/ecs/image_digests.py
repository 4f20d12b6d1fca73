"""Which image a deployment's tasks run: what its tag meant when the first of them started.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html (container image resolution)
"""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import ecr

from local_aws.ecs import records

if TYPE_CHECKING:
    from local_aws.ministack_types import Record


def pinned(task: Record, definition: Record) -> dict[str, str] | None:
    """By the containers' names; None for a task of no deployment, which runs what its tags mean now."""
    service = records.service_of(task)
    deployments = service["deployments"] if service else []
    deployment: Record | None = next((one for one in deployments if one["id"] == task.get("_deployment_id")), None)
    if deployment is None:
        return None
    digests: dict[str, str] = deployment.setdefault("_image_digests", {})
    for container in definition["containerDefinitions"]:
        digest = _digest(container["image"])
        if digest and container.get("versionConsistency") != "disabled":
            digests.setdefault(container["name"], digest)
    return digests


def _digest(image: str) -> str | None:
    """None where the image is not in the embedded ECR: the pull then says so."""
    registry, _, name = image.partition("/")
    repository, _, tag = name.partition(":")
    if ".dkr.ecr." not in registry or "@" in name:
        return None
    found = ecr._find_image(repository, {"imageTag": tag or "latest"})
    return str(found["imageDigest"]) if found else None
