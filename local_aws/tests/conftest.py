from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local_aws import server_process as process
from local_aws.instance import LocalAws
from local_aws.tests.machine import reserved_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """An embedded AWS of the tests' own, with nothing in it."""
    local_aws = LocalAws(port=reserved_port(), directory=tmp_path_factory.mktemp("aws"))
    process.start(local_aws)
    yield local_aws
    record = process.running(local_aws)
    if record:
        process.stop(record)


@pytest.fixture(scope="session")
def quick_local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """One whose minute of metrics and schedules is a second."""
    local_aws = LocalAws(port=reserved_port(), directory=tmp_path_factory.mktemp("quick"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LOCAL_AWS_METRIC_PERIOD_SECONDS", "1")
        process.start(local_aws)
    yield local_aws
    record = process.running(local_aws)
    if record:
        process.stop(record)


@pytest.fixture
def empty_local_aws(tmp_path: Path) -> Iterator[LocalAws]:
    """One that isn't started yet; whatever runs in it at the end is stopped."""
    local_aws = LocalAws(port=reserved_port(), directory=tmp_path / "aws")
    yield local_aws
    record = process.running(local_aws)
    if record:
        process.stop(record)
