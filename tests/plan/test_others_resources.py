"""What each check of somebody else's cluster and log group decides, and says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cdktf import TerraformStack, Testing
from cdktf_cdktf_provider_aws.provider import AwsProvider

from constructs_lib.fargate_cluster import ExistingFargateCluster
from constructs_lib.log_group import ExistingLogGroup
from tests.plan.expressions import Case, evaluate
from tests.template import Template

if TYPE_CHECKING:
    from pathlib import Path

    from tests.template import Block

CLUSTER, GROUP = "data.aws_ecs_cluster.cluster", "data.aws_cloudwatch_log_group.logs"
KEY = "arn:aws:kms:eu-west-1:111111111111:key/a"
INSIGHTS = {"name": "containerInsights", "value": "enhanced"}


@pytest.fixture(scope="module")
def document() -> Block:
    stack = TerraformStack(Testing.app(), "orders")
    AwsProvider(stack, "aws", region="eu-west-1")
    ExistingFargateCluster(stack, "cluster", name="shared", container_insights="enhanced")
    ExistingLogGroup(stack, "logs", name="apis", retention_days=30, kms_key_arn=KEY)
    return Template.of(stack).json


def check(document: Block, begin: str) -> Block:
    (found,) = [block["assert"][0] for name, block in document["check"].items() if name.startswith(begin)]
    return dict(found)


def decided(folder: Path, rule: Block, address: str, values: list[Block]) -> list[Any]:
    """What the rule says of each, and its message about the last."""
    cases = [Case(rule["condition"], {address: value}) for value in values]
    return evaluate(folder, [*cases, Case(rule["error_message"], {address: values[-1]})])


def test_only_an_active_cluster_takes_a_service(document: Block, tmp_path: Path) -> None:
    (rule,) = document["data"]["aws_ecs_cluster"]["cluster"]["lifecycle"]["postcondition"]
    clusters = [{"cluster_name": "shared", "status": status} for status in ("ACTIVE", "PROVISIONING", "INACTIVE")]
    assert decided(tmp_path, rule, "self", clusters) == [
        *(True, False, False),
        'Cluster shared has the status "INACTIVE": only an ACTIVE one takes a service.',
    ]


def test_a_clusters_insights_are_compared(document: Block, tmp_path: Path) -> None:
    """One that says nothing of them has none."""
    settings: list[list[Block]] = [
        [INSIGHTS],
        [{"name": "other", "value": "x"}, INSIGHTS],
        [INSIGHTS | {"value": "enabled"}],
        [],
    ]
    clusters = [{"cluster_name": "shared", "setting": each} for each in settings]
    assert decided(tmp_path, check(document, "cluster_insights"), CLUSTER, clusters) == [
        *(True, True, False, False),
        (
            "Cluster shared has container insights disabled, and enhanced is wanted. It is somebody else's, and "
            "nothing of it is changed."
        ),
    ]


def test_a_container_cannot_write_to_a_group_of_delivered_logs(document: Block, tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html"""
    (rule,) = document["data"]["aws_cloudwatch_log_group"]["logs"]["lifecycle"]["postcondition"]
    groups = [{"name": "apis", "log_group_class": each} for each in ("STANDARD", "INFREQUENT_ACCESS", "", "DELIVERY")]
    *taken, message = decided(tmp_path, rule, "self", groups)
    assert taken == [True, True, True, False]
    assert message.startswith("Log group apis is of the class DELIVERY, into which a container cannot write")


def test_a_log_groups_retention_and_key_are_compared(document: Block, tmp_path: Path) -> None:
    groups = [{"name": "apis", "retention_in_days": days, "kms_key_id": KEY} for days in (30, 7)]
    assert decided(tmp_path, check(document, "logs_retention"), GROUP, groups) == [
        *(True, False),
        (
            "Log group apis has retention_in_days = 7, and 30 is wanted. It is somebody else's, and nothing of it is "
            "changed."
        ),
    ]
    groups = [{"name": "apis", "retention_in_days": 30, "kms_key_id": key} for key in (KEY, "")]
    *taken, message = decided(tmp_path, check(document, "logs_kms_key"), GROUP, groups)
    assert taken == [True, False]
    assert message.startswith(f'Log group apis has kms_key_id = "", and "{KEY}" is wanted.')
