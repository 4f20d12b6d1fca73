"""Load balancers and their listeners: where they are, and of which kind.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.core.responses import get_region
from ministack.services import alb, ec2

from local_aws.elasticloadbalancing.listener_rules import unfit_group

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.ministack_types import Action, Answer, Parameters, Record


_STORES = (alb._lbs, alb._listeners, alb._rules, alb._tags, alb._lb_attrs, alb._listener_attrs)


def create(original: Action, parameters: Parameters) -> Answer:
    """MiniStack puts every load balancer into its default VPC, and calls it an internet-facing application's."""
    subnet_ids = alb._parse_member_list(parameters, "Subnets") or _mapped(parameters)
    named = {f"Subnets.member.{number}": [id_] for number, id_ in enumerate(subnet_ids, start=1)}
    subnet = ec2._subnets.get(subnet_ids[0]) if subnet_ids else None
    in_vpc = {"VpcId": [subnet["VpcId"]]} if subnet else {}
    before = set(alb._lbs)
    answer = original(parameters | named | in_vpc)
    for arn in set(alb._lbs) - before:
        balancer = alb._lbs[arn]
        balancer["DNSName"] = _dns_name(balancer)
        renamed = _renamed_for_kind(arn, balancer)
        answer = alb._xml(200, "CreateLoadBalancer", f"<LoadBalancers>{alb._lb_xml(alb._lbs[renamed])}</LoadBalancers>")
    return answer


def _mapped(parameters: Parameters) -> list[str]:
    found: list[str] = []
    while id_ := alb._p(parameters, f"SubnetMappings.member.{len(found) + 1}.SubnetId"):
        found.append(id_)
    return found


def _dns_name(balancer: Record) -> str:
    """An application's has the region before ``elb``, and a prefix where it is internal; a network's has it after."""
    host = balancer["DNSName"].partition(".")[0]
    if balancer["Type"] == "network":
        return f"{host}.elb.{get_region()}.amazonaws.com"
    prefix = "internal-" if balancer["Scheme"] == "internal" else ""
    return f"{prefix}{host}.{get_region()}.elb.amazonaws.com"


def create_listener(original: Action, parameters: Parameters) -> Answer:
    refused = unfit_group(parameters, "DefaultActions", load_balancer_arn=alb._p(parameters, "LoadBalancerArn"))
    if refused:
        return refused
    before = set(alb._listeners)
    answer = original(parameters)
    for arn in set(alb._listeners) - before:
        balancer = alb._lbs[alb._listeners[arn]["LoadBalancerArn"]]
        renamed = _renamed_for_kind(arn, balancer)
        answer = alb._xml(200, "CreateListener", f"<Listeners>{alb._listener_xml(alb._listeners[renamed])}</Listeners>")
    return answer


def modify_listener(original: Action, parameters: Parameters) -> Answer:
    refused = unfit_group(parameters, "DefaultActions", listener_arn=alb._p(parameters, "ListenerArn"))
    return refused or original(parameters)


def _renamed_for_kind(arn: str, balancer: Record) -> str:
    """The ARN as it has to be, ``net`` in place of ``app``, after all records have it and those of their rules.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
    """
    if balancer["Type"] != "network":
        return arn
    name = arn.partition("/app/")[2]
    for store in _STORES:
        for key in [key for key in store if f"/app/{name}" in key]:
            record = store.pop(key)
            if isinstance(record, dict):
                record.update({field: _as_net(value) for field, value in record.items() if field.endswith("Arn")})
            store[_as_net(key)] = record
    return _as_net(arn)


def _as_net(arn: str) -> str:
    return arn.replace("/app/", "/net/", 1)


def xml(original: Callable[[Record], str], balancer: Record) -> str:
    """Each subnet in its own zone; MiniStack puts all into the region's first."""
    shown = original(balancer)
    for id_ in balancer["Subnets"]:
        zone = ec2._subnets.get(id_, {}).get("AvailabilityZone")
        if zone:
            first = f"<ZoneName>{get_region()}a</ZoneName><SubnetId>{id_}<"
            shown = shown.replace(first, f"<ZoneName>{zone}</ZoneName><SubnetId>{id_}<")
    return shown
