"""A state that Terraform left behind because its backend did not take it, with real Terraform."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from operate.generator import settings_of
from operate.terraform_cli.stack import Stack
from operate.terraform_cli.terraform import Terraform

if TYPE_CHECKING:
    from pathlib import Path

MODULE = 'terraform {\n  backend "local" {}\n}\noutput "value" {\n  value = "saved"\n}\n'


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """Applied."""
    (tmp_path / "main.tf").write_text(MODULE)
    stack = Stack(tmp_path, Terraform(tmp_path), settings_of("dev"))
    stack.init()
    stack.terraform.apply()
    return stack


def leave(stack: Stack, **changes: Any) -> Path:
    """What Terraform calls a state that it could not save."""
    state = {**json.loads((stack.folder / "terraform.tfstate").read_text()), **changes}
    state["outputs"]["value"]["value"] = "unsaved"
    file = stack.folder / "errored.tfstate"
    file.write_text(json.dumps(state))
    return file


def value(stack: Stack) -> object:
    return stack.terraform.output()["value"]


def test_what_goes_on_from_the_saved_one_is_saved(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """Once, and said so; also where nothing is saved yet."""
    file = leave(stack, serial=stack.state().serial + 1)
    stack.push_unsaved_state()
    assert value(stack) == "unsaved"
    assert "which Terraform could not save, is saved now" in capsys.readouterr().err
    assert not file.exists()
    (stack.folder / "terraform.tfstate").rename(file)
    stack.push_unsaved_state()
    assert value(stack) == "unsaved"


def test_what_is_saved_already_is_deleted(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the backend only the answer was lost."""
    file = stack.folder / "errored.tfstate"
    file.write_text((stack.folder / "terraform.tfstate").read_text())
    stack.push_unsaved_state()
    assert [*stack.folder.glob("errored*")] == []
    assert capsys.readouterr().err == ""


def test_what_somebody_else_has_overtaken_is_kept(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do. It is the only record of what the apply made; each stays."""
    serial = stack.state().serial
    for _ in range(2):
        leave(stack)
        stack.push_unsaved_state()
    assert value(stack) == "saved"
    kept = sorted(file.name for file in stack.folder.glob("errored*"))
    assert kept == [f"errored.{serial}-2.tfstate", f"errored.{serial}.tfstate"]
    said = capsys.readouterr().err
    assert f"{kept[1]} is a state that Terraform could not save, and another one, of serial {serial}, was saved" in said
    show = shlex.split(said.partition("`")[2].partition("`")[0])
    assert "unsaved" in subprocess.run(show, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("content", [None, "", "{", '{"lineage": 1}'])
def test_what_is_none_of_its_states_is_left_alone(
    stack: Stack, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another stack's, or a file in ruins."""
    file = leave(stack, serial=99, lineage="another")
    if content is not None:
        file.write_text(content)
    stack.push_unsaved_state()
    assert value(stack) == "saved"
    assert file.exists()
    assert "is not a state of this stack, and is left alone." in capsys.readouterr().err
