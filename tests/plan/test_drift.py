"""What somebody changed by hand: the next plan shows it, its apply undoes it. With all constructs in one stack."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import LocalBackend, TerraformStack, Testing
from cdktf_cdktf_provider_aws.provider import AwsProvider

from constructs_lib.container_definition import ContainerDefinition
from constructs_lib.fargate_cluster import FargateCluster
from constructs_lib.fargate_service import FargateService, LoadBalancer, Network
from constructs_lib.fargate_task_definition import FargateTaskDefinition
from constructs_lib.iam_policy import AwsLocation, PolicyStatement
from constructs_lib.log_group import LogGroup
from constructs_lib.service_autoscaling import ServiceAutoscaling
from constructs_lib.task_execution_role import TaskExecutionRole
from constructs_lib.task_role import TaskRole
from operate.terraform_cli.terraform import Terraform
from tests.plan.infrastructure import Infrastructure
from tests.plan.terraform_folder import write_stack

if TYPE_CHECKING:
    from local_aws.instance import Client, LocalAws

    Changes = dict[str, list[str]]

LOCATION = AwsLocation(partition="aws", region="us-east-1", account_id="000000000000")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
ON_SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
TARGET = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/orders/orders",
    "ScalableDimension": "ecs:service:DesiredCount",
}


def orders(infrastructure: Infrastructure) -> TerraformStack:
    """Its service wants no task, so that no container engine has to run one."""
    stack = TerraformStack(Testing.app(), "orders")
    LocalBackend(stack, path="own.tfstate")
    AwsProvider(stack, "aws", region="us-east-1")
    cluster = FargateCluster(stack, "cluster", name="orders")
    execution_role = TaskExecutionRole(
        stack,
        "execution_role",
        name="orders-execution",
        location=LOCATION,
        repository_arn=LOCATION.arn("ecr", "repository/orders"),
        log_group_name="/ecs/orders",
    )
    task_role = TaskRole(stack, "task_role", name="orders-task", location=LOCATION)
    queue = PolicyStatement(actions=["sqs:SendMessage"], resources=[LOCATION.arn("sqs", "orders")])
    TaskRole(stack, "sender_role", name="orders-sender", location=LOCATION, statements=[queue])
    logs = LogGroup(stack, "log_group", name="/ecs/orders")
    task_definition = FargateTaskDefinition(
        stack,
        "task_definition",
        family="orders",
        container=ContainerDefinition(name="orders", image="orders:1", port=8080),
        execution_role_arn=execution_role.arn,
        task_role_arn=task_role.arn,
        log_group_name="/ecs/orders",
        log_region="us-east-1",
    )
    network, load_balancer = _surroundings(infrastructure)
    service = FargateService(
        stack,
        "service",
        name="orders",
        cluster_arn=cluster.arn,
        task_definition_arn=task_definition.arn,
        network=network,
        load_balancers=[load_balancer],
        log_group_name="/ecs/orders",
        desired_count=0,
        depends_on=[logs.resource, cluster.capacity_providers],
    )
    ServiceAutoscaling(stack, "autoscaling", cluster_name=cluster.name, service_name=service.name)
    return stack


def _surroundings(make: Infrastructure) -> tuple[Network, LoadBalancer]:
    vpc_id = make.vpc()
    subnet_ids = [make.subnet(vpc_id), make.subnet(vpc_id, zone="us-east-1b")]
    group_id = make.security_group(vpc_id, inbound=[], outbound=[])
    target_group_arn = make.target_group(vpc_id, listener_on=make.load_balancer(subnet_ids))
    return (
        Network(subnet_ids=subnet_ids, security_group_ids=[group_id]),
        LoadBalancer(target_group_arn=target_group_arn, container_name="orders", container_port=8080),
    )


def _drift(iam: Client, ecs: Client, autoscaling: Client) -> None:
    for role in ("orders-execution", "orders-task", "orders-sender"):
        iam.put_role_policy(RoleName=role, PolicyName="by-hand", PolicyDocument=EVERYTHING)
        iam.attach_role_policy(RoleName=role, PolicyArn=ADMINISTRATOR)
    iam.update_assume_role_policy(RoleName="orders-task", PolicyDocument=EVERYTHING)
    iam.put_role_permissions_boundary(RoleName="orders-execution", PermissionsBoundary=ADMINISTRATOR)
    ecs.update_cluster(cluster="orders", configuration={"executeCommandConfiguration": {"logging": "NONE"}})
    ecs.update_service(
        cluster="orders",
        service="orders",
        platformVersion="1.3.0",
        enableExecuteCommand=True,
        capacityProviderStrategy=ON_SPOT,
        forceNewDeployment=True,
    )
    ecs.put_cluster_capacity_providers(
        cluster="orders", capacityProviders=["FARGATE_SPOT"], defaultCapacityProviderStrategy=ON_SPOT
    )
    suspended = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
    autoscaling.register_scalable_target(**TARGET, SuspendedState=dict.fromkeys(suspended, True))


class Deployed:
    def __init__(self, local_aws: LocalAws, terraform: Terraform) -> None:
        self.local_aws, self.terraform = local_aws, terraform

    def drift(self) -> None:
        with ExitStack() as stack:
            names = ("iam", "ecs", "application-autoscaling")
            _drift(*(stack.enter_context(closing(self.local_aws.client(name))) for name in names))

    def changes(self) -> Changes:
        """The address of each resource that a plan would change, and its attributes that would."""
        plan = self.terraform.working_directory / "plan"
        self.terraform.plan(out=plan)
        return {
            resource["address"]: _changed(**resource["change"])
            for resource in self.terraform.show_json(plan)["resource_changes"]
            if resource["change"]["actions"] != ["no-op"]
        }

    def apply(self) -> None:
        self.terraform.apply(self.terraform.working_directory / "plan")


def _changed(before: dict[str, Any] | None, after: dict[str, Any] | None, **_: Any) -> list[str]:
    before, after = before or {}, after or {}
    return [key for key in after if before.get(key) != after[key]]


@pytest.fixture(scope="module")
def deployed(empty_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    infrastructure = Infrastructure(empty_aws)
    stack = orders(infrastructure)
    infrastructure.close()
    folder = write_stack(tmp_path_factory.mktemp("drift"), stack)
    terraform = Terraform(folder, empty_aws.environment_variables())
    terraform.init()
    deployed = Deployed(empty_aws, terraform)
    deployed.changes()
    deployed.apply()
    return deployed


@pytest.fixture(scope="module")
def drift(deployed: Deployed) -> Changes:
    """What the plan after it shows; the addresses without the hash of the path."""
    assert deployed.changes() == {}
    deployed.drift()
    return {re.sub(r"_[0-9A-F]{8}$", "", address): changed for address, changed in deployed.changes().items()}


SHOWN = {
    "aws_iam_role_policies_exclusive.execution_role_policies": ["policy_names"],
    "aws_iam_role_policies_exclusive.task_role_policies": ["policy_names"],
    "aws_iam_role_policies_exclusive.sender_role_policies": ["policy_names"],
    "aws_iam_role_policy_attachments_exclusive.execution_role_attachments": ["policy_arns"],
    "aws_iam_role_policy_attachments_exclusive.task_role_attachments": ["policy_arns"],
    "aws_iam_role_policy_attachments_exclusive.sender_role_attachments": ["policy_arns"],
    "aws_iam_role.task_role": ["assume_role_policy"],
    "aws_iam_role.execution_role": ["permissions_boundary"],
    "aws_ecs_cluster.cluster": ["configuration"],
    "aws_ecs_cluster_capacity_providers.cluster_capacity_providers": [
        "capacity_providers",
        "default_capacity_provider_strategy",
    ],
    "aws_ecs_service.service": ["capacity_provider_strategy", "enable_execute_command", "platform_version"],
    "aws_appautoscaling_target.autoscaling": ["suspended_state"],
}


def test_a_plan_shows_all_of_it_and_nothing_else(drift: Changes) -> None:
    """Policies on any of the roles, who may assume them, their boundary; Exec, platform, Spot and suspended scaling."""
    assert drift == SHOWN


@pytest.mark.usefixtures("drift")
def test_an_apply_takes_it_away(deployed: Deployed) -> None:
    """What our own roles are to have stays; the plan after is empty."""
    deployed.apply()
    with closing(deployed.local_aws.client("iam")) as iam:
        kept = {
            role: iam.list_role_policies(RoleName=role)["PolicyNames"]
            for role in ("orders-execution", "orders-task", "orders-sender")
        }
        attached = [iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] for role in kept]
    assert kept == {"orders-execution": ["execution"], "orders-task": [], "orders-sender": ["task"]}
    assert attached == [[], [], []]
    assert deployed.changes() == {}


def test_policies_by_hand_keep_no_role_from_being_destroyed(deployed: Deployed) -> None:
    """IAM deletes only a role without policies, and `make destroy` does not look for them before."""
    deployed.terraform.run("apply", "-auto-approve", "-refresh-only")  # so that the state knows of none
    deployed.drift()
    deployed.terraform.run("destroy", "-auto-approve", "-refresh=false")
    with closing(deployed.local_aws.client("iam")) as iam:
        assert [role["RoleName"] for role in iam.list_roles()["Roles"] if role["RoleName"].startswith("orders")] == []
