import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from operate.plan import plan_changes, plan_report
from operate.plan.plan_changes import OutputChange
from operate.terraform_cli.terraform import Terraform

EVERY_ACTION = """
variable "image_tag" {
  default = "v1"
}
variable "wise" {
  default = true
}
resource "terraform_data" "replaced" {
  triggers_replace = var.image_tag
}
resource "terraform_data" "changed" {
  input = var.image_tag
}
resource "terraform_data" "destroyed" {
  count = var.wise ? 1 : 0
}
resource "terraform_data" "created" {
  count = var.wise ? 0 : 1
}
resource "terraform_data" "kept" {
}
variable "secret" {
  default   = "s1"
  sensitive = true
}
output "kept" {
  value = "kept"
}
output "secret_kept" {
  value     = "kept"
  sensitive = true
}
output "known" {
  value = "http://${var.image_tag}"
}
output "listed" {
  value = [var.image_tag]
}
output "nulled" {
  value = var.wise ? "a" : null
}
output "later" {
  value = terraform_data.changed.output
}
output "secret" {
  value     = var.secret
  sensitive = true
}
check "zones" {
  assert {
    condition     = var.wise
    error_message = "All subnets are in one zone."
  }
}
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Terraform's own, of a deployment where something of each kind happens."""
    folder = tmp_path_factory.mktemp("every_action")
    (folder / "main.tf").write_text(EVERY_ACTION)
    terraform = Terraform(folder)
    terraform.init()
    terraform.apply()
    variables = {"image_tag": "v2", "wise": "false", "secret": "s2"}
    terraform.plan(out=folder / "plan", variables=variables)
    return terraform.show_json(folder / "plan")


@pytest.fixture(scope="module")
def outputs_alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Terraform's own, where no resource changes: an output changes, one is new, one goes, one stays."""
    folder = tmp_path_factory.mktemp("outputs_alone")
    module = 'output "api_url" {\n  value = "%s"\n}\noutput "%s" {\n  value = "1"\n}\noutput "kept" {\n  value = "1"\n}'
    terraform = Terraform(folder)
    (folder / "main.tf").write_text(module % ("http://a", "old"))
    terraform.init()
    terraform.apply()
    (folder / "main.tf").write_text(module % ("http://b", "new"))
    terraform.plan(out=folder / "plan")
    return terraform.show_json(folder / "plan")


def test_changes(plan: dict[str, Any]) -> None:
    """Each action under its own word, and nothing of what is kept."""
    assert [(change.action, change.address) for change in plan_changes.changes(plan)] == [
        ("in place", "terraform_data.changed"),
        ("created", "terraform_data.created[0]"),
        ("destroyed", "terraform_data.destroyed[0]"),
        ("replaced", "terraform_data.replaced"),
    ]


def test_totals(plan: dict[str, Any]) -> None:
    """One line, in a fixed order, without what does not happen."""
    changes = plan_changes.changes(plan)
    outputs = plan_changes.output_changes(plan)
    assert (
        plan_report.totals(changes, outputs)
        == "1 to create, 1 to change in place, 1 to replace, 1 to destroy, 5 outputs to change"
    )
    assert plan_report.totals(changes[:1], []) == "1 to change in place"
    assert plan_report.totals([], outputs[:1]) == "no resources to change, 1 output to change"
    assert plan_report.totals([], []).startswith("No changes")


def test_outputs(plan: dict[str, Any]) -> None:
    """What changes, and from what to what; what is sensitive stays unseen."""
    assert plan_changes.output_changes(plan) == [
        OutputChange("known", "http://v1", "http://v2"),
        OutputChange("later", "v1", "(known after apply)"),
        OutputChange("listed", '["v1"]', '["v2"]'),
        OutputChange("nulled", "a", "null"),
        OutputChange("secret", "(sensitive)", "(sensitive)"),
    ]


def test_a_plan_of_outputs_alone_is_a_change(outputs_alone: dict[str, Any]) -> None:
    """One that is new has no value before, one that goes has none after."""
    found = plan_changes.output_changes(outputs_alone)
    assert found == [
        OutputChange("api_url", "http://a", "http://b"),
        OutputChange("new", None, "1"),
        OutputChange("old", "1", None),
    ]
    assert plan_report.totals(plan_changes.changes(outputs_alone), found) == (
        "no resources to change, 3 outputs to change"
    )


def test_an_outputs_value_is_whole(outputs_alone: dict[str, Any]) -> None:
    """However long it is: an ARN is to be read, and copied, from a narrow screen too."""
    arn = f"arn:aws:ecs:eu-west-1:111111111111:task-definition/{'x' * 90}"
    console = Console(width=80, record=True)
    found = plan_changes.output_changes(outputs_alone)
    console.print(plan_report.output_table([*found, OutputChange("arn", arn, arn)]))
    assert console.export_text().count("x") == 180


def test_a_change_of_the_state_alone_is_a_change(tmp_path: Path) -> None:
    """A resource that is taken over, and one whose address changes, are what an apply would do."""
    (tmp_path / "main.tf").write_text('resource "terraform_data" "old" {\n}')
    terraform = Terraform(tmp_path)
    terraform.init()
    terraform.apply()
    (tmp_path / "main.tf").write_text("""
resource "terraform_data" "new" {
}
moved {
  from = terraform_data.old
  to   = terraform_data.new
}
resource "terraform_data" "taken_over" {
}
import {
  to = terraform_data.taken_over
  id = "theirs"
}
""")
    terraform.plan(out=tmp_path / "plan")
    found = plan_changes.changes(terraform.show_json(tmp_path / "plan"))
    assert [(change.action, change.name) for change in found] == [("moved", "new"), ("imported", "taken_over")]


def test_what_somebody_else_deleted() -> None:
    """It is told; what only looks different, as the provider's defaults do after each apply, is not."""
    drift = {
        "address": "aws_ecs_service.service",
        "mode": "managed",
        "type": "aws_ecs_service",
        "change": {"actions": ["delete"], "before": {"name": "go-api-dev"}, "after": None},
    }
    changed = {**drift, "change": {"actions": ["update"], "before": {"name": "a"}, "after": {"name": "a", "tags": {}}}}
    assert plan_changes.deleted_outside({"resource_drift": [changed, drift]}) == ["aws_ecs_service go-api-dev"]
    assert plan_changes.deleted_outside({}) == []


def test_warnings(plan: dict[str, Any]) -> None:
    """A failed check block is heard; a passed one is silent."""
    assert plan_changes.warnings(plan) == ["All subnets are in one zone."]
    assert plan_changes.warnings({**plan, "checks": [{**plan["checks"][0], "status": "pass"}]}) == []


def test_lines(plan: dict[str, Any]) -> None:
    """One for each resource, whole in eighty columns, and under it what changes."""
    console = Console(width=80, record=True)
    console.print(plan_report.as_lines(plan_changes.changes(plan)))
    lines = [re.sub("[0-9a-f-]{36}", "<id>", line).rstrip() for line in console.export_text().splitlines()]
    assert lines == [
        "in place     terraform_data changed",
        "  input: v1 → v2",
        "  known after apply: output",
        "created      terraform_data created[0]",
        "  known after apply: id",
        "destroyed    terraform_data destroyed[0]",
        "  id: - <id>",
        "replaced     terraform_data replaced",
        "  triggers_replace: v1 → v2 (forces the replacement)",
        "  known after apply: id",
    ]


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"name": "go-api-local"}, "go-api-local"),
        ({"family": "go-api-local"}, "go-api-local"),
        ({"resource_id": "service/a/b"}, "service/a/b"),
        ({"role_name": "a-task", "policy_names": []}, "a-task"),
        ({"name": None}, "cluster_B6E1FCF5"),
    ],
)
def test_names(values: dict[str, str | None], name: str) -> None:
    """AWS's name where the plan knows it, else Terraform's."""
    resource = {
        "address": "aws_ecs_cluster.cluster_B6E1FCF5",
        "mode": "managed",
        "type": "aws_ecs_cluster",
        "change": {"actions": ["create"], "before": None, "after": values},
    }
    assert [change.name for change in plan_changes.changes({"resource_changes": [resource]})] == [name]


@pytest.mark.parametrize(
    ("also", "actions", "shown"),
    [
        ({"deposed": "a1b2"}, ["delete"], ("destroyed", "api (deposed)")),
        ({"importing": {"id": "api"}}, ["update"], ("in place", "api (imported)")),
        ({"importing": {"id": "api"}}, ["no-op"], ("imported", "api")),
    ],
)
def test_what_stands_beside_a_change_is_said(also: dict[str, Any], actions: list[str], shown: tuple[str, str]) -> None:
    """That it is the predecessor which an earlier apply left, or taken over on the way."""
    change = {"actions": actions, "before": {"name": "api"}, "after": {"name": "api"}, **also}
    resource = {"address": "aws_ecs_service.service", "mode": "managed", "type": "aws_ecs_service", "change": change}
    (found,) = plan_changes.changes({"resource_changes": [{**resource, **also}]})
    assert (found.action, found.name) == shown


def test_data_sources_are_no_changes() -> None:
    """What is read at apply is in the plan, and is no change."""
    resource = {"address": "data.aws_vpc.vpc", "mode": "data", "type": "aws_vpc", "change": {"actions": ["read"]}}
    assert plan_changes.changes({"resource_changes": [resource]}) == []
