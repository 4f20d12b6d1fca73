"""A Docker API for the embedded ECS: Docker where there is one, else podman, started and stopped by us."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from local_aws import progress
from local_aws.errors import LocalAwsError
from local_aws.podman import Podman

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from local_aws.instance import LocalAws
    from local_aws.progress import Step

_DOCKER_SOCKET = "unix:///var/run/docker.sock"
_PING_TIMEOUT_SECONDS = 3
_api_versions: dict[str, str] = {}
"""By address, as the engine said once: podman looks for its programs' packages each time, a third of a second."""


@dataclass(frozen=True)
class Engine:
    """A container engine that answers; `docker_host` is what DOCKER_HOST has to be for its users."""

    kind: Literal["docker", "podman"]
    docker_host: str

    @contextlib.contextmanager
    def client(self, *, timeout_seconds: int = 120) -> Iterator[docker.DockerClient]:
        import docker  # noqa: PLC0415 - an eighth of a second that commands with nothing to do can spare

        version = _api_versions.get(self.docker_host)
        client = docker.DockerClient(base_url=self.docker_host, version=version, timeout=timeout_seconds)
        _api_versions[self.docker_host] = client.api.api_version
        try:
            yield client
        finally:
            client.close()

    def answers(self) -> bool:
        scheme, _, place = self.docker_host.partition("://")
        if scheme == "unix" and not Path(place).exists():
            return False
        from docker.errors import DockerException  # noqa: PLC0415 - as above

        try:
            with self.client(timeout_seconds=_PING_TIMEOUT_SECONDS) as client:
                return bool(client.ping())
        except (DockerException, OSError):
            return False


def start(local_aws: LocalAws, step: Step = progress.silent) -> Engine | None:
    """None where tasks can only be bookkeeping; `why_none` says why.

    Podman pulls from `local_aws` what an ECR address names. A running podman is kept, with its containers, unless the
    port is another one now.
    """
    if engine := _docker():
        return engine
    if why_none():
        return None
    podman = Podman(local_aws.directory)
    podman.start(registry=f"127.0.0.1:{local_aws.port}", step=step)
    return Engine(kind="podman", docker_host=podman.address)


def was_started(local_aws: LocalAws) -> bool:
    """Podman, by whatever command."""
    return Podman(local_aws.directory).was_started


def running(local_aws: LocalAws) -> Engine | None:
    """The engine that `start` would return, if it needs no starting."""
    podman = Podman(local_aws.directory)
    return _docker() or (Engine(kind="podman", docker_host=podman.address) if podman.is_running() else None)


def address(local_aws: LocalAws) -> str:
    """What DOCKER_HOST is for its users, whether the engine runs yet or not."""
    engine = _docker()
    return engine.docker_host if engine else Podman(local_aws.directory).address


def why_none() -> str | None:
    """One sentence for the person whose tasks can't run; None where podman can be started."""
    if os.geteuid() != 0:
        return (
            f"{_why_no_docker()}, and podman's containers can be reached by their addresses only if root runs it: "
            "make Docker answer you, or run this as root."
        )
    if missing := Podman.missing_programs():
        return f"There is neither Docker nor {', '.join(missing)}: install Docker, or on Debian run .ci/install."
    return None


def _why_no_docker() -> str:
    socket_file = Path(_docker_host().removeprefix("unix://"))
    if socket_file.exists() and not os.access(socket_file, os.R_OK | os.W_OK):
        return f"Docker's socket {socket_file} is not permitted to you"
    return "Docker does not answer"


def remove_containers(engine: Engine, local_aws: LocalAws) -> int:
    """Removes every container of this embedded AWS, running or not, and says how many there were; and their volumes."""
    from docker.errors import APIError  # noqa: PLC0415 - as above

    with engine.client() as client:
        owned = client.containers.list(all=True, sparse=True, filters={"label": _owner_label(local_aws)})
        for container in owned:
            with contextlib.suppress(APIError):  # gone meanwhile
                container.remove(force=True, v=True)
        for volume in client.volumes.list(filters={"label": _owner_label(local_aws)}):
            with contextlib.suppress(APIError):
                volume.remove(force=True)
    return len(owned)


def stop(local_aws: LocalAws) -> None:
    """Ends what `start` began and every container of the embedded AWS, also after any of them was killed.

    Stop the embedded AWS before: it would start its tasks again.
    """
    Podman(local_aws.directory).stop()
    engine = Engine(kind="docker", docker_host=_docker_host())
    if engine.answers():
        remove_containers(engine, local_aws)


def _docker() -> Engine | None:
    engine = Engine(kind="docker", docker_host=_docker_host())
    if engine.answers():
        return engine
    if "DOCKER_HOST" in os.environ:
        raise LocalAwsError(
            f"DOCKER_HOST is {engine.docker_host}, and nothing answers there: start Docker, or unset DOCKER_HOST."
        )
    return None


def _docker_host() -> str:
    return os.environ.get("DOCKER_HOST", _DOCKER_SOCKET)


def owner_host(local_aws: LocalAws) -> str:
    """With the directory, since each checkout's embedded AWS may take the same port in its turn."""
    return f"{socket.gethostname()}-{hashlib.sha256(os.fsencode(local_aws.directory.resolve())).hexdigest()[:8]}"


def _owner_label(local_aws: LocalAws) -> str:
    """As MiniStack makes it of MINISTACK_HOSTNAME and its port."""
    return f"ministack.instance={owner_host(local_aws)}:{local_aws.port}"
