"""A version that is healthy and fails, which only an alarm can tell, and a good one under the same alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operate.acceptance.checks.check import judges
from operate.acceptance.criteria import Criterion, Finding, NotRunError
from operate.running import alarms
from operate.running.rollout import Outcome
from operate.service import id_of

if TYPE_CHECKING:
    from operate.acceptance.service_under_test import ServiceUnderTest

_RATE_PER_SECOND = 20
_PATH = "/version"


@judges(
    Criterion("ALARM-1", "A good version is released under alarms", "it comes into service, no failed request"),
    Criterion("ALARM-2", "A version that answers 500, healthy as it is, is rolled back", "by an alarm that is named"),
)
def watched_versions(tested: ServiceUnderTest) -> list[Finding]:
    if not tested.deployment_alarms:
        raise NotRunError("no alarm rolls a deployment back: alarms.roll_back names none")
    if not tested.is_local:
        raise NotRunError("only the sample API of the embedded AWS fails on purpose while it is healthy")
    return [_good_version(tested), _failing_version(tested)]


def _good_version(tested: ServiceUnderTest) -> Finding:
    with tested.watched("A good version under alarms", rate_per_second=_RATE_PER_SECOND, path=_PATH) as timeline:
        revision = tested.register("next")
        began = timeline.mark(f"released {id_of(revision)}")
        tested.release(revision)
        outcome = tested.await_outcome(revision)
        seconds = timeline.mark(f"{id_of(revision)}: {outcome.value}") - began
    summary = timeline.summary
    measured = (
        f"{outcome.value} after {seconds:.0f} s, alarms looked at included; "
        f"{summary.failed} of {summary.sent} requests failed"
    )
    figures = {"seconds": round(seconds, 1), "requests": summary.sent, "failed": summary.failed}
    return Finding(outcome is Outcome.COMPLETED and not summary.failed, measured, figures, timeline)


def _failing_version(tested: ServiceUnderTest) -> Finding:
    """What is served in the end is what was served in the beginning, and answers again."""
    before = tested.service.read()["taskDefinition"]
    title = "A version that answers 500, and is healthy, is released"
    with tested.watched(title, rate_per_second=_RATE_PER_SECOND, path=_PATH) as timeline:
        revision = tested.register("server-errors")
        began = timeline.mark(f"released {id_of(revision)}, which answers 500")
        tested.release(revision)
        outcome = tested.await_outcome(revision)
        seconds = timeline.mark(f"{id_of(revision)}: {outcome.value}") - began
        settled = tested.await_outcome(before)
    since = tested.service.task_definition(revision)["registeredAt"]
    lines = alarms.that_rolled_back(tested.service, tested.service.read(), since=since)
    named = [line for line in lines if line.partition(":")[0] in tested.deployment_alarms]
    passed = outcome is Outcome.FAILED and settled is Outcome.COMPLETED and bool(named) and timeline.answers()
    summary = timeline.summary
    measured = (
        f"{'rolled back' if outcome is Outcome.FAILED else outcome.value} after {seconds:.0f} s; "
        f"{summary.failed} of {summary.sent} requests failed; {'; '.join(lines) or 'no alarm was raised'}"
    )
    figures = {"seconds": round(seconds, 1), "requests": summary.sent, "failed": summary.failed}
    return Finding(passed, measured, figures, timeline)
