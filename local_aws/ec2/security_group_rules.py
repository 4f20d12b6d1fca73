"""The ports of a security group's rules.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.ministack_types import Parameters

    Rules = list[dict[str, Any]]


def parse(original: Callable[[Parameters, str], Rules], parameters: Parameters, prefix: str) -> Rules:
    """A rule for all protocols has no ports.

    MiniStack keeps those it is sent, so that the provider, which sends 0, can't revoke a new group's default egress
    rule: every group would let everything out.
    """
    rules = original(parameters, prefix)
    for rule in rules:
        if rule["IpProtocol"] == "-1":
            rule.pop("FromPort", None)
            rule.pop("ToPort", None)
    return rules
