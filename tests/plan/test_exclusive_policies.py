"""A role whose policies Terraform owns alone: what somebody adds is taken away, and nothing else is planned."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from operate.terraform import Terraform

if TYPE_CHECKING:
    from pathlib import Path

    from operate.local_cloud.cloud import Client, LocalCloud

NAME = "exclusive"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def policy(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


DOCUMENT: dict[str, Any] = {
    "provider": {"aws": {"region": "us-east-1"}},
    "resource": {
        "aws_iam_role": {
            "role": {
                "name": NAME,
                "assume_role_policy": policy(Action="sts:AssumeRole", Principal={"Service": "ecs-tasks.amazonaws.com"}),
            }
        },
        "aws_iam_role_policy": {
            "own": {"name": "own", "role": "${aws_iam_role.role.name}", "policy": policy(Action="s3:*", Resource="*")}
        },
        "aws_iam_role_policies_exclusive": {
            "own": {"role_name": "${aws_iam_role.role.name}", "policy_names": ["${aws_iam_role_policy.own.name}"]}
        },
        "aws_iam_role_policy_attachments_exclusive": {
            "none": {"role_name": "${aws_iam_role.role.name}", "policy_arns": []}
        },
    },
}


@pytest.fixture
def terraform(empty_cloud: LocalCloud, tmp_path: Path) -> Terraform:
    (tmp_path / "main.tf.json").write_text(json.dumps(DOCUMENT))
    terraform = Terraform(tmp_path, empty_cloud.environment_variables())
    terraform.init()
    return terraform


@pytest.fixture
def iam(empty_cloud: LocalCloud) -> Client:
    return empty_cloud.client("iam")


def changed(terraform: Terraform) -> set[str]:
    """The types of what a plan changes; it is applied after that."""
    plan = terraform.working_directory / "plan"
    terraform.plan(out=plan)
    document = terraform.show_json(plan)
    terraform.apply(plan)
    return {one["type"] for one in document["resource_changes"] if one["change"]["actions"] != ["no-op"]}


def test_a_second_plan_is_empty_and_an_intruder_is_taken_away(terraform: Terraform, iam: Client) -> None:
    """Inline policies and attached ones."""
    assert changed(terraform) == {*DOCUMENT["resource"]}
    assert changed(terraform) == set()
    iam.put_role_policy(RoleName=NAME, PolicyName="added", PolicyDocument=policy(Action="*", Resource="*"))
    iam.attach_role_policy(RoleName=NAME, PolicyArn=READ_ONLY)
    exclusive = {"aws_iam_role_policies_exclusive", "aws_iam_role_policy_attachments_exclusive"}
    assert changed(terraform) == exclusive
    assert iam.list_role_policies(RoleName=NAME)["PolicyNames"] == ["own"]
    assert iam.list_attached_role_policies(RoleName=NAME)["AttachedPolicies"] == []
    assert changed(terraform) == set()
    terraform.destroy()
