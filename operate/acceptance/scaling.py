"""Autoscaling under sustained CPU load (SC-005)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operate.acceptance.findings import Finding, NotRunError
from operate.acceptance.load import Load
from operate.acceptance.timeline import recorded
from operate.service import wait_until

if TYPE_CHECKING:
    from operate.acceptance.target import Target

SCALED_SECONDS = 300
_WATCHING_RATE_PER_SECOND = 5
_BURN_SECONDS = 5
_BURNS_PER_SECOND = 1
_POLL_SECONDS = 2


def scaled_out(target: Target) -> list[Finding]:
    """Each task's CPU is kept busy through the load balancer until ECS runs one task more."""
    _require_policy(target)
    target.require("/burn?seconds=1")
    service = target.service
    before = service.read()["runningCount"]
    burn = Load(
        f"{service.url}/burn?seconds={_BURN_SECONDS}",
        _BURNS_PER_SECOND,
        at_most_seconds=SCALED_SECONDS,
        through_proxy=not target.is_local,
    )
    with recorded(service, "CPU load above the target", rate_per_second=_WATCHING_RATE_PER_SECOND) as timeline:
        began = timeline.mark("burning CPU")
        with burn.running():
            scaled = wait_until(
                lambda: service.read()["runningCount"] > before,
                within_seconds=SCALED_SECONDS,
                poll_seconds=_POLL_SECONDS,
            )
        seconds = timeline.mark("scaled out" if scaled else "gave up") - began
    after = service.read()["runningCount"]
    target.update(desiredCount=before)
    measured = f"{before} to {after} tasks after {seconds:.0f} s"
    return [Finding(scaled, measured, {"seconds": round(seconds, 1), "tasks": after}, timeline)]


def _require_policy(target: Target) -> None:
    client = target.service.aws.client("application-autoscaling")
    resource = f"service/{target.service.cluster}/{target.service.name}"
    if not client.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)["ScalingPolicies"]:
        raise NotRunError("the service has no scaling policy")
