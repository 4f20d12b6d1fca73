"""What a terminal of any size shows while the criteria run."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from operate import progress
from operate.acceptance.board import Board
from operate.acceptance.checks import CHECKS, criterion_ids
from operate.acceptance.criteria import Result, Verdict

if TYPE_CHECKING:
    from operate.acceptance.provenance import Provenance

LONG = "rolled back after 33 s; [bold]the[/] old :warning: one\nserves on " * 9


def terminal(width: int, height: int, *, interactive: bool = True) -> Console:
    """`progress.console`, but for its size and that it writes to memory."""
    return Console(
        file=io.StringIO(),
        width=width,
        height=height,
        force_terminal=interactive,
        force_interactive=interactive,
        color_system=None,
        highlight=False,
        soft_wrap=True,
        _environ={},
    )


def board(provenance: Provenance, *, running: int | None) -> Board:
    """While the check at that position runs; those before it are judged, in many words. None: all are."""
    made = Board([criterion for check in CHECKS for criterion in check.criteria], provenance)
    for check in CHECKS[:running]:
        for number, criterion in enumerate(check.criteria):
            made.results[criterion.id] = Result(criterion, list(Verdict)[number], LONG)
    if running is not None:
        made.begin(CHECKS[running])
    return made


def shown(made: Board, width: int, height: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The list's lines, as rich lays them out there."""
    console = terminal(width, height)
    with monkeypatch.context() as patch:
        patch.setattr(progress, "console", console)
        with console.capture() as capture:
            console.print(made.live())
    return capture.get().splitlines()


@pytest.mark.parametrize("position", range(len(CHECKS)))
@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 15), (40, 8), (30, 6)])
def test_what_runs_is_in_sight_with_its_clock(
    provenance: Provenance, position: int, width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every criterion of the check that runs, on a line of its own, with one free below for a step."""
    lines = shown(board(provenance, running=position), width, height, monkeypatch)
    assert len(lines) < height
    assert all(len(line) <= width for line in lines)
    for criterion in CHECKS[position].criteria:
        (line,) = [line for line in lines if line.split()[0] == criterion.id]
        assert line.split()[1:3] == ["0", "s"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, len(CHECKS) - 1), width=st.integers(20, 200), height=st.integers(3, 60))
def test_on_the_smallest_terminal_the_first_that_runs_is_in_sight(
    provenance: Provenance, position: int, width: int, height: int
) -> None:
    """And no more than there is room for."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        lines = shown(board(provenance, running=position), width, height, monkeypatch)
    assert len(lines) <= max(1, height - 2)
    assert CHECKS[position].criteria[0].id in [line.split()[0] for line in lines]


def test_what_there_is_no_room_for_is_counted(provenance: Provenance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the window by verdict, below it by number."""
    first, *lines, last = shown(board(provenance, running=8), 80, 8, monkeypatch)
    assert first == "10 done: 8 PASS, 1 FAIL, 1 NOT RUN"
    assert [line.split()[0] for line in lines] == ["US3.3a", "US3.3b", "EC-1", "EC-2"]
    assert last == f"{len(criterion_ids()) - 14} to come"


@pytest.mark.parametrize("running", [0, None])
def test_with_room_for_all_all_are_shown(
    provenance: Provenance, running: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is judged, and when everything is."""
    lines = shown(board(provenance, running=running), 80, 24, monkeypatch)
    assert [line.split()[0] for line in lines] == criterion_ids()


def test_what_was_measured_is_no_markup(provenance: Provenance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither brackets nor colons are rich's: on a terminal, in the table at the end, and in a pipe."""
    made, console = board(provenance, running=None), terminal(300, 60)
    with console.capture() as capture:
        console.print(made)
    assert "[bold]the[/] old :warning: one" in capture.get()
    assert "[bold]the[/] old :warning: one" in "\n".join(shown(made, 300, 60, monkeypatch))
    pipe = terminal(80, 24, interactive=False)
    monkeypatch.setattr(progress, "console", pipe)
    with pipe.capture() as capture:
        made.add(made.results["SC-001"])
    assert "[bold]the[/] old :warning: one" in capture.get()
    assert capture.get().startswith("SC-001 /health answers 200 through the load balancer: PASS, rolled back")
