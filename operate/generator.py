"""Runs the generator: main.py, for every environment at once."""

import os
import sys
from pathlib import Path

from operate import progress
from operate.errors import OperateError
from operate.progress import Command, StepFailedError
from operate.terraform import REPOSITORY, executable, say_once, shown, tool_variables
from stacks.settings import (
    Environment,
    SettingsError,
    environments_directory,
    load_beside_others,
    load_environments,
)

SYNTHESIZED = REPOSITORY / "cdktf.out"


def environments() -> list[str]:
    return sorted(path.stem for path in environments_directory().glob("*.toml"))


def settings_of(environment: str) -> Environment:
    """Refuses a name that has no settings file, and settings that break a rule; other environments' are a warning."""
    directory = environments_directory()
    if environments() and environment not in environments():
        raise OperateError(
            f"There is no environment {environment!r}: no file {shown(directory)}/{environment}.toml. "
            f"There are: {', '.join(environments())}."
        )
    try:
        loaded, warning = load_beside_others(directory, environment)
    except SettingsError as error:
        raise OperateError(str(error)) from None
    if warning:
        say_once(warning.rstrip())
    return next(settings for settings in loaded if settings.name == environment)


def stack_folder(environment: str) -> Path:
    """Where an environment's Terraform JSON is synthesized to."""
    return SYNTHESIZED / "stacks" / settings_of(environment).name_prefix


def synthesize(environment: str | None = None) -> None:
    """With an environment's name, other environments' wrong settings don't stop it; without one, all must be right."""
    executable()
    try:
        if environment is None:
            load_environments(environments_directory())  # wrong settings are refused before Node starts
        progress.run("synthesizing", _main(*filter(None, [environment])))
    except SettingsError as error:
        raise OperateError(str(error)) from None
    except StepFailedError as error:
        raise OperateError(error.output or str(error)) from None


def _main(*arguments: str) -> Command:
    """With this interpreter and its Node first on PATH, as jsii wants them."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    own = {"PATH": path, "CDKTF_OUTDIR": os.path.relpath(SYNTHESIZED, REPOSITORY)}
    return Command([sys.executable, str(REPOSITORY / "main.py"), *arguments], REPOSITORY, tool_variables({}) | own)
