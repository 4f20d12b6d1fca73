"""How soon after a task's start its logs arrive."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from operate.acceptance.criteria import Criterion, Finding, judges
from operate.service import id_of, log_stream, wait_until

if TYPE_CHECKING:
    from operate.acceptance.service_under_test import ServiceUnderTest

    Record = dict[str, Any]

_LIMIT_SECONDS = 60


@judges(Criterion("SC-002", "A task's logs are in its log group", "within 1 min of its start"), disruptive=False)
def first_line(tested: ServiceUnderTest) -> list[Finding]:
    """From the newest running task's start to its first line in the log group."""
    task = next((task for task in tested.service.tasks() if "startedAt" in task), None)
    if task is None:
        return [Finding(passed=False, measured="no task runs")]
    stream = log_stream(tested.service.task_definition(task["taskDefinitionArn"])["containerDefinitions"][0], task)
    if stream is None:
        return [Finding(passed=False, measured="the container has no awslogs")]
    started_at = task["startedAt"].timestamp()
    wait_until(lambda: _first_line(tested, stream), within_seconds=max(0, _LIMIT_SECONDS + started_at - time.time()))
    line = _first_line(tested, stream)
    if line is None:
        return [Finding(passed=False, measured=f"no line in {stream['logStreamName']}")]
    arrived_at = float(line.get("ingestionTime") or line["timestamp"]) / 1000
    seconds = max(0.0, arrived_at - started_at)
    measured = f"{seconds:.1f} s after the start of task {id_of(task['taskArn'])[:8]}"
    return [Finding(seconds <= _LIMIT_SECONDS, measured, {"seconds": round(seconds, 2)})]


def _first_line(tested: ServiceUnderTest, stream: Record) -> Record | None:
    logs = tested.service.logs
    try:
        events = logs.get_log_events(**stream, limit=1, startFromHead=True)["events"]
    except logs.exceptions.ResourceNotFoundException:
        return None
    return events[0] if events else None
