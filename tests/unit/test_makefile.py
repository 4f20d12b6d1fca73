"""The Makefile in a folder of its own, with a Python that prints its arguments in place of `operate`."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHON = f"""#!{sys.executable}
import json, os, sys
print(json.dumps(sys.argv[1:]), os.environ["PATH"])
print("bytecode is", "not kept" if sys.dont_write_bytecode else "kept", file=sys.stderr)
"""
HOSTILE = [
    "$(touch pwned)",
    "`touch pwned`",
    'x" ; touch pwned; "',
    "x'; touch pwned; '",
    "$(shell touch pwned)",
    "${shell touch pwned}",
    "$$(touch pwned)",
    "; touch pwned #",
    "a b\tc\\",
]
TEXTS = [" ".join(HOSTILE), "--help"]
VERBS = [
    "deploy",
    "release",
    "rollback",
    "releases",
    "move-to-capacity-providers",
    "status",
    "logs",
    "run",
    "exec",
    "dashboard",
    "cost",
    "acceptance",
    "destroy",
    "eject",
]

Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    for name in ("Pipfile.lock", "package-lock.json", "operate/set_up.sh", ".venv/.ready", "node_modules/.ready"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir()
    python.write_text(PYTHON)
    python.chmod(0o755)
    return tmp_path


@pytest.fixture
def make(folder: Path) -> Make:
    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], **variables}
        command = ["make", "--no-print-directory", *arguments]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    return run


def operated(completed: subprocess.CompletedProcess[str]) -> list[str]:
    """What `operate` was called with."""
    assert completed.returncode == 0, completed.stderr
    arguments, _ = json.JSONDecoder().raw_decode(completed.stdout)
    assert arguments[:2] == ["-m", "operate"]
    return list(arguments[2:])


def in_each(*verbs: str) -> pytest.MarkDecorator:
    """Each text by itself in one verb, and in the others, whose recipes are written as its is, all of them in one."""
    each = [("plan", text) for text in [*HOSTILE, *TEXTS]]
    return pytest.mark.parametrize(("verb", "text"), [*each, *product(verbs, TEXTS)])


@in_each("deploy", "release")
def test_image_tag_is_text(make: Make, folder: Path, verb: str, text: str) -> None:
    """Whatever a pipeline passes, as an argument or in the environment, arrives as it is, and nothing of it runs."""
    expected = [verb, f"--image-tag={text}", "--", "local"]
    assert operated(make(verb, f"IMAGE_TAG={text}")) == expected
    assert operated(make(verb, IMAGE_TAG=text)) == expected
    assert not (folder / "pwned").exists()


@pytest.mark.parametrize("text", TEXTS)
def test_which_lines_of_the_log_is_text(make: Make, folder: Path, text: str) -> None:
    """Whatever a person looks for."""
    completed = make("logs", f"SINCE={text}", f"TASK={text}", f"GREP={text}", "FOLLOW=1", f"CONTAINER={text}")
    chosen = [f"--since={text}", f"--task={text}", f"--container={text}", f"--grep={text}"]
    assert operated(completed) == ["logs", "--follow", *chosen, "--", "local"]
    assert not (folder / "pwned").exists()


@pytest.mark.parametrize("text", TEXTS)
def test_what_a_one_off_task_runs_is_text(make: Make, folder: Path, text: str) -> None:
    """No shell of this machine runs any of it."""
    completed = make("run", f"COMMAND={text}", f"REVISION={text}", f"TIMEOUT={text}")
    chosen = [f"--command={text}", f"--revision={text}", f"--timeout={text}"]
    assert operated(completed) == ["run", *chosen, "--", "local"]
    chosen = [f"--task={text}", f"--container={text}"]
    assert operated(make("exec", f"TASK={text}", f"CONTAINER={text}")) == ["exec", *chosen, "--", "local"]
    assert not (folder / "pwned").exists()


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_rolled_back_to_is_text(make: Make, folder: Path, text: str) -> None:
    """A revision's number, which `rollback` checks."""
    assert operated(make("rollback", f"TO={text}")) == ["rollback", f"--to={text}", "--", "local"]
    assert not (folder / "pwned").exists()


@pytest.mark.parametrize("text", TEXTS)
def test_where_the_dashboard_is_drawn_is_text(make: Make, folder: Path, text: str) -> None:
    """A file's name, with sample data or, when told, with metrics."""
    assert operated(make("dashboard", f"PREVIEW={text}")) == ["dashboard", f"--preview={text}", "--", "local"]
    assert not (folder / "pwned").exists()


def test_what_may_be_rolled_back_or_asked(make: Make) -> None:
    """The other options of these two."""
    assert operated(make("rollback", "ENV=dev", "ALLOW=replace")) == ["rollback", "--allow=replace", "--", "dev"]
    assert operated(make("dashboard", "ENV=dev", "METRICS=1")) == ["dashboard", "--metrics", "--", "dev"]


def test_what_runs_is_shown_once_or_watched(make: Make) -> None:
    assert operated(make("status", "ENV=dev")) == ["status", "--", "dev"]
    assert operated(make("status", "WATCH=1")) == ["status", "--watch", "--", "local"]


@in_each(*VERBS)
def test_environment_is_text(make: Make, folder: Path, verb: str, text: str) -> None:
    """Also in a recipe that reads other variables; and no name is taken for an option."""
    completed = make(verb, f"ENV={text}", "IMAGE_TAG=v1", f"YES={text}")
    assert operated(completed)[-2:] == ["--", text]
    assert not (folder / "pwned").exists()


@pytest.mark.parametrize("name", ["PYTHON", "AWS_PROFILE", "PATH", "python", "operate"])
def test_every_other_variable_is_text(make: Make, folder: Path, name: str) -> None:
    """Make expands what is given on its command line when it exports it."""
    make("plan", f"{name}=$(shell touch pwned);touch pwned;")
    make("plan", **{name: f"$(shell touch pwned):{os.environ['PATH']}"})
    assert not (folder / "pwned").exists()


def test_virtual_environment_comes_first_on_path(make: Make, folder: Path) -> None:
    """And the caller's own PATH follows as it was."""
    shown = make("plan", PATH=f"{os.environ['PATH']}:/odd$HOME").stdout
    assert shown.rstrip().endswith(f" {folder}/.venv/bin:{os.environ['PATH']}:/odd$HOME")


def test_what_is_compiled_is_kept(make: Make) -> None:
    """Else the next command compiles it again: in a container, the variable is often set."""
    assert "bytecode is kept" in make("plan", PYTHONDONTWRITEBYTECODE="1").stderr


@pytest.mark.parametrize("arguments", [[], ["IMAGE_TAG="]])
def test_no_image_tag(make: Make, arguments: list[str]) -> None:
    """An empty one is none; a release needs one, and says so in make's words."""
    assert operated(make("plan", *arguments)) == ["plan", "--", "local"]
    refused = make("release", *arguments)
    assert refused.returncode != 0
    assert refused.stdout == ""
    assert refused.stderr.startswith("IMAGE_TAG is missing: make release IMAGE_TAG=v2\n")


@pytest.mark.parametrize("verb", ["deploy", "release"])
def test_what_is_allowed(make: Make, folder: Path, verb: str) -> None:
    """One word or several, each an option of its own; nothing of it runs, and no file's name takes its place."""
    (folder / "replace").touch()
    assert operated(make(verb, "IMAGE_TAG=v1")) == [verb, "--image-tag=v1", "--", "local"]
    allowed = ["--allow=replace", "--allow=widen"]
    assert operated(make(verb, "IMAGE_TAG=v1", "ALLOW=replace widen")) == [
        verb,
        "--image-tag=v1",
        *allowed,
        "--",
        "local",
    ]
    assert operated(make(verb, "IMAGE_TAG=v1", ALLOW="widen")) == [
        verb,
        "--image-tag=v1",
        "--allow=widen",
        "--",
        "local",
    ]
    hostile = operated(make(verb, "IMAGE_TAG=v1", "ALLOW=$(shell touch pwned);touch pwned;`touch pwned` r*"))
    assert hostile[2:4] == ["--allow=$(shell", "--allow=touch"]
    assert hostile[-3:] == ["--allow=r*", "--", "local"]
    assert not (folder / "pwned").exists()


@pytest.mark.parametrize("answer", ["1", "yes"])
def test_yes(make: Make, answer: str) -> None:
    """A pipeline says it either way."""
    assert operated(make("destroy", "ENV=dev", f"YES={answer}")) == ["destroy", "--yes", "--", "dev"]
    assert operated(make("destroy", YES=answer)) == ["destroy", "--yes", "--", "local"]


@pytest.mark.parametrize("answer", ["0", "no", "false", "off", "", "no 1", "1 no", "maybe", "yess"])
def test_no(make: Make, answer: str) -> None:
    """Whatever is no clear yes is none: it asks."""
    assert operated(make("destroy", "ENV=dev", f"YES={answer}")) == ["destroy", "--", "dev"]
    assert operated(make("destroy", YES=answer)) == ["destroy", "--", "local"]


def test_help_is_the_default_and_lists_every_target(make: Make) -> None:
    """A target without a description would be one that nobody finds."""
    makefile = (REPOSITORY / "Makefile").read_text()
    phony = next(line for line in makefile.splitlines() if line.startswith(".PHONY:")).split()[1:]
    listed = [line.split()[0] for line in make().stdout.splitlines() if line.startswith("  ")]
    assert sorted(listed) == sorted(phony)
