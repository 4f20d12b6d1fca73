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

from constructs_lib import defaults


class FargateCluster(Construct):
    """A cluster without instances of its own, with both of Fargate's capacity providers (FR-001).

    - ``name``: 1 to 255 letters, digits, - and _. No default.
    - ``container_insights``: which metrics CloudWatch collects, and charges for; ``disabled`` by default.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        container_insights: Literal["disabled", "enabled", "enhanced"] = defaults.CONTAINER_INSIGHTS,
    ) -> None:
        super().__init__(scope, id_)
        self.resource = EcsCluster(
            self,
            "Default",
            name=name,
            setting=[EcsClusterSetting(name="containerInsights", value=container_insights)],
            # ECS's own default, without which an apply could not undo what was changed by hand.
            configuration=EcsClusterConfiguration(
                execute_command_configuration=EcsClusterConfigurationExecuteCommandConfiguration(logging="DEFAULT")
            ),
        )
        self.capacity_providers = EcsClusterCapacityProviders(
            self,
            "capacity_providers",
            cluster_name=self.resource.name,
            capacity_providers=["FARGATE", "FARGATE_SPOT"],
        )

    @property
    def name(self) -> str:
        return self.resource.name

    @property
    def arn(self) -> str:
        return self.resource.arn
