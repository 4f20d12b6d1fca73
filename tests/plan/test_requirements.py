"""Every environment's synthesized stack keeps every requirement, and no seeded fault passes for one that does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.plan import documents, faults, requirements
from tests.plan.expectations import NAMES, expected_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REQUIREMENTS = {requirement.__name__: requirement for requirement in requirements.REQUIREMENTS}
PRODUCTION = [name for name in NAMES if expected_of(name).requires_commit_sha]


@pytest.fixture(scope="session")
def document(synthesized: Callable[[str], Path]) -> Callable[[str], dict[str, Any]]:
    """An environment's synthesized JSON, by the environment's name."""
    found = {name: json.loads((synthesized(name) / "cdk.tf.json").read_text()) for name in NAMES}
    return found.__getitem__


def judge(requirement: str, name: str, document: dict[str, Any]) -> None:
    expected = expected_of(name)
    REQUIREMENTS[requirement](documents.synthesized(document, answers=expected.answers), expected)


SEEDED = [
    pytest.param(requirement, fault, name, id=f"{requirement}-{fault[0]}-{name}")
    for table, names in (
        (faults.IN_VALUES, NAMES),
        (faults.IN_CONFIGURATION, NAMES),
        (faults.IN_PRODUCTION, PRODUCTION),
    )
    for requirement, found in table.items()
    for fault in found
    for name in names
]


@pytest.mark.parametrize("requirement", REQUIREMENTS)
@pytest.mark.parametrize("name", NAMES)
def test_requirement_holds(document: Callable[[str], dict[str, Any]], name: str, requirement: str) -> None:
    """In what is synthesized, without Terraform: the plan of all but `local` needs an account."""
    judge(requirement, name, document(name))


@pytest.mark.parametrize(("requirement", "fault", "name"), SEEDED)
def test_requirement_sees_the_fault(
    document: Callable[[str], dict[str, Any]], requirement: str, fault: faults.Fault, name: str
) -> None:
    """The check of that requirement fails, and not for want of something to look at."""
    broken = faults.in_synthesized(document(name), fault)
    with pytest.raises(AssertionError):
        judge(requirement, name, broken)
