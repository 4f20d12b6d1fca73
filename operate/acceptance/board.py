"""Shows the criteria while they run: a live table on a terminal, elsewhere a line for each once it is judged."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.live import Live
from rich.table import Table
from rich.text import Text

from operate import progress
from operate.acceptance.findings import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from operate.acceptance.criteria import Check
    from operate.acceptance.findings import Criterion

STYLES = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.NOT_RUN: "yellow"}


@dataclass
class Board:
    """`trouble` is set where the environment could not be left as it was found."""

    criteria: Sequence[Criterion]
    results: dict[str, Result] = field(default_factory=dict)
    trouble: str | None = None
    _running: frozenset[str] = frozenset()
    _began: float = 0.0

    @contextmanager
    def shown(self) -> Iterator[None]:
        if not progress.console.is_terminal:
            yield
            return
        with Live(get_renderable=self.__rich__, console=progress.console, transient=True):
            yield

    def begin(self, check: Check) -> None:
        self._running, self._began = frozenset(criterion.id for criterion in check.criteria), time.monotonic()

    def add(self, result: Result) -> None:
        self.results[result.criterion.id] = result
        if not progress.console.is_terminal:
            line = f"{result.criterion.id} {result.criterion.says}: {result.verdict.value}, {result.measured}"
            progress.console.print(line, style=STYLES[result.verdict], markup=False)

    def __rich__(self) -> Table:
        shown = Table("criterion", "", "limit", "measured", "verdict", box=None, header_style="dim", pad_edge=False)
        for criterion in self.criteria:
            shown.add_row(criterion.id, criterion.says, criterion.limit, *self._state(criterion.id))
        return shown

    def _state(self, id_: str) -> tuple[str | Text, str | Text]:
        result = self.results.get(id_)
        if result:
            return Text(result.measured), Text(result.verdict.value, style=STYLES[result.verdict])
        if id_ in self._running:
            return "", Text(f"{time.monotonic() - self._began:.0f} s", style="cyan")
        return "", Text("…", style="dim")
