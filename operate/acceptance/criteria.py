"""The specification's success criteria, story scenarios and edge cases that are about a running system, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from operate.acceptance import losses, rollouts, scaling, standing
from operate.acceptance.findings import Criterion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from operate.acceptance.findings import Finding
    from operate.acceptance.target import Target


@dataclass(frozen=True)
class Check:
    """One act that judges one criterion or several, in their order. A disruptive one changes what is deployed."""

    criteria: tuple[Criterion, ...]
    run: Callable[[Target], Sequence[Finding]]
    disruptive: bool = True
    needs_containers: bool = True


CHECKS = (
    Check(
        (
            Criterion(
                "SC-001", "/health answers 200 through the load balancer", "within 30 s of the service's creation"
            ),
        ),
        standing.first_answer_in_time,
        disruptive=False,
    ),
    Check(
        (Criterion("SC-002", "A task's logs are in its log group", "within 1 min of its start"),),
        standing.logs_in_time,
        disruptive=False,
    ),
    Check(
        (Criterion("SC-006", "The plan shows every ECS resource", "all of them, no errors"),),
        standing.plan_is_whole,
        disruptive=False,
        needs_containers=False,
    ),
    Check(
        (Criterion("SC-003", "A killed task is replaced and the API answers", "within 2 min"),),
        losses.killed_task,
    ),
    Check((Criterion("US1.3", "A crashed container is replaced", "within 2 min"),), losses.crashed_container),
    Check(
        (Criterion("EC-3", "A task over its memory limit is killed and replaced", "within 2 min"),),
        losses.memory_exceeded,
    ),
    Check(
        (
            Criterion("SC-004", "A rolling deployment under load", "no failed request, 50 or more a second"),
            Criterion(
                "US3.2", "The new version serves, the old one drains and is gone", "old tasks ended by themselves"
            ),
            Criterion("EC-4", "A change of the task definition under load", "no failed request, 50 or more a second"),
        ),
        rollouts.rolling_deployment,
    ),
    Check(
        (Criterion("US3.3a", "A version that crashes is rolled back", "the old one serves on, no failed request"),),
        rollouts.crashing_release,
    ),
    Check(
        (
            Criterion(
                "US3.3b", "A version that is unhealthy is rolled back", "the old one serves on, no failed request"
            ),
        ),
        rollouts.unhealthy_release,
    ),
    Check(
        (
            Criterion(
                "EC-1", "A release whose image is missing is rolled back", "the old one serves on; CannotPull shown"
            ),
        ),
        rollouts.missing_image,
    ),
    Check(
        (Criterion("EC-2", "All tasks unhealthy", "503, ECS keeps launching, and it heals"),),
        rollouts.nothing_healthy,
    ),
    Check(
        (Criterion("SC-005", "Sustained CPU load adds a task", "within 5 min"),),
        scaling.scaled_out,
    ),
)


def ids() -> list[str]:
    return [criterion.id for check in CHECKS for criterion in check.criteria]
