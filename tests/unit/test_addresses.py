"""Terraform addresses are a contract: a resource whose address is gone is destroyed, though only a name changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import TerraformStack, Testing
from cdktf_cdktf_provider_aws.provider import AwsProvider

from constructs_lib.log_group import LogGroup
from stacks.fargate_api_stack import FargateApiStack
from stacks.settings import load_environments
from tests.renaming import example
from tests.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
FILE = Path(__file__).with_name("addresses.json")
EVERY_OPTION = "with every option"
REMEDY = f"""
Terraform destroys a resource whose address is gone, the running service too, and creates one whose address is new.
If a construct was renamed or moved, give its resource the old address with move_from_id("<type>.<old id>"), or the
stack a "moved" block: the plan then says "has moved to" and destroys nothing. Then add the new address by hand to
{FILE.relative_to(ROOT)}, and leave the old one in it, which may be in somebody's state. Take an address out of the
file only if the resource is to be destroyed wherever it is deployed."""


def objections(listed: list[str], template: Template) -> list[str]:
    """To the addresses of a synthesized stack, where the file lists these."""
    present = {f"{type_}.{id_}" for type_, blocks in template.json["resource"].items() for id_ in blocks}
    moved = {move["from"]: move["to"] for move in template.json.get("moved", [])}

    def now(address: str) -> str:
        return now(moved[address]) if address in moved else address

    gone = sorted(address for address in listed if now(address) not in present)
    new = sorted(present - set(listed))
    return [f"gone: {address}" for address in gone] + [f"new: {address}" for address in new]


@pytest.fixture(scope="module")
def templates(synthesize: Callable[..., Template]) -> dict[str, Template]:
    """Every environment's, and one of a stack with the resources that only some settings ask for."""
    statement = {"actions": ["sqs:SendMessage"], "resources": ["arn:aws:sqs:eu-west-1:111111111111:orders"]}
    night = {"name": "night", "expression": "cron(0 20 * * ? *)", "min_capacity": 0, "max_capacity": 0}
    every_option = synthesize(
        service={"fargate_spot_percent": 50},
        task_role={"statements": [statement]},
        scaling={"memory_target_percent": 80, "requests_per_target": 500, "schedule": [night]},
        dashboard={"enabled": True},
        alarms={"enabled": True},
    )
    return {
        environment.name: Template.of(FargateApiStack(Testing.app(), environment.name_prefix, environment=environment))
        for environment in load_environments(ROOT / "environments")
    } | {EVERY_OPTION: every_option}


def test_addresses_are_those_of_the_file(templates: dict[str, Template]) -> None:
    """No change destroys what runs unless a person said so, in the file."""
    listed: dict[str, Any] = json.loads(FILE.read_text())
    found = {name: objections(listed.get(name, []), template) for name, template in templates.items()}
    if any(found.values()):
        objected = {name: said for name, said in found.items() if said}
        pytest.fail(json.dumps(objected, indent=2) + REMEDY, pytrace=False)


def test_file_lists_no_other_environment(templates: dict[str, Template]) -> None:
    assert sorted(json.loads(FILE.read_text())) == sorted(templates)


def renamed_log_group(*, move_from: str | None = None) -> Template:
    stack = TerraformStack(Testing.app(), "orders")
    AwsProvider(stack, "aws", region="eu-west-1")
    construct = LogGroup(stack, "logs", name="/ecs/orders")
    if move_from:
        construct.resource.move_from_id(move_from)
    return Template.of(stack)


def test_a_renamed_construct_is_objected_to() -> None:
    """The one is destroyed, the other created."""
    assert objections(["aws_cloudwatch_log_group.log_group"], renamed_log_group()) == [
        "gone: aws_cloudwatch_log_group.log_group",
        "new: aws_cloudwatch_log_group.logs",
    ]


def test_a_moved_address_is_none_that_is_gone() -> None:
    """Only its new address has to be listed beside it."""
    template = renamed_log_group(move_from="aws_cloudwatch_log_group.log_group")
    assert objections(["aws_cloudwatch_log_group.log_group"], template) == ["new: aws_cloudwatch_log_group.logs"]
    assert objections(["aws_cloudwatch_log_group.log_group", "aws_cloudwatch_log_group.logs"], template) == []


def test_a_move_from_elsewhere_excuses_nothing() -> None:
    template = renamed_log_group(move_from="aws_cloudwatch_log_group.other")
    assert objections(["aws_cloudwatch_log_group.log_group", "aws_cloudwatch_log_group.logs"], template) == [
        "gone: aws_cloudwatch_log_group.log_group"
    ]


def test_the_documents_example() -> None:
    """Renamed, it is objected to in the document's words; with its move, only the new address is to be listed."""
    before, renamed, moved, objected = example()
    listed = [f"{kind}.{name}" for kind, blocks in Template.of(before()).json["resource"].items() for name in blocks]
    assert objections(listed, Template.of(renamed())) == objected
    assert objections(listed, Template.of(moved())) == objected[1:]
    assert [said.partition(" ")[0] for said in objected] == ["gone:", "new:"]
