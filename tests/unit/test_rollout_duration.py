"""How long a rolling deployment takes by its numbers, against the steps that ECS takes one by one."""

from __future__ import annotations

import pytest

from operate.plan.rollout_duration import HealthCheck, RollingDeployment, TaskTimes

CHECK = HealthCheck(protocol="HTTP", interval_seconds=10, healthy_threshold=3, unhealthy_threshold=2, drain_seconds=25)
LATE = 10
"""The load balancer's first check of a task, an interval after its start."""


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
    assert rollout.seconds(CHECK, first_check_seconds=LATE) == seconds
    assert rollout.seconds(CHECK) == (None if seconds is None else 25)
    assert rollout.proceeds == (seconds is not None)


def test_a_tasks_start_counts_in_each_wave_and_its_end_once() -> None:
    times = TaskTimes(start_seconds=3, end_seconds=6)
    assert RollingDeployment(2, 100, 150).seconds(CHECK, times, first_check_seconds=LATE) == 2 * 13 + 25 + 6


MEASURED = [
    # interval, healthy threshold, drain; count, minimum, maximum; start, listen and end of a task; until COMPLETED
    ((5, 2, 5), (1, 100, 200), (0.2, 0, 5.5), 11.4),
    ((10, 3, 5), (1, 100, 200), (0.3, 0, 5.6), 11.6),
    ((10, 2, 20), (2, 100, 200), (0.5, 0, 5.6), 26.8),
    ((5, 2, 5), (2, 100, 150), (0.3, 0, 5.6), 12.2),
    ((5, 3, 10), (3, 100, 134), (0.4, 0, 5.5), 18.3),
    ((10, 2, 5), (2, 50, 100), (0.4, 0, 5.6), 11.8),
    ((5, 2, 5), (1, 100, 200), (1.0, 7, 6.4), 28.0),
    ((10, 2, 10), (2, 100, 150), (0.3, 7, 5.4), 37.0),
    ((5, 2, 5), (3, 34, 134), (0.4, 7, 6.6), 32.1),
]
"""Seconds of rollouts on the embedded AWS, from UpdateService on, 2026-11-25, with podman on two busy cores: the sample
API, which takes five seconds to end, as it is and with a sleep of 7 s before it listens. Unhealthy threshold: 2."""


@pytest.mark.parametrize(("group", "percents", "task", "measured"), MEASURED)
def test_what_was_measured_is_what_is_predicted(
    group: tuple[int, int, int], percents: tuple[int, int, int], task: tuple[float, float, float], measured: float
) -> None:
    """Within 10 percent, where a load balancer checks a new task at once."""
    interval, healthy_threshold, drain = group
    check = HealthCheck("HTTP", interval, healthy_threshold, unhealthy_threshold=2, drain_seconds=drain)
    predicted = RollingDeployment(*percents).seconds(check, TaskTimes(*task))
    assert predicted == pytest.approx(measured, rel=0.1)


@pytest.mark.parametrize(("listens", "healthy"), [(0, 0), (1, 10), (10, 10), (11, 20 + 20)])
def test_a_task_that_does_not_listen_yet_waits_for_the_next_check(listens: float, healthy: float) -> None:
    """However early the first one was; one that has become unhealthy, for as many as the threshold says."""
    assert CHECK.seconds_until_healthy(listen_seconds=listens, first_check_seconds=0) == healthy


def test_only_an_application_load_balancer_asks_once() -> None:
    """A new target of a Network Load Balancer is reckoned with the threshold."""
    assert CHECK.seconds_until_healthy() == 10
    assert HealthCheck("TCP", 10, 3, 2, 25).seconds_until_healthy() == 30
