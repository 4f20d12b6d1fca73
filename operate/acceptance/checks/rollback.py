"""Versions that do not come up, and that ECS rolls back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operate.acceptance.checks.check import judges
from operate.acceptance.criteria import Criterion, Finding
from operate.running import rollout
from operate.running.rollout import Outcome
from operate.service import id_of

if TYPE_CHECKING:
    from operate.acceptance.revisions import Kind
    from operate.acceptance.service_under_test import ServiceUnderTest

_RATE_PER_SECOND = 20
_LONGEST_REASON = 100


@judges(Criterion("US3.3a", "A version that crashes is rolled back", "the old one serves on, no failed request"))
def crashing_version(tested: ServiceUnderTest) -> list[Finding]:
    return _rolled_back(tested, "crash-at-start", "A version that crashes is released")


@judges(Criterion("US3.3b", "A version that is unhealthy is rolled back", "the old one serves on, no failed request"))
def unhealthy_version(tested: ServiceUnderTest) -> list[Finding]:
    title = "A version that fails its health check is released"
    return _rolled_back(tested, "unhealthy", title, reason="health check")


@judges(Criterion("EC-1", "A release whose image is missing is rolled back", "the old one serves on; CannotPull shown"))
def missing_image(tested: ServiceUnderTest) -> list[Finding]:
    return _rolled_back(tested, "missing-image", "A release whose image is missing", reason="CannotPull")


def _rolled_back(tested: ServiceUnderTest, kind: Kind, title: str, *, reason: str = "") -> list[Finding]:
    """The tasks that ran before serve on throughout; `reason` is what a stopped one has to have in its own."""
    with tested.watched(title, rate_per_second=_RATE_PER_SECOND) as timeline:
        before = {task["taskArn"] for task in tested.service.tasks()}
        revision = tested.register(kind)
        began = timeline.mark(f"released {id_of(revision)}, {kind}")
        tested.release(revision)
        outcome = tested.await_outcome(revision)
        seconds = timeline.mark(f"{id_of(revision)}: {outcome.value}") - began
        settled = tested.await_outcome(tested.found["taskDefinition"])
        kept = before & {task["taskArn"] for task in tested.service.tasks()}
    reasons = sorted({rollout.reason_of(task) for task in tested.stopped_of(revision)})
    summary = timeline.summary
    passed = (
        outcome is Outcome.FAILED
        and settled is Outcome.COMPLETED
        and kept == before
        and not summary.failed
        and any(reason in found for found in reasons)
    )
    measured = (
        f"{'rolled back' if outcome is Outcome.FAILED else outcome.value} after {seconds:.0f} s; {len(kept)} of "
        f"{len(before)} old tasks serve on, {summary.failed} of {summary.sent} requests failed; "
        f"{'; '.join(map(_clipped, reasons)) or 'no task was stopped'}"
    )
    figures = {"seconds": round(seconds, 1), "requests": summary.sent, "failed": summary.failed}
    return [Finding(passed, measured, figures, timeline)]


def _clipped(reason: str) -> str:
    return reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}…"
