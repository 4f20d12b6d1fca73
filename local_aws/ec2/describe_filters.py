"""Filters that MiniStack ignores, so that it answers with every record: the matching ones are asked for by id.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpoints.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import ec2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local_aws.ministack_types import Action, Answer, Parameters

    Records = Mapping[str, dict[str, Any]]
    Values = Callable[[dict[str, Any]], list[str]]
    Filters = Mapping[str, Values]

_NO_SUCH_ID = "none"

_ROUTE_TABLE_FILTERS: Filters = {
    "route-table-id": lambda table: [table["RouteTableId"]],
    "route.destination-prefix-list-id": lambda table: _of_routes(table, "DestinationPrefixListId"),
    "route.gateway-id": lambda table: _of_routes(table, "GatewayId"),
    "route.origin": lambda table: [
        *_of_routes(table, "Origin"),
        *(["EnableVgwRoutePropagation"] if table.get("PropagatingVgws") else []),
    ],
}
_INTERFACE_FILTERS: Filters = {
    "description": lambda interface: [interface["Description"]],
    "group-id": lambda interface: [group["GroupId"] for group in interface["Groups"]],
    "interface-type": lambda interface: [interface["InterfaceType"]],
    "network-interface-id": lambda interface: [interface["NetworkInterfaceId"]],
    "owner-id": lambda interface: [interface["OwnerId"]],
    "status": lambda interface: [interface["Status"]],
    "subnet-id": lambda interface: [interface["SubnetId"]],
    "vpc-id": lambda interface: [interface["VpcId"]],
}
_GROUP_FILTERS: Filters = {"group-id": lambda group: [group["GroupId"]]}
_ENDPOINT_FILTERS: Filters = {
    "service-name": lambda endpoint: [endpoint["ServiceName"]],
    "vpc-endpoint-id": lambda endpoint: [endpoint["VpcEndpointId"]],
    "vpc-endpoint-state": lambda endpoint: [endpoint["State"]],
    "vpc-endpoint-type": lambda endpoint: [endpoint["VpcEndpointType"]],
    "vpc-id": lambda endpoint: [endpoint["VpcId"]],
}


def route_tables(original: Action, parameters: Parameters) -> Answer:
    by_id = _by_id(parameters, "RouteTableId", ec2._route_tables, _ROUTE_TABLE_FILTERS)
    return original(by_id)


def network_interfaces(original: Action, parameters: Parameters) -> Answer:
    by_id = _by_id(parameters, "NetworkInterfaceId", ec2._network_interfaces, _INTERFACE_FILTERS)
    return original(by_id)


def security_groups(original: Action, parameters: Parameters) -> Answer:
    """An unknown id is an error where it is asked for, and none in a filter."""
    wanted = ec2._parse_filters(parameters).get("group-id")
    if wanted and not any(ec2._glob_match(pattern, id_) for pattern in wanted for id_ in ec2._security_groups):
        return ec2._xml(200, "DescribeSecurityGroupsResponse", "<securityGroupInfo/>")
    return original(_by_id(parameters, "GroupId", ec2._security_groups, _GROUP_FILTERS))


def vpc_endpoints(original: Action, parameters: Parameters) -> Answer:
    return original(_by_id(parameters, "VpcEndpointId", ec2._vpc_endpoints, _ENDPOINT_FILTERS))


def _of_routes(table: dict[str, Any], member: str) -> list[str]:
    return [route[member] for route in table["Routes"] if route.get(member)]


def _by_id(parameters: Parameters, id_parameter: str, records: Records, filters: Filters) -> Parameters:
    wanted = {name: values for name, values in ec2._parse_filters(parameters).items() if name in filters}
    if not wanted:
        return parameters
    asked = ec2._parse_member_list(parameters, id_parameter) or list(records)
    ids = [id_ for id_ in asked if id_ in records and _matches(records[id_], wanted, filters)]
    numbered = {f"{id_parameter}.{number}": [id_] for number, id_ in enumerate(ids or [_NO_SUCH_ID], start=1)}
    rest = {name: value for name, value in parameters.items() if not name.startswith(f"{id_parameter}.")}
    return rest | numbered


def _matches(record: dict[str, Any], wanted: Mapping[str, list[str]], filters: Filters) -> bool:
    return all(
        any(ec2._glob_match(pattern, value) for pattern in patterns for value in filters[name](record))
        for name, patterns in wanted.items()
    )
