"""A container as a service on Fargate: its log group, its task definition and the service that runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cdktf import Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.ecs_service import (
    EcsService,
    EcsServiceCapacityProviderStrategy,
    EcsServiceDeploymentCircuitBreaker,
    EcsServiceLoadBalancer,
    EcsServiceNetworkConfiguration,
    EcsServiceTimeouts,
)
from cdktf_cdktf_provider_aws.ecs_task_definition import EcsTaskDefinition, EcsTaskDefinitionRuntimePlatform
from constructs import Construct

from constructs_lib.fargate_sizes import check_fargate_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdktf import ITerraformDependable

    from constructs_lib.container import Container


@dataclass(frozen=True)
class Network:
    """Where tasks run and what reaches them. A public IP is how a task in a public subnet pulls its image (FR-007)."""

    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]
    target_group_arn: str
    assign_public_ip: bool = True


@dataclass(frozen=True)
class Rollout:
    """How ECS replaces tasks. Percents are of the desired count; the defaults are FR-008's.

    ``steady_state_timeout_minutes`` is how long Terraform waits for a deployment to end, either way.
    """

    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    health_check_grace_period_seconds: int = 60
    steady_state_timeout_minutes: int = 20

    @property
    def availability_zone_rebalancing(self) -> Literal["ENABLED", "DISABLED"]:
        """ECS starts a task elsewhere before it stops one: not available where the maximum leaves no room for that.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
        """
        return "ENABLED" if self.maximum_percent > 100 else "DISABLED"  # noqa: PLR2004


class FargateService(Construct):
    """FR-002, FR-003, FR-006, FR-007, FR-008 and FR-010 around one container.

    ``desired_count`` is where the service starts; from then on autoscaling owns the number and Terraform leaves it
    alone. ``fargate_spot_percent`` is the share of tasks on Fargate Spot, and needs a cluster with its capacity
    providers. ``depends_on`` is for what has to be there before a task can start: the execution role's policy.

    Raises ValueError for a size that Fargate does not offer.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        cluster_arn: str,
        container: Container,
        execution_role_arn: str,
        task_role_arn: str,
        network: Network,
        cpu: int = 256,
        memory_mib: int = 512,
        cpu_architecture: Literal["X86_64", "ARM64"] = "X86_64",
        desired_count: int = 1,
        rollout: Rollout | None = None,
        fargate_spot_percent: int = 0,
        enable_execute_command: bool = False,
        log_retention_days: int = 30,
        log_kms_key_arn: str | None = None,
        depends_on: Sequence[ITerraformDependable] = (),
    ) -> None:
        super().__init__(scope, id_)
        check_fargate_size(cpu=cpu, memory_mib=memory_mib)
        self.log_group = self._keep_logs(container.log_group_name, log_retention_days, log_kms_key_arn)
        self.task_definition = self._define_task(
            family=name,
            container=container,
            cpu=cpu,
            memory_mib=memory_mib,
            cpu_architecture=cpu_architecture,
            execution_role_arn=execution_role_arn,
            task_role_arn=task_role_arn,
        )
        self.service = self._run(
            name=name,
            cluster_arn=cluster_arn,
            container=container,
            network=network,
            desired_count=desired_count,
            rollout=rollout or Rollout(),
            fargate_spot_percent=fargate_spot_percent,
            enable_execute_command=enable_execute_command,
            depends_on=[self.log_group, *depends_on],
        )

    @property
    def name(self) -> str:
        return self.service.name

    def _keep_logs(self, name: str, retention_days: int, kms_key_arn: str | None) -> CloudwatchLogGroup:
        return CloudwatchLogGroup(self, "logs", name=name, retention_in_days=retention_days, kms_key_id=kms_key_arn)

    def _define_task(
        self,
        *,
        family: str,
        container: Container,
        cpu: int,
        memory_mib: int,
        cpu_architecture: str,
        execution_role_arn: str,
        task_role_arn: str,
    ) -> EcsTaskDefinition:
        return EcsTaskDefinition(
            self,
            "task_definition",
            family=family,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(cpu),
            memory=str(memory_mib),
            runtime_platform=EcsTaskDefinitionRuntimePlatform(
                cpu_architecture=cpu_architecture, operating_system_family="LINUX"
            ),
            execution_role_arn=execution_role_arn,
            task_role_arn=task_role_arn,
            container_definitions=container.definitions_json(),
            # A revision that Terraform deregistered is one that ECS cannot roll back to.
            skip_destroy=True,
        )

    def _run(
        self,
        *,
        name: str,
        cluster_arn: str,
        container: Container,
        network: Network,
        desired_count: int,
        rollout: Rollout,
        fargate_spot_percent: int,
        enable_execute_command: bool,
        depends_on: Sequence[ITerraformDependable],
    ) -> EcsService:
        timeout = f"{rollout.steady_state_timeout_minutes}m"
        return EcsService(
            self,
            "Default",
            name=name,
            cluster=cluster_arn,
            task_definition=self.task_definition.arn,
            desired_count=desired_count,
            # The provider's default shows no other version that was set by hand.
            platform_version="LATEST",
            launch_type=None if fargate_spot_percent else "FARGATE",
            capacity_provider_strategy=_spot_strategy(fargate_spot_percent),
            network_configuration=EcsServiceNetworkConfiguration(
                subnets=network.subnet_ids,
                security_groups=network.security_group_ids,
                assign_public_ip=network.assign_public_ip,
            ),
            load_balancer=[
                EcsServiceLoadBalancer(
                    target_group_arn=network.target_group_arn,
                    container_name=container.name,
                    container_port=container.port,
                )
            ],
            deployment_minimum_healthy_percent=rollout.minimum_healthy_percent,
            deployment_maximum_percent=rollout.maximum_percent,
            deployment_circuit_breaker=EcsServiceDeploymentCircuitBreaker(enable=True, rollback=True),
            health_check_grace_period_seconds=rollout.health_check_grace_period_seconds,
            availability_zone_rebalancing=rollout.availability_zone_rebalancing,
            enable_execute_command=enable_execute_command,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            wait_for_steady_state=True,
            timeouts=EcsServiceTimeouts(create=timeout, update=timeout),
            lifecycle=TerraformResourceLifecycle(ignore_changes=["desired_count"], postcondition=[self._no_rollback()]),
            depends_on=depends_on,
        )

    def _no_rollback(self) -> Postcondition:
        """Terraform calls a service that ECS rolled back to an older revision a success; this does not."""
        return Postcondition(
            condition=f"${{self.task_definition == {self.task_definition.arn}}}",
            error_message=(
                "The deployment of ${self.name} was rolled back: ECS runs ${self.task_definition}, "
                f"not {self.task_definition.arn}. The service's events and the log group "
                f"{self.log_group.name_input} say why its tasks stopped."
            ),
        )


def _spot_strategy(fargate_spot_percent: int) -> list[EcsServiceCapacityProviderStrategy] | None:
    if not fargate_spot_percent:
        return None
    weights = {"FARGATE": 100 - fargate_spot_percent, "FARGATE_SPOT": fargate_spot_percent}
    return [
        EcsServiceCapacityProviderStrategy(capacity_provider=provider, weight=weight)
        for provider, weight in weights.items()
        if weight
    ]
