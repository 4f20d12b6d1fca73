"""What listener rules do with a request, and how they are described, on real sockets and without containers.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
"""

from __future__ import annotations

import functools
import http.client
import http.server
import itertools
import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from local_aws.tests.containers.stage import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.instance import Client, LocalAws

NOTHING = "<h1>Nothing & nobody</h1>"
NOT_FOUND = {
    "Type": "fixed-response",
    "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/html", "MessageBody": NOTHING},
}
_numbers = itertools.count(1)


class Application(http.server.BaseHTTPRequestHandler):
    """Says by which of its ports it was asked."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(self.server.server_port).encode())  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def applications() -> Iterator[list[int]]:
    """The ports of two."""
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Application) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield [server.server_port for server in servers]
    for server in servers:
        server.shutdown()
        server.server_close()


@functools.cache
def client(local_aws: LocalAws) -> Client:
    """One for all tests: making one takes boto3 a third of a second."""
    return local_aws.client("elbv2")


@dataclass
class Balancer:
    """A load balancer that answers 404 to everything until it has rules."""

    local_aws: LocalAws
    kind: str = "application"
    scheme: str = "internet-facing"

    def __post_init__(self) -> None:
        self.elb = client(self.local_aws)
        self.name = f"{self.kind}-{next(_numbers)}"
        made = self.elb.create_load_balancer(
            Name=self.name, Type=self.kind, Scheme=self.scheme, Subnets=["subnet-1", "subnet-2"]
        )
        self.described: dict[str, Any] = made["LoadBalancers"][0]
        self.arn: str = self.described["LoadBalancerArn"]

    def listen(self, default: dict[str, Any] = NOT_FOUND, *, protocol: str = "HTTP") -> str:
        listener = self.elb.create_listener(
            LoadBalancerArn=self.arn, Protocol=protocol, Port=80, DefaultActions=[default]
        )
        arn: str = listener["Listeners"][0]["ListenerArn"]
        self.listener_arn = arn
        return arn

    def group(self, port: int | None = None, **settings: Any) -> str:
        """With one target, on this port."""
        made = self.elb.create_target_group(
            **{
                "Name": f"group-{next(_numbers)}",
                "Protocol": "HTTP",
                "Port": 80,
                "VpcId": "vpc-1",
                "TargetType": "ip",
                "HealthCheckIntervalSeconds": 5,
                **settings,
            }
        )
        arn: str = made["TargetGroups"][0]["TargetGroupArn"]
        if port:
            self.elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": "127.0.0.1", "Port": port}])
        return arn

    def rule(self, priority: int, action: dict[str, Any], *conditions: dict[str, Any]) -> dict[str, Any]:
        return self.elb.create_rule(
            ListenerArn=self.listener_arn, Priority=priority, Conditions=list(conditions), Actions=[action]
        )["Rules"][0]

    def ask(self, path: str = "/", host: str | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.local_aws.port, timeout=10)
        with closing(connection):
            connection.request("GET", f"/_alb/{self.name}{path}", headers={"Host": host} if host else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def load_balancers_of(self, group_arn: str) -> list[str]:
        (group,) = self.elb.describe_target_groups(TargetGroupArns=[group_arn])["TargetGroups"]
        return group["LoadBalancerArns"]


def text(answer: str) -> dict[str, Any]:
    fixed = {"StatusCode": "200", "ContentType": "text/plain", "MessageBody": answer}
    return {"Type": "fixed-response", "FixedResponseConfig": fixed}


def forward(*groups: tuple[str, int]) -> dict[str, Any]:
    weighted = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}}


def path(*patterns: str) -> dict[str, Any]:
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(patterns)}}


def host(*patterns: str) -> dict[str, Any]:
    return {"Field": "host-header", "HostHeaderConfig": {"Values": list(patterns)}}


def query(**pairs: str) -> dict[str, Any]:
    values = [{"Key": key, "Value": value} for key, value in pairs.items()]
    return {"Field": "query-string", "QueryStringConfig": {"Values": values}}


@pytest.fixture(scope="module")
def routed(local_aws: LocalAws) -> Balancer:
    """Rules in another order than that of their priorities."""
    balancer = Balancer(local_aws)
    balancer.listen()
    balancer.rule(90, text("any path of the host"), host("*.Example.com"))
    balancer.rule(30, text("path"), path("/v1/*", "/exact", "/one-?/[x]"))
    balancer.rule(10, text("host and path"), host("api.example.com"), path("/v1/*"))
    balancer.rule(50, text("query"), query(Version="2*"))
    balancer.rule(
        60, text("nobody comes from there"), {"Field": "source-ip", "SourceIpConfig": {"Values": ["192.0.2.0/24"]}}
    )
    balancer.rule(
        70, text("from here"), {"Field": "source-ip", "SourceIpConfig": {"Values": ["127.0.0.0/8"]}}, path("/here")
    )
    return balancer


@pytest.mark.parametrize(
    ("asked", "named", "answer"),
    [
        ("/v1/users", None, "path"),
        ("/v1/users?x=1", None, "path"),
        ("/exact", None, "path"),
        ("/exact/", None, NOTHING),
        ("/V1/users", None, NOTHING),
        ("/one-2/[x]", None, "path"),
        ("/one-2/x", None, NOTHING),
        ("/v1/users", "api.example.com", "host and path"),
        ("/v1/users", "API.EXAMPLE.COM:8443", "host and path"),
        ("/v1/users", "www.example.com", "path"),
        ("/", "www.example.com", "any path of the host"),
        ("/?version=2.1", None, "query"),
        ("/?VERSION=2.1&x=1", None, "query"),
        ("/?version=1.2", None, NOTHING),
        ("/here", None, "from here"),
    ],
)
def test_the_first_rule_by_priority_whose_conditions_hold(
    routed: Balancer, asked: str, named: str | None, answer: str
) -> None:
    """Only * and ? are wildcards; the case of a path counts, that of a host and of a query string does not.

    A path is compared without the query string, a host without the port.
    """
    assert routed.ask(asked, named) == (404 if answer == NOTHING else 200, answer)


@pytest.mark.parametrize("name", ["evil.example", "evil.com", "example.com.evil.example"])
def test_only_hosts_that_a_rule_names_are_let_in(routed: Balancer, name: str) -> None:
    """A web page's own name may lead to this machine as well; what a rule names is the team's."""
    assert routed.ask("/exact", name)[0] == 403


def test_a_named_host_gets_to_no_api(routed: Balancer) -> None:
    """But to load balancers alone."""
    connection = http.client.HTTPConnection("127.0.0.1", routed.local_aws.port, timeout=10)
    with closing(connection):
        connection.request("GET", "/", headers={"Host": "api.example.com"})
        assert connection.getresponse().status == 403


def test_a_fixed_response_is_told_as_it_was_given(routed: Balancer) -> None:
    """Markup and ampersands included, of the listener's default action and of its rule alike."""
    (listener,) = routed.elb.describe_listeners(LoadBalancerArn=routed.arn)["Listeners"]
    rules = routed.elb.describe_rules(ListenerArn=routed.listener_arn)["Rules"]
    (default,) = [rule for rule in rules if rule["IsDefault"]]
    for action in (listener["DefaultActions"][0], default["Actions"][0]):
        assert action["FixedResponseConfig"] == NOT_FOUND["FixedResponseConfig"]


def test_conditions_are_told_as_they_were_given(local_aws: LocalAws) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html"""
    balancer = Balancer(local_aws)
    balancer.listen()
    pairs = [{"Key": "a&b", "Value": "<c>"}, {"Value": "alone"}]
    asked = [path("/a&b/*"), host("api.example.com"), {"Field": "query-string", "QueryStringConfig": {"Values": pairs}}]
    made = balancer.rule(1, text("found"), *asked)
    (described,) = balancer.elb.describe_rules(RuleArns=[made["RuleArn"]])["Rules"]
    for rule in (made, described):
        assert [{**condition, **given} == condition for condition, given in zip(rule["Conditions"], asked, strict=True)]
        assert rule["Conditions"][2]["QueryStringConfig"]["Values"] == pairs
        assert rule["Conditions"][0]["PathPatternConfig"]["Values"] == ["/a&b/*"]


def test_a_priority_is_used_once(local_aws: LocalAws) -> None:
    """Of 1 to 50000; two rules may swap theirs in one request.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetRulePriorities.html
    """
    balancer = Balancer(local_aws)
    balancer.listen()
    first, second = (balancer.rule(number, text("found"), path("/*"))["RuleArn"] for number in (1, 2))
    with pytest.raises(balancer.elb.exceptions.PriorityInUseException):
        balancer.rule(1, text("found"), path("/*"))
    with pytest.raises(balancer.elb.exceptions.ClientError, match="Priority must be from 1 to 50000"):
        balancer.rule(50_001, text("found"), path("/*"))

    def set_priorities(*asked: tuple[str, int]) -> None:
        pairs = [{"RuleArn": arn, "Priority": priority} for arn, priority in asked]
        balancer.elb.set_rule_priorities(RulePriorities=pairs)

    with pytest.raises(balancer.elb.exceptions.PriorityInUseException):
        set_priorities((first, 2))
    set_priorities((first, 2), (second, 1))
    rules = balancer.elb.describe_rules(ListenerArn=balancer.listener_arn)["Rules"]
    assert {rule["RuleArn"]: rule["Priority"] for rule in rules if not rule["IsDefault"]} == {first: "2", second: "1"}


def test_a_group_knows_its_load_balancer_by_whatever_leads_to_it(local_aws: LocalAws) -> None:
    """A default action, a rule, one weight among others, also of 0; and no longer than that leads there.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html, LoadBalancerArns
    """
    balancer = Balancer(local_aws)
    by_rule, heavy, light, by_default, nowhere = (balancer.group() for _ in range(5))
    balancer.listen({"Type": "forward", "TargetGroupArn": by_default})
    rules = [
        balancer.rule(1, {"Type": "forward", "TargetGroupArn": by_rule}, path("/rule")),
        balancer.rule(2, forward((heavy, 999), (light, 0)), path("/weighted")),
    ]
    assert {arn: balancer.load_balancers_of(arn) for arn in (by_rule, heavy, light, by_default, nowhere)} == {
        **{arn: [balancer.arn] for arn in (by_rule, heavy, light, by_default)},
        nowhere: [],
    }
    of_balancer = balancer.elb.describe_target_groups(LoadBalancerArn=balancer.arn)["TargetGroups"]
    assert {group["TargetGroupArn"] for group in of_balancer} == {by_rule, heavy, light, by_default}
    for rule in rules:
        balancer.elb.delete_rule(RuleArn=rule["RuleArn"])
    balancer.elb.modify_listener(ListenerArn=balancer.listener_arn, DefaultActions=[NOT_FOUND])
    assert [balancer.load_balancers_of(arn) for arn in (by_rule, heavy, by_default)] == [[], [], []]


def test_a_forward_is_told_in_both_forms(local_aws: LocalAws) -> None:
    """To one group, however it was asked for; to several, with their weights alone.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html
    """
    balancer = Balancer(local_aws)
    first, second = balancer.group(), balancer.group()
    balancer.listen({"Type": "forward", "TargetGroupArn": first})
    (listener,) = balancer.elb.describe_listeners(LoadBalancerArn=balancer.arn)["Listeners"]
    one = balancer.rule(1, forward((first, 1)), path("/one"))
    sticky = forward((first, 9), (second, 1))
    sticky["ForwardConfig"]["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": 60}
    several = balancer.rule(2, sticky, path("/several"))
    for (action,) in (listener["DefaultActions"], one["Actions"]):
        assert action["TargetGroupArn"] == first
        assert action["ForwardConfig"] == {
            "TargetGroups": [{"TargetGroupArn": first, "Weight": 1}],
            "TargetGroupStickinessConfig": {"Enabled": False},
        }
    assert "TargetGroupArn" not in several["Actions"][0]
    assert several["Actions"][0]["ForwardConfig"] == sticky["ForwardConfig"]


def test_weights_divide_the_requests(local_aws: LocalAws, applications: list[int]) -> None:
    """A weight of 0 gets none, and a group without a healthy target keeps its share: AWS does not fail over.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html, "Forward actions"
    """
    balancer = Balancer(local_aws)
    first, second = (balancer.group(port) for port in applications)
    nobody = balancer.group()
    balancer.listen()
    balancer.rule(1, forward((first, 1), (second, 1)), path("/even"))
    balancer.rule(2, forward((first, 0), (second, 7)), path("/one-side"))
    balancer.rule(3, forward((first, 1), (nobody, 1)), path("/no-failover"))
    balancer.rule(4, forward((first, 0), (second, 0)), path("/none"))
    wait_until(lambda: [balancer.ask(each)[0] for each in ("/even",) * 8] == [200] * 8)

    def answers(of: str) -> Counter[tuple[int, str]]:
        return Counter(balancer.ask(of) for _ in range(60))

    assert set(answers("/even")) == {(200, str(port)) for port in applications}
    assert set(answers("/one-side")) == {(200, str(applications[1]))}
    assert {status for status, _ in answers("/no-failover")} == {200, 503}
    assert {status for status, _ in answers("/none")} == {503}


def test_a_group_has_to_be_there_and_nobody_elses(local_aws: LocalAws) -> None:
    """Rules and listeners are refused, and nothing is made.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html, "Errors"
    """
    first, second = Balancer(local_aws), Balancer(local_aws)
    group_arn = first.group()
    missing = f"{group_arn[:-1]}_"
    first.listen({"Type": "forward", "TargetGroupArn": group_arn})
    with pytest.raises(first.elb.exceptions.TargetGroupNotFoundException):
        first.rule(1, {"Type": "forward", "TargetGroupArn": missing}, path("/*"))
    with pytest.raises(second.elb.exceptions.TargetGroupNotFoundException):
        second.listen({"Type": "forward", "TargetGroupArn": missing})
    with pytest.raises(second.elb.exceptions.TargetGroupAssociationLimitException):
        second.listen({"Type": "forward", "TargetGroupArn": group_arn})
    assert second.elb.describe_listeners(LoadBalancerArn=second.arn)["Listeners"] == []
    second.listen()
    with pytest.raises(second.elb.exceptions.TargetGroupAssociationLimitException):
        second.rule(1, forward((group_arn, 1)), path("/*"))
    assert len(second.elb.describe_rules(ListenerArn=second.listener_arn)["Rules"]) == 1
    rule = second.rule(1, text("found"), path("/*"))
    with pytest.raises(second.elb.exceptions.TargetGroupNotFoundException):
        second.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=[forward((missing, 1))])
    with pytest.raises(second.elb.exceptions.TargetGroupAssociationLimitException):
        second.elb.modify_listener(ListenerArn=second.listener_arn, DefaultActions=[forward((group_arn, 1))])
    assert second.ask() == (200, "found")


@pytest.mark.parametrize("kind", ["app", "net"])
@pytest.mark.parametrize("scheme", ["internet-facing", "internal"])
def test_names_and_arns_tell_the_kind(local_aws: LocalAws, kind: str, scheme: str) -> None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html"""
    balancer = Balancer(local_aws, "network" if kind == "net" else "application", scheme)
    tcp = {"Type": "forward", "TargetGroupArn": balancer.group(Protocol="TCP")}
    listener_arn = balancer.listen(tcp, protocol="TCP") if kind == "net" else balancer.listen()
    (described,) = balancer.elb.describe_load_balancers(Names=[balancer.name])["LoadBalancers"]
    assert described == balancer.described
    assert f":loadbalancer/{kind}/{balancer.name}/" in balancer.arn
    assert listener_arn.startswith(f"{balancer.arn.replace(':loadbalancer/', ':listener/')}/")
    (listener,) = balancer.elb.describe_listeners(LoadBalancerArn=balancer.arn)["Listeners"]
    assert (listener["ListenerArn"], listener["LoadBalancerArn"]) == (listener_arn, balancer.arn)
    (rule,) = balancer.elb.describe_rules(ListenerArn=listener_arn)["Rules"]
    assert rule["RuleArn"].startswith(listener_arn.replace(":listener/", ":listener-rule/"))
    domain = ".elb.us-east-1.amazonaws.com" if kind == "net" else ".us-east-1.elb.amazonaws.com"
    assert described["DNSName"].endswith(domain)
    assert described["DNSName"].startswith("internal-") is (kind == "app" and scheme == "internal")
    assert balancer.elb.describe_tags(ResourceArns=[balancer.arn])["TagDescriptions"][0]["Tags"] == []


@pytest.mark.parametrize("protocol", ["TCP", "TLS", "HTTP"])
def test_a_groups_check_is_by_default_that_of_its_protocol(local_aws: LocalAws, protocol: str) -> None:
    """A check over TCP has neither path nor matcher, which a team's module may count on.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
    """
    balancer = Balancer(local_aws)
    arn = balancer.group(Protocol=protocol)
    (group,) = balancer.elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    over_http = protocol == "HTTP"
    assert (group["HealthCheckProtocol"], group["HealthCheckTimeoutSeconds"]) == (
        ("HTTP", 5) if over_http else ("TCP", 10)
    )
    assert ("HealthCheckPath" in group, "Matcher" in group) == (over_http, over_http)
    asked = balancer.group(Protocol=protocol, HealthCheckProtocol="HTTP", HealthCheckPath="/health")
    (group,) = balancer.elb.describe_target_groups(TargetGroupArns=[asked])["TargetGroups"]
    assert (group["HealthCheckProtocol"], group["HealthCheckPath"]) == ("HTTP", "/health")


def test_a_functions_group_has_no_network(local_aws: LocalAws) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html"""
    elb = client(local_aws)
    made = elb.create_target_group(Name=f"function-{next(_numbers)}", TargetType="lambda")["TargetGroups"][0]
    assert not {"Protocol", "Port", "VpcId"} & set(made)


def test_a_tcp_check_is_a_connection(local_aws: LocalAws, applications: list[int]) -> None:
    """A target is healthy once it accepts one, and unhealthy where nothing listens.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
    """
    balancer = Balancer(local_aws, "network")
    arn = balancer.group(applications[0], Protocol="TCP", UnhealthyThresholdCount=2)
    balancer.elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": "127.0.0.2", "Port": applications[0]}])
    balancer.listen({"Type": "forward", "TargetGroupArn": arn}, protocol="TCP")

    def states() -> dict[str, str]:
        described = balancer.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return {each["Target"]["Id"]: each["TargetHealth"]["State"] for each in described}

    wait_until(lambda: states() == {"127.0.0.1": "healthy", "127.0.0.2": "unhealthy"})
    assert balancer.ask("/any") == (200, str(applications[0]))
