"""Routes, VPC endpoints and prefix lists: by which way a task in a subnet reaches what it needs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from local_aws.instance import Client, LocalAws

_numbers = itertools.count()
_PREFIX_LIST = "pl-0123456789abcdef0"


@dataclass(frozen=True)
class Network:
    vpc_id: str
    subnet_ids: list[str]
    table_id: str
    gateway_id: str


@pytest.fixture
def ec2(local_aws: LocalAws) -> Client:
    return local_aws.client("ec2")


@pytest.fixture
def network(ec2: Client) -> Network:
    vpc_id = ec2.create_vpc(CidrBlock="10.4.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.4.{number}.0/24")["Subnet"] for number in range(2)]
    gateway_id = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc_id)
    table_id = ec2.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
    return Network(vpc_id, [subnet["SubnetId"] for subnet in subnets], table_id, gateway_id)


def routes(ec2: Client, network: Network) -> list[dict[str, Any]]:
    """Without the local one, which every table has."""
    (table,) = ec2.describe_route_tables(RouteTableIds=[network.table_id])["RouteTables"]
    return [route for route in table["Routes"] if route.get("GatewayId") != "local"]


@pytest.mark.parametrize(
    "destination",
    [
        {"DestinationCidrBlock": "0.0.0.0/0"},
        {"DestinationIpv6CidrBlock": "::/0"},
        {"DestinationPrefixListId": _PREFIX_LIST},
    ],
    ids=["IPv4", "IPv6", "prefix list"],
)
def test_a_route_leads_to_any_kind_of_destination(ec2: Client, network: Network, destination: dict[str, str]) -> None:
    """It is made, left as it is by the same request, refused to another target, sent elsewhere, and taken away.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html, RouteAlreadyExists
    """
    to_internet = {"RouteTableId": network.table_id, **destination, "GatewayId": network.gateway_id}
    made = {**destination, "State": "active", "Origin": "CreateRoute"}
    ec2.create_route(**to_internet)
    assert routes(ec2, network) == [{**made, "GatewayId": network.gateway_id}]

    ec2.create_route(**to_internet)
    assert len(routes(ec2, network)) == 1
    elsewhere = {"RouteTableId": network.table_id, **destination, "TransitGatewayId": "tgw-0123456789abcdef0"}
    with pytest.raises(ec2.exceptions.ClientError, match="RouteAlreadyExists"):
        ec2.create_route(**elsewhere)
    assert routes(ec2, network) == [{**made, "GatewayId": network.gateway_id}]

    ec2.replace_route(**elsewhere)
    assert routes(ec2, network) == [{**made, "TransitGatewayId": "tgw-0123456789abcdef0"}]

    ec2.delete_route(RouteTableId=network.table_id, **destination)
    assert routes(ec2, network) == []
    with pytest.raises(ec2.exceptions.ClientError, match=r"InvalidRoute\.NotFound"):
        ec2.delete_route(RouteTableId=network.table_id, **destination)


def endpoint(ec2: Client, network: Network, **settings: Any) -> dict[str, Any]:
    return ec2.create_vpc_endpoint(VpcId=network.vpc_id, **settings)["VpcEndpoint"]


def interfaces(ec2: Client, network: Network) -> list[dict[str, Any]]:
    filters = {"vpc-id": network.vpc_id, "interface-type": "vpc_endpoint"}
    return ec2.describe_network_interfaces(
        Filters=[{"Name": name, "Values": [value]} for name, value in filters.items()]
    )["NetworkInterfaces"]


def test_an_interface_endpoint_has_an_interface_in_each_subnet(ec2: Client, network: Network) -> None:
    """With the endpoint's groups, by default the VPC's own; it goes with its subnet and with the endpoint.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html
    """
    made = endpoint(
        ec2,
        network,
        ServiceName="com.amazonaws.us-east-1.ecr.api",
        VpcEndpointType="Interface",
        SubnetIds=network.subnet_ids,
    )
    found = interfaces(ec2, network)
    assert [group["GroupName"] for group in made["Groups"]] == ["default"]
    assert made["PrivateDnsEnabled"] is True
    assert {interface["SubnetId"] for interface in found} == set(network.subnet_ids)
    assert {interface["NetworkInterfaceId"] for interface in found} == set(made["NetworkInterfaceIds"])
    assert [interface["Groups"] for interface in found] == [made["Groups"]] * 2
    assert made["DnsEntries"][0]["DnsName"].endswith(".api.ecr.us-east-1.vpce.amazonaws.com")

    own = ec2.create_security_group(GroupName="endpoints", Description="own", VpcId=network.vpc_id)["GroupId"]
    ec2.modify_vpc_endpoint(
        VpcEndpointId=made["VpcEndpointId"],
        RemoveSubnetIds=network.subnet_ids[:1],
        AddSecurityGroupIds=[own],
        RemoveSecurityGroupIds=[made["Groups"][0]["GroupId"]],
    )
    (left,) = interfaces(ec2, network)
    assert (left["SubnetId"], left["Groups"]) == (network.subnet_ids[1], [{"GroupId": own, "GroupName": "endpoints"}])

    ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    assert interfaces(ec2, network) == []


def test_a_gateway_endpoint_is_a_route_to_the_services_prefix_list(ec2: Client, network: Network) -> None:
    """https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html, "Routing"."""
    service = "com.amazonaws.us-east-1.s3"
    made = endpoint(ec2, network, ServiceName=service, RouteTableIds=[network.table_id])
    (list_,) = ec2.describe_managed_prefix_lists(Filters=[{"Name": "prefix-list-name", "Values": [service]}])[
        "PrefixLists"
    ]
    (route,) = routes(ec2, network)
    assert (route["DestinationPrefixListId"], route["GatewayId"]) == (list_["PrefixListId"], made["VpcEndpointId"])
    assert interfaces(ec2, network) == []

    ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], RemoveRouteTableIds=[network.table_id])
    assert routes(ec2, network) == []
    ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], AddRouteTableIds=[network.table_id])
    assert len(routes(ec2, network)) == 1
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    assert routes(ec2, network) == []


def test_endpoints_are_filtered(ec2: Client, network: Network) -> None:
    """By VPC and service, as a check asks for those that a task needs.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpoints.html
    """
    service = "com.amazonaws.us-east-1.logs"
    made = endpoint(ec2, network, ServiceName=service, VpcEndpointType="Interface", SubnetIds=network.subnet_ids[:1])
    other = ec2.create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]

    def found(**filters: str) -> list[str]:
        asked = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
        return [each["VpcEndpointId"] for each in ec2.describe_vpc_endpoints(Filters=asked)["VpcEndpoints"]]

    assert found(vpc_id=network.vpc_id, service_name=service) == [made["VpcEndpointId"]]
    assert found(vpc_id=other) == found(vpc_id=network.vpc_id, service_name="com.amazonaws.us-east-1.kms") == []


def test_a_prefix_list_keeps_its_tags(ec2: Client) -> None:
    """The provider would add them again with each apply."""
    tags = [{"Key": "module", "Value": "networking"}]
    made = ec2.create_managed_prefix_list(
        PrefixListName=f"tagged{next(_numbers)}",
        MaxEntries=1,
        AddressFamily="IPv4",
        TagSpecifications=[{"ResourceType": "prefix-list", "Tags": tags}],
    )["PrefixList"]
    (found,) = ec2.describe_managed_prefix_lists(PrefixListIds=[made["PrefixListId"]])["PrefixLists"]
    assert found["Tags"] == tags
