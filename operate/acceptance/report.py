"""The report: acceptance-report.json for programs, acceptance-report.html for people who look rather than read."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from operate.acceptance.findings import exit_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operate.acceptance.findings import Result
    from operate.acceptance.timeline import Timeline

WIDTH, REQUESTS_HEIGHT, TASKS_HEIGHT = 900, 120, 60
_SHADES = ("#4878a8", "#e0a030", "#5aa469", "#8e6bb0", "#4aa9a9", "#a87048")
_UNNAMED = "answered"


@dataclass(frozen=True)
class Bar:
    """One second's requests of one kind, in the picture's units; a failure's `kind` is its status or error."""

    x: float
    y: float
    width: float
    height: float
    shade: str
    label: str


@dataclass(frozen=True)
class Tick:
    x: float
    label: str


@dataclass(frozen=True)
class Picture:
    title: str
    seconds: float
    bars: list[Bar]
    tasks: list[Bar]
    ticks: list[Tick]
    events: list[tuple[float, str, str, bool]]  # x, time, text, ours
    legend: list[tuple[str, str]]  # shade, label
    task_legend: list[tuple[str, str]]
    most_requests: int
    most_tasks: int


FAILED_SHADE = "#d03030"


def write(environment: str, results: Sequence[Result], *, folder: Path) -> tuple[Path, Path]:
    """The HTML and the JSON file."""
    written_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    html, document = folder / "acceptance-report.html", folder / "acceptance-report.json"
    html.write_text(render(environment, results, written_at=written_at))
    content = {
        "environment": environment,
        "written_at": written_at,
        "passed": exit_code(results) == 0,
        "results": [_plain(result) for result in results],
    }
    document.write_text(json.dumps(content, indent=2) + "\n")
    return html, document


def _plain(result: Result) -> dict[str, Any]:
    timeline = result.timeline
    return {
        **asdict(result.criterion),
        "verdict": result.verdict.value,
        "measured": result.measured,
        "figures": result.figures,
        "seconds": round(result.seconds, 1),
        "requests": asdict(timeline.summary) if timeline else None,
        "events": [asdict(event) for event in timeline.events] if timeline else [],
        "running_tasks": [asdict(snapshot) for snapshot in timeline.snapshots] if timeline else [],
    }


def render(environment: str, results: Sequence[Result], *, written_at: str) -> str:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    template = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    timelines = {id(result.timeline): result.timeline for result in results if result.timeline}
    counted = Counter(result.verdict.value for result in results)
    return template.get_template("report.html.j2").render(
        environment=environment,
        written_at=written_at,
        results=results,
        counted=counted,
        pictures=[
            (picture(timeline), [result for result in results if result.timeline is timeline])
            for timeline in timelines.values()
        ],
        width=WIDTH,
        requests_height=REQUESTS_HEIGHT,
        tasks_height=TASKS_HEIGHT,
    )


def picture(timeline: Timeline) -> Picture:
    seconds = max(1.0, timeline.ended_at - timeline.began_at)
    kinds = list(dict.fromkeys(_kind(one) for one in sorted(timeline.samples, key=lambda one: one.sent_at)))
    revisions = list(dict.fromkeys(name for snapshot in timeline.snapshots for name in snapshot.running))
    shades = _shades([kind for kind, failed in kinds if not failed])
    bars, most_requests = _request_bars(timeline, seconds, shades)
    tasks, most_tasks = _task_bars(timeline, seconds, _shades(revisions))
    legend = [(FAILED_SHADE if failed else shades[kind], kind) for kind, failed in kinds]
    events = [
        (_x(event.at, timeline, seconds), f"{event.at - timeline.began_at:.1f} s", event.text, event.ours)
        for event in timeline.events
    ]
    return Picture(
        title=timeline.title,
        seconds=seconds,
        bars=bars,
        tasks=tasks,
        ticks=_ticks(seconds),
        events=events,
        legend=legend,
        task_legend=[(shade, revision) for revision, shade in _shades(revisions).items()],
        most_requests=most_requests,
        most_tasks=most_tasks,
    )


def _kind(sample: Any) -> tuple[str, bool]:  # noqa: ANN401
    """What to call a request in the picture, and whether it failed."""
    if sample.ok:
        return sample.version or _UNNAMED, False
    return str(sample.status or (sample.error or "no answer").partition(":")[0]), True


def _shades(names: Sequence[str]) -> dict[str, str]:
    return {name: _SHADES[number % len(_SHADES)] for number, name in enumerate(names)}


def _x(at: float, timeline: Timeline, seconds: float) -> float:
    return round(min(1.0, max(0.0, (at - timeline.began_at) / seconds)) * WIDTH, 1)


def _request_bars(timeline: Timeline, seconds: float, shades: dict[str, str]) -> tuple[list[Bar], int]:
    """Stacked, a second each, failures on top."""
    counted = Counter((int(one.sent_at - timeline.began_at), *_kind(one)) for one in timeline.samples)
    per_second: Counter[int] = Counter()
    for (second, _, _), count in counted.items():
        per_second[second] += count
    most, width = max(per_second.values(), default=1), WIDTH / seconds
    bars, filled = [], Counter[int]()
    for (second, kind, failed), count in sorted(counted.items(), key=lambda item: (item[0][0], item[0][2])):
        filled[second] += count
        bars.append(
            Bar(
                x=round(second * width, 1),
                y=round(REQUESTS_HEIGHT * (1 - filled[second] / most), 1),
                width=round(max(width - 0.5, 0.5), 1),
                height=round(REQUESTS_HEIGHT * count / most, 1),
                shade=FAILED_SHADE if failed else shades[kind],
                label=f"{second} s: {count} x {kind}",
            )
        )
    return bars, most


def _task_bars(timeline: Timeline, seconds: float, shades: dict[str, str]) -> tuple[list[Bar], int]:
    """Each snapshot lasts until the next."""
    most = max((sum(snapshot.running.values()) for snapshot in timeline.snapshots), default=0) or 1
    bars = []
    ends = [snapshot.at for snapshot in timeline.snapshots[1:]] + [timeline.ended_at]
    for snapshot, end in zip(timeline.snapshots, ends, strict=False):
        x, y = _x(snapshot.at, timeline, seconds), float(TASKS_HEIGHT)
        for revision, count in snapshot.running.items():
            height = TASKS_HEIGHT * count / most
            y -= height
            width = max(_x(end, timeline, seconds) - x, 0.0)
            label = f"{count} x {revision}"
            bars.append(Bar(x, round(y, 1), round(width, 1), round(height, 1), shades[revision], label))
    return bars, most


def _ticks(seconds: float) -> list[Tick]:
    step = next(step for step in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600) if seconds / step <= 12 or step == 600)  # noqa: PLR2004
    return [Tick(round(at / seconds * WIDTH, 1), f"{at} s") for at in range(0, int(seconds) + 1, step)]
