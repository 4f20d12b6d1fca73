"""A Docker API for the embedded ECS: Docker where there is one, else podman, started and stopped by us."""

import contextlib
import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import docker
from docker.errors import APIError, DockerException

from operate.errors import OperateError
from operate.local_cloud.podman import Podman

_DOCKER_SOCKET = "unix:///var/run/docker.sock"
_PING_TIMEOUT_SECONDS = 3


class Steps(Protocol):
    """What shows a person how far a command is."""

    def step(self, label: str) -> AbstractContextManager[object]: ...


@dataclass(frozen=True)
class Engine:
    """A container engine that answers; `docker_host` is what DOCKER_HOST has to be for its users."""

    kind: Literal["docker", "podman"]
    docker_host: str

    @contextlib.contextmanager
    def client(self, *, timeout_seconds: float = 120) -> Iterator[docker.DockerClient]:
        client = docker.DockerClient(base_url=self.docker_host, timeout=timeout_seconds)
        try:
            yield client
        finally:
            client.close()

    def answers(self) -> bool:
        try:
            with self.client(timeout_seconds=_PING_TIMEOUT_SECONDS) as client:
                return bool(client.ping())
        except (DockerException, OSError):
            return False


def start(progress: Steps, *, local_folder: Path, gateway_port: int) -> Engine | None:
    """None where tasks can only be bookkeeping; `why_none` says why.

    Podman pulls whatever an ECR address names from the embedded AWS at `gateway_port`. A running podman is kept,
    with its containers, unless that port is another one now.
    """
    if engine := _docker():
        return engine
    if why_none():
        return None
    podman = Podman(local_folder)
    with progress.step("Starting podman"):
        podman.start(registry=f"127.0.0.1:{gateway_port}")
    return Engine(kind="podman", docker_host=podman.address)


def running(*, local_folder: Path) -> Engine | None:
    """The engine that `start` would return, if it needs no starting."""
    podman = Engine(kind="podman", docker_host=Podman(local_folder).address)
    return _docker() or (podman if podman.answers() else None)


def why_none() -> str | None:
    """One sentence for the person whose tasks can't run, None where podman can be started."""
    if missing := Podman.missing_programs():
        return f"Neither Docker nor {' and '.join(missing)} is here: install Docker, or run .ci/install on Debian."
    if os.geteuid() != 0:
        return "Podman's containers have an address of their own only when root starts them, and Docker is not here."
    return None


def remove_containers(engine: Engine, *, gateway_port: int) -> int:
    """Removes the containers of the embedded AWS at that port, running or not, and says how many there were."""
    with engine.client() as client:
        owned = client.containers.list(all=True, sparse=True, filters={"label": _owner_label(gateway_port)})
        for container in owned:
            with contextlib.suppress(APIError):  # gone meanwhile
                container.remove(force=True, v=True)
    return len(owned)


def stop(*, local_folder: Path, gateway_port: int) -> None:
    """Ends what `start` began and every container of the embedded AWS, also after any of them was killed.

    Stop the embedded AWS before: it would start its tasks again.
    """
    Podman(local_folder).stop()
    if engine := _docker(demanded=False):
        remove_containers(engine, gateway_port=gateway_port)


def _docker(*, demanded: bool = True) -> Engine | None:
    host = os.environ.get("DOCKER_HOST")
    engine = Engine(kind="docker", docker_host=host or _DOCKER_SOCKET)
    if engine.answers():
        return engine
    if host and demanded:
        raise OperateError(f"DOCKER_HOST is {host}, and nothing answers there: start Docker, or unset DOCKER_HOST.")
    return None


def _owner_label(gateway_port: int) -> str:
    host = os.environ.get("MINISTACK_HOSTNAME") or socket.gethostname()
    return f"ministack.instance={host}:{gateway_port}"
