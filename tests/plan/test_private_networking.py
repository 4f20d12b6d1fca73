"""What is a way to AWS for a task without a public IP, evaluated by Terraform itself at its edges."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import TerraformStack, Testing
from cdktf_cdktf_provider_aws.provider import AwsProvider

from constructs_lib.private_networking import PrivateNetworking
from tests.plan.expressions import Case, evaluate
from tests.template import Template

if TYPE_CHECKING:
    from pathlib import Path

    from tests.template import Block

TABLES, TABLES_LOCAL = "data.aws_route_table.network_route_table", "local.network_tables"
PROPAGATED, S3_ROUTES = "data.aws_route_tables.network_propagated_routes", "data.aws_route_tables.network_s3_routes"
INTERFACES, ENDPOINTS = (
    "data.aws_network_interface.network_interface_endpoint",
    "data.aws_vpc_endpoint.network_endpoint",
)
SUBNET = {"id": "subnet-1", "vpc_id": "vpc-1", "owner_id": "111111111111"}
NOWHERE = {"cidr_block": None, "destination_prefix_list_id": None, "ipv6_cidr_block": None, "gateway_id": None}
EVERYWHERE = {**NOWHERE, "cidr_block": "0.0.0.0/0"}
NEEDED = ("ecr.api", "ecr.dkr", "logs", "s3")


@pytest.fixture(scope="module")
def document() -> Block:
    stack = TerraformStack(Testing.app(), "orders")
    AwsProvider(stack, "aws", region="eu-west-1")
    PrivateNetworking(
        stack,
        "network",
        vpc_id="vpc-1",
        private_subnet_ids=["subnet-1", "subnet-2"],
        region="eu-west-1",
        account_id="111111111111",
        endpoint_services=["logs", "s3", "ecr.dkr", "ecr.api"],
    )
    parsed: Block = json.loads(re.sub(r"_[0-9A-F]{8}\b", "", Template.of(stack).text))
    return parsed


def table(*routes: Block, subnet_id: str | None = None, id_: str = "rtb-1") -> Block:
    association = {"main": subnet_id is None, "subnet_id": subnet_id, "gateway_id": None}
    return {"route_table_id": id_, "associations": [association], "routes": list(routes)}


def endpoints(*services: str) -> Block:
    """Their network interfaces, and themselves as the data source reads them."""
    names = {f"eni-{at}": service for at, service in enumerate(services)}
    return {
        INTERFACES: {eni: {"description": f"VPC Endpoint Interface vpce-0{eni[4:]}"} for eni in names},
        ENDPOINTS: {eni: {"service_name": f"com.amazonaws.eu-west-1.{service}"} for eni, service in names.items()},
    }


def world(**changes: Any) -> dict[str, Any]:
    """A subnet in a VPC without any way out."""
    nothing: dict[str, Any] = {
        "self": SUBNET,
        TABLES: {"rtb-1": table()},
        PROPAGATED: {"ids": ["rtb-9"]},
        S3_ROUTES: {"ids": ["rtb-9"]},
        INTERFACES: {},
        ENDPOINTS: {},
    }
    return {**nothing, **changes}


def routed(*routes: Block) -> dict[str, Any]:
    return world(**{TABLES: {"rtb-1": table(*routes)}})


WAYS: dict[str, tuple[dict[str, Any], bool]] = {
    "none": (world(), False),
    "NAT": (routed({**EVERYWHERE, "nat_gateway_id": "nat-1"}), True),
    "a transit gateway for a part": (routed({**EVERYWHERE, "cidr_block": "10.0.0.0/8", "gateway_id": ""}), True),
    "a virtual private gateway": (routed({**EVERYWHERE, "gateway_id": "vgw-1"}), True),
    "a prefix list": (routed({**NOWHERE, "destination_prefix_list_id": "pl-1"}), True),
    "an internet gateway": (routed({**EVERYWHERE, "gateway_id": "igw-1"}), False),
    "IPv6 only, which ECR's registry has not": (routed({**NOWHERE, "ipv6_cidr_block": "::/0"}), False),
    "an internet gateway and a peering": (
        routed({**EVERYWHERE, "gateway_id": "igw-1"}, {**EVERYWHERE, "cidr_block": "10.0.0.0/8"}),
        True,
    ),
    "a table of its own": (
        world(**{TABLES: {"a": table(), "b": table(EVERYWHERE, subnet_id="subnet-1", id_="rtb-2")}}),
        True,
    ),
    "another subnet's table": (world(**{TABLES: {"a": table(), "b": table(EVERYWHERE, subnet_id="subnet-2")}}), False),
    "propagated routes": (world(**{PROPAGATED: {"ids": ["rtb-1"]}}), True),
    "all endpoints": (world(**endpoints(*NEEDED)), True),
    "all endpoints in China": (world(**endpoints(*(f"cn.x.{service}" for service in NEEDED))), True),
    "all but one": (world(**endpoints(*NEEDED[1:])), False),
    "S3 by a gateway": (world(**{**endpoints(*NEEDED[:3]), S3_ROUTES: {"ids": ["rtb-1"]}}), True),
    "only S3 by a gateway": (world(**{S3_ROUTES: {"ids": ["rtb-1"]}}), False),
    "S3 Express is not S3": (world(**endpoints(*NEEDED[:3], "s3express")), False),
    "an endpoint that is not named": (world(**{INTERFACES: {"eni-1": {"description": "something else"}}}), True),
    "another account's VPC": (world(self={**SUBNET, "owner_id": "222222222222"}), True),
    "another VPC, which is told already": (world(self={**SUBNET, "vpc_id": "vpc-2"}), True),
    "no table that can be seen": (world(**{TABLES: {}}), False),
}


def case(document: Block, template: str, values: dict[str, Any]) -> Case:
    """With the local value of the tables after what it is made of."""
    return Case(template, {**values, TABLES_LOCAL: document["locals"]["network_tables"]})


def test_a_private_subnet_needs_a_way(document: Block, tmp_path: Path) -> None:
    """A route for IPv4 that needs no public IP, or an endpoint for each service; what cannot be known passes."""
    _, way_out = document["data"]["aws_subnet"]["network_subnet"]["lifecycle"]["postcondition"]
    decided = evaluate(tmp_path, [case(document, way_out["condition"], values) for values, _ in WAYS.values()])
    assert dict(zip(WAYS, decided, strict=True)) == {name: passes for name, (_, passes) in WAYS.items()}


def test_what_is_said_of_a_private_subnet(document: Block, tmp_path: Path) -> None:
    """Which endpoints are missing, and what to do."""
    in_vpc, way_out = document["data"]["aws_subnet"]["network_subnet"]["lifecycle"]["postcondition"]
    foreign = {"self": {**SUBNET, "vpc_id": "vpc-2"}}
    some = world(**endpoints("ecr.dkr", "logs"))
    cases = [Case(in_vpc["condition"], {"self": SUBNET}), Case(in_vpc["condition"], foreign)]
    cases += [Case(in_vpc["error_message"], foreign), case(document, way_out["error_message"], some)]
    assert evaluate(tmp_path, cases) == [
        True,
        False,
        "Subnet subnet-1 is in VPC vpc-2, not in vpc-1: private_subnet_ids and vpc_id have to name the same network.",
        (
            "Subnet subnet-1 has no way to what a task without a public IP needs: its route table has no route for "
            "IPv4 but to an internet gateway, and the VPC has no endpoint for ecr.api, s3. It needs a route to a NAT "
            "gateway, or these endpoints."
        ),
    ]


def test_zones(document: Block, tmp_path: Path) -> None:
    """Two subnets in one zone are one zone; a warning, for one zone works."""
    (zones,) = document["check"]["network_zones"]["assert"]
    one = {"data.aws_subnet.network_subnet": {each: {"availability_zone": "a"} for each in ("subnet-1", "subnet-2")}}
    two = {"data.aws_subnet.network_subnet": {each: {"availability_zone": each} for each in ("a", "b")}}
    cases = [Case(zones["condition"], one), Case(zones["condition"], two), Case(zones["error_message"], one)]
    assert evaluate(tmp_path, cases) == [
        False,
        True,
        (
            "All private subnets (subnet-1, subnet-2) are in one availability zone, a: the API is gone when that zone "
            "is. Use subnets in two zones or more."
        ),
    ]


def test_what_is_looked_up(document: Block) -> None:
    """Nothing that fails where there is none: endpoints are found by the network interfaces of this account's."""
    read = {
        f"{type_}.{name}": {key: value for key, value in block.items() if key not in {"//", "lifecycle"}}
        for type_, blocks in document["data"].items()
        for name, block in blocks.items()
    }
    assert read["aws_subnet.network_subnet"] == {
        "for_each": '${toset(["subnet-1", "subnet-2"])}',
        "id": "${each.value}",
    }
    assert read["aws_route_tables.network_route_tables"] == {"vpc_id": "vpc-1"}
    assert read["aws_route_table.network_route_table"] == {
        "for_each": "${toset(data.aws_route_tables.network_route_tables.ids)}",
        "route_table_id": "${each.value}",
    }
    assert read["aws_network_interface.network_interface_endpoint"] == {
        "for_each": "${toset(data.aws_network_interfaces.network_interface_endpoints.ids)}",
        "id": "${each.value}",
    }
    assert read["aws_network_interfaces.network_interface_endpoints"]["filter"] == [
        {"name": "vpc-id", "values": ["vpc-1"]},
        {"name": "interface-type", "values": ["vpc_endpoint"]},
        {"name": "owner-id", "values": ["111111111111"]},
    ]
    assert read["aws_vpc_endpoint.network_endpoint"] == {
        "for_each": (
            f'${{toset([for each in {INTERFACES} : regex("vpce-[0-9a-f]+", each.description) '
            'if can(regex("vpce-[0-9a-f]+", each.description))])}'
        ),
        "id": "${each.value}",
    }
    assert read["aws_prefix_list.network_s3_prefix_list"] == {"name": "com.amazonaws.eu-west-1.s3"}
    assert read["aws_route_tables.network_s3_routes"] == {
        "vpc_id": "vpc-1",
        "filter": [
            {
                "name": "route.destination-prefix-list-id",
                "values": ["${data.aws_prefix_list.network_s3_prefix_list.id}"],
            }
        ],
    }
    assert read["aws_route_tables.network_propagated_routes"] == {
        "vpc_id": "vpc-1",
        "filter": [{"name": "route.origin", "values": ["EnableVgwRoutePropagation"]}],
    }
