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

    `backend` is where this stack's own state is, `states` where those of the three modules are, each with its `type`;
    `outputs` is what the modules call their outputs.
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
    cpu_target_percent: float
    scale_in_cooldown_seconds: int
    scale_out_cooldown_seconds: int
    log_retention_days: int
    tags: Mapping[str, str]
    backend: Block
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
    """Every resource that the specification names, the cluster's capacity providers, and the claims on its roles."""
    assert Counter(resource.type for resource in stack.resources if not resource.type.startswith("data.")) == {
        "aws_appautoscaling_policy": 1,
        "aws_appautoscaling_target": 1,
        "aws_cloudwatch_log_group": 1,
        "aws_ecs_cluster": 1,
        "aws_ecs_cluster_capacity_providers": 1,
        "aws_ecs_service": 1,
        "aws_ecs_task_definition": 1,
        "aws_iam_role": 2,
        "aws_iam_role_policies_exclusive": 2,
        "aws_iam_role_policy": 1,
        "aws_iam_role_policy_attachments_exclusive": 2,
    }


def sc_006_place(stack: Stack, expected: Expected) -> None:
    """In the environment's region and account, any other account being refused; with a state of its own, locked.

    Data sources ask AWS and the three states, at plan: one that depends on a resource would be read at apply.
    """
    assert stack.provider == {
        "aws": {
            "region": expected.region,
            "allowed_account_ids": [expected.account_id],
            "default_tags": {"tags": expected.tags},
            "ignore_tags": {"keys": ["release-verdict"]},
        }
    }
    if not stack.planned:
        type_ = expected.backend["type"]
        backend = {key: value for key, value in expected.backend.items() if key != "type"}
        locked = {"encrypt": True, "use_lockfile": True} if type_ == "s3" else {}
        for source in (each for each in stack.resources if each.type.startswith("data.")):
            assert source.type.startswith(("data.aws_", "data.terraform_remote_state")), source.address
            assert not {"provider", "depends_on", "count"} & set(source.configuration), source.address
        provider = stack.terraform.get("required_providers", {}).get("aws", {})
        assert re.fullmatch(r"[\d.]+", provider.get("version", "")), "the provider's version is pinned"
        assert stack.terraform == {
            "backend": {type_: {**backend, **locked}},
            "required_version": ">= 1.10",  # the first that locks a state in S3
            "required_providers": {"aws": {"source": "hashicorp/aws", "version": provider["version"]}},
        }


def assumptions(stack: Stack, expected: Expected) -> None:
    """What the specification assumes of the three modules is checked by Terraform, on what they really made.

    Here only that it looks, at the right things: what it says of wrong ones is another test's.
    """
    target_group, group = stack.only("data.aws_lb_target_group"), stack.only("data.aws_security_group")
    assert target_group["arn"] == _existing(stack, expected, "loadbalancing", "target_group_arn")
    assert group["id"] == _existing(stack, expected, "security", "app_security_group_id")
    if not stack.planned:
        subnets = stack.only("data.aws_subnet")
        public = _existing(stack, expected, "networking", "public_subnet_ids")
        assert (subnets.written("id"), subnets.written("for_each")) == ("${each.value}", f"${{toset({public[2:-1]})}}")
        for source in (target_group, group, subnets, *stack.all("data.terraform_remote_state")):
            assert set(source.written("lifecycle") or {}) == {"postcondition"}, source.address


def fr_001_cluster(stack: Stack, expected: Expected) -> None:
    cluster = stack.only("aws_ecs_cluster")
    _sets_at_most(cluster, "name", "setting", "configuration")
    assert cluster["name"] == expected.name
    assert cluster["setting"] == {"name": "containerInsights", "value": expected.container_insights}
    assert cluster["configuration"] == {"execute_command_configuration": {"logging": "DEFAULT"}}
    providers = stack.only("aws_ecs_cluster_capacity_providers")
    _sets_at_most(providers, "cluster_name", "capacity_providers")
    assert providers.written("cluster_name") == cluster.reference("name")
    assert providers["capacity_providers"] == ["FARGATE", "FARGATE_SPOT"]
    _is_there_before_the_service(stack, providers)


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
    judged_elsewhere = {"image", "logConfiguration"}
    assert {key: value for key, value in _container(stack).items() if key not in judged_elsewhere} == {
        "name": expected.container_name,
        "essential": True,
        "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
        "environment": [{"name": "PORT", "value": "8080"}],
        "user": expected.user,
        "readonlyRootFilesystem": True,
        "stopTimeout": expected.stop_timeout_seconds,
        "dockerLabels": {"org.opencontainers.image.ref.name": stack.image_tag},
    }
    assert expected.user.partition(":")[0] not in {"0", "root"}


def fr_002_image(stack: Stack, expected: Expected) -> None:
    """From ECR, by the digest that the tag of a release names at plan; the tag has to be there."""
    repository, pushed = stack.only("data.aws_ecr_repository"), stack.only("data.aws_ecr_image")
    _sets_at_most(repository, "name")
    _sets_at_most(pushed, "repository_name", "image_tag", "for_each")
    digest = f"${{one(values({pushed.address})).image_digest}}"
    repository_url = f"{expected.account_id}.dkr.ecr.{expected.region}.amazonaws.com/{expected.repository}"
    assert _container(stack).get("image") == f"{repository_url}@{pushed['image_digest'] if stack.planned else digest}"
    written = json.loads(stack.only("aws_ecs_task_definition").written("container_definitions"))
    assert written[0]["image"] == f"{repository.reference('repository_url')}@{digest}"
    assert not stack.planned or re.fullmatch("sha256:[0-9a-f]{64}", pushed["image_digest"])
    assert (pushed["repository_name"], pushed["image_tag"]) == (expected.repository, stack.image_tag)
    assert stack.planned or pushed["for_each"] == f'${{toset(["{expected.repository}:${{var.image_tag}}"])}}'


def fr_002_image_tag(stack: Stack, expected: Expected) -> None:
    """Production takes commit SHAs only (Assumptions); elsewhere a tag may have a default, and be any that ECR has."""
    assert set(stack.variables) == {"image_tag"}
    variable = stack.variables["image_tag"]
    assert variable.get("default") == expected.default_tag
    if not stack.planned:
        assert (variable.get("type"), variable.get("nullable")) == ("string", False)
        shas, others = ["3f9c2e1", 40 * "0"], ["latest", "v1.2", "3f9c2e", "3F9C2E1", 41 * "0"]
        tags = shas if expected.requires_commit_sha else [*shas, *others]
        assert [tag for tag in [*shas, *others, "", ".", "a b", 129 * "0"] if _accepts(variable, tag)] == tags
    assert not expected.requires_commit_sha or re.fullmatch(r"[0-9a-f]{7,40}|None", str(expected.default_tag))


def fr_003_service(stack: Stack, expected: Expected) -> None:
    """This stack's task definition on this stack's cluster, registered with the existing target group."""
    service = stack.only("aws_ecs_service")
    _sets_at_most(
        service,
        *("name", "cluster", "task_definition", "desired_count", "capacity_provider_strategy", "force_new_deployment"),
        *("network_configuration", "load_balancer", "deployment_minimum_healthy_percent", "deployment_maximum_percent"),
        *("deployment_circuit_breaker", "health_check_grace_period_seconds", "availability_zone_rebalancing"),
        *("enable_execute_command", "enable_ecs_managed_tags", "propagate_tags", "wait_for_steady_state", "timeouts"),
        *("platform_version", "lifecycle", "depends_on"),
    )
    assert service["name"] == expected.name
    assert service.written("cluster") == stack.only("aws_ecs_cluster").reference("arn")
    assert service.written("task_definition") == stack.only("aws_ecs_task_definition").reference("arn")
    assert service["capacity_provider_strategy"] == {"capacity_provider": "FARGATE", "weight": 100}
    assert service["launch_type"] is None, "a launch type excludes the strategy"
    assert (service["force_new_deployment"], service["platform_version"]) == (True, "LATEST")
    assert service["desired_count"] == 1
    assert service["enable_execute_command"] is False
    assert (service["propagate_tags"], service["enable_ecs_managed_tags"]) == ("SERVICE", True)
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
    _sets_at_most(policy, "name", "role", "policy", "lifecycle")
    _fits_iam(stack, policy)
    assert (policy["name"], policy["role"]) == ("execution", role["name"])
    assert policy.written("role") == role.reference("name")
    pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    write = ["logs:CreateLogStream", "logs:PutLogEvents"]
    log_streams = expected.arn("logs", f"log-group:{expected.log_group}:*")
    assert _statements(policy, "policy") == [
        {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": ["*"]},
        {"Effect": "Allow", "Action": pull, "Resource": [expected.arn("ecr", f"repository/{expected.repository}")]},
        {"Effect": "Allow", "Action": write, "Resource": [log_streams]},
    ]
    _is_there_before_the_service(stack, policy)
    _has_no_policies_but(stack, role, policy)


def fr_005_task_role(stack: Stack, expected: Expected) -> None:
    """No permission at all, by whichever resource one could be granted."""
    role = _role(stack, expected, "task")
    assert stack.only("aws_ecs_task_definition").written("task_role_arn") == role.reference("arn")
    granting = [resource for resource in stack.resources if resource.type.startswith("aws_iam_role_")]
    assert [resource.address for resource in granting if resource["role"] == role["name"]] == []
    _has_no_policies_but(stack, role)


def fr_006_security_group(stack: Stack, expected: Expected) -> None:
    network = stack.only("aws_ecs_service")["network_configuration"] or {}
    assert network.get("security_groups") == [_existing(stack, expected, "security", "app_security_group_id")]


def fr_007_public_subnets(stack: Stack, expected: Expected) -> None:
    network = stack.only("aws_ecs_service")["network_configuration"] or {}
    assert set(network) == {"subnets", "security_groups", "assign_public_ip"}
    subnets, existing = network["subnets"], _existing(stack, expected, "networking", "public_subnet_ids")
    assert subnets == existing or sorted(subnets) == sorted(existing)  # a plan shows a set, in an order of its own
    assert network["assign_public_ip"] is True


def fr_008_rolling_deployment(stack: Stack, expected: Expected) -> None:
    """ECS rolls back what does not become healthy, and Terraform waits for it."""
    service = stack.only("aws_ecs_service")
    assert (service["deployment_minimum_healthy_percent"], service["deployment_maximum_percent"]) == (100, 200)
    assert service["deployment_circuit_breaker"] == {"enable": True, "rollback": True}
    assert service["health_check_grace_period_seconds"] == expected.health_check_grace_period_seconds
    assert service["availability_zone_rebalancing"] == "ENABLED"
    assert service["wait_for_steady_state"] is True
    timeout = f"{expected.steady_state_timeout_minutes}m"
    assert service["timeouts"] == {"create": timeout, "update": timeout}


def fr_008_after_creation(stack: Stack, _: Expected) -> None:
    """Terraform leaves the number of tasks to autoscaling, and fails for a rollback, naming both revisions.

    What would replace the service makes the new one first: ECS refuses another of the same name, and the old one stays.
    """
    service = stack.only("aws_ecs_service")
    if not stack.planned:
        lifecycle = service.written("lifecycle") or {}
        assert set(lifecycle) == {"create_before_destroy", "ignore_changes", "postcondition"}
        assert lifecycle["create_before_destroy"] is True
        assert lifecycle["ignore_changes"] == ["desired_count"]
        postcondition = lifecycle["postcondition"]
        assert isinstance(postcondition, dict), "one postcondition is wanted"
        assert set(postcondition) == {"condition", "error_message"}
        ours = stack.only("aws_ecs_task_definition").reference("arn")
        assert postcondition["condition"] == f"${{self.task_definition == {ours[2:-1]}}}"
        assert {ours, "${self.task_definition}"} <= set(re.findall(r"\$\{.*?\}", postcondition["error_message"]))


def fr_009_autoscaling(stack: Stack, expected: Expected) -> None:
    """On this service's number of tasks, by its own CPU."""
    target, policy = stack.only("aws_appautoscaling_target"), stack.only("aws_appautoscaling_policy")
    what = ("service_namespace", "scalable_dimension", "resource_id")
    _sets_at_most(target, *what, "min_capacity", "max_capacity", "suspended_state")
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
    assert target["suspended_state"] == {
        "dynamic_scaling_in_suspended": False,
        "dynamic_scaling_out_suspended": False,
        "scheduled_scaling_suspended": False,
    }
    assert policy["name"] == "cpu-target-tracking"
    assert policy["policy_type"] == "TargetTrackingScaling"
    tracking = policy["target_tracking_scaling_policy_configuration"] or {}
    assert {"disable_scale_in": False, **tracking} == {
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
    assert _container(stack).get("logConfiguration") == {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": expected.log_group,
            "awslogs-region": expected.region,
            "awslogs-stream-prefix": expected.container_name,
        },
    }
    _is_there_before_the_service(stack, log_group)


def _sets_at_most(resource: Resource, *attributes: str) -> None:
    """Whatever else Terraform or the provider could be told (`lifecycle`, `count`, `provider`) is not told."""
    assert set(resource.configuration) - set(attributes) == set(), resource.address


def _fits_iam(stack: Stack, policy: Resource) -> None:
    """IAM takes 10,240 characters without white space, which is all that `lifecycle` says."""
    if not stack.planned:
        postcondition = (policy.written("lifecycle") or {}).get("postcondition")
        assert policy.written("lifecycle") == {"postcondition": postcondition}
        assert isinstance(postcondition, dict), "one postcondition is wanted"
        characters = 'length(replace(self.policy, "/[[:space:]]/", ""))'
        assert set(postcondition) == {"condition", "error_message"}
        assert postcondition["condition"] == f"${{{characters} <= 10240}}"
        assert {f"${{{characters}}}", "${self.role}"} <= set(re.findall(r"\$\{.*?\}", postcondition["error_message"]))


def _is_there_before_the_service(stack: Stack, resource: Resource) -> None:
    assert resource.address in (stack.only("aws_ecs_service").written("depends_on") or [])


def _json(resource: Resource, attribute: str) -> Any:
    text = resource[attribute]
    assert isinstance(text, str), f"{resource.address} has no {attribute}"
    return json.loads(text)


def _container(stack: Stack) -> Block:
    containers: list[Block] = _json(stack.only("aws_ecs_task_definition"), "container_definitions")
    assert len(containers) == 1, containers
    return containers[0]


def _statements(resource: Resource, attribute: str) -> list[Block]:
    """Of a policy document, without their names."""
    document = _json(resource, attribute)
    assert set(document) == {"Version", "Statement"}
    assert document["Version"] == "2012-10-17"
    return [{key: value for key, value in each.items() if key != "Sid"} for each in document["Statement"]]


def _role(stack: Stack, expected: Expected, suffix: str) -> Resource:
    """The role of this name, which only ECS tasks of the environment's own account and region can assume."""
    found = [role for role in stack.all("aws_iam_role") if role["name"] == f"{expected.name}-{suffix}"]
    assert len(found) == 1, f"one role {expected.name}-{suffix} is wanted"
    _sets_at_most(found[0], "name", "description", "assume_role_policy", "force_detach_policies")
    assert found[0]["force_detach_policies"] is True
    assert _statements(found[0], "assume_role_policy") == [
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


def _has_no_policies_but(stack: Stack, role: Resource, *policies: Resource) -> None:
    """Terraform takes away what else is added or attached to the role, once these are there."""
    for type_, attribute, wanted in (
        ("aws_iam_role_policies_exclusive", "policy_names", policies),
        ("aws_iam_role_policy_attachments_exclusive", "policy_arns", ()),
    ):
        found = [each for each in stack.all(type_) if each.written("role_name") == role.reference("name")]
        assert len(found) == 1, f"one {type_} is wanted for {role.address}"
        _sets_at_most(found[0], "role_name", attribute)
        assert found[0]["role_name"] == role["name"]
        assert (found[0][attribute] or []) == [policy["name"] for policy in wanted]
        assert (found[0].written(attribute) or []) == [policy.reference("name") for policy in wanted]


def _existing(stack: Stack, expected: Expected, module: str, output: str) -> Any:
    """What a module's state, at the place that the settings name, says under the name that they give it."""
    state = stack.state(module)
    _sets_at_most(state, "backend", "config", "lifecycle")
    backend = {key: value for key, value in expected.states[module].items() if key != "type"}
    assert (state["backend"], state["config"]) == (expected.states[module]["type"], backend)
    return stack.output(module, expected.outputs[output])


def _accepts(variable: Block, tag: str) -> bool:
    """Whether all the variable's validations do, which are patterns that the tag has to match."""
    rules = variable.get("validation", [])
    patterns = [re.fullmatch(r'\$\{can\(regex\("(.*)", var\.image_tag\)\)\}', rule["condition"]) for rule in rules]
    return all(re.search(pattern[1], tag) if pattern else False for pattern in patterns)


REQUIREMENTS = (
    sc_006_nothing_else,
    sc_006_place,
    assumptions,
    fr_001_cluster,
    fr_002_task_definition,
    fr_002_image,
    fr_002_image_tag,
    fr_003_service,
    fr_004_execution_role,
    fr_005_task_role,
    fr_006_security_group,
    fr_007_public_subnets,
    fr_008_rolling_deployment,
    fr_008_after_creation,
    fr_009_autoscaling,
    fr_010_logs,
)
