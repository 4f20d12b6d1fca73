"""What AWS accepts, or Terraform's state backend, is not refused: each value with the page that says so."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.unit.test_settings_limits import KEY, LOCAL, PARAMETER, POLICY, S3, SECRET, STATEMENT, Change, told

DOCS: Final = "https://docs.aws.amazon.com"
ECS: Final = f"{DOCS}/AmazonECS/latest/APIReference"
FARGATE_PAGE: Final = f"{DOCS}/AmazonECS/latest/developerguide/task_definition_parameters.html"
IAM: Final = f"{DOCS}/IAM/latest/UserGuide"
SCALING: Final = f"{DOCS}/autoscaling/application/APIReference"
TERRAFORM: Final = "https://developer.hashicorp.com/terraform"
ACTIONS_PAGE: Final = f"{IAM}/reference_policies_elements_action.html"
OPERATORS_PAGE: Final = f"{IAM}/reference_policies_elements_condition_operators.html"
RESOURCES_PAGE: Final = f"{IAM}/reference_policies_elements_resource.html"
BUCKETS_PAGE: Final = f"{DOCS}/AmazonS3/latest/userguide/bucketnamingrules.html"
SECRETS_PAGE: Final = f"{ECS}/API_Secret.html"
PARTIAL_ARNS_PAGE: Final = f"{DOCS}/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen"
WORKSPACES_PAGE: Final = f"{TERRAFORM}/cli/commands/workspace/new"
S3_BACKEND_PAGE: Final = f"{TERRAFORM}/language/backend/s3"

US_S3: Final = S3 | {"region": "us-east-1"}


def statement(**changes: Any) -> Change:
    return ("task_role.statements", [STATEMENT | changes])


LOG_GROUPS_PAGE = f"{DOCS}/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"
RIGHT: list[tuple[str, Change]] = [
    (f"{ECS}/API_KeyValuePair.html", ("container.environment", {"Logging.Level.Default": "debug"})),
    (f"{ECS}/API_KeyValuePair.html", ("container.environment", {"spring.datasource-url": "x"})),
    (f"{ECS}/API_KeyValuePair.html", ("container.environment", {"2FA_ISSUER": "x", "a:b": "y", "x/y": "z"})),
    (SECRETS_PAGE, ("container.secrets", {"db.password": f"{SECRET}a-AbCdEf"})),
    (SECRETS_PAGE, ("container.secrets", {"A": "/go-api/dev/database"})),
    (SECRETS_PAGE, ("container.secrets", {"A": f"{PARAMETER}aws/reference/secretsmanager/a"})),
    (PARTIAL_ARNS_PAGE, ("container.secrets", {"A": f"{SECRET}prod/orders:password::"})),
    (f"{ECS}/API_ContainerDefinition.html", ("container.user", "svc@orders:1000")),
    (FARGATE_PAGE, ("container", {"cpu": 32768, "memory_mib": 249856})),
    (f"{ECS}/API_CreateService.html", ("service.name", "2nd_api-")),
    (f"{ECS}/API_CreateCluster.html", ("name", "Prod_eu--1")),
    (WORKSPACES_PAGE, ("remote_state.networking.workspace", "v1.2")),
    (WORKSPACES_PAGE, ("remote_state.networking.workspace", "team:blue@eu~1+a=b&c$")),
    (BUCKETS_PAGE, ("backend", US_S3 | {"bucket": "Example_States"})),
    (BUCKETS_PAGE, ("backend", US_S3 | {"bucket": f"{'A' * 255}"})),
    (S3_BACKEND_PAGE, ("backend.kms_key_id", "alias/terraform")),
    (S3_BACKEND_PAGE, ("backend.kms_key_id", f"{KEY.rpartition(':')[0]}:alias/terraform")),
    (f"{TERRAFORM}/language/backend/local", ("backend", LOCAL | {"path": "/srv/states/go-api.tfstate"})),
    (f"{SCALING}/API_TargetTrackingScalingPolicyConfiguration.html", ("scaling.cpu_target_percent", 62.5)),
    (f"{SCALING}/API_RegisterScalableTarget.html", ("scaling.min_capacity", 0)),
    (f"{SCALING}/API_RegisterScalableTarget.html", ("scaling", {"min_capacity": 0, "max_capacity": 0})),
    (f"{SCALING}/API_TargetTrackingScalingPolicyConfiguration.html", ("scaling.memory_target_percent", 0.5)),
    (f"{SCALING}/API_TargetTrackingScalingPolicyConfiguration.html", ("scaling.requests_per_target", 0.5)),
    *(
        (f"{SCALING}/API_PutScheduledAction.html", ("scaling.schedule", [{"name": "a, b", **schedule}]))
        for schedule in (
            {"expression": "rate(36 hours)", "min_capacity": 0},
            {"expression": "cron(0 20 L-3 * ? *)", "max_capacity": 1, "time_zone": "Etc/GMT+9"},
            {"expression": "at(1999-01-31T20:00:00)", "min_capacity": 4, "max_capacity": 4},
        )
    ),
    *((f"{ECS}/API_CreateCluster.html", ("cluster.name", name)) for name in ("shared", "-A_1", "a" * 255)),
    (LOG_GROUPS_PAGE, ("logs.group", "shared-apis")),
    (LOG_GROUPS_PAGE, ("logs.group", "A.b-c_d/e#0")),
    (LOG_GROUPS_PAGE, ("logs.group", "a" * 512)),
    (f"{IAM}/id_tags.html", ("tags", {"Environment": "production", "service": "api", "Managed-By": "platform"})),
    (RESOURCES_PAGE, statement(resources=["arn:aws:s3:::reports/My Files/*"])),
    (RESOURCES_PAGE, statement(resources=["arn:aws:sqs:*:${aws:PrincipalAccount}:a"])),
    (ACTIONS_PAGE, statement(actions=["S3:GetObject", "s3:getobject", "KMS:*"])),
    (ACTIONS_PAGE, statement(actions=["*:*"], effect="Deny")),
    (
        OPERATORS_PAGE,
        statement(conditions={"stringLike": {"aws:a": ["b"]}, "forAnyValue:ArnLikeIfExists": {"c": ["d"]}}),
    ),
    (f"{DOCS}/IAM/latest/APIReference/API_Policy.html", ("permissions_boundary_arn", f"{POLICY}a//b!/x")),
    (f"{TERRAFORM}/language/resources/syntax#operation-timeouts", ("deployment.steady_state_timeout_minutes", 180)),
]


@pytest.mark.parametrize(("page", "change"), RIGHT, ids=lambda value: str(value)[-60:])
def test_what_aws_accepts_is_not_refused(page: str, change: Change) -> None:
    assert told(change) == [], page


WRONG: list[tuple[str, Change]] = [
    (f"{ECS}/API_KeyValuePair.html", ("container.environment", {"": "x"})),
    (f"{ECS}/API_KeyValuePair.html", ("container.environment", {"A=B": "x"})),
    (WORKSPACES_PAGE, ("remote_state.networking.workspace", "a/b")),
    (WORKSPACES_PAGE, ("remote_state.networking.workspace", "..")),
    (WORKSPACES_PAGE, ("remote_state.networking.workspace", "a b")),
    (BUCKETS_PAGE, ("backend.bucket", "Example_States")),
    (BUCKETS_PAGE, ("backend", US_S3 | {"bucket": "A" * 256})),
    (BUCKETS_PAGE, ("backend", US_S3 | {"bucket": "A b"})),
    (S3_BACKEND_PAGE, ("backend.kms_key_id", "12345678-1234-1234-1234-123456789012")),
    *((f"{ECS}/API_CreateCluster.html", ("cluster.name", name)) for name in ("", "a.b", "a" * 256, "arn:aws:ecs:a")),
    *((LOG_GROUPS_PAGE, ("logs.group", name)) for name in ("", "a" * 513, "a b", "a:*", "a*", "/aws/é")),
    (ACTIONS_PAGE, statement(actions=["*:*"])),
    (RESOURCES_PAGE, statement(resources=["arn:aws:s3:::reports "])),
]


@pytest.mark.parametrize(("page", "change"), WRONG, ids=lambda value: str(value)[-60:])
def test_what_cannot_work_beside_it_is_refused(page: str, change: Change) -> None:
    assert len(told(change)) == 1, page
