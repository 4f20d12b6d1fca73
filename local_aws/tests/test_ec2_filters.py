"""What EC2's lists are filtered by, as the provider's data sources ask them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from local_aws.instance import Client, LocalAws


@dataclass(frozen=True)
class Network:
    vpc_id: str
    subnet_id: str


@pytest.fixture
def ec2(local_aws: LocalAws) -> Client:
    return local_aws.client("ec2")


@pytest.fixture
def network(ec2: Client) -> Network:
    vpc_id = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    return Network(vpc_id, subnet_id)


def _filter(name: str, *values: str) -> dict[str, Any]:
    return {"Name": name, "Values": list(values)}


def test_route_tables_are_filtered_by_id(ec2: Client, network: Network) -> None:
    """The provider's `aws_route_table` asks by this filter, and refuses an answer of more than one table."""
    id_ = ec2.create_route_table(VpcId=network.vpc_id)["RouteTable"]["RouteTableId"]

    found = ec2.describe_route_tables(Filters=[_filter("route-table-id", id_)])["RouteTables"]

    assert [table["RouteTableId"] for table in found] == [id_]


def test_a_filter_that_nothing_matches_finds_nothing(ec2: Client) -> None:
    """No match is an empty answer, not every record."""
    assert ec2.describe_route_tables(Filters=[_filter("route-table-id", "rtb-0")])["RouteTables"] == []
    assert ec2.describe_network_interfaces(Filters=[_filter("vpc-id", "vpc-0")])["NetworkInterfaces"] == []


def test_route_tables_are_filtered_by_id_and_vpc(ec2: Client, network: Network) -> None:
    """MiniStack's own filters still count beside ours."""
    id_ = ec2.create_route_table(VpcId=network.vpc_id)["RouteTable"]["RouteTableId"]
    other_vpc = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]

    filters = [_filter("route-table-id", id_), _filter("vpc-id", other_vpc)]

    assert ec2.describe_route_tables(Filters=filters)["RouteTables"] == []


def test_network_interfaces_are_filtered(ec2: Client, network: Network) -> None:
    """An ordinary interface must not pass for an endpoint's, which would count as a way out of the VPC."""
    created = ec2.create_network_interface(SubnetId=network.subnet_id)["NetworkInterface"]["NetworkInterfaceId"]
    in_vpc = _filter("vpc-id", network.vpc_id)

    found = ec2.describe_network_interfaces(Filters=[in_vpc])["NetworkInterfaces"]
    endpoints = ec2.describe_network_interfaces(Filters=[in_vpc, _filter("interface-type", "vpc_endpoint")])

    assert [interface["NetworkInterfaceId"] for interface in found] == [created]
    assert endpoints["NetworkInterfaces"] == []


def test_route_tables_are_filtered_by_what_their_routes_are(ec2: Client, network: Network) -> None:
    """By S3's prefix list, which a gateway endpoint adds, and by routes that a virtual private gateway propagates."""
    ids = [ec2.create_route_table(VpcId=network.vpc_id)["RouteTable"]["RouteTableId"] for _ in range(3)]
    service = "com.amazonaws.us-east-1.s3"
    ec2.create_vpc_endpoint(VpcId=network.vpc_id, ServiceName=service, RouteTableIds=ids[:1])
    gateway_id = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ec2.enable_vgw_route_propagation(RouteTableId=ids[1], GatewayId=gateway_id)
    (prefix_list,) = ec2.describe_prefix_lists(Filters=[_filter("prefix-list-name", service)])["PrefixLists"]

    def found(*filter_: str) -> list[str]:
        filters = [_filter(*filter_), _filter("vpc-id", network.vpc_id)]
        return [table["RouteTableId"] for table in ec2.describe_route_tables(Filters=filters)["RouteTables"]]

    assert found("route.destination-prefix-list-id", prefix_list["PrefixListId"]) == ids[:1]
    assert found("route.origin", "EnableVgwRoutePropagation") == ids[1:2]


def test_security_groups_are_filtered_by_id(ec2: Client, network: Network) -> None:
    """As the provider's `aws_security_groups` asks; an id that no group has is no error."""
    ids = [
        ec2.create_security_group(GroupName=name, Description=name, VpcId=network.vpc_id)["GroupId"] for name in "abc"
    ]

    def found(*wanted: str) -> list[str]:
        answer = ec2.describe_security_groups(Filters=[_filter("group-id", *wanted)])
        return [group["GroupId"] for group in answer["SecurityGroups"]]

    assert found(*ids[:2]) == ids[:2]
    assert found(ids[2], "sg-0") == ids[2:]
    assert found("sg-0") == []


def test_network_interfaces_are_filtered_by_owner(ec2: Client, network: Network) -> None:
    """Another account's, in a shared VPC, are none of ours."""
    made = ec2.create_network_interface(SubnetId=network.subnet_id)["NetworkInterface"]

    def found(owner: str) -> list[str]:
        answer = ec2.describe_network_interfaces(Filters=[_filter("owner-id", owner)])
        return [interface["NetworkInterfaceId"] for interface in answer["NetworkInterfaces"]]

    assert made["NetworkInterfaceId"] in found("000000000000")
    assert found("111111111111") == []
