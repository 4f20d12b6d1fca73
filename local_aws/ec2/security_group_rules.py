"""The rules of security groups: each has one peer and an id of its own, however many peers one request names.

https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import contextlib
import ipaddress
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id
from ministack.services import ec2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from local_aws.ministack_types import Answer, Parameters

    Rule = dict[str, Any]
    Authorize = Callable[[Parameters], Answer]

_PEERS = ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")


def parse(original: Callable[[Parameters, str], list[Rule]], parameters: Parameters, prefix: str) -> list[Rule]:
    """One rule for each peer; MiniStack has one for all of an entry's, and takes no prefix lists.

    A rule for all protocols has no ports: MiniStack keeps those it is sent, so that the provider, which sends 0, can't
    revoke a new group's default egress rule, and every group would let everything out.
    """
    rules = original(parameters, prefix)
    for number, rule in enumerate(rules, start=1):
        rule["PrefixListIds"] += _prefix_lists(parameters, f"{prefix}.{number}.PrefixListIds")
        rule["UserIdGroupPairs"] = [_without_own_account(pair) for pair in rule["UserIdGroupPairs"]]
        for range_ in (*rule["IpRanges"], *rule["Ipv6Ranges"]):
            range_.update((key, _canonical(value)) for key, value in range_.items() if key != "Description")
        if rule["IpProtocol"] == "-1":
            rule.pop("FromPort", None)
            rule.pop("ToPort", None)
    return [one for rule in rules for one in _of_one_peer(rule)]


def _prefix_lists(parameters: Parameters, prefix: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    while id_ := ec2._p(parameters, f"{prefix}.{len(found) + 1}.PrefixListId"):
        description = ec2._p(parameters, f"{prefix}.{len(found) + 1}.Description")
        found.append({"PrefixListId": id_, **({"Description": description} if description else {})})
    return found


def _without_own_account(pair: dict[str, str]) -> dict[str, str]:
    """Which a request may name or not: it is the same peer."""
    return {key: value for key, value in pair.items() if key != "UserId" or value != get_account_id()}


def _canonical(cidr: str) -> str:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html, CidrIp."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_network(cidr, strict=False))
    return cidr


def _of_one_peer(rule: Rule) -> list[Rule]:
    none: Rule = {kind: [] for kind in _PEERS}
    return [{**rule, **none, kind: [peer]} for kind in _PEERS for peer in rule[kind]] or [rule]


def authorize_ingress(original: Authorize, parameters: Parameters) -> Answer:
    return _duplicate(parameters, "IpPermissions") or original(parameters)


def authorize_egress(original: Authorize, parameters: Parameters) -> Answer:
    return _duplicate(parameters, "IpPermissionsEgress") or original(parameters)


def _duplicate(parameters: Parameters, direction: str) -> Answer | None:
    """EC2 refuses a rule that is there, whatever its description; MiniStack says that it was made.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html, InvalidPermission.Duplicate
    """
    group = ec2._security_groups.get(ec2._p(parameters, "GroupId"), {direction: []})
    for rule in ec2._parse_ip_permissions(parameters, "IpPermissions"):
        if any(ec2._rules_match(rule, existing) for existing in group[direction]):
            peer = next((value for kind in _PEERS for peer in rule[kind] for value in peer.values()), "none")
            ports = f"from port: {rule['FromPort']}, to port: {rule['ToPort']}, " if "FromPort" in rule else ""
            message = f'the specified rule "peer: {peer}, {rule["IpProtocol"]}, {ports}ALLOW" already exists'
            return ec2._error("InvalidPermission.Duplicate", message, 400)
    return None


def group_xml(original: Callable[[Rule], str], group: Rule) -> str:
    """DescribeSecurityGroups shows rules of the same protocol and ports as one entry with all their peers."""
    directions = ("IpPermissions", "IpPermissionsEgress")
    return original({**group, **{direction: _by_ports(group[direction]) for direction in directions}})


def _by_ports(rules: Iterable[Rule]) -> list[Rule]:
    entries: dict[tuple[Any, ...], Rule] = {}
    for rule in rules:
        ports = (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"))
        entry = entries.setdefault(ports, {**rule, **{kind: [] for kind in _PEERS}})
        for kind in _PEERS:
            entry[kind] = [*entry[kind], *rule[kind]]
    return list(entries.values())


def rule_xml(original: Callable[..., str], group_id: str, rule: Rule, *, is_egress: bool = False) -> str:
    """MiniStack shows a prefix list's rule without the prefix list."""
    shown = original(group_id, rule, is_egress=is_egress)
    for prefix_list in rule["PrefixListIds"]:
        member = f"<prefixListId>{prefix_list['PrefixListId']}</prefixListId>"
        shown = shown.replace("</toPort>", f"</toPort>{member}", 1)
    return shown
