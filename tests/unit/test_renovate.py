"""renovate.json names what there is: a pin that no rule finds any more would move alone, unseen."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
CONFIGURATION = json.loads((ROOT / "renovate.json").read_text())
RULES: list[dict[str, Any]] = CONFIGURATION["packageRules"]
SUCCESSORS = {"cdktn", "cdktn-cli", "cdktn-provider-aws"}
PREDECESSORS = {"cdktf", "cdktf-cli", "cdktf-cdktf-provider-aws"}


@pytest.fixture(scope="module")
def pinned() -> set[str]:
    """Names in the manifests, and those that the configuration gives to what it finds by itself."""
    pipfile = tomllib.loads((ROOT / "Pipfile").read_text())
    projects = [tomllib.loads(path.read_text()) for path in ROOT.glob("*/pyproject.toml")]
    needed = [re.split(r"[^\w-]", one)[0] for project in projects for one in project["project"]["dependencies"]]
    node = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    found = {manager["depNameTemplate"] for manager in CONFIGURATION["customManagers"]}
    return {*pipfile["packages"], *pipfile["dev-packages"], *needed, *node, *found}


def test_rules_name_what_is_pinned(pinned: set[str]) -> None:
    """And the framework that is not in use: the successor's names are there before a move, the old ones after it."""
    named = {name for rule in RULES for name in rule.get("matchPackageNames", [])}
    assert named - pinned in (SUCCESSORS, PREDECESSORS)


def test_no_package_is_in_two_groups() -> None:
    """The second would take it out of the first."""
    grouped = [name for rule in RULES if "groupName" in rule for name in rule["matchPackageNames"]]
    assert sorted(grouped) == sorted(set(grouped))


@pytest.mark.parametrize("manager", CONFIGURATION["customManagers"], ids=lambda manager: manager["depNameTemplate"])
def test_each_version_in_code_is_found(manager: dict[str, Any]) -> None:
    """Once, in the one file that the pattern is for."""
    (pattern,) = (one.strip("/") for one in manager["managerFilePatterns"])
    (expression,) = (one.replace("(?<", "(?P<") for one in manager["matchStrings"])
    (file,) = (path for path in ROOT.glob("*/*") if re.fullmatch(pattern, path.relative_to(ROOT).as_posix()))
    assert len(re.findall(expression, file.read_text())) == 1


def test_every_rule_says_what_it_is_for() -> None:
    """To whoever wonders why a pin stays where it is."""
    assert all("description" in rule or "types" in rule["groupName"] for rule in RULES)
