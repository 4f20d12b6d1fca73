"""What `logs` prints of what CloudWatch Logs answers."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from operate import __main__ as command_line
from operate.errors import OperateError
from operate.running import task_logs
from tests.unit import fake_service
from tests.unit.fake_service import NOW

if TYPE_CHECKING:
    from tests.unit.fake_service import FakeService

SINCE = "2030-01-01T11:50:00Z"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeService:
    """At noon."""

    class Clock(datetime):
        @classmethod
        def now(cls, _: object = None) -> datetime:  # type: ignore[override]
            return NOW

    monkeypatch.setattr("operate.running.task_logs.datetime", Clock)
    return fake_service.install(monkeypatch)


def logs(*options: str) -> list[str]:
    """The lines on standard output."""
    result = CliRunner().invoke(command_line.app, ["logs", "dev", *options], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout.splitlines()


ALIVE, DEAD = "1a2b3c4d5e6f", "0f9e8d7c6b5a"


def documented() -> list[str]:
    """The lines in docs/running-service.md."""
    section = (fake_service.ROOT / "docs" / "running-service.md").read_text().partition("## Logs")[2]
    return section.partition("```text\n")[2].partition("```")[0].splitlines()


def test_the_lines_of_all_tasks_are_in_order_of_time(aws: FakeService) -> None:
    """Of all pages, also a dead task's, as the documentation has them; older ones are left out."""
    aws.write('{"level":"INFO","msg":"request"}\n', task=ALIVE, seconds_ago=100)
    aws.write('{"level":"INFO","msg":"listening"}\n', task=ALIVE, seconds_ago=300)
    aws.write('{"level":"ERROR","msg":"cannot start"}\n', task=DEAD, seconds_ago=200)
    aws.write("of yesterday", task=DEAD, seconds_ago=86400)
    assert logs() == documented()
    assert logs("--since", SINCE) == documented()
    assert len(logs("--since", "1d")) == 4
    assert logs("--since", "150s") == ['1a2b3c4d {"level":"INFO","msg":"request"}']


def test_lines_are_chosen_by_task_and_by_text(aws: FakeService) -> None:
    """The text is no pattern; a task goes by its id's beginning or its ARN."""
    aws.write("a.c 1", task=ALIVE, seconds_ago=9)
    aws.write("abc 2", task=ALIVE, seconds_ago=8)
    aws.write("a.c 3", task=DEAD, seconds_ago=7)
    assert logs("--grep", "a.c") == ["1a2b3c4d a.c 1", "0f9e8d7c a.c 3"]
    assert logs("--task", "1a2b", "--grep", "a.c") == ["1a2b3c4d a.c 1"]
    assert logs("--task", f"arn:aws:ecs:eu-west-1:111111111111:task/go-api-dev/{DEAD}") == ["0f9e8d7c a.c 3"]


def test_values_are_no_markup(aws: FakeService) -> None:
    """And a long line is one line."""
    aws.write("[bold]x[/bold] :warning: " + "x" * 300, task=ALIVE, seconds_ago=9)
    assert logs() == ["1a2b3c4d [bold]x[/bold] :warning: " + "x" * 300]


def test_following_prints_what_comes_late_and_nothing_twice(aws: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several events of one moment, and one that is older than what was printed; Ctrl-C ends it with exit code 0."""
    aws.write("first", task=ALIVE, seconds_ago=90)
    polls = iter([["second", "third"], ["late"], []])

    def sleep(_: float) -> None:
        for message in next(polls, None) or _interrupt(polls):
            aws.write(message, task=ALIVE, seconds_ago=50 if message == "late" else 20)

    monkeypatch.setattr("operate.running.task_logs.time.sleep", sleep)
    assert [line.split()[1] for line in logs("--follow")] == ["first", "second", "third", "late"]


def _interrupt(_: object) -> list[str]:
    raise KeyboardInterrupt


def test_what_is_remembered_is_bounded(aws: FakeService) -> None:
    """Following for days does not keep each event's id."""
    reader = task_logs.Reader(aws, "/ecs/go-api-dev", "ecs/go-api/", NOW - timedelta(days=1))  # type: ignore[arg-type]
    for seconds_ago in range(500, 0, -1):
        aws.write("x", task=ALIVE, seconds_ago=seconds_ago)
        assert len(reader.read()) == 1
    assert len(reader._seen) <= 61


def test_a_log_without_end_is_read_so_far(
    aws: FakeService, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Requests are bounded, and that is said."""
    monkeypatch.setattr(task_logs, "_MOST_PAGES", 3)
    for at in range(9):
        aws.write(str(at), task=ALIVE, seconds_ago=at)
    result = CliRunner().invoke(command_line.app, ["logs", "dev"], catch_exceptions=False)
    assert len(result.stdout.splitlines()) == 6
    assert "more than 3 pages of events: ask for less, with --since" in result.stderr + capfd.readouterr().err


@pytest.mark.parametrize(
    "text", ["", "10", "m", "-5m", "1.5h", "10 m", "soon", "٣m", "9" * 30 + "d", "2031-01-01", "1960-01-01"]
)
@pytest.mark.usefixtures("aws")
def test_no_since_is_refused_in_one_line(text: str) -> None:
    """Nor is a time to come."""
    with pytest.raises(OperateError, match="such as 30s, 10m, 2h or 1d, or a time") as refused:
        logs("--since", text)
    assert str(refused.value).startswith(f"--since is {text!r}: it must be")
    assert "\n" not in str(refused.value)


def test_a_time_without_a_zone_is_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a person reads it off the wall: here nine hours before UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XXX-9")
        time.tzset()
        assert task_logs.parse_since("2030-01-01T20:00:00", now=NOW) == NOW - timedelta(hours=1)
    time.tzset()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--task", "ffff"], "No task whose id begins with 'ffff' has logged to /ecs/go-api-dev."),
        (["--task", "no id"], "'no id' is not a task's id: it must be one of `status`, such as 1a2b3c4d, or whole."),
    ],
)
def test_no_such_task_is_one_line(aws: FakeService, options: list[str], told: str) -> None:
    aws.write("x", task=ALIVE, seconds_ago=9)
    with pytest.raises(OperateError) as refused:
        logs(*options)
    assert str(refused.value) == told


def test_nothing_deployed_is_one_line(aws: FakeService) -> None:
    aws.service = None
    with pytest.raises(OperateError, match=r"^Nothing is deployed in 'dev'"):
        logs()
