"""The specification's functional requirements and the decisions that stand, checked on values alone.

Nothing of the project is imported here. What differs between environments comes as `Expected`; what the specification
states is stated here again.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.plan.documents import Block, Resource, Stack


@dataclass(frozen=True)
class Expected:
    """What an environment's settings ask for. `name` is the service's and the environment's, `go-api-dev`.

    `states` are the backends of the three modules' states, `outputs` what the modules call their outputs.
    """

    name: str
    container_name: str
    partition: str
    account_id: str
    region: str
    repository: str
    default_tag: str | None
    requires_commit_sha: bool
    cpu: int
    memory_mib: int
    cpu_architecture: str
    user: str
    stop_timeout_seconds: int
    container_insights: str
    health_check_grace_period_seconds: int
    steady_state_timeout_minutes: int
    cpu_target_percent: int
    scale_in_cooldown_seconds: int
    scale_out_cooldown_seconds: int
    log_retention_days: int
    states: Mapping[str, Block]
    outputs: Mapping[str, str]

    @property
    def log_group(self) -> str:
        return f"/ecs/{self.name}"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"

    @property
    def answers(self) -> dict[tuple[str, str | None], dict[str, str]]:
        """What AWS answers the data sources, for the reading of a synthesized stack."""
        repository = {
            "arn": self.arn("ecr", f"repository/{self.repository}"),
            "repository_url": f"{self.account_id}.dkr.ecr.{self.region}.amazonaws.com/{self.repository}",
        }
        return {
            ("data.aws_partition", None): {"partition": self.partition},
            ("data.aws_ecr_repository", self.repository): repository,
        }


def sc_006_nothing_else(stack: Stack, _: Expected) -> None:
    """Every resource that the specification names, and nothing that it doesn't."""
    assert Counter(resource.type for resource in stack.resources if not resource.type.startswith("data.")) == {
        "aws_appautoscaling_policy": 1,
        "aws_appautoscaling_target": 1,
        "aws_cloudwatch_log_group": 1,
        "aws_ecs_cluster": 1,
        "aws_ecs_service": 1,
        "aws_ecs_task_definition": 1,
        "aws_iam_role": 2,
        "aws_iam_role_policy": 1,
    }


def fr_001_cluster(stack: Stack, expected: Expected) -> None:
    """In the environment's region and account, and Terraform refuses any other account."""
    cluster = stack.only("aws_ecs_cluster")
    _sets_at_most(cluster, "name", "setting")
    assert cluster["name"] == expected.name
    assert cluster["setting"] == {"name": "containerInsights", "value": expected.container_insights}
    assert set(stack.provider) <= {"region", "allowed_account_ids", "default_tags"}
    assert stack.provider.get("region") == expected.region
    assert stack.provider.get("allowed_account_ids") == [expected.account_id]


def fr_002_task_definition(stack: Stack, expected: Expected) -> None:
    """One unprivileged container on Fargate; a revision stays registered, for a rollback to find it."""
    task_definition = stack.only("aws_ecs_task_definition")
    _sets_at_most(
        task_definition,
        *("family", "requires_compatibilities", "network_mode", "cpu", "memory", "runtime_platform"),
        *("execution_role_arn", "task_role_arn", "container_definitions", "skip_destroy"),
    )
    assert task_definition["family"] == expected.name
    assert task_definition["requires_compatibilities"] == ["FARGATE"]
    assert task_definition["network_mode"] == "awsvpc"
    assert (task_definition["cpu"], task_definition["memory"]) == (str(expected.cpu), str(expected.memory_mib))
    assert task_definition["runtime_platform"] == {
        "cpu_architecture": expected.cpu_architecture,
        "operating_system_family": "LINUX",
    }
    assert task_definition["skip_destroy"] is True
    container = _container(stack)
    del container["image"], container["logConfiguration"]
    assert container == {
        "name": expected.container_name,
        "essential": True,
        "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
        "environment": [{"name": "PORT", "value": "8080"}],
        "user": expected.user,
        "readonlyRootFilesystem": True,
        "stopTimeout": expected.stop_timeout_seconds,
    }


def fr_002_image(stack: Stack, expected: Expected) -> None:
    """From ECR, with the tag that the release names; production takes commit SHAs only (Assumptions)."""
    repository = stack.only("data.aws_ecr_repository")
    _sets_at_most(repository, "name")
    tagged = f"{expected.account_id}.dkr.ecr.{expected.region}.amazonaws.com/{expected.repository}:{stack.image_tag}"
    assert _container(stack)["image"] == tagged
    written = json.loads(stack.only("aws_ecs_task_definition").written("container_definitions"))
    assert written[0]["image"] == f"{repository.reference('repository_url')}:${{var.image_tag}}"
    pushed = stack.only("data.aws_ecr_image")
    assert (pushed["repository_name"], pushed["image_tag"]) == (expected.repository, stack.image_tag)
    variable = stack.variables["image_tag"]
    assert variable.get("default") == expected.default_tag
    if stack.shows_lifecycle:
        assert variable["nullable"] is False
        assert _accepts(variable, "3f9c2e1")
        assert _accepts(variable, "3f9c2e1" + 33 * "0")
        assert not _accepts(variable, "")
        assert [tag for tag in ("latest", "v1.2", "3f9c2e", "3F9C2E1", 41 * "0") if _accepts(variable, tag)] == (
            [] if expected.requires_commit_sha else ["latest", "v1.2", "3f9c2e", "3F9C2E1", 41 * "0"]
        )


def fr_003_service(stack: Stack, expected: Expected) -> None:
    """This stack's task definition on this stack's cluster, registered with the existing target group."""
    service = stack.only("aws_ecs_service")
    _sets_at_most(
        service,
        *("name", "cluster", "task_definition", "desired_count", "launch_type", "network_configuration"),
        *("load_balancer", "deployment_minimum_healthy_percent", "deployment_maximum_percent"),
        *("deployment_circuit_breaker", "health_check_grace_period_seconds", "availability_zone_rebalancing"),
        *("enable_execute_command", "enable_ecs_managed_tags", "propagate_tags", "wait_for_steady_state", "timeouts"),
        *("lifecycle", "depends_on"),
    )
    assert service["name"] == expected.name
    assert service.written("cluster") == stack.only("aws_ecs_cluster").reference("arn")
    assert service.written("task_definition") == stack.only("aws_ecs_task_definition").reference("arn")
    assert service["launch_type"] == "FARGATE"
    assert service["desired_count"] == 1
    assert service["enable_execute_command"] is False
    assert service["load_balancer"] == {
        "target_group_arn": _existing(stack, expected, "loadbalancing", "target_group_arn"),
        "container_name": expected.container_name,
        "container_port": 8080,
    }


def fr_004_execution_role(stack: Stack, expected: Expected) -> None:
    """Five actions, each on the one resource that it needs, before the service starts a task."""
    role = _role(stack, expected, "execution")
    assert stack.only("aws_ecs_task_definition").written("execution_role_arn") == role.reference("arn")
    policy = stack.only("aws_iam_role_policy")
    _sets_at_most(policy, "name", "role", "policy")
    assert policy["role"] == role["name"]
    assert policy.written("role") == role.reference("name")
    statements = json.loads(policy["policy"])["Statement"]
    assert all(set(statement) <= {"Sid", "Effect", "Action", "Resource"} for statement in statements)
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    repository = expected.arn("ecr", f"repository/{expected.repository}")
    log_streams = expected.arn("logs", f"log-group:{expected.log_group}:*")
    assert sorted((action, statement["Resource"]) for statement in statements for action in statement["Action"]) == [
        ("ecr:BatchGetImage", [repository]),
        ("ecr:GetAuthorizationToken", ["*"]),
        ("ecr:GetDownloadUrlForLayer", [repository]),
        ("logs:CreateLogStream", [log_streams]),
        ("logs:PutLogEvents", [log_streams]),
    ]
    assert policy.address in stack.only("aws_ecs_service").written("depends_on")


def fr_005_task_role(stack: Stack, expected: Expected) -> None:
    """No permission at all, by whichever resource one could be granted."""
    role = _role(stack, expected, "task")
    assert stack.only("aws_ecs_task_definition").written("task_role_arn") == role.reference("arn")
    granting = [resource for resource in stack.resources if resource.type.startswith("aws_iam_role_")]
    assert [resource.address for resource in granting if resource["role"] == role["name"]] == []


def fr_006_security_group(stack: Stack, expected: Expected) -> None:
    network = stack.only("aws_ecs_service")["network_configuration"]
    assert network.get("security_groups") == [_existing(stack, expected, "security", "app_security_group_id")]


def fr_007_public_subnets(stack: Stack, expected: Expected) -> None:
    network = stack.only("aws_ecs_service")["network_configuration"]
    assert set(network) == {"subnets", "security_groups", "assign_public_ip"}
    subnets, existing = network["subnets"], _existing(stack, expected, "networking", "public_subnet_ids")
    assert subnets == existing or sorted(subnets) == sorted(existing)  # a plan shows a set, in an order of its own
    assert network["assign_public_ip"] is True


def fr_008_rolling_deployment(stack: Stack, expected: Expected) -> None:
    """ECS rolls back what does not become healthy, and Terraform waits for it and then says so."""
    service = stack.only("aws_ecs_service")
    assert (service["deployment_minimum_healthy_percent"], service["deployment_maximum_percent"]) == (100, 200)
    assert service["deployment_circuit_breaker"] == {"enable": True, "rollback": True}
    assert service["health_check_grace_period_seconds"] == expected.health_check_grace_period_seconds
    assert service["availability_zone_rebalancing"] == "ENABLED"
    assert service["wait_for_steady_state"] is True
    timeout = f"{expected.steady_state_timeout_minutes}m"
    assert service["timeouts"] == {"create": timeout, "update": timeout}
    if stack.shows_lifecycle:
        lifecycle = service.written("lifecycle") or {}
        assert set(lifecycle) == {"ignore_changes", "postcondition"}
        assert lifecycle["ignore_changes"] == ["desired_count"]
        revision = stack.only("aws_ecs_task_definition").reference("arn")
        assert lifecycle["postcondition"]["condition"] == f"${{self.task_definition == {revision[2:-1]}}}"


def fr_009_autoscaling(stack: Stack, expected: Expected) -> None:
    """On this service's number of tasks, by its own CPU."""
    target, policy = stack.only("aws_appautoscaling_target"), stack.only("aws_appautoscaling_policy")
    what = ("service_namespace", "scalable_dimension", "resource_id")
    _sets_at_most(target, *what, "min_capacity", "max_capacity")
    _sets_at_most(policy, *what, "name", "policy_type", "target_tracking_scaling_policy_configuration")
    cluster, service = stack.only("aws_ecs_cluster"), stack.only("aws_ecs_service")
    written = f"service/{cluster.reference('name')}/{service.reference('name')}"
    assert target.written("resource_id") == written
    assert policy.written("resource_id") == target.reference("resource_id")
    for resource in (target, policy):
        assert resource["service_namespace"] == "ecs"
        assert resource["scalable_dimension"] == "ecs:service:DesiredCount"
        assert resource["resource_id"] == f"service/{expected.name}/{expected.name}"
    assert (target["min_capacity"], target["max_capacity"]) == (1, 4)
    assert policy["policy_type"] == "TargetTrackingScaling"
    tracking = {"disable_scale_in": False, **policy["target_tracking_scaling_policy_configuration"]}
    assert tracking == {
        "predefined_metric_specification": {"predefined_metric_type": "ECSServiceAverageCPUUtilization"},
        "target_value": expected.cpu_target_percent,
        "scale_in_cooldown": expected.scale_in_cooldown_seconds,
        "scale_out_cooldown": expected.scale_out_cooldown_seconds,
        "disable_scale_in": False,
    }


def fr_010_logs(stack: Stack, expected: Expected) -> None:
    """To this stack's own log group, which is there before the first task."""
    log_group = stack.only("aws_cloudwatch_log_group")
    _sets_at_most(log_group, "name", "retention_in_days")
    assert log_group["name"] == expected.log_group
    assert log_group["retention_in_days"] == expected.log_retention_days
    assert _container(stack)["logConfiguration"] == {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": expected.log_group,
            "awslogs-region": expected.region,
            "awslogs-stream-prefix": expected.container_name,
        },
    }
    assert log_group.address in stack.only("aws_ecs_service").written("depends_on")


def _sets_at_most(resource: Resource, *attributes: str) -> None:
    """Whatever else Terraform or the provider could be told (`lifecycle`, `provider`, `privileged`) is not told."""
    assert set(resource.configuration) - set(attributes) == set(), resource.address


def _container(stack: Stack) -> Block:
    containers: list[Block] = json.loads(stack.only("aws_ecs_task_definition")["container_definitions"])
    assert len(containers) == 1, containers
    return containers[0]


def _role(stack: Stack, expected: Expected, suffix: str) -> Resource:
    """The role of this name, which only ECS tasks of the environment's own account and region can assume."""
    found = [role for role in stack.all("aws_iam_role") if role["name"] == f"{expected.name}-{suffix}"]
    assert len(found) == 1, f"one role {expected.name}-{suffix} is wanted"
    _sets_at_most(found[0], "name", "description", "assume_role_policy")
    assert json.loads(found[0]["assume_role_policy"])["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "ArnLike": {"aws:SourceArn": expected.arn("ecs", "*")},
                "StringEquals": {"aws:SourceAccount": expected.account_id},
            },
        }
    ]
    return found[0]


def _existing(stack: Stack, expected: Expected, module: str, output: str) -> Any:
    """What a module's state, at the place that the settings name, says under the name that they give it."""
    state = stack.state(module)
    _sets_at_most(state, "backend", "config", "lifecycle")
    backend = {key: value for key, value in expected.states[module].items() if key != "type"}
    assert (state["backend"], state["config"]) == (expected.states[module]["type"], backend)
    return stack.output(module, expected.outputs[output])


def _accepts(variable: Block, tag: str) -> bool:
    """Whether all the variable's validations do, which are patterns that the tag has to match."""
    conditions = " ".join(rule["condition"] for rule in variable["validation"])
    patterns = re.findall(r'\$\{can\(regex\("(.*?)", var\.image_tag\)\)\}', conditions)
    assert len(patterns) == len(variable["validation"]), conditions
    return all(re.search(pattern, tag) for pattern in patterns)


REQUIREMENTS = (
    sc_006_nothing_else,
    fr_001_cluster,
    fr_002_task_definition,
    fr_002_image,
    fr_003_service,
    fr_004_execution_role,
    fr_005_task_role,
    fr_006_security_group,
    fr_007_public_subnets,
    fr_008_rolling_deployment,
    fr_009_autoscaling,
    fr_010_logs,
)
