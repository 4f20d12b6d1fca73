"""What is printed arrives as it is: rich knows markup in brackets, emojis between colons, and colours of its own."""

import io
import re
import sys
from pathlib import Path

import pytest
from rich.color import ColorSystem
from typer.testing import CliRunner

from local_aws import lifecycle
from local_aws.lifecycle import Status
from operate import __main__ as command_line
from operate import progress
from operate.plan import plan_report
from operate.plan.plan_changes import Change
from operate.plan.plan_fields import Field

TEXTS = [
    "a:secret:b",
    "arn:aws:secretsmanager:eu-west-1:111111111111:secret:db",
    ":warning:",
    ":smile-text:",
    "[bold]x[/bold]",
    "[/]",
    "[/red]",
    r"\[x]",
    "[link=https://example.com]y[/link]",
    "aws_ecs_cluster.main[0]",
    'x["a:b"] = 1 True None /etc/passwd',
]


@pytest.fixture(params=TEXTS)
def text(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Both consoles, as they are set up, on a wide terminal; what they print on it."""
    screen = io.StringIO()
    for module, name in ((progress, "console"), (command_line, "output")):
        console = getattr(module, name)
        monkeypatch.setattr(console, "_file", screen)
        monkeypatch.setattr(console, "_force_terminal", True)
        monkeypatch.setattr(console, "_width", 300)
        monkeypatch.setattr(console, "_color_system", None)
    return screen


def test_an_error(text: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Of a name that nobody knows."""
    monkeypatch.setattr(sys, "argv", ["operate", "plan", text])
    with pytest.raises(SystemExit):
        command_line.main()
    assert capfd.readouterr().err.startswith(f"There is no environment {text!r}: no file ")


def test_a_step(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    """In a pipeline's log, and a notice in it."""
    progress.say_once.cache_clear()
    with progress.step(text):
        pass
    progress.say_once(text)
    assert re.fullmatch(rf"{re.escape(text)} … \d+ s\n{re.escape(text)}\n", capfd.readouterr().err)


def test_a_step_on_a_terminal(text: str, terminal: io.StringIO) -> None:
    """The running clock, and the line that it leaves."""
    progress.console.print(progress._clock(text).get_renderable())
    with progress.step(text):
        pass
    running, *_, ended = terminal.getvalue().splitlines()
    assert text in running
    assert re.search(rf"{re.escape(text)} … \d+ s$", ended)


def test_a_change(text: str, terminal: io.StringIO) -> None:
    """Its name and its fields are text as well."""
    change = Change("created", text, text, fields=(Field(text, text, None),))
    command_line.output.print(plan_report.as_lines([change]))
    assert terminal.getvalue().count(text) == 4


def test_a_status(text: str, monkeypatch: pytest.MonkeyPatch, terminal: io.StringIO) -> None:
    """A folder may have any name."""
    status = Status(endpoint=text, directory=Path("/", text), pid=1, uptime_seconds=0)
    monkeypatch.setattr(command_line, "_applied", lambda _: [text])
    monkeypatch.setattr(lifecycle, "status", lambda _: status)
    CliRunner().invoke(command_line.app, ["cloud-status"], catch_exceptions=False)
    rows = [line.rstrip() for line in terminal.getvalue().splitlines()]
    for value in (f"endpoint  {text}", f"existing infrastructure  {text}", f"data  {status.directory}"):
        label, _, shown = value.partition("  ")
        assert any(row.startswith(label) and row.endswith(f" {shown}") for row in rows), value


def test_no_colour_of_richs_own(text: str, terminal: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers, paths and names in a value are not picked out."""
    for console in (progress.console, command_line.output):
        monkeypatch.setattr(console, "_color_system", ColorSystem.STANDARD)
        console.print(text)
    assert terminal.getvalue() == f"{text}\n{text}\n"


def test_a_command_that_nobody_knows(text: str) -> None:
    """Typer's own messages."""
    assert text in CliRunner().invoke(command_line.app, [text]).output
