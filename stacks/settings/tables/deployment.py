"""[deployment]: how ECS replaces tasks."""

from __future__ import annotations

from typing import Annotated, Final

from constructs_lib import defaults
from stacks.settings.base import MAX_INT32, Settings, between

MOST_MINUTES: Final = 7 * 24 * 60
"""A week: Terraform's own limit is in centuries."""


class Deployment(Settings):
    """FR-008. The percents are of the desired count."""

    minimum_healthy_percent: Annotated[int, between(0, 100)] = defaults.MINIMUM_HEALTHY_PERCENT
    """Percent of the desired count that serves at any time of a deployment, rounded up."""
    maximum_percent: Annotated[int, between(100, MAX_INT32)] = defaults.MAXIMUM_PERCENT
    """Percent of the desired count that may run at any time of a deployment, rounded down."""
    health_check_grace_period_seconds: Annotated[int, between(0, MAX_INT32)] = (
        defaults.HEALTH_CHECK_GRACE_PERIOD_SECONDS
    )
    """Seconds for which a new task's failing health checks are ignored."""
    steady_state_timeout_minutes: Annotated[int, between(1, MOST_MINUTES)] = defaults.STEADY_STATE_TIMEOUT_MINUTES
    """Minutes for which Terraform waits for a deployment to end."""

    def stuck_rollout_remedy(self, tasks: int, *, key: str = "scaling.min_capacity") -> str | None:
        """What would let a rollout of `tasks` tasks, which `key` says, proceed; None when it proceeds as it is.

        ECS keeps ceil(minimum) tasks and runs at most floor(maximum). What proceeds with few tasks
        proceeds with more, so it is enough to ask about the least desired count.
        """
        kept = -(-self.minimum_healthy_percent * tasks // 100)
        most = self.maximum_percent * tasks // 100
        if most > tasks or kept < tasks:
            return None
        count = "1 task" if tasks == 1 else f"{tasks} tasks"
        return (
            f"with {count} ({key}) no rollout can proceed: {kept} must stay and at most {most} may run. "
            f"Set deployment.maximum_percent to at least {100 - -100 // tasks},"
            f" or deployment.minimum_healthy_percent to at most {100 * (tasks - 1) // tasks}"
        )
