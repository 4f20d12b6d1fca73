"""Where MiniStack's EC2 and ELB answers about the network differ from AWS's, so that a check on them would mislead.

Runs inside the emulator's process. Each patch is bound to the pinned MiniStack and has a test of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import alb, ec2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Answer = tuple[int, dict[str, str], bytes]
    Parameters = dict[str, list[str]]
    Action = Callable[[Parameters], Answer]
    Records = Mapping[str, dict[str, Any]]
    Values = Callable[[dict[str, Any]], list[str]]

_NO_SUCH_ID = "none"

_ROUTE_TABLE_FILTERS: Mapping[str, Values] = {
    "route-table-id": lambda table: [table["RouteTableId"]],
    "route.gateway-id": lambda table: [route.get("GatewayId", "") for route in table["Routes"]],
}
_INTERFACE_FILTERS: Mapping[str, Values] = {
    "description": lambda interface: [interface["Description"]],
    "group-id": lambda interface: [group["GroupId"] for group in interface["Groups"]],
    "interface-type": lambda interface: [interface["InterfaceType"]],
    "network-interface-id": lambda interface: [interface["NetworkInterfaceId"]],
    "status": lambda interface: [interface["Status"]],
    "subnet-id": lambda interface: [interface["SubnetId"]],
    "vpc-id": lambda interface: [interface["VpcId"]],
}


def install() -> None:
    """Patch the imported MiniStack; called once, before it serves."""
    _filter("DescribeRouteTables", "RouteTableId", ec2._route_tables, _ROUTE_TABLE_FILTERS)  # noqa: SLF001
    _filter("DescribeNetworkInterfaces", "NetworkInterfaceId", ec2._network_interfaces, _INTERFACE_FILTERS)  # noqa: SLF001
    ec2._parse_ip_permissions = _without_meaningless_ports(ec2._parse_ip_permissions)  # noqa: SLF001
    alb._ACTION_MAP["CreateLoadBalancer"] = _in_its_subnets_vpc(alb._ACTION_MAP["CreateLoadBalancer"])  # noqa: SLF001


def _filter(action: str, id_parameter: str, records: Records, filters: Mapping[str, Values]) -> None:
    """MiniStack ignores these filters and answers with every record; here the matching ones are asked for by id."""
    describe: Action = ec2._ACTION_MAP[action]  # noqa: SLF001

    def handle(parameters: Parameters) -> Answer:
        wanted = {name: values for name, values in ec2._parse_filters(parameters).items() if name in filters}  # noqa: SLF001
        if not wanted:
            return describe(parameters)
        asked = ec2._parse_member_list(parameters, id_parameter) or list(records)  # noqa: SLF001
        ids = [id_ for id_ in asked if id_ in records and _matches(records[id_], wanted, filters)]
        numbered = {f"{id_parameter}.{number}": [id_] for number, id_ in enumerate(ids or [_NO_SUCH_ID], start=1)}
        rest = {name: value for name, value in parameters.items() if not name.startswith(f"{id_parameter}.")}
        return describe(rest | numbered)

    ec2._ACTION_MAP[action] = handle  # noqa: SLF001


def _matches(record: dict[str, Any], wanted: Mapping[str, list[str]], filters: Mapping[str, Values]) -> bool:
    return all(
        any(ec2._glob_match(pattern, value) for pattern in patterns for value in filters[name](record))  # noqa: SLF001
        for name, patterns in wanted.items()
    )


def _without_meaningless_ports(
    parse: Callable[[Parameters, str], list[dict[str, Any]]],
) -> Callable[[Parameters, str], list[dict[str, Any]]]:
    """A rule for all protocols has no ports.

    MiniStack keeps those it is sent, so that the provider, which sends 0, can't revoke a new group's default egress
    rule: every group would let everything out.
    """

    def handle(parameters: Parameters, prefix: str) -> list[dict[str, Any]]:
        rules = parse(parameters, prefix)
        for rule in rules:
            if rule["IpProtocol"] == "-1":
                rule.pop("FromPort", None)
                rule.pop("ToPort", None)
        return rules

    return handle


def _in_its_subnets_vpc(create: Action) -> Action:
    """MiniStack puts every load balancer into its default VPC; AWS takes that of the subnets."""

    def handle(parameters: Parameters) -> Answer:
        subnets = alb._parse_member_list(parameters, "Subnets") or [  # noqa: SLF001
            values[0] for name, values in parameters.items() if name.endswith(".SubnetId")
        ]
        subnet = ec2._subnets.get(subnets[0]) if subnets else None  # noqa: SLF001
        return create(parameters | {"VpcId": [subnet["VpcId"]]} if subnet else parameters)

    return handle
