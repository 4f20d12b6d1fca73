"""How many tasks of the service there are: by CPU, by what else the settings name, and by the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.check import Check
from constructs_lib.service_autoscaling import RequestTarget, ScheduledAction, ServiceAutoscaling

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from constructs_lib.fargate_cluster import ExistingFargateCluster, FargateCluster
    from constructs_lib.fargate_service import FargateService
    from stacks.existing_infrastructure import ExistingInfrastructure
    from stacks.settings import Environment


def declare_autoscaling(
    stack: TerraformStack,
    environment: Environment,
    *,
    existing: ExistingInfrastructure,
    cluster: FargateCluster | ExistingFargateCluster,
    service: FargateService,
) -> None:
    scaling = environment.scaling
    autoscaling = ServiceAutoscaling(
        stack,
        "autoscaling",
        cluster_name=cluster.name,
        service_name=service.name,
        min_capacity=scaling.min_capacity,
        max_capacity=scaling.max_capacity,
        cpu_target_percent=scaling.cpu_target_percent,
        memory_target_percent=scaling.memory_target_percent,
        request_target=_request_target(environment, existing),
        scale_in_cooldown_seconds=scaling.scale_in_cooldown_seconds,
        scale_out_cooldown_seconds=scaling.scale_out_cooldown_seconds,
        scheduled_actions=_scheduled_actions(environment),
    )
    # The schedule's own nights are no surprise: it has the minimum at 0 then
    at_night = f" || {autoscaling.target.fqn}.min_capacity == 0" if scaling.rests else ""
    Check(
        stack,
        "tasks_are_wanted",
        condition=f"{service.address}.desired_count > 0{at_night}",
        message=(
            f"The desired count of {service.name} is 0: no task runs, and autoscaling, which has no CPU to go by, "
            f"starts none. Set it: aws ecs update-service --cluster {cluster.name} --service {service.name} "
            f"--desired-count {scaling.first_count}"
        ),
    )


def _request_target(environment: Environment, existing: ExistingInfrastructure) -> RequestTarget | None:
    requests_per_target = environment.scaling.requests_per_target
    if requests_per_target is None:
        return None
    label = existing.load_balancing[0].metrics.resource_label
    return RequestTarget(requests_per_target=requests_per_target, resource_label=label)


def _scheduled_actions(environment: Environment) -> list[ScheduledAction]:
    return [
        ScheduledAction(
            name=each.name,
            schedule=each.expression,
            time_zone=each.time_zone,
            min_capacity=each.min_capacity,
            max_capacity=each.max_capacity,
            start_time=each.start_time,
            end_time=each.end_time,
        )
        for each in environment.scaling.schedule
    ]
