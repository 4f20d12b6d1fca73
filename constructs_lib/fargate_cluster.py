"""An ECS cluster for Fargate tasks."""

from __future__ import annotations

from typing import Literal

from cdktf import Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_ecs_cluster import DataAwsEcsCluster
from cdktf_cdktf_provider_aws.ecs_cluster import (
    EcsCluster,
    EcsClusterConfiguration,
    EcsClusterConfigurationExecuteCommandConfiguration,
    EcsClusterSetting,
)
from cdktf_cdktf_provider_aws.ecs_cluster_capacity_providers import EcsClusterCapacityProviders
from constructs import Construct

from constructs_lib import defaults
from constructs_lib.check import Check

Insights = Literal["disabled", "enabled", "enhanced"]


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
        container_insights: Insights = defaults.CONTAINER_INSIGHTS,
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


class ExistingFargateCluster(Construct):
    """A cluster of somebody else's, which is read and never changed. Refuses one that takes no services.

    Which capacity providers it has, the AWS provider does not tell: a service needs those that its strategy names.

    - ``name``: of the cluster, in the provider's own account and region. No default.
    - ``container_insights``: that it should have; a warning where it has others. Not compared by default.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Cluster.html
    """

    def __init__(self, scope: Construct, id_: str, *, name: str, container_insights: Insights | None = None) -> None:
        super().__init__(scope, id_)
        self.resource = DataAwsEcsCluster(
            self,
            "Default",
            cluster_name=name,
            lifecycle=TerraformResourceLifecycle(postcondition=[self._takes_services()]),
        )
        if container_insights:
            self._warn_of_other_insights(container_insights)

    @property
    def name(self) -> str:
        return self.resource.cluster_name

    @property
    def arn(self) -> str:
        return self.resource.arn

    @staticmethod
    def _takes_services() -> Postcondition:
        return Postcondition(
            condition='${self.status == "ACTIVE"}',
            error_message=(
                'Cluster ${self.cluster_name} has the status "${self.status}": only an ACTIVE one takes a service.'
            ),
        )

    def _warn_of_other_insights(self, wanted: Insights) -> None:
        cluster = self.resource.fqn
        found = f'one([for setting in {cluster}.setting : setting.value if setting.name == "containerInsights"])'
        Check(
            self,
            "insights",
            condition=f'coalesce({found}, "disabled") == "{wanted}"',
            message=(
                f'Cluster ${{{cluster}.cluster_name}} has container insights ${{coalesce({found}, "disabled")}}, and '
                f"{wanted} is wanted. It is somebody else's, and nothing of it is changed."
            ),
        )
