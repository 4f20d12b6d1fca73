"""Which cluster it is, where another module's state says it: the tools ask the state, as the stack does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import Testing

from operate.errors import OperateError
from operate.terraform_cli.stack import Stack
from operate.terraform_cli.terraform import Terraform
from stacks.fargate_api_stack import FargateApiStack
from tests.plan.terraform_folder import write_stack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stacks.settings import Environment

ARN = "arn:aws:ecs:eu-west-1:111111111111:cluster/shared"


@pytest.fixture
def stack(tmp_path: Path, environment: Callable[..., Environment]) -> Callable[[str, Any], Stack]:
    def make(output: str, value: object) -> Stack:
        state = tmp_path / "compute.tfstate"
        type_ = "string" if isinstance(value, str) else ["map", "string"]
        outputs = {"cluster": {"value": value, "type": type_}}
        state.write_text(
            json.dumps({"version": 4, "terraform_version": "1.10.0", "serial": 1, "lineage": "a", "outputs": outputs})
        )
        backend = {"type": "local", "path": str(state)}
        cluster = {"backend": backend, "outputs": {"cluster_name": output}}
        settings = environment(remote_state={"cluster": cluster})
        folder = write_stack(tmp_path / "stack", FargateApiStack(Testing.app(), "go-api-dev", environment=settings))
        return Stack(folder, Terraform(folder), settings)

    return make


@pytest.mark.parametrize(
    ("output", "value"), [("cluster", "shared"), ("cluster", ARN), ("cluster.arn", {"arn": ARN, "name": "other"})]
)
def test_the_tools_read_the_name(stack: Callable[[str, Any], Stack], output: str, value: object) -> None:
    """A name, an ARN, and a part of an output; nothing is left beside the stack."""
    read = stack(output, value)
    assert read.read_cluster_name() == "shared"
    assert [path.name for path in read.folder.parent.iterdir() if path.is_dir()] == ["stack"]


def test_another_value_is_refused_as_at_plan(stack: Callable[[str, Any], Stack]) -> None:
    """With what it must be, and what it is."""
    with pytest.raises(OperateError, match=r"must be the name or the ARN of an ECS cluster(?s:.)*It is \"a b\""):
        stack("cluster", "a b").read_cluster_name()
