from pathlib import Path

import pytest

from operate import generator
from operate.errors import OperateError
from operate.generator import own_words, stack_folder

FRAMED = """\
ERROR: cdktf encountered an error while synthesizing

Synth command: python main.py
Error:         non-zero exit code 1

Command output on stderr:

    environments/dev.toml: container.cpu = 300
        Fargate offers 256, 512
"""


@pytest.mark.parametrize("more", ["", "\n\nCommand output on stdout:\n\n    noise\n"])
def test_own_words(more: str) -> None:
    """Of cdktf's frame nothing is left, of main.py's message everything, with its indentation."""
    assert own_words(FRAMED + more) == "environments/dev.toml: container.cpu = 300\n    Fargate offers 256, 512"


def test_own_words_without_a_frame() -> None:
    """What cdktf itself has to say stays whole."""
    assert own_words("Error: Cannot find module pty.node") == "Error: Cannot find module pty.node"


def test_unknown_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the file that is missing and the environments that there are."""
    monkeypatch.setattr(generator, "ENVIRONMENTS", tmp_path)
    for name in ("prod", "dev"):
        (tmp_path / f"{name}.toml").touch()
    with pytest.raises(OperateError) as refused:
        stack_folder("live")
    assert str(refused.value) == (
        "There is no environment 'live': no file environments/live.toml. There are: dev, prod."
    )


def test_folder_is_named_after_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As main.py names the stack, whatever the service is called."""
    dev = (generator.ENVIRONMENTS / "dev.toml").read_text()
    (tmp_path / "qa.toml").write_text(dev.replace('name = "go-api"', 'name = "orders"'))
    monkeypatch.setattr(generator, "ENVIRONMENTS", tmp_path)
    assert stack_folder("qa") == generator.SYNTHESIZED / "stacks" / "orders-qa"


def test_folder_of_wrong_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings' own message."""
    (tmp_path / "qa.toml").write_text("region = 5\n")
    monkeypatch.setattr(generator, "ENVIRONMENTS", tmp_path)
    with pytest.raises(OperateError, match=r"qa\.toml: region"):
        stack_folder("qa")


def test_no_node_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout that isn't set up says how to set it up."""
    monkeypatch.setattr(generator, "CDKTF", tmp_path / "cdktf")
    with pytest.raises(OperateError, match="node_modules has no cdktf: `make synth` sets it up"):
        generator.synthesize()


def test_wrong_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the real cdktf: main.py's own message, and nothing of cdktf's or Python's around it."""
    (tmp_path / "dev.toml").write_text('region = "eu-west-1"\nregoin = "eu-west-1"\n')
    monkeypatch.setenv("ENVIRONMENTS_DIR", str(tmp_path))
    with pytest.raises(OperateError) as refused:
        generator.synthesize()
    shown = str(refused.value)
    assert "regoin" in shown
    assert not [word for word in ("Traceback", "cdktf", "Command output") if word in shown]
