"""Terraform's lowest version and the provider's are facts of one place; whatever else states them is held to it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from stacks.versions import AWS_PROVIDER, AWS_PROVIDER_VERSION, MINIMUM_TERRAFORM

ROOT = Path(__file__).parents[2]
MINIMUM = ".".join(map(str, MINIMUM_TERRAFORM))
MODULES = sorted((ROOT / "examples" / "existing_infrastructure").glob("*/terraform.tf"))


@pytest.fixture(scope="module")
def tracked() -> dict[str, str]:
    """What git has of text that people wrote, but for what was true once."""
    found = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    written = [name for name in found if not re.search(r"lock|CHANGELOG|^tests/|/tests/", name)]
    return {name: (ROOT / name).read_text() for name in written if (ROOT / name).is_file()}


def stated(tracked: dict[str, str], pattern: str) -> dict[str, set[str]]:
    """By file, what a pattern's group finds."""
    found = {name: set(re.findall(pattern, text)) for name, text in tracked.items()}
    return {name: values for name, values in found.items() if values}


def test_every_mention_of_the_provider_has_its_version(tracked: dict[str, str]) -> None:
    """In a document, a message, an address of the registry."""
    found = stated(tracked, rf"{AWS_PROVIDER}(?:/|\s+|`\s+)v?(\d+\.\d+\.\d+)")
    assert {value for values in found.values() for value in values} == {AWS_PROVIDER_VERSION}, found


def test_every_mention_of_terraforms_lowest_version(tracked: dict[str, str]) -> None:
    """Also in the set-up, which runs before there is a Python to ask."""
    found = stated(tracked, r"Terraform\S*\s+(\d[\d.]*)\s+or\s+newer")
    assert set(found) >= {"README.md", "CONTRIBUTING.md", "operate/set_up.sh"}
    assert {value for values in found.values() for value in values} == {MINIMUM}, found


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.parent.name)
def test_existing_modules_take_the_same(file: Path) -> None:
    """One provider for this stack and for what stands beside it, so that a mirror holds one."""
    text = file.read_text()
    assert re.findall(r'version\s*=\s*"([\d.]+)"', text) == [AWS_PROVIDER_VERSION]
    assert re.findall(r'required_version\s*=\s*">= ([\d.]+)"', text) == [MINIMUM]
