"""The alarms of this deployment, where the environment has any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.metric_alarm import Evaluation
from constructs_lib.service_alarms import DesiredTasks, HealthyTargets, TaskCountAlarms, UtilizationAlarms
from constructs_lib.target_group_alarms import AnswerThresholds, TargetGroupAlarms
from stacks.settings import OF_TARGET_GROUP, OF_TASK_COUNT, OF_UTILIZATION

if TYPE_CHECKING:
    from cdktf import ITerraformDependable, TerraformStack

    from constructs_lib.metric_alarm import MetricAlarm
    from stacks.existing_infrastructure import ExistingInfrastructure
    from stacks.settings import Environment


def declare_alarms(
    stack: TerraformStack, environment: Environment, *, existing: ExistingInfrastructure, cluster_name: str
) -> list[ITerraformDependable]:
    """Those that roll a deployment back, which the service needs before it is deployed."""
    alarms = [
        *_of_target_groups(stack, environment, existing),
        *_of_utilization(stack, environment, cluster_name),
    ]
    return [each.resource for each in alarms if each.name in environment.deployment_alarm_names]


def _of_target_groups(
    stack: TerraformStack, environment: Environment, existing: ExistingInfrastructure
) -> list[MetricAlarm]:
    alarms = environment.alarms
    made: list[MetricAlarm] = []
    for number, load_balancing in enumerate(existing.load_balancing, start=1):
        names = {kind: environment.names.alarm(kind, group=number) for kind in alarms.made(OF_TARGET_GROUP)}
        if names:
            of_group = TargetGroupAlarms(
                stack,
                f"target_group_alarms_{number}" if number > 1 else "target_group_alarms",
                names=names,
                target_group=load_balancing.metrics,
                thresholds=AnswerThresholds(
                    server_errors_percent=alarms.server_errors_percent,
                    latency_seconds=alarms.latency_seconds,
                    least_requests=alarms.least_requests,
                    unhealthy_targets=alarms.unhealthy_targets,
                    shared_load_balancer=alarms.shared_load_balancer,
                ),
                evaluation=_evaluation(environment),
                topic_arn=alarms.notify,
            )
            made += of_group.alarms.values()
    return made


def _of_utilization(stack: TerraformStack, environment: Environment, cluster_name: str) -> list[MetricAlarm]:
    alarms = environment.alarms
    names = {kind: environment.names.alarm(kind) for kind in alarms.made(OF_UTILIZATION)}
    if not names:
        return []
    made = UtilizationAlarms(
        stack,
        "utilization_alarms",
        names=names,
        cluster_name=cluster_name,
        service_name=environment.names.ecs,
        cpu_percent=alarms.cpu_percent,
        memory_percent=alarms.memory_percent,
        evaluation=_evaluation(environment),
        topic_arn=alarms.notify,
    )
    return [*made.alarms.values()]


def declare_task_count_alarms(
    stack: TerraformStack,
    environment: Environment,
    *,
    existing: ExistingInfrastructure,
    cluster_name: str,
    service: ITerraformDependable,
) -> None:
    """Every task joins every target group, of which the first one counts."""
    names = {kind: environment.names.alarm(kind) for kind in environment.alarms.made(OF_TASK_COUNT)}
    if not names:
        return
    wanted: HealthyTargets | DesiredTasks
    if environment.cluster.container_insights == "disabled":
        wanted = HealthyTargets(existing.load_balancing[0].metrics, least=environment.scaling.least_capacity)
    else:
        wanted = DesiredTasks(cluster_name, environment.names.ecs)
    TaskCountAlarms(
        stack,
        "task_count_alarms",
        names=names,
        wanted=wanted,
        evaluation=_evaluation(environment),
        topic_arn=environment.alarms.notify,
        depends_on=[service],
    )


def _evaluation(environment: Environment) -> Evaluation:
    return Evaluation(
        evaluation_periods=environment.alarms.evaluation_periods,
        datapoints_to_alarm=environment.alarms.datapoints_to_alarm,
    )
