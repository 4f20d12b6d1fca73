"""What a plan looks up: where MiniStack's answers would make a data source fail, or a check on it mistaken."""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json, get_account_id
from ministack.services import alb, ec2, ecr

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
    _filter("DescribeRouteTables", "RouteTableId", ec2._route_tables, _ROUTE_TABLE_FILTERS)
    _filter("DescribeNetworkInterfaces", "NetworkInterfaceId", ec2._network_interfaces, _INTERFACE_FILTERS)
    ec2._parse_ip_permissions = _without_meaningless_ports(ec2._parse_ip_permissions)
    ecr._describe_images = _refusing_absent_images(ecr._describe_images)
    alb._ACTION_MAP["CreateLoadBalancer"] = _in_its_subnets_vpc(alb._ACTION_MAP["CreateLoadBalancer"])


def _filter(action: str, id_parameter: str, records: Records, filters: Mapping[str, Values]) -> None:
    """MiniStack ignores these filters and answers with every record; here the matching ones are asked for by id."""
    describe: Action = ec2._ACTION_MAP[action]

    def handle(parameters: Parameters) -> Answer:
        wanted = {name: values for name, values in ec2._parse_filters(parameters).items() if name in filters}
        if not wanted:
            return describe(parameters)
        asked = ec2._parse_member_list(parameters, id_parameter) or list(records)
        ids = [id_ for id_ in asked if id_ in records and _matches(records[id_], wanted, filters)]
        numbered = {f"{id_parameter}.{number}": [id_] for number, id_ in enumerate(ids or [_NO_SUCH_ID], start=1)}
        rest = {name: value for name, value in parameters.items() if not name.startswith(f"{id_parameter}.")}
        return describe(rest | numbered)

    ec2._ACTION_MAP[action] = handle


def _matches(record: dict[str, Any], wanted: Mapping[str, list[str]], filters: Mapping[str, Values]) -> bool:
    return all(
        any(ec2._glob_match(pattern, value) for pattern in patterns for value in filters[name](record))
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
        subnets = alb._parse_member_list(parameters, "Subnets") or [
            values[0] for name, values in parameters.items() if name.endswith(".SubnetId")
        ]
        subnet = ec2._subnets.get(subnets[0]) if subnets else None
        return create(parameters | {"VpcId": [subnet["VpcId"]]} if subnet else parameters)

    return handle


def _refusing_absent_images(
    describe: Callable[[dict[str, Any]], Answer],
) -> Callable[[dict[str, Any]], Answer]:
    """MiniStack answers with no image where AWS says which one is absent."""

    def handle(request: dict[str, Any]) -> Answer:
        repository = request.get("repositoryName", "")
        for image in request.get("imageIds") or []:
            if repository in ecr._repositories and not ecr._find_image(repository, image):
                digest, tag = (image.get(key, "null") for key in ("imageDigest", "imageTag"))
                message = (
                    f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the "
                    f"repository with name '{repository}' in the registry with id '{get_account_id()}'"
                )
                refusal: Answer = error_response_json("ImageNotFoundException", message)
                return refusal
        return describe(request)

    return handle
