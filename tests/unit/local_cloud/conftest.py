from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from operate.local_cloud import process
from operate.local_cloud.cloud import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """An embedded AWS of the tests' own, with nothing in it."""
    cloud = LocalCloud(port=free_port(), directory=tmp_path_factory.mktemp("cloud"))
    process.start(cloud)
    yield cloud
    record = process.running(cloud)
    if record:
        process.stop(record)


@pytest.fixture
def empty_cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    """One that isn't started yet; whatever runs in it at the end is stopped."""
    cloud = LocalCloud(port=free_port(), directory=tmp_path / "cloud")
    yield cloud
    record = process.running(cloud)
    if record:
        process.stop(record)
