from __future__ import annotations

import os
import re
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.local_cloud.stage import Stage, create_repository, embedded_aws, push_probe
from tests.machine import require_go

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operate.local_cloud.cloud import LocalCloud

_PROBE = Path(__file__).parent / "probe"


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The program that the containers run."""
    require_go()
    program = tmp_path_factory.mktemp("probe") / "probe"
    build = ["go", "build", "-o", str(program), "."]
    subprocess.run(build, cwd=_PROBE, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
    return program.read_bytes()


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """An embedded AWS of the tests' own, with a container engine."""
    with embedded_aws(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def image(cloud: LocalCloud, probe: bytes) -> str:
    """The probe's repository in the embedded ECR, with the tag v1."""
    address = create_repository(cloud)
    push_probe(cloud, probe)
    return address


@pytest.fixture
def stage(cloud: LocalCloud, image: str, request: pytest.FixtureRequest) -> Iterator[Stage]:
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_"))[:32].strip("-")
    stage = Stage(cloud=cloud, image=image, name=name)
    yield stage
    with suppress(stage.client("ecs").exceptions.ClientError):  # there may be no service
        stage.delete_service()
    for client in stage.clients.values():
        client.close()
