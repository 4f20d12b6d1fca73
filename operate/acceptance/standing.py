"""Checks that only look: the first answer, the logs, the plan."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx

from operate import first_answer
from operate.acceptance.findings import Finding, NotRunError
from operate.image_reference import ImageReference
from operate.service import id_of, log_stream, wait_until

if TYPE_CHECKING:
    from datetime import datetime

    from operate.acceptance.target import Target

    Record = dict[str, Any]

FIRST_ANSWER_SECONDS = 30
LOG_SECONDS = 60
_EVENTS_KEPT_BY_ECS = 100
PLANNED = (
    "aws_ecs_cluster",
    "aws_ecs_task_definition",
    "aws_ecs_service",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_iam_role_policies_exclusive",
    "aws_iam_role_policy_attachments_exclusive",
    "aws_cloudwatch_log_group",
    "aws_appautoscaling_target",
    "aws_appautoscaling_policy",
)


def first_answer_in_time(target: Target) -> list[Finding]:
    """What the deployment's watcher saw, else what ECS's events say of the service's first steady state."""
    status = _health_status(target)
    if status != httpx.codes.OK:
        return [Finding(passed=False, measured=f"/health answers {status or 'nothing'} now")]
    recorded = first_answer.read(target.service)
    if recorded:
        return [_within(recorded.seconds, FIRST_ANSWER_SECONDS, "after the service's creation")]
    return [_within(_steady_after(target), FIRST_ANSWER_SECONDS, "to the first steady state, by ECS's events")]


def _health_status(target: Target) -> int | None:
    answer = target.ask(target.service.target_group["HealthCheckPath"])
    return answer.status_code if answer is not None else None


def _steady_after(target: Target) -> float:
    service = target.service.read()
    if len(service["events"]) >= _EVENTS_KEPT_BY_ECS:
        raise NotRunError("the service's creation was not watched by `deploy` here, and is older than ECS's events")
    steady = _said(service, "has reached a steady state")
    if not steady:
        raise NotRunError("the service's creation was not watched by `deploy` here, and has not been steady yet")
    if any(failed < min(steady) for failed in _said(service, "deployment failed")):
        raise NotRunError("the service's first deployment failed: how long its repair took says nothing")
    return float((min(steady) - service["createdAt"]).total_seconds())


def _said(service: Record, words: str) -> list[datetime]:
    return [event["createdAt"] for event in service["events"] if words in event["message"]]


def _within(seconds: float, limit_seconds: int, what: str) -> Finding:
    return Finding(seconds <= limit_seconds, f"{seconds:.1f} s {what}", {"seconds": round(seconds, 2)})


def logs_in_time(target: Target) -> list[Finding]:
    """From the newest running task's start to its first line in the log group."""
    task = next((task for task in target.service.tasks() if "startedAt" in task), None)
    if task is None:
        return [Finding(passed=False, measured="no task runs")]
    stream = log_stream(target.service.task_definition(task["taskDefinitionArn"])["containerDefinitions"][0], task)
    if stream is None:
        return [Finding(passed=False, measured="the container has no awslogs")]
    wait_until(lambda: _first_line(target, stream), within_seconds=_left_of(task["startedAt"]))
    line = _first_line(target, stream)
    if line is None:
        return [Finding(passed=False, measured=f"no line in {stream['logStreamName']}")]
    arrived = float(line.get("ingestionTime") or line["timestamp"]) / 1000
    seconds = max(0.0, arrived - task["startedAt"].timestamp())
    return [_within(seconds, LOG_SECONDS, f"after the start of task {id_of(task['taskArn'])[:8]}")]


def _left_of(started_at: datetime) -> float:
    return max(0.0, LOG_SECONDS - (time.time() - started_at.timestamp()))


def _first_line(target: Target, stream: Record) -> Record | None:
    logs = target.service.logs
    try:
        events = logs.get_log_events(**stream, limit=1, startFromHead=True)["events"]
    except logs.exceptions.ResourceNotFoundException:
        return None
    return events[0] if events else None


def plan_is_whole(target: Target) -> list[Finding]:
    """A plan of what is deployed: every resource of the specification is in it; what is to change is counted."""
    image = target.service.image()
    document = target.stack.plan(image_tag=ImageReference.of(image).tag if image else None)
    resources = document["planned_values"]["root_module"].get("resources", [])
    managed = [resource["type"] for resource in resources if resource["mode"] == "managed"]
    missing = [type_ for type_ in PLANNED if type_ not in managed]
    pending = sum(change["change"]["actions"] not in (["no-op"], ["read"]) for change in document["resource_changes"])
    measured = f"{len(managed)} resources, {pending} to change, no errors"
    if missing:
        measured = f"missing: {', '.join(missing)}"
    return [Finding(not missing, measured, {"resources": len(managed), "to_change": pending})]
