"""How a rollout ended, and why: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from operate import progress
from operate.environment import NotToldError, answering, said_if_not_told
from operate.errors import OperateError
from operate.running import alarms
from operate.service import Service, id_of, short_id, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mypy_boto3_ecs.type_defs import ContainerTypeDef, ServiceTypeDef, TaskTypeDef

_EVENTS_SHOWN = 5
_LOG_LINES_SHOWN = 8
_KILLED = 137
_DEFAULT_STOP_SECONDS = 30
_SCHEDULER_SECONDS = 30  # that ECS may take to act on what it sees
_STOPPED_BY_ECS = ("ServiceSchedulerInitiated", "UserInitiated", "SpotInterruption")
_FAILED_DEPLOYMENT = re.compile(r"\(deployment (\S+)\) deployment failed")
_CODES = re.compile(r"with these codes: \[(\d+)\]")


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
        with explained(service, since=since):
            raise OperateError(f"ECS reports the rollout of {id_of(revision)} as {outcome.value}.")
    with said_if_not_told(), answering("Whether replaced tasks had to be killed is not known"):
        if warning := killed(service, _since(since, service.tasks(stopped=True))):
            progress.console.print(warning, style="yellow")


@contextlib.contextmanager
def explained(service: Service, *, since: datetime) -> Iterator[None]:
    """Adds to an OperateError why the service's newest revision does not serve, where that is so, or AWS's refusal."""
    try:
        yield
    except OperateError as error:
        try:
            with answering(f"Whether {service.name} serves, and why not, is not known"):
                why = explain(service, since=since)
        except NotToldError as refused:
            why = str(refused)
        raise OperateError("\n\n".join(filter(None, (str(error), why)))) from None


@dataclass(frozen=True)
class Failure:
    """Of a rollout. `alarms` took it back; `reasons` are ECS's; `meaning` is what they don't say by themselves."""

    headline: str
    alarms: list[str]
    reasons: list[str]
    meaning: list[str]
    logged: list[str]

    def __str__(self) -> str:
        sections = [
            self.headline,
            *_section("Which alarm took it back, and what it saw:", self.alarms),
            *_section("Why its tasks stopped:", self.reasons),
            *_section("What that means:", self.meaning),
            *_section("What the last of them logged:", self.logged),
        ]
        return "\n".join(sections)


def explain(service: Service, *, since: datetime) -> str | None:
    """Why the newest revision does not serve, which one does, and what its tasks said; None where that isn't so.

    `since` is when the rollout began: what stopped earlier is another rollout's.
    """
    found, revisions = service.find(), service.revisions()
    if found is None or not revisions:
        return None
    stopped = _since(since, service.tasks(stopped=True))
    failed = [task for task in stopped if task["taskDefinitionArn"] == revisions[0] and task["createdAt"] >= since]
    raised = alarms.that_rolled_back(service, found, since=since)
    if not failed and not raised:
        return killed(service, stopped)
    headline = f"{id_of(revisions[0])} did not come into service. {_serving(found, failed=revisions[0])}"
    failure = _failure(service, found, failed, headline=headline, stopped=stopped, raised=raised)
    return "\n".join([str(failure), *_section("What ECS said, newest first:", _events(found, since))])


def _since(began: datetime, stopped: list[TaskTypeDef]) -> list[TaskTypeDef]:
    """A task that never started has no time at which it began to stop."""
    return [task for task in stopped if task.get("stoppingAt", task["createdAt"]) >= began]


def last_failure(service: Service, found: ServiceTypeDef, stopped: list[TaskTypeDef]) -> Failure | None:
    """Of the last deployment, or of the one that is in progress; None where no task of it has failed.

    `found` is the service's description, `stopped` are its stopped tasks, which ECS lists for about an hour.
    """
    deployment = _troubled_deployment(found)
    if deployment is None:
        return None
    failed = [task for task in stopped if task.get("startedBy") == deployment]
    revision = _revision_of(deployment, found, failed)
    in_progress = any(
        one["id"] == deployment and one.get("rolloutState") == "IN_PROGRESS" for one in found["deployments"]
    )
    headline = f"{revision} {'is not in service yet' if in_progress else 'did not come into service'}."
    if not failed:
        return Failure(f"{headline} ECS lists none of its tasks any more.", [], [], [], [])
    raised = alarms.that_rolled_back(service, found, since=min(task["createdAt"] for task in failed))
    serving = _serving(found, failed=failed[0]["taskDefinitionArn"])
    return _failure(service, found, failed, headline=f"{headline} {serving}", stopped=stopped, raised=raised)


def _troubled_deployment(found: ServiceTypeDef) -> str | None:
    """The id of one that has failed, that fails now, or that ECS has rolled back, where none has followed it."""
    primary = next(one for one in found["deployments"] if one["status"] == "PRIMARY")
    states = {one["id"]: one.get("rolloutState") for one in found["deployments"]}
    if states[primary["id"]] == "IN_PROGRESS" and primary.get("failedTasks"):
        return primary["id"]
    said = [event["message"] for event in found["events"]]
    went_back = any(f"rolling back to deployment {primary['id']}" in message for message in said)
    rolled_back = [match[1] for message in said if (match := _FAILED_DEPLOYMENT.search(message))] if went_back else []
    return next(iter([*(id_ for id_, state in states.items() if state == "FAILED"), *rolled_back]), None)


def _revision_of(deployment: str, found: ServiceTypeDef, failed: list[TaskTypeDef]) -> str:
    listed = [one["taskDefinition"] for one in found["deployments"] if one["id"] == deployment]
    arns = [*listed, *(task["taskDefinitionArn"] for task in failed)]
    return id_of(arns[0]) if arns else f"The deployment {deployment}"


def _failure(
    service: Service,
    found: ServiceTypeDef,
    failed: list[TaskTypeDef],
    *,
    headline: str,
    stopped: list[TaskTypeDef],
    raised: list[str],
) -> Failure:
    """Of tasks that served until an alarm took them back, why they stopped says nothing."""
    if raised:
        logged = [line for task in failed[:1] for line in _last_words(service, task)]
        return Failure(headline, raised, [], [], logged)
    began = min(task["createdAt"] for task in failed)
    events = [event["message"] for event in found["events"] if event["createdAt"] >= began]
    meaning = [*filter(None, (_short_grace(service, found, failed, events), killed(service, _since(began, stopped))))]
    return Failure(headline, [], _reasons(failed), meaning, _last_words(service, failed[0]))


def _last_words(service: Service, task: TaskTypeDef) -> list[str]:
    """Or one line that says why they could not be read."""
    try:
        with answering("The log could not be read"):
            return [event["message"].rstrip() for event in service.log_events(task, most=_LOG_LINES_SHOWN)]
    except NotToldError as error:
        return [str(error)]


def _short_grace(service: Service, found: ServiceTypeDef, failed: list[TaskTypeDef], events: list[str]) -> str | None:
    """Where tasks were stopped as soon as ECS looks at their health, and answered nothing that is a wrong answer."""
    unhealthy = [
        task for task in failed if "ELB health checks" in task.get("stoppedReason", "") and "startedAt" in task
    ]
    codes = {code for message in events for code in _CODES.findall(message)}
    if not unhealthy or codes - {"503"}:
        return None
    settings, check = service.environment.settings, service.target_group
    grace_seconds = found.get("healthCheckGracePeriodSeconds", 0)
    interval_seconds = check["HealthCheckIntervalSeconds"]
    judged_after = max(grace_seconds, interval_seconds * check["UnhealthyThresholdCount"]) + 2 * interval_seconds
    lived = sorted((task["stoppingAt"] - task["startedAt"]).total_seconds() for task in unhealthy)
    if lived[0] > judged_after + _SCHEDULER_SECONDS:
        return None
    return (
        f"ECS stopped a task {lived[0]:.0f} s after its start for failing health checks, and the grace period "
        f"is {grace_seconds} s. If the API takes longer to start, the grace period is shorter than the start: raise "
        f"health_check_grace_period_seconds under [deployment] in environments/{settings.name}.toml."
    )


def killed(service: Service, stopped: Iterable[TaskTypeDef]) -> str | None:
    """What to say of tasks that did not end of SIGTERM in time: SIGKILL's exit code, and no lack of memory."""
    found = [(task, names[0]) for task in stopped if (names := _killed_containers(task))]
    if not found:
        return None
    task, name = found[0]
    container = own = service.container(task["taskDefinitionArn"])
    whose, table = "the API", "[container]"
    if own.get("name", name) != name:
        container = service.container(task["taskDefinitionArn"], name=name)
        whose, table = f"the sidecar {name}", "[[container.sidecars]]"
    seconds = container.get("stopTimeout") or _DEFAULT_STOP_SECONDS
    tasks = "1 task" if len(found) == 1 else f"{len(found)} tasks"
    return (
        f"{tasks}, {short_id(task['taskArn'])} last, did not end on SIGTERM and had to be killed after the stop "
        f"timeout of {seconds} s (exit code {_KILLED}): what was under way was cut off. Let {whose} end on SIGTERM, or "
        f"raise stop_timeout_seconds under {table}."
    )


def _killed_containers(task: TaskTypeDef) -> list[str]:
    if task.get("stopCode") not in _STOPPED_BY_ECS:
        return []
    killed = [one for one in task["containers"] if one.get("exitCode") == _KILLED]
    return [one["name"] for one in killed if "OutOfMemory" not in one.get("reason", "")]


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
