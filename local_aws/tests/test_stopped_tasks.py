"""What is kept of tasks that have stopped."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
from ministack.core.responses import request_scope
from ministack.services import ecs

from local_aws.ecs import containers, records, tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.ministack_types import Record


@pytest.fixture(autouse=True)
def region() -> Iterator[None]:
    with request_scope("111111111111", "eu-west-3"):
        yield
        for arn in list(ecs._tasks):
            del ecs._tasks[arn]


def stored(status: str, *, minutes_ago: int | None) -> Record:
    at = (datetime.now(timezone.utc) - timedelta(minutes=minutes_ago or 0)).isoformat()
    task: Record = {
        "taskArn": f"arn:{status}-{minutes_ago}",
        "clusterArn": "arn:cluster/main",
        "taskDefinitionArn": "family:1",
        "lastStatus": status,
        "desiredStatus": status,
        "createdAt": "2026-01-01T00:00:00Z",
        "stoppedAt": None if minutes_ago is None else at,
        "containers": [{"name": "api", "lastStatus": status}],
    }
    ecs._tasks[task["taskArn"]] = task
    return task


def test_a_stopped_task_is_shown_for_an_hour() -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-errors.html: and its tags go with it."""
    recent, old = stored("STOPPED", minutes_ago=59), stored("STOPPED", minutes_ago=61)
    running, restored = stored("RUNNING", minutes_ago=None), stored("STOPPED", minutes_ago=None)
    ecs._tags[old["taskArn"]] = [{"key": "owner", "value": "api"}]
    tasks.forget_stopped()
    assert list(ecs._tasks) == [recent["taskArn"], running["taskArn"]]
    assert restored["taskArn"] not in ecs._tasks
    assert old["taskArn"] not in ecs._tags


def test_nothing_is_kept_to_wake_who_waits_for_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where its container is seen to end after the task has stopped."""
    monkeypatch.setattr(containers, "wait", lambda *_: 0)
    monkeypatch.setattr(records, "essential_names", lambda _: {"api"})
    task = stored("RUNNING", minutes_ago=None)
    assert tasks._end_of(task) is tasks._end_of(task)
    tasks._finish(task)
    tasks._await_end(task, Mock(), task["containers"][0], "id")
    assert task["taskArn"] not in tasks._ended
