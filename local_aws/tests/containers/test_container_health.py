"""The embedded ECS runs a container's own health check, and acts on it as AWS does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local_aws.tests.containers.stage import wait_until

if TYPE_CHECKING:
    from local_aws.ministack_types import Record
    from local_aws.tests.containers.stage import Stage


def check(*command: str, **times: int) -> Record:
    """Every second, though AWS's least is five."""
    return {"command": command or ("CMD", "/server", "check"), "interval": 1, "timeout": 2, "retries": 1, **times}


def test_a_task_counts_once_its_check_has_passed(stage: Stage) -> None:
    """Its target is healthy long before; in the start period no failure counts."""
    definition = stage.register(fault="failing", healthCheck=check(startPeriod=300))
    stage.create_service(definition)
    wait_until(lambda: stage.target_health == [("healthy", "")])
    failed = int(stage.get("/checks").body)
    wait_until(lambda: int(stage.get("/checks").body) >= failed + 3)
    task = stage.tasks()[0]["taskArn"]
    assert (stage.task(task)["healthStatus"], stage.rollout) == ("UNKNOWN", (1, "IN_PROGRESS"))
    stage.get("/mend")
    stage.wait_steady()
    assert [(one["taskArn"], one["healthStatus"]) for one in stage.tasks()] == [(task, "HEALTHY")]
    assert stage.task(task)["containers"][0]["healthStatus"] == "HEALTHY"


def test_an_unhealthy_task_is_replaced(stage: Stage) -> None:
    """With AWS's words, though its target is healthy; one that has been healthy has no start period left."""
    stage.create_service(stage.register(healthCheck=check(retries=2, startPeriod=300)))
    stage.wait_steady()
    failed = stage.tasks()[0]["taskArn"]
    stage.get("/fail")
    task = stage.stopped_task()
    assert (task["taskArn"], task["healthStatus"]) == (failed, "UNHEALTHY")
    assert (task["stopCode"], task["stoppedReason"]) == (
        "ServiceSchedulerInitiated",
        "Task failed container health checks",
    )
    name = failed.rpartition("/")[2]
    assert f"(service {stage.name}) (task {name}) failed container health checks." in stage.events
    wait_until(lambda: [one["healthStatus"] for one in stage.tasks()] == ["HEALTHY"], show=stage.tasks)


def test_grace_period_spares_a_task_that_fails_its_check(stage: Stage) -> None:
    """ECS ignores container health checks as it does the load balancer's."""
    stage.create_service(stage.register(fault="failing", healthCheck=check()), grace_seconds=6)
    task = stage.stopped_task()
    assert (task["stoppingAt"] - task["startedAt"]).total_seconds() >= 6


def test_a_deployment_whose_check_never_passes_is_rolled_back(stage: Stage) -> None:
    """The target group calls each of its tasks healthy."""
    first = stage.register(healthCheck=check())
    stage.create_service(first)
    stage.wait_steady()
    stage.update_service(taskDefinition=stage.register(version="v2", fault="failing", healthCheck=check()))
    wait_until(lambda: any("rolling back" in event for event in stage.events), show=lambda: stage.service)
    stage.wait_steady()
    assert stage.service["taskDefinition"] == first
    assert {task["stoppedReason"] for task in stage.stopped_tasks()[:3]} == {"Task failed container health checks"}


@pytest.mark.parametrize(
    "command", [("CMD", "/nothing"), ("CMD-SHELL", "exit 0"), ("CMD", "/server", "hang")], ids=" ".join
)
def test_a_task_of_no_service_runs_on_though_it_is_unhealthy(stage: Stage, command: tuple[str, ...]) -> None:
    """A program that is not in the image, a shell that is not in it, and a check that does not end, all fail."""
    task = stage.run_task(stage.register(healthCheck=check(*command)))
    wait_until(lambda: stage.task(task)["healthStatus"] == "UNHEALTHY", show=lambda: stage.task(task))
    assert (stage.task(task)["lastStatus"], stage.task(task)["desiredStatus"]) == ("RUNNING", "RUNNING")
    stage.stop_task(task)
