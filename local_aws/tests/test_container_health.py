"""A task's health by its containers': https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html"""

from __future__ import annotations

from itertools import permutations

import pytest

from local_aws.ecs import container_health

GOOD, BAD, OPEN = "HEALTHY", "UNHEALTHY", "UNKNOWN"


@pytest.mark.parametrize(
    ("of_containers", "of_task"),
    [
        ((GOOD,), GOOD),
        ((BAD, OPEN), BAD),
        ((BAD, GOOD), BAD),
        ((GOOD, OPEN), OPEN),
        ((GOOD, GOOD), GOOD),
        ((BAD, OPEN, OPEN), BAD),
        ((BAD, OPEN, GOOD), BAD),
        ((BAD, GOOD, GOOD), BAD),
        ((GOOD, OPEN, GOOD), OPEN),
        ((GOOD, OPEN, OPEN), OPEN),
        ((GOOD, GOOD, GOOD), GOOD),
    ],
)
def test_health_of_a_task(of_containers: tuple[str, ...], of_task: str) -> None:
    """Each example of AWS's page, in any order."""
    assert {container_health.of_task({*each}) for each in permutations(of_containers)} == {of_task}
