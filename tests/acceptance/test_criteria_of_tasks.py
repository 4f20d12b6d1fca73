"""The criteria on the tasks that run: found, replaced, all ill, and more of them under load."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from operate.acceptance.checks import criterion_ids
from operate.environment import resolve
from operate.plan import plan_changes
from tests.acceptance import test_criteria_of_releases
from tests.acceptance.conftest import Environment, Result, assert_all_pass

if TYPE_CHECKING:
    from collections.abc import Iterator

CRITERIA = ("SC-001", "SC-002", "SC-006", "SC-003", "US1.3", "EC-3", "EC-2")
SCALING = ("SC-005", "SC-005.memory", "SC-005.requests")
SCHEDULE = "SC-005.schedule"
OTHER_SERVICES = ("ALARM-1", "ALARM-2", "SIDECAR-1")  # of services that have what these are about


def test_the_criteria_of_tasks_pass(deployed: tuple[Environment, Result]) -> None:
    """With what was judged in the report's head; together with the others they are all."""
    judged = (*CRITERIA, *SCALING, SCHEDULE, *test_criteria_of_releases.CRITERIA, *OTHER_SERVICES)
    assert sorted(judged) == sorted(criterion_ids())
    environment, _ = deployed
    with _no_scaling_out(environment):
        results = assert_all_pass(environment, CRITERIA)
    assert "the service's creation" in results["SC-001"]["measured"]
    assert_provenance_is_known(environment)
    assert plan_changes.changes(resolve("local").prepare_stack().plan(image_tag="v1")) == []


def assert_provenance_is_known(environment: Environment) -> None:
    """The digest is what ECS says that its task runs; every tool has a version."""
    found = json.loads((environment.folder / "acceptance-report.json").read_text())["provenance"]
    ecr = environment.local_aws.client("ecr")
    (pushed,) = ecr.describe_images(repositoryName="go-api", imageIds=[{"imageTag": "v1"}])["imageDetails"]
    assert (found["image_tag"], found["image_digest"]) == ("v1", pushed["imageDigest"])
    assert {"Terraform", "AWS provider", "cdktf", "MiniStack", "container engine"} == found["versions"].keys()
    assert "unknown" not in found["versions"].values()


@pytest.mark.parametrize("criterion", SCALING)
def test_load_adds_a_task(deployed: tuple[Environment, Result], criterion: str) -> None:
    """On a busy machine a task may get half of the CPU that it reserves: less has to be too much."""
    environment, _ = deployed
    with _low_target(environment, criterion):
        assert assert_all_pass(environment, (criterion,))[criterion]["figures"]["tasks"] >= 2


def test_the_clock_adds_a_task(deployed: tuple[Environment, Result]) -> None:
    """The bounds and the schedule are as they were then: a plan afterwards is empty."""
    environment, _ = deployed
    assert assert_all_pass(environment, (SCHEDULE,))[SCHEDULE]["figures"]["tasks"] >= 2
    assert plan_changes.changes(resolve("local").prepare_stack().plan(image_tag="v1")) == []


@contextmanager
def _no_scaling_out(environment: Environment) -> Iterator[None]:
    """A task that fills its memory has the CPU for some seconds, which are three minutes of the metrics here."""
    with closing(environment.local_aws.client("application-autoscaling")) as scaling:
        (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
        of_service = {name: target[name] for name in ("ResourceId", "ScalableDimension", "ServiceNamespace")}
        scaling.register_scalable_target(**of_service, SuspendedState={"DynamicScalingOutSuspended": True})
        try:
            yield
        finally:
            scaling.register_scalable_target(**of_service, SuspendedState=target["SuspendedState"])


@contextmanager
def _low_target(environment: Environment, criterion: str) -> Iterator[None]:
    """In a policy that the service has, or in one of the metric's own for the time of the block."""
    with closing(environment.local_aws.client("application-autoscaling")) as scaling:
        (cpu,) = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
        of_service = {name: cpu[name] for name in ("ResourceId", "ScalableDimension", "ServiceNamespace")}
        tracking = cpu["TargetTrackingScalingPolicyConfiguration"]
        name = cpu["PolicyName"] if criterion == "SC-005" else criterion

        def put(configuration: dict[str, Any]) -> None:
            of_kind = {"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": configuration}
            scaling.put_scaling_policy(**of_service, PolicyName=name, **of_kind)

        put({**tracking, **_low_targets(environment)[criterion]})
        try:
            yield
        finally:
            if criterion == "SC-005":
                put(tracking)
            else:
                scaling.delete_scaling_policy(**of_service, PolicyName=name)


def _low_targets(environment: Environment) -> dict[str, dict[str, Any]]:
    group = environment.service.target_group
    (balancer_arn,) = group["LoadBalancerArns"]
    label = f"{balancer_arn.partition(':loadbalancer/')[2]}/{group['TargetGroupArn'].rpartition(':')[2]}"
    memory = {"PredefinedMetricType": "ECSServiceAverageMemoryUtilization"}
    requests = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}
    return {
        "SC-005": {"TargetValue": 10},
        "SC-005.memory": {"TargetValue": 10, "PredefinedMetricSpecification": memory},
        "SC-005.requests": {"TargetValue": 3, "PredefinedMetricSpecification": requests},
    }
