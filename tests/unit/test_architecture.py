"""Who may import whom: the generator knows nothing of the tools, and the embedded AWS knows nothing of anything."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAY_IMPORT: dict[str, set[str]] = {
    "main.py": {"stacks", "lazy_provider"},
    "stacks": {"constructs_lib"},
    "constructs_lib": set(),
    "lazy_provider": set(),
    "operate": {"stacks", "local_aws", "lazy_provider"},
    "local_aws": set(),
}
SETTINGS_MAY_IMPORT = {
    f"constructs_lib.{module}"
    for module in (
        "container_definition",
        "container_group",
        "container_logging",
        "defaults",
        "fargate_sizes",
        "output_expression",
        "quotas",
        "sidecar",
        "task_volumes",
    )
}
OURS = {Path(name).stem for name in MAY_IMPORT} | {"tests", "benchmarks", "examples"}


def imports(place: str) -> set[str]:
    """Modules, of ours and of others, that the Python files of a place import."""
    path = ROOT / place
    found: set[str] = set()
    for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    return found


@pytest.mark.parametrize("place", MAY_IMPORT)
def test_imports_follow_contributing(place: str) -> None:
    """Each part imports what it may, and no other part."""
    own = Path(place).stem
    found = {name.partition(".")[0] for name in imports(place)} & OURS - {own}
    assert found <= MAY_IMPORT[place]


def test_settings_need_no_cdktf() -> None:
    """Wrong settings are refused before Node starts: the model takes the plain modules of the constructs."""
    found = {name for name in imports("stacks/settings") if name.startswith(("cdktf", "cdktn", "constructs"))}
    assert found
    assert all(name.startswith(tuple(SETTINGS_MAY_IMPORT)) or name == "constructs_lib" for name in found)


def test_operate_reads_the_settings_alone() -> None:
    """And for which Terraform and provider the stacks are. It drives the generator from outside, as a user does."""
    found = {name for name in imports("operate") if name.partition(".")[0] == "stacks"}
    assert all(name.startswith(("stacks.settings", "stacks.versions")) or name == "stacks" for name in found)


IN_OPERATE: dict[str, set[str]] = {
    "terraform_cli": set(),
    "local": {"terraform_cli"},
    "running": {"local"},
    "plan": {"cost", "terraform_cli"},
    "cost": {"plan"},
    "release": {"local", "plan", "running", "terraform_cli"},
    "dashboard": {"local", "release"},
    "acceptance": {"local", "plan", "running", "terraform_cli"},
}


@pytest.mark.parametrize("folder", IN_OPERATE)
def test_folders_of_operate(folder: str) -> None:
    """Each imports those below it: the price of a plan is a part of the plan's report, and the one circle."""
    found = {name.split(".")[1] for name in imports(f"operate/{folder}") if name.startswith("operate.")}
    assert found & IN_OPERATE.keys() - {folder} <= IN_OPERATE[folder]
    assert IN_OPERATE.keys() == {path.parent.name for path in (ROOT / "operate").glob("*/__init__.py")}
