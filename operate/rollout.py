"""How a rollout ended, and why: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html"""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING, Any

from operate.service import Service, id_of, wait_until

if TYPE_CHECKING:
    from datetime import datetime

    Record = dict[str, Any]

_EVENTS_SHOWN = 5
_LOG_LINES_SHOWN = 8


class Outcome(Enum):
    COMPLETED = "completed"
    FAILED = "failed"
    UNFINISHED = "unfinished"


def outcome_of(service: Record, revision: str) -> Outcome:
    """Of the newest deployment of `revision`, in DescribeServices' answer. One that is no longer listed has failed."""
    primary = next(one for one in service["deployments"] if one["status"] == "PRIMARY")
    states = {one.get("rolloutState") for one in service["deployments"] if one["taskDefinition"] == revision}
    if primary["taskDefinition"] != revision or "FAILED" in states:
        return Outcome.FAILED
    if states == {"COMPLETED"} and len(service["deployments"]) == 1:
        return Outcome.COMPLETED
    return Outcome.UNFINISHED


def await_outcome(service: Service, revision: str, *, within_seconds: float) -> Outcome:
    ended = [Outcome.UNFINISHED]

    def has_ended() -> bool:
        ended[0] = outcome_of(service.read(), revision)
        return ended[0] is not Outcome.UNFINISHED

    wait_until(has_ended, within_seconds=within_seconds)
    return ended[0]


def explain(service: Service, *, since: datetime) -> str | None:
    """Why the newest revision does not serve, which one does, and what its tasks said; None where that isn't so.

    `since` is when the rollout began: what stopped earlier is another rollout's.
    """
    found, revisions = service.find(), service.revisions()
    if found is None or not revisions:
        return None
    failed = [task for task in service.tasks(stopped=True) if _is_of(task, revisions[0], since)]
    if not failed:
        return None
    sections = [
        f"{id_of(revisions[0])} did not come into service. {_serving(found, failed=revisions[0])}",
        *_section("Why its tasks stopped:", _reasons(failed)),
        *_section("What the last of them logged:", service.last_log_lines(failed[0], most=_LOG_LINES_SHOWN)),
        *_section("What ECS said, newest first:", _events(found, since)),
    ]
    return "\n".join(sections)


def _is_of(task: Record, revision: str, since: datetime) -> bool:
    return bool(task["taskDefinitionArn"] == revision and task["createdAt"] >= since)


def _serving(service: Record, *, failed: str) -> str:
    others = [one for one in service["deployments"] if one["taskDefinition"] != failed and one["runningCount"]]
    if not others:
        return "Nothing else was running: the API does not answer."
    serving = others[0]
    return f"{id_of(serving['taskDefinition'])} serves on, with {serving['runningCount']} running."


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)] if lines else []


def _reasons(tasks: list[Record]) -> list[str]:
    counted = Counter(reason_of(task) for task in tasks)
    return [f"{count} x {reason}" for reason, count in counted.most_common()]


def reason_of(task: Record) -> str:
    """Why ECS stopped it, with each container's own reason and exit code."""
    reason = task.get("stoppedReason") or task.get("stopCode") or "no reason given"
    containers = "; ".join(filter(None, (_end_of(container, but=reason) for container in task.get("containers", []))))
    return f"{reason} ({containers})" if containers else str(reason)


def _end_of(container: Record, *, but: str) -> str:
    """What the container's end adds to `but`, its task's reason."""
    code = f"exit code {container['exitCode']}" if container.get("exitCode") is not None else ""
    own = container.get("reason") or ""
    said = ", ".join(filter(None, (code, "" if own in but else own)))
    return f"{container['name']}: {said}" if said else ""


def _events(service: Record, since: datetime) -> list[str]:
    recent = [event for event in service["events"] if event["createdAt"] >= since]
    return [f"{event['createdAt']:%H:%M:%S} {event['message']}" for event in recent[:_EVENTS_SHOWN]]
