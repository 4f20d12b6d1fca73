"""A new version, and a changed task definition, released under load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from operate.acceptance.checks.check import judges
from operate.acceptance.criteria import Criterion, Finding, NotRunError
from operate.running import rollout
from operate.running.rollout import Outcome
from operate.service import id_of

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import TaskTypeDef

    from operate.acceptance.service_under_test import ServiceUnderTest
    from operate.acceptance.timeline import Timeline

LEAST_RATE_PER_SECOND = 50
RATE_PER_SECOND = 60  # with something to spare for a busy machine


@dataclass(frozen=True)
class _Rollout:
    outcome: Outcome
    seconds: float
    revision: str
    replaced: list[TaskTypeDef]  # the tasks that ran before, as they ended
    timeline: Timeline
    predicted_seconds: float | None = None


@judges(
    Criterion("SC-004", "A rolling deployment under load", "no failed request, 50 or more a second"),
    Criterion("US3.2", "The new version serves, the old one drains and is gone", "old tasks ended by themselves"),
    Criterion("EC-4", "A change of the task definition under load", "no failed request, 50 or more a second"),
)
def there_and_back(tested: ServiceUnderTest) -> list[Finding]:
    """Back by a change of the task definition."""
    there = _roll(tested, "A rolling deployment under load", tested.register("next"))
    back = _roll(tested, "A change of the task definition under load", tested.found["taskDefinition"])
    return [_no_request_failed(there), _drained(there, back), _no_request_failed(back)]


def _roll(tested: ServiceUnderTest, title: str, revision: str) -> _Rollout:
    with tested.watched(title, rate_per_second=RATE_PER_SECOND) as timeline:
        before = [task["taskArn"] for task in tested.service.tasks()]
        began = timeline.mark(f"released {id_of(revision)}")
        tested.release(revision)
        outcome = tested.await_outcome(revision)
        replaced = tested.await_stopped(before) if outcome is Outcome.COMPLETED else []
        seconds = timeline.mark(f"{id_of(revision)}: {outcome.value}") - began
        predicted_seconds = tested.predicted_rollout_seconds(new=tested.service.tasks(), replaced=replaced)
    return _Rollout(outcome, seconds, revision, replaced, timeline, predicted_seconds)


def _no_request_failed(rolled: _Rollout) -> Finding:
    summary = rolled.timeline.summary
    figures = {
        "requests": summary.sent,
        "failed": summary.failed,
        "rate_per_second": round(summary.rate_per_second, 1),
        "p99_ms": round(summary.p99_ms, 1),
        "seconds": round(rolled.seconds, 1),
    }
    predicted = ""
    if rolled.predicted_seconds is not None:
        figures["predicted_seconds"] = round(rolled.predicted_seconds, 1)
        predicted = f" ({rolled.predicted_seconds:.0f} s predicted)"
    if rolled.outcome is not Outcome.COMPLETED:
        measured = f"the rollout of {id_of(rolled.revision)} is {rolled.outcome.value} after {rolled.seconds:.0f} s"
        return Finding(passed=False, measured=measured, figures=figures, timeline=rolled.timeline)
    lasted = f"{rolled.seconds:.0f} s{predicted}"
    measured = f"{summary.failed} of {summary.sent} failed at {summary.rate_per_second:.0f}/s, {lasted}"
    if not summary.failed and summary.rate_per_second < LEAST_RATE_PER_SECOND:
        raise NotRunError(f"this machine sent no more than {summary.rate_per_second:.0f} requests a second")
    return Finding(not summary.failed, measured, figures, rolled.timeline)


def _drained(there: _Rollout, back: _Rollout) -> Finding:
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


def _ended_well(task: TaskTypeDef) -> bool:
    return all(container.get("exitCode") in {0, None} for container in task["containers"])


def _late_answers(rolled: _Rollout) -> int:
    """Where the API says its version; any other answers like the old one."""
    versions = rolled.timeline.summary.versions
    ended = [task["stoppedAt"].timestamp() for task in rolled.replaced if task.get("stoppedAt")]
    if len(versions) < 2 or not ended:  # noqa: PLR2004
        return 0
    return sum(one.sent_at > max(ended) and one.version == versions[0] for one in rolled.timeline.samples)
