"""The client of the container engine that runs the tasks, and what that engine says of itself.

It is asked once: podman looks for the packages of its programs each time, a third of a second.
"""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import TYPE_CHECKING

import docker
from docker.constants import MINIMUM_DOCKER_API_VERSION
from docker.errors import DockerException
from docker.utils import kwargs_from_env
from ministack.services import ecs

if TYPE_CHECKING:
    from local_aws.ministack_types import Record

_connected: tuple[docker.DockerClient, Record] | None = None


def get(_original: object) -> docker.DockerClient | None:
    """Stands for `ecs._get_docker` and `app._reaper_docker_client`: None where no engine answers."""
    try:
        return _connection()[0]
    except (DockerException, OSError):
        return None


def architecture() -> str:
    """As Go calls it: `amd64`, `arm64`."""
    return str(_connection()[1]["Arch"])


def is_podman() -> bool:
    components = _connection()[1].get("Components") or []
    return any(component["Name"].startswith("Podman") for component in components)


def _connection() -> tuple[docker.DockerClient, Record]:
    """The client, and https://docs.docker.com/reference/api/engine/version/v1.41/#tag/System/operation/SystemVersion."""
    global _connected  # noqa: PLW0603 - a process has one engine
    if _connected is None:
        named, seconds = kwargs_from_env(), ecs._DOCKER_TIMEOUT
        asking = docker.APIClient(**named, version=MINIMUM_DOCKER_API_VERSION, timeout=seconds)
        version: Record = asking.version(api_version=False)
        asking.close()
        _connected = docker.DockerClient(**named, version=version["ApiVersion"], timeout=seconds), version
    return _connected
