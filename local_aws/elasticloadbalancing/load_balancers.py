"""Where a load balancer is: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html"""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import alb, ec2

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.ministack_types import Answer, Parameters


def create(original: Callable[[Parameters], Answer], parameters: Parameters) -> Answer:
    """MiniStack puts every load balancer into its default VPC; AWS takes that of the subnets."""
    subnets = alb._parse_member_list(parameters, "Subnets") or [
        values[0] for name, values in parameters.items() if name.endswith(".SubnetId")
    ]
    subnet = ec2._subnets.get(subnets[0]) if subnets else None
    return original(parameters | {"VpcId": [subnet["VpcId"]]} if subnet else parameters)
