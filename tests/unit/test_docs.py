"""What the documents say runs: commands, settings, Python; and the files and keys that they name are there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from cdktf import LocalBackend, TerraformStack, Testing
from cdktf_cdktf_provider_aws.provider import AwsProvider
from typer.testing import CliRunner

from operate.__main__ import app
from stacks.settings import Environment, load_environment
from tests.plan.transitions import overlaid
from tests.template import Template

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
TEXT = "\n".join(path.read_text() for path in DOCUMENTS)


def blocks(language: str, text: str = TEXT) -> list[str]:
    """Fenced blocks, also those within a list, without their indentation."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, flags=re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indentation}", "", block, flags=re.MULTILINE) for indentation, block in found]


COMMANDS = [line for block in blocks("sh") for line in block.splitlines()]
INLINE = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL))


def words(program: str) -> list[list[str]]:
    """The arguments of each call of a program, in blocks and in the text."""
    found = (shlex.split(command, comments=True) for command in [*COMMANDS, *INLINE] if program in command)
    return [line[line.index(program) + 1 :] for line in found if program in line]


@pytest.mark.parametrize("arguments", words("make"), ids=" ".join)
def test_make_knows_the_target(arguments: list[str]) -> None:
    """A dry run: make resolves the target and its variables."""
    completed = subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    environments = [word.partition("=")[2] for word in arguments if word.startswith("ENV=")]
    assert all((ROOT / "environments" / f"{name}.toml").exists() for name in environments)


@pytest.mark.parametrize("verb", sorted({match[1] for match in re.finditer(r"-m operate ([a-z-]+)", TEXT)}))
def test_operate_knows_the_verb(verb: str) -> None:
    assert CliRunner().invoke(app, [verb, "--help"]).exit_code == 0


def test_cdktf_is_run_through_pipenv() -> None:
    """On a stack that there is; `tests/plan/test_cdktf_commands.py` runs each command."""
    stacks = {load_environment(path).name_prefix for path in (ROOT / "environments").glob("*.toml")}
    assert ["run", "cdktf", "synth"] in words("pipenv")
    assert {line[3] for line in words("pipenv") if line[:3] == ["run", "cdktf", "deploy"]} <= stacks


def test_settings_are_accepted() -> None:
    """The tables that are shown, in place of those of `dev`."""
    dev = load_environment(ROOT / "environments" / "dev.toml").model_dump(exclude_unset=True)
    for block in blocks("toml"):
        Environment.model_validate(overlaid(dev, tomllib.loads(block)))


def test_python_is_a_stack() -> None:
    """It runs, and makes the service that it names."""
    stack = TerraformStack(Testing.app(), "readme")
    LocalBackend(stack, path="own.tfstate")
    AwsProvider(stack, "aws", region="eu-west-1")
    for block in blocks("python", (ROOT / "README.md").read_text()):
        exec(compile(block, "README.md", "exec"), {"stack": stack})  # noqa: S102 - it is what is tested
    assert Template.of(stack).only("aws_ecs_service")["name"] == "orders"


def test_files_exist() -> None:
    """Each path that is named, but for what a command makes, and those of a container, which are absolute."""
    named = {word for word in INLINE if re.fullmatch(r"[\w./-]+/[\w./-]*|[\w-]+\.(py|toml|md)", word)}
    made = {word for word in named if word.startswith(("cdktf.out", ".local", "/"))}
    assert {word for word in named - made - available_timezones() if not (ROOT / word).exists()} == set()
