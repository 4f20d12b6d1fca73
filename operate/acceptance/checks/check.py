"""A check, made of the function that stands below its criteria."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from operate.acceptance.criteria import Criterion, Finding
    from operate.acceptance.service_under_test import ServiceUnderTest


@dataclass(frozen=True)
class Check:
    """What judges one criterion or several, with a finding for each, in their order."""

    criteria: tuple[Criterion, ...]
    run: Callable[[ServiceUnderTest], Sequence[Finding]]
    disruptive: bool = True
    needs_containers: bool = True


def judges(
    *criteria: Criterion, disruptive: bool = True, needs_containers: bool = True
) -> Callable[[Callable[[ServiceUnderTest], Sequence[Finding]]], Check]:
    """Makes a check of a function. A disruptive one changes what is deployed."""
    return lambda run: Check(criteria, run, disruptive=disruptive, needs_containers=needs_containers)
