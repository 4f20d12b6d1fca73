"""A deployed environment under an earlier version's addresses: the next plan moves resources, and touches none."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import Testing

from operate.terraform_cli.terraform import Terraform
from tests.renaming import example

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from local_aws.instance import LocalAws

FIRST_VERSION = {
    "aws_cloudwatch_log_group.log_group": "aws_cloudwatch_log_group.service_logs_687FB03D",
    "aws_ecs_task_definition.task_definition": "aws_ecs_task_definition.service_task_definition_149AA298",
}
"""Today's address -> the one that the first version's state has."""


def earlier(document: str) -> str:
    """The stack as the first version had it: other ids and references, no moves, and a state file of its own."""
    for now, then in FIRST_VERSION.items():
        (type_, new), (_, old) = now.split("."), then.split(".")
        document = document.replace(f"{type_}.{new}", f"{type_}.{old}").replace(f'"{new}": {{', f'"{old}": {{')
    return without_moves(document)


def without_moves(document: str) -> str:
    return json.dumps({key: block for key, block in json.loads(document).items() if key != "moved"})


def with_local_state(document: str) -> str:
    parsed: dict[str, Any] = json.loads(document)
    parsed["terraform"]["backend"] = {"local": {"path": "own.tfstate"}}
    return json.dumps(parsed)


@pytest.fixture(scope="module")
def today(synthesized: Callable[[str], Path]) -> str:
    return with_local_state((synthesized("local") / "cdk.tf.json").read_text())


@pytest.fixture(scope="module")
def deployed(stand_in_aws: LocalAws, today: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the first version's stack, which is applied."""
    folder = tmp_path_factory.mktemp("moves") / "earlier"
    terraform = terraform_in(folder, earlier(today), stand_in_aws)
    terraform.plan(out=folder / "plan")
    terraform.apply(folder / "plan")
    return folder


def terraform_in(folder: Path, document: str, local_aws: LocalAws) -> Terraform:
    folder.mkdir(exist_ok=True)
    (folder / "cdk.tf.json").write_text(document)
    terraform = Terraform(folder, local_aws.environment_variables())
    terraform.init()
    return terraform


def planned(deployed: Path, folder: Path, document: str, local_aws: LocalAws) -> list[dict[str, Any]]:
    """What a plan on the first version's state says of each resource."""
    shutil.copytree(deployed, folder)
    terraform = terraform_in(folder, document, local_aws)
    terraform.plan(out=folder / "plan")
    changes = terraform.show_json(folder / "plan")["resource_changes"]
    return [change for change in changes if change["mode"] == "managed"]


def test_a_plan_moves_and_changes_nothing(deployed: Path, today: str, tmp_path: Path, stand_in_aws: LocalAws) -> None:
    """0 to add, 0 to change, 0 to destroy: each resource that has another address now says which it had."""
    changes = planned(deployed, tmp_path / "today", today, stand_in_aws)
    assert {action for change in changes for action in change["change"]["actions"]} == {"no-op"}
    assert {
        change["address"]: change["previous_address"] for change in changes if "previous_address" in change
    } == FIRST_VERSION


def test_without_the_moves_it_would_destroy_what_runs(
    deployed: Path, today: str, tmp_path: Path, stand_in_aws: LocalAws
) -> None:
    """The same plan sees it, so that its silence above is the moves' doing."""
    changes = planned(deployed, tmp_path / "unmoved", without_moves(today), stand_in_aws)
    destroyed = {change["address"] for change in changes if "delete" in change["change"]["actions"]}
    assert destroyed == {*FIRST_VERSION.values()}


def test_the_documents_example(stand_in_aws: LocalAws, tmp_path: Path) -> None:
    """A renaming destroys what runs; with the move it does nothing at all."""
    before, renamed, moved, _ = example()
    folder = tmp_path / "deployed"
    terraform_in(folder, Testing.synth(before()), stand_in_aws).apply()
    change, *others = planned(folder, tmp_path / "moved", Testing.synth(moved()), stand_in_aws)
    assert (change["change"]["actions"], others) == (["no-op"], [])
    assert change["previous_address"] == "aws_cloudwatch_log_group.audit"
    changes = planned(folder, tmp_path / "renamed", Testing.synth(renamed()), stand_in_aws)
    assert [one["change"]["actions"] for one in changes] == [["delete"], ["create"]]
