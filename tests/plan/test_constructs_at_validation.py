"""The constructs in another team's stack, with plain values, as real Terraform validates them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cdktf import LocalBackend, TerraformStack, Testing
from cdktf_cdktf_provider_aws.provider import AwsProvider

from constructs_lib.container_definition import ContainerDefinition
from constructs_lib.fargate_cluster import FargateCluster
from constructs_lib.fargate_service import FargateService, LoadBalancer, Network
from constructs_lib.fargate_task_definition import FargateTaskDefinition
from constructs_lib.iam_policy import AwsLocation, PolicyStatement
from constructs_lib.load_balancing import LoadBalancing
from constructs_lib.log_group import LogGroup
from constructs_lib.networking import Networking
from constructs_lib.security_group import SecurityGroup
from constructs_lib.service_autoscaling import ServiceAutoscaling
from constructs_lib.task_execution_role import TaskExecutionRole
from constructs_lib.task_role import TaskRole
from operate.terraform_cli.terraform import Terraform
from tests.plan.terraform_folder import write_stack

if TYPE_CHECKING:
    from pathlib import Path

VPC, GROUP = "vpc-0a1b2c3d4e5f67890", "sg-0a1b2c3d4e5f67890"
SUBNETS = ["subnet-0a1b2c3d4e5f67890", "subnet-0b1b2c3d4e5f67890"]
TARGET_GROUP = "arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/api/0123456789abcdef"
LOCATION = AwsLocation(partition="aws", region="eu-west-1", account_id="111111111111")


@pytest.fixture
def stack() -> TerraformStack:
    stack = TerraformStack(Testing.app(), "orders")
    LocalBackend(stack, path="own.tfstate")
    AwsProvider(stack, "aws", region="eu-west-1")
    return stack


def service(stack: TerraformStack, id_: str, **changes: Any) -> FargateService:
    return FargateService(
        stack,
        id_,
        **{
            "name": id_,
            "cluster_arn": "arn:aws:ecs:eu-west-1:111111111111:cluster/shared",
            "task_definition_arn": "arn:aws:ecs:eu-west-1:111111111111:task-definition/orders:7",
            "network": Network(subnet_ids=SUBNETS, security_group_ids=[GROUP]),
            "load_balancers": [
                LoadBalancer(target_group_arn=TARGET_GROUP, container_name="orders", container_port=9000)
            ],
            "log_group_name": "/ecs/orders",
            **changes,
        },
    )


def test_terraform_validates_all_of_them(stack: TerraformStack, tmp_path: Path) -> None:
    """Against the real provider's schema."""
    cluster = FargateCluster(stack, "cluster", name="orders", container_insights="enhanced")
    role = TaskExecutionRole(
        stack,
        "execution_role",
        name="orders-execution",
        location=LOCATION,
        repository_arn="arn:aws:ecr:eu-west-1:111111111111:repository/orders",
        log_group_name="/ecs/orders",
    )
    sends = PolicyStatement(actions=["sqs:SendMessage"], resources=["arn:aws:sqs:eu-west-1:111111111111:q"])
    task_role = TaskRole(stack, "role", name="orders", location=LOCATION, statements=[sends])
    logs = LogGroup(stack, "logs", name="/ecs/orders")
    image = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/orders:1.4.2"
    task_definition = FargateTaskDefinition(
        stack,
        "task_definition",
        family="orders",
        container=ContainerDefinition(name="orders", image=image, port=9000),
        execution_role_arn=role.arn,
        task_role_arn=task_role.arn,
        log_group_name="/ecs/orders",
        log_region="eu-west-1",
    )
    orders = service(
        stack,
        "service",
        task_definition_arn=task_definition.arn,
        fargate_spot_percent=50,
        depends_on=[logs.resource, cluster.capacity_providers],
    )
    service(stack, "of_a_known_revision")
    ServiceAutoscaling(stack, "scaling", cluster_name=cluster.name, service_name=orders.name)
    Networking(stack, "network", vpc_id=VPC, public_subnet_ids=SUBNETS)
    SecurityGroup(stack, "group", security_group_id=GROUP, vpc_id=VPC, container_port=9000)
    balancing = {"target_group_arn": TARGET_GROUP, "vpc_id": VPC}
    LoadBalancing(stack, "targets", **balancing, container_port=9000, stop_timeout_seconds=30)
    terraform = Terraform(write_stack(tmp_path / "orders", stack))
    terraform.init()
    terraform.run("validate")
