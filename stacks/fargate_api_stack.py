"""The Go API on ECS Fargate, for one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf import TerraformStack

from constructs_lib.check import Check
from constructs_lib.container_definition import ContainerDefinition, Ulimit
from constructs_lib.fargate_cluster import ExistingFargateCluster, FargateCluster
from constructs_lib.fargate_service import FargateService, LoadBalancer, Network, Rollout
from constructs_lib.fargate_task_definition import FargateTaskDefinition
from constructs_lib.log_group import ExistingLogGroup, LogGroup
from constructs_lib.service_autoscaling import RequestTarget, ScheduledAction, ServiceAutoscaling
from constructs_lib.service_dashboard import MeasuredTargetGroup, ServiceDashboard, TaskLimits
from stacks.alarms import declare_alarms, declare_task_count_alarms
from stacks.existing_infrastructure import read_cluster_name, read_existing_infrastructure
from stacks.image import pushed_image
from stacks.moves import move_from_earlier_addresses
from stacks.outputs import declare_outputs
from stacks.provider import configure_provider
from stacks.roles import declare_roles
from stacks.settings import IMAGE_TAG_LABEL, task_containers, verbatim
from stacks.state import keep_state
from stacks.volumes import mount_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdktf import ITerraformDependable
    from constructs import Construct

    from stacks.existing_infrastructure import ExistingInfrastructure
    from stacks.image import PushedImage
    from stacks.roles import Roles
    from stacks.settings import Environment


class FargateApiStack(TerraformStack):
    """What is there already, and on it the log group, cluster, roles, task definition, service and autoscaling."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_)
        keep_state(self, environment.backend)
        environment = verbatim(environment)
        configure_provider(self, environment)
        existing = read_existing_infrastructure(self, environment)
        image = pushed_image(self, environment)
        log_group = _log_group(self, environment)
        cluster = _cluster(self, environment)
        roles = declare_roles(self, environment, repository_arn=image.repository_arn)
        task_definition = _task_definition(self, environment, image=image, roles=roles)
        release_alarms = declare_alarms(self, environment, existing=existing, cluster_name=cluster.name)
        service = _service(
            self,
            environment,
            existing=existing,
            cluster=cluster,
            task_definition=task_definition,
            depends_on=[
                log_group.resource,
                roles.execution.policy,
                cluster.capacity_providers if isinstance(cluster, FargateCluster) else None,
                roles.task.policy,
                *release_alarms,
            ],
        )
        declare_task_count_alarms(
            self, environment, existing=existing, cluster_name=cluster.name, service=service.resource
        )
        _autoscaling(self, environment, existing=existing, cluster=cluster, service=service)
        if environment.dashboard.enabled:
            _dashboard(self, environment, existing=existing, cluster=cluster)
        move_from_earlier_addresses(log_group=log_group, task_definition=task_definition)
        declare_outputs(
            self,
            cluster=cluster,
            service=service,
            task_definition=task_definition,
            roles=roles,
            log_group=log_group,
            image=image,
            api_url=environment.service.api_url or f"http://{existing.alb_dns_name}",
            base_path=environment.service.base_path,
            health_check_path=existing.health_check_path,
        )


def _cluster(stack: TerraformStack, environment: Environment) -> FargateCluster | ExistingFargateCluster:
    """Of somebody else's cluster only what the file itself says is compared."""
    cluster = environment.cluster
    if environment.has_own_cluster:
        return FargateCluster(
            stack, "cluster", name=environment.names.ecs, container_insights=cluster.container_insights
        )
    return ExistingFargateCluster(
        stack,
        "existing_cluster",
        name=cluster.name or read_cluster_name(stack, environment),
        container_insights=cluster.container_insights if "container_insights" in cluster.model_fields_set else None,
    )


def _log_group(stack: TerraformStack, environment: Environment) -> LogGroup | ExistingLogGroup:
    """Of somebody else's group only what the file itself says is compared."""
    logs = environment.logs
    if logs.group is None:
        return LogGroup(
            stack,
            "log_group",
            name=environment.log_group_name,
            retention_days=logs.retention_days,
            kms_key_arn=logs.kms_key_arn,
        )
    return ExistingLogGroup(
        stack,
        "existing_log_group",
        name=logs.group,
        retention_days=logs.retention_days if "retention_days" in logs.model_fields_set else None,
        kms_key_arn=logs.kms_key_arn,
    )


def _task_definition(
    stack: TerraformStack, environment: Environment, *, image: PushedImage, roles: Roles
) -> FargateTaskDefinition:
    container = ContainerDefinition(
        name=environment.service.name,
        image=image.uri,
        port=environment.container.port,
        environment=environment.container.environment,
        secrets=environment.container.secrets,
        user=environment.container.user,
        readonly_root_filesystem=environment.container.readonly_root_filesystem,
        stop_timeout_seconds=environment.container.stop_timeout_seconds,
        init_process_enabled=environment.service.enable_execute_command,
        docker_labels={**environment.container.docker_labels, IMAGE_TAG_LABEL: image.tag},
        command=environment.container.command,
        entry_point=environment.container.entry_point,
        working_directory=environment.container.working_directory,
        ulimits=[
            Ulimit(name=limit.name, soft_limit=limit.soft_limit, hard_limit=limit.hard_limit)
            for limit in environment.container.ulimits
        ],
        start_timeout_seconds=environment.container.start_timeout_seconds,
        health_check=task_containers.health_check(environment.container.health_check),
        cpu=task_containers.cpu_share(environment.container),
        depends_on=environment.container.depends_on,
        awsfirelens=task_containers.awsfirelens(environment.container.awsfirelens),
        mount_points=mount_points(environment),
    )
    return FargateTaskDefinition(
        stack,
        "task_definition",
        family=environment.names.ecs,
        container=container,
        sidecars=task_containers.sidecars(environment.container),
        execution_role_arn=roles.execution.arn,
        task_role_arn=roles.task.arn,
        log_group_name=environment.log_group_name,
        log_region=environment.region,
        # In a group that others write to as well, the container's name alone would not tell whose a stream is
        log_stream_prefix=environment.names.ecs if environment.logs.group else None,
        cpu=environment.container.cpu,
        memory_mib=environment.container.memory_mib,
        cpu_architecture=environment.container.cpu_architecture,
        ephemeral_storage_gib=environment.container.ephemeral_storage_gib,
    )


def _service(
    stack: TerraformStack,
    environment: Environment,
    *,
    existing: ExistingInfrastructure,
    cluster: FargateCluster | ExistingFargateCluster,
    task_definition: FargateTaskDefinition,
    depends_on: Sequence[ITerraformDependable | None],
) -> FargateService:
    return FargateService(
        stack,
        "service",
        name=environment.names.ecs,
        cluster_arn=cluster.arn,
        task_definition_arn=task_definition.arn,
        network=Network(
            subnet_ids=existing.subnet_ids,
            security_group_ids=existing.security_group_ids,
            assign_public_ip=environment.network.assign_public_ip,
        ),
        load_balancers=[
            LoadBalancer(
                target_group_arn=each.target_group_arn,
                container_name=environment.service.name,
                container_port=environment.container.port,
            )
            for each in existing.load_balancing
        ],
        log_group_name=environment.log_group_name,
        desired_count=environment.scaling.first_count,
        rollout=Rollout(
            minimum_healthy_percent=environment.deployment.minimum_healthy_percent,
            maximum_percent=environment.deployment.maximum_percent,
            health_check_grace_period_seconds=environment.deployment.health_check_grace_period_seconds,
            steady_state_timeout_minutes=environment.deployment.steady_state_timeout_minutes,
        ),
        fargate_spot_percent=environment.service.fargate_spot_percent,
        enable_execute_command=environment.service.enable_execute_command,
        deployment_alarm_names=environment.deployment_alarm_names,
        depends_on=[element for element in depends_on if element],
    )


def _autoscaling(
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
    first = existing.load_balancing[0]
    label = f"{first.load_balancer_arn_suffix}/{first.arn_suffix}"
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


def _dashboard(
    stack: TerraformStack,
    environment: Environment,
    *,
    existing: ExistingInfrastructure,
    cluster: FargateCluster | ExistingFargateCluster,
) -> None:
    ServiceDashboard(
        stack,
        "dashboard",
        name=environment.names.dashboard,
        region=environment.region,
        cluster_name=environment.cluster_name or cluster.name,
        service_name=environment.names.ecs,
        target_groups=[
            MeasuredTargetGroup(
                name=each.target_group_name,
                arn_suffix=each.arn_suffix,
                load_balancer_arn_suffix=each.load_balancer_arn_suffix,
            )
            for each in existing.load_balancing
        ],
        limits=TaskLimits(
            cpu=environment.container.cpu,
            memory_mib=environment.container.memory_mib,
            most_tasks=environment.scaling.highest_capacity,
            cpu_target=environment.scaling.cpu_target_percent,
            memory_target=environment.scaling.memory_target_percent,
            requests_target=environment.scaling.requests_per_target,
        ),
        container_insights=environment.cluster.container_insights,
    )
