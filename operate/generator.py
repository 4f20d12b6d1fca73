"""Runs the generator: `cdktf synth`, every environment at once."""

import os
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

from operate import progress
from operate.errors import OperateError
from operate.progress import Command, StepFailedError
from operate.terraform import REPOSITORY, executable, tool_variables
from stacks.environment import SettingsError, load_environment

ENVIRONMENTS = REPOSITORY / "environments"
SYNTHESIZED = REPOSITORY / "cdktf.out"
CDKTF = REPOSITORY / "node_modules/.bin/cdktf"


def environments() -> list[str]:
    return sorted(path.stem for path in ENVIRONMENTS.glob("*.toml"))


def stack_folder(environment: str) -> Path:
    """Where an environment's Terraform JSON is synthesized to; refuses a name that has no settings file."""
    if environment not in environments():
        known = ", ".join(environments()) or "none"
        raise OperateError(
            f"There is no environment {environment!r}: no file environments/{environment}.toml. There are: {known}."
        )
    try:
        settings = load_environment(ENVIRONMENTS / f"{environment}.toml")
    except SettingsError as error:
        raise OperateError(str(error)) from None
    return SYNTHESIZED / "stacks" / settings.name_prefix


def synthesize() -> None:
    try:
        progress.run("cdktf synth", cdktf("synth", environment={}))
    except StepFailedError as error:
        raise OperateError(own_words(error.output)) from None


def cdktf(*arguments: str, environment: Mapping[str, str]) -> Command:
    """`environment` is laid over the caller's, as `Terraform`'s is."""
    output = os.path.relpath(SYNTHESIZED, REPOSITORY)
    return Command([str(_cdktf()), *arguments, "--output", output], REPOSITORY, cdktf_variables(environment))


def cdktf_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """With this interpreter and its Node first on PATH, as cdktf.json's `python main.py` and jsii want them."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    return tool_variables(environment) | {"PATH": path, "CI": "1"}


def own_words(output: str) -> str:
    """What main.py said, out of cdktf's frame around it; all of the output where there is no such frame."""
    _, frame, quoted = output.rpartition("Command output on stderr:")
    if not frame:
        return output
    return textwrap.dedent(quoted.partition("Command output on stdout:")[0].strip("\n")).strip()


def _cdktf() -> Path:
    executable()
    if not CDKTF.exists():
        raise OperateError("node_modules has no cdktf: `make synth` sets it up, or run `npm ci`.")
    return CDKTF
