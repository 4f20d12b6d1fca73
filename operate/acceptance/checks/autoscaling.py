"""A task more under sustained load of each kind that the service scales by, and at a scheduled time."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from operate.acceptance.checks.check import judges
from operate.acceptance.criteria import Criterion, Finding, NotRunError
from operate.acceptance.load import Load
from operate.acceptance.timeline import recorded
from operate.service import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from operate.acceptance.service_under_test import ServiceUnderTest

_LIMIT_SECONDS = 300
_RATE_PER_SECOND = 5
_BURN_SECONDS = 5
_BURNS_PER_SECOND = 1
_POLL_SECONDS = 2
_EXCESS = 1.3
_MOST_OF_THE_MEMORY = 0.9
_LEAST_REQUESTS_PER_SECOND = 2
_DIMENSION: Final = "ecs:service:DesiredCount"
_SCHEDULED_ACTION = "acceptance"
_METRICS = {
    "cpu_target_percent": "ECSServiceAverageCPUUtilization",
    "memory_target_percent": "ECSServiceAverageMemoryUtilization",
    "requests_per_target": "ALBRequestCountPerTarget",
}


@judges(Criterion("SC-005", "Sustained CPU load adds a task", "within 5 min"))
def scaled_out(tested: ServiceUnderTest) -> list[Finding]:
    """Each task's CPU is kept busy through the load balancer until ECS runs one task more."""
    _target_value(tested, "cpu_target_percent")
    tested.require("/burn?seconds=1")
    burn = _load(tested, f"/burn?seconds={_BURN_SECONDS}", _BURNS_PER_SECOND)
    return [_scaled_out(tested, "CPU load above the target", "burning CPU", burn.running())]


@judges(Criterion("SC-005.memory", "Sustained use of memory adds a task", "within 5 min"))
def scaled_out_by_memory(tested: ServiceUnderTest) -> list[Finding]:
    """Each task holds more of its memory than the target until ECS runs one task more."""
    target_percent = _target_value(tested, "memory_target_percent")
    tested.require("/hold?mib=1&seconds=1")
    share = min(target_percent / 100 * _EXCESS, _MOST_OF_THE_MEMORY)
    mib = math.ceil(int(tested.definition["memory"]) * share)
    return [_scaled_out(tested, "Memory above the target", f"holding {mib} MiB", _held(tested, mib))]


@judges(Criterion("SC-005.requests", "Sustained requests above the target add a task", "within 5 min"))
def scaled_out_by_requests(tested: ServiceUnderTest) -> list[Finding]:
    """The tasks get more requests than the target until ECS runs one task more."""
    a_minute = _target_value(tested, "requests_per_target") * tested.service.read()["runningCount"] * _EXCESS
    rate = max(_LEAST_REQUESTS_PER_SECOND, math.ceil(a_minute / 60))
    load = _load(tested, "/version", rate)
    return [_scaled_out(tested, "Requests above the target", f"{rate} requests a second", load.running())]


@judges(Criterion("SC-005.schedule", "A scheduled minimum starts the tasks that are missing", "within 5 min"))
def scheduled(tested: ServiceUnderTest) -> list[Finding]:
    """An action of the check's own, a minute later, asks for one task more than run; in an AWS that is nobody's."""
    if not tested.is_local:
        raise NotRunError("it would change the bounds of a service that people use: only on the embedded AWS")
    return [_scaled_out(tested, "A scheduled minimum", "scheduled", _one_more_scheduled(tested))]


def _scaled_out(tested: ServiceUnderTest, title: str, cause: str, load: AbstractContextManager[object]) -> Finding:
    service = tested.service
    before = service.read()["runningCount"]
    with recorded(service, title, rate_per_second=_RATE_PER_SECOND) as timeline:
        began = timeline.mark(cause)
        with load:
            scaled = wait_until(
                lambda: service.read()["runningCount"] > before,
                within_seconds=_LIMIT_SECONDS,
                poll_seconds=_POLL_SECONDS,
            )
        seconds = timeline.mark("scaled out" if scaled else "gave up") - began
    after = service.read()["runningCount"]
    service.ecs.update_service(cluster=service.cluster, service=service.name, desiredCount=before)
    measured = f"{before} to {after} tasks after {seconds:.0f} s"
    return Finding(scaled, measured, {"seconds": round(seconds, 1), "tasks": after}, timeline)


def _load(tested: ServiceUnderTest, path: str, rate_per_second: float) -> Load:
    return Load(
        f"{tested.service.url}{path}",
        rate_per_second,
        tested.service.request_headers,
        at_most_seconds=_LIMIT_SECONDS,
        through_proxy=not tested.is_local,
    )


@contextmanager
def _held(tested: ServiceUnderTest, mib: int) -> Iterator[None]:
    """By each task, since the load balancer takes them in turn; a new hold takes the place of the last one."""

    def hold(mib: int) -> None:
        for _ in range(tested.service.read()["runningCount"]):
            tested.ask(f"/hold?mib={mib}&seconds={_LIMIT_SECONDS}")

    hold(mib)
    try:
        yield
    finally:
        hold(1)


@contextmanager
def _one_more_scheduled(tested: ServiceUnderTest) -> Iterator[None]:
    """Then the bounds are what they were."""
    client, resource = tested.environment.client("application-autoscaling"), tested.service.scalable_resource
    targets = client.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])["ScalableTargets"]
    if not targets:
        raise NotRunError("the service does not scale")
    low, high = targets[0]["MinCapacity"], targets[0]["MaxCapacity"]
    more = tested.service.read()["runningCount"] + 1
    client.put_scheduled_action(
        ServiceNamespace="ecs",
        ScalableDimension=_DIMENSION,
        ResourceId=resource,
        ScheduledActionName=_SCHEDULED_ACTION,
        Schedule="rate(1 minute)",
        ScalableTargetAction={"MinCapacity": more, "MaxCapacity": max(more, high)},
    )
    try:
        yield
    finally:
        client.delete_scheduled_action(
            ServiceNamespace="ecs",
            ScalableDimension=_DIMENSION,
            ResourceId=resource,
            ScheduledActionName=_SCHEDULED_ACTION,
        )
        client.register_scalable_target(
            ServiceNamespace="ecs",
            ScalableDimension=_DIMENSION,
            ResourceId=resource,
            MinCapacity=low,
            MaxCapacity=high,
        )


def _target_value(tested: ServiceUnderTest, setting: str) -> float:
    client, resource = tested.environment.client("application-autoscaling"), tested.service.scalable_resource
    policies = client.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)["ScalingPolicies"]
    for policy in policies:
        tracking = policy.get("TargetTrackingScalingPolicyConfiguration")
        metric = tracking.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType") if tracking else None
        if tracking and metric == _METRICS[setting]:
            return tracking["TargetValue"]
    raise NotRunError(f"the service has no scaling policy for it (scaling.{setting})")
