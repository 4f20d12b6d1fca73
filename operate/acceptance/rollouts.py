"""Checks that release: a good version under load, broken ones, and one so broken that nothing serves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from operate import rollout
from operate.acceptance.findings import Finding, NotRunError
from operate.rollout import Outcome
from operate.service import id_of, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from operate.acceptance.releases import Kind
    from operate.acceptance.target import Target
    from operate.acceptance.timeline import Timeline

    Record = dict[str, Any]

LEAST_RATE_PER_SECOND = 50
_RATE_PER_SECOND = 60  # with something to spare for a busy machine
_WATCHING_RATE_PER_SECOND = 20
_OUTAGE_RATE_PER_SECOND = 10
_RELAUNCHES = 2
_UNAVAILABLE = 503
_REASON_LENGTH = 100


@dataclass(frozen=True)
class _Roll:
    outcome: Outcome
    seconds: float
    revision: str
    replaced: list[Record]  # the tasks that ran before, as they ended
    timeline: Timeline


def rolling_deployment(target: Target) -> list[Finding]:
    """There, and back by a change of the task definition, both under load."""
    there = _roll(target, "A rolling deployment under load", target.register("next"))
    back = _roll(target, "A change of the task definition under load", target.found["taskDefinition"])
    return [_nothing_failed(there), _drained(there, back), _nothing_failed(back)]


def _roll(target: Target, title: str, revision: str) -> _Roll:
    with target.watched(title, rate_per_second=_RATE_PER_SECOND) as timeline:
        before = [task["taskArn"] for task in target.service.tasks()]
        began = timeline.mark(f"released {id_of(revision)}")
        target.update(taskDefinition=revision)
        outcome = target.await_outcome(revision)
        replaced = target.await_stopped(before) if outcome is Outcome.COMPLETED else []
        seconds = timeline.mark(f"{id_of(revision)}: {outcome.value}") - began
    return _Roll(outcome, seconds, revision, replaced, timeline)


def _nothing_failed(roll: _Roll) -> Finding:
    summary = roll.timeline.summary
    figures = {
        "requests": summary.sent,
        "failed": summary.failed,
        "rate_per_second": round(summary.rate_per_second, 1),
        "p99_ms": round(summary.p99_ms, 1),
        "seconds": round(roll.seconds, 1),
    }
    if roll.outcome is not Outcome.COMPLETED:
        measured = f"the rollout of {id_of(roll.revision)} is {roll.outcome.value} after {roll.seconds:.0f} s"
        return Finding(passed=False, measured=measured, figures=figures, timeline=roll.timeline)
    measured = f"{summary.failed} of {summary.sent} failed at {summary.rate_per_second:.0f}/s, {roll.seconds:.0f} s"
    if not summary.failed and summary.rate_per_second < LEAST_RATE_PER_SECOND:
        raise NotRunError(f"this machine sent no more than {summary.rate_per_second:.0f} requests a second")
    return Finding(not summary.failed, measured, figures, roll.timeline)


def _drained(there: _Roll, back: _Roll) -> Finding:
    """The old tasks are gone, and each ended by itself: one that ignores SIGTERM dies of a signal, or with an error."""
    replaced = [*there.replaced, *back.replaced]
    alive = [task for task in replaced if task["lastStatus"] != "STOPPED"]
    abrupt = [rollout.reason_of(task) for task in replaced if not _ended_well(task)]
    late = _late_answers(there)
    problem = ""
    if {there.outcome, back.outcome} != {Outcome.COMPLETED} or alive:
        problem = f"{len(alive)} old tasks still there, rollout {there.outcome.value}"
    elif abrupt:
        problem = f"{len(abrupt)} of {len(replaced)} old tasks did not shut down gracefully: {abrupt[0]}"
    elif late:
        problem = f"{late} answers of the old version after the end of its tasks"
    measured = problem or f"{len(there.replaced)} drained and gone after {there.seconds:.0f} s"
    return Finding(passed=not problem, measured=measured, timeline=there.timeline)


def _ended_well(task: Record) -> bool:
    codes = [container["exitCode"] for container in task["containers"] if container.get("exitCode") is not None]
    return all(code == 0 for code in codes)


def _late_answers(roll: _Roll) -> int:
    """Where the API says its version; any other answers like the old one."""
    versions = roll.timeline.summary.versions
    ended = [task["stoppedAt"].timestamp() for task in roll.replaced if task.get("stoppedAt")]
    if len(versions) < 2 or not ended:  # noqa: PLR2004
        return 0
    return sum(one.sent_at > max(ended) and one.version == versions[0] for one in roll.timeline.samples)


def _broken(kind: Kind, title: str, is_why: Callable[[str], bool], target: Target) -> Sequence[Finding]:
    """ECS gives up and rolls back, and those that ran before serve on throughout."""
    with target.watched(title, rate_per_second=_WATCHING_RATE_PER_SECOND) as timeline:
        before = {task["taskArn"] for task in target.service.tasks()}
        revision = target.register(kind)
        began = timeline.mark(f"released {id_of(revision)}, {kind}")
        target.update(taskDefinition=revision)
        outcome = target.await_outcome(revision)
        seconds = timeline.mark(f"{id_of(revision)}: {outcome.value}") - began
        settled = target.await_outcome(target.found["taskDefinition"])
        kept = before & {task["taskArn"] for task in target.service.tasks()}
    reasons = sorted({rollout.reason_of(task) for task in target.stopped_of(revision)})
    summary = timeline.summary
    passed = (
        outcome is Outcome.FAILED
        and settled is Outcome.COMPLETED
        and kept == before
        and not summary.failed
        and any(is_why(reason) for reason in reasons)
    )
    measured = (
        f"{'rolled back' if outcome is Outcome.FAILED else outcome.value} after {seconds:.0f} s; {len(kept)} of "
        f"{len(before)} old tasks serve on, {summary.failed} of {summary.sent} requests failed; "
        f"{'; '.join(map(_clipped, reasons)) or 'no task was stopped'}"
    )
    figures = {"seconds": round(seconds, 1), "requests": summary.sent, "failed": summary.failed}
    return [Finding(passed, measured, figures, timeline)]


def _clipped(reason: str) -> str:
    return reason if len(reason) <= _REASON_LENGTH else f"{reason[:_REASON_LENGTH]}…"


crashing_release = partial(_broken, "crash-at-start", "A version that crashes is released", bool)
unhealthy_release = partial(
    _broken, "unhealthy", "A version that fails its health check is released", lambda why: "health check" in why
)
missing_image = partial(_broken, "missing-image", "A release whose image is missing", lambda why: "CannotPull" in why)


def nothing_healthy(target: Target) -> list[Finding]:
    """Without the circuit breaker and with no task to be kept, so that an unhealthy version replaces the good one."""
    with target.watched("All tasks are unhealthy", rate_per_second=_OUTAGE_RATE_PER_SECOND) as timeline:
        revision = target.register("unhealthy")
        timeline.mark(f"released {id_of(revision)} with no circuit breaker and no task to be kept")
        target.update(
            taskDefinition=revision,
            deploymentConfiguration={
                "minimumHealthyPercent": 0,
                "maximumPercent": 100,
                "deploymentCircuitBreaker": {"enable": False, "rollback": False},
            },
        )
        wait_until(
            lambda: _unavailable(timeline) and _launches(target, revision) >= _RELAUNCHES,
            within_seconds=target.rollout_seconds,
        )
        launches = _launches(target, revision)
        timeline.mark("put back")
        target.restore()
    unavailable = _unavailable(timeline)
    passed = bool(unavailable) and launches >= _RELAUNCHES and timeline.answers()
    measured = f"{unavailable} answers of 503; ECS launched {launches} tasks; a good version served again afterwards"
    if not timeline.answers():
        measured = f"{unavailable} answers of 503; no good answer after the good version was put back"
    return [Finding(passed, measured, {"unavailable": unavailable, "launches": launches}, timeline)]


def _unavailable(timeline: Timeline) -> int:
    return sum(sample.status == _UNAVAILABLE for sample in timeline.samples)


def _launches(target: Target, revision: str) -> int:
    running = [task for task in target.service.tasks() if task["taskDefinitionArn"] == revision]
    return len(running) + len(target.stopped_of(revision))
