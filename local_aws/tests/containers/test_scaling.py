"""The embedded AWS scales a service with its CPU, memory and requests, on a clock whose minute is a second."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

import pytest

from local_aws.tests.containers.stage import embedded_aws, publish_probe, wait_until
from local_aws.tests.containers.test_sidecars import after, sidecar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.instance import LocalAws
    from local_aws.tests.containers.stage import Stage


@pytest.fixture(scope="module")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LOCAL_AWS_METRIC_PERIOD_SECONDS", "1")
        with embedded_aws(tmp_path_factory.mktemp("quick")) as local_aws:
            yield local_aws


@pytest.fixture(scope="module")
def image(local_aws: LocalAws, probe: bytes) -> str:
    return publish_probe(local_aws, probe)


def track(stage: Stage, metric: str, target: float, **predefined: str) -> None:
    service = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{stage.name}/{stage.name}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling = stage.client("application-autoscaling")
    scaling.register_scalable_target(**service, MinCapacity=1, MaxCapacity=2)
    scaling.put_scaling_policy(
        **service,
        PolicyName=metric,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": target,
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric, **predefined},
            "ScaleOutCooldown": 1,
            "ScaleInCooldown": 1,
        },
    )


def activities(stage: Stage) -> list[str]:
    """The newest first, with their causes."""
    resource = f"service/{stage.name}/{stage.name}"
    described = stage.client("application-autoscaling").describe_scaling_activities(
        ServiceNamespace="ecs", ResourceId=resource
    )
    return [f"{one['Description']} {one['Cause']}" for one in described["ScalingActivities"]]


def test_scales_out_and_in(stage: Stage) -> None:
    """Sustained load above the target adds a task; when it is gone the task goes, and both are on record."""
    stage.create_service(stage.register(task={"cpu": "256"}))
    stage.wait_steady()
    track(stage, "ECSServiceAverageCPUUtilization", 30)
    calm = threading.Event()

    def burn() -> None:
        while not calm.is_set():
            stage.get("/burn")

    burner = threading.Thread(target=burn)
    burner.start()
    try:
        wait_until(lambda: stage.service["runningCount"] == 2, show=lambda: stage.service)
    finally:
        calm.set()
        burner.join()
    metrics = stage.client("cloudwatch").list_metrics(Namespace="AWS/ECS", MetricName="CPUUtilization")["Metrics"]
    assert {"Name": "ServiceName", "Value": stage.name} in metrics[0]["Dimensions"]
    wait_until(lambda: stage.service["desiredCount"] == 1, show=lambda: stage.service)
    assert [one.partition(".")[0] for one in activities(stage)] == [
        "Setting desired count to 1",
        "Setting desired count to 2",
    ]


def test_scales_out_with_memory(stage: Stage) -> None:
    """A task that holds a quarter of its memory is 15 percent too much, in CloudWatch's eyes as well."""
    stage.create_service(stage.register())
    stage.wait_steady()
    stage.get("/hold")  # answers once all of it is held
    track(stage, "ECSServiceAverageMemoryUtilization", 10)
    wait_until(lambda: stage.service["runningCount"] == 2, show=lambda: stage.service)
    (activity,) = activities(stage)
    seen = re.search(r"saw .*, (\d+) in the last minutes, its target being 10:", activity)
    assert seen, activity
    assert 25 <= int(seen[1]) <= 32


def test_a_helper_that_has_ended_hides_no_metric(stage: Stage) -> None:
    """Podman has no figures of it: the containers that run are measured."""
    helper = sidecar(stage, "helper", fault="crash", essential=False)
    stage.create_service(stage.register(sidecars=[helper], **after(helper="COMPLETE")))
    stage.wait_steady()
    dimensions = [{"Name": "ServiceName", "Value": stage.name}]
    watch = stage.client("cloudwatch")
    for name in ("CPUUtilization", "MemoryUtilization"):
        asked = {"Namespace": "AWS/ECS", "MetricName": name, "Dimensions": dimensions}
        wait_until(lambda asked=asked: watch.list_metrics(**asked)["Metrics"])  # type: ignore[misc]


def test_scales_with_requests(stage: Stage) -> None:
    """Each target's share counts, and without a request the task that was added goes again."""
    stage.create_service(stage.register())
    stage.wait_steady()
    suffixes = (stage.balancer_arn.partition(":loadbalancer/")[2], stage.group_arn.rpartition(":")[2])
    track(stage, "ALBRequestCountPerTarget", 3, ResourceLabel="/".join(suffixes))
    calm = threading.Event()

    def ask() -> None:
        while not calm.wait(0.1):
            stage.get("/version")

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        wait_until(lambda: stage.service["runningCount"] == 2, show=lambda: stage.service)
    finally:
        calm.set()
        asking.join()
    wait_until(lambda: stage.service["desiredCount"] == 1, show=lambda: activities(stage))
