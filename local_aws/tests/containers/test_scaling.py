"""The embedded AWS scales a service with its CPU, on a clock whose minute is a second."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from local_aws.tests.containers.stage import embedded_aws, publish_probe, wait_until

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


def track_cpu(stage: Stage) -> None:
    service = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{stage.name}/{stage.name}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling = stage.client("application-autoscaling")
    scaling.register_scalable_target(**service, MinCapacity=1, MaxCapacity=2)
    scaling.put_scaling_policy(
        **service,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 30.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            "ScaleOutCooldown": 1,
            "ScaleInCooldown": 1,
        },
    )


def test_scales_out_and_in(stage: Stage) -> None:
    """Sustained load above the target adds a task; when it is gone the task goes, and both are on record."""
    stage.create_service(stage.register(task={"cpu": "256"}))
    stage.wait_steady()
    track_cpu(stage)
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
    activities = stage.client("application-autoscaling").describe_scaling_activities(ServiceNamespace="ecs")
    assert [one["Description"] for one in activities["ScalingActivities"]] == [
        "Setting desired count to 1.",
        "Setting desired count to 2.",
    ]
