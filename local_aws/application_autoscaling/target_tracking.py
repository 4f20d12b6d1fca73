"""Scales services as their target-tracking policies say, on what AWS's alarms would see.

The alarm above the target needs 3 one-minute points, the one below nine tenths of it 15:
https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ministack.core.responses import request_scope
from ministack.services import ecs

from local_aws.application_autoscaling import api as application_autoscaling
from local_aws.cloudwatch.cpu_utilization import Meter
from local_aws.ecs import deployments, records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.ministack_types import Record


_PERIOD_SECONDS = float(os.environ.get("LOCAL_AWS_METRIC_PERIOD_SECONDS", "60"))
_POINTS_OUT = 3
_POINTS_IN = 15
_SLACK = 0.9
_DEFAULT_COOLDOWN_SECONDS = 300  # for ECS, as AWS says of PutScalingPolicy
_METRIC = "ECSServiceAverageCPUUtilization"


@dataclass(frozen=True)
class Policy:
    """Capacities and target of one policy with its scalable target."""

    minimum: int
    maximum: int
    target_percent: float
    out_cooldown_seconds: float = _DEFAULT_COOLDOWN_SECONDS
    in_cooldown_seconds: float = _DEFAULT_COOLDOWN_SECONDS
    scales_out: bool = True
    scales_in: bool = True

    @classmethod
    def of(cls, target: Record, configuration: Record) -> Policy:
        suspended = target.get("SuspendedState", {})
        return cls(
            minimum=target["MinCapacity"],
            maximum=target["MaxCapacity"],
            target_percent=configuration["TargetValue"],
            out_cooldown_seconds=configuration.get("ScaleOutCooldown", _DEFAULT_COOLDOWN_SECONDS),
            in_cooldown_seconds=configuration.get("ScaleInCooldown", _DEFAULT_COOLDOWN_SECONDS),
            scales_out=not suspended.get("DynamicScalingOutSuspended"),
            scales_in=not configuration.get("DisableScaleIn") and not suspended.get("DynamicScalingInSuspended"),
        )


@dataclass
class Track:
    """A service's last points, and when it was scaled, in seconds of the same clock."""

    points: deque[float] = field(default_factory=lambda: deque(maxlen=_POINTS_IN))
    scaled_out_at: float = -math.inf
    scaled_in_at: float = -math.inf

    def next_count(self, policy: Policy, *, current: int, now: float) -> int:
        """The desired count from now on. Scaling out goes for what the load needs at once; in, it needs a calm time."""
        if self._is_high(policy) and now >= self.scaled_out_at + policy.out_cooldown_seconds:
            return max(current, self._needed(policy, current))
        if self._is_low(policy) and now >= max(self.scaled_in_at, self.scaled_out_at) + policy.in_cooldown_seconds:
            return min(current, self._needed(policy, current))
        return min(max(current, policy.minimum), policy.maximum)

    def note(self, *, before: int, after: int, now: float) -> None:
        if after > before:
            self.scaled_out_at = now
        else:
            self.scaled_in_at = now

    def _is_high(self, policy: Policy) -> bool:
        recent = list(self.points)[-_POINTS_OUT:]
        return policy.scales_out and len(recent) == _POINTS_OUT and min(recent) > policy.target_percent

    def _is_low(self, policy: Policy) -> bool:
        recent = list(self.points)
        return policy.scales_in and len(recent) == _POINTS_IN and max(recent) < _SLACK * policy.target_percent

    def _needed(self, policy: Policy, current: int) -> int:
        recent = list(self.points)[-_POINTS_OUT:]
        needed = math.ceil(current * (sum(recent) / len(recent)) / policy.target_percent)
        return min(max(needed, policy.minimum), policy.maximum)


def start() -> None:
    threading.Thread(target=_run, name="target-tracking", daemon=True).start()


def _run() -> None:
    meter = Meter()
    tracks: dict[str, Track] = {}
    while not records.closing.wait(_PERIOD_SECONDS):
        for account, region in {key[:2] for key, _ in ecs._services.all_items()}:
            with request_scope(account, region):
                _step(meter, tracks)


def _step(meter: Meter, tracks: dict[str, Track]) -> None:
    for service in [one for one in ecs._services.values() if one["status"] == "ACTIVE"]:
        percent = meter.measure(service)
        track = tracks.setdefault(service["serviceArn"], Track())
        if percent is None:
            continue
        track.points.append(percent)
        for policy in _policies_of(service):
            _apply(policy, track, service)


def _policies_of(service: Record) -> Iterator[Policy]:
    resource = _resource(service)
    target = application_autoscaling._targets.get(resource)
    for (of, _), policy in application_autoscaling._policies.items():
        configuration = policy.get("TargetTrackingScalingPolicyConfiguration", {})
        tracked = configuration.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
        if target and of == resource and tracked == _METRIC:
            yield Policy.of(target, configuration)


def _resource(service: Record) -> str:
    return f"service/{service['clusterArn'].rpartition('/')[2]}/{service['serviceName']}"


def _apply(policy: Policy, track: Track, service: Record) -> None:
    current, now = service["desiredCount"], time.monotonic()
    count = track.next_count(policy, current=current, now=now)
    rolls_out = deployments.is_in_progress(deployments.primary(service))
    if count == current or (count < current and rolls_out):  # AWS does not scale in during a deployment
        return
    track.note(before=current, after=count, now=now)
    application_autoscaling.record_activity(
        _resource(service),
        description=f"Setting desired count to {count}.",
        cause=f"CPU utilization of {', '.join(f'{percent:.0f}' for percent in list(track.points)[-_POINTS_OUT:])} % "
        f"in the last minutes, the target being {policy.target_percent:g} %, changed the desired count from {current} "
        f"to {count}",
    )
    request = {"cluster": service["clusterArn"], "service": service["serviceName"], "desiredCount": count}
    ecs._update_service(request)
