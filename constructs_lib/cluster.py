"""An ECS cluster for Fargate tasks."""

from __future__ import annotations

from typing import Literal

from cdktf_cdktf_provider_aws.ecs_cluster import (
    EcsCluster,
    EcsClusterConfiguration,
    EcsClusterConfigurationExecuteCommandConfiguration,
    EcsClusterSetting,
)
from cdktf_cdktf_provider_aws.ecs_cluster_capacity_providers import EcsClusterCapacityProviders
from constructs import Construct


class FargateCluster(Construct):
    """FR-001. ``fargate_spot`` attaches the capacity providers that a service with a Spot share needs."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        container_insights: Literal["disabled", "enabled", "enhanced"] = "disabled",
        fargate_spot: bool = False,
    ) -> None:
        super().__init__(scope, id_)
        self.cluster = EcsCluster(
            self,
            "Default",
            name=name,
            setting=[EcsClusterSetting(name="containerInsights", value=container_insights)],
            # ECS's own default, without which an apply could not undo what was changed by hand.
            configuration=EcsClusterConfiguration(
                execute_command_configuration=EcsClusterConfigurationExecuteCommandConfiguration(logging="DEFAULT")
            ),
        )
        self.capacity_providers: EcsClusterCapacityProviders | None = None
        if fargate_spot:
            self.capacity_providers = EcsClusterCapacityProviders(
                self,
                "capacity_providers",
                cluster_name=self.cluster.name,
                capacity_providers=["FARGATE", "FARGATE_SPOT"],
            )

    @property
    def name(self) -> str:
        return self.cluster.name

    @property
    def arn(self) -> str:
        return self.cluster.arn
