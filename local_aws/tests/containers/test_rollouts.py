"""The embedded ECS rolls a service over, keeps it at its count, and rolls back, as AWS does."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from local_aws.tests.containers.stage import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.tests.containers.stage import Stage


@contextmanager
def load(stage: Stage) -> Iterator[list[tuple[int, str]]]:
    """Requests in a row while the block runs; each one's status and version."""
    answers: list[tuple[int, str]] = []
    ended = threading.Event()

    def request() -> None:
        while not ended.is_set():
            answer = stage.get("/version")
            answers.append((answer.status, answer.body))
            time.sleep(0.01)

    threads = [threading.Thread(target=request) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_rolling_update_fails_no_request(stage: Stage) -> None:
    """The new task serves before the old one drains; the order of the events is AWS's."""
    stage.create_service(stage.register(version="v1"))
    stage.wait_steady()
    old = stage.tasks()[0]["taskArn"]
    with load(stage) as answers:
        stage.update_service(taskDefinition=stage.register(version="v2"))
        stage.wait_steady()
    assert {status for status, _ in answers} == {200}
    assert answers[0][1] == "v1"
    assert answers[-1][1] == "v2"
    assert stage.tasks()[0]["taskArn"] != old
    events = [event.partition(") ")[2] for event in reversed(stage.events)]
    milestones = [
        next(number for number, event in enumerate(events) if text in event and number > 3)
        for text in ("has started 1", "registered 1", "deregistered 1", "has begun draining", "deployment completed")
    ]
    assert milestones == sorted(milestones)
    assert events[-1] == "has reached a steady state."


@pytest.mark.parametrize("fault", ["crash", "unhealthy"])
def test_failed_update_is_rolled_back(stage: Stage, fault: str) -> None:
    """Three failures trip the breaker; the old version serves throughout, and the failed deployment leaves the list."""
    first = stage.register(version="v1")
    stage.create_service(first)
    stage.wait_steady()
    with load(stage) as answers:
        stage.update_service(taskDefinition=stage.register(version="v2", fault=fault))
        wait_until(lambda: any("rolling back" in event for event in stage.events))
        failed = [one for one in stage.service["deployments"] if one["rolloutState"] == "FAILED"]
        stage.wait_steady()
    assert set(answers) == {(200, "v1")}
    assert [one["failedTasks"] for one in failed] in ([], [3])
    assert stage.service["taskDefinition"] == first
    assert [one["taskDefinition"] for one in stage.service["deployments"]] == [first]
    assert any("deployment failed: tasks failed to start." in event for event in stage.events)


def test_missing_image_is_rolled_back(stage: Stage) -> None:
    """A tag that ECR does not have stops its task with the reason, and counts as a failure."""
    stage.create_service(stage.register())
    stage.wait_steady()
    stage.update_service(taskDefinition=stage.register(tag="nowhere"))
    wait_until(lambda: any("rolling back" in event for event in stage.events))
    stage.wait_steady()
    stopped = stage.stopped_tasks()
    assert {task["stopCode"] for task in stopped} == {"TaskFailedToStart"}
    assert all(task["stoppedReason"].startswith("CannotPullContainerError: ") for task in stopped)
    assert all(f"{stage.image}:nowhere" in task["stoppedReason"] for task in stopped)


def test_first_deployment_that_never_gets_healthy_fails(stage: Stage) -> None:
    """With nothing to roll back to it is FAILED and starts no more tasks; the load balancer answers 503."""
    stage.create_service(stage.register(fault="unhealthy"))
    wait_until(lambda: stage.rollout == (1, "FAILED"), show=lambda: stage.service)
    assert "circuit breaker" in stage.service["deployments"][0]["rolloutStateReason"]
    assert stage.service["runningCount"] == 0
    assert stage.get("/version").status == 503
    reasons = {task["stoppedReason"] for task in stage.tasks("STOPPED")}
    assert reasons == {f"Task failed ELB health checks in (target-group {stage.group_arn})"}


def test_grace_period_spares_an_unhealthy_task(stage: Stage) -> None:
    """Within the grace period ECS ignores what the load balancer thinks of a task."""
    stage.create_service(stage.register(fault="unhealthy"), grace_seconds=6)
    wait_until(lambda: ("unhealthy", "Target.ResponseCodeMismatch") in stage.target_health)
    task = stage.stopped_task()
    assert (task["stoppingAt"] - task["startedAt"]).total_seconds() >= 6


def test_crashed_task_is_replaced(stage: Stage) -> None:
    """A crash in steady state costs one task, whose end is on record, and the service recovers."""
    stage.create_service(stage.register())
    stage.wait_steady()
    crashed = stage.tasks()[0]["taskArn"]
    stage.get("/exit")
    stopped = stage.stopped_task()
    wait_until(lambda: stage.get("/version").status == 200)
    assert stopped["taskArn"] == crashed
    assert (stopped["stopCode"], stopped["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert stopped["containers"][0]["exitCode"] == 4
    assert stopped["startedAt"] <= stopped["stoppingAt"] <= stopped["stoppedAt"]


def test_repeated_crashes_are_slowed_down(stage: Stage) -> None:
    """Without a breaker a crashing service is retried ever more slowly, not in a busy loop."""
    breaker = {"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
    stage.create_service(stage.register())
    stage.wait_steady()
    stage.update_service(taskDefinition=stage.register(fault="crash"), deploymentConfiguration=breaker)
    wait_until(lambda: len(stage.stopped_tasks()) >= 4)
    created = sorted(task["createdAt"] for task in stage.stopped_tasks())[:4]
    pauses = [(after - before).total_seconds() for before, after in pairwise(created)]
    assert all(pause >= least for pause, least in zip(pauses, (0, 1, 2), strict=True)), pauses
    assert stage.rollout == (2, "IN_PROGRESS")
    assert stage.get("/version").status == 200


def test_scaling_keeps_the_count(stage: Stage) -> None:
    """The desired count is reached from either side, and each task that goes is drained."""
    stage.create_service(stage.register())
    stage.wait_steady()
    stage.update_service(desiredCount=3)
    wait_until(lambda: stage.target_health == [("healthy", "")] * 3)
    with load(stage) as answers:
        stage.update_service(desiredCount=1)
        wait_until(lambda: stage.service["runningCount"] == 1 and len(stage.tasks()) == 1)
    assert {status for status, _ in answers} == {200}
    assert {task["stopCode"] for task in stage.tasks("STOPPED")} == {"ServiceSchedulerInitiated"}


def test_deleted_service_drains(stage: Stage) -> None:
    """DRAINING until the last task has stopped, then INACTIVE, with no target left."""
    stage.create_service(stage.register())
    stage.wait_steady()
    assert stage.delete_service()["status"] == "DRAINING"
    wait_until(lambda: stage.service["status"] == "INACTIVE")
    wait_until(lambda: stage.target_health == [], show=lambda: stage.target_health)
