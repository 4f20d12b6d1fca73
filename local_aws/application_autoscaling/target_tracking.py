"""Scales services as their target-tracking policies say, on what AWS's alarms would see.

The alarm above the target needs 3 one-minute points, the one below nine tenths of it 15. Of several policies one is
enough to scale out, and all have to agree to scale in; both go to the largest count that any of them wants:
https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ministack.services import ecs

from local_aws.application_autoscaling import api as application_autoscaling
from local_aws.cloudwatch import application_load_balancers, data_points, ecs_services
from local_aws.ecs import deployments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local_aws.ministack_types import Record

_POINTS_OUT = 3
_POINTS_IN = 15
_SLACK = 0.9
_DEFAULT_COOLDOWN_SECONDS = 300  # for ECS, as AWS says of PutScalingPolicy
_UTILIZATIONS = {
    "ECSServiceAverageCPUUtilization": "CPUUtilization",
    "ECSServiceAverageMemoryUtilization": "MemoryUtilization",
}


@dataclass(frozen=True)
class Bounds:
    """Between which a scalable target's count is kept."""

    minimum: int
    maximum: int

    @classmethod
    def of(cls, target: Record) -> Bounds:
        return cls(minimum=target["MinCapacity"], maximum=target["MaxCapacity"])

    def around(self, count: int) -> int:
        return min(max(count, self.minimum), self.maximum)


@dataclass(frozen=True)
class Policy:
    """What one policy aims at."""

    target_value: float
    out_cooldown_seconds: float = _DEFAULT_COOLDOWN_SECONDS
    in_cooldown_seconds: float = _DEFAULT_COOLDOWN_SECONDS
    scales_out: bool = True
    scales_in: bool = True

    @classmethod
    def of(cls, target: Record, configuration: Record) -> Policy:
        suspended = target.get("SuspendedState", {})
        return cls(
            target_value=configuration["TargetValue"],
            out_cooldown_seconds=configuration.get("ScaleOutCooldown", _DEFAULT_COOLDOWN_SECONDS),
            in_cooldown_seconds=configuration.get("ScaleInCooldown", _DEFAULT_COOLDOWN_SECONDS),
            scales_out=not suspended.get("DynamicScalingOutSuspended"),
            scales_in=not configuration.get("DisableScaleIn") and not suspended.get("DynamicScalingInSuspended"),
        )

    def is_high(self, points: list[float]) -> bool:
        recent = points[-_POINTS_OUT:]
        return self.scales_out and len(recent) == _POINTS_OUT and min(recent) > self.target_value

    def is_low(self, points: list[float]) -> bool:
        return len(points) == _POINTS_IN and max(points) < _SLACK * self.target_value

    def needed(self, points: list[float], current: int) -> int:
        recent = points[-_POINTS_OUT:]
        return math.ceil(current * (sum(recent) / len(recent)) / self.target_value)


@dataclass
class Track:
    """A service's last points by policy, and when it was scaled, in seconds of the same clock."""

    points: dict[str, deque[float]] = field(default_factory=dict)
    scaled_out_at: float = -math.inf
    scaled_in_at: float = -math.inf

    def add(self, values: Mapping[str, float | None]) -> None:
        """The period's value for each policy's name; a policy that is gone is forgotten with its points."""
        self.points = {name: self.points.get(name) or deque(maxlen=_POINTS_IN) for name in values}
        for name, value in values.items():
            if value is not None:
                self.points[name].append(value)

    def next_count(self, policies: Mapping[str, Policy], bounds: Bounds, *, current: int, now: float) -> int:
        """The desired count from now on. It scales out to what the load needs at once, and in after a calm time."""
        points = {name: list(self.points.get(name, ())) for name in policies}
        out = [
            policy.needed(points[name], current)
            for name, policy in policies.items()
            if policy.is_high(points[name]) and now >= self.scaled_out_at + policy.out_cooldown_seconds
        ]
        if out:
            return bounds.around(max(current, *out))
        inward = {name: policy for name, policy in policies.items() if policy.scales_in}
        if inward and all(self._may_scale_in(policy, points[name], now) for name, policy in inward.items()):
            needed = max(policy.needed(points[name], current) for name, policy in inward.items())
            return bounds.around(min(current, needed))
        return bounds.around(current)

    def _may_scale_in(self, policy: Policy, points: list[float], now: float) -> bool:
        return policy.is_low(points) and now >= max(self.scaled_in_at, self.scaled_out_at) + policy.in_cooldown_seconds

    def note(self, *, before: int, after: int, now: float) -> None:
        if after > before:
            self.scaled_out_at = now
        else:
            self.scaled_in_at = now


@dataclass
class Tracker:
    """Of all services, by their ARNs."""

    tracks: dict[str, Track] = field(default_factory=dict)

    def act(self, *, since: float) -> None:
        """On what was published to CloudWatch at `since` or later, in seconds of the epoch."""
        for service in ecs._services.values():
            if service["status"] != "ACTIVE":
                self.tracks.pop(service["serviceArn"], None)
                continue
            target = application_autoscaling._targets.get(_resource(service))
            configurations = _configurations(service)
            track = self.tracks.setdefault(service["serviceArn"], Track())
            values = {name: _value(service, one, since) for name, one in configurations.items()}
            track.add(values)
            if service["desiredCount"] == 0:  # there is nothing to multiply
                track.points.clear()
            elif target and any(value is not None for value in values.values()):
                policies = {name: Policy.of(target, one) for name, one in configurations.items()}
                _apply(policies, Bounds.of(target), track, service)


def _configurations(service: Record) -> dict[str, Record]:
    resource, member = _resource(service), "TargetTrackingScalingPolicyConfiguration"
    policies = application_autoscaling._policies.items()
    return {name: policy[member] for (of, name), policy in policies if of == resource and member in policy}


def _value(service: Record, configuration: Record, since: float) -> float | None:
    """None for a customized metric, which is not evaluated."""
    predefined = configuration.get("PredefinedMetricSpecification", {})
    tracked = predefined.get("PredefinedMetricType")
    if name := _UTILIZATIONS.get(tracked):
        of_service = ecs_services.dimensions(service)
        return data_points.statistic(ecs_services.NAMESPACE, name, of_service, kind="Average", since=since)
    if tracked != "ALBRequestCountPerTarget":
        return None
    balancer, _, group = predefined["ResourceLabel"].partition("/targetgroup/")
    dimensions = {"LoadBalancer": balancer, "TargetGroup": f"targetgroup/{group}"}
    namespace = application_load_balancers.NAMESPACE
    return data_points.statistic(namespace, "RequestCountPerTarget", dimensions, kind="Sum", since=since)


def _resource(service: Record) -> str:
    return f"service/{service['clusterArn'].rpartition('/')[2]}/{service['serviceName']}"


def _apply(policies: Mapping[str, Policy], bounds: Bounds, track: Track, service: Record) -> None:
    current, now = service["desiredCount"], time.monotonic()
    count = track.next_count(policies, bounds, current=current, now=now)
    rolls_out = deployments.is_in_progress(deployments.primary(service))
    if count == current or (count < current and rolls_out):  # AWS does not scale in during a deployment
        return
    track.note(before=current, after=count, now=now)
    said = "; ".join(_said(name, policy, list(track.points[name])) for name, policy in policies.items())
    application_autoscaling.set_desired_count(
        service, count, cause=f"{said}: the desired count changed from {current} to {count}"
    )


def _said(name: str, policy: Policy, points: list[float]) -> str:
    recent = ", ".join(f"{value:.0f}" for value in points[-_POINTS_OUT:])
    return f"policy {name} saw {recent or 'nothing'} in the last minutes, its target being {policy.target_value:g}"
