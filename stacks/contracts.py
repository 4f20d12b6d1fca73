"""What this deployment needs the outputs of the three existing modules to be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from constructs_lib.remote_state import OutputContract, string_matching, strings_matching
from stacks.settings import PARTITION_OF_REGION

if TYPE_CHECKING:
    from stacks.settings import ClusterState, LoadBalancingState, NetworkingState, SecurityState

MOST_SUBNETS: Final = 16
MOST_SECURITY_GROUPS: Final = 5
"""Of a service: Amazon ECS API Reference, AwsVpcConfiguration."""

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = rf"{_LABEL}(?:\.{_LABEL})*\.?"
_REGION = r"[a-z]{2,}(?:-[a-z]+)+-[0-9]+"
_DNS_SUFFIX = r"(?:amazonaws\.(?:com|com\.cn|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)"
"""Of all partitions."""


def networking(module: NetworkingState, *, subnets: str = "public_subnet_ids") -> list[OutputContract]:
    """``subnets`` is which of the outputs that we know has those of the tasks."""
    return [
        string_matching(
            module.output("vpc_id"), r"vpc-[0-9a-f]+", "the id of a VPC, a string such as vpc-0a1b2c3d4e5f67890"
        ),
        strings_matching(
            module.output(subnets),
            r"subnet-[0-9a-f]+",
            f"a list of 1 to {MOST_SUBNETS} subnet ids such as subnet-0a1b2c3d4e5f67890",
            at_most=MOST_SUBNETS,
        ),
    ]


def security(module: SecurityState) -> list[OutputContract]:
    if module.has_several_groups:
        return [
            strings_matching(
                module.output("app_security_group_ids"),
                r"sg-[0-9a-f]+",
                f"a list of 1 to {MOST_SECURITY_GROUPS} security group ids such as sg-0a1b2c3d4e5f67890",
                at_most=MOST_SECURITY_GROUPS,
            )
        ]
    return [
        string_matching(
            module.output("app_security_group_id"),
            r"sg-[0-9a-f]+",
            "the id of a security group, a string such as sg-0a1b2c3d4e5f67890",
        )
    ]


def loadbalancing(module: LoadBalancingState, *, region: str, account_id: str) -> list[OutputContract]:
    """The load balancer's own DNS name says its region; any other name may be an alias of it, and passes."""
    arn = f"arn:{PARTITION_OF_REGION[region]}:elasticloadbalancing:{region}:{account_id}:targetgroup"
    requirement = f"the ARN of a target group in region {region} of account {account_id}, {arn}/<name>/<id>"
    groups = module.target_groups
    return [
        *(
            string_matching(each, rf"{arn}/[^/]+/[0-9a-z]+", requirement).unless_one_of(groups[:at])
            for at, each in enumerate(groups)
        ),
        string_matching(
            module.output("alb_dns_name"),
            _HOST_NAME,
            f"the DNS name of a load balancer in region {region}, without http:// and path",
        ).unless_matching(_load_balancer_in(_REGION), but_not=_load_balancer_in(re.escape(region))),
    ]


def cluster(module: ClusterState, *, region: str, account_id: str) -> list[OutputContract]:
    arn = f"arn:{PARTITION_OF_REGION[region]}:ecs:{region}:{account_id}:cluster/"
    return [
        string_matching(
            module.output("cluster_name"),
            rf"({arn})?[A-Za-z0-9_-]{{1,255}}",
            f"the name or the ARN of an ECS cluster in region {region} of account {account_id}, a string such as shared"
            f" or {arn}shared",
        )
    ]


def _load_balancer_in(region: str) -> str:
    """A load balancer's own DNS name: an application's has the region before ``elb``, a network's after it."""
    return rf"(?i)\.(?:{region}\.elb|elb\.{region})\.{_DNS_SUFFIX}\.?$"
