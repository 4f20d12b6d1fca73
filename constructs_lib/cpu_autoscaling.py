"""Target tracking on a service's CPU utilization."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.appautoscaling_policy import (
    AppautoscalingPolicy,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification,
)
from cdktf_cdktf_provider_aws.appautoscaling_target import AppautoscalingTarget, AppautoscalingTargetSuspendedState
from constructs import Construct

from constructs_lib import defaults
from constructs_lib.check import Check


class CpuAutoscaling(Construct):
    """Keeps a service's average CPU near a target (FR-009).

    - ``cluster_name``, ``service_name``: whose desired count it owns. No defaults.
    - ``min_capacity``: the least number of tasks, 0 or more; 1 by default. From 0 nothing scales out, since there is no
      CPU to go by, which is a warning at plan.
    - ``max_capacity``: the greatest number of tasks; 4 by default.
    - ``cpu_target_percent``: of the CPU that the tasks reserve; 70 by default.
    - ``scale_in_cooldown_seconds``: after a scaling in, before the next; 300 by default.
    - ``scale_out_cooldown_seconds``: after a scaling out, before the next; 60 by default.

    Raises ValueError for bounds that no service can have.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html
    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        cluster_name: str,
        service_name: str,
        min_capacity: int = defaults.MIN_CAPACITY,
        max_capacity: int = defaults.MAX_CAPACITY,
        cpu_target_percent: float = defaults.CPU_TARGET_PERCENT,
        scale_in_cooldown_seconds: int = defaults.SCALE_IN_COOLDOWN_SECONDS,
        scale_out_cooldown_seconds: int = defaults.SCALE_OUT_COOLDOWN_SECONDS,
    ) -> None:
        super().__init__(scope, id_)
        if not 0 <= min_capacity <= max_capacity:
            message = f"min_capacity must be from 0 to max_capacity ({max_capacity}), not {min_capacity}"
            raise ValueError(message)
        self.target = AppautoscalingTarget(
            self,
            "Default",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{cluster_name}/{service_name}",
            min_capacity=min_capacity,
            max_capacity=max_capacity,
            # Said, so that a plan shows what was suspended by hand.
            suspended_state=AppautoscalingTargetSuspendedState(
                dynamic_scaling_in_suspended=False,
                dynamic_scaling_out_suspended=False,
                scheduled_scaling_suspended=False,
            ),
        )
        if min_capacity == 0:
            self._warn_of_no_task()
        self.policy = AppautoscalingPolicy(
            self,
            "cpu",
            name="cpu-target-tracking",
            policy_type="TargetTrackingScaling",
            service_namespace=self.target.service_namespace,
            scalable_dimension=self.target.scalable_dimension,
            resource_id=self.target.resource_id,
            target_tracking_scaling_policy_configuration=_track_cpu(
                cpu_target_percent, scale_in_cooldown_seconds, scale_out_cooldown_seconds
            ),
        )

    def _warn_of_no_task(self) -> None:
        Check(
            self,
            "min_capacity",
            condition=f"{self.target.fqn}.min_capacity > 0",
            message=(
                "The minimum capacity is 0, and from no task autoscaling starts none, since there is no CPU to go by: "
                "a scheduled action has to raise the minimum. A minimum of 1 needs none."
            ),
        )


def _track_cpu(
    target_percent: float, scale_in_cooldown_seconds: int, scale_out_cooldown_seconds: int
) -> AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration:
    return AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration(
        target_value=target_percent,
        scale_in_cooldown=scale_in_cooldown_seconds,
        scale_out_cooldown=scale_out_cooldown_seconds,
        predefined_metric_specification=(
            AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification(
                predefined_metric_type="ECSServiceAverageCPUUtilization"
            )
        ),
    )
