"""The dashboard of this deployment, where the environment has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.service_dashboard import ServiceDashboard, TaskLimits

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from constructs_lib.fargate_cluster import ExistingFargateCluster, FargateCluster
    from stacks.existing_infrastructure import ExistingInfrastructure
    from stacks.settings import Environment


def declare_dashboard(
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
        target_groups=[each.metrics for each in existing.load_balancing],
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
