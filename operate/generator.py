"""Runs the generator: main.py, for every environment at once."""

import os
import sys
from pathlib import Path

from operate import paths, progress
from operate.errors import OperateError
from operate.progress import Command, StepFailedError
from operate.terraform_cli.terraform import executable, tool_variables
from stacks.settings import (
    Environment,
    SettingsError,
    environments_directory,
    load_beside_others,
    load_environments,
)


def environments() -> list[str]:
    return sorted(path.stem for path in environments_directory().glob("*.toml"))


def settings_of(environment: str) -> Environment:
    """Refuses a name that has no settings file, and settings that break a rule; other environments' are a warning."""
    directory, known = environments_directory(), environments()
    if known and environment not in known:
        raise OperateError(
            f"There is no environment {environment!r}: no file {paths.shown(directory)}/{environment}.toml. "
            f"There are: {', '.join(known)}."
        )
    try:
        loaded, warning = load_beside_others(directory, environment)
    except SettingsError as error:
        raise OperateError(str(error)) from None
    if warning:
        progress.say_once(warning.rstrip())
    return next(settings for settings in loaded if settings.name == environment)


def synthesize(environment: str | None = None) -> None:
    """With an environment's name, other environments' wrong settings don't stop it; without one, all must be right."""
    executable()
    try:
        if environment is None:
            load_environments(environments_directory())  # wrong settings are refused before Node starts
        command = _main(*filter(None, [environment]))
        progress.run("synthesizing", command)
    except SettingsError as error:
        raise OperateError(str(error)) from None
    except StepFailedError as error:
        raise OperateError(error.output or str(error)) from None


def _main(*arguments: str) -> Command:
    """As cdktf.json has it run, with this interpreter and its Node first on PATH, as jsii wants them."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    own = {"PATH": path, "CDKTF_OUTDIR": os.path.relpath(paths.SYNTHESIZED, paths.REPOSITORY)}
    program = [sys.executable, "-O", str(paths.REPOSITORY / "main.py"), *arguments]
    return Command(program, paths.REPOSITORY, tool_variables({}) | own)


def state_files() -> list[Path]:
    """Terraform states that a local backend keeps among what was synthesized."""
    found = paths.SYNTHESIZED.rglob("*.tfstate")
    return sorted(path for path in found if ".terraform" not in path.parts)
