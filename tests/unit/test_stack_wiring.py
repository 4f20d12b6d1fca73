"""An environment with every setting set, none to its default: each arrives where it belongs, and nowhere else."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from stacks.versions import AWS_PROVIDER_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.template import Block, Template

ACCOUNT, REGION = "444444444444", "us-gov-west-1"
BOUNDARY = f"arn:aws-us-gov:iam::{ACCOUNT}:policy/boundary"
KEY = f"arn:aws-us-gov:kms:{REGION}:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012"
SECRET = f"arn:aws-us-gov:secretsmanager:{REGION}:{ACCOUNT}:secret:database-AbCdEf"
PARAMETER = f"arn:aws-us-gov:ssm:{REGION}:{ACCOUNT}:parameter/licence"
PARTITION = "${data.aws_partition.partition.partition}"
CHANGES: dict[str, Any] = {
    "name": "qa",
    "account_id": ACCOUNT,
    "region": REGION,
    "tags": {"team": "orders", "cost": "12"},
    "permissions_boundary_arn": BOUNDARY,
    "service": {"name": "orders", "fargate_spot_percent": 40, "enable_execute_command": True},
    "image": {"repository": "team/orders", "default_tag": "3f9c2e1", "require_commit_sha_tag": True},
    "container": {
        "port": 9000,
        "cpu": 1024,
        "memory_mib": 3072,
        "cpu_architecture": "ARM64",
        "user": "1000",
        "readonly_root_filesystem": False,
        "stop_timeout_seconds": 90,
        "command": ["serve"],
        "entry_point": ["/api", "-v"],
        "working_directory": "/srv",
        "start_timeout_seconds": 45,
        "ephemeral_storage_gib": 42,
        "docker_labels": {"team": "a"},
        "ulimits": [
            {"name": "nproc", "soft_limit": 7, "hard_limit": -1},
            {"name": "nofile", "soft_limit": 8, "hard_limit": 9},
        ],
        "health_check": {
            "command": ["CMD", "/api", "health"],
            "interval_seconds": 11,
            "timeout_seconds": 12,
            "retries": 3,
            "start_period_seconds": 14,
        },
        "environment": {"LEVEL": "debug"},
        "secrets": {"DB": f"{SECRET}:password::", "LICENCE": PARAMETER},
    },
    "task_role": {
        "statements": [
            {"sid": "Read", "actions": ["s3:Get*"], "resources": ["arn:aws-us-gov:s3:::reports/*"]},
            {
                "sid": "OnlyTls",
                "effect": "Deny",
                "actions": ["s3:*"],
                "resources": ["*"],
                "conditions": {"Bool": {"aws:SecureTransport": ["false"]}},
            },
        ]
    },
    "scaling": {
        "min_capacity": 2,
        "max_capacity": 9,
        "cpu_target_percent": 55,
        "memory_target_percent": 66.5,
        "requests_per_target": 500,
        "scale_in_cooldown_seconds": 400,
        "scale_out_cooldown_seconds": 30,
        "schedule": [
            {
                "name": "night",
                "expression": "cron(0 20 ? * MON-FRI *)",
                "time_zone": "Europe/Berlin",
                "min_capacity": 0,
                "max_capacity": 0,
                "start_time": "2030-01-31T06:00:00Z",
                "end_time": "2031-01-31T06:00:00Z",
            },
            {"name": "morning", "expression": "cron(0 6 ? * MON-FRI *)", "min_capacity": 2},
        ],
    },
    "deployment": {
        "minimum_healthy_percent": 50,
        "maximum_percent": 150,
        "health_check_grace_period_seconds": 15,
        "steady_state_timeout_minutes": 11,
    },
    "release": {"before": ["migrate"], "before_timeout_seconds": 60},
    "logs": {"retention_days": 90, "kms_key_arn": KEY},
    "cluster": {"container_insights": "enhanced"},
    "backend": {"key": "orders/qa.tfstate"},
    "remote_state": {
        "networking": {"outputs": {"vpc_id": "network", "public_subnet_ids": "subnets"}, "workspace": "qa"},
        "security": {"outputs": {"app_security_group_id": "group"}},
        "loadbalancing": {"outputs": {"target_group_arn": "targets", "alb_dns_name": "name"}},
    },
}


@pytest.fixture(scope="module")
def document(synthesize: Callable[..., Template]) -> Block:
    """Without the hash of its path that CDKTF appends to an address."""
    parsed: Block = json.loads(re.sub(r"_[0-9A-F]{8}\b", "", synthesize(**CHANGES).text))
    return parsed


def resource(document: Block, address: str) -> Block:
    type_, name = address.split(".")
    return {key: value for key, value in document["resource"][type_][name].items() if key != "//"}


def statements(document: Block, role: str) -> list[Block]:
    policy = resource(document, f"aws_iam_role_policy.{role}_policy")
    assert policy["role"] == f"${{aws_iam_role.{role}.name}}"
    return list(json.loads(policy["policy"])["Statement"])


def test_every_address(document: Block) -> None:
    """Another address is another resource: what is deployed would be replaced."""
    kinds = [("", document["resource"]), ("data.", document["data"])]
    assert sorted(
        f"{kind}{type_}.{name}" for kind, all_ in kinds for type_, named in all_.items() for name in named
    ) == [
        "aws_appautoscaling_policy.autoscaling_cpu",
        "aws_appautoscaling_policy.autoscaling_memory",
        "aws_appautoscaling_policy.autoscaling_requests",
        "aws_appautoscaling_scheduled_action.autoscaling_schedule-morning",
        "aws_appautoscaling_scheduled_action.autoscaling_schedule-night",
        "aws_appautoscaling_target.autoscaling",
        "aws_cloudwatch_log_group.log_group",
        "aws_ecs_cluster.cluster",
        "aws_ecs_cluster_capacity_providers.cluster_capacity_providers",
        "aws_ecs_service.service",
        "aws_ecs_task_definition.task_definition",
        "aws_iam_role.execution_role",
        "aws_iam_role.task_role",
        "aws_iam_role_policies_exclusive.execution_role_policies",
        "aws_iam_role_policies_exclusive.task_role_policies",
        "aws_iam_role_policy.execution_role_policy",
        "aws_iam_role_policy.task_role_policy",
        "aws_iam_role_policy_attachments_exclusive.execution_role_attachments",
        "aws_iam_role_policy_attachments_exclusive.task_role_attachments",
        "data.aws_ecr_image.pushed_image",
        "data.aws_ecr_repository.repository",
        "data.aws_lb_target_group.existing_loadbalancing",
        "data.aws_network_interfaces.existing_networking_interface_endpoints",
        "data.aws_partition.partition",
        "data.aws_route_table.existing_networking_route_table",
        "data.aws_route_tables.existing_networking_route_tables",
        "data.aws_security_group.existing_security",
        "data.aws_subnet.existing_networking_subnet",
        "data.aws_vpc_security_group_rule.existing_security_rule",
        "data.aws_vpc_security_group_rules.existing_security_rules",
        "data.terraform_remote_state.loadbalancing",
        "data.terraform_remote_state.networking",
        "data.terraform_remote_state.security",
    ]


def test_terraform(document: Block) -> None:
    """The stack keeps its state where the settings say, with a Terraform that knows its lock file."""
    assert document["terraform"] == {
        "required_version": ">= 1.10",
        "required_providers": {"aws": {"source": "hashicorp/aws", "version": AWS_PROVIDER_VERSION}},
        "backend": {
            "s3": {
                "bucket": "example-terraform-state-dev",
                "key": "orders/qa.tfstate",
                "region": "eu-west-1",
                "encrypt": True,
                "use_lockfile": True,
            }
        },
    }


def test_provider(document: Block) -> None:
    """Our three tags come beside the environment's, not in their place."""
    tags = {"environment": "qa", "service": "orders", "managed-by": "terraform", "team": "orders", "cost": "12"}
    assert document["provider"]["aws"] == [
        {
            "region": REGION,
            "allowed_account_ids": [ACCOUNT],
            "default_tags": [{"tags": tags}],
            "ignore_tags": [{"keys": ["release-verdict"]}],
        }
    ]


def test_cluster(document: Block) -> None:
    assert resource(document, "aws_ecs_cluster.cluster") == {
        "name": "orders-qa",
        "setting": [{"name": "containerInsights", "value": "enhanced"}],
        "configuration": {"execute_command_configuration": {"logging": "DEFAULT"}},
    }


def test_log_group(document: Block) -> None:
    assert resource(document, "aws_cloudwatch_log_group.log_group") == {
        "name": "/ecs/orders-qa",
        "retention_in_days": 90,
        "kms_key_id": KEY,
    }


def test_task_definition(document: Block) -> None:
    """The roles are not each other's, and the container is the service's, not the environment's, by name."""
    task_definition = resource(document, "aws_ecs_task_definition.task_definition")
    (container,) = json.loads(task_definition.pop("container_definitions"))
    assert task_definition == {
        "family": "orders-qa",
        "requires_compatibilities": ["FARGATE"],
        "network_mode": "awsvpc",
        "cpu": "1024",
        "memory": "3072",
        "runtime_platform": {"cpu_architecture": "ARM64", "operating_system_family": "LINUX"},
        "ephemeral_storage": {"size_in_gib": 42},
        "execution_role_arn": "${aws_iam_role.execution_role.arn}",
        "task_role_arn": "${aws_iam_role.task_role.arn}",
        "skip_destroy": True,
    }
    assert container == {
        "name": "orders",
        "image": (
            "${data.aws_ecr_repository.repository.repository_url}"
            "@${one(values(data.aws_ecr_image.pushed_image)).image_digest}"
        ),
        "essential": True,
        "portMappings": [{"containerPort": 9000, "hostPort": 9000, "protocol": "tcp"}],
        "environment": [{"name": "LEVEL", "value": "debug"}, {"name": "PORT", "value": "9000"}],
        "secrets": [
            {"name": "DB", "valueFrom": f"{SECRET}:password::"},
            {"name": "LICENCE", "valueFrom": PARAMETER},
        ],
        "user": "1000",
        "readonlyRootFilesystem": False,
        "stopTimeout": 90,
        "linuxParameters": {"initProcessEnabled": True},
        "dockerLabels": {"org.opencontainers.image.ref.name": "${var.image_tag}", "team": "a"},
        "command": ["serve"],
        "entryPoint": ["/api", "-v"],
        "workingDirectory": "/srv",
        "startTimeout": 45,
        "ulimits": [
            {"name": "nofile", "softLimit": 8, "hardLimit": 9},
            {"name": "nproc", "softLimit": 7, "hardLimit": -1},
        ],
        "healthCheck": {
            "command": ["CMD", "/api", "health"],
            "interval": 11,
            "timeout": 12,
            "retries": 3,
            "startPeriod": 14,
        },
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": "/ecs/orders-qa",
                "awslogs-region": REGION,
                "awslogs-stream-prefix": "orders",
            },
        },
    }


def test_image(document: Block) -> None:
    """The tag is looked up in the repository that the container's image is in, and the message names both."""
    assert document["data"]["aws_ecr_repository"]["repository"]["name"] == "team/orders"
    pushed = document["data"]["aws_ecr_image"]["pushed_image"]
    assert {key: value for key, value in pushed.items() if key != "//"} == {
        "for_each": '${toset(["team/orders:${var.image_tag}"])}',
        "repository_name": "${data.aws_ecr_repository.repository.name}",
        "image_tag": "${var.image_tag}",
    }


def test_service(document: Block) -> None:
    """What a task needs is there before the service: logs, both policies, and the capacity providers."""
    service = resource(document, "aws_ecs_service.service")
    del service["lifecycle"]
    assert service == {
        "name": "orders-qa",
        "cluster": "${aws_ecs_cluster.cluster.arn}",
        "task_definition": "${aws_ecs_task_definition.task_definition.arn}",
        "desired_count": 2,
        "platform_version": "LATEST",
        "capacity_provider_strategy": [
            {"capacity_provider": "FARGATE", "weight": 60},
            {"capacity_provider": "FARGATE_SPOT", "weight": 40},
        ],
        "force_new_deployment": True,
        "network_configuration": {
            "subnets": "${data.terraform_remote_state.networking.outputs.subnets}",
            "security_groups": ["${data.terraform_remote_state.security.outputs.group}"],
            "assign_public_ip": True,
        },
        "load_balancer": [
            {
                "target_group_arn": "${data.terraform_remote_state.loadbalancing.outputs.targets}",
                "container_name": "orders",
                "container_port": 9000,
            }
        ],
        "deployment_minimum_healthy_percent": 50,
        "deployment_maximum_percent": 150,
        "deployment_circuit_breaker": {"enable": True, "rollback": True},
        "health_check_grace_period_seconds": 15,
        "availability_zone_rebalancing": "ENABLED",
        "enable_execute_command": True,
        "enable_ecs_managed_tags": True,
        "propagate_tags": "SERVICE",
        "wait_for_steady_state": True,
        "timeouts": {"create": "11m", "update": "11m"},
        "depends_on": [
            "aws_cloudwatch_log_group.log_group",
            "aws_iam_role_policy.execution_role_policy",
            "aws_ecs_cluster_capacity_providers.cluster_capacity_providers",
            "aws_iam_role_policy.task_role_policy",
        ],
    }


@pytest.mark.parametrize("role", ["execution", "task"])
def test_role(document: Block, role: str) -> None:
    """Name, boundary, and trust in ECS tasks of this account and region only."""
    found = resource(document, f"aws_iam_role.{role}_role")
    assert (found["name"], found["permissions_boundary"]) == (f"orders-qa-{role}", BOUNDARY)
    (statement,) = json.loads(found["assume_role_policy"])["Statement"]
    assert statement["Condition"] == {
        "ArnLike": {"aws:SourceArn": f"arn:{PARTITION}:ecs:{REGION}:{ACCOUNT}:*"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }


def test_execution_role_policy(document: Block) -> None:
    """Pulls from this repository, writes to this group, reads these secrets."""
    repository = "${data.aws_ecr_repository.repository.arn}"
    streams = f"arn:{PARTITION}:logs:{REGION}:{ACCOUNT}:log-group:/ecs/orders-qa:*"
    assert [(each["Effect"], each["Action"], each["Resource"]) for each in statements(document, "execution_role")] == [
        ("Allow", ["ecr:GetAuthorizationToken"], ["*"]),
        ("Allow", ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], [repository]),
        ("Allow", ["logs:CreateLogStream", "logs:PutLogEvents"], [streams]),
        ("Allow", ["secretsmanager:GetSecretValue"], [SECRET]),
        ("Allow", ["ssm:GetParameters"], [PARAMETER]),
    ]


def test_task_role_policy(document: Block) -> None:
    """A Deny stays a Deny, under its condition."""
    *told, of_exec = statements(document, "task_role")
    assert told == [
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Action": ["s3:Get*"],
            "Resource": ["arn:aws-us-gov:s3:::reports/*"],
        },
        {
            "Sid": "OnlyTls",
            "Effect": "Deny",
            "Action": ["s3:*"],
            "Resource": ["*"],
            "Condition": {"Bool": {"aws:SecureTransport": ["false"]}},
        },
    ]
    assert of_exec["Sid"] == "ExecuteCommand"


def test_autoscaling(document: Block) -> None:
    """Of this service in this cluster."""
    assert resource(document, "aws_appautoscaling_target.autoscaling") == {
        "service_namespace": "ecs",
        "scalable_dimension": "ecs:service:DesiredCount",
        "resource_id": "service/${aws_ecs_cluster.cluster.name}/${aws_ecs_service.service.name}",
        "min_capacity": 2,
        "max_capacity": 9,
        "suspended_state": {
            "dynamic_scaling_in_suspended": False,
            "dynamic_scaling_out_suspended": False,
            "scheduled_scaling_suspended": False,
        },
        "lifecycle": {"ignore_changes": ["min_capacity", "max_capacity"]},
    }


GROUP = "data.aws_lb_target_group.existing_loadbalancing"
LABEL = f'${{split(":loadbalancer/", tolist({GROUP}.load_balancer_arns)[0])[1]}}/${{{GROUP}.arn_suffix}}'


@pytest.mark.parametrize(
    ("name", "target_value", "metric"),
    [
        ("cpu", 55, {"predefined_metric_type": "ECSServiceAverageCPUUtilization"}),
        ("memory", 66.5, {"predefined_metric_type": "ECSServiceAverageMemoryUtilization"}),
        ("requests", 500, {"predefined_metric_type": "ALBRequestCountPerTarget", "resource_label": LABEL}),
    ],
)
def test_scaling_policies(document: Block, name: str, target_value: float, metric: Block) -> None:
    """Each on its metric, all on the one target and with the same cooldowns."""
    policy = resource(document, f"aws_appautoscaling_policy.autoscaling_{name}")
    assert policy["name"] == f"{name}-target-tracking"
    assert policy["resource_id"] == "${aws_appautoscaling_target.autoscaling.resource_id}"
    assert policy["target_tracking_scaling_policy_configuration"] == {
        "predefined_metric_specification": metric,
        "target_value": target_value,
        "scale_in_cooldown": 400,
        "scale_out_cooldown": 30,
    }


def test_scheduled_actions(document: Block) -> None:
    """What is left out stays out, but for the zone; they are made one by one, as AWS takes them, after the policies."""
    kind, target = "aws_appautoscaling_scheduled_action", "aws_appautoscaling_target.autoscaling"
    of_target = {name: f"${{{target}.{name}}}" for name in ("service_namespace", "scalable_dimension", "resource_id")}
    assert resource(document, f"{kind}.autoscaling_schedule-night") == {
        **of_target,
        "name": "night",
        "schedule": "cron(0 20 ? * MON-FRI *)",
        "timezone": "Europe/Berlin",
        "start_time": "2030-01-31T06:00:00Z",
        "end_time": "2031-01-31T06:00:00Z",
        "scalable_target_action": {"min_capacity": "0", "max_capacity": "0"},
        "depends_on": ["aws_appautoscaling_policy.autoscaling_requests"],
    }
    assert resource(document, f"{kind}.autoscaling_schedule-morning") == {
        **of_target,
        "name": "morning",
        "schedule": "cron(0 6 ? * MON-FRI *)",
        "timezone": "UTC",
        "scalable_target_action": {"min_capacity": "2"},
        "depends_on": [f"{kind}.autoscaling_schedule-night"],
    }


def test_a_service_without_tasks_is_warned_of(document: Block) -> None:
    """But for the hours in which the schedule wants none. The message has the command that starts them."""
    (wanted,) = document["check"]["tasks_are_wanted"]["assert"]
    service, cluster = "${aws_ecs_service.service.name}", "${aws_ecs_cluster.cluster.name}"
    assert wanted == {
        "condition": (
            "${aws_ecs_service.service.desired_count > 0 || aws_appautoscaling_target.autoscaling.min_capacity == 0}"
        ),
        "error_message": (
            f"The desired count of {service} is 0: no task runs, and autoscaling, which has no CPU to go by, starts "
            f"none. Set it: aws ecs update-service --cluster {cluster} --service {service} --desired-count 2"
        ),
    }


STATES = "data.terraform_remote_state"
CHECKED: dict[str, dict[str, Any]] = {
    "aws_route_tables.existing_networking_route_tables": {"vpc_id": f"${{{STATES}.networking.outputs.network}}"},
    "aws_subnet.existing_networking_subnet": {"for_each": f"${{toset({STATES}.networking.outputs.subnets)}}"},
    "aws_security_group.existing_security": {"id": f"${{{STATES}.security.outputs.group}}"},
    "aws_lb_target_group.existing_loadbalancing": {"arn": f"${{{STATES}.loadbalancing.outputs.targets}}"},
}


@pytest.mark.parametrize(("address", "expected"), CHECKED.items())
def test_what_the_states_name_is_checked(document: Block, address: str, expected: dict[str, Any]) -> None:
    """Each module's output by the module's own name for it, and never another's."""
    type_, name = address.split(".")
    read = document["data"][type_][name]
    assert {key: read[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("address", "conditions"),
    [
        ("aws_subnet.existing_networking_subnet", [f"self.vpc_id == {STATES}.networking.outputs.network"]),
        (
            "aws_security_group.existing_security",
            [f"self.vpc_id == {STATES}.networking.outputs.network", "rule.to_port >= 9000"],
        ),
        (
            "aws_lb_target_group.existing_loadbalancing",
            [f"self.vpc_id == {STATES}.networking.outputs.network"],
        ),
    ],
)
def test_checks_know_the_vpc_and_the_port(document: Block, address: str, conditions: list[str]) -> None:
    """The networking module's VPC, and the container's port."""
    type_, name = address.split(".")
    found = " ".join(each["condition"] for each in document["data"][type_][name]["lifecycle"]["postcondition"])
    assert [condition for condition in conditions if condition not in found] == []


def test_the_drain_is_held_against_the_stop_timeout(document: Block) -> None:
    (drain,) = document["check"]["existing_loadbalancing_drain"]["assert"]
    assert drain["condition"].endswith("<= 90}")


@pytest.mark.parametrize(
    ("module", "contract"),
    [
        ("networking", ["network", "subnets"]),
        ("security", ["group"]),
        ("loadbalancing", ["targets", "name"]),
    ],
)
def test_each_state_keeps_its_own_contract(document: Block, module: str, contract: list[str]) -> None:
    """The message names the module, where its state is, and the output by the module's own name for it."""
    state = document["data"]["terraform_remote_state"][module]
    key = f"{'env:/qa/' if module == 'networking' else ''}{module}/terraform.tfstate"
    assert [each["error_message"].partition(" must be")[0] for each in state["lifecycle"]["postcondition"]] == [
        f'State of the module {module} (s3://example-terraform-state-dev/{key}): output "{output}"'
        for output in contract
    ]


def test_a_target_group_is_of_this_region_and_account(document: Block) -> None:
    of_target_group, of_name = document["data"]["terraform_remote_state"]["loadbalancing"]["lifecycle"]["postcondition"]
    assert f":elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/" in of_target_group["condition"]
    assert REGION.replace("-", r"\\-") in of_name["condition"]


def test_outputs(document: Block) -> None:
    """Each with the words that `terraform output` has beside it in the JSON."""
    url = f"http://${{{STATES}.loadbalancing.outputs.name}}"
    path = '${coalesce(data.aws_lb_target_group.existing_loadbalancing.health_check[0].path, "/health")}'
    assert document["output"] == {
        name: {"value": value, "description": description}
        for name, value, description in (
            ("cluster_name", "${aws_ecs_cluster.cluster.name}", "ECS cluster"),
            ("cluster_arn", "${aws_ecs_cluster.cluster.arn}", "ECS cluster"),
            ("service_name", "${aws_ecs_service.service.name}", "ECS service"),
            (
                "task_definition_arn",
                "${aws_ecs_task_definition.task_definition.arn}",
                "The revision that was deployed last; after a rollback the service runs an older one",
            ),
            (
                "image_tag",
                "${var.image_tag}",
                "Tag of the image that was deployed last; after a rollback the service runs an older one",
            ),
            (
                "image_digest",
                "${one(values(data.aws_ecr_image.pushed_image)).image_digest}",
                "What image_tag named when it was deployed: the image in task_definition_arn's revision",
            ),
            (
                "execution_role_arn",
                "${aws_iam_role.execution_role.arn}",
                "Role with which ECS pulls the image and writes the logs",
            ),
            ("task_role_arn", "${aws_iam_role.task_role.arn}", "Role that the container itself has"),
            (
                "log_group_name",
                "${aws_cloudwatch_log_group.log_group.name}",
                "CloudWatch log group of the containers",
            ),
            ("api_url", url, "The API, by service.api_url or else by the load balancer's DNS name"),
            (
                "health_url",
                url + path,
                "The API's URL with the path that the target group asks of each task for its health",
            ),
        )
    }
