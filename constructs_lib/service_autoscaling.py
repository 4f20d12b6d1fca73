"""How many tasks a service runs: target tracking on CPU, memory and requests, and a schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf import Precondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.appautoscaling_policy import (
    AppautoscalingPolicy,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification,
)
from cdktf_cdktf_provider_aws.appautoscaling_scheduled_action import (
    AppautoscalingScheduledAction,
    AppautoscalingScheduledActionScalableTargetAction,
)
from cdktf_cdktf_provider_aws.appautoscaling_target import AppautoscalingTarget, AppautoscalingTargetSuspendedState
from constructs import Construct

from constructs_lib import defaults
from constructs_lib.check import Check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdktf import TerraformResource


@dataclass(frozen=True)
class RequestTarget:
    """How many requests a target of one target group may get.

    - ``requests_per_target``: a minute, above 0. No default.
    - ``resource_label``: the ARN suffixes of an application load balancer and of its group,
      ``app/<name>/<id>/targetgroup/<name>/<id>``, of which ``LoadBalancing`` has both. No default.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html
    """

    requests_per_target: float
    resource_label: str


@dataclass(frozen=True)
class ScheduledAction:
    """Other bounds from a time on.

    - ``name``: 1 to 256 characters without ``:``, ``/`` and ``|``, once within the service. No default.
    - ``schedule``: ``cron(…)``, ``rate(…)`` or ``at(…)``. No default.
    - ``min_capacity``: the least number of tasks from then on; what it was by default.
    - ``max_capacity``: the greatest number of tasks from then on; what it was by default. One of both has to be given.
    - ``time_zone``: of ``cron`` and ``at``, by its IANA name; UTC by default.
    - ``start_time``: the time before which it does not act, in RFC 3339 and UTC; at once by default.
    - ``end_time``: the time after which it does not act, in RFC 3339 and UTC; never by default.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
    """

    name: str
    schedule: str
    min_capacity: int | None = None
    max_capacity: int | None = None
    time_zone: str = defaults.TIME_ZONE
    start_time: str | None = None
    end_time: str | None = None


class ServiceAutoscaling(Construct):
    """Keeps a service's tasks near their targets (FR-009). Of several targets the one that wants the most tasks counts.

    - ``cluster_name``, ``service_name``: whose desired count it owns. No defaults.
    - ``min_capacity``: the least number of tasks, 0 or more; 1 by default. From 0 nothing scales out, since there is no
      CPU to go by, which is a warning at plan.
    - ``max_capacity``: the greatest number of tasks; 4 by default.
    - ``cpu_target_percent``: of the CPU that the tasks reserve; 70 by default. At 100 CPU never adds a task.
    - ``memory_target_percent``: of the memory that the tasks reserve; not a target by default.
    - ``request_target``: for requests to each task; not a target by default.
    - ``scale_in_cooldown_seconds``: seconds after a scale-in before the next; 300 by default.
    - ``scale_out_cooldown_seconds``: seconds after a scale-out before the next; 60 by default.
    - ``scheduled_actions``: which change the bounds by the clock; none by default. With any, ``min_capacity`` and
      ``max_capacity`` are those of the beginning, and Terraform leaves them to the schedule from then on.

    Raises ValueError for bounds that no service can have.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html
    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html
    https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-policy-overview.html
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
        memory_target_percent: float | None = None,
        request_target: RequestTarget | None = None,
        scale_in_cooldown_seconds: int = defaults.SCALE_IN_COOLDOWN_SECONDS,
        scale_out_cooldown_seconds: int = defaults.SCALE_OUT_COOLDOWN_SECONDS,
        scheduled_actions: Sequence[ScheduledAction] = (),
    ) -> None:
        super().__init__(scope, id_)
        if not 0 <= min_capacity <= max_capacity:
            message = f"min_capacity must be from 0 to max_capacity ({max_capacity}), not {min_capacity}"
            raise ValueError(message)
        self._cooldowns = (scale_in_cooldown_seconds, scale_out_cooldown_seconds)
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
            lifecycle=_left_to_the_schedule() if scheduled_actions else None,
        )
        if min_capacity == 0 and not any(action.min_capacity for action in scheduled_actions):
            self._warn_of_no_task()
        # AWS refuses two changes of one target at a time, so each waits for the one before.
        self.policy = self._track("cpu", cpu_target_percent, "ECSServiceAverageCPUUtilization")
        last = self.policy
        if memory_target_percent is not None:
            last = self._track("memory", memory_target_percent, "ECSServiceAverageMemoryUtilization", after=last)
        if request_target is not None:
            last = self._track_requests(request_target, after=last)
        self._act_on(scheduled_actions, after=last)

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

    def _track_requests(self, target: RequestTarget, *, after: TerraformResource) -> AppautoscalingPolicy:
        is_application = Precondition(
            condition=f'${{startswith("{target.resource_label}", "app/")}}',
            error_message=(
                f"Requests per target are counted by an application load balancer, and {target.resource_label} is of "
                "another kind: a network load balancer knows no requests. Scale by CPU or memory."
            ),
        )
        return self._track(
            "requests",
            target.requests_per_target,
            "ALBRequestCountPerTarget",
            resource_label=target.resource_label,
            after=after,
            lifecycle=TerraformResourceLifecycle(precondition=[is_application]),
        )

    def _track(
        self,
        name: str,
        target_value: float,
        metric: str,
        *,
        resource_label: str | None = None,
        after: TerraformResource | None = None,
        lifecycle: TerraformResourceLifecycle | None = None,
    ) -> AppautoscalingPolicy:
        scale_in_cooldown_seconds, scale_out_cooldown_seconds = self._cooldowns
        return AppautoscalingPolicy(
            self,
            name,
            name=f"{name}-target-tracking",
            policy_type="TargetTrackingScaling",
            service_namespace=self.target.service_namespace,
            scalable_dimension=self.target.scalable_dimension,
            resource_id=self.target.resource_id,
            target_tracking_scaling_policy_configuration=AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration(
                target_value=target_value,
                scale_in_cooldown=scale_in_cooldown_seconds,
                scale_out_cooldown=scale_out_cooldown_seconds,
                predefined_metric_specification=(
                    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification(
                        predefined_metric_type=metric, resource_label=resource_label
                    )
                ),
            ),
            depends_on=[after] if after else None,
            lifecycle=lifecycle,
        )

    def _act_on(self, actions: Sequence[ScheduledAction], *, after: TerraformResource) -> None:
        for action in actions:
            after = AppautoscalingScheduledAction(
                self,
                f"schedule-{action.name}",
                name=action.name,
                service_namespace=self.target.service_namespace,
                scalable_dimension=self.target.scalable_dimension,
                resource_id=self.target.resource_id,
                schedule=action.schedule,
                timezone=action.time_zone,
                start_time=action.start_time,
                end_time=action.end_time,
                scalable_target_action=_bounds(action),
                depends_on=[after],
            )


def _bounds(action: ScheduledAction) -> AppautoscalingScheduledActionScalableTargetAction:
    """The provider wants text, to tell none from not given."""

    def text(capacity: int | None) -> str | None:
        return None if capacity is None else str(capacity)

    return AppautoscalingScheduledActionScalableTargetAction(
        min_capacity=text(action.min_capacity), max_capacity=text(action.max_capacity)
    )


def _left_to_the_schedule() -> TerraformResourceLifecycle:
    return TerraformResourceLifecycle(ignore_changes=["min_capacity", "max_capacity"])
