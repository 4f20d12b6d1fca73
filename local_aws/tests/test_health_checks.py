"""The health of a load balancer's target, without a load balancer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from local_aws.elasticloadbalancing.health_checks import PASSED, Check, Health, Outcome

CHECK = Check(
    protocol="HTTP",
    port=None,
    path="/health",
    codes="200",
    interval_seconds=5,
    timeout_seconds=2,
    healthy_threshold=3,
    unhealthy_threshold=2,
)
FAILED = Outcome(passed=False, reason="Target.Timeout", description="Request timed out")
HEALTHY = Health("healthy", "", "")
UNHEALTHY = Health("unhealthy", FAILED.reason, FAILED.description)


def after(health: Health, *outcomes: Outcome) -> str:
    for outcome in outcomes:
        health = health.after(outcome, CHECK)
    return health.state


@pytest.mark.parametrize(
    ("health", "outcomes", "state"),
    [
        (Health(), [PASSED], "healthy"),
        (Health(), [FAILED], "initial"),
        (Health(), [FAILED, PASSED], "healthy"),
        (Health(), [FAILED, FAILED], "unhealthy"),
        (HEALTHY, [FAILED], "healthy"),
        (HEALTHY, [FAILED, PASSED, FAILED], "healthy"),
        (HEALTHY, [FAILED, FAILED], "unhealthy"),
        (UNHEALTHY, [PASSED, PASSED], "unhealthy"),
        (UNHEALTHY, [PASSED, PASSED, FAILED, PASSED], "unhealthy"),
        (UNHEALTHY, [PASSED, PASSED, PASSED], "healthy"),
    ],
)
def test_thresholds(health: Health, outcomes: list[Outcome], state: str) -> None:
    """One passed check makes a new target healthy; the thresholds count checks in a row."""
    assert after(health, *outcomes) == state


def test_unhealthy_says_why() -> None:
    """The last failed check's reason is the target's."""
    assert Health().after(FAILED, CHECK).after(FAILED, CHECK) == UNHEALTHY


@pytest.mark.parametrize(
    ("codes", "accepted", "refused"),
    [("200", [200], [201, 199]), ("200,302", [200, 302], [301]), ("200-299,401", [200, 299, 401], [300, 400])],
)
def test_matcher(codes: str, accepted: list[int], refused: list[int]) -> None:
    """A matcher is one code, a list, or ranges."""
    check = replace(CHECK, codes=codes)
    assert all(check.accepts(status) for status in accepted)
    assert not any(check.accepts(status) for status in refused)


def test_check_of_a_target_group() -> None:
    """A health check port of its own overrides the traffic port."""
    group = {
        "HealthCheckPort": "9000",
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPath": "/health",
        "Matcher": {"HttpCode": "200"},
        "HealthCheckIntervalSeconds": 5,
        "HealthCheckTimeoutSeconds": 2,
        "HealthyThresholdCount": 3,
        "UnhealthyThresholdCount": 2,
    }
    assert Check.of(group) == replace(CHECK, port=9000)
    assert Check.of({**group, "HealthCheckPort": "traffic-port"}) == CHECK
