"""An embedded AWS, a podman and the sample API of the tests' own: nothing of this checkout's is touched."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from operate import images, registry
from operate.local_cloud import account, process
from operate.local_cloud.cloud import LocalCloud
from operate.local_cloud.container_engine import Engine
from operate.local_cloud.podman import Podman
from tests.machine import cannot_run, require_go, reserved_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    cloud = LocalCloud(port=reserved_port(), directory=tmp_path_factory.mktemp("cloud"))
    process.start(cloud)
    try:
        account.prepare(cloud)
        yield cloud
    finally:
        record = process.running(cloud)
        assert record, "the embedded AWS ended while the tests ran"
        process.stop(record)


@pytest.fixture(scope="session")
def repository(cloud: LocalCloud) -> registry.Repository:
    return registry.repository(cloud.client("ecr"), account.IMAGE_REPOSITORY, endpoint=cloud.endpoint)


@pytest.fixture(scope="session")
def sample() -> images.Image:
    require_go()
    return images.build(version="v1")


@pytest.fixture(scope="session")
def sample_reference(sample: images.Image, repository: registry.Repository) -> str:
    """The sample API in the embedded ECR."""
    registry.push(sample, repository, tag="v1")
    return f"{repository.uri}:v1"


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
def client(podman: Podman, cloud: LocalCloud) -> Iterator[DockerClient]:
    podman.start(registry=f"127.0.0.1:{cloud.port}")
    with Engine(kind="podman", docker_host=podman.address).client() as client:
        yield client
