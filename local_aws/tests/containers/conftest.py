from __future__ import annotations

import os
import re
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local_aws.container_engine import Engine
from local_aws.podman import Podman
from local_aws.tests.containers.stage import Stage, embedded_aws, publish_probe
from local_aws.tests.machine import cannot_run, require_go

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

    from local_aws.instance import LocalAws

_PROBE = Path(__file__).parent / "probe"


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The program that the containers run."""
    require_go()
    program = tmp_path_factory.mktemp("probe") / "probe"
    build = ["go", "build", "-trimpath", "-o", str(program), "."]  # as the sample API: one standard library for both
    subprocess.run(build, cwd=_PROBE, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
    return program.read_bytes()


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """An embedded AWS of the tests' own, with a container engine."""
    with embedded_aws(tmp_path_factory.mktemp("aws")) as local_aws:
        yield local_aws


@pytest.fixture(scope="session")
def image(local_aws: LocalAws, probe: bytes) -> str:
    """The probe's repository in the embedded ECR, with the tag v1."""
    return publish_probe(local_aws, probe)


@pytest.fixture(scope="session")
def probe_reference(image: str) -> str:
    return f"{image}:v1"


@pytest.fixture
def podman(tmp_path: Path) -> Iterator[Podman]:
    """Not started; whatever a test leaves of it is taken away."""
    if missing := Podman.missing_programs():
        cannot_run(f"{', '.join(missing)} is not installed: run .ci/install on Debian")
    if os.geteuid() != 0:
        cannot_run("podman's containers have an address of their own only when root runs it")
    podman = Podman(tmp_path)
    yield podman
    podman.stop()


@pytest.fixture
def client(podman: Podman, local_aws: LocalAws) -> Iterator[DockerClient]:
    podman.start(registry=f"127.0.0.1:{local_aws.port}")
    with Engine(kind="podman", docker_host=podman.address).client() as client:
        yield client


@pytest.fixture
def stage(local_aws: LocalAws, image: str, request: pytest.FixtureRequest) -> Iterator[Stage]:
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_"))[:32].strip("-")
    stage = Stage(local_aws=local_aws, image=image, name=name)
    yield stage
    with suppress(stage.client("ecs").exceptions.ClientError):  # there may be no service
        stage.delete_service()
    for client in stage.clients.values():
        client.close()
