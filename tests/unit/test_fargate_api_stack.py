"""The stack as Terraform gets it: every requirement of the specification, on the synthesized JSON."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import TerraformStack, Testing
from cdktf_cdktf_provider_aws.ecs_cluster import EcsCluster
from cdktf_cdktf_provider_aws.ecs_service import EcsService
from cdktf_cdktf_provider_aws.ecs_task_definition import EcsTaskDefinition
from pydantic import ValidationError

from constructs_lib.iam_policy import AwsLocation
from constructs_lib.task_execution_role import TaskExecutionRole
from stacks.fargate_api_stack import FargateApiStack
from stacks.settings import Environment
from tests.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable

    Synthesize = Callable[..., Template]

ACCOUNT, REGION = "111111111111", "eu-west-1"
PARTITION = "${data.aws_partition.partition.partition}"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:database-AbCdEf"
KMS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/go-api/licence"

RESOURCES = [
    "aws_appautoscaling_policy",
    "aws_appautoscaling_target",
    "aws_cloudwatch_log_group",
    "aws_ecs_cluster",
    "aws_ecs_cluster_capacity_providers",
    "aws_ecs_service",
    "aws_ecs_task_definition",
    "aws_iam_role",
    "aws_iam_role",
    "aws_iam_role_policies_exclusive",
    "aws_iam_role_policies_exclusive",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachments_exclusive",
    "aws_iam_role_policy_attachments_exclusive",
]


def test_creates_nothing_but_what_the_specification_names(template: Template) -> None:
    """SC-006: cluster, task definition, service, two roles, one policy, log group, scaling target and policy.

    The exclusive ones create nothing in AWS: they claim that a role has no other policy. Nor do capacity providers, of
    which each cluster may have both of Fargate's.
    """
    assert template.resource_types() == RESOURCES


def test_matchers_find_the_three_ecs_resources(template: Template) -> None:
    """CDKTF's own matchers, which a team's tests use, work on the stack."""
    assert Testing.to_have_resource(template.text, EcsCluster.TF_RESOURCE_TYPE)
    assert Testing.to_have_resource_with_properties(
        template.text, EcsTaskDefinition.TF_RESOURCE_TYPE, {"cpu": "256", "memory": "512"}
    )
    assert Testing.to_have_resource_with_properties(
        template.text, EcsService.TF_RESOURCE_TYPE, {"force_new_deployment": True, "name": "go-api-dev"}
    )


def test_cluster(template: Template) -> None:
    """FR-001."""
    assert template.only("aws_ecs_cluster") == {
        "name": "go-api-dev",
        "setting": [{"name": "containerInsights", "value": "enabled"}],
        "configuration": {"execute_command_configuration": {"logging": "DEFAULT"}},
    }


def test_every_name_is_one_whose_length_is_checked(template: Template, environment: Callable[..., Environment]) -> None:
    """What the settings measure against AWS's limits is what the stack creates, each with the limit of its kind."""
    created = [
        *((block["name"], 64) for block in template.all("aws_iam_role")),
        (template.only("aws_ecs_cluster")["name"], 255),
        (template.only("aws_ecs_service")["name"], 255),
        (template.only("aws_ecs_task_definition")["family"], 255),
        (template.only("aws_cloudwatch_log_group")["name"], 512),
    ]
    assert set(created) == {(name, limit) for _, name, limit in environment().names.limits}


def test_each_role_is_called_what_it_is(template: Template) -> None:
    """Neither has the other's name."""
    roles = {address: block["name"] for address, block in template.json["resource"]["aws_iam_role"].items()}
    assert roles == {"execution_role": "go-api-dev-execution", "task_role": "go-api-dev-task"}


def test_task_definition(template: Template) -> None:
    """FR-002, and a revision that stays registered, so that a rollback finds it."""
    task_definition = template.only("aws_ecs_task_definition")
    del task_definition["container_definitions"]
    assert task_definition == {
        "family": "go-api-dev",
        "requires_compatibilities": ["FARGATE"],
        "network_mode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "runtime_platform": {"cpu_architecture": "X86_64", "operating_system_family": "LINUX"},
        "execution_role_arn": "${aws_iam_role.execution_role.arn}",
        "task_role_arn": "${aws_iam_role.task_role.arn}",
        "skip_destroy": True,
    }


def test_container(template: Template) -> None:
    """FR-002 and FR-010: the image by its digest, its tag in sight, PORT as the only variable, non-root, read-only."""
    assert template.container() == {
        "name": "go-api",
        "image": (
            "${data.aws_ecr_repository.repository.repository_url}"
            "@${one(values(data.aws_ecr_image.pushed_image)).image_digest}"
        ),
        "dockerLabels": {"org.opencontainers.image.ref.name": "${var.image_tag}"},
        "essential": True,
        "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
        "environment": [{"name": "PORT", "value": "8080"}],
        "user": "65532",
        "readonlyRootFilesystem": True,
        "stopTimeout": 30,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": "/ecs/go-api-dev",
                "awslogs-region": REGION,
                "awslogs-stream-prefix": "go-api",
            },
        },
    }


def test_service(template: Template) -> None:
    """FR-003, FR-006, FR-007 and FR-008, the circuit breaker, and that Terraform waits and leaves the count alone."""
    service = template.only("aws_ecs_service")
    lifecycle = service.pop("lifecycle")
    assert lifecycle["ignore_changes"] == ["desired_count"]
    assert service.pop("depends_on")[1].startswith("aws_iam_role_policy.execution_role_policy")
    assert service.pop("task_definition").startswith("${aws_ecs_task_definition.")
    assert service == {
        "name": "go-api-dev",
        "cluster": "${aws_ecs_cluster.cluster.arn}",
        "capacity_provider_strategy": [{"capacity_provider": "FARGATE", "weight": 100}],
        "force_new_deployment": True,
        "platform_version": "LATEST",
        "desired_count": 1,
        "network_configuration": {
            "subnets": "${data.terraform_remote_state.networking.outputs.public_subnet_ids}",
            "security_groups": ["${data.terraform_remote_state.security.outputs.app_security_group_id}"],
            "assign_public_ip": True,
        },
        "load_balancer": [
            {
                "target_group_arn": "${data.terraform_remote_state.loadbalancing.outputs.target_group_arn}",
                "container_name": "go-api",
                "container_port": 8080,
            }
        ],
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
    }


def test_several_target_groups(synthesize: Synthesize, template: Template) -> None:
    """The service joins each, and each is checked; the first is whose health URL and name the outputs have."""
    groups = ["target_group_arn", 'internal["api"].arn']
    several = synthesize(remote_state={"loadbalancing": {"outputs": {"target_group_arn": groups}}})
    outputs = "data.terraform_remote_state.loadbalancing.outputs"
    joined = several.only("aws_ecs_service")["load_balancer"]
    (local,) = [
        name for name, value in several.json["locals"].items() if value == f'${{{outputs}["internal"]["api"].arn}}'
    ]
    arns = [f"${{{outputs}.target_group_arn}}", f"${{local.{local}}}"]
    assert [each.pop("target_group_arn") for each in joined] == arns
    assert joined == [{"container_name": "go-api", "container_port": 8080}] * 2
    looked_up = several.json["data"]["aws_lb_target_group"]
    assert {name: group["arn"] for name, group in looked_up.items()} == dict(
        zip(("existing_loadbalancing", "existing_loadbalancing_2"), arns, strict=True)
    )
    first, second = (group["lifecycle"]["postcondition"] for group in looked_up.values())
    assert first == second
    checks = [re.sub("_[0-9A-F]{8}$", "", name) for name in several.json["check"] if "loadbalancing" in name]
    assert sorted(checks) == sorted(
        f"existing_loadbalancing{number}_{check}" for number in ("", "_2") for check in ("drain", "health_check_port")
    )
    postconditions = several.json["data"]["terraform_remote_state"]["loadbalancing"]["lifecycle"]["postcondition"]
    assert "and another one than target_group_arn" in postconditions[1]["error_message"]
    assert several.json["output"] == template.json["output"]
    service = template.only("aws_ecs_service")
    rest = {key: value for key, value in several.only("aws_ecs_service").items() if key != "load_balancer"}
    assert rest == {key: value for key, value in service.items() if key != "load_balancer"}


def test_service_fails_the_apply_after_a_rollback(template: Template) -> None:
    """A service that ECS rolled back to another revision is an error, whose text names both revisions."""
    (postcondition,) = template.only("aws_ecs_service")["lifecycle"]["postcondition"]
    ours = template.only("aws_ecs_service")["task_definition"]
    assert postcondition["condition"] == f"${{self.task_definition == {ours[2:-1]}}}"
    assert "rolled back" in postcondition["error_message"]
    assert ours in postcondition["error_message"]


def test_a_cluster_of_somebody_elses(synthesize: Synthesize, template: Template) -> None:
    """It is read and not made, nor are its capacity providers; the rest of the stack is the same, in that cluster."""
    shared = synthesize(cluster={"name": "shared"})
    own = {"aws_ecs_cluster", "aws_ecs_cluster_capacity_providers"}
    assert shared.resource_types() == [type_ for type_ in template.resource_types() if type_ not in own]
    cluster = "data.aws_ecs_cluster.existing_cluster"
    assert shared.only("data.aws_ecs_cluster")["cluster_name"] == "shared"
    assert shared.only("aws_ecs_service")["cluster"] == f"${{{cluster}.arn}}"
    service = "${aws_ecs_service.service.name}"
    assert shared.only("aws_appautoscaling_target")["resource_id"] == f"service/${{{cluster}.cluster_name}}/{service}"
    assert shared.json["output"]["cluster_name"]["value"] == f"${{{cluster}.cluster_name}}"
    assert shared.json["output"]["cluster_arn"]["value"] == f"${{{cluster}.arn}}"
    named = re.compile(r"(?<!data\.)aws_ecs_cluster")
    assert not named.search(json.dumps(shared.json["resource"]))
    for kind in ("aws_iam_role", "aws_iam_role_policy"):
        assert shared.all(kind) == template.all(kind)


def test_a_cluster_by_another_modules_output(synthesize: Synthesize) -> None:
    """As one that is named, by the last part of what the output says: an ARN's is the name."""
    states = synthesize().json["data"]["terraform_remote_state"]
    backend = {"type": "local", "path": "compute.tfstate"}
    named = synthesize(cluster={"name": "shared"}).json
    read = synthesize(remote_state={"cluster": {"backend": backend, "outputs": {"cluster_name": "ecs[0].arn"}}}).json
    (cluster,) = read["data"]["aws_ecs_cluster"].values()
    (local,) = {*read["locals"]} - {*named["locals"]}
    assert cluster["cluster_name"] == f"${{basename(local.{local})}}"
    assert read["locals"][local] == '${data.terraform_remote_state.cluster.outputs["ecs"][0].arn}'
    assert read["resource"] == named["resource"]
    assert {*read["data"]["terraform_remote_state"]} - {*states} == {"cluster"}


def test_a_log_group_of_somebody_elses(synthesize: Synthesize) -> None:
    """It is read and not made; the execution role writes to it alone, into streams that tell whose they are."""
    template = synthesize(logs={"group": "shared-apis"})
    assert "aws_cloudwatch_log_group" not in template.resource_types()
    assert template.only("data.aws_cloudwatch_log_group")["name"] == "shared-apis"
    assert template.container()["logConfiguration"]["options"] == {
        "awslogs-group": "shared-apis",
        "awslogs-region": REGION,
        "awslogs-stream-prefix": "go-api-dev",
    }
    streams = f"arn:{PARTITION}:logs:{REGION}:{ACCOUNT}:log-group:shared-apis:*"
    (writes,) = [each for each in template.policy("execution") if "logs:PutLogEvents" in each["Action"]]
    assert (writes["Action"], writes["Resource"]) == (["logs:CreateLogStream", "logs:PutLogEvents"], [streams])
    assert (
        template.json["output"]["log_group_name"]["value"] == "${data.aws_cloudwatch_log_group.existing_log_group.name}"
    )


@pytest.mark.parametrize(
    ("said", "compared"),
    [({}, []), ({"retention_days": 0}, ["retention"]), ({"kms_key_arn": KMS_KEY}, ["kms_key"])],
)
def test_of_somebody_elses_log_group_what_is_said_is_compared(
    environment: Callable[..., Environment], said: dict[str, Any], compared: list[str]
) -> None:
    """With a warning at most, and nothing that the file leaves out."""
    settings = environment().model_dump(exclude_unset=True) | {"logs": {"group": "shared-apis", **said}}
    stack = FargateApiStack(Testing.app(), "go-api-dev", environment=Environment.model_validate(settings))
    checks = re.findall(r"existing_log_group_(\w+?)_[0-9A-F]{8}", " ".join(Template.of(stack).json["check"]))
    assert checks == compared


def test_execution_role_has_exactly_five_actions(template: Template) -> None:
    """FR-004: each action on the one resource it needs; only the registry's login is on everything."""
    granted = {
        (action, *statement["Resource"]) for statement in template.policy("execution") for action in statement["Action"]
    }
    repository = "${data.aws_ecr_repository.repository.arn}"
    streams = f"arn:{PARTITION}:logs:{REGION}:{ACCOUNT}:log-group:/ecs/go-api-dev:*"
    assert granted == {
        ("ecr:GetAuthorizationToken", "*"),
        ("ecr:BatchGetImage", repository),
        ("ecr:GetDownloadUrlForLayer", repository),
        ("logs:CreateLogStream", streams),
        ("logs:PutLogEvents", streams),
    }
    assert {statement["Effect"] for statement in template.policy("execution")} == {"Allow"}


def test_task_role_has_no_policy(template: Template) -> None:
    """FR-005: the only inline policy is the execution role's, and nothing is attached."""
    assert [policy["role"] for policy in template.all("aws_iam_role_policy")] == ["${aws_iam_role.execution_role.name}"]
    assert not template.all("aws_iam_role_policy_attachment")


def test_roles_have_no_other_policy(template: Template) -> None:
    """What others add or attach is a change in the plan: all but the execution role's own."""
    inline = {block["role_name"]: block["policy_names"] for block in template.all("aws_iam_role_policies_exclusive")}
    (own,) = template.json["resource"]["aws_iam_role_policy"]
    assert inline == {
        "${aws_iam_role.execution_role.name}": [f"${{aws_iam_role_policy.{own}.name}}"],
        "${aws_iam_role.task_role.name}": [],
    }
    attached = template.all("aws_iam_role_policy_attachments_exclusive")
    assert {block["role_name"]: block["policy_arns"] for block in attached} == {role: [] for role in inline}


@pytest.mark.parametrize("role", ["go-api-dev-execution", "go-api-dev-task"])
def test_only_ecs_tasks_of_this_account_assume_a_role(template: Template, role: str) -> None:
    """Neither EC2 nor another account's tasks."""
    (found,) = [block for block in template.all("aws_iam_role") if block["name"] == role]
    (statement,) = json.loads(found["assume_role_policy"])["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:{PARTITION}:ecs:{REGION}:{ACCOUNT}:*"},
        },
    }


def test_autoscaling(template: Template) -> None:
    """FR-009: one to four tasks, tracking the service's average CPU."""
    target, policy = template.only("aws_appautoscaling_target"), template.only("aws_appautoscaling_policy")
    assert target == {
        "service_namespace": "ecs",
        "scalable_dimension": "ecs:service:DesiredCount",
        "resource_id": "service/${aws_ecs_cluster.cluster.name}/${aws_ecs_service.service.name}",
        "min_capacity": 1,
        "max_capacity": 4,
        "suspended_state": {
            "dynamic_scaling_in_suspended": False,
            "dynamic_scaling_out_suspended": False,
            "scheduled_scaling_suspended": False,
        },
    }
    assert policy["policy_type"] == "TargetTrackingScaling"
    assert policy["target_tracking_scaling_policy_configuration"] == {
        "predefined_metric_specification": {"predefined_metric_type": "ECSServiceAverageCPUUtilization"},
        "target_value": 70,
        "scale_in_cooldown": 300,
        "scale_out_cooldown": 60,
    }


def test_log_group(template: Template) -> None:
    """FR-010."""
    assert template.only("aws_cloudwatch_log_group") == {"name": "/ecs/go-api-dev", "retention_in_days": 14}


def test_the_owners_tags_stand_in_place_of_the_stacks(synthesize: Synthesize) -> None:
    """One of the two where they differ in case alone."""
    (provider,) = synthesize(tags={"Environment": "prod", "managed-by": "a"}).json["provider"]["aws"]
    tags = {"Environment": "prod", "managed-by": "a", "service": "go-api", "team": "platform"}
    assert provider["default_tags"] == [{"tags": tags}]


def test_image_tag_has_the_environments_default(synthesize: Synthesize, template: Template) -> None:
    """`latest` where the environment says so; without a default every plan has to name a tag."""
    assert template.json["variable"]["image_tag"]["default"] == "latest"
    without = synthesize(image={"default_tag": None}).json["variable"]["image_tag"]
    assert "default" not in without
    assert without["nullable"] is False


def test_image_tag_must_be_a_commit_sha_where_required(synthesize: Synthesize) -> None:
    """Production's second rule; its message names the environment and the tag."""
    image = {"default_tag": None, "require_commit_sha_tag": True}
    rules = synthesize(image=image).json["variable"]["image_tag"]["validation"]
    assert [rule["condition"] for rule in rules][1] == '${can(regex("^[0-9a-f]{7,40}$", var.image_tag))}'
    assert "dev takes only commit SHAs" in rules[1]["error_message"]


CHANGES: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"scaling": {"min_capacity": 0}}, "aws_ecs_service", {"desired_count": 1}),
    ({"scaling": {"min_capacity": 0, "max_capacity": 0}}, "aws_ecs_service", {"desired_count": 0}),
    ({"scaling": {"min_capacity": 0}}, "aws_appautoscaling_target", {"min_capacity": 0, "max_capacity": 4}),
    (
        {"deployment": {"minimum_healthy_percent": 0, "maximum_percent": 100}},
        "aws_ecs_service",
        {"deployment_maximum_percent": 100, "availability_zone_rebalancing": "DISABLED"},
    ),
]


@pytest.mark.parametrize(("changes", "type_", "expected"), CHANGES, ids=[str(change[0]) for change in CHANGES])
def test_settings_at_their_limits_reach_their_resource(
    synthesize: Synthesize, changes: dict[str, Any], type_: str, expected: dict[str, Any]
) -> None:
    """A service whose least is none begins with one task; `test_stack_wiring.py` has what is between the limits."""
    resource = synthesize(**changes).only(type_)
    assert {key: resource.get(key) for key in expected} == expected


def test_container_settings(synthesize: Synthesize) -> None:
    """Port, user, file system and stop timeout; PORT and target follow the port; variables are sorted."""
    template = synthesize(
        container={
            "port": 9000,
            "user": "1000:1000",
            "readonly_root_filesystem": False,
            "stop_timeout_seconds": 90,
            "environment": {"ZONE": "a", "LOG_LEVEL": "debug"},
        }
    )
    container = template.container()
    assert container["portMappings"][0]["containerPort"] == 9000
    assert container["environment"] == [
        {"name": "LOG_LEVEL", "value": "debug"},
        {"name": "PORT", "value": "9000"},
        {"name": "ZONE", "value": "a"},
    ]
    assert (container["user"], container["readonlyRootFilesystem"], container["stopTimeout"]) == (
        "1000:1000",
        False,
        90,
    )
    assert template.only("aws_ecs_service")["load_balancer"][0]["container_port"] == 9000


def test_terraform_does_not_read_settings_as_templates(synthesize: Synthesize) -> None:
    """`${…}` and `%{…}` in a value reach the container, and IAM's variables reach IAM, as they were written."""
    condition = {"StringLike": {"aws:userid": ["${aws:userid}"]}}
    template = synthesize(
        container={"environment": {"GREETING": "hello ${name} %{ if true }"}},
        task_role={
            "statements": [
                {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::b/${aws:userid}/*"], "conditions": condition}
            ]
        },
    )
    assert template.container()["environment"][0]["value"] == "hello $${name} %%{ if true }"
    (statement,) = template.policy("task")
    assert statement["Resource"] == ["arn:aws:s3:::b/$${aws:userid}/*"]
    assert statement["Condition"] == {"StringLike": {"aws:userid": ["$${aws:userid}"]}}


def test_secrets_give_the_execution_role_their_read_and_nothing_else(synthesize: Synthesize) -> None:
    """Exactly these ARNs, without what follows a secret's in a container definition; the task role gets none."""
    template = synthesize(
        container={
            "secrets": {
                "DB": f"{SECRET}:password::",
                "DB_USER": f"{SECRET}:user::",
                "LICENCE": PARAMETER,
                "PATH_OF_ONE": "/go-api/key",
            }
        }
    )
    assert template.container()["secrets"] == [
        {"name": "DB", "valueFrom": f"{SECRET}:password::"},
        {"name": "DB_USER", "valueFrom": f"{SECRET}:user::"},
        {"name": "LICENCE", "valueFrom": PARAMETER},
        {"name": "PATH_OF_ONE", "valueFrom": "/go-api/key"},
    ]
    of_path = f"arn:${{data.aws_partition.partition.partition}}:ssm:{REGION}:{ACCOUNT}:parameter/go-api/key"
    added = template.policy("execution")[3:]
    assert [(statement["Action"], statement["Resource"]) for statement in added] == [
        (["secretsmanager:GetSecretValue"], [SECRET]),
        (["ssm:GetParameters"], [of_path, PARAMETER]),
    ]
    assert len(template.all("aws_iam_role_policy")) == 1


def test_task_role_gets_the_statements_of_the_settings(synthesize: Synthesize) -> None:
    """FR-005: what the application explicitly needs, on a policy of the task role."""
    statement = {"sid": "ReadReports", "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::reports/*"]}
    template = synthesize(task_role={"statements": [statement]})
    assert template.policy("task") == [
        {"Sid": "ReadReports", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::reports/*"]}
    ]
    assert [policy["role"] for policy in template.all("aws_iam_role_policy")] == [
        "${aws_iam_role.execution_role.name}",
        "${aws_iam_role.task_role.name}",
    ]


@pytest.mark.parametrize("group", [None, "g" * 512])
@pytest.mark.parametrize("exec_", [False, True])
def test_the_largest_container_that_the_settings_take(
    environment: Callable[..., Environment],
    synthesize: Synthesize,
    group: str | None,
    exec_: bool,  # noqa: FBT001
) -> None:
    """Can be synthesized: the settings count whatever is in it, and refuse all that the construct would."""

    def settings(length: int) -> dict[str, Any]:
        check = {"command": ["CMD-SHELL", "x" * length]}
        service = {"enable_execute_command": exec_}
        return {"container": {"health_check": check}, "logs": {"group": group}, "service": service}

    def is_refused(length: int) -> bool:
        try:
            environment(**settings(length))
        except ValidationError as error:
            return "container.health_check\n  the container alone takes 6" in str(error)
        return False

    lengths = range(63_000, 65_500)
    largest = lengths[bisect_left(lengths, True, key=is_refused) - 1]  # noqa: FBT003 - what is looked for
    assert lengths[0] < largest < lengths[-1]
    assert len(synthesize(**settings(largest)).container()["healthCheck"]["command"][1]) == largest


def test_execute_command_comes_with_what_it_needs(synthesize: Synthesize) -> None:
    """ECS Exec: the switch, an init process, and the four actions of its channel, on the task role."""
    template = synthesize(service={"enable_execute_command": True}, container={"readonly_root_filesystem": False})
    assert template.only("aws_ecs_service")["enable_execute_command"] is True
    assert template.container()["linuxParameters"] == {"initProcessEnabled": True}
    (statement,) = template.policy("task")
    assert {action.split(":")[0] for action in statement["Action"]} == {"ssmmessages"}
    assert len(statement["Action"]) == 4


def test_execute_command_can_write_under_a_read_only_root(synthesize: Synthesize) -> None:
    """The agent's two folders are volumes, beside those of the settings, and each path is mounted once."""
    template = synthesize(
        service={"enable_execute_command": True}, container={"scratch_volumes": ["/tmp", "/var/lib/amazon/ssm"]}
    )
    container = template.container()
    assert container["readonlyRootFilesystem"] is True
    assert container["mountPoints"] == [
        {"sourceVolume": f"scratch-{at}", "containerPath": path, "readOnly": False}
        for at, path in enumerate(["/tmp", "/var/lib/amazon/ssm", "/var/log/amazon/ssm"])
    ]
    volumes = template.only("aws_ecs_task_definition")["volume"]
    assert volumes == [{"name": f"scratch-{at}"} for at in range(3)]


@pytest.mark.parametrize(
    ("exec_", "read_only", "count"), [(False, True, 0), (True, False, 0), (False, False, 0), (True, True, 2)]
)
def test_nothing_is_mounted_that_is_not_needed(
    synthesize: Synthesize, *, exec_: bool, read_only: bool, count: int
) -> None:
    """Volumes come with ECS Exec under a read-only root alone."""
    template = synthesize(service={"enable_execute_command": exec_}, container={"readonly_root_filesystem": read_only})
    assert len(template.container().get("mountPoints", [])) == count
    assert len(template.only("aws_ecs_task_definition").get("volume", [])) == count


def test_file_systems_of_efs(synthesize: Synthesize) -> None:
    """Encrypted in transit, by the task role's leave: on that file system through that access point alone."""
    efs = {"file_system_id": "fs-0123456789abcdef0", "access_point_id": "fsap-0123456789abcdef0", "mount_path": "/data"}
    others = {
        "file_system_id": "fs-01234567",
        "access_point_id": "fsap-01234567",
        "mount_path": "/a",
        "read_only": True,
    }
    template = synthesize(container={"efs_volumes": [efs, others]})
    assert template.container()["mountPoints"] == [
        {"sourceVolume": "efs-0", "containerPath": "/data", "readOnly": False},
        {"sourceVolume": "efs-1", "containerPath": "/a", "readOnly": True},
    ]
    assert template.only("aws_ecs_task_definition")["volume"] == [
        {
            "name": name,
            "efs_volume_configuration": {
                "file_system_id": volume["file_system_id"],
                "transit_encryption": "ENABLED",
                "authorization_config": {"access_point_id": volume["access_point_id"], "iam": "ENABLED"},
            },
        }
        for name, volume in (("efs-0", efs), ("efs-1", others))
    ]
    partition = "${data.aws_partition.partition.partition}"
    place = f"arn:{partition}:elasticfilesystem:eu-west-1:111111111111"
    assert template.policy("task") == [
        {
            "Effect": "Allow",
            "Action": [f"elasticfilesystem:{action}" for action in actions],
            "Resource": [f"{place}:file-system/{volume['file_system_id']}"],
            "Condition": {
                "StringEquals": {
                    "elasticfilesystem:AccessPointArn": [f"{place}:access-point/{volume['access_point_id']}"]
                }
            },
        }
        for actions, volume in ((["ClientMount", "ClientWrite"], efs), (["ClientMount"], others))
    ]


def test_no_statement_has_the_sid_of_execute_commands(synthesize: Synthesize) -> None:
    """Whatever the role's own statement is called: IAM refuses a policy that has a sid twice."""
    with_exec = {"service": {"enable_execute_command": True}, "container": {"readonly_root_filesystem": False}}
    (own,) = synthesize(**with_exec).policy("task")
    statement = {"sid": own["Sid"], "actions": ["s3:GetObject"], "resources": ["*"]}
    with pytest.raises(ValidationError, match="ECS Exec's own statement"):
        synthesize(**with_exec, task_role={"statements": [statement]})


@pytest.mark.parametrize(
    ("percent", "strategy"),
    [
        (0, [{"capacity_provider": "FARGATE", "weight": 100}]),
        (30, [{"capacity_provider": "FARGATE", "weight": 70}, {"capacity_provider": "FARGATE_SPOT", "weight": 30}]),
        (100, [{"capacity_provider": "FARGATE_SPOT", "weight": 100}]),
    ],
)
def test_spot_share(synthesize: Synthesize, percent: int, strategy: list[dict[str, Any]]) -> None:
    """Any share is a strategy, never a launch type, and the cluster gets both providers before the service."""
    template = synthesize(service={"fargate_spot_percent": percent})
    service = template.only("aws_ecs_service")
    assert "launch_type" not in service
    assert service["capacity_provider_strategy"] == strategy
    assert template.only("aws_ecs_cluster_capacity_providers")["capacity_providers"] == ["FARGATE", "FARGATE_SPOT"]
    assert any("capacity_providers" in dependency for dependency in service["depends_on"])


def test_api_url_may_be_another_name(synthesize: Synthesize) -> None:
    """Where the load balancer is reached under a name of the team's own."""
    outputs = synthesize(service={"api_url": "https://api.example.com"}).json["output"]
    assert outputs["api_url"]["value"] == "https://api.example.com"
    assert outputs["health_url"]["value"].startswith("https://api.example.com${")


def test_names_carry_the_environment(synthesize: Synthesize) -> None:
    """Two environments share an account: no name of one is a name of the other."""
    dev, qa = (
        {block["name"] for type_ in set(RESOURCES) for block in template.all(type_) if "name" in block}
        for template in (synthesize(), synthesize(name="qa"))
    )
    assert dev & qa == {"execution", "cpu-target-tracking"}  # each of these lives inside a resource that is named apart


STATES = "data.terraform_remote_state"


def test_private_subnets(synthesize: Synthesize) -> None:
    """No public IP, the module's private subnets by our name for them, and no output that is not read."""
    template = synthesize(network={"assign_public_ip": False})
    network = template.only("aws_ecs_service")["network_configuration"]
    assert network == {
        "subnets": f"${{{STATES}.networking.outputs.private_subnet_ids}}",
        "security_groups": [f"${{{STATES}.security.outputs.app_security_group_id}}"],
        "assign_public_ip": False,
    }
    contract = template.json["data"]["terraform_remote_state"]["networking"]["lifecycle"]["postcondition"]
    assert ["private_subnet_ids" in each["condition"] for each in contract] == [False, True]
    assert template.resource_types() == RESOURCES


@pytest.mark.parametrize(
    ("changes", "services"),
    [
        ({}, ["ecr.api", "ecr.dkr", "logs", "s3"]),
        (
            {"container": {"secrets": {"DB": SECRET, "LICENCE": PARAMETER}}},
            ["ecr.api", "ecr.dkr", "logs", "s3", "secretsmanager", "ssm"],
        ),
        (
            {"container": {"secrets": {"DB": SECRET.replace(REGION, "us-east-1")}}},
            ["ecr.api", "ecr.dkr", "logs", "s3"],
        ),
        (
            {"service": {"enable_execute_command": True}, "container": {"readonly_root_filesystem": False}},
            ["ecr.api", "ecr.dkr", "logs", "s3", "ssmmessages"],
        ),
    ],
)
def test_private_subnets_need_what_the_task_uses(
    synthesize: Synthesize, changes: dict[str, Any], services: list[str]
) -> None:
    """The registry, its layers and the logs; secrets of the task's own region; ECS Exec."""
    template = synthesize(**changes, network={"assign_public_ip": False})
    (subnet,) = template.json["data"]["aws_subnet"].values()
    assert f"for service in {json.dumps(services)} : " in subnet["lifecycle"]["postcondition"][1]["condition"]


def test_several_security_groups(synthesize: Synthesize) -> None:
    """All of them, from one output or put together of several."""
    outputs = {"app_security_group_ids": ["app_security_group_id", "groups.endpoints.id"]}
    template = synthesize(remote_state={"security": {"outputs": outputs}})
    ids = template.only("aws_ecs_service")["network_configuration"]["security_groups"]
    (name,) = [name for name in template.json["locals"] if name.startswith("security_")]
    assert ids == f"${{local.{name}}}"
    groups = f"{STATES}.security.outputs"
    assert template.json["locals"][name] == (
        f'${{flatten([{groups}["app_security_group_id"], {groups}["groups"].endpoints.id])}}'
    )
    (contract,) = template.json["data"]["terraform_remote_state"]["security"]["lifecycle"]["postcondition"]
    assert " <= 5 && " in contract["condition"]
    assert "must be a list of 1 to 5 security group ids" in contract["error_message"]


def test_a_part_of_an_output_is_read_once(synthesize: Synthesize) -> None:
    """Under a local name, which all that needs it refers to."""
    outputs = {"target_group_arn": 'target_groups["api"].arn', "alb_dns_name": "balancers[0].dns_name"}
    template = synthesize(remote_state={"loadbalancing": {"outputs": outputs}})
    read = f"{STATES}.loadbalancing.outputs"
    arn, name = (name for name in template.json["locals"] if name.startswith("loadbalancing_"))
    assert template.json["locals"][arn] == f'${{{read}["target_groups"]["api"].arn}}'
    assert template.json["locals"][name] == f'${{{read}["balancers"][0].dns_name}}'
    (target,) = template.only("aws_ecs_service")["load_balancer"]
    assert target["target_group_arn"] == f"${{local.{arn}}}"
    assert template.only("data.aws_lb_target_group")["arn"] == f"${{local.{arn}}}"
    assert template.json["output"]["api_url"]["value"] == f"http://${{local.{name}}}"


REPOSITORY_PARTITION = "${data.aws_partition.repository_partition"


def pull_resources(template: Template) -> list[str]:
    (pull,) = [each for each in template.policy("execution") if each["Sid"] == "PullImage"]
    assert pull["Action"] == ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    return list(pull["Resource"])


def test_another_accounts_registry(synthesize: Synthesize) -> None:
    """The image, what the execution role may pull, and where the tag is looked up; nothing else of it is read."""
    template = synthesize(image={"registry_id": "222222222222"})
    host = f"222222222222.dkr.ecr.{REGION}.{REPOSITORY_PARTITION}.dns_suffix}}"
    digest = "${one(values(data.aws_ecr_image.pushed_image)).image_digest}"
    assert template.container()["image"] == f"{host}/go-api@{digest}"
    assert pull_resources(template) == [
        f"arn:{REPOSITORY_PARTITION}.partition}}:ecr:{REGION}:222222222222:repository/go-api"
    ]
    assert template.only("data.aws_ecr_image") == {
        "for_each": '${toset(["go-api:${var.image_tag}"])}',
        "registry_id": "222222222222",
        "repository_name": "go-api",
        "image_tag": "${var.image_tag}",
    }
    assert template.all("data.aws_ecr_repository") == []
    assert len(template.json["provider"]["aws"]) == 1
    assert template.resource_types() == RESOURCES


def test_a_repository_in_another_region(synthesize: Synthesize) -> None:
    """Looked up by a provider of that region, in this account, with which nothing is made."""
    template = synthesize(image={"region": "us-east-1"})
    assert template.container()["image"].startswith(
        f"{ACCOUNT}.dkr.ecr.us-east-1.{REPOSITORY_PARTITION}.dns_suffix}}/go"
    )
    assert pull_resources(template) == [
        f"arn:{REPOSITORY_PARTITION}.partition}}:ecr:us-east-1:{ACCOUNT}:repository/go-api"
    ]
    own, other = template.json["provider"]["aws"]
    assert other == {**own, "alias": "image_region", "region": "us-east-1"}
    assert template.only("data.aws_ecr_image")["provider"] == "aws.image_region"
    assert template.text.count("aws.image_region") == 1


def test_the_own_region_needs_no_other_provider(synthesize: Synthesize) -> None:
    """Said or not."""
    template = synthesize(image={"region": REGION, "registry_id": ACCOUNT})
    assert len(template.json["provider"]["aws"]) == 1
    assert "provider" not in template.only("data.aws_ecr_image")
    assert template.only("data.aws_ecr_repository")["name"] == "go-api"


def test_private_subnets_need_no_endpoint_for_another_regions_registry(synthesize: Synthesize) -> None:
    """None in the VPC would lead there."""
    template = synthesize(image={"region": "us-east-1"}, network={"assign_public_ip": False})
    (subnet,) = template.json["data"]["aws_subnet"].values()
    assert 'for service in ["logs"] : ' in subnet["lifecycle"]["postcondition"][1]["condition"]


def test_provider_credentials(synthesize: Synthesize) -> None:
    """A profile and a role, for the image's region too; tags and account stay."""
    role = f"arn:aws:iam::{ACCOUNT}:role/ci"
    said = {"profile": "ci", "assume_role_arn": role, "external_id": "x1", "session_name": "ci"}
    template = synthesize(provider=said, image={"region": "us-east-1"})
    own, other = template.json["provider"]["aws"]
    assert own.pop("profile") == "ci"
    assert own.pop("assume_role") == [{"role_arn": role, "external_id": "x1", "session_name": "ci"}]
    assert [own] == synthesize().json["provider"]["aws"]
    assert (other["profile"], other["assume_role"][0]["role_arn"]) == ("ci", role)


def test_provider_takes_what_is_given_alone(synthesize: Synthesize) -> None:
    """A role without a name of its session."""
    (provider,) = synthesize(provider={"assume_role_arn": f"arn:aws:iam::{ACCOUNT}:role/ci"}).json["provider"]["aws"]
    assert provider["assume_role"] == [{"role_arn": f"arn:aws:iam::{ACCOUNT}:role/ci"}]
    assert "profile" not in provider


KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012"
OTHERS_KEY = KEY.replace(ACCOUNT, "222222222222")
ELSEWHERE = {"key": KEY.replace(REGION, "us-east-1"), "secret": SECRET.replace(REGION, "us-east-1")}


@pytest.mark.parametrize(
    ("secrets", "keys", "granted"),
    [
        ([SECRET], [KEY], [([KEY], [f"secretsmanager.{REGION}"])]),
        ([PARAMETER], [KEY], [([KEY], [f"ssm.{REGION}"])]),
        (
            [f"{SECRET}:password::", SECRET, PARAMETER],
            [OTHERS_KEY, KEY],
            [([KEY, OTHERS_KEY], [f"secretsmanager.{REGION}", f"ssm.{REGION}"])],
        ),
        (
            [PARAMETER, ELSEWHERE["secret"]],
            [KEY, ELSEWHERE["key"]],
            [([KEY], [f"ssm.{REGION}"]), ([ELSEWHERE["key"]], ["secretsmanager.us-east-1"])],
        ),
    ],
)
def test_keys_decrypt_secrets_alone(
    synthesize: Synthesize, secrets: list[str], keys: list[str], granted: list[tuple[list[str], list[str]]]
) -> None:
    """kms:Decrypt with exactly these keys, through the services of the secrets in the key's region alone.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
    """
    named = {f"SECRET_{at}": arn for at, arn in enumerate(secrets)}
    template = synthesize(container={"secrets": named, "secrets_kms_key_arns": keys})
    without = synthesize(container={"secrets": named})
    suffix = "${data.aws_partition.partition.dns_suffix}"
    statements = template.policy("execution")
    decrypting = [each for each in statements if each["Action"] == ["kms:Decrypt"]]
    assert [(each["Effect"], each["Resource"], each["Condition"]) for each in decrypting] == [
        ("Allow", resources, {"StringEquals": {"kms:ViaService": [f"{service}.{suffix}" for service in via]}})
        for resources, via in granted
    ]
    assert [each for each in statements if each not in decrypting] == without.policy("execution")
    assert len({each["Sid"] for each in statements}) == len(statements)
    assert all(each["Sid"].isalnum() for each in statements)


def test_a_key_without_a_secret_is_refused() -> None:
    """By the construct too: its grant would have no condition."""
    stack = TerraformStack(Testing.app(), "orders")
    location = AwsLocation(partition="aws", region=REGION, account_id=ACCOUNT)
    with pytest.raises(ValueError, match=f"there is no secret in {REGION}"):
        TaskExecutionRole(
            stack,
            "role",
            name="orders",
            location=location,
            repository_arn="arn:repository",
            log_group_name="/ecs/orders",
            secrets_kms_key_arns=[KEY],
        )


@pytest.mark.parametrize(("base", "pattern"), [("/orders", "/^/orders(/|$)/"), ("/v1.0/$x", r"/^/v1\\.0/\\$x(/|$)/")])
def test_health_is_below_a_base_path(synthesize: Synthesize, base: str, pattern: str) -> None:
    """A target group's path that has the base path already does not have it twice."""
    outputs = synthesize(service={"api_url": f"https://example.com{base}"}).json["output"]
    path = 'coalesce(data.aws_lb_target_group.existing_loadbalancing.health_check[0].path, "/health")'
    assert outputs["api_url"]["value"] == f"https://example.com{base}"
    assert outputs["health_url"]["value"] == f'https://example.com{base}${{replace({path}, "{pattern}", "/")}}'
