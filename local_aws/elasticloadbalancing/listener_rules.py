"""Listener rules: which requests one is for, and between which target groups its forward action divides them.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import ipaddress
import itertools
import json
import random
import re
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from ministack.core.responses import get_request_client_ip
from ministack.services import alb

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from local_aws.ministack_types import Action, Answer, Parameters, Record

    Records = list[Record]

_HIGHEST_PRIORITY = 50_000


def parse_actions(
    original: Callable[[Parameters, str], Records], parameters: Parameters, prefix: str = "DefaultActions"
) -> Records:
    """MiniStack drops ForwardConfig; AWS keeps a forward to one group in both forms, however it was asked for.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html
    """
    actions = original(parameters, prefix)
    for number, action in enumerate(actions, start=1):
        if action["Type"] == "forward":
            base = f"{prefix}.member.{number}.ForwardConfig"
            groups = _weighted_groups(parameters, f"{base}.TargetGroups")
            groups = groups or [{"TargetGroupArn": action.get("TargetGroupArn", ""), "Weight": 1}]
            action["ForwardConfig"] = {"TargetGroups": groups, "Stickiness": _stickiness(parameters, base)}
            if len(groups) == 1:
                action["TargetGroupArn"] = groups[0]["TargetGroupArn"]
    return actions


def _weighted_groups(parameters: Parameters, prefix: str) -> Records:
    groups: Records = []
    while arn := alb._p(parameters, f"{prefix}.member.{len(groups) + 1}.TargetGroupArn"):
        weight = alb._p(parameters, f"{prefix}.member.{len(groups) + 1}.Weight", "1")
        groups.append({"TargetGroupArn": arn, "Weight": int(weight)})
    return groups


def _stickiness(parameters: Parameters, base: str) -> dict[str, str]:
    names = ("Enabled", "DurationSeconds")
    found = {name: alb._p(parameters, f"{base}.TargetGroupStickinessConfig.{name}") for name in names}
    return {"Enabled": "false"} | {name: value for name, value in found.items() if value}


def action_xml(original: Callable[[Record], str], action: Record) -> str:
    """MiniStack writes a fixed response's text as it is, markup or not."""
    if fixed := action.get("FixedResponseConfig"):
        action = {**action, "FixedResponseConfig": {key: escape(value) for key, value in fixed.items()}}
    shown = original(action)
    if forward := action.get("ForwardConfig"):
        groups = "".join(f"<member>{_members(group)}</member>" for group in forward["TargetGroups"])
        stickiness = f"<TargetGroupStickinessConfig>{_members(forward['Stickiness'])}</TargetGroupStickinessConfig>"
        added = f"<ForwardConfig><TargetGroups>{groups}</TargetGroups>{stickiness}</ForwardConfig>"
        shown = shown.removesuffix("</member>") + f"{added}</member>"
    return shown


def _members(record: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in record.items())


def groups_of(actions: Iterable[Record]) -> set[str]:
    """The ARNs of all target groups that they forward to, whatever the weight."""
    forwards = [action["ForwardConfig"] for action in actions if "ForwardConfig" in action]
    return {group["TargetGroupArn"] for forward in forwards for group in forward["TargetGroups"]}


def load_balancers_of(group_arn: str) -> list[str]:
    """The ARNs of those with a listener or rule that forwards to the group."""
    listeners = alb._listeners
    found = [
        listeners[rule["ListenerArn"]]["LoadBalancerArn"]
        for rule in alb._rules.values()  # also the listeners' default actions
        if group_arn in groups_of(rule["Actions"]) and rule["ListenerArn"] in listeners
    ]
    return list(dict.fromkeys(found))


async def execute_actions(
    original: Callable[..., Awaitable[Answer]], actions: Records, *rest: object, **named: object
) -> Answer:
    """Stands for `alb._execute_actions`, for which a forward has one target group. There is no stickiness."""
    chosen: Records = []
    for action in actions:
        groups = action.get("ForwardConfig", {}).get("TargetGroups", [])
        if groups and not any(group["Weight"] for group in groups):
            message = "No target group of this rule has a weight above 0"
            return 503, {"Content-Type": "application/json"}, json.dumps({"message": message}).encode()
        if groups:
            (group,) = random.choices(groups, [group["Weight"] for group in groups])  # noqa: S311 - a share, no secret
            action = {**action, "TargetGroupArn": group["TargetGroupArn"]}  # noqa: PLW2901
        chosen.append(action)
    return await original(chosen, *rest, **named)


def parse_conditions(
    original: Callable[[Parameters, str], Records], parameters: Parameters, prefix: str = "Conditions"
) -> Records:
    """MiniStack drops QueryStringConfig.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
    """
    conditions = original(parameters, prefix)
    for number, condition in enumerate(conditions, start=1):
        if condition["Field"] == "query-string":
            base = f"{prefix}.member.{number}.QueryStringConfig.Values"
            condition["QueryStringConfig"] = _query_strings(parameters, base)
    return conditions


def _query_strings(parameters: Parameters, prefix: str) -> list[dict[str, str]]:
    pairs: list[dict[str, str]] = []
    while value := alb._p(parameters, f"{prefix}.member.{len(pairs) + 1}.Value"):
        key = alb._p(parameters, f"{prefix}.member.{len(pairs) + 1}.Key")
        pairs.append({**({"Key": key} if key else {}), "Value": value})
    return pairs


def condition_xml(original: Callable[[Record], str], condition: Record) -> str:
    shown = original({**condition, "Values": [escape(value) for value in condition["Values"]]})
    if pairs := condition.get("QueryStringConfig"):
        escaped = [{name: escape(text) for name, text in pair.items()} for pair in pairs]
        members = "".join(f"<member>{_members(pair)}</member>" for pair in escaped)
        added = f"<QueryStringConfig><Values>{members}</Values></QueryStringConfig>"
        shown = shown.removesuffix("</member>") + f"{added}</member>"
    return shown


def matches(  # noqa: PLR0917 - MiniStack's signature
    original: Callable[..., bool],
    condition: Record,
    method: str,
    path: str,
    headers: Mapping[str, str],
    query: Mapping[str, list[str]],
) -> bool:
    """Only * and ? are wildcards. A path's letters have a case, a host's and a query's have none."""
    values = condition["Values"]
    if condition["Field"] == "path-pattern":
        return any(_is_like(path, value) for value in values)
    if condition["Field"] == "host-header":
        host = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
        return any(_is_like(host.lower(), value.lower()) for value in values)
    if condition["Field"] == "query-string":
        return any(_is_in_query(pair, query) for pair in condition["QueryStringConfig"])
    if condition["Field"] == "source-ip":
        client = ipaddress.ip_address(get_request_client_ip())
        return any(client in ipaddress.ip_network(value, strict=False) for value in values)
    return original(condition, method, path, headers, query)


def _is_in_query(pair: Mapping[str, str], query: Mapping[str, list[str]]) -> bool:
    wanted = pair["Value"].lower()
    return any(
        _is_like(value.lower(), wanted)
        for key, values in query.items()
        if "Key" not in pair or _is_like(key.lower(), pair["Key"].lower())
        for value in values
    )


def _is_like(text: str, pattern: str) -> bool:
    regex = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(regex, text, re.DOTALL) is not None


def create(original: Action, parameters: Parameters) -> Answer:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html"""
    priority, listener_arn = alb._p(parameters, "Priority"), alb._p(parameters, "ListenerArn")
    if not priority.isdecimal() or not 1 <= int(priority) <= _HIGHEST_PRIORITY:
        return alb._error("ValidationError", f"Priority must be from 1 to {_HIGHEST_PRIORITY}")
    taken = _taken(listener_arn, {priority})
    return taken or unfit_group(parameters, "Actions", listener_arn=listener_arn) or original(parameters)


def modify(original: Action, parameters: Parameters) -> Answer:
    listener_arn = alb._rules.get(alb._p(parameters, "RuleArn"), {}).get("ListenerArn", "")
    return unfit_group(parameters, "Actions", listener_arn=listener_arn) or original(parameters)


def set_priorities(original: Action, parameters: Parameters) -> Answer:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetRulePriorities.html"""
    asked: dict[str, str] = {}
    while arn := alb._p(parameters, f"RulePriorities.member.{len(asked) + 1}.RuleArn"):
        asked[arn] = alb._p(parameters, f"RulePriorities.member.{len(asked) + 1}.Priority")
    for arn in asked:
        listener_arn = alb._rules.get(arn, {}).get("ListenerArn")
        if taken := _taken(listener_arn, set(asked.values()), but_by=asked):
            return taken
    return original(parameters)


def _taken(listener_arn: str, priorities: set[str], *, but_by: Iterable[str] = ()) -> Answer | None:
    for arn, rule in alb._rules.items():
        if rule["ListenerArn"] == listener_arn and rule["Priority"] in priorities and arn not in but_by:
            return alb._error("PriorityInUse", f"Priority '{rule['Priority']}' is currently in use")
    return None


def unfit_group(
    parameters: Parameters, prefix: str, *, listener_arn: str = "", load_balancer_arn: str = ""
) -> Answer | None:
    """AWS's refusal of actions that forward to a group that is not there, or that is another load balancer's."""
    load_balancer_arn = load_balancer_arn or alb._listeners.get(listener_arn, {}).get("LoadBalancerArn", "")
    for arn in sorted(groups_of(alb._parse_actions(parameters, prefix))):
        if arn not in alb._tgs:
            return alb._error("TargetGroupNotFound", f"Target groups '{arn}' not found")
        if load_balancer_arn and set(load_balancers_of(arn)) - {load_balancer_arn}:
            message = "The following target groups cannot be associated with more than one load balancer"
            return alb._error("TargetGroupAssociationLimit", f"{message}: {arn}")
    return None


def hosts_named(name: str) -> bool:
    """Whether a rule of any load balancer, of whatever account, is for this host by more than wildcards."""
    rules = (rule for _, rule in alb._rules.all_items())
    conditions = itertools.chain.from_iterable(rule["Conditions"] for rule in rules)
    values = [value for condition in conditions if condition["Field"] == "host-header" for value in condition["Values"]]
    return any(re.search(r"\w\.\w", value) and _is_like(name.lower(), value.lower()) for value in values)
