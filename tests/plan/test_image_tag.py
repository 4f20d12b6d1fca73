"""Which image tags the variable takes, by Terraform's own evaluation of its rules, and what it says of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cdktf import TerraformStack, Testing

from stacks.image import ImageTag
from stacks.settings import Image
from tests.plan.expressions import Case, evaluate
from tests.template import Template

if TYPE_CHECKING:
    from pathlib import Path

    from tests.template import Block

TAKEN = ["a", "_", "9", "latest", "v1.2.3-rc_1", "a" * 128]
REFUSED = ["", ".a", "-a", "a b", "a:b", "a" * 129, "é", "a\n"]
COMMITS = ["3f9c2e1", "0" * 7, "f" * 40]
NO_COMMITS = ["3f9c2e", "f" * 41, "3F9C2E1", "g" * 7, "latest", "x3f9c2e1"]


def variable(**settings: Any) -> Block:
    stack = TerraformStack(Testing.app(), "orders")
    ImageTag(stack, "image_tag", image=Image(repository="team/orders", **settings), environment="qa")
    block: Block = Template.of(stack).json["variable"]["image_tag"]
    return block


def taken(folder: Path, rule: Block, tags: list[str]) -> list[str]:
    decided = evaluate(folder, [Case(rule["condition"], {"var.image_tag": tag}) for tag in tags])
    return [tag for tag, passes in zip(tags, decided, strict=True) if passes]


def test_any_tag_of_ecr(tmp_path: Path) -> None:
    """One rule, whose message has the tag in it; a plan without a tag asks for one, and takes no null."""
    block = variable()
    (rule,) = block.pop("validation")
    assert block == {
        "type": "string",
        "description": "Tag of the image in the ECR repository team/orders",
        "nullable": False,
    }
    assert taken(tmp_path, rule, TAKEN + REFUSED) == TAKEN
    assert evaluate(tmp_path, [Case(rule["error_message"], {"var.image_tag": "a b"})]) == [
        "image_tag is \"a b\": a tag has 1 to 128 letters, digits, '.', '_' and '-', and begins with none of '.-'."
    ]


def test_only_commits(tmp_path: Path) -> None:
    """A second rule, which says whose it is."""
    first, second = variable(require_commit_sha_tag=True)["validation"]
    assert first == variable()["validation"][0]
    assert taken(tmp_path, second, COMMITS + NO_COMMITS) == COMMITS
    assert evaluate(tmp_path, [Case(second["error_message"], {"var.image_tag": "latest"})]) == [
        'image_tag is "latest": qa takes only commit SHAs, 7 to 40 of 0-9 and a-f, such as 3f9c2e1.'
    ]


@pytest.mark.parametrize("tag", ["latest", "3f9c2e1"])
def test_the_default_is_the_environments(tag: str) -> None:
    assert variable(default_tag=tag)["default"] == tag
