"""How containers end: none outlives the emulator, and each is on record with its own exit code."""

from __future__ import annotations

import threading
from unittest.mock import Mock

import pytest
from ministack.services import ecs

from local_aws.ecs import containers, records, scheduler, tasks


@pytest.fixture
def closing(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Without a container engine, whose volumes would be swept."""
    event = threading.Event()
    monkeypatch.setattr(records, "closing", event)
    monkeypatch.setattr(ecs, "_get_docker", lambda: None)
    return event


def test_sweep_at_shutdown(closing: threading.Event) -> None:
    """Nothing new is started from before the first sweep on; a second one takes what was just being created."""
    begun: list[bool] = []
    scheduler.close(lambda: begun.append(closing.is_set()))
    assert begun == [True, True]


def test_sweep_at_start(closing: threading.Event) -> None:
    """The sweep for an earlier run's containers does not stop the scheduler."""
    sweep = Mock()
    scheduler.close(sweep, True)  # noqa: FBT003 - MiniStack's call
    sweep.assert_called_once_with(True)  # noqa: FBT003
    assert not closing.is_set()


def test_no_container_is_created_while_closing(closing: threading.Event) -> None:
    """A task that was starting gives up instead of leaving a container behind."""
    closing.set()
    client = Mock()
    with pytest.raises(containers.StoppingError):
        containers.run(client, {"image": "any"}, {})
    client.containers.create.assert_not_called()


@pytest.mark.parametrize("noted", [None, 0, 3])
def test_exit_code_survives_the_removal(monkeypatch: pytest.MonkeyPatch, noted: int | None) -> None:
    """The watcher may look when the container is gone; that is news only where nobody has seen it end."""
    monkeypatch.setattr(containers, "wait", lambda *_: 137)
    container = {"name": "sidecar", "lastStatus": "RUNNING", "exitCode": noted}
    task = {"taskArn": "task", "taskDefinitionArn": "family:1", "desiredStatus": "STOPPED", "lastStatus": "STOPPING"}
    tasks._await_end(task, Mock(), container, "id")
    assert container == {"name": "sidecar", "lastStatus": "STOPPED", "exitCode": 137 if noted is None else noted}
