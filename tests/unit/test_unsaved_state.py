"""A state that Terraform left behind because its backend did not take it, with real Terraform."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from operate.generator import settings_of
from operate.stack import Stack
from operate.terraform import Terraform

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


def test_what_is_older_is_dropped(stack: Stack) -> None:
    """Somebody has saved since."""
    file = leave(stack)
    stack.push_unsaved_state()
    assert value(stack) == "saved"
    assert not file.exists()


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
