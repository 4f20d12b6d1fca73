"""The specification's functional requirements, checked on values alone: nothing of the project is imported here.

`Resources` are what Terraform plans (`planned_values` of `terraform show -json`) or what was synthesized: either way a
type to the attributes of each resource of it.
"""

from __future__ import annotations

import json
from typing import Any

Resources = dict[str, list[dict[str, Any]]]


def planned(document: dict[str, Any]) -> Resources:
    resources: Resources = {}
    for resource in document["planned_values"]["root_module"]["resources"]:
        if resource["mode"] == "managed":
            resources.setdefault(resource["type"], []).append(resource["values"])
    return resources


def synthesized(document: dict[str, Any]) -> Resources:
    return {
        type_: [{key: _as_blocks(value) for key, value in block.items()} for block in blocks.values()]
        for type_, blocks in document["resource"].items()
    }


def _as_blocks(value: Any) -> Any:
    """A nested block, which Terraform's JSON configuration may write without the list that a plan has around it."""
    return [value] if isinstance(value, dict) else value


def _only(resources: Resources, type_: str) -> dict[str, Any]:
    (resource,) = resources[type_]
    return resource


def _role(resources: Resources, suffix: str) -> dict[str, Any]:
    (role,) = [role for role in resources["aws_iam_role"] if role["name"].endswith(suffix)]
    return role


def fr_001_cluster(resources: Resources) -> None:
    assert _only(resources, "aws_ecs_cluster")["name"]


def fr_002_task_definition(resources: Resources) -> None:
    task_definition = _only(resources, "aws_ecs_task_definition")
    (container,) = json.loads(task_definition["container_definitions"])
    assert task_definition["network_mode"] == "awsvpc"
    assert task_definition["requires_compatibilities"] == ["FARGATE"]
    assert (int(task_definition["cpu"]), int(task_definition["memory"])) in {(256, 512), (512, 1024), (1024, 2048)}
    assert ".dkr.ecr." in container["image"] or "data.aws_ecr_repository" in container["image"]
    assert [mapping["containerPort"] for mapping in container["portMappings"]] == [8080]
    assert container["environment"] == [{"name": "PORT", "value": "8080"}]
    assert "null" not in task_definition["container_definitions"]


def fr_003_service_in_the_target_group(resources: Resources) -> None:
    service = _only(resources, "aws_ecs_service")
    (target,) = service["load_balancer"]
    assert service["launch_type"] == "FARGATE"
    assert service["desired_count"] >= 1
    assert target["container_port"] == 8080
    assert "targetgroup/" in target["target_group_arn"] or "target_group_arn" in target["target_group_arn"]


def fr_004_execution_role(resources: Resources) -> None:
    policy = json.loads(_only(resources, "aws_iam_role_policy")["policy"])
    granted = {action: statement["Resource"] for statement in policy["Statement"] for action in statement["Action"]}
    assert set(granted) == {
        "ecr:GetAuthorizationToken",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    assert [action for action, on in granted.items() if "*" in on] == ["ecr:GetAuthorizationToken"]
    _trusts_only_ecs_tasks(_role(resources, "-execution"))


def fr_005_task_role(resources: Resources) -> None:
    assert len(resources["aws_iam_role_policy"]) == 1
    assert "aws_iam_role_policy_attachment" not in resources
    _trusts_only_ecs_tasks(_role(resources, "-task"))


def _trusts_only_ecs_tasks(role: dict[str, Any]) -> None:
    (statement,) = json.loads(role["assume_role_policy"])["Statement"]
    assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    assert statement["Action"] == "sts:AssumeRole"


def fr_006_security_group(resources: Resources) -> None:
    (network,) = _only(resources, "aws_ecs_service")["network_configuration"]
    (group,) = network["security_groups"]
    assert group.startswith("sg-") or "app_security_group_id" in group


def fr_007_public_subnets(resources: Resources) -> None:
    (network,) = _only(resources, "aws_ecs_service")["network_configuration"]
    assert network["assign_public_ip"] is True
    subnets = network["subnets"]
    assert "public_subnet_ids" in subnets or all(subnet.startswith("subnet-") for subnet in subnets)


def fr_008_rolling_deployment(resources: Resources) -> None:
    service = _only(resources, "aws_ecs_service")
    assert (service["deployment_minimum_healthy_percent"], service["deployment_maximum_percent"]) == (100, 200)


def fr_009_autoscaling(resources: Resources) -> None:
    target = _only(resources, "aws_appautoscaling_target")
    assert (target["min_capacity"], target["max_capacity"]) == (1, 4)
    (tracking,) = _only(resources, "aws_appautoscaling_policy")["target_tracking_scaling_policy_configuration"]
    metric = tracking["predefined_metric_specification"]
    metric = metric[0] if isinstance(metric, list) else metric
    assert metric["predefined_metric_type"] == "ECSServiceAverageCPUUtilization"


def fr_010_logs(resources: Resources) -> None:
    (container,) = json.loads(_only(resources, "aws_ecs_task_definition")["container_definitions"])
    assert container["logConfiguration"]["logDriver"] == "awslogs"
    options = container["logConfiguration"]["options"]
    assert options["awslogs-group"] == _only(resources, "aws_cloudwatch_log_group")["name"]


REQUIREMENTS = (
    fr_001_cluster,
    fr_002_task_definition,
    fr_003_service_in_the_target_group,
    fr_004_execution_role,
    fr_005_task_role,
    fr_006_security_group,
    fr_007_public_subnets,
    fr_008_rolling_deployment,
    fr_009_autoscaling,
    fr_010_logs,
)
