"""The Go API on ECS Fargate, for one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf import TerraformStack

from constructs_lib.fargate_cluster import ExistingFargateCluster, FargateCluster
from constructs_lib.fargate_service import FargateService, LoadBalancer, Network, Rollout
from constructs_lib.log_group import ExistingLogGroup, LogGroup
from stacks.alarms import declare_alarms, declare_task_count_alarms
from stacks.autoscaling import declare_autoscaling
from stacks.dashboard import declare_dashboard
from stacks.existing_infrastructure import read_cluster_name, read_existing_infrastructure
from stacks.image import pushed_image
from stacks.moves import move_from_earlier_addresses
from stacks.outputs import declare_outputs
from stacks.provider import configure_provider
from stacks.roles import declare_roles
from stacks.settings import verbatim
from stacks.state import keep_state
from stacks.task_definition import declare_task_definition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdktf import ITerraformDependable
    from constructs import Construct

    from constructs_lib.fargate_task_definition import FargateTaskDefinition
    from stacks.existing_infrastructure import ExistingInfrastructure
    from stacks.settings import Environment


class FargateApiStack(TerraformStack):
    """What is there already, and on it the log group, cluster, roles, task definition, service and autoscaling.

    Where the settings say so, alarms and a dashboard too.
    """

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
        task_definition = declare_task_definition(self, environment, image=image, roles=roles)
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
        declare_autoscaling(self, environment, existing=existing, cluster=cluster, service=service)
        if environment.dashboard.enabled:
            declare_dashboard(self, environment, existing=existing, cluster=cluster)
        move_from_earlier_addresses(self, log_group=log_group, task_definition=task_definition)
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
