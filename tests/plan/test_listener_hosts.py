"""How the tools reach an API that the embedded load balancer gives only to the hosts of its listener's rules."""

from __future__ import annotations

from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from operate import paths
from operate.environment import Environment
from operate.service import Service
from stacks.settings import load_environment
from tests.plan.infrastructure import Infrastructure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local_aws.instance import LocalAws
    from stacks.settings import Environment as Settings

LOCAL = load_environment(paths.REPOSITORY / "environments" / "local.toml")
NOT_FOUND = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
V1 = {"Field": "path-pattern", "Values": ["/v1/*", "/"]}


def host(*values: str) -> dict[str, Any]:
    return {"Field": "host-header", "HostHeaderConfig": {"Values": [*values]}}


@pytest.fixture(scope="module")
def made(empty_aws: LocalAws) -> Iterator[Infrastructure]:
    with closing(Infrastructure(empty_aws, count(60))) as infrastructure:
        yield infrastructure


@pytest.fixture
def behind(made: Infrastructure) -> Callable[[bool, list[Any]], Service]:
    """A service whose group the rules with these conditions lead to; the default action, too, or a 404."""

    def make(by_default: bool, rules: list[list[dict[str, Any]]]) -> Service:  # noqa: FBT001 - as the table has it
        vpc_id = made.vpc()
        balancer = made.load_balancer([made.subnet(vpc_id), made.subnet(vpc_id, zone="us-east-1b")])
        group = made.target_group(vpc_id, listener_on=None)
        forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": group, "Weight": 1}]}}
        listener = made.elb.create_listener(
            LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[forward if by_default else NOT_FOUND]
        )["Listeners"][0]["ListenerArn"]
        for priority, conditions in enumerate(rules, start=1):
            made.elb.create_rule(ListenerArn=listener, Priority=priority, Conditions=conditions, Actions=[forward])
        service = Service(Environment(LOCAL, made.local_aws), "orders")
        service.__dict__["target_groups"] = made.elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"]
        return service

    return make


@pytest.mark.parametrize(
    ("by_default", "rules", "expected"),
    [
        (True, [], None),
        (False, [[host("orders.example.com", "other.example.com")]], "orders.example.com"),
        (False, [[V1, host("*.example.com")]], "any.example.com"),
        (False, [[host("orders?.example.com")], [host("b.example.com")]], "ordersa.example.com"),
        (False, [[host("orders.example.com")], [V1]], None),
        (True, [[host("orders.example.com")]], None),
    ],
)
def test_a_request_has_a_host_that_the_rules_want(
    behind: Callable[[bool, list[Any]], Service],
    by_default: bool,  # noqa: FBT001 - as above
    rules: list[list[dict[str, Any]]],
    expected: str | None,
) -> None:
    """Only where each of them wants one. It gets to the group, which has no target yet: 503, and no 404."""
    service = behind(by_default, rules)
    assert service.request_headers.get("Host") == expected
    answer = httpx.get(f"{service.url}/", headers=service.request_headers, trust_env=False)
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    if expected:
        assert httpx.get(f"{service.url}/", trust_env=False).status_code == httpx.codes.NOT_FOUND


def test_in_an_account_a_request_is_to_the_apis_own_url(environment: Callable[..., Settings]) -> None:
    """Which has the host; nothing is asked."""
    assert Service(Environment(environment()), "orders").request_headers == {}
