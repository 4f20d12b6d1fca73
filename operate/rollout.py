"""How a rollout ended, and why: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html"""

from __future__ import annotations

import contextlib
from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING

from operate import progress
from operate.errors import OperateError
from operate.service import Service, id_of, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_ecs.type_defs import ContainerTypeDef, ServiceTypeDef, TaskTypeDef

_EVENTS_SHOWN = 5
_LOG_LINES_SHOWN = 8


class Outcome(Enum):
    COMPLETED = "completed"
    FAILED = "failed"
    UNFINISHED = "unfinished"


def outcome_of(service: ServiceTypeDef, revision: str) -> Outcome:
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


def require_completed(service: Service, *, since: datetime) -> None:
    """The provider calls a first deployment stable as soon as its tasks run, healthy or not."""
    minutes = service.environment.settings.deployment.steady_state_timeout_minutes
    revision = service.read()["taskDefinition"]
    with progress.step(f"waiting for the rollout of {id_of(revision)}"):
        outcome = await_outcome(service, revision, within_seconds=minutes * 60)
    if outcome is not Outcome.COMPLETED:
        why = explain(service, since=since)
        raise OperateError(why or f"{id_of(revision)} did not come into service: its rollout is {outcome.value}.")


@contextlib.contextmanager
def explained(service: Service, *, since: datetime) -> Iterator[None]:
    """Adds to an OperateError why the service's newest revision does not serve, where that is so."""
    try:
        yield
    except OperateError as error:
        raise OperateError("\n\n".join(filter(None, (str(error), explain(service, since=since))))) from None


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
    logged = [event["message"].rstrip() for event in service.log_events(failed[0], most=_LOG_LINES_SHOWN)]
    sections = [
        f"{id_of(revisions[0])} did not come into service. {_serving(found, failed=revisions[0])}",
        *_section("Why its tasks stopped:", _reasons(failed)),
        *_section("What the last of them logged:", logged),
        *_section("What ECS said, newest first:", _events(found, since)),
    ]
    return "\n".join(sections)


def _is_of(task: TaskTypeDef, revision: str, since: datetime) -> bool:
    return task["taskDefinitionArn"] == revision and task["createdAt"] >= since


def _serving(service: ServiceTypeDef, *, failed: str) -> str:
    others = [one for one in service["deployments"] if one["taskDefinition"] != failed and one["runningCount"]]
    if not others:
        return "Nothing else was running: the API does not answer."
    serving = others[0]
    return f"{id_of(serving['taskDefinition'])} serves on, with {serving['runningCount']} running."


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)] if lines else []


def _reasons(tasks: list[TaskTypeDef]) -> list[str]:
    counted = Counter(reason_of(task) for task in tasks)
    return [f"{count} x {reason}" for reason, count in counted.most_common()]


def reason_of(task: TaskTypeDef) -> str:
    """Why ECS stopped it, with each container's own reason and exit code."""
    reason = task.get("stoppedReason") or task.get("stopCode") or "no reason given"
    containers = "; ".join(filter(None, (_end_of(container, but=reason) for container in task.get("containers", []))))
    return f"{reason} ({containers})" if containers else reason


def _end_of(container: ContainerTypeDef, *, but: str) -> str:
    """What the container's end adds to `but`, its task's reason."""
    code = f"exit code {container['exitCode']}" if container.get("exitCode") is not None else ""
    own = container.get("reason") or ""
    said = ", ".join(filter(None, (code, "" if own in but else own)))
    return f"{container['name']}: {said}" if said else ""


def _events(service: ServiceTypeDef, since: datetime) -> list[str]:
    recent = [event for event in service["events"] if event["createdAt"] >= since]
    return [f"{event['createdAt']:%H:%M:%S} {event['message']}" for event in recent[:_EVENTS_SHOWN]]
