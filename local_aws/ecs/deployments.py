"""A service's deployments: how one is judged, completed, failed and rolled back, and when one leaves the list.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.core.responses import now_iso
from ministack.services import ecs

from local_aws.ecs import deployment_alarms, records

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.ministack_types import Record


_SHOWN = ("capacityProviderStrategy", "launchType", "networkConfiguration", "platformVersion")
_REVISION = (*_SHOWN, "loadBalancers", "serviceRegistries")
_LIMIT = "ECS deployment circuit breaker:"
_NO_START = "tasks failed to start"
_ALARM = "alarm detected"


def make(original: Callable[..., Record], *arguments: object, **named: object) -> Record:
    """Stands for `ecs._make_deployment`, which calls a service's first deployment completed at birth."""
    deployment = original(*arguments, **named)
    _set(deployment, "IN_PROGRESS", f"ECS deployment {deployment['id']} in progress.")
    return deployment


def note_revision(service: Record) -> None:
    """What a new deployment's tasks start with, and a rollback to it restores.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-revision.html
    """
    shown = {name: service[name] for name in _SHOWN}
    primary(service).update(shown, _revision={name: service[name] for name in _REVISION})


def primary(service: Record) -> Record:
    return next(one for one in service["deployments"] if one["status"] == "PRIMARY")


def is_in_progress(deployment: Record) -> bool:
    return bool(deployment["rolloutState"] == "IN_PROGRESS")


def has_failed(deployment: Record) -> bool:
    return bool(deployment["rolloutState"] == "FAILED")


def count_failure(service: Record, task: Record) -> None:
    """Trips the circuit breaker at half the desired count, at least 3 and at most 200, failures in a row."""
    current = primary(service)
    if task.get("_deployment_id") != current["id"] or not is_in_progress(current):
        return
    current["failedTasks"] += 1
    current["updatedAt"] = now_iso()
    breaker = service["deploymentConfiguration"].get("deploymentCircuitBreaker") or {}
    if breaker.get("enable") and current["failedTasks"] >= ecs._circuit_breaker_threshold(service):
        _fail(service, current, because=_NO_START, rolls_back=bool(breaker.get("rollback")))


def look_at_alarms(service: Record) -> None:
    current = primary(service)
    if is_in_progress(current):
        deployment_alarms.begin(service, current)
        if deployment_alarms.detected(current):
            _fail(service, current, because=_ALARM, rolls_back=deployment_alarms.rolls_back(service))


def reset_failed_tasks(service: Record, task: Record) -> None:
    """A healthy task starts the count of failures anew."""
    current = primary(service)
    breaker = service["deploymentConfiguration"].get("deploymentCircuitBreaker") or {}
    if task.get("_deployment_id") == current["id"] and breaker.get("resetOnHealthyTask", True):
        current["failedTasks"] = 0


def _fail(service: Record, current: Record, *, because: str, rolls_back: bool) -> None:
    by = "ECS deployment failed:" if because == _ALARM else _LIMIT
    _set(current, "FAILED", f"{by} {because}.")
    records.add_event(service, f"(deployment {current['id']}) deployment failed: {because}.")
    completed = service.get("_completed")
    if rolls_back and completed and completed["id"] != current["id"]:
        _roll_back(service, current, completed, because=because)


def _roll_back(service: Record, failed: Record, completed: Record, *, because: str) -> None:
    """The failed deployment stays in the list until its tasks are gone."""
    failed.update(status="ACTIVE", desiredCount=0)
    target = next((one for one in service["deployments"] if one["id"] == completed["id"]), None)
    if target is None:
        target = {**completed, "failedTasks": 0, "runningCount": 0, "pendingCount": 0}
    target.update(status="PRIMARY", desiredCount=service["desiredCount"])
    deployment_alarms.ignore(target)
    by = "ECS deployment failed: alarm detected," if because == _ALARM else _LIMIT
    _set(target, "IN_PROGRESS", f"{by} rolling back to deploymentId {target['id']}.")
    service["deployments"] = [target, *(one for one in service["deployments"] if one is not target)]
    service.update(target.get("_revision", {}), taskDefinition=target["taskDefinition"])
    records.add_event(service, f"rolling back to deployment {target['id']}.")


def complete(service: Record) -> None:
    """The point that a later failure rolls back to."""
    current = primary(service)
    _set(current, "COMPLETED", f"ECS deployment {current['id']} completed.")
    current["failedTasks"] = 0
    service["_completed"] = dict(current)
    records.add_event(service, f"(deployment {current['id']}) deployment completed.")


def drop_empty(service: Record, tasks: list[Record]) -> None:
    """AWS lists others than the primary as long as they have a task that is not stopped, or alarms are looked at."""
    current = primary(service)
    occupied = {task.get("_deployment_id") for task in tasks if task["lastStatus"] != "STOPPED"}
    if is_in_progress(current) and occupied == {current["id"]} and current["runningCount"] == service["desiredCount"]:
        deployment_alarms.bake(current)
    if is_in_progress(current) and deployment_alarms.is_watched(current):
        return
    service["deployments"] = [
        one for one in service["deployments"] if one["status"] == "PRIMARY" or one["id"] in occupied
    ]


def count_tasks(service: Record, tasks: list[Record]) -> None:
    for deployment in service["deployments"]:
        own = [task for task in tasks if task.get("_deployment_id") == deployment["id"]]
        deployment.update(_counts(own))
    primary(service)["desiredCount"] = service["desiredCount"]
    service.update(_counts(tasks))


def _counts(tasks: list[Record]) -> Record:
    states = [task["lastStatus"] for task in tasks]
    pending = sum(states.count(state) for state in ("PROVISIONING", "PENDING", "ACTIVATING"))
    return {"runningCount": states.count("RUNNING"), "pendingCount": pending}


def _set(deployment: Record, state: str, reason: str) -> None:
    deployment.update(rolloutState=state, rolloutStateReason=reason, updatedAt=now_iso())
