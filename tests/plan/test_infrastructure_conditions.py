"""What each check of the existing infrastructure decides, and says, for values that are right, wrong or at the edge."""

from __future__ import annotations

import json
import re
from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import DataTerraformRemoteStateLocal, TerraformOutput, TerraformStack, Testing
from cdktf_cdktf_provider_aws.provider import AwsProvider

from constructs_lib.container_definition import ContainerDefinition
from constructs_lib.fargate_task_definition import FargateTaskDefinition
from constructs_lib.iam_policy import AwsLocation, PolicyStatement
from constructs_lib.load_balancing import LoadBalancing
from constructs_lib.networking import Networking
from constructs_lib.remote_state import RemoteState, string_matching, strings_matching
from constructs_lib.security_group import SecurityGroup
from constructs_lib.service_autoscaling import ServiceAutoscaling
from constructs_lib.task_role import TaskRole
from tests.plan.expressions import Case, evaluate
from tests.template import Template

if TYPE_CHECKING:
    from pathlib import Path

    from tests.template import Block

TARGETS = "data.aws_lb_target_group.targets"
SUBNETS = "data.aws_subnet.network_subnet"
TABLES = "data.aws_route_table.network_route_table"
ENDPOINTS = "data.aws_network_interfaces.network_interface_endpoints"
RULES = "data.aws_vpc_security_group_rule.group_rule"
ROUTES = "local.network_routes"
PRIVATE = "local.network_private_subnet_ids"
GATEWAY = {"gateway_id": "igw-1", "cidr_block": "0.0.0.0/0", "ipv6_cidr_block": None}
SUBNET = {"id": "subnet-1", "vpc_id": "vpc-1", "availability_zone": "a"}


@pytest.fixture(scope="module")
def document() -> Block:
    """One stack with each construct, without the hash of its path that CDKTF appends to an address."""
    stack = TerraformStack(Testing.app(), "orders")
    AwsProvider(stack, "aws", region="us-east-1")
    Networking(stack, "network", vpc_id="vpc-1", public_subnet_ids=["subnet-1", "subnet-2"])
    SecurityGroup(stack, "group", security_group_id="sg-1", vpc_id="vpc-1", container_port=9000)
    LoadBalancing(
        stack,
        "targets",
        target_group_arn="arn:targets",
        vpc_id="vpc-1",
        container_port=9000,
        stop_timeout_seconds=30,
    )
    contract = [
        string_matching("vpc", "vpc-[0-9]|a", "the id of a VPC"),
        strings_matching("subnets", "subnet-[0-9]|a", "ids of subnets"),
        string_matching("name", r"[a-z.]+", "a name").unless_matching(r"\.elb\.", but_not=r"\.here\.elb\."),
    ]
    state = DataTerraformRemoteStateLocal(stack, "state", path="some.tfstate")
    RemoteState(state, module="networking", address="s3://states/networking", contract=contract)
    return without_hashes(stack)


def without_hashes(stack: TerraformStack) -> Block:
    parsed: Block = json.loads(re.sub(r"_[0-9A-F]{8}\b", "", Template.of(stack).text))
    return parsed


def block(document: Block, address: str) -> Block:
    type_, name = address.removeprefix("data.").split(".")
    found: Block = document["data"][type_][name]
    return found


def test_outputs_are_read_from_the_state() -> None:
    """A string and a list of them, under the module's own names, which may be of any script; HCL takes no escape."""
    stack = TerraformStack(Testing.app(), "orders")
    state = DataTerraformRemoteStateLocal(stack, "state", path="some.tfstate")
    contract = [string_matching("größe", "a", "a size")]
    outputs = RemoteState(state, module="networking", address="x", contract=contract)
    TerraformOutput(stack, "vpc", value=outputs.string("vpc"))
    TerraformOutput(stack, "subnets", value=outputs.strings("subnets"))
    document = Template.of(stack).json
    assert {name: output["value"] for name, output in document["output"].items()} == {
        "vpc": "${data.terraform_remote_state.state.outputs.vpc}",
        "subnets": "${data.terraform_remote_state.state.outputs.subnets}",
    }
    (condition,) = document["data"]["terraform_remote_state"]["state"]["lifecycle"]["postcondition"]
    assert 'self.outputs["größe"]' in condition["condition"]


def test_a_contract_is_frozen() -> None:
    """What is added to one is another."""
    contract: Any = string_matching("vpc", "a", "b")
    with pytest.raises(FrozenInstanceError):
        contract.output = "c"


def postconditions(document: Block, address: str) -> list[Block]:
    checks: list[Block] = block(document, address)["lifecycle"]["postcondition"]
    return checks


def check(document: Block, name: str) -> Block:
    (assertion,) = document["check"][name]["assert"]
    return dict(assertion)


def test_what_is_read(document: Block) -> None:
    """Each data source asks for what the checks are about, and each is checked once for each id."""
    data = {
        f"data.{type_}.{name}": {key: value for key, value in read.items() if key not in {"//", "lifecycle"}}
        for type_, blocks in document["data"].items()
        for name, read in blocks.items()
    }
    del data["data.terraform_remote_state.state"]
    assert data == {
        "data.aws_route_tables.network_route_tables": {"vpc_id": "vpc-1"},
        TABLES: {
            "for_each": "${toset(data.aws_route_tables.network_route_tables.ids)}",
            "route_table_id": "${each.value}",
        },
        ENDPOINTS: {
            "filter": [
                {"name": "vpc-id", "values": ["vpc-1"]},
                {"name": "interface-type", "values": ["vpc_endpoint"]},
            ]
        },
        SUBNETS: {"for_each": '${toset(["subnet-1", "subnet-2"])}', "id": "${each.value}"},
        "data.aws_vpc_security_group_rules.group_rules": {"filter": [{"name": "group-id", "values": ["sg-1"]}]},
        RULES: {
            "for_each": "${toset(coalesce(data.aws_vpc_security_group_rules.group_rules.ids, []))}",
            "security_group_rule_id": "${each.value}",
        },
        "data.aws_security_group.group": {"id": "sg-1"},
        TARGETS: {"arn": "arn:targets"},
    }
    assert list(document["check"]) == [
        "network_public_subnets",
        "network_zones",
        "targets_drain",
        "targets_health_check_port",
    ]


@pytest.mark.parametrize(("path", "asked"), [("/live", "/live"), ("", "/health")])
def test_health_is_where_the_target_group_asks(path: str, asked: str, tmp_path: Path) -> None:
    """The specification's path (SC-001) for one that only connects, of which the provider says that it has none."""
    stack = TerraformStack(Testing.app(), "orders")
    AwsProvider(stack, "aws", region="us-east-1")
    targets = LoadBalancing(
        stack,
        "targets",
        target_group_arn="arn:targets",
        vpc_id="vpc-1",
        container_port=9000,
        stop_timeout_seconds=30,
    )
    TerraformOutput(stack, "path", value=targets.health_check_path)
    expression = Template.of(stack).json["output"]["path"]["value"]
    group = {"health_check": [{"path": path}]}
    assert evaluate(tmp_path, [Case(expression, {TARGETS: group})]) == [asked]


def table(*associations: Block, routes: list[Block]) -> Block:
    nothing = {"main": False, "subnet_id": None, "gateway_id": None}
    return {"associations": [{**nothing, **association} for association in associations], "routes": routes}


MAIN, OWN = {"main": True}, {"subnet_id": "subnet-1"}
WAYS_OUT: dict[str, tuple[dict[str, Block], list[str], bool]] = {
    "main table": ({"a": table(MAIN, routes=[GATEWAY])}, [], True),
    "main table without a route": ({"a": table(MAIN, routes=[])}, [], False),
    "own table": ({"a": table(MAIN, routes=[]), "b": table(OWN, routes=[GATEWAY])}, [], True),
    "own table without a route": ({"a": table(MAIN, routes=[GATEWAY]), "b": table(OWN, routes=[])}, [], False),
    "own table among others": (
        {"b": table({"subnet_id": "subnet-2"}, OWN, routes=[GATEWAY]), "a": table(MAIN, routes=[])},
        [],
        True,
    ),
    "a table of a gateway": (
        {"a": table(MAIN, routes=[GATEWAY]), "b": table({"gateway_id": "igw-1"}, routes=[])},
        [],
        True,
    ),
    "a table of nothing": ({"a": table(MAIN, routes=[GATEWAY]), "b": table({}, routes=[])}, [], True),
    "no table at all": ({}, [], False),
    "interface endpoints": ({"a": table(MAIN, routes=[])}, ["eni-1"], True),
}


def test_a_subnet_needs_a_way_out(document: Block, tmp_path: Path) -> None:
    """By its own route table, by the main one where it has none, or by interface endpoints."""
    _, way_out = postconditions(document, SUBNETS)
    cases = [
        Case(
            way_out["condition"],
            {"self": SUBNET, TABLES: tables, ROUTES: document["locals"]["network_routes"], ENDPOINTS: {"ids": ids}},
        )
        for tables, ids, _ in WAYS_OUT.values()
    ]
    foreign = Case(cases[1].template, {**cases[1].values, "self": {**SUBNET, "vpc_id": "vpc-2"}})
    *decided, of_foreign = evaluate(tmp_path, [*cases, foreign])
    assert dict(zip(WAYS_OUT, decided, strict=True)) == {name: passes for name, (_, _, passes) in WAYS_OUT.items()}
    assert of_foreign is True, "a subnet of another VPC is told to be one, and nothing more"


def test_what_is_said_of_a_subnet(document: Block, tmp_path: Path) -> None:
    """Which subnet, in which VPC, and what to do."""
    in_vpc, way_out = postconditions(document, SUBNETS)
    foreign = {"self": {**SUBNET, "vpc_id": "vpc-2"}}
    assert evaluate(
        tmp_path,
        [
            Case(in_vpc["condition"], {"self": SUBNET}),
            Case(in_vpc["condition"], foreign),
            Case(in_vpc["error_message"], foreign),
            Case(way_out["error_message"], {"self": SUBNET}),
        ],
    ) == [
        True,
        False,
        "Subnet subnet-1 is in VPC vpc-2, not in vpc-1: public_subnet_ids and vpc_id have to name the same network.",
        (
            "Subnet subnet-1 has no way out of its VPC: its route table has only the local route and the VPC no "
            "interface endpoints, so a task could never pull its image. It needs a route to an internet gateway."
        ),
    ]


PUBLIC: dict[str, tuple[list[Block], bool]] = {
    "IPv4": ([GATEWAY], True),
    "IPv6": ([{**GATEWAY, "cidr_block": None, "ipv6_cidr_block": "::/0"}], True),
    "IPv6 beside an empty IPv4": ([{**GATEWAY, "cidr_block": "", "ipv6_cidr_block": "::/0"}], True),
    "second of two": ([{**GATEWAY, "gateway_id": None}, GATEWAY], True),
    "not everywhere": ([{**GATEWAY, "cidr_block": "10.0.0.0/8"}], False),
    "to a prefix list": ([{**GATEWAY, "cidr_block": None}], False),
    "by NAT": ([{**GATEWAY, "gateway_id": None}], False),
    "by a virtual private gateway": ([{**GATEWAY, "gateway_id": "vgw-1"}], False),
    "nowhere": ([], False),
}


def test_a_public_subnet_has_an_internet_gateway(document: Block, tmp_path: Path) -> None:
    """Of IPv4 or IPv6, by any of its routes; each subnet without is named."""
    public = check(document, "network_public_subnets")
    tables = {name: table({"subnet_id": name}, routes=routes) for name, (routes, _) in PUBLIC.items()}
    values = {
        TABLES: tables,
        SUBNETS: dict.fromkeys(PUBLIC, SUBNET),
        ROUTES: document["locals"]["network_routes"],
        PRIVATE: document["locals"]["network_private_subnet_ids"],
    }
    private, refused, message = evaluate(
        tmp_path,
        [
            Case(f"${{{PRIVATE}}}", values),
            Case(public["condition"], values),
            Case(public["error_message"], {PRIVATE: ["subnet-1", "subnet-2"]}),
        ],
    )
    assert private == sorted(name for name, (_, is_public) in PUBLIC.items() if not is_public)
    assert refused is False
    assert evaluate(tmp_path, [Case(public["condition"], {PRIVATE: []})]) == [True]
    assert message == (
        "No internet gateway is the default route of subnet-1, subnet-2: a public IP is of no use there, and a task "
        "pulls its image only if another route leads to ECR."
    )


def test_a_main_table_makes_its_subnets_public(document: Block, tmp_path: Path) -> None:
    """A subnet without a table of its own has the main one's routes."""
    values = {
        TABLES: {"main": table(MAIN, routes=[GATEWAY]), "own": table({"subnet_id": "own"}, routes=[])},
        SUBNETS: {"own": SUBNET, "other": SUBNET},
        ROUTES: document["locals"]["network_routes"],
        PRIVATE: document["locals"]["network_private_subnet_ids"],
    }
    assert evaluate(tmp_path, [Case(f"${{{PRIVATE}}}", values)]) == [["own"]]


def test_zones(document: Block, tmp_path: Path) -> None:
    """Two subnets in one zone are one zone."""
    zones = check(document, "network_zones")
    one = {SUBNETS: {"subnet-1": SUBNET, "subnet-2": SUBNET}}
    two = {SUBNETS: {"subnet-1": SUBNET, "subnet-2": {**SUBNET, "availability_zone": "b"}}}
    assert evaluate(
        tmp_path,
        [Case(zones["condition"], one), Case(zones["condition"], two), Case(zones["error_message"], one)],
    ) == [
        False,
        True,
        (
            "All public subnets (subnet-1, subnet-2) are in one availability zone, a: the API is gone when that zone "
            "is. Use subnets in two zones or more."
        ),
    ]


def rule(protocol: str, low: int | None, high: int | None, *, egress: bool = False) -> Block:
    return {"is_egress": egress, "ip_protocol": protocol, "from_port": low, "to_port": high}


RULE_SETS: dict[str, tuple[list[Block], bool, bool]] = {
    "none": ([], False, False),
    "both": ([rule("tcp", 9000, 9000), rule("tcp", 443, 443, egress=True)], True, True),
    "the wrong way round": ([rule("tcp", 9000, 9000, egress=True), rule("tcp", 443, 443)], False, False),
    "by number": ([rule("6", 9000, 9000), rule("6", 443, 443, egress=True)], True, True),
    "UDP": ([rule("udp", 9000, 9000), rule("udp", 443, 443, egress=True)], False, False),
    "everything": ([rule("-1", None, None), rule("-1", None, None, egress=True)], True, True),
    "everything, with ports": ([rule("-1", -1, -1), rule("-1", -1, -1, egress=True)], True, True),
    "everything in": ([rule("-1", None, None)], True, False),
    "from the port": ([rule("tcp", 9000, 9001), rule("tcp", 443, 444, egress=True)], True, True),
    "to the port": ([rule("tcp", 8999, 9000), rule("tcp", 442, 443, egress=True)], True, True),
    "above": ([rule("tcp", 9001, 9999), rule("tcp", 444, 999, egress=True)], False, False),
    "below": ([rule("tcp", 1, 8999), rule("tcp", 1, 442, egress=True)], False, False),
    "TCP without ports": ([rule("tcp", None, None), rule("tcp", None, None, egress=True)], False, False),
    "one of several": ([rule("tcp", 80, 80), rule("tcp", 1, 65535), rule("tcp", 1, 65535, egress=True)], True, True),
}


def test_a_security_group_lets_the_port_in_and_https_out(document: Block, tmp_path: Path) -> None:
    """By any one rule, of TCP or of everything, whose range has the port in it."""
    _, lets_in, lets_out = postconditions(document, "data.aws_security_group.group")
    cases = [
        Case(condition["condition"], {RULES: {str(at): each for at, each in enumerate(rules)}})
        for rules, _, _ in RULE_SETS.values()
        for condition in (lets_in, lets_out)
    ]
    decided = evaluate(tmp_path, cases)
    assert dict(zip(RULE_SETS, zip(decided[::2], decided[1::2], strict=True), strict=True)) == {
        name: (inbound, outbound) for name, (_, inbound, outbound) in RULE_SETS.items()
    }


def test_what_is_said_of_a_security_group(document: Block, tmp_path: Path) -> None:
    """Which group, which direction and port, and what to do."""
    in_vpc, lets_in, lets_out = postconditions(document, "data.aws_security_group.group")
    ours, foreign = {"self": {"id": "sg-1", "vpc_id": "vpc-1"}}, {"self": {"id": "sg-1", "vpc_id": "vpc-2"}}
    assert evaluate(
        tmp_path,
        [
            Case(in_vpc["condition"], ours),
            Case(in_vpc["condition"], foreign),
            Case(in_vpc["error_message"], foreign),
            Case(lets_in["error_message"], ours),
            Case(lets_out["error_message"], ours),
        ],
    ) == [
        True,
        False,
        "Security group sg-1 is in VPC vpc-2, not in vpc-1: ECS takes only a group of the subnets' own VPC.",
        (
            "Security group sg-1 has no inbound rule for TCP port 9000, the container's: the load balancer could never "
            "reach a task. Let the load balancer's group in on 9000."
        ),
        (
            "Security group sg-1 has no outbound rule for TCP port 443: a task could neither pull its image nor write "
            "its logs. Let HTTPS out."
        ),
    ]


TARGET_GROUP = {
    "name": "orders",
    "target_type": "ip",
    "protocol": "HTTP",
    "vpc_id": "vpc-1",
    "port": 9000,
    "load_balancer_arns": ["arn:balancer"],
    "deregistration_delay": "30",
    "health_check": [{"port": "traffic-port", "path": "/health"}],
}
FUNCTION: Block = {
    "target_type": "lambda",
    "protocol": None,
    "vpc_id": "",
    "port": None,
    "load_balancer_arns": [],
}
TARGET_GROUPS: dict[str, tuple[dict[str, Any], list[bool]]] = {
    "sound": ({}, [True, True, True, True]),
    "instances": ({"target_type": "instance"}, [False, True, True, True]),
    "a function": (FUNCTION, [False, True, True, True]),
    "of another VPC": ({"vpc_id": "vpc-2"}, [True, True, False, True]),
    "for another port": ({"port": 80}, [True, True, True, True]),
    "of two load balancers": ({"load_balancer_arns": ["a", "b"]}, [True, True, True, True]),
    "of none": ({"load_balancer_arns": []}, [True, True, True, False]),
    **{
        protocol: ({"protocol": protocol}, [True, protocol not in {"UDP", "QUIC", "GENEVE"}, True, True])
        for protocol in ("HTTPS", "TCP", "TLS", "TCP_UDP", "TCP_QUIC", "UDP", "QUIC", "GENEVE")
    },
}


def test_a_task_can_join_the_target_group(document: Block, tmp_path: Path) -> None:
    """Type, protocol, VPC and load balancer; of a function, which has none of them, only the type is told.

    Its port is no more than a default, which ECS overrides as it registers a task:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
    """
    cases = [
        Case(each["condition"], {"self": {**TARGET_GROUP, **changes}})
        for changes, _ in TARGET_GROUPS.values()
        for each in postconditions(document, TARGETS)
    ]
    decided = evaluate(tmp_path, cases)
    fours = [decided[start : start + 4] for start in range(0, len(decided), 4)]
    assert dict(zip(TARGET_GROUPS, fours, strict=True)) == {name: wanted for name, (_, wanted) in TARGET_GROUPS.items()}


def test_what_is_said_of_a_target_group(document: Block, tmp_path: Path) -> None:
    """Which group, what it is and what it has to be."""
    wrong = {"self": {**TARGET_GROUP, "target_type": "instance", "protocol": "UDP", "vpc_id": "vpc-2"}}
    cases = [Case(each["error_message"], wrong) for each in postconditions(document, TARGETS)]
    of_a_function = [Case(case.template, {"self": {**TARGET_GROUP, **FUNCTION}}) for case in cases]
    _, protocol, vpc, _ = evaluate(tmp_path, of_a_function)  # of null no message can be made: an error of its own
    assert ('protocol "none"' in protocol, "VPC none" in vpc) == (True, True)
    assert evaluate(tmp_path, cases) == [
        (
            'Target group orders has target_type "instance": a Fargate task has an IP address of its own and no '
            'instance, and joins only a target group of type "ip".'
        ),
        (
            'Target group orders has protocol "UDP": no request to an API on TCP ever reaches its targets. It has to '
            "be HTTP, HTTPS, TCP or TLS."
        ),
        "Target group orders is in VPC vpc-2, not in vpc-1, where the tasks are: they could not register in it.",
        (
            "Target group orders hangs on no load balancer: ECS refuses a service for it. Let a listener forward to it "
            "first."
        ),
    ]


def test_a_drain_fits_the_stop_timeout(document: Block, tmp_path: Path) -> None:
    """The provider gives the delay as text; as long as the timeout is not longer."""
    drain = check(document, "targets_drain")
    long = {TARGETS: {**TARGET_GROUP, "deregistration_delay": "31"}}
    assert evaluate(
        tmp_path,
        [
            Case(drain["condition"], {TARGETS: TARGET_GROUP}),
            Case(drain["condition"], long),
            Case(drain["error_message"], long),
        ],
    ) == [
        True,
        False,
        (
            "Target group orders drains for 31 s, the container's stop timeout is 30 s: a request may take longer than "
            "a stopping task is given to end it, and each replaced task adds the drain to a deployment."
        ),
    ]


def test_health_is_asked_on_the_containers_port(document: Block, tmp_path: Path) -> None:
    """As the traffic's, or by its number; a group without a health check has none that is elsewhere."""
    port = check(document, "targets_health_check_port")
    wrong = {**TARGET_GROUP, "health_check": [{"port": "9001"}]}
    groups = [TARGET_GROUP, {**TARGET_GROUP, "health_check": [{"port": "9000"}]}, {**TARGET_GROUP, "health_check": []}]
    cases = [Case(port["condition"], {TARGETS: group}) for group in [*groups, wrong]]
    assert evaluate(tmp_path, [*cases, Case(port["error_message"], {TARGETS: wrong})]) == [
        True,
        True,
        True,
        False,
        (
            "Target group orders checks health on port 9001, the container's port is 9000: a task is healthy only if "
            "it listens on both."
        ),
    ]


def test_a_minimum_of_no_task(tmp_path: Path) -> None:
    """Application Auto Scaling takes 0, and has then no metric to scale out by.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
    """
    stack = TerraformStack(Testing.app(), "orders")
    AwsProvider(stack, "aws", region="us-east-1")
    ServiceAutoscaling(stack, "scaling", cluster_name="orders", service_name="orders", min_capacity=0)
    warning = check(without_hashes(stack), "scaling_min_capacity")
    target = "aws_appautoscaling_target.scaling"
    counts = [Case(warning["condition"], {target: {"min_capacity": count}}) for count in (0, 1)]
    assert evaluate(tmp_path, counts) == [False, True]
    assert "a scheduled action has to raise the minimum" in warning["error_message"]


def test_a_policy_fits_iam(tmp_path: Path) -> None:
    """White space is not counted; the message has what was found and the limit.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    stack = TerraformStack(Testing.app(), "orders")
    AwsProvider(stack, "aws", region="us-east-1")
    location = AwsLocation(partition="aws", region="us-east-1", account_id="111111111111")
    statement = PolicyStatement(actions=["s3:GetObject"], resources=["*"])
    TaskRole(stack, "task", name="orders-task", location=location, statements=[statement])
    (policy,) = without_hashes(stack)["resource"]["aws_iam_role_policy"].values()
    (fits,) = policy["lifecycle"]["postcondition"]
    texts = ["x" * 10_240 + " \n\t" * 9, "x" * 10_241]
    values = [{"self": {"name": "task", "role": "orders-task", "policy": text}} for text in texts]
    cases = [*(Case(fits["condition"], value) for value in values), Case(fits["error_message"], values[1])]
    *decided, message = evaluate(tmp_path, cases)
    assert decided == [True, False]
    assert message.startswith(
        "The policy task of the role orders-task has 10241 characters without white space, and IAM allows 10240 of all "
        "inline policies of a role. Name fewer resources: "
    )


def test_a_privileged_port(tmp_path: Path) -> None:
    """By the containers as Terraform has them; the message names both ways out."""
    stack = TerraformStack(Testing.app(), "orders")
    container = ContainerDefinition(name="orders", image="orders", port=80)
    AwsProvider(stack, "aws", region="us-east-1")
    FargateTaskDefinition(
        stack,
        "task",
        family="orders",
        container=container,
        execution_role_arn="arn:execution",
        task_role_arn="arn:task",
        log_group_name="/ecs/orders",
        log_region="us-east-1",
    )
    document = without_hashes(stack)
    warning, task = check(document, "task_privileged_port"), "aws_ecs_task_definition.task"
    containers = document["resource"]["aws_ecs_task_definition"]["task"]["container_definitions"]
    values = [containers, containers.replace('"containerPort": 80,', '"containerPort": 1024,')]
    cases = [Case(warning["condition"], {task: {"container_definitions": value}}) for value in values]
    assert evaluate(tmp_path, cases) == [False, True]
    assert warning["error_message"].startswith("The container is to listen on port 80 as user 65532, and below 1024")
    assert "Let it listen on 1024 or above" in warning["error_message"]
    assert 'Or run it as user "0".' in warning["error_message"]


OUTPUTS: dict[str, tuple[dict[str, Any], list[bool]]] = {
    "right": ({}, [True, True, True]),
    "missing": ({"vpc": None, "subnets": None, "name": None}, [False, False, False]),
    "another alternative": ({"vpc": "a", "subnets": ["a"]}, [True, True, True]),
    "more in front": ({"vpc": "xa", "subnets": ["xa"], "name": "X.example"}, [False, False, False]),
    "more behind": ({"vpc": "vpc-1x", "subnets": ["subnet-1x"], "name": "a-"}, [False, False, False]),
    "of another type": ({"vpc": ["vpc-1"], "subnets": "subnet-1", "name": 1}, [False, False, False]),
    "empty": ({"subnets": []}, [True, False, True]),
    "twice": ({"subnets": ["subnet-1", "subnet-2", "subnet-1"]}, [True, True, True]),
    "one is wrong": ({"subnets": ["subnet-1", "vpc-1"]}, [True, False, True]),
    "elsewhere": ({"name": "x.elb.example"}, [True, True, False]),
    "here": ({"name": "x.here.elb.example"}, [True, True, True]),
}


def outputs(changes: dict[str, Any]) -> Block:
    right = {"vpc": "vpc-1", "subnets": ["subnet-1", "subnet-2"], "name": "a.example"}
    return {"outputs": {key: value for key, value in {**right, **changes}.items() if value is not None}}


def test_outputs_keep_their_contract(document: Block, tmp_path: Path) -> None:
    """Each pattern matches the whole, whatever alternatives it has; what cannot be evaluated is no match."""
    cases = [
        Case(each["condition"], {"self": outputs(changes)})
        for changes, _ in OUTPUTS.values()
        for each in postconditions(document, "data.terraform_remote_state.state")
    ]
    decided = evaluate(tmp_path, cases)
    threes = [decided[start : start + 3] for start in range(0, len(decided), 3)]
    assert dict(zip(OUTPUTS, threes, strict=True)) == {name: wanted for name, (_, wanted) in OUTPUTS.items()}


def test_what_is_said_of_an_output(document: Block, tmp_path: Path) -> None:
    """Whose state, which output, what it has to be, what it is, and what there is instead."""
    message = postconditions(document, "data.terraform_remote_state.state")[0]["error_message"]
    assert evaluate(
        tmp_path,
        [
            Case(message, {"self": outputs({"vpc": "vpc 1"})}),
            Case(message, {"self": outputs({"vpc": None})}),
            Case(message, {"self": {"outputs": {}}}),
        ],
    ) == [
        'State of the module networking (s3://states/networking): output "vpc" must be the id of a VPC. '
        f"It is {found}. Outputs that are there: {there}."
        for found, there in (
            ('"vpc 1"', "name, subnets, vpc"),
            ("missing", "name, subnets"),
            ("missing", "none"),
        )
    ]
