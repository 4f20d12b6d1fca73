"""What kind of target group it is, and which load balancers send to it.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ministack.services import alb

from local_aws.elasticloadbalancing.health_checks import HTTP_PROTOCOLS
from local_aws.elasticloadbalancing.listener_rules import load_balancers_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.ministack_types import Action, Answer, Parameters, Record


_TCP_CHECK_TIMEOUT_SECONDS = "10"


def create(original: Action, parameters: Parameters) -> Answer:
    """Groups of a network load balancer are checked over TCP, unless told otherwise; MiniStack's all over HTTP."""
    over_http = alb._p(parameters, "Protocol", "HTTP") in HTTP_PROTOCOLS
    protocol = alb._p(parameters, "HealthCheckProtocol") or ("HTTP" if over_http else "TCP")
    parameters = {**parameters, "HealthCheckProtocol": [protocol]}
    if protocol not in HTTP_PROTOCOLS:
        parameters.setdefault("HealthCheckTimeoutSeconds", [_TCP_CHECK_TIMEOUT_SECONDS])
    return original(parameters)


def describe(original: Action, parameters: Parameters) -> Answer:
    """MiniStack knows a group's load balancers only by a listener's first, unweighted default action."""
    for group in alb._tgs.values():
        group["LoadBalancerArns"] = load_balancers_of(group["TargetGroupArn"])
    return original(parameters)


def xml(original: Callable[[Record], str], group: Record) -> str:
    """Without the members that AWS has not for a group of its kind."""
    shown = original(group)
    absent = ["Protocol", "Port", "VpcId"] if group["TargetType"] == "lambda" else []
    if group["HealthCheckProtocol"] not in HTTP_PROTOCOLS:
        absent += ["HealthCheckPath", "Matcher"]
    for name in absent:
        shown = re.sub(rf"<{name}>.*?</{name}>", "", shown)
    return shown
