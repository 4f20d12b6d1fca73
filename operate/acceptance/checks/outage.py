"""No task is healthy: the load balancer answers 503 until a good version is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from operate.acceptance.checks.check import judges
from operate.acceptance.criteria import Criterion, Finding
from operate.service import id_of, wait_until

if TYPE_CHECKING:
    from operate.acceptance.service_under_test import ServiceUnderTest
    from operate.acceptance.timeline import Timeline

_RATE_PER_SECOND = 10
_LAUNCHES = 2


@judges(Criterion("EC-2", "All tasks unhealthy", "503, ECS keeps launching, and it heals"))
def every_task_unhealthy(tested: ServiceUnderTest) -> list[Finding]:
    """Without the circuit breaker and with no task to be kept, so that an unhealthy version replaces the good one."""
    with tested.watched("All tasks are unhealthy", rate_per_second=_RATE_PER_SECOND) as timeline:
        revision = tested.register("unhealthy")
        timeline.mark(f"released {id_of(revision)} with no circuit breaker and no task to be kept")
        tested.release(
            revision,
            configuration={
                "minimumHealthyPercent": 0,
                "maximumPercent": 100,
                "deploymentCircuitBreaker": {"enable": False, "rollback": False},
            },
        )
        wait_until(
            lambda: _unavailable(timeline) and _launches(tested, revision) >= _LAUNCHES,
            within_seconds=tested.rollout_seconds,
        )
        launches = _launches(tested, revision)
        timeline.mark("put back")
        tested.restore()
    unavailable = _unavailable(timeline)
    passed = bool(unavailable) and launches >= _LAUNCHES and timeline.answers()
    measured = f"{unavailable} answers of 503; ECS launched {launches} tasks; a good version served again afterwards"
    if not timeline.answers():
        measured = f"{unavailable} answers of 503; no good answer after the good version was put back"
    return [Finding(passed, measured, {"unavailable": unavailable, "launches": launches}, timeline)]


def _unavailable(timeline: Timeline) -> int:
    return sum(sample.status == httpx.codes.SERVICE_UNAVAILABLE for sample in timeline.samples)


def _launches(tested: ServiceUnderTest, revision: str) -> int:
    running = [task for task in tested.service.tasks() if task["taskDefinitionArn"] == revision]
    return len(running) + len(tested.stopped_of(revision))
