"""An ECS service on Fargate, behind a load balancer that is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cdktf import Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.ecs_service import (
    EcsService,
    EcsServiceAlarms,
    EcsServiceCapacityProviderStrategy,
    EcsServiceDeploymentCircuitBreaker,
    EcsServiceLoadBalancer,
    EcsServiceNetworkConfiguration,
    EcsServiceTimeouts,
)
from constructs import Construct

from constructs_lib import defaults
from constructs_lib.hcl import hcl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdktf import ITerraformDependable


@dataclass(frozen=True)
class Network:
    """Where tasks run (FR-006, FR-007).

    - ``subnet_ids``: of one VPC. No default.
    - ``security_group_ids``: of the same VPC, at most 5. No default.
    - ``assign_public_ip``: how a task in a public subnet pulls its image; True by default.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html
    """

    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]
    assign_public_ip: bool = defaults.ASSIGN_PUBLIC_IP


@dataclass(frozen=True)
class LoadBalancer:
    """Where a load balancer reaches the tasks (FR-003).

    - ``target_group_arn``: of a group of the type ``ip``. No default.
    - ``container_name``: as in the task definition. No default.
    - ``container_port``: one that this container listens on. No default.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html
    """

    target_group_arn: str
    container_name: str
    container_port: int


@dataclass(frozen=True)
class Rollout:
    """How ECS replaces tasks (FR-008). The percents are of the desired count.

    - ``minimum_healthy_percent``: of the desired count, the tasks that serve at any time, rounded up; 100 by default.
    - ``maximum_percent``: of the desired count, the tasks that may run at any time, rounded down; 200 by default.
    - ``health_check_grace_period_seconds``: seconds for which a new task's failing health checks are ignored; 60 by
      default.
    - ``steady_state_timeout_minutes``: minutes for which Terraform waits for a deployment to end, either way; 20 by
      default.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    """

    minimum_healthy_percent: int = defaults.MINIMUM_HEALTHY_PERCENT
    maximum_percent: int = defaults.MAXIMUM_PERCENT
    health_check_grace_period_seconds: int = defaults.HEALTH_CHECK_GRACE_PERIOD_SECONDS
    steady_state_timeout_minutes: int = defaults.STEADY_STATE_TIMEOUT_MINUTES

    @property
    def availability_zone_rebalancing(self) -> Literal["ENABLED", "DISABLED"]:
        """ECS starts a task elsewhere before it stops one: not available where the maximum leaves no room for that.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
        """
        return "ENABLED" if self.maximum_percent > 100 else "DISABLED"  # noqa: PLR2004


class FargateService(Construct):
    """Runs a task definition's tasks, replaces them without downtime, and takes back what fails (FR-003, FR-008).

    - ``name``: 1 to 255 letters, digits, - and _. No default.
    - ``cluster_arn``: of the cluster that it runs in. No default.
    - ``task_definition_arn``: of the revision to run. No default.
    - ``network``: where tasks run. No default.
    - ``load_balancers``: what reaches them, 1 to 5, each of another target group; a task is healthy where all say so,
      and the grace period holds for each. No default.
    - ``log_group_name``: where the message about a deployment that was rolled back tells people to look. No default.
    - ``desired_count``: with how many tasks the service starts; 1 by default. From then on autoscaling owns the number
      and Terraform leaves it alone.
    - ``rollout``: how tasks are replaced; ``Rollout()`` by default.
    - ``fargate_spot_percent``: the share of tasks on Fargate Spot, 0 to 100; 0 by default. Whatever it is, the cluster
      needs the capacity providers ``FARGATE`` and ``FARGATE_SPOT``.
    - ``enable_execute_command``: whether ECS Exec may open a shell in a task; False by default.
    - ``deployment_alarm_names``: CloudWatch alarms of the same account and region that roll a deployment back when one
      of them goes into ALARM during it, or for a time after it that ECS derives from their periods. If one is in ALARM
      at the beginning, ECS looks at none. None by default.
    - ``depends_on``: what has to be there before a task can start, such as the cluster's capacity providers, the log
      group and the execution role's policy; nothing by default.

    Each change to the service is a rolling deployment. One that would replace it makes the new one first, which ECS
    refuses under the same name: what runs is destroyed only after another service is in its place.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        cluster_arn: str,
        task_definition_arn: str,
        network: Network,
        load_balancers: Sequence[LoadBalancer],
        log_group_name: str,
        desired_count: int = 1,
        rollout: Rollout | None = None,
        fargate_spot_percent: int = defaults.FARGATE_SPOT_PERCENT,
        enable_execute_command: bool = defaults.ENABLE_EXECUTE_COMMAND,
        deployment_alarm_names: Sequence[str] = (),
        depends_on: Sequence[ITerraformDependable] = (),
    ) -> None:
        super().__init__(scope, id_)
        rollout = rollout or Rollout()
        self.resource = EcsService(
            self,
            "Default",
            name=name,
            cluster=cluster_arn,
            task_definition=task_definition_arn,
            desired_count=desired_count,
            # The provider's default shows no other version that was set by hand.
            platform_version="LATEST",
            # With a launch type, or without forced deployments, another share of Spot would replace the service.
            capacity_provider_strategy=_capacity_provider_strategy(fargate_spot_percent),
            force_new_deployment=True,
            network_configuration=_network_configuration(network),
            load_balancer=[_target(each) for each in load_balancers],
            deployment_minimum_healthy_percent=rollout.minimum_healthy_percent,
            deployment_maximum_percent=rollout.maximum_percent,
            deployment_circuit_breaker=EcsServiceDeploymentCircuitBreaker(enable=True, rollback=True),
            alarms=_alarms(deployment_alarm_names),
            health_check_grace_period_seconds=rollout.health_check_grace_period_seconds,
            availability_zone_rebalancing=rollout.availability_zone_rebalancing,
            enable_execute_command=enable_execute_command,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            wait_for_steady_state=True,
            timeouts=_timeouts(rollout),
            lifecycle=_lifecycle(task_definition_arn, log_group_name, deployment_alarm_names),
            depends_on=list(depends_on) or None,
        )

    @property
    def name(self) -> str:
        return self.resource.name

    @property
    def address(self) -> str:
        """In an expression of Terraform's."""
        return self.resource.fqn


def _capacity_provider_strategy(fargate_spot_percent: int) -> list[EcsServiceCapacityProviderStrategy]:
    weights = {"FARGATE": 100 - fargate_spot_percent, "FARGATE_SPOT": fargate_spot_percent}
    return [
        EcsServiceCapacityProviderStrategy(capacity_provider=provider, weight=weight)
        for provider, weight in weights.items()
        if weight
    ]


def _network_configuration(network: Network) -> EcsServiceNetworkConfiguration:
    return EcsServiceNetworkConfiguration(
        subnets=list(network.subnet_ids),
        security_groups=list(network.security_group_ids),
        assign_public_ip=network.assign_public_ip,
    )


def _target(load_balancer: LoadBalancer) -> EcsServiceLoadBalancer:
    return EcsServiceLoadBalancer(
        target_group_arn=load_balancer.target_group_arn,
        container_name=load_balancer.container_name,
        container_port=load_balancer.container_port,
    )


def _timeouts(rollout: Rollout) -> EcsServiceTimeouts:
    timeout = f"{rollout.steady_state_timeout_minutes}m"
    return EcsServiceTimeouts(create=timeout, update=timeout)


def _alarms(names: Sequence[str]) -> EcsServiceAlarms | None:
    return EcsServiceAlarms(alarm_names=list(names), enable=True, rollback=True) if names else None


def _lifecycle(
    task_definition_arn: str, log_group_name: str, deployment_alarm_names: Sequence[str]
) -> TerraformResourceLifecycle:
    """Terraform calls a service that ECS rolled back to an older revision a success; the postcondition does not."""
    alarms = (
        f" Or one of these alarms was raised: {', '.join(deployment_alarm_names)}." if deployment_alarm_names else ""
    )
    no_rollback = Postcondition(
        condition=f"${{self.task_definition == {hcl(task_definition_arn)}}}",
        error_message=(
            "The deployment of ${self.name} was rolled back: ECS runs ${self.task_definition}, "
            f"not {task_definition_arn}. The service's events and the log group "
            f"{log_group_name} say why its tasks stopped.{alarms}"
        ),
    )
    return TerraformResourceLifecycle(
        create_before_destroy=True, ignore_changes=["desired_count"], postcondition=[no_rollback]
    )
