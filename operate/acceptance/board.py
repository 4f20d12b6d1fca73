"""Shows the criteria while they run: a live list on a terminal, elsewhere a line for each once it is judged."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from operate import progress
from operate.acceptance.criteria import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from operate.acceptance.checks.check import Check
    from operate.acceptance.criteria import Criterion
    from operate.acceptance.provenance import Provenance

STYLES = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.NOT_RUN: "yellow"}

_LINES_KEPT_FREE = 2  # for a step that runs meanwhile, and is shown below
_STATE_WIDTH = max(len(verdict.value) for verdict in Verdict)


@dataclass
class Board:
    """`trouble` is set where the environment could not be left as it was found."""

    criteria: Sequence[Criterion]
    provenance: Provenance
    results: dict[str, Result] = field(default_factory=dict)
    trouble: str | None = None
    _running: frozenset[str] = frozenset()
    _began: float = 0.0

    @contextmanager
    def shown(self) -> Iterator[None]:
        if not progress.console.is_interactive:
            yield
            return
        with Live(get_renderable=self.live, console=progress.console, transient=True):
            yield

    def begin(self, check: Check) -> None:
        self._running, self._began = frozenset(criterion.id for criterion in check.criteria), time.monotonic()

    def add(self, result: Result) -> None:
        self.results[result.criterion.id] = result
        if not progress.console.is_interactive:
            line = f"{result.criterion.id} {result.criterion.says}: {result.verdict.value}, {result.measured}"
            progress.console.print(line, style=STYLES[result.verdict], markup=False, emoji=False)

    def __rich__(self) -> Table:
        """All of it, in full."""
        shown = Table(box=None, header_style="dim", pad_edge=False)
        for header in ("criterion", "", "limit", "measured", "verdict"):
            shown.add_column(header, no_wrap=header in {"criterion", "verdict"})
        for criterion in self.criteria:
            result = self.results.get(criterion.id)
            texts = (criterion.id, criterion.says, criterion.limit, result.measured if result else "")
            shown.add_row(*map(Text, texts), Text(*self._state(criterion)))
        return shown

    def live(self) -> Group:
        """A line for each criterion: all, or the running ones and as many others as the terminal has lines for."""
        lines = max(1, progress.console.height - _LINES_KEPT_FREE)
        first, end = self._window(lines)
        rows = [self._line(criterion) for criterion in self.criteria[first:end]]
        if first and len(rows) < lines:
            rows.insert(0, _one_line((f"{first} done: {self._counted(first)}", "dim")))
        if end < len(self.criteria) and len(rows) < lines:
            rows.append(_one_line((f"{len(self.criteria) - end} to come", "dim")))
        return Group(*rows)

    def _window(self, lines: int) -> tuple[int, int]:
        """What is shown, by position; two lines are for what is not."""
        total = len(self.criteria)
        if total <= lines:
            return 0, total
        open_ = [number for number, one in enumerate(self.criteria) if one.id not in self.results] or [total - 1]
        running = [number for number, one in enumerate(self.criteria) if one.id in self._running] or open_[:1]
        size = max(lines - 2, min(lines, len(running)))
        first = min(running[0], total - size)
        return first, first + size

    def _counted(self, first: int) -> str:
        verdicts = Counter(self._state(criterion)[0] for criterion in self.criteria[:first])
        return ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())

    def _line(self, criterion: Criterion) -> Text:
        result, (state, style) = self.results.get(criterion.id), self._state(criterion)
        said = f"{criterion.says}: {result.measured if result else criterion.limit}"
        width = max(len(one.id) for one in self.criteria)
        return _one_line((f"{criterion.id:<{width}} ", ""), (f"{state:<{_STATE_WIDTH}} ", style), (said, ""))

    def _state(self, criterion: Criterion) -> tuple[str, str]:
        """The verdict, the running clock, or nothing yet; and its style."""
        result = self.results.get(criterion.id)
        if result:
            return result.verdict.value, STYLES[result.verdict]
        if criterion.id in self._running:
            return f"{time.monotonic() - self._began:.0f} s", "cyan"
        return "…", "dim"


def _one_line(*styled: tuple[str, str]) -> Text:
    parts = [(text.replace("\n", " "), style) for text, style in styled]
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")
