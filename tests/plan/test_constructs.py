"""Each construct in another team's stack, by itself, with plain values; real Terraform validates the whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import DataTerraformRemoteStateLocal, LocalBackend, TerraformStack, Testing
from cdktf_cdktf_provider_aws.provider import AwsProvider
from constructs import Construct

from constructs_lib.container_definition import ContainerDefinition
from constructs_lib.fargate_cluster import FargateCluster
from constructs_lib.fargate_service import FargateService, LoadBalancer, Network
from constructs_lib.fargate_task_definition import FargateTaskDefinition
from constructs_lib.iam_policy import AwsLocation, PolicyStatement
from constructs_lib.load_balancing import LoadBalancing
from constructs_lib.log_group import LogGroup
from constructs_lib.networking import Networking
from constructs_lib.remote_state import RemoteState, string_matching
from constructs_lib.security_group import SecurityGroup
from constructs_lib.service_autoscaling import ServiceAutoscaling
from constructs_lib.task_execution_role import TaskExecutionRole
from constructs_lib.task_role import TaskRole
from operate.terraform_cli.terraform import Terraform
from tests.plan.terraform_folder import write_stack
from tests.template import Template

if TYPE_CHECKING:
    from pathlib import Path

VPC, GROUP = "vpc-0a1b2c3d4e5f67890", "sg-0a1b2c3d4e5f67890"
SUBNETS = ["subnet-0a1b2c3d4e5f67890", "subnet-0b1b2c3d4e5f67890"]
TARGET_GROUP = "arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/api/0123456789abcdef"
ROLE = "arn:aws:iam::111111111111:role/orders"
LOCATION = AwsLocation(partition="aws", region="eu-west-1", account_id="111111111111")


@pytest.fixture
def stack() -> TerraformStack:
    stack = TerraformStack(Testing.app(), "orders")
    LocalBackend(stack, path="own.tfstate")
    AwsProvider(stack, "aws", region="eu-west-1")
    return stack


def task_definition(stack: TerraformStack, id_: str = "task_definition", **changes: Any) -> FargateTaskDefinition:
    image = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/orders:1.4.2"
    return FargateTaskDefinition(
        stack,
        id_,
        family=id_,
        container=ContainerDefinition(name="orders", image=image, port=9000),
        execution_role_arn=ROLE,
        task_role_arn=ROLE,
        log_group_name="/ecs/orders",
        log_region="eu-west-1",
        **changes,
    )


def service(stack: TerraformStack, id_: str = "service", **changes: Any) -> FargateService:
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


def load_balancing(scope: Construct, id_: str, *, container_port: int) -> LoadBalancing:
    return LoadBalancing(
        scope,
        id_,
        target_group_arn=TARGET_GROUP,
        vpc_id=VPC,
        container_port=container_port,
        stop_timeout_seconds=30,
    )


def test_a_service_needs_nothing_of_ours_around_it(stack: TerraformStack) -> None:
    """Plain ARNs and ids are enough, and arrive as they are."""
    service(stack)
    resource = Template.of(stack).only("aws_ecs_service")
    assert resource["cluster"] == "arn:aws:ecs:eu-west-1:111111111111:cluster/shared"
    assert resource["task_definition"] == "arn:aws:ecs:eu-west-1:111111111111:task-definition/orders:7"
    assert resource["network_configuration"]["subnets"] == SUBNETS
    assert resource["load_balancer"] == [
        {"target_group_arn": TARGET_GROUP, "container_name": "orders", "container_port": 9000}
    ]


def test_two_services_live_in_one_stack(stack: TerraformStack) -> None:
    """No construct claims an address that another instance of it needs."""
    service(stack, "orders")
    service(stack, "returns")
    assert {block["name"] for block in Template.of(stack).all("aws_ecs_service")} == {"orders", "returns"}


@pytest.mark.parametrize("paths", [("blue/targets", "green/targets"), ("a_b/c", "a/b_c")], ids=" and ".join)
def test_each_construct_keeps_its_own_warnings(stack: TerraformStack, paths: tuple[str, str]) -> None:
    """One id under two parents, and two paths that read alike: no construct's `check` blocks replace another's."""
    for port, path in enumerate(paths, start=8001):
        parent, id_ = path.split("/")
        load_balancing(Construct(stack, parent), id_, container_port=port)
    checks = Template.of(stack).json["check"].values()
    ports = [re.findall(r"container's port is (\d+)", check["assert"][0]["error_message"]) for check in checks]
    assert sorted(filter(None, ports)) == [["8001"], ["8002"]]
    assert len(checks) == 4


def test_a_state_has_one_contract(stack: TerraformStack) -> None:
    """The second one would replace the first without a word."""
    state = DataTerraformRemoteStateLocal(stack, "networking", path="networking.tfstate")
    contract = [string_matching("vpc_id", "vpc-.*", "a VPC's id")]
    RemoteState(state, module="networking", address="networking.tfstate", contract=contract)
    with pytest.raises(RuntimeError, match="already a Construct with name 'contract' in"):
        RemoteState(state, module="networking", address="networking.tfstate", contract=contract)


def test_a_role_alone(stack: TerraformStack) -> None:
    """A task role with what its application needs, in literal ARNs."""
    TaskRole(
        stack,
        "role",
        name="orders",
        location=LOCATION,
        statements=[PolicyStatement(actions=["sqs:SendMessage"], resources=["arn:aws:sqs:eu-west-1:111111111111:q"])],
    )
    template = Template.of(stack)
    assert template.resource_types() == [
        "aws_iam_role",
        "aws_iam_role_policies_exclusive",
        "aws_iam_role_policy",
        "aws_iam_role_policy_attachments_exclusive",
    ]
    assert template.policy("task")[0]["Action"] == ["sqs:SendMessage"]


def test_fargate_refuses_a_size_that_it_does_not_offer(stack: TerraformStack) -> None:
    """In the constructor, and with the sizes that go together."""
    with pytest.raises(ValueError, match="256 CPU units go with 512, 1024 or 2048 MiB"):
        task_definition(stack, cpu=256, memory_mib=3000)


@pytest.mark.parametrize(("low", "high"), [(3, 2), (-1, 2)])
def test_autoscaling_refuses_impossible_bounds(stack: TerraformStack, low: int, high: int) -> None:
    with pytest.raises(ValueError, match=f"from 0 to max_capacity \\({high}\\), not {low}"):
        ServiceAutoscaling(
            stack, "scaling", cluster_name="shared", service_name="orders", min_capacity=low, max_capacity=high
        )


def test_a_container_sets_port_itself() -> None:
    with pytest.raises(ValueError, match=r"container orders: PORT is set from port \(9000\)"):
        ContainerDefinition(name="orders", image="i", port=9000, environment={"PORT": "80"})


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
    logs = LogGroup(stack, "logs", name="/ecs/orders")
    orders = service(
        stack,
        task_definition_arn=task_definition(stack).arn,
        fargate_spot_percent=50,
        depends_on=[logs.resource, cluster.capacity_providers],
    )
    service(stack, "of_a_known_revision")
    ServiceAutoscaling(stack, "scaling", cluster_name=cluster.name, service_name=orders.name)
    Networking(stack, "network", vpc_id=VPC, public_subnet_ids=SUBNETS)
    SecurityGroup(stack, "group", security_group_id=GROUP, vpc_id=VPC, container_port=9000)
    load_balancing(stack, "targets", container_port=9000)
    assert role.arn
    terraform = Terraform(write_stack(tmp_path / "orders", stack))
    terraform.init()
    terraform.run("validate")
