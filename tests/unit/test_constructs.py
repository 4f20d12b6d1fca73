"""Each construct alone in another team's stack: exactly what it declares, by default and with everything set."""

from __future__ import annotations

import json
import re
from dataclasses import FrozenInstanceError, replace
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import DataTerraformRemoteStateLocal, TerraformOutput, TerraformStack, Testing
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.provider import AwsProvider
from constructs import Construct

from constructs_lib.container_definition import ContainerDefinition, ContainerHealthCheck, Ulimit
from constructs_lib.container_logging import AwsLogs
from constructs_lib.fargate_cluster import ExistingFargateCluster, FargateCluster
from constructs_lib.fargate_service import FargateService, LoadBalancer, Network, Rollout
from constructs_lib.fargate_task_definition import FargateTaskDefinition
from constructs_lib.iam_policy import AwsLocation, PolicyStatement, ecs_tasks_trust_json, policy_json
from constructs_lib.load_balancing import LoadBalancing
from constructs_lib.log_group import ExistingLogGroup, LogGroup
from constructs_lib.remote_state import RemoteState, string_matching
from constructs_lib.service_autoscaling import RequestTarget, ScheduledAction, ServiceAutoscaling
from constructs_lib.task_execution_role import TaskExecutionRole
from constructs_lib.task_role import TaskRole
from constructs_lib.task_volumes import EfsVolume, MountPoint, ScratchVolume, volumes_of
from tests.template import Template

if TYPE_CHECKING:
    from tests.template import Block

CLUSTER = "arn:aws-us-gov:ecs:us-gov-west-1:111111111111:cluster/shared"
EXECUTION_ROLE = "arn:aws-us-gov:iam::111111111111:role/execution"
REVISION = "arn:aws-us-gov:ecs:us-gov-west-1:111111111111:task-definition/orders:7"
TASK_ROLE = "arn:aws-us-gov:iam::111111111111:role/task"
TARGET_GROUP = "arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:111111111111:targetgroup/api/0123456789abcdef"
KEY = "arn:aws-us-gov:kms:us-gov-west-1:111111111111:key/12345678-1234-1234-1234-123456789012"
BOUNDARY = "arn:aws-us-gov:iam::111111111111:policy/boundary"
LOCATION = AwsLocation(partition="aws-us-gov", region="us-gov-west-1", account_id="111111111111")
ORDERS = ContainerDefinition(name="orders", image="orders:1", port=9000)
LOGS = {"log_group_name": "/ecs/orders", "log_region": "us-gov-west-1"}
AWS_LOGS = AwsLogs(group="/ecs/orders", region="us-gov-west-1", stream_prefix="orders")
NETWORK = Network(subnet_ids=["subnet-1"], security_group_ids=["sg-1"])
TARGETS = LoadBalancer(target_group_arn=TARGET_GROUP, container_name="orders", container_port=9000)


@pytest.fixture
def stack() -> TerraformStack:
    stack = TerraformStack(Testing.app(), "orders")
    AwsProvider(stack, "aws", region="us-gov-west-1")
    return stack


def synthesized(stack: TerraformStack) -> Block:
    """Without the hash of its path that CDKTF appends to an address."""
    document: Block = json.loads(re.sub(r"_[0-9A-F]{8}\b", "", Template.of(stack).text))
    return document


def declared(stack: TerraformStack) -> dict[str, Block]:
    """Each resource by its address: another address would replace what is deployed."""
    return {
        f"{type_}.{name}": {key: value for key, value in block.items() if key != "//"}
        for type_, blocks in synthesized(stack).get("resource", {}).items()
        for name, block in blocks.items()
    }


def resolved(stack: TerraformStack, *values: str) -> list[str]:
    """What a construct's attributes are to Terraform."""
    for number, value in enumerate(values):
        TerraformOutput(stack, f"output{number}", value=value)
    return [output["value"] for output in synthesized(stack)["output"].values()]


def test_autoscaling_by_default(stack: TerraformStack) -> None:
    """FR-009: 1 to 4 tasks at 70 percent, out after one minute and in after five; the policy hangs on the target."""
    scaling = ServiceAutoscaling(stack, "scaling", cluster_name="shared", service_name="orders")
    assert declared(stack) == {
        "aws_appautoscaling_target.scaling": {
            "service_namespace": "ecs",
            "scalable_dimension": "ecs:service:DesiredCount",
            "resource_id": "service/shared/orders",
            "min_capacity": 1,
            "max_capacity": 4,
            "suspended_state": {
                "dynamic_scaling_in_suspended": False,
                "dynamic_scaling_out_suspended": False,
                "scheduled_scaling_suspended": False,
            },
        },
        "aws_appautoscaling_policy.scaling_cpu": {
            "name": "cpu-target-tracking",
            "policy_type": "TargetTrackingScaling",
            "service_namespace": "${aws_appautoscaling_target.scaling.service_namespace}",
            "scalable_dimension": "${aws_appautoscaling_target.scaling.scalable_dimension}",
            "resource_id": "${aws_appautoscaling_target.scaling.resource_id}",
            "target_tracking_scaling_policy_configuration": {
                "target_value": 70,
                "scale_in_cooldown": 300,
                "scale_out_cooldown": 60,
                "predefined_metric_specification": {"predefined_metric_type": "ECSServiceAverageCPUUtilization"},
            },
        },
    }
    assert "check" not in synthesized(stack)
    assert resolved(stack, scaling.target.id, scaling.policy.arn) == [
        "${aws_appautoscaling_target.scaling.id}",
        "${aws_appautoscaling_policy.scaling_cpu.arn}",
    ]


def test_autoscaling_as_told(stack: TerraformStack) -> None:
    """Each figure where it belongs; a least of no task is allowed, and so is one that is the greatest too."""
    ServiceAutoscaling(
        stack,
        "scaling",
        cluster_name="shared",
        service_name="orders",
        min_capacity=0,
        max_capacity=0,
        cpu_target_percent=55.5,
        scale_in_cooldown_seconds=7,
        scale_out_cooldown_seconds=8,
    )
    target, policy = (
        declared(stack)[address]
        for address in ("aws_appautoscaling_target.scaling", "aws_appautoscaling_policy.scaling_cpu")
    )
    assert (target["min_capacity"], target["max_capacity"]) == (0, 0)
    (warning,) = synthesized(stack)["check"]["scaling_min_capacity"]["assert"]
    assert warning["condition"] == "${aws_appautoscaling_target.scaling.min_capacity > 0}"
    tracking = policy["target_tracking_scaling_policy_configuration"]
    assert (tracking["target_value"], tracking["scale_in_cooldown"], tracking["scale_out_cooldown"]) == (55.5, 7, 8)


def test_autoscaling_by_several_targets(stack: TerraformStack) -> None:
    """Each waits for the one before, as AWS takes one change at a time; another kind of load balancer is refused."""
    label = "app/shared/0123/targetgroup/orders/4567"
    ServiceAutoscaling(
        stack,
        "scaling",
        cluster_name="shared",
        service_name="orders",
        memory_target_percent=80,
        request_target=RequestTarget(requests_per_target=500, resource_label=label),
    )
    memory, requests = (declared(stack)[f"aws_appautoscaling_policy.scaling_{name}"] for name in ("memory", "requests"))
    assert memory["depends_on"] == ["aws_appautoscaling_policy.scaling_cpu"]
    assert requests["depends_on"] == ["aws_appautoscaling_policy.scaling_memory"]
    specification = requests["target_tracking_scaling_policy_configuration"]["predefined_metric_specification"]
    assert specification == {"predefined_metric_type": "ALBRequestCountPerTarget", "resource_label": label}
    (kind,) = requests["lifecycle"]["precondition"]
    assert kind["condition"] == f'${{startswith("{label}", "app/")}}'


NIGHT = ScheduledAction(name="night", schedule="cron(0 20 * * ? *)", min_capacity=0, max_capacity=0)
MORNING = ScheduledAction(name="morning", schedule="cron(0 6 * * ? *)", min_capacity=2)


@pytest.mark.parametrize(
    ("actions", "is_warned_of"), [((), True), ((NIGHT,), True), ((MORNING,), False), ((NIGHT, MORNING), False)]
)
def test_a_least_of_none_is_warned_of_unless_a_schedule_raises_it(
    stack: TerraformStack, actions: tuple[ScheduledAction, ...], *, is_warned_of: bool
) -> None:
    """From none, nothing else starts a task."""
    ServiceAutoscaling(
        stack, "scaling", cluster_name="shared", service_name="orders", min_capacity=0, scheduled_actions=actions
    )
    assert ("check" in synthesized(stack)) == is_warned_of


def test_a_schedule_owns_the_bounds(stack: TerraformStack) -> None:
    """Or each plan would undo what it did last; without one they are Terraform's."""
    ServiceAutoscaling(stack, "day", cluster_name="a", service_name="b", scheduled_actions=[MORNING])
    ServiceAutoscaling(stack, "always", cluster_name="a", service_name="c")
    targets = declared(stack)
    assert targets["aws_appautoscaling_target.day"]["lifecycle"] == {"ignore_changes": ["min_capacity", "max_capacity"]}
    assert "lifecycle" not in targets["aws_appautoscaling_target.always"]


@pytest.mark.parametrize(("low", "high"), [(-1, 4), (5, 4)])
def test_autoscaling_refuses_impossible_bounds(stack: TerraformStack, low: int, high: int) -> None:
    """With both bounds in the message."""
    message = rf"^min_capacity must be from 0 to max_capacity \({high}\), not {low}$"
    with pytest.raises(ValueError, match=message):
        ServiceAutoscaling(stack, "a", cluster_name="b", service_name="c", min_capacity=low, max_capacity=high)


def test_cluster_by_default(stack: TerraformStack) -> None:
    """Without Container Insights, which cost, and with both capacity providers, so that a service may get a share."""
    cluster = FargateCluster(stack, "cluster", name="orders")
    assert declared(stack) == {
        "aws_ecs_cluster.cluster": {
            "name": "orders",
            "setting": [{"name": "containerInsights", "value": "disabled"}],
            "configuration": {"execute_command_configuration": {"logging": "DEFAULT"}},
        },
        "aws_ecs_cluster_capacity_providers.cluster_capacity_providers": {
            "cluster_name": "${aws_ecs_cluster.cluster.name}",
            "capacity_providers": ["FARGATE", "FARGATE_SPOT"],
        },
    }
    assert resolved(stack, cluster.capacity_providers.fqn, cluster.name, cluster.arn) == [
        "${aws_ecs_cluster_capacity_providers.cluster_capacity_providers}",
        "${aws_ecs_cluster.cluster.name}",
        "${aws_ecs_cluster.cluster.arn}",
    ]


def test_an_existing_cluster_is_read_alone(stack: TerraformStack) -> None:
    """And nothing of it is compared that nobody asked for."""
    cluster = ExistingFargateCluster(stack, "cluster", name="shared")
    assert declared(stack) == {}
    template = Template.of(stack)
    assert template.only("data.aws_ecs_cluster")["cluster_name"] == "shared"
    assert "check" not in template.json
    data = "data.aws_ecs_cluster.cluster"
    assert resolved(stack, cluster.name, cluster.arn) == [f"${{{data}.cluster_name}}", f"${{{data}.arn}}"]


def test_cluster_with_insights(stack: TerraformStack) -> None:
    FargateCluster(stack, "cluster", name="orders", container_insights="enhanced")
    (setting,) = declared(stack)["aws_ecs_cluster.cluster"]["setting"]
    assert setting == {"name": "containerInsights", "value": "enhanced"}


def test_container_by_default() -> None:
    """Non-root, on a read-only file system, 30 seconds to stop, with no key for what it does not have."""
    assert ORDERS.document(awslogs=AWS_LOGS) == {
        "name": "orders",
        "image": "orders:1",
        "essential": True,
        "portMappings": [{"containerPort": 9000, "hostPort": 9000, "protocol": "tcp"}],
        "environment": [{"name": "PORT", "value": "9000"}],
        "user": "65532",
        "readonlyRootFilesystem": True,
        "stopTimeout": 30,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": "/ecs/orders",
                "awslogs-region": "us-gov-west-1",
                "awslogs-stream-prefix": "orders",
            },
        },
    }


def test_container_as_told() -> None:
    """Variables, secrets and labels are sorted by name: the same values are the same revision."""
    container = ContainerDefinition(
        name="orders",
        image="orders:2",
        port=80,
        environment={"ZONE": "a", "LEVEL": "b"},
        secrets={"TOKEN": "arn:2", "KEY": "arn:1"},
        user="root",
        readonly_root_filesystem=False,
        stop_timeout_seconds=120,
        init_process_enabled=True,
        docker_labels={"zone": "a", "commit": "3f9c2e1"},
        ulimits=[Ulimit(name="nproc", soft_limit=1, hard_limit=2), Ulimit(name="nofile", soft_limit=3, hard_limit=-1)],
        health_check=ContainerHealthCheck(command=["CMD", "/api", "health"]),
    )
    definition = container.document(awslogs=AWS_LOGS)
    assert definition["environment"] == [
        {"name": "LEVEL", "value": "b"},
        {"name": "PORT", "value": "80"},
        {"name": "ZONE", "value": "a"},
    ]
    assert definition["secrets"] == [{"name": "KEY", "valueFrom": "arn:1"}, {"name": "TOKEN", "valueFrom": "arn:2"}]
    assert definition["linuxParameters"] == {"initProcessEnabled": True}
    assert list(definition["dockerLabels"].items()) == [("commit", "3f9c2e1"), ("zone", "a")]
    assert [definition[key] for key in ("user", "readonlyRootFilesystem", "stopTimeout")] == ["root", False, 120]
    assert definition["ulimits"] == [
        {"name": "nofile", "softLimit": 3, "hardLimit": -1},
        {"name": "nproc", "softLimit": 1, "hardLimit": 2},
    ]
    in_full = {"command": ["CMD", "/api", "health"], "interval": 30, "timeout": 5, "retries": 3}
    assert definition["healthCheck"] == in_full, "as ECS has it where only the command is said, without a start period"


def test_two_volumes_of_one_name_are_refused() -> None:
    """A container that shares a volume names the same one; each is there once, by name."""
    scratch, efs = ScratchVolume("data"), EfsVolume("data", file_system_id="fs-1", access_point_id="fsap-1")
    assert volumes_of([MountPoint("/b", ScratchVolume("z")), MountPoint("/a", scratch), MountPoint("/c", scratch)]) == [
        scratch,
        ScratchVolume("z"),
    ]
    with pytest.raises(ValueError, match="two volumes are called data"):
        volumes_of([MountPoint("/a", scratch), MountPoint("/b", efs)])


@pytest.mark.parametrize("where", ["environment", "secrets"])
def test_container_takes_no_port_by_hand(where: str) -> None:
    """The two could differ: the message says where PORT comes from."""
    values: dict[str, Any] = {where: {"PORT": "80"}}
    with pytest.raises(ValueError, match=r"container orders: PORT is set from port \(9000\), not by hand"):
        ContainerDefinition(name="orders", image="i", port=9000, **values)


@pytest.mark.parametrize(
    ("values", "attribute"),
    [
        (ORDERS, "port"),
        (NETWORK, "assign_public_ip"),
        (TARGETS, "container_port"),
        (Rollout(), "maximum_percent"),
        (LOCATION, "region"),
        (PolicyStatement(actions=["s3:Get*"], resources=["*"]), "effect"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_are_frozen(values: Any, attribute: str) -> None:
    """A construct that has read one may rely on it."""
    with pytest.raises(FrozenInstanceError):
        setattr(values, attribute, None)


def test_statement_by_default() -> None:
    """Allows, and has neither a Sid nor a Condition."""
    assert PolicyStatement(actions=("s3:Get*",), resources=("*",)).document() == {
        "Effect": "Allow",
        "Action": ["s3:Get*"],
        "Resource": ["*"],
    }


def test_statement_as_told() -> None:
    """A Deny stays one; operators and keys are sorted, values stay in their order."""
    statement = PolicyStatement(
        sid="OnlyTls",
        effect="Deny",
        actions=["s3:Put*", "s3:Get*"],
        resources=["arn:b", "arn:a"],
        conditions={"StringLike": {"b": ["2", "1"], "a": ["3"]}, "Bool": {"aws:SecureTransport": ["false"]}},
    )
    document = statement.document()
    assert document == {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Action": ["s3:Put*", "s3:Get*"],
        "Resource": ["arn:b", "arn:a"],
        "Condition": {"Bool": {"aws:SecureTransport": ["false"]}, "StringLike": {"a": ["3"], "b": ["2", "1"]}},
    }
    assert [list(document["Condition"]), list(document["Condition"]["StringLike"])] == [
        ["Bool", "StringLike"],
        ["a", "b"],
    ]
    assert policy_json([statement]) == json.dumps({"Statement": [document], "Version": "2012-10-17"}, sort_keys=True)


def test_trust_policy() -> None:
    """ECS tasks of this account and region only."""
    assert json.loads(ecs_tasks_trust_json(LOCATION)) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "ArnLike": {"aws:SourceArn": "arn:aws-us-gov:ecs:us-gov-west-1:111111111111:*"},
                    "StringEquals": {"aws:SourceAccount": "111111111111"},
                },
            }
        ],
    }


FIVE_ACTIONS: list[Block] = [
    {"Sid": "RegistryLogin", "Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": ["*"]},
    {
        "Sid": "PullImage",
        "Effect": "Allow",
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        "Resource": ["arn:repository"],
    },
    {
        "Sid": "WriteLogs",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": ["arn:aws-us-gov:logs:us-gov-west-1:111111111111:log-group:/ecs/orders:*"],
    },
]


def statements(block: Block) -> list[Block]:
    policy = json.loads(block["policy"])
    assert policy.keys() == {"Version", "Statement"}
    return list(policy["Statement"])


def exclusive(found: dict[str, Block]) -> tuple[list[str], list[str]]:
    """The names of the role's only inline policies, and the ARNs of those attached to it."""
    inline = found["aws_iam_role_policies_exclusive.role_policies"]
    attached = found["aws_iam_role_policy_attachments_exclusive.role_attachments"]
    assert inline["role_name"] == attached["role_name"] == "${aws_iam_role.role.name}"
    return inline["policy_names"], attached["policy_arns"]


def test_execution_role_by_default(stack: TerraformStack) -> None:
    """FR-004: five actions, each on what it needs, and no boundary."""
    role = TaskExecutionRole(
        stack,
        "role",
        name="orders-execution",
        location=LOCATION,
        repository_arn="arn:repository",
        log_group_name="/ecs/orders",
    )
    found = declared(stack)
    assert found["aws_iam_role.role"] == {
        "name": "orders-execution",
        "description": "Lets ECS pull the image and write the logs",
        "assume_role_policy": ecs_tasks_trust_json(LOCATION),
        "force_detach_policies": True,
    }
    assert statements(found["aws_iam_role_policy.role_policy"]) == FIVE_ACTIONS
    assert exclusive(found) == (["${aws_iam_role_policy.role_policy.name}"], [])
    assert (found["aws_iam_role_policy.role_policy"]["name"], found["aws_iam_role_policy.role_policy"]["role"]) == (
        "execution",
        "${aws_iam_role.role.name}",
    )
    assert role.policy is not None
    assert resolved(stack, role.arn, role.policy.id) == [
        "${aws_iam_role.role.arn}",
        "${aws_iam_role_policy.role_policy.id}",
    ]


def test_execution_role_reads_secrets(stack: TerraformStack) -> None:
    """Each secret once, sorted, without what follows its ARN; parameters have an action of their own.

    Six characters, and no more, are granted where the ARN leaves out those that Secrets Manager has added:
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
    """
    database = "arn:aws-us-gov:secretsmanager:us-gov-west-1:111111111111:secret:{}-AbCdEf"
    parameter = "arn:aws-us-gov:ssm:us-gov-west-1:111111111111:parameter/{}"
    TaskExecutionRole(
        stack,
        "role",
        name="orders-execution",
        location=LOCATION,
        repository_arn="arn:repository",
        log_group_name="/ecs/orders",
        secret_arns=[
            parameter.format("b"),
            f"{database.format('b')}:user::",
            database.format("a"),
            f"{database.format('b')}:password:AWSCURRENT:1",
            f"{database.format('c').removesuffix('-AbCdEf')}:password::",
            parameter.format("a"),
            parameter.format("b"),
        ],
        permissions_boundary_arn=BOUNDARY,
    )
    found = declared(stack)
    assert found["aws_iam_role.role"]["permissions_boundary"] == BOUNDARY
    assert statements(found["aws_iam_role_policy.role_policy"]) == [
        *FIVE_ACTIONS,
        {
            "Sid": "ReadSecrets",
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue"],
            "Resource": [
                database.format("a"),
                database.format("b"),
                database.format("c").replace("AbCdEf", "??????"),
            ],
        },
        {
            "Sid": "ReadParameters",
            "Effect": "Allow",
            "Action": ["ssm:GetParameters"],
            "Resource": [parameter.format("a"), parameter.format("b")],
        },
    ]


def test_task_role_by_default(stack: TerraformStack) -> None:
    """FR-005: a role, and no permission at all."""
    role = TaskRole(stack, "role", name="orders-task", location=LOCATION)
    assert declared(stack) == {
        "aws_iam_role.role": {
            "name": "orders-task",
            "description": "What the container itself may do in AWS",
            "assume_role_policy": ecs_tasks_trust_json(LOCATION),
            "force_detach_policies": True,
        },
        "aws_iam_role_policies_exclusive.role_policies": {
            "role_name": "${aws_iam_role.role.name}",
            "policy_names": [],
        },
        "aws_iam_role_policy_attachments_exclusive.role_attachments": {
            "role_name": "${aws_iam_role.role.name}",
            "policy_arns": [],
        },
    }
    assert role.policy is None
    assert resolved(stack, role.arn) == ["${aws_iam_role.role.arn}"]


def test_task_role_as_told(stack: TerraformStack) -> None:
    """Its statements as they are, then the four actions of ECS Exec and no other."""
    deny = PolicyStatement(effect="Deny", actions=["s3:Delete*"], resources=["*"])
    role = TaskRole(
        stack,
        "role",
        name="orders-task",
        location=LOCATION,
        statements=[deny],
        enable_execute_command=True,
        permissions_boundary_arn=BOUNDARY,
    )
    found = declared(stack)
    assert found["aws_iam_role.role"]["permissions_boundary"] == BOUNDARY
    assert (found["aws_iam_role_policy.role_policy"]["name"], found["aws_iam_role_policy.role_policy"]["role"]) == (
        "task",
        "${aws_iam_role.role.name}",
    )
    assert statements(found["aws_iam_role_policy.role_policy"]) == [
        deny.document(),
        {
            "Sid": "ExecuteCommand",
            "Effect": "Allow",
            "Action": [
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            "Resource": ["*"],
        },
    ]
    assert role.policy is not None
    assert exclusive(found) == (["${aws_iam_role_policy.role_policy.name}"], [])


def test_log_group_by_default(stack: TerraformStack) -> None:
    """FR-010: for 30 days, under CloudWatch's own key."""
    logs = LogGroup(stack, "logs", name="/ecs/orders")
    assert declared(stack) == {"aws_cloudwatch_log_group.logs": {"name": "/ecs/orders", "retention_in_days": 30}}
    assert resolved(stack, logs.name) == ["${aws_cloudwatch_log_group.logs.name}"]


def test_an_existing_log_group_is_read_alone(stack: TerraformStack) -> None:
    """And nothing of it is compared that nobody asked for."""
    logs = ExistingLogGroup(stack, "logs", name="shared-apis")
    assert declared(stack) == {}
    (found,) = Template.of(stack).json["data"]["aws_cloudwatch_log_group"].values()
    assert found["name"] == "shared-apis"
    assert resolved(stack, logs.name) == ["${data.aws_cloudwatch_log_group.logs.name}"]
    assert "check" not in Template.of(stack).json


def test_log_group_as_told(stack: TerraformStack) -> None:
    LogGroup(stack, "logs", name="/ecs/orders", retention_days=90, kms_key_arn=KEY)
    assert declared(stack) == {
        "aws_cloudwatch_log_group.logs": {"name": "/ecs/orders", "retention_in_days": 90, "kms_key_id": KEY}
    }


def task_definition(stack: TerraformStack, **changes: Any) -> FargateTaskDefinition:
    return FargateTaskDefinition(
        stack,
        "task",
        family="orders",
        execution_role_arn=EXECUTION_ROLE,
        task_role_arn=TASK_ROLE,
        **{"container": ORDERS, **LOGS, **changes},
    )


def test_task_definition_by_default(stack: TerraformStack) -> None:
    """FR-002 and FR-010. The JSON's keys are sorted: the same values are the same revision."""
    made = task_definition(stack)
    assert declared(stack) == {
        "aws_ecs_task_definition.task": {
            "family": "orders",
            "requires_compatibilities": ["FARGATE"],
            "network_mode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "runtime_platform": {"cpu_architecture": "X86_64", "operating_system_family": "LINUX"},
            "execution_role_arn": EXECUTION_ROLE,
            "task_role_arn": TASK_ROLE,
            "container_definitions": json.dumps([ORDERS.document(awslogs=AWS_LOGS)], sort_keys=True),
            "skip_destroy": True,
        },
    }
    assert resolved(stack, made.arn) == ["${aws_ecs_task_definition.task.arn}"]


def test_task_definition_as_told(stack: TerraformStack) -> None:
    task_definition(stack, cpu=1024, memory_mib=3072, cpu_architecture="ARM64")
    resource = declared(stack)["aws_ecs_task_definition.task"]
    assert (resource["cpu"], resource["memory"]) == ("1024", "3072")
    assert resource["runtime_platform"] == {"cpu_architecture": "ARM64", "operating_system_family": "LINUX"}


@pytest.mark.parametrize("text", ["\u00fc" * 40_000, "x" * 70_000])
def test_a_task_definition_refuses_what_ecs_would(stack: TerraformStack, text: str) -> None:
    """With its bytes and the limit, before it declares anything.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
    """
    found = len(text.encode()) + len(json.dumps(ORDERS.document(awslogs=AWS_LOGS), separators=(",", ":")))
    with pytest.raises(ValueError, match=r"takes \d+ bytes, and ECS allows 65536 of a task definition") as refused:
        task_definition(stack, container=replace(ORDERS, environment={"A": text}))
    assert abs(int(re.findall(r"\d+", str(refused.value))[0]) - found) < len('{"name":"A","value":""},') + 1
    assert declared(stack) == {}


def test_a_task_definition_counts_no_escape_of_terraforms(stack: TerraformStack) -> None:
    """It takes one $ of two away."""
    task_definition(stack, container=replace(ORDERS, environment={"A": "$${a}" * 13_000}))


@pytest.mark.parametrize(
    ("port", "user", "warned"),
    [
        (1023, "65532", True),
        (80, "nobody:0", True),
        (80, "00", False),
        (1024, "65532", False),
        (80, "0", False),
        (80, "0:65532", False),
        (80, "root:nogroup", False),
    ],
)
def test_a_port_that_only_root_may_listen_on(
    stack: TerraformStack,
    port: int,
    user: str,
    warned: bool,  # noqa: FBT001
) -> None:
    """A warning, since the image may have given its program the capability, which Fargate cannot.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KernelCapabilities.html
    """
    task_definition(stack, container=replace(ORDERS, port=port, user=user))
    assert [*synthesized(stack).get("check", {})] == ["task_privileged_port"] * warned


def service(stack: TerraformStack, id_: str = "service", **changes: Any) -> FargateService:
    return FargateService(
        stack,
        id_,
        **{
            "name": "orders",
            "cluster_arn": CLUSTER,
            "task_definition_arn": REVISION,
            "network": NETWORK,
            "load_balancers": [TARGETS],
            "log_group_name": "/ecs/orders",
            **changes,
        },
    )


def test_service_by_default(stack: TerraformStack) -> None:
    """FR-003 and FR-006 to FR-008, and that nobody has to say so."""
    made = service(stack)
    found = declared(stack)
    lifecycle = found["aws_ecs_service.service"].pop("lifecycle")
    assert found == {
        "aws_ecs_service.service": {
            "name": "orders",
            "cluster": CLUSTER,
            "task_definition": REVISION,
            "platform_version": "LATEST",
            "desired_count": 1,
            "capacity_provider_strategy": [{"capacity_provider": "FARGATE", "weight": 100}],
            "force_new_deployment": True,
            "network_configuration": {
                "subnets": ["subnet-1"],
                "security_groups": ["sg-1"],
                "assign_public_ip": True,
            },
            "load_balancer": [{"target_group_arn": TARGET_GROUP, "container_name": "orders", "container_port": 9000}],
            "deployment_minimum_healthy_percent": 100,
            "deployment_maximum_percent": 200,
            "deployment_circuit_breaker": {"enable": True, "rollback": True},
            "health_check_grace_period_seconds": 60,
            "availability_zone_rebalancing": "ENABLED",
            "enable_execute_command": False,
            "enable_ecs_managed_tags": True,
            "propagate_tags": "SERVICE",
            "wait_for_steady_state": True,
            "timeouts": {"create": "20m", "update": "20m"},
        },
    }
    assert (lifecycle["create_before_destroy"], lifecycle["ignore_changes"]) == (True, ["desired_count"])
    assert resolved(stack, made.name, f"${{{made.address}}}") == [
        "${aws_ecs_service.service.name}",
        "${aws_ecs_service.service}",
    ]


def rollback_check(stack: TerraformStack) -> Block:
    (postcondition,) = declared(stack)["aws_ecs_service.service"]["lifecycle"]["postcondition"]
    return dict(postcondition)


def test_service_says_why_a_deployment_was_rolled_back(stack: TerraformStack) -> None:
    """ECS runs another revision than ours: an error that names the service, both revisions and where to look."""
    service(stack, task_definition_arn=task_definition(stack).arn)
    ours = "aws_ecs_task_definition.task.arn"
    assert rollback_check(stack) == {
        "condition": f"${{self.task_definition == {ours}}}",
        "error_message": (
            "The deployment of ${self.name} was rolled back: ECS runs ${self.task_definition}, not "
            f"${{{ours}}}. The service's events and the log group /ecs/orders say why its tasks stopped."
        ),
    }


def test_service_compares_with_a_revision_that_is_known(stack: TerraformStack) -> None:
    """A literal ARN is text in the condition too."""
    service(stack)
    assert rollback_check(stack)["condition"] == f'${{self.task_definition == "{REVISION}"}}'


def test_service_as_told(stack: TerraformStack) -> None:
    """Each value where it belongs, and what a task needs is there before it."""
    needed = CloudwatchLogGroup(stack, "needed", name="needed")
    service(
        stack,
        network=Network(subnet_ids=("subnet-2",), security_group_ids=("sg-2",), assign_public_ip=False),
        load_balancers=[
            LoadBalancer(target_group_arn="arn:2", container_name="web", container_port=81),
            LoadBalancer(target_group_arn="arn:3", container_name="web", container_port=81),
        ],
        desired_count=3,
        rollout=Rollout(
            minimum_healthy_percent=50,
            maximum_percent=101,
            health_check_grace_period_seconds=5,
            steady_state_timeout_minutes=7,
        ),
        enable_execute_command=True,
        depends_on=(needed,),
    )
    resource = declared(stack)["aws_ecs_service.service"]
    assert resource["network_configuration"] == {
        "subnets": ["subnet-2"],
        "security_groups": ["sg-2"],
        "assign_public_ip": False,
    }
    targets = {"container_name": "web", "container_port": 81}
    assert resource["load_balancer"] == [{"target_group_arn": arn, **targets} for arn in ("arn:2", "arn:3")]
    assert resource["depends_on"] == ["aws_cloudwatch_log_group.needed"]
    told = {
        "desired_count": 3,
        "deployment_minimum_healthy_percent": 50,
        "deployment_maximum_percent": 101,
        "availability_zone_rebalancing": "ENABLED",
        "health_check_grace_period_seconds": 5,
        "timeouts": {"create": "7m", "update": "7m"},
        "enable_execute_command": True,
    }
    assert {key: resource[key] for key in told} == told


def test_zones_are_rebalanced_only_where_there_is_room(stack: TerraformStack) -> None:
    """A maximum of 100 percent leaves none, and ECS refuses the two together."""
    service(stack, rollout=Rollout(minimum_healthy_percent=50, maximum_percent=100))
    assert declared(stack)["aws_ecs_service.service"]["availability_zone_rebalancing"] == "DISABLED"


@pytest.mark.parametrize(
    ("percent", "weights"),
    [(0, [("FARGATE", 100)]), (1, [("FARGATE", 99), ("FARGATE_SPOT", 1)]), (100, [("FARGATE_SPOT", 100)])],
)
def test_service_on_spot(stack: TerraformStack, percent: int, weights: list[tuple[str, int]]) -> None:
    """The share is the weight. A launch type, even at a share of 0, would make the next share replace the service."""
    service(stack, fargate_spot_percent=percent)
    resource = declared(stack)["aws_ecs_service.service"]
    assert "launch_type" not in resource
    assert resource["capacity_provider_strategy"] == [
        {"capacity_provider": provider, "weight": weight} for provider, weight in weights
    ]


def test_task_definition_refuses_a_size_before_it_declares_anything(stack: TerraformStack) -> None:
    """The message has both figures, and what would be right."""
    with pytest.raises(ValueError, match="cpu 512 with memory_mib 512: 512 CPU units go with 1024, 2048, 3072 or 4096"):
        task_definition(stack, cpu=512, memory_mib=512)
    assert declared(stack) == {}


def test_two_services_live_in_one_stack(stack: TerraformStack) -> None:
    """No construct claims an address that another instance of it needs."""
    for name in ("orders", "returns"):
        service(stack, name, name=name)
    assert {block["name"] for block in Template.of(stack).all("aws_ecs_service")} == {"orders", "returns"}


@pytest.mark.parametrize("paths", [("blue/targets", "green/targets"), ("a_b/c", "a/b_c")], ids=" and ".join)
def test_each_construct_keeps_its_own_warnings(stack: TerraformStack, paths: tuple[str, str]) -> None:
    """One id under two parents, and two paths that read alike: no construct's `check` blocks replace another's."""
    for port, path in enumerate(paths, start=8001):
        parent, id_ = path.split("/")
        LoadBalancing(
            Construct(stack, parent),
            id_,
            target_group_arn=TARGET_GROUP,
            vpc_id="vpc-1",
            container_port=port,
            stop_timeout_seconds=30,
        )
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
