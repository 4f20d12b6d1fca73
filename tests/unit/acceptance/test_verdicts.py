"""Each judgement is fed what must fail it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from operate.acceptance.checks import rolling_deployment, task_replacement
from operate.acceptance.criteria import Criterion, Finding, NotRunError, Result, Verdict, exit_code
from operate.acceptance.load import Sample
from operate.acceptance.run import Options
from operate.acceptance.timeline import Timeline
from operate.errors import OperateError
from operate.running import rollout
from operate.running.rollout import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

CRITERION = Criterion("SC-000", "something holds", "always")


def timeline(*statuses: int | None, rate: float = 60, versions: Sequence[str] = ()) -> Timeline:
    named = versions or ["v1"] * len(statuses)
    samples = [Sample(number / rate, 0.01, status, named[number]) for number, status in enumerate(statuses)]
    return Timeline("a run", began_at=0, ended_at=len(statuses) / rate, samples=samples)


def task(*, exit_code: int | None = 0, status: str = "STOPPED", stopped_at: float = 100) -> Any:
    return {
        "lastStatus": status,
        "stoppedReason": "Scaling activity",
        "stoppedAt": datetime.fromtimestamp(stopped_at, timezone.utc),
        "containers": [{"name": "api", "exitCode": exit_code}],
    }


def roll(seen: Timeline, *replaced: Any, outcome: Outcome = Outcome.COMPLETED) -> rolling_deployment._Rollout:
    return rolling_deployment._Rollout(outcome, 30.0, "task-definition/api:2", list(replaced), seen)


GOOD = timeline(*[200] * 600)


def test_a_rollout_without_a_failure_passes() -> None:
    """At 60 requests a second."""
    assert rolling_deployment._no_request_failed(roll(GOOD)).passed


def test_the_predicted_seconds_stand_beside_the_measured_ones() -> None:
    """As a plan would have told them; where it would not, there is no figure."""
    finding = rolling_deployment._no_request_failed(replace(roll(GOOD), predicted_seconds=25.0))
    assert (finding.figures["seconds"], finding.figures["predicted_seconds"]) == (30.0, 25.0)
    assert finding.measured.endswith(", 30 s (25 s predicted)")
    assert "predicted_seconds" not in rolling_deployment._no_request_failed(roll(GOOD)).figures


@pytest.mark.parametrize("status", [502, 503, 500, 404, None])
def test_one_failed_request_fails_a_rollout(status: int | None) -> None:
    """One of 600, whatever its kind."""
    finding = rolling_deployment._no_request_failed(roll(timeline(*[200] * 300, status, *[200] * 299)))
    assert not finding.passed
    assert finding.measured.startswith("1 of 600 failed")


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNFINISHED])
def test_a_rollout_that_did_not_complete_fails(outcome: Outcome) -> None:
    """Even though no request failed."""
    assert not rolling_deployment._no_request_failed(roll(GOOD, outcome=outcome)).passed
    assert not rolling_deployment._drained(roll(GOOD, outcome=outcome), roll(GOOD)).passed


def test_too_slow_a_load_proves_nothing() -> None:
    """Under 50 a second it is not run; but a failure it has seen is a failure."""
    with pytest.raises(NotRunError, match="no more than 30 requests a second"):
        rolling_deployment._no_request_failed(roll(timeline(*[200] * 60, rate=30)))
    assert not rolling_deployment._no_request_failed(roll(timeline(*[200] * 60, 502, rate=30))).passed


def test_tasks_that_end_by_themselves_have_drained() -> None:
    """Exit code 0, and none where a container never ran."""
    assert rolling_deployment._drained(roll(GOOD, task(), task(exit_code=None)), roll(GOOD, task())).passed


@pytest.mark.parametrize(
    ("there", "back"),
    [
        (task(exit_code=143), task()),
        (task(exit_code=137), task()),
        (task(), task(exit_code=2)),
        (task(status="RUNNING"), task()),
    ],
)
def test_a_task_that_is_killed_or_stays_has_not_drained(there: dict[str, Any], back: dict[str, Any]) -> None:
    """By SIGTERM, by SIGKILL, by the runtime's own exit, or not at all; on either way."""
    assert not rolling_deployment._drained(roll(GOOD, there), roll(GOOD, back)).passed


def test_an_answer_of_the_old_version_after_its_end_fails() -> None:
    """Something old still serves."""
    seen = timeline(*[200] * 120, versions=["v1"] * 60 + ["v2"] * 59 + ["v1"])
    assert not rolling_deployment._drained(roll(seen, task(stopped_at=1.5)), roll(GOOD)).passed


def test_a_task_that_is_not_replaced_in_time_fails() -> None:
    """And one that is replaced does not, unless it ended for another reason than it should have."""
    assert not task_replacement._Replacement(None, [], GOOD).finding().passed
    assert task_replacement._Replacement(9.5, [], GOOD).finding().passed
    for_another_reason = task_replacement._Replacement(9.5, [task(exit_code=0)], GOOD)
    assert not for_another_reason.finding_if(lambda one: task_replacement._exit_codes(one) - {0}).passed


def result(verdict: Verdict) -> Result:
    return Result(CRITERION, verdict, "")


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.PASS, Verdict.NOT_RUN], 0),
        ([Verdict.PASS, Verdict.FAIL], 1),
        ([Verdict.FAIL], 1),
        ([Verdict.NOT_RUN], 1),
        ([], 1),
    ],
)
def test_exit_code(verdicts: list[Verdict], code: int) -> None:
    """0 needs something that passed and nothing that failed: a run in which nothing ran proves nothing."""
    assert exit_code([result(verdict) for verdict in verdicts]) == code


def test_a_finding_becomes_its_verdict() -> None:
    """Nothing in between."""
    assert Result.of(CRITERION, Finding(passed=False, measured=""), seconds=1).verdict is Verdict.FAIL
    assert Result.of(CRITERION, Finding(passed=True, measured=""), seconds=1).verdict is Verdict.PASS


def deployment(revision: str, state: str, status: str = "ACTIVE") -> Any:
    return {"taskDefinition": revision, "rolloutState": state, "status": status}


@pytest.mark.parametrize(
    ("deployments", "outcome"),
    [
        ([deployment("api:2", "COMPLETED", "PRIMARY")], Outcome.COMPLETED),
        ([deployment("api:2", "COMPLETED", "PRIMARY"), deployment("api:1", "COMPLETED")], Outcome.UNFINISHED),
        ([deployment("api:2", "IN_PROGRESS", "PRIMARY"), deployment("api:1", "COMPLETED")], Outcome.UNFINISHED),
        ([deployment("api:2", "FAILED", "PRIMARY")], Outcome.FAILED),
        ([deployment("api:1", "IN_PROGRESS", "PRIMARY"), deployment("api:2", "FAILED")], Outcome.FAILED),
        ([deployment("api:1", "COMPLETED", "PRIMARY")], Outcome.FAILED),
    ],
)
def test_a_rollouts_outcome(deployments: list[Any], outcome: Outcome) -> None:
    """A roll back is a failure from its first moment until it has left nothing to see."""
    assert rollout.outcome_of({"deployments": deployments}, "api:2") is outcome


def test_an_unknown_criterion_is_refused() -> None:
    """The message names it and those that there are."""
    with pytest.raises(OperateError, match=r"There is no criterion SC-9\. There are: SC-001, .*SC-005"):
        Options(only=frozenset({"SC-9", "SC-001"})).chosen()
    (check,) = Options(only=frozenset({"US3.2"})).chosen()
    assert [criterion.id for criterion in check.criteria] == ["SC-004", "US3.2", "EC-4"]
