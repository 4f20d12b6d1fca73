from __future__ import annotations

import os
import re
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from operate import images, registry
from operate.local_cloud import container_engine, process
from operate.local_cloud.cloud import LocalCloud
from tests.local_cloud.stage import Stage, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
_PROBE = Path(__file__).parent / "probe"


@pytest.fixture(scope="session")
def cloud_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cloud")


@pytest.fixture(scope="session")
def cloud(cloud_directory: Path, unused_port: int) -> Iterator[LocalCloud]:
    """An embedded AWS of the tests' own, with a container engine."""
    cloud = LocalCloud(port=unused_port, directory=cloud_directory)
    engine = container_engine.start(cloud)
    assert engine, container_engine.why_none()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DOCKER_HOST", engine.docker_host)
        process.start(cloud)
    try:
        yield cloud
    finally:
        record = process.running(cloud)
        if record:
            process.stop(record)
        container_engine.stop(cloud)


@pytest.fixture(scope="session")
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="session")
def image(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The probe's repository in the embedded ECR, with the tag v1."""
    folder = tmp_path_factory.mktemp("probe")
    build = ["go", "build", "-o", str(folder / "probe"), "."]
    subprocess.run(build, cwd=_PROBE, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
    ecr = cloud.client("ecr")
    ecr.create_repository(repositoryName="probe")
    repository = registry.repository(ecr, "probe", endpoint=cloud.endpoint)
    ecr.close()
    registry.push(images._from_program((folder / "probe").read_bytes(), "X86_64"), repository, tag="v1")
    return repository.uri


@pytest.fixture
def stage(cloud: LocalCloud, image: str, request: pytest.FixtureRequest) -> Iterator[Stage]:
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_"))[:32].strip("-")
    stage = Stage(cloud=cloud, image=image, name=name)
    yield stage
    with suppress(stage.client("ecs").exceptions.ClientError):
        stage.delete_service()
        wait_until(lambda: stage.service["status"] == "INACTIVE", within_seconds=10, show=lambda: stage.service)
    for client in stage.clients.values():
        client.close()
