"""What passes an application load balancer and how its targets answer: AWS/ApplicationELB, once a minute.

Which metric has which dimensions, and what is reported without a request:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from ministack.core.responses import StreamingResponse, get_account_id, get_region
from ministack.services import alb

from local_aws.cloudwatch import data_points
from local_aws.elasticloadbalancing import listener_rules, targets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from local_aws.ministack_types import Answer, Record

    Dimensions = tuple[tuple[str, str], ...]

NAMESPACE = "AWS/ApplicationELB"
_COUNTED_ALONE = (500, 502, 503, 504)  # of the load balancer's own answers


@dataclass(frozen=True)
class _Forwarded:
    """A request for which a target was chosen; `status` is None where no connection was made."""

    group_arn: str
    seconds: float
    status: int | None


@dataclass(frozen=True)
class _Answered:
    """A request that the load balancer answered by itself."""

    balancer_arn: str
    status: int


_seen: deque[_Forwarded | _Answered] = deque()


async def proxy(original: Callable[..., Awaitable[Answer]], target: Record, group: Record, *rest: object) -> Answer:
    """Stands for `alb._proxy_http_target`, which answers as soon as the target's headers are there."""
    began = time.monotonic()
    answer = await original(target, group, *rest)
    status = answer[0] if isinstance(answer[2], StreamingResponse) else None
    _seen.append(_Forwarded(group["TargetGroupArn"], time.monotonic() - began, status))
    return answer


async def dispatch(
    original: Callable[..., Awaitable[Answer]], balancer: Record, *rest: object, **named: object
) -> Answer:
    """Stands for `alb.dispatch_request`."""
    answer = await original(balancer, *rest, **named)
    if not isinstance(answer[2], StreamingResponse):
        _seen.append(_Answered(balancer["LoadBalancerArn"], answer[0]))
    return answer


def publish() -> None:
    """Of the load balancers of the current account, for the time since the last call."""
    forwarded, answered = _taken()
    for group_arn, balancer_arn in _groups():
        _publish_group(group_arn, balancer_arn, [one for one in forwarded if one.group_arn == group_arn])
    _publish_answers(answered)


def _taken() -> tuple[list[_Forwarded], list[_Answered]]:
    """What belongs to another account stays for that account's turn."""
    forwarded, answered = [], []
    tenant = f":{get_region()}:{get_account_id()}:"
    for one in [_seen.popleft() for _ in range(len(_seen))]:
        if isinstance(one, _Forwarded) and tenant in one.group_arn:
            forwarded.append(one)
        elif isinstance(one, _Answered) and tenant in one.balancer_arn:
            answered.append(one)
        else:
            _seen.append(one)
    return forwarded, answered


def _groups() -> Iterator[tuple[str, str]]:
    """Each target group of an application load balancer, with that."""
    for group_arn, group in alb._tgs.items():
        for balancer_arn in listener_rules.load_balancers_of(group_arn):
            if group["TargetType"] in {"ip", "instance"} and "/app/" in balancer_arn:
                yield group_arn, balancer_arn


def _publish_group(group_arn: str, balancer_arn: str, forwarded: list[_Forwarded]) -> None:
    of_balancer, of_group = {"LoadBalancer": balancer_suffix(balancer_arn)}, {"TargetGroup": group_suffix(group_arn)}
    states = Counter(targets.states_of(group_arn))
    for each in ({}, of_balancer):
        share = len(forwarded) / (states["healthy"] or states.total() or 1)
        _publish("RequestCountPerTarget", {**of_group, **each}, {share: 1})
    if states:
        _publish("HealthyHostCount", of_group | of_balancer, {states["healthy"]: 1})
        _publish("UnHealthyHostCount", of_group | of_balancer, {states["unhealthy"]: 1})
    for each in (of_balancer, of_group | of_balancer):
        if forwarded or states:
            _publish("RequestCount", each, {1: len(forwarded)} if forwarded else {0: 1})
        _publish_targets_answers(each, forwarded)


def _publish_targets_answers(dimensions: Mapping[str, str], forwarded: list[_Forwarded]) -> None:
    codes = Counter(one.status // 100 for one in forwarded if one.status)
    for code, count in codes.items():
        _publish(f"HTTPCode_Target_{code}XX_Count", dimensions, {1: count})
    if unconnected := sum(one.status is None for one in forwarded):
        _publish("TargetConnectionErrorCount", dimensions, {1: unconnected})
    if times := Counter(round(one.seconds, 4) for one in forwarded if one.status):
        _publish("TargetResponseTime", dimensions, times, unit="Seconds")


def _publish_answers(answered: list[_Answered]) -> None:
    for (balancer_arn, status), count in Counter((one.balancer_arn, one.status) for one in answered).items():
        dimensions = {"LoadBalancer": balancer_suffix(balancer_arn)}
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            _publish(f"HTTPCode_ELB_{status // 100}XX_Count", dimensions, {1: count})
        if status in _COUNTED_ALONE:
            _publish(f"HTTPCode_ELB_{status}_Count", dimensions, {1: count})


def _publish(name: str, dimensions: Mapping[str, str], values: Mapping[float, int], *, unit: str = "Count") -> None:
    data_points.publish(NAMESPACE, name, dimensions, values, unit=unit)


def balancer_suffix(arn: str) -> str:
    """`app/<name>/<id>`, by which CloudWatch knows it."""
    return arn.partition(":loadbalancer/")[2]


def group_suffix(arn: str) -> str:
    """`targetgroup/<name>/<id>`."""
    return arn.rpartition(":")[2]
