"""A task more under sustained CPU load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operate.acceptance.checks.check import judges
from operate.acceptance.criteria import Criterion, Finding, NotRunError
from operate.acceptance.load import Load
from operate.acceptance.timeline import recorded
from operate.service import wait_until

if TYPE_CHECKING:
    from operate.acceptance.service_under_test import ServiceUnderTest

_LIMIT_SECONDS = 300
_RATE_PER_SECOND = 5
_BURN_SECONDS = 5
_BURNS_PER_SECOND = 1
_POLL_SECONDS = 2


@judges(Criterion("SC-005", "Sustained CPU load adds a task", "within 5 min"))
def scaled_out(tested: ServiceUnderTest) -> list[Finding]:
    """Each task's CPU is kept busy through the load balancer until ECS runs one task more."""
    _require_policy(tested)
    tested.require("/burn?seconds=1")
    service = tested.service
    before = service.read()["runningCount"]
    burn = Load(
        f"{service.url}/burn?seconds={_BURN_SECONDS}",
        _BURNS_PER_SECOND,
        service.request_headers,
        at_most_seconds=_LIMIT_SECONDS,
        through_proxy=not tested.is_local,
    )
    with recorded(service, "CPU load above the target", rate_per_second=_RATE_PER_SECOND) as timeline:
        began = timeline.mark("burning CPU")
        with burn.running():
            scaled = wait_until(
                lambda: service.read()["runningCount"] > before,
                within_seconds=_LIMIT_SECONDS,
                poll_seconds=_POLL_SECONDS,
            )
        seconds = timeline.mark("scaled out" if scaled else "gave up") - began
    after = service.read()["runningCount"]
    service.ecs.update_service(cluster=service.cluster, service=service.name, desiredCount=before)
    measured = f"{before} to {after} tasks after {seconds:.0f} s"
    return [Finding(scaled, measured, {"seconds": round(seconds, 1), "tasks": after}, timeline)]


def _require_policy(tested: ServiceUnderTest) -> None:
    client = tested.environment.client("application-autoscaling")
    resource = tested.service.scalable_resource
    if not client.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)["ScalingPolicies"]:
        raise NotRunError("the service has no scaling policy")
