"""Faults, each of which breaks a requirement, to be seeded into a stack that keeps it.

A fault is a name, the path to one member of the stack's JSON, and what to put there. In a path a pattern such as `*`
is the only member that matches it, `-` appends to a list; a block may have a list around it or not; text that is JSON
itself (policies, container definitions) is gone into like the rest.
"""

from __future__ import annotations

import copy
import fnmatch
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

GONE = object()
OTHER_ACCOUNT, OTHER_REGION, OTHER_DIGEST = "999999999999", "ap-south-1", f"sha256:{64 * '0'}"


Fault = tuple[str, str, Any]


_SERVICE = "resource/aws_ecs_service/*"
_TASK = "resource/aws_ecs_task_definition/*"
_CONTAINER = f"{_TASK}/container_definitions/0"
_LOGS = f"{_CONTAINER}/logConfiguration"
_EXECUTION = "resource/aws_iam_role/execution_role"
_TASK_ROLE = "resource/aws_iam_role/task_role"
_POLICY = "resource/aws_iam_role_policy/*/policy/Statement"
_POLICIES = "resource/aws_iam_role_policies_exclusive"
_ATTACHMENTS = "resource/aws_iam_role_policy_attachments_exclusive"
_TARGET = "resource/aws_appautoscaling_target/*"
_SCALING = "resource/aws_appautoscaling_policy/*"
_TRACKING = f"{_SCALING}/target_tracking_scaling_policy_configuration"

_ANYTHING = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"]}
_READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
_SIDECAR = {"name": "sidecar", "image": "sidecar:1", "essential": False}

# What a plan shows and the synthesized JSON has as well.
IN_VALUES: dict[str, list[Fault]] = {
    "fr_001_cluster": [
        ("cluster of another name", "resource/aws_ecs_cluster/*/name", "shared"),
        ("container insights of another kind", "resource/aws_ecs_cluster/*/setting/value", "on"),
        ("another setting", "resource/aws_ecs_cluster/*/setting/name", "insights"),
        (
            "ECS Exec not logged",
            "resource/aws_ecs_cluster/*/configuration/execute_command_configuration/logging",
            "NONE",
        ),
    ],
    "fr_002_task_definition": [
        ("family of another service", f"{_TASK}/family", "shared"),
        ("bridge network", f"{_TASK}/network_mode", "bridge"),
        ("compatible with EC2", f"{_TASK}/requires_compatibilities", ["EC2"]),
        ("compatible with EC2 as well", f"{_TASK}/requires_compatibilities/-", "EC2"),
        ("more CPU", f"{_TASK}/cpu", "4096"),
        ("more memory", f"{_TASK}/memory", "8192"),
        ("another architecture", f"{_TASK}/runtime_platform/cpu_architecture", "ARM64"),
        ("another operating system", f"{_TASK}/runtime_platform/operating_system_family", "WINDOWS_SERVER_2022_CORE"),
        ("revision deregistered", f"{_TASK}/skip_destroy", False),
        ("container privileged", f"{_CONTAINER}/privileged", True),
        ("container not essential", f"{_CONTAINER}/essential", False),
        ("container as root", f"{_CONTAINER}/user", "0"),
        ("container as the image's user", f"{_CONTAINER}/user", GONE),
        ("file system writable", f"{_CONTAINER}/readonlyRootFilesystem", False),
        ("file system not said to be read-only", f"{_CONTAINER}/readonlyRootFilesystem", GONE),
        ("no time to stop", f"{_CONTAINER}/stopTimeout", 0),
        ("stop timeout not set", f"{_CONTAINER}/stopTimeout", GONE),
        ("container of another name", f"{_CONTAINER}/name", "api"),
        ("second container", f"{_TASK}/container_definitions/-", _SIDECAR),
        ("no port", f"{_CONTAINER}/portMappings", []),
        ("another container port", f"{_CONTAINER}/portMappings/0/containerPort", 80),
        ("another host port", f"{_CONTAINER}/portMappings/0/hostPort", 80),
        ("UDP", f"{_CONTAINER}/portMappings/0/protocol", "udp"),
        ("second port", f"{_CONTAINER}/portMappings/-", {"containerPort": 9090}),
        ("no environment", f"{_CONTAINER}/environment", []),
        ("PORT of another value", f"{_CONTAINER}/environment/0/value", "80"),
        ("second variable", f"{_CONTAINER}/environment/-", {"name": "DEBUG", "value": "1"}),
        ("null in the container", f"{_CONTAINER}/secrets", None),
        ("a secret", f"{_CONTAINER}/secrets", [{"name": "TOKEN", "valueFrom": "arn:aws:ssm:::parameter/token"}]),
        ("another command", f"{_CONTAINER}/command", ["sleep", "infinity"]),
        ("a capability", f"{_CONTAINER}/linuxParameters", {"capabilities": {"add": ["SYS_PTRACE"]}}),
        ("a health check that distroless cannot run", f"{_CONTAINER}/healthCheck", {"command": ["CMD", "curl"]}),
        ("no tag in sight", f"{_CONTAINER}/dockerLabels", GONE),
        ("another tag in sight", f"{_CONTAINER}/dockerLabels/org.opencontainers.image.ref.name", "v0"),
        ("a second label", f"{_CONTAINER}/dockerLabels/team", "platform"),
        ("container memory below the task's", f"{_CONTAINER}/memory", 64),
    ],
    "fr_002_image": [
        ("image of a public registry", f"{_CONTAINER}/image", "docker.io/library/nginx:1"),
        (
            "image of another account",
            f"{_CONTAINER}/image",
            f"{OTHER_ACCOUNT}.dkr.ecr.{OTHER_REGION}.amazonaws.com/go-api@{OTHER_DIGEST}",
        ),
        (
            "another digest",
            f"{_CONTAINER}/image",
            f"${{data.aws_ecr_repository.repository.repository_url}}@{OTHER_DIGEST}",
        ),
        (
            "image by its tag",
            f"{_CONTAINER}/image",
            "${data.aws_ecr_repository.repository.repository_url}:${var.image_tag}",
        ),
    ],
    "fr_003_service": [
        ("service of another name", f"{_SERVICE}/name", "shared"),
        ("on EC2", f"{_SERVICE}/launch_type", "EC2"),
        ("on Spot", f"{_SERVICE}/capacity_provider_strategy/capacity_provider", "FARGATE_SPOT"),
        ("a strategy that no update may change", f"{_SERVICE}/force_new_deployment", False),
        ("no task", f"{_SERVICE}/desired_count", 0),
        ("open to ECS Exec", f"{_SERVICE}/enable_execute_command", True),
        ("tags not propagated", f"{_SERVICE}/propagate_tags", "NONE"),
        ("tags of the task definition", f"{_SERVICE}/propagate_tags", "TASK_DEFINITION"),
        ("no tags of ECS", f"{_SERVICE}/enable_ecs_managed_tags", False),
        ("no load balancer", f"{_SERVICE}/load_balancer", []),
        ("another container registered", f"{_SERVICE}/load_balancer/container_name", "sidecar"),
        ("another port registered", f"{_SERVICE}/load_balancer/container_port", 80),
        (
            "another target group",
            f"{_SERVICE}/load_balancer/target_group_arn",
            f"arn:aws:elasticloadbalancing:{OTHER_REGION}:{OTHER_ACCOUNT}:targetgroup/api/0123456789abcdef",
        ),
    ],
    "fr_004_execution_role": [
        ("policy of another name", "resource/aws_iam_role_policy/*/name", "other"),
        ("policy on another role", "resource/aws_iam_role_policy/*/role", "shared"),
        ("one more statement", f"{_POLICY}/-", _ANYTHING),
        ("one more action", f"{_POLICY}/0/Action/-", "ecr:PutImage"),
        ("one action less", f"{_POLICY}/1/Action/0", GONE),
        ("another action", f"{_POLICY}/1/Action/0", "ecr:DescribeImages"),
        ("log groups to be created", f"{_POLICY}/2/Action/-", "logs:CreateLogGroup"),
        ("every ECR action", f"{_POLICY}/1/Action", ["ecr:*"]),
        ("pull from every repository", f"{_POLICY}/1/Resource", ["*"]),
        ("pull from a second repository", f"{_POLICY}/1/Resource/-", "arn:aws:ecr:::repository/other"),
        ("write every log", f"{_POLICY}/2/Resource", ["*"]),
        ("write logs of another region", f"{_POLICY}/2/Resource/0", f"arn:aws:logs:{OTHER_REGION}:::log-group:x"),
        ("log in to no registry", f"{_POLICY}/0/Resource", ["arn:aws:ecr:::repository/go-api"]),
        ("denied", f"{_POLICY}/1/Effect", "Deny"),
        ("under a condition", f"{_POLICY}/1/Condition", {"Bool": {"aws:SecureTransport": "false"}}),
        ("everything but", f"{_POLICY}/1/NotResource", ["*"]),
        ("no statement", _POLICY, []),
        ("policy of the old version", "resource/aws_iam_role_policy/*/policy/Version", "2008-10-17"),
        ("policy of no version", "resource/aws_iam_role_policy/*/policy/Version", GONE),
        ("trust of no version", f"{_EXECUTION}/assume_role_policy/Version", GONE),
        ("trusts anybody", f"{_EXECUTION}/assume_role_policy/Statement/0/Principal", "*"),
        ("trusts EC2", f"{_EXECUTION}/assume_role_policy/Statement/0/Principal/Service", "ec2.amazonaws.com"),
        ("trusts another account too", f"{_EXECUTION}/assume_role_policy/Statement/0/Principal/AWS", OTHER_ACCOUNT),
        ("trusts without condition", f"{_EXECUTION}/assume_role_policy/Statement/0/Condition", GONE),
        ("trusts every account", f"{_EXECUTION}/assume_role_policy/Statement/0/Condition/StringEquals", GONE),
        ("trusts every resource", f"{_EXECUTION}/assume_role_policy/Statement/0/Condition/ArnLike", GONE),
        (
            "trusts another account",
            f"{_EXECUTION}/assume_role_policy/Statement/0/Condition/StringEquals/aws:SourceAccount",
            OTHER_ACCOUNT,
        ),
        (
            "trusts any source",
            f"{_EXECUTION}/assume_role_policy/Statement/0/Condition/ArnLike/aws:SourceArn",
            "arn:aws:ecs:*:*:*",
        ),
        (
            "trusts under a second statement",
            f"{_EXECUTION}/assume_role_policy/Statement/-",
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
        ),
        ("trusted to tag sessions", f"{_EXECUTION}/assume_role_policy/Statement/0/Action", ["sts:*"]),
        ("trusts nobody", f"{_EXECUTION}/assume_role_policy/Statement/0/Effect", "Deny"),
        ("an inline policy let be", f"{_POLICIES}/execution_role*/policy_names/-", "other"),
        ("its own policy taken away", f"{_POLICIES}/execution_role*/policy_names", []),
        ("an attached policy let be", f"{_ATTACHMENTS}/execution_role*/policy_arns", [_READ_ONLY]),
        ("inline policies of another role", f"{_POLICIES}/execution_role*/role_name", "shared"),
        ("execution role of another name", f"{_EXECUTION}/name", "shared"),
    ],
    "fr_005_task_role": [
        ("task role trusts anybody", f"{_TASK_ROLE}/assume_role_policy/Statement/0/Principal", "*"),
        (
            "task role trusts EC2",
            f"{_TASK_ROLE}/assume_role_policy/Statement/0/Principal/Service",
            "ec2.amazonaws.com",
        ),
        (
            "task role trusts every account",
            f"{_TASK_ROLE}/assume_role_policy/Statement/0/Condition/StringEquals",
            GONE,
        ),
        ("task role trusts every resource", f"{_TASK_ROLE}/assume_role_policy/Statement/0/Condition/ArnLike", GONE),
        ("task role trusts nobody", f"{_TASK_ROLE}/assume_role_policy/Statement", []),
        ("an inline policy let be", f"{_POLICIES}/task_role*/policy_names", ["other"]),
        ("an attached policy let be", f"{_ATTACHMENTS}/task_role*/policy_arns", [_READ_ONLY]),
        ("attached policies of another role", f"{_ATTACHMENTS}/task_role*/role_name", "shared"),
        ("task role of another name", f"{_TASK_ROLE}/name", "shared"),
    ],
    "fr_006_security_group": [
        ("no security group", f"{_SERVICE}/network_configuration/security_groups", []),
        ("another security group", f"{_SERVICE}/network_configuration/security_groups/0", "sg-0a1b2c3d4e5f67890"),
        ("second security group", f"{_SERVICE}/network_configuration/security_groups/-", "sg-0a1b2c3d4e5f67890"),
    ],
    "fr_007_public_subnets": [
        ("no public IP", f"{_SERVICE}/network_configuration/assign_public_ip", False),
        ("public IP left to the default", f"{_SERVICE}/network_configuration/assign_public_ip", GONE),
        ("other subnets", f"{_SERVICE}/network_configuration/subnets", ["subnet-0a1b2c3d4e5f67890"]),
    ],
    "fr_008_rolling_deployment": [
        ("half of the tasks may be down", f"{_SERVICE}/deployment_minimum_healthy_percent", 50),
        ("minimum left to the default", f"{_SERVICE}/deployment_minimum_healthy_percent", GONE),
        ("no room for a new task", f"{_SERVICE}/deployment_maximum_percent", 100),
        ("breaker off", f"{_SERVICE}/deployment_circuit_breaker/enable", False),
        ("rollback off", f"{_SERVICE}/deployment_circuit_breaker/rollback", False),
        ("no breaker", f"{_SERVICE}/deployment_circuit_breaker", GONE),
        ("no grace", f"{_SERVICE}/health_check_grace_period_seconds", 0),
        ("grace left to the default", f"{_SERVICE}/health_check_grace_period_seconds", GONE),
        ("zones not rebalanced", f"{_SERVICE}/availability_zone_rebalancing", "DISABLED"),
        ("not waited for", f"{_SERVICE}/wait_for_steady_state", False),
        ("waiting left to the default", f"{_SERVICE}/wait_for_steady_state", GONE),
        ("waited for one minute", f"{_SERVICE}/timeouts/update", "1m"),
    ],
    "fr_009_autoscaling": [
        ("no minimum", f"{_TARGET}/min_capacity", 0),
        ("minimum of two", f"{_TARGET}/min_capacity", 2),
        ("maximum of ten", f"{_TARGET}/max_capacity", 10),
        ("scaling in suspended", f"{_TARGET}/suspended_state/dynamic_scaling_in_suspended", True),
        ("scaling out suspended", f"{_TARGET}/suspended_state/dynamic_scaling_out_suspended", True),
        ("schedule suspended", f"{_TARGET}/suspended_state/scheduled_scaling_suspended", True),
        ("suspension left as it is", f"{_TARGET}/suspended_state", GONE),
        ("target on another service", f"{_TARGET}/resource_id", "service/shared/shared"),
        ("target of another kind", f"{_TARGET}/scalable_dimension", "dynamodb:table:ReadCapacityUnits"),
        ("target of another namespace", f"{_TARGET}/service_namespace", "dynamodb"),
        ("policy on another service", f"{_SCALING}/resource_id", "service/shared/shared"),
        ("policy of another kind of target", f"{_SCALING}/scalable_dimension", "dynamodb:table:ReadCapacityUnits"),
        ("policy of another namespace", f"{_SCALING}/service_namespace", "dynamodb"),
        ("scaling policy of another name", f"{_SCALING}/name", "other"),
        ("step scaling", f"{_SCALING}/policy_type", "StepScaling"),
        (
            "tracks memory",
            f"{_TRACKING}/predefined_metric_specification/predefined_metric_type",
            "ECSServiceAverageMemoryUtilization",
        ),
        ("tracks nothing", f"{_TRACKING}/predefined_metric_specification", GONE),
        ("another target", f"{_TRACKING}/target_value", 5),
        ("never scales in", f"{_TRACKING}/disable_scale_in", True),
        ("scales in at once", f"{_TRACKING}/scale_in_cooldown", 1),
        ("scales out late", f"{_TRACKING}/scale_out_cooldown", 3600),
    ],
    "fr_010_logs": [
        ("another log driver", f"{_LOGS}/logDriver", "json-file"),
        ("no logs", _LOGS, {}),
        ("another log group", f"{_LOGS}/options/awslogs-group", "/ecs/shared"),
        ("another log region", f"{_LOGS}/options/awslogs-region", OTHER_REGION),
        ("no log region", f"{_LOGS}/options/awslogs-region", GONE),
        ("another log prefix", f"{_LOGS}/options/awslogs-stream-prefix", "ecs"),
        ("no log prefix", f"{_LOGS}/options/awslogs-stream-prefix", GONE),
        ("logs may be lost", f"{_LOGS}/options/mode", "non-blocking"),
        ("log group created by the agent", f"{_LOGS}/options/awslogs-create-group", "true"),
        ("log group of another name", "resource/aws_cloudwatch_log_group/*/name", "/ecs/shared"),
        ("logs kept otherwise", "resource/aws_cloudwatch_log_group/*/retention_in_days", 3653),
        ("logs kept for ever", "resource/aws_cloudwatch_log_group/*/retention_in_days", GONE),
    ],
}

# What only the synthesized JSON shows: references, meta-arguments, other kinds of blocks.
IN_CONFIGURATION: dict[str, list[Fault]] = {
    "sc_006_nothing_else": [
        ("no cluster", "resource/aws_ecs_cluster", GONE),
        ("no scaling policy", "resource/aws_appautoscaling_policy", GONE),
        ("second cluster", "resource/aws_ecs_cluster/other", {"name": "other"}),
        ("a rule in the security group", "resource/aws_vpc_security_group_ingress_rule", {"all": {"from_port": 0}}),
        ("a scheduled action", "resource/aws_appautoscaling_scheduled_action", {"night": {"name": "night"}}),
        ("a third role", "resource/aws_iam_role/other", {"name": "other"}),
    ],
    "sc_006_place": [
        ("another region", "provider/aws/region", OTHER_REGION),
        ("any account", "provider/aws/allowed_account_ids", GONE),
        ("another account", "provider/aws/allowed_account_ids/-", OTHER_ACCOUNT),
        ("a role assumed", "provider/aws/assume_role", [{"role_arn": f"arn:aws:iam::{OTHER_ACCOUNT}:role/deploy"}]),
        ("second provider", "provider/aws/-", {"alias": "other", "region": OTHER_REGION}),
        ("provider of something else", "provider/random", [{"alias": "other"}]),
        ("a program run at plan", "data/external", {"script": {"program": ["sh", "-c", "true"]}}),
        ("partition read at apply", "data/aws_partition/*/depends_on", ["aws_ecs_cluster.cluster"]),
        ("target group of another provider", "data/aws_lb_target_group/*/provider", "aws.other"),
        ("no tags", "provider/aws/default_tags", GONE),
        ("tags of another environment", "provider/aws/default_tags/tags/environment", "test"),
        ("a tag lost", "provider/aws/default_tags/tags/service", GONE),
        ("state not locked", "terraform/backend/*/use_lockfile", False),
        ("state not encrypted", "terraform/backend/*/encrypt", False),
        ("state of another stack", "terraform/backend/*/key", "networking/terraform.tfstate"),
        ("state in another bucket", "terraform/backend/*/bucket", "shared-terraform-state"),
        ("state in another region", "terraform/backend/*/region", OTHER_REGION),
        ("state of a workspace prefix", "terraform/backend/*/workspace_key_prefix", "other"),
        ("state on the laptop", "terraform/backend", {"local": {"path": "terraform.tfstate"}}),
        ("a Terraform that locks nothing in S3", "terraform/required_version", ">= 1.5"),
        ("any version of the provider", "terraform/required_providers/aws/version", ">= 5.0"),
        ("somebody else's provider", "terraform/required_providers/aws/source", "example/aws"),
    ],
    "assumptions": [
        ("target group not looked at", "data/aws_lb_target_group", {}),
        ("another target group looked at", "data/aws_lb_target_group/*/arn", f"arn:{OTHER_ACCOUNT}"),
        ("target group as it is", "data/aws_lb_target_group/*/lifecycle", GONE),
        ("security group not looked at", "data/aws_security_group", {}),
        ("another security group looked at", "data/aws_security_group/*/id", "sg-0a1b2c3d4e5f67890"),
        ("security group as it is", "data/aws_security_group/*/lifecycle", GONE),
        ("no subnet looked at", "data/aws_subnet/*/for_each", "${toset([])}"),
        ("subnets as they are", "data/aws_subnet/*/lifecycle/postcondition", []),
        ("networking's outputs as they are", "data/terraform_remote_state/networking/lifecycle", GONE),
        ("security's outputs as they are", "data/terraform_remote_state/security/lifecycle", GONE),
        ("loadbalancing's outputs as they are", "data/terraform_remote_state/loadbalancing/lifecycle", GONE),
    ],
    "fr_001_cluster": [
        ("no insights", "resource/aws_ecs_cluster/*/setting", GONE),
        ("cluster that another provider makes", "resource/aws_ecs_cluster/*/provider", "aws.other"),
    ],
    "fr_002_task_definition": [
        ("releases ignored", f"{_TASK}/lifecycle", {"ignore_changes": ["container_definitions"]}),
        ("revision's fate left to the default", f"{_TASK}/skip_destroy", GONE),
        ("host's processes visible", f"{_TASK}/pid_mode", "task"),
        ("a volume", f"{_TASK}/volume", [{"name": "data"}]),
    ],
    "fr_002_image": [
        ("latest pinned", f"{_CONTAINER}/image", "${data.aws_ecr_repository.repository.repository_url}:latest"),
        ("no tag", f"{_CONTAINER}/image", "${data.aws_ecr_repository.repository.repository_url}"),
        ("another repository", "data/aws_ecr_repository/*/name", "other"),
        ("another registry", "data/aws_ecr_repository/*/registry_id", OTHER_ACCOUNT),
        ("another image looked for", "data/aws_ecr_image/*/image_tag", "latest"),
        ("image looked for elsewhere", "data/aws_ecr_image/*/repository_name", "other"),
        ("image not looked for", "data/aws_ecr_image", {}),
        ("no image looked for", "data/aws_ecr_image/*/for_each", "${toset([])}"),
        ("the newest image looked for", "data/aws_ecr_image/*/most_recent", True),
        ("container without image", f"{_CONTAINER}/image", GONE),
    ],
    "fr_002_image_tag": [
        ("default of another tag", "variable/image_tag/default", "stable"),
        ("null for a tag", "variable/image_tag/nullable", True),
        ("a number for a tag", "variable/image_tag/type", "number"),
        ("any type of tag", "variable/image_tag/type", GONE),
        ("any tag", "variable/image_tag/validation", []),
        ("a validation that never passes", "variable/image_tag/validation/0/condition", "${false}"),
        ("second variable", "variable/account_id", {"type": "string"}),
    ],
    "fr_003_service": [
        ("another stack's cluster", f"{_SERVICE}/cluster", "arn:aws:ecs:::cluster/shared"),
        ("cluster by what is no ARN", f"{_SERVICE}/cluster", "${aws_ecs_cluster.cluster.name}"),
        ("a revision for ever", f"{_SERVICE}/task_definition", "go-api:1"),
        ("a daemon", f"{_SERVICE}/scheduling_strategy", "DAEMON"),
        ("no service at all", f"{_SERVICE}/count", 0),
        ("a share of Spot", f"{_SERVICE}/capacity_provider_strategy/-", {"capacity_provider": "FARGATE_SPOT"}),
        ("launch type and strategy left to the default", f"{_SERVICE}/capacity_provider_strategy", GONE),
        ("no word about forced deployments", f"{_SERVICE}/force_new_deployment", GONE),
        ("second target group", f"{_SERVICE}/load_balancer/-", {"container_name": "go-api", "container_port": 8080}),
        (
            "load balancer's name for the target group",
            f"{_SERVICE}/load_balancer/0/target_group_arn",
            "${data.terraform_remote_state.loadbalancing.outputs.alb_dns_name}",
        ),
        ("another state of loadbalancing", "data/terraform_remote_state/loadbalancing/config/key", "other.tfstate"),
    ],
    "fr_004_execution_role": [
        ("execution role swapped", f"{_TASK}/execution_role_arn", "${aws_iam_role.task_role.arn}"),
        ("no execution role", f"{_TASK}/execution_role_arn", GONE),
        ("policy on the task role", "resource/aws_iam_role_policy/*/role", "${aws_iam_role.task_role.name}"),
        ("policy on a role that is not there yet", "resource/aws_iam_role_policy/*/role", "go-api-dev-execution"),
        ("a managed policy", f"{_EXECUTION}/managed_policy_arns", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
        ("an inline policy", f"{_EXECUTION}/inline_policy", [{"name": "more"}]),
        ("role kept by what others attached", f"{_EXECUTION}/force_detach_policies", False),
        ("every inline policy let be", f"{_POLICIES}/execution_role*", GONE),
        ("every attached policy let be", f"{_ATTACHMENTS}/execution_role*", GONE),
        (
            "the other role's inline policies",
            f"{_POLICIES}/execution_role*/role_name",
            "${aws_iam_role.task_role.name}",
        ),
        ("policy kept that is not there yet", f"{_POLICIES}/execution_role*/policy_names", ["execution"]),
        ("task started before the policy", f"{_SERVICE}/depends_on/1", GONE),
    ],
    "fr_005_task_role": [
        ("task role swapped", f"{_TASK}/task_role_arn", "${aws_iam_role.execution_role.arn}"),
        ("no task role", f"{_TASK}/task_role_arn", GONE),
        ("every inline policy let be", f"{_POLICIES}/task_role*", GONE),
        ("every attached policy let be", f"{_ATTACHMENTS}/task_role*", GONE),
        (
            "the other role's attached policies",
            f"{_ATTACHMENTS}/task_role*/role_name",
            "${aws_iam_role.execution_role.name}",
        ),
        ("bounded by another policy", f"{_TASK_ROLE}/permissions_boundary", _READ_ONLY),
        ("a managed policy", f"{_TASK_ROLE}/managed_policy_arns", [_READ_ONLY]),
        ("an inline policy", f"{_TASK_ROLE}/inline_policy", [{"name": "more"}]),
        (
            "a policy",
            "resource/aws_iam_role_policy/task",
            {"name": "task", "role": "${aws_iam_role.task_role.name}", "policy": '{"Statement": []}'},
        ),
        (
            "a managed policy attached",
            "resource/aws_iam_role_policy_attachment",
            {
                "task": {
                    "role": "${aws_iam_role.task_role.name}",
                    "policy_arn": _READ_ONLY,
                }
            },
        ),
    ],
    "fr_006_security_group": [
        (
            "load balancer's security group",
            f"{_SERVICE}/network_configuration/security_groups/0",
            "${data.terraform_remote_state.security.outputs.alb_security_group_id}",
        ),
        ("another state of security", "data/terraform_remote_state/security/config/bucket", "other"),
    ],
    "fr_007_public_subnets": [
        (
            "private subnets",
            f"{_SERVICE}/network_configuration/subnets",
            "${data.terraform_remote_state.networking.outputs.private_subnet_ids}",
        ),
        ("another state of networking", "data/terraform_remote_state/networking/config/region", OTHER_REGION),
        ("a workspace of networking", "data/terraform_remote_state/networking/workspace", "other"),
    ],
    "fr_008_after_creation": [
        ("no lifecycle", f"{_SERVICE}/lifecycle", {}),
        ("destroyed before another is there", f"{_SERVICE}/lifecycle/create_before_destroy", GONE),
        ("number of tasks set back", f"{_SERVICE}/lifecycle/ignore_changes", GONE),
        ("releases ignored", f"{_SERVICE}/lifecycle/ignore_changes/-", "task_definition"),
        ("rollback not noticed", f"{_SERVICE}/lifecycle/postcondition", GONE),
        ("rollback compared with nothing", f"{_SERVICE}/lifecycle/postcondition/condition", "${true}"),
        ("a second postcondition", f"{_SERVICE}/lifecycle/postcondition/-", {"condition": "${true}"}),
        ("rollback without the revision that runs", f"{_SERVICE}/lifecycle/postcondition/error_message", "rolled back"),
        ("not to be destroyed", f"{_SERVICE}/lifecycle/prevent_destroy", True),
    ],
    "fr_009_autoscaling": [
        ("target made before the service", f"{_TARGET}/resource_id", "service/go-api-dev/go-api-dev"),
        ("policy made before the target", f"{_SCALING}/resource_id", "service/go-api-dev/go-api-dev"),
        (
            "target on the cluster twice",
            f"{_TARGET}/resource_id",
            "service/${aws_ecs_cluster.cluster.name}/${aws_ecs_cluster.cluster.name}",
        ),
        ("bounds ignored", f"{_TARGET}/lifecycle", {"ignore_changes": ["max_capacity"]}),
        ("another metric", f"{_TRACKING}/customized_metric_specification", {"metric_name": "cpu"}),
        ("steps as well", f"{_SCALING}/step_scaling_policy_configuration", [{"cooldown": 60}]),
    ],
    "fr_010_logs": [
        ("task started before the log group", f"{_SERVICE}/depends_on/0", GONE),
        ("log group left behind", "resource/aws_cloudwatch_log_group/*/skip_destroy", True),
        ("logs of the other class", "resource/aws_cloudwatch_log_group/*/log_group_class", "INFREQUENT_ACCESS"),
    ],
}

# What only an environment that requires commit SHAs refuses.
IN_PRODUCTION: dict[str, list[Fault]] = {
    "fr_002_image_tag": [
        ("latest by default", "variable/image_tag/default", "latest"),
        ("any tag that ECR takes", "variable/image_tag/validation/1", GONE),
        (
            "a pattern without an end",
            "variable/image_tag/validation/1/condition",
            '${can(regex("^[0-9a-f]{7,40}", var.image_tag))}',
        ),
    ],
}


def of_every_member(node: Any, path: str) -> Iterator[Fault]:
    """The plainest faults: each member below `path` gone or of another value, and a member more in each block.

    But for an empty list, which is no more than none to a plan.
    """
    if isinstance(node, str) and node[:1] in {"[", "{"}:
        node = json.loads(node)
    if isinstance(node, dict):
        yield "more", f"{path}/more", "more"
    if isinstance(node, dict | list):
        for key, member in node.items() if isinstance(node, dict) else enumerate(node):
            if key != "//" and member != []:
                yield "gone", f"{path}/{key}", GONE
                yield from of_every_member(member, f"{path}/{key}")
    elif isinstance(node, bool):
        yield "other", path, not node
    else:
        yield "other", path, node + (1 if isinstance(node, int) else "-other")


def in_synthesized(document: dict[str, Any], fault: Fault) -> dict[str, Any]:
    """A copy of the stack's JSON with the fault in it."""
    _, path, value = fault
    broken = copy.deepcopy(document)
    _seed(broken, path.split("/"), value)
    assert broken != document, "the fault is no change"
    return broken


def in_plan(document: dict[str, Any], fault: Fault) -> dict[str, Any]:
    """A copy of `terraform show -json` with the fault among its planned values."""
    _, path, value = fault
    broken = copy.deepcopy(document)
    resources: dict[str, Any] = {}
    for resource in broken["planned_values"]["root_module"]["resources"]:
        resources.setdefault(resource["type"], {})[resource["name"]] = resource["values"]
    _seed({"resource": resources}, path.split("/"), value)
    assert broken != document, "the fault is no change"
    return broken


def _seed(node: Any, path: list[str], value: Any) -> Any:
    """`node`, changed; as text again where it was JSON text."""
    if not path:
        return value
    if isinstance(node, str):
        return json.dumps(_seed(json.loads(node), path, value))
    step, *rest = path
    if step == "-":
        node.append(value)
    elif isinstance(node, list) and not step.isdigit():
        _seed(_only(node), path, value)
    else:
        key = int(step) if isinstance(node, list) else _only(fnmatch.filter(node, step)) if "*" in step else step
        if value is GONE and not rest:
            del node[key]
        else:
            node[key] = _seed(node[key] if rest else None, rest, value)
    return node


def _only(members: Any) -> Any:
    (member,) = members
    return member
