"""How long a rolling deployment takes by its numbers, against the steps that ECS takes one by one."""

from __future__ import annotations

import pytest

from operate.rollout_duration import HealthCheck, RollingDeployment

CHECK = HealthCheck(protocol="HTTP", interval_seconds=10, healthy_threshold=3, drain_seconds=25)


@pytest.mark.parametrize(
    ("count", "minimum", "maximum", "serving", "seconds"),
    [
        (1, 100, 200, 1, 10 + 25),
        (2, 100, 200, 2, 10 + 25),
        (2, 100, 150, 2, 2 * 10 + 25),
        (4, 50, 100, 2, max(2 * 10, 10 + 25)),
        (4, 100, 125, 4, 4 * 10 + 25),
        (3, 50, 200, 2, 10 + 25),
        (2, 0, 100, 0, 25),
        (2, 0, 200, 0, 25),
        (1, 50, 200, 1, 10 + 25),
        (1, 100, 150, 1, None),
        (2, 100, 125, 2, None),
    ],
)
def test_a_rolling_deployment(count: int, minimum: int, maximum: int, serving: int, seconds: float | None) -> None:
    """Waves of a start and its first health, with the drain after the last stop; None where the percents forbid all."""
    rollout = RollingDeployment(count, minimum, maximum)
    assert rollout.least_serving == serving
    assert rollout.seconds(CHECK) == seconds
    assert rollout.proceeds == (seconds is not None)


def test_a_tasks_start_counts_in_each_wave() -> None:
    assert RollingDeployment(2, 100, 150).seconds(CHECK, start_seconds=3) == 2 * 13 + 25


def test_only_an_application_load_balancer_asks_once() -> None:
    """A new target of a Network Load Balancer is reckoned with the threshold."""
    assert CHECK.seconds_until_healthy == 10
    assert HealthCheck("TCP", 10, 3, 25).seconds_until_healthy == 30
