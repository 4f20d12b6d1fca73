"""`operate move-to-cdktn` in checkouts of the tests' own. `make test-cdktn` makes the move with this one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from operate import move_to_cdktn
from operate.errors import OperateError

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
OLD, NEW = "cdktf", "cdktn"
"""In programs that stand in strings here, so that a move of this file leaves them alone."""

PROVIDER = f"{OLD}_{OLD}_provider_aws"


def git(folder: Path, *arguments: str) -> None:
    mine = ("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *mine, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Callable[..., Path]:
    """A git checkout with these files, committed."""

    def make(**files: str) -> Path:
        git(tmp_path, "init")
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "--message=before")
        return tmp_path

    return make


def moved(source: str) -> str:
    return move_to_cdktn._python(source)


@pytest.mark.parametrize(
    "before",
    [
        f"from {OLD} import App\n",
        f"from {PROVIDER}.ecs_cluster import EcsCluster\n",
        f"import {PROVIDER} as aws\n",
        f"def f():\n    é = 1; from {OLD} import (\n        Fn,\n    )\n",
        f'x = "é"; run("from {OLD} import App; x")\n',
        f'P = f"""é\n{{a}} from {OLD} import App\n  from {PROVIDER}.x import Y\n"""\n',
    ],
)
def test_imports_are_rewritten(before: str) -> None:
    """Wherever in a file, also in a program that stands in a string; letters of several bytes don't move the place."""
    after = before.replace(PROVIDER, f"{NEW}_provider_aws").replace(OLD, NEW)
    assert moved(before) == after
    assert moved(after) == after


@pytest.mark.parametrize(
    "source",
    [
        f"from {OLD}_of_ours import x\n",
        f"from .{OLD} import x\n",
        f"from ours.{OLD} import {OLD}\n",
        f'"""The end of {OLD}."""  # {OLD} is archived\n{OLD} = "{OLD}.out"\n',
    ],
)
def test_other_words_stay(source: str) -> None:
    """Ours, prose, and the names of files that stay."""
    assert moved(source) == source


def test_a_whole_package_is_left_to_a_person(checkout: Callable[..., Path]) -> None:
    """Its uses could be anywhere; nothing of the checkout is changed."""
    folder = checkout(a_dot_py=f"from {OLD} import App\n", b_dot_py=f"\nimport {OLD}\n")
    with pytest.raises(OperateError, match=rf"b\.py cannot be rewritten: line 2: write `from {OLD} import …`"):
        move_to_cdktn.move(folder)
    assert (folder / "a.py").read_text() == f"from {OLD} import App\n"


@pytest.mark.parametrize("change", ["edited", "untracked"])
def test_a_dirty_checkout_is_refused(change: str, checkout: Callable[..., Path]) -> None:
    """The move could not be told from what somebody was at."""
    folder = checkout(a_dot_py=f"from {OLD} import App\n")
    (folder / ("a.py" if change == "edited" else "b.py")).write_text(f"from {OLD} import App, Fn\n")
    with pytest.raises(OperateError, match="git shows changes in the checkout: commit them or take them back first"):
        move_to_cdktn.move(folder)


def test_without_git_nothing_is_rewritten(tmp_path: Path) -> None:
    """What is tracked is what is ours."""
    with pytest.raises(OperateError, match="is not a git checkout"):
        move_to_cdktn.move(tmp_path)


PINS = {
    "Pipfile": f"""\
[packages]
{OLD} = "==0.21.0"
{OLD}-{OLD}-provider-aws = "==20.1.0"
# jsii takes any
constructs = ">=10.4.2,<10.8"

[scripts]
{OLD} = "env A=1 node_modules/.bin/{OLD}"
""",
    "package.json": f"""\
{{
  "engines": {{ "node": ">=20 <23" }},
  "devDependencies": {{ "{OLD}-cli": "0.21.0" }}
}}
""",
    "constructs_lib__pyproject.toml": f"""\
[project]
dependencies = [
    "{OLD}>=0.21,<0.22",
    "{OLD}-{OLD}-provider-aws>=20.1,<21",
    "constructs>=10.4.2,<10.8",
]
""",
    "README.md": f"`node_modules/.bin/{OLD} synth`, `{OLD}.json`, `{OLD}.out`\n",
}


def test_pins_scripts_and_nothing_else(checkout: Callable[..., Path]) -> None:
    """Each line that differs; the files that the successor calls the same keep their names, and so does the script."""
    lines = [line for change in move_to_cdktn.changes(checkout(**PINS)) for line in change.diff().splitlines()]
    assert sorted(line[1:].strip() for line in lines if re.match(r"\+[^+]", line)) == [
        '"cdktn-provider-aws>=25.8,<26",',
        '"cdktn>=0.24,<0.25",',
        '"devDependencies": { "cdktn-cli": "0.24.0" }',
        '"engines": { "node": ">=22.19 <25" },',
        "`node_modules/.bin/cdktn synth`, `cdktf.json`, `cdktf.out`",
        'cdktf = "env A=1 node_modules/.bin/cdktn"',
        'cdktn = "==0.24.0"',
        'cdktn-provider-aws = "==25.8.1"',
    ]
    assert len([line for line in lines if re.match("-[^-]", line)]) == 8


def test_moving_twice_is_moving_once(checkout: Callable[..., Path]) -> None:
    """The second time there is nothing to do, committed or not."""
    folder = checkout(**PINS, a_dot_py=f"from {OLD} import App\n")
    assert len(move_to_cdktn.move(folder)) == 5
    assert move_to_cdktn.move(folder) == []
    assert move_to_cdktn.changes(folder) == []


def test_this_repository_can_be_moved() -> None:
    """Or has been: each of its files is one that the move understands."""
    found = {change.name for change in move_to_cdktn.changes(ROOT)}
    assert not found or found >= {"Pipfile", "package.json", "constructs_lib/pyproject.toml", "main.py", "README.md"}


def test_dry_run_prints_a_diff_and_changes_nothing() -> None:
    """Of this checkout, dirty or not, on standard output; and what comes next beside it."""
    before = (ROOT / "main.py").read_bytes()
    command = [sys.executable, "-m", "operate", "move-to-cdktn", "--dry-run"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (ROOT / "main.py").read_bytes() == before
    if "has moved to cdktn already" not in ran.stderr:
        assert "--- a/main.py\n+++ b/main.py\n" in ran.stdout
        assert "operate/set_up.sh lock" in ran.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Pipfile", f'[packages]\n{OLD} = {{version = "==0.21.0"}}\n[scripts]\n'),
        ("package.json", f'{{"devDependencies": {{"{OLD}-cli": "0.21.0"}}}}'),
        ("package.json", "{"),
        ("main.py", "def\n"),
    ],
)
def test_what_is_written_otherwise_is_refused(name: str, text: str, checkout: Callable[..., Path]) -> None:
    """One line that names the file, instead of half a move."""
    folder = checkout(**{name: text})
    with pytest.raises(OperateError, match=rf"^{name} cannot be rewritten: "):
        move_to_cdktn.move(folder)
    assert (folder / name).read_text() == text
