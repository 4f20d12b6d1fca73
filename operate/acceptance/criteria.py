"""What a criterion asks, what was found, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operate.acceptance.timeline import Timeline


class Verdict(Enum):
    PASS = "PASS"  # noqa: S105 - no password
    FAIL = "FAIL"
    NOT_RUN = "NOT RUN"


class NotRunError(Exception):
    """A criterion can't be judged here; the text says why."""


@dataclass(frozen=True)
class Criterion:
    """`id` is the specification's: success criterion, user story's scenario, or edge case by its position."""

    id: str
    says: str
    limit: str


@dataclass(frozen=True)
class Finding:
    passed: bool
    measured: str
    figures: dict[str, float] = field(default_factory=dict)
    timeline: Timeline | None = None


@dataclass(frozen=True)
class Result:
    criterion: Criterion
    verdict: Verdict
    measured: str
    figures: dict[str, float] = field(default_factory=dict)
    timeline: Timeline | None = None
    seconds: float = 0.0  # that the check took

    @classmethod
    def of(cls, criterion: Criterion, finding: Finding, *, seconds: float) -> Result:
        verdict = Verdict.PASS if finding.passed else Verdict.FAIL
        return cls(criterion, verdict, finding.measured, finding.figures, finding.timeline, seconds)


def exit_code(results: Sequence[Result]) -> int:
    """What did not run is no failure, and shown as what it is; nothing at all run is no success."""
    verdicts = {result.verdict for result in results}
    return 0 if Verdict.FAIL not in verdicts and Verdict.PASS in verdicts else 1
