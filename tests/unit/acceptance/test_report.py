"""What the report's reader sees: verdicts, failures and versions, in words and in the picture."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from operate.acceptance import report
from operate.acceptance.findings import Criterion, Finding, Result, Verdict
from operate.acceptance.load import Sample
from operate.acceptance.timeline import Event, Snapshot, Timeline

if TYPE_CHECKING:
    from pathlib import Path

NASTY = "<script>alert(1)</script>"


@pytest.fixture
def timeline() -> Timeline:
    """Ten seconds at 2 a second: v1, one failure in the sixth second, then v2."""
    samples = [Sample(1000 + n / 2, 0.01, 200, "v1" if n < 10 else "v2") for n in range(20)]
    samples[11] = Sample(1005.5, 0.01, 502)
    snapshots = [Snapshot(1000, {"api:1": 1}), Snapshot(1005, {"api:2": 1, "api:1": 1}), Snapshot(1008, {"api:2": 1})]
    events = [Event(1001, "released api:2", ours=True), Event(1004, NASTY, ours=False)]
    return Timeline("A rolling deployment", 1000, 1010, samples, snapshots, events)


@pytest.fixture
def results(timeline: Timeline) -> list[Result]:
    failed = Finding(passed=False, measured="1 of 20 failed", figures={"failed": 1}, timeline=timeline)
    return [
        Result.of(Criterion("SC-004", "It rolls", "no failed request"), failed, seconds=10),
        Result(Criterion("SC-005", "It scales", "5 min"), Verdict.NOT_RUN, "no metric"),
    ]


def test_bars_stack_each_seconds_requests(timeline: Timeline) -> None:
    """A failure is its own bar, red, on top of what was answered in that second."""
    picture = report.picture(timeline)
    assert picture.most_requests == 2
    (failure,) = [bar for bar in picture.bars if bar.shade == report.FAILED_SHADE]
    assert failure.label == "5 s: 1 x 502"
    assert (failure.x, failure.y, failure.height) == (450, 0, report.REQUESTS_HEIGHT / 2)
    assert sum(bar.height for bar in picture.bars) == report.REQUESTS_HEIGHT * 10
    assert [label for _, label in picture.legend] == ["v1", "v2", "502"]


def test_running_tasks_last_until_the_next_look(timeline: Timeline) -> None:
    """And the last until the end; two revisions at once are stacked."""
    bars = report.picture(timeline).tasks
    assert [(bar.x, bar.width, bar.label) for bar in bars] == [
        (0, 450, "1 x api:1"),
        (450, 270, "1 x api:2"),
        (450, 270, "1 x api:1"),
        (720, 180, "1 x api:2"),
    ]
    assert {bar.height for bar in bars} == {report.TASKS_HEIGHT / 2}


def test_the_page_shows_verdicts_and_escapes_what_aws_says(results: list[Result]) -> None:
    """NOT RUN is written out; an event's text is text; each picture is well-formed."""
    page = report.render("local", results, written_at="now")
    for shown in ("1 FAIL", "1 NOT RUN", "1 of 20 failed", "no metric", "released api:2", "5 s: 1 x 502"):
        assert shown in page
    assert NASTY not in page
    assert "&lt;script&gt;" in page
    picture = ET.fromstring(page[page.index("<svg") : page.index("</svg>") + len("</svg>")])  # noqa: S314 - our own
    assert len(picture.findall(".//rect")) == 15


def test_the_json_holds_figures_and_fails_where_one_fails(results: list[Result], tmp_path: Path) -> None:
    """Numbers, not sentences, for what a pipeline compares."""
    _, path = report.write("local", results, folder=tmp_path)
    document = json.loads(path.read_text())
    assert document["passed"] is False
    failed, not_run = document["results"]
    assert (failed["verdict"], failed["figures"], failed["requests"]["failed"]) == ("FAIL", {"failed": 1}, 1)
    assert (not_run["verdict"], not_run["requests"]) == ("NOT RUN", None)


def test_a_run_that_saw_nothing_has_a_picture_too() -> None:
    """Interrupted at once."""
    assert report.picture(Timeline("nothing", 1000, 1000)).bars == []
