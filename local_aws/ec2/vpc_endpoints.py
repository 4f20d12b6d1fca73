"""VPC endpoints: those of the type Interface have network interfaces, those of the type Gateway have routes.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from local_aws.ministack_types import Action, Answer, Parameters, Record


_FULL_ACCESS = json.dumps({"Statement": [{"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}]})


def create(_original: Action, parameters: Parameters) -> Answer:
    type_ = ec2._p(parameters, "VpcEndpointType") or "Gateway"
    endpoint: Record = {
        "VpcEndpointId": f"vpce-{uuid.uuid4().hex[:17]}",
        "VpcEndpointType": type_,
        "VpcId": ec2._p(parameters, "VpcId"),
        "ServiceName": ec2._p(parameters, "ServiceName"),
        "State": "available",
        "RouteTableIds": _members(parameters, "RouteTableId"),
        "SubnetIds": _members(parameters, "SubnetId"),
        "OwnerId": get_account_id(),
        "PolicyDocument": ec2._p(parameters, "PolicyDocument") or _FULL_ACCESS,
        "PrivateDnsEnabled": type_ == "Interface" and ec2._p(parameters, "PrivateDnsEnabled", "true") == "true",
        "SecurityGroupIds": _members(parameters, "SecurityGroupId"),
    }
    if type_ == "Interface":
        endpoint["SecurityGroupIds"] = endpoint["SecurityGroupIds"] or _default_group(endpoint)
    ec2._vpc_endpoints[endpoint["VpcEndpointId"]] = endpoint
    ec2._parse_tag_specs(parameters, "vpc-endpoint", endpoint["VpcEndpointId"])
    _connect(endpoint)
    return ec2._xml(200, "CreateVpcEndpointResponse", ec2._vpce_fields_xml(endpoint, tag="vpcEndpoint"))


def modify(original: Action, parameters: Parameters) -> Answer:
    answer = original(parameters)
    endpoint = ec2._vpc_endpoints.get(ec2._p(parameters, "VpcEndpointId"))
    if endpoint:
        removed = _members(parameters, "RemoveSecurityGroupId")
        kept = [group for group in endpoint["SecurityGroupIds"] if group not in removed]
        endpoint["SecurityGroupIds"] = kept + _members(parameters, "AddSecurityGroupId")
        if private_dns := ec2._p(parameters, "PrivateDnsEnabled"):
            endpoint["PrivateDnsEnabled"] = private_dns == "true"
        if ec2._p(parameters, "ResetPolicy") == "true":
            endpoint["PolicyDocument"] = _FULL_ACCESS
        _connect(endpoint)
    return answer


def delete(original: Action, parameters: Parameters) -> Answer:
    for id_ in _members(parameters, "VpcEndpointId"):
        if endpoint := ec2._vpc_endpoints.get(id_):
            _connect({**endpoint, "SubnetIds": [], "RouteTableIds": []})
    return original(parameters)


def fields_xml(original: Callable[[Record, str], str], endpoint: Record, tag: str = "item") -> str:
    """What MiniStack leaves out, so that the provider would plan each endpoint anew."""
    groups = [
        f"<groupId>{group['GroupId']}</groupId><groupName>{escape(group['GroupName'])}</groupName>"
        for group in _groups(endpoint)
    ]
    service = ".".join(reversed(endpoint["ServiceName"].split(".")[3:]))
    name = f"{endpoint['VpcEndpointId']}.{service}.{get_region()}.vpce.amazonaws.com"
    dns = [f"<dnsName>{name}</dnsName><hostedZoneId>Z7HUB22UULQXV</hostedZoneId>"]
    interface = endpoint["VpcEndpointType"] == "Interface"
    added = (
        f"<policyDocument>{escape(endpoint['PolicyDocument'])}</policyDocument>"
        f"<privateDnsEnabled>{str(endpoint['PrivateDnsEnabled']).lower()}</privateDnsEnabled>"
        "<requesterManaged>false</requesterManaged>"
        f"<groupSet>{_items(groups)}</groupSet>"
        f"<networkInterfaceIdSet>{_items(_interfaces(endpoint))}</networkInterfaceIdSet>"
        f"<dnsEntrySet>{_items(dns) if interface else ''}</dnsEntrySet>"
        f"{'<ipAddressType>ipv4</ipAddressType>' if interface else ''}"
    )
    return original(endpoint, tag).removesuffix(f"</{tag}>") + f"{added}</{tag}>"


def _connect(endpoint: Record) -> None:
    """Its network interfaces and routes, as its subnets and route tables are now."""
    id_ = endpoint["VpcEndpointId"]
    there = _interfaces(endpoint)
    for interface_id, interface in there.items():
        if interface["SubnetId"] not in endpoint["SubnetIds"]:
            ec2._network_interfaces.pop(interface_id, None)
    with_one = {interface["SubnetId"] for interface in there.values()}
    for subnet_id in endpoint["SubnetIds"]:
        if subnet_id not in with_one:
            _add_interface(endpoint, subnet_id)
    for interface in _interfaces(endpoint).values():
        interface["Groups"] = _groups(endpoint)
    list_id = ec2._aws_pl_id_from_name(endpoint["ServiceName"])
    route = {"DestinationPrefixListId": list_id, "GatewayId": id_, "State": "active", "Origin": "CreateRoute"}
    for table in ec2._route_tables.values():
        others = [each for each in table["Routes"] if each.get("GatewayId") != id_]
        table["Routes"] = [*others, *([route] if table["RouteTableId"] in endpoint["RouteTableIds"] else [])]


def _add_interface(endpoint: Record, subnet_id: str) -> None:
    made = ec2._create_network_interface({"SubnetId": [subnet_id], "Description": [_description(endpoint)]})
    interface_id = re.findall(r"<networkInterfaceId>(.+?)<", made[2].decode())[0]
    ec2._network_interfaces[interface_id] |= {"InterfaceType": "vpc_endpoint", "Status": "in-use"}


def _interfaces(endpoint: Record) -> dict[str, Record]:
    all_ = ec2._network_interfaces.items()
    return {id_: interface for id_, interface in all_ if interface["Description"] == _description(endpoint)}


def _groups(endpoint: Record) -> list[dict[str, str]]:
    all_ = ec2._security_groups
    return [
        {"GroupId": id_, "GroupName": all_.get(id_, {}).get("GroupName", "")} for id_ in endpoint["SecurityGroupIds"]
    ]


def _description(endpoint: Record) -> str:
    return f"VPC Endpoint Interface {endpoint['VpcEndpointId']}"


def _default_group(endpoint: Record) -> list[str]:
    groups = ec2._security_groups.values()
    return [
        group["GroupId"] for group in groups if (group["VpcId"], group["GroupName"]) == (endpoint["VpcId"], "default")
    ]


def _members(parameters: Parameters, name: str) -> list[str]:
    return ec2._parse_member_list(parameters, name)


def _items(contents: Iterable[str]) -> str:
    return "".join(f"<item>{content}</item>" for content in contents)
