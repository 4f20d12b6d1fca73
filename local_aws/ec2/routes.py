"""Routes to any kind of destination: MiniStack takes each for one to an IPv4 CIDR.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import ec2

if TYPE_CHECKING:
    from local_aws.ministack_types import Action, Answer, Parameters, Record


_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
_TARGETS = tuple(name for name, _ in ec2._ROUTE_MEMBERS if name not in _DESTINATIONS)


def create(original: Action, parameters: Parameters) -> Answer:
    """The same route again is no error in AWS: https://github.com/hashicorp/terraform-provider-aws/issues/36324"""
    table = _table(parameters)
    if table is None:
        return original(parameters)
    destination, target = _among(_DESTINATIONS, parameters), _among(_TARGETS, parameters)
    if not destination or not target:
        return _error("MissingParameter", "The request must contain a destination and a target.")
    there = _find(table, destination)
    if there and target.items() <= there.items():
        return _done("CreateRouteResponse")
    if there:
        (shown,) = destination.values()
        return _error("RouteAlreadyExists", f"The route identified by {shown} already exists.")
    table["Routes"].append({**destination, **target, "State": "active", "Origin": "CreateRoute"})
    return _done("CreateRouteResponse")


def replace(original: Action, parameters: Parameters) -> Answer:
    table = _table(parameters)
    if table is None:
        return original(parameters)
    route = _find(table, _among(_DESTINATIONS, parameters))
    if route is None:
        return _no_such_route(table)
    for name in _TARGETS:
        route.pop(name, None)
    to_local = ec2._p(parameters, "LocalTarget") == "true"
    route.update({"GatewayId": "local"} if to_local else _among(_TARGETS, parameters))
    return _done("ReplaceRouteResponse")


def delete(original: Action, parameters: Parameters) -> Answer:
    table = _table(parameters)
    if table is None:
        return original(parameters)
    route = _find(table, _among(_DESTINATIONS, parameters))
    if route is None:
        return _no_such_route(table)
    table["Routes"] = [other for other in table["Routes"] if other is not route]
    return _done("DeleteRouteResponse")


def _table(parameters: Parameters) -> Record | None:
    return ec2._route_tables.get(ec2._p(parameters, "RouteTableId"))


def _among(names: tuple[str, ...], parameters: Parameters) -> dict[str, str]:
    return {name: value for name in names if (value := ec2._p(parameters, name))}


def _find(table: Record, destination: dict[str, str]) -> Record | None:
    return next((route for route in table["Routes"] if destination and destination.items() <= route.items()), None)


def _no_such_route(table: Record) -> Answer:
    return _error("InvalidRoute.NotFound", f"There is no such route in route table {table['RouteTableId']}.")


def _error(code: str, message: str) -> Answer:
    return ec2._error(code, message, 400)


def _done(response: str) -> Answer:
    return ec2._xml(200, response, "<return>true</return>")
