"""The files of a folder as environments, and every problem of them at once."""

from __future__ import annotations

import os
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from stacks.settings.base import did_you_mean
from stacks.settings.collisions import collisions
from stacks.settings.environment import Environment
from stacks.settings.messages import Problem, SettingsError, dotted, problems_of
from stacks.settings.terraform_text import mark_of_cdktf
from stacks.settings.toml_file import leaves, read_toml, reason

_REPOSITORY: Final = Path(__file__).parents[2]
_LIKE_TOML: Final = 0.85  # `.tml` and `.tom` are, `.html` and `.yaml` are not


def environments_directory() -> Path:
    """Where the files are: ENVIRONMENTS_DIR, relative to the repository, or else `environments`."""
    return _REPOSITORY / (os.environ.get("ENVIRONMENTS_DIR") or "environments")


def load_environments(directory: Path) -> tuple[Environment, ...]:
    """Each `.toml` file's environment, by name. Raises `SettingsError` with every problem of every file."""
    loaded: dict[Path, Environment] = {}
    problems: list[Problem] = []
    for file in _candidates(directory):
        try:
            loaded[file] = load_environment(file)
        except SettingsError as error:
            problems += error.problems
    problems += collisions(loaded)
    if problems:
        raise SettingsError(problems)
    return tuple(sorted(loaded.values(), key=lambda environment: environment.name))


def load_beside_others(directory: Path, name: str) -> tuple[tuple[Environment, ...], str]:
    """Every environment; or, where others' files are wrong, the one of this name alone, and a warning that says why.

    Raises `SettingsError` with what concerns the one of this name, collisions with others included.
    """
    file = directory / f"{name}.toml"
    names = sorted(each.stem for each in directory.glob("*.toml"))
    if names and name not in names:
        suggestion = did_you_mean(get_close_matches(name, names, n=1)) or f": there are {', '.join(names)}"
        raise SettingsError([Problem(file, f"there is no such environment{suggestion}")])
    try:
        return load_environments(directory), ""
    except SettingsError as error:
        own = [problem for problem in error.problems if problem.concerns(file)]
        if own:
            raise SettingsError(own) from None
        return (
            load_environment(file),
        ), f"Warning: only {name} is synthesized, because others' settings are wrong:\n{error}\n"


def load_environment(path: Path) -> Environment:
    """Raises `SettingsError` with every problem of the file."""
    if path.suffix != ".toml":
        raise SettingsError([Problem(path, f"must end in .toml: rename it to {path.stem}.toml")])
    content = read_toml(path)
    problems = [*_name_inside(path, content), *_taken_by_cdktf(path, content)]
    try:
        environment = Environment.model_validate({**content, "name": path.stem})
    except ValidationError as error:
        problems += map(_of_file, problems_of(error, file=path, model=Environment))
    if problems:
        raise SettingsError(problems)
    return environment


def _name_inside(path: Path, content: dict[str, Any]) -> list[Problem]:
    remedy = f"no such key: the environment's name is the file's, {path.stem}, and the service's is service.name"
    return [Problem(path, remedy, key="name")] if "name" in content else []


def _taken_by_cdktf(path: Path, content: dict[str, Any]) -> list[Problem]:
    remedy = 'must not contain "{}", which CDKTF would replace'
    return [
        Problem(path, remedy.format(mark), key=dotted(key))
        for key, leaf in leaves(content)
        if isinstance(leaf, str) and (mark := mark_of_cdktf(leaf))
    ]


def _of_file(problem: Problem) -> Problem:
    """The name is the file's, and no key in it."""
    return Problem(problem.file, problem.remedy) if problem.key == "name" else problem


def _candidates(directory: Path) -> list[Path]:
    """The files that are environments, or that somebody may take for one."""
    try:
        entries = sorted(directory.iterdir())
    except OSError as error:
        raise SettingsError(
            [Problem(directory, f"cannot be read as a folder of environments: {reason(error)}")]
        ) from None
    files = [entry for entry in entries if entry.name[0] not in ".#" and _is_like_toml(entry.suffix)]
    if not files:
        raise SettingsError([Problem(directory, "has no environment: add one, such as dev.toml")])
    return files


def _is_like_toml(suffix: str) -> bool:
    return not suffix.endswith("~") and SequenceMatcher(None, suffix.lower(), ".toml").ratio() > _LIKE_TOML
