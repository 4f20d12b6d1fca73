"""How soon after its creation the service's `/health` answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from operate.acceptance.checks.check import judges
from operate.acceptance.criteria import Criterion, Finding, NotRunError
from operate.running import startup_time

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_ecs.type_defs import ServiceTypeDef

    from operate.acceptance.service_under_test import ServiceUnderTest

FIRST_ANSWER_SECONDS = 30
_EVENTS_KEPT_BY_ECS = 100


@judges(
    Criterion("SC-001", "/health answers 200 through the load balancer", "within 30 s of the service's creation"),
    disruptive=False,
)
def first_answer(tested: ServiceUnderTest) -> list[Finding]:
    """What was measured while it was deployed, else what ECS's events say of the service's first steady state."""
    answer = tested.ask()
    if answer is None or answer.status_code != httpx.codes.OK:
        return [Finding(passed=False, measured=f"/health answers {answer.status_code if answer else 'nothing'} now")]
    measured = startup_time.read(tested.service)
    if measured:
        return [_in_time(measured.seconds, "after the service's creation")]
    return [_in_time(_seconds_until_steady(tested), "to the first steady state, by ECS's events")]


def _in_time(seconds: float, since: str) -> Finding:
    return Finding(seconds <= FIRST_ANSWER_SECONDS, f"{seconds:.1f} s {since}", {"seconds": round(seconds, 2)})


def _seconds_until_steady(tested: ServiceUnderTest) -> float:
    service = tested.service.read()
    if len(service["events"]) >= _EVENTS_KEPT_BY_ECS:
        raise NotRunError("the service's creation was not watched by `deploy` here, and is older than ECS's events")
    steady = _times(service, "has reached a steady state")
    if not steady:
        raise NotRunError("the service's creation was not watched by `deploy` here, and has not been steady yet")
    if any(failed < min(steady) for failed in _times(service, "deployment failed")):
        raise NotRunError("the service's first deployment failed: how long its repair took says nothing")
    return (min(steady) - service["createdAt"]).total_seconds()


def _times(service: ServiceTypeDef, words: str) -> list[datetime]:
    """Of the events that say so."""
    return [event["createdAt"] for event in service["events"] if words in event["message"]]
