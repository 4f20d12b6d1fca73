"""A service behind several load balancers, as AWS's APIs show it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from operate.environment import Environment
from operate.errors import OperateError
from operate.service import Service
from stacks.settings import load_environment
from tests.unit import fake_service

ROOT = Path(__file__).parents[2]
DEV = load_environment(ROOT / "environments" / "dev.toml")
INTERNAL, PUBLIC = "arn:targetgroup/internal", "arn:targetgroup/public"
SCHEMES = {INTERNAL: "internal", PUBLIC: "internet-facing"}


class Aws:
    """Of a service with two target groups, the internal one first: ECS gives them in no order."""

    def __init__(self) -> None:
        self.unattached: set[str] = set()
        self.health = {INTERNAL: {"10.0.0.1": "healthy"}, PUBLIC: {"10.0.0.1": "healthy"}}
        self.drains = {INTERNAL: "40", PUBLIC: "20"}

    def describe_services(self, **_: Any) -> dict[str, Any]:
        balancers = [{"targetGroupArn": arn} for arn in (INTERNAL, PUBLIC)]
        return {"services": [{"status": "ACTIVE", "loadBalancers": balancers}]}

    def describe_target_groups(self, *, TargetGroupArns: list[str]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        path = {"HealthCheckPath": "/health"}
        groups = [
            {
                "TargetGroupArn": arn,
                "TargetGroupName": arn.rpartition("/")[2],
                "LoadBalancerArns": [] if arn in self.unattached else [arn],
                **path,
            }
            for arn in TargetGroupArns
        ]
        del groups[TargetGroupArns.index(INTERNAL)]["HealthCheckPath"]
        return {"TargetGroups": groups}

    def describe_load_balancers(self, *, LoadBalancerArns: list[str]) -> dict[str, Any]:  # noqa: N803 - as above
        """Everybody's where none is named, as AWS does."""
        others = {"Scheme": "internet-facing", "DNSName": "another-teams.example.com"}
        found = [{"Scheme": SCHEMES[arn], "DNSName": f"{SCHEMES[arn]}.example.com"} for arn in LoadBalancerArns]
        return {"LoadBalancers": found or [others]}

    def describe_target_health(self, *, TargetGroupArn: str) -> dict[str, Any]:  # noqa: N803 - as above
        described = [
            {"Target": {"Id": address}, "TargetHealth": {"State": state}}
            for address, state in self.health[TargetGroupArn].items()
        ]
        return {"TargetHealthDescriptions": described}

    def describe_target_group_attributes(self, *, TargetGroupArn: str) -> dict[str, Any]:  # noqa: N803 - as above
        seconds = self.drains[TargetGroupArn]
        return {"Attributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": seconds}]}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    fake = Aws()
    monkeypatch.setattr(Environment, "client", lambda *_, **__: fake)
    return fake


@pytest.mark.usefixtures("aws")
def test_the_api_is_where_the_internet_reaches_it() -> None:
    """By the load balancer that faces it, whatever ECS names first."""
    assert Service.of(Environment(DEV)).health_url == "http://internet-facing.example.com/health"


def test_a_group_without_a_load_balancer_is_nowhere(aws: Aws) -> None:
    """Another team's load balancer is not taken for its own. One of several groups is no reason to fail."""
    aws.unattached = {PUBLIC}
    assert Service.of(Environment(DEV)).url == "http://internal.example.com"
    aws.unattached = {PUBLIC, INTERNAL}
    with pytest.raises(OperateError, match=r"^The target group internal is not attached to a load balancer: "):
        _ = Service.of(Environment(DEV)).url


@pytest.mark.parametrize("worse", [INTERNAL, PUBLIC])
def test_a_target_is_healthy_where_all_groups_say_so(aws: Aws, worse: str) -> None:
    """As for ECS, which stops a task that one of them finds unhealthy.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/register-multiple-targetgroups.html
    """
    service = Service.of(Environment(DEV))
    assert service.target_health() == {"10.0.0.1": ("healthy", "")}
    aws.health[worse] = {"10.0.0.1": "unhealthy", "10.0.0.2": "initial"}
    assert service.target_health() == {"10.0.0.1": ("unhealthy", ""), "10.0.0.2": ("initial", "")}
    assert service.healthy_targets() == 0


def test_every_task_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """ECS gives 100 at once, of the 5,000 that the settings take."""
    fake_service.install(monkeypatch).tasks = [fake_service.task(f"{number:04}") for number in range(201)]
    assert len(Service.of(Environment(DEV)).tasks()) == 201


def test_a_service_that_is_gone_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words that a verb prints, not in a traceback."""
    fake_service.install(monkeypatch).service = None
    with pytest.raises(OperateError, match=r"^The service go-api-dev is gone from the cluster go-api-dev\.$"):
        Service.of(Environment(DEV)).read()


@pytest.mark.usefixtures("aws")
def test_a_task_leaves_when_the_last_group_has_drained_it() -> None:
    assert Service.of(Environment(DEV)).drain_seconds == 40


@pytest.mark.usefixtures("aws")
def test_a_group_that_only_connects_has_the_specifications_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """SC-001: a check over TCP asks for none."""
    monkeypatch.setitem(SCHEMES, INTERNAL, "internet-facing")
    monkeypatch.setitem(SCHEMES, PUBLIC, "internal")
    assert Service.of(Environment(DEV)).health_url == "http://internet-facing.example.com/health"
