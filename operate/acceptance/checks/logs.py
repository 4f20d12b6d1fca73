"""How soon after a task's start its logs arrive."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from operate.acceptance.checks.check import judges
from operate.acceptance.criteria import Criterion, Finding, NotRunError
from operate.service import short_id, wait_until

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import OutputLogEventTypeDef

    from operate.acceptance.service_under_test import ServiceUnderTest

_LIMIT_SECONDS = 60


@judges(Criterion("SC-002", "A task's logs are in its log group", "within 1 min of its start"), disruptive=False)
def first_line(tested: ServiceUnderTest) -> list[Finding]:
    """From the newest running task's start to its first line in the log group."""
    task = next((task for task in tested.service.tasks() if "startedAt" in task), None)
    if task is None:
        return [Finding(passed=False, measured="no task runs")]
    if tested.container.get("logConfiguration", {}).get("logDriver") == "awsfirelens":
        raise NotRunError("the container logs to the task's log router, and not to the log group")
    stream = tested.service.log_stream(task)
    if stream is None:
        return [Finding(passed=False, measured="the container has no awslogs")]
    started_at = task["startedAt"].timestamp()

    def first() -> list[OutputLogEventTypeDef]:
        return tested.service.log_events(task, most=1, first=True)

    wait_until(first, within_seconds=max(0, _LIMIT_SECONDS + started_at - time.time()))
    events = first()
    if not events:
        return [Finding(passed=False, measured=f"no line in {stream.name}")]
    arrived_at = (events[0].get("ingestionTime") or events[0]["timestamp"]) / 1000
    seconds = max(0.0, arrived_at - started_at)
    measured = f"{seconds:.1f} s after the start of task {short_id(task['taskArn'])}"
    return [Finding(seconds <= _LIMIT_SECONDS, measured, {"seconds": round(seconds, 2)})]
