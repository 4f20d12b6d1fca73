"""When a container engine counts as ended: never for being slow, and never where there was none."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local_aws.ecs import engine_health

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Not listening yet. Nobody accepts what is asked of it."""
    monkeypatch.setattr(engine_health, "_was_there", False)
    monkeypatch.setattr(engine_health, "_refused_since", None)
    monkeypatch.setattr(engine_health, "_ENDED_AFTER_SECONDS", 0.1)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(f"{tmp_path}/docker.sock")
        yield engine


def test_an_engine_that_never_was_has_not_ended(engine: socket.socket) -> None:
    """Tasks are bookkeeping then, which nothing can end."""
    for _ in range(2):
        assert not engine_health.refuses()
        assert not engine_health.has_ended()
        time.sleep(0.2)
    assert engine.fileno() > 0


def test_a_slow_engine_has_not_ended(engine: socket.socket) -> None:
    """A connection that waits, for minutes if need be, is none that is refused."""
    engine.listen(0)
    waiting = [socket.socket(socket.AF_UNIX) for _ in range(3)]
    for one in waiting:
        one.settimeout(0)
        one.connect_ex(engine.getsockname())
    for _ in range(2):
        assert not engine_health.has_ended()
    for one in waiting:
        one.close()


def test_an_engine_that_refuses_has_ended_after_a_while(engine: socket.socket) -> None:
    """Not at the first refusal: it may be starting anew. One that is there again has not ended."""
    engine.listen(1)
    assert not engine_health.refuses()
    engine.close()
    assert not engine_health.has_ended()
    assert engine_health.refuses()
    time.sleep(0.2)
    assert engine_health.has_ended()
    address = os.environ["DOCKER_HOST"].removeprefix("unix://")
    Path(address).unlink()
    assert engine_health.has_ended()
    with socket.socket(socket.AF_UNIX) as again:
        again.bind(address)
        again.listen(1)
        assert not engine_health.refuses()
