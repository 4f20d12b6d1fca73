from typing import Any

import pytest
from rich.console import Console

from operate import plan_summary
from operate.plan_summary import Change
from operate.terraform import Terraform

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
    terraform.plan(out=folder / "plan", variables={"image_tag": "v2", "wise": "false"})
    return terraform.show_json(folder / "plan")


def test_changes(plan: dict[str, Any]) -> None:
    """Each action under its own word, and nothing of what is kept."""
    assert plan_summary.changes(plan) == [
        Change(action="change", type="terraform_data", name="changed"),
        Change(action="create", type="terraform_data", name="created[0]"),
        Change(action="destroy", type="terraform_data", name="destroyed[0]"),
        Change(action="replace", type="terraform_data", name="replaced"),
    ]


def test_totals(plan: dict[str, Any]) -> None:
    """One line, in a fixed order, without what does not happen."""
    changes = plan_summary.changes(plan)
    assert plan_summary.totals(changes) == "1 to create, 1 to change, 1 to replace, 1 to destroy"
    assert plan_summary.totals(changes[:1]) == "1 to change"
    assert plan_summary.totals([]).startswith("No changes")


def test_warnings(plan: dict[str, Any]) -> None:
    """A failed check block is heard; a passed one is silent."""
    assert plan_summary.warnings(plan) == ["All subnets are in one zone."]
    assert plan_summary.warnings({**plan, "checks": [{**plan["checks"][0], "status": "pass"}]}) == []


def test_table(plan: dict[str, Any]) -> None:
    """A row for each change, whole in eighty columns."""
    console = Console(width=80, record=True)
    console.print(plan_summary.table(plan_summary.changes(plan)))
    rows = console.export_text().splitlines()
    assert [row.split() for row in rows[1:3]] == [
        ["change", "terraform_data", "changed"],
        ["create", "terraform_data", "created[0]"],
    ]


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"name": "go-api-local"}, "go-api-local"),
        ({"family": "go-api-local"}, "go-api-local"),
        ({"resource_id": "service/a/b"}, "service/a/b"),
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
    assert [change.name for change in plan_summary.changes({"resource_changes": [resource]})] == [name]


def test_data_sources_are_no_changes() -> None:
    """What is read at apply is in the plan, and is no change."""
    resource = {"address": "data.aws_vpc.vpc", "mode": "data", "type": "aws_vpc", "change": {"actions": ["read"]}}
    assert plan_summary.changes({"resource_changes": [resource]}) == []
