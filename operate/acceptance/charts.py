"""A timeline as a chart: requests a second above, running tasks below. Across in percent, down in pixels."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import count, groupby, pairwise
from typing import TYPE_CHECKING

from operate.acceptance.chart_styles import Kind, kinds_of, revisions_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operate.acceptance.chart_styles import Style, Styles
    from operate.acceptance.timeline import Timeline

REQUESTS_HEIGHT, TASKS_HEIGHT = 120, 60
_MOST_SLICES, _MOST_TICKS = 150, 12
_STEPS_SECONDS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    style: Style
    label: str


@dataclass(frozen=True)
class Tick:
    x: float
    label: str


@dataclass(frozen=True)
class Mark:
    """An event: `ours`, of the check, has a number; the others are what ECS said."""

    x: float
    number: int | None
    time: str
    text: str

    @property
    def ours(self) -> bool:
        return self.number is not None


@dataclass(frozen=True)
class Row:
    """Of the legend and of the table: requests of one kind, or a revision's tasks at most at a time."""

    style: Style
    name: str
    count: int
    first: str
    last: str


@dataclass(frozen=True)
class Chart:
    title: str
    description: str
    bars: list[Bar]
    tasks: list[Bar]
    ticks: list[Tick]
    marks: list[Mark]
    requests: list[Row]
    revisions: list[Row]
    most_requests: float
    most_tasks: int


@dataclass(frozen=True)
class _Span:
    """From the first to the last thing on our own clock; what ECS dates outside of it is shown at its edge."""

    began_at: float
    seconds: float

    @classmethod
    def of(cls, timeline: Timeline) -> _Span:
        times = [sample.sent_at for sample in timeline.samples]
        times += [snapshot.at for snapshot in timeline.snapshots]
        times += [event.at for event in timeline.events if event.ours]
        began_at = min([timeline.began_at, *times])
        return cls(began_at, max(1.0, max([timeline.ended_at, *times]) - began_at))

    def x(self, at: float) -> float:
        return self.share(at - self.began_at)

    def share(self, seconds: float) -> float:
        return round(min(1.0, max(0.0, seconds / self.seconds)) * 100, 3)

    def clock(self, at: float) -> str:
        return f"{at - self.began_at:.1f} s"

    def step(self, most: int) -> int:
        return next((step for step in _STEPS_SECONDS if self.seconds / step <= most), _STEPS_SECONDS[-1])


def chart(timeline: Timeline, styles: Styles) -> Chart:
    span = _Span.of(timeline)
    bars, most_requests = _request_bars(timeline, span, styles)
    tasks, most_tasks = _task_bars(timeline, span, styles)
    requests, revisions = _request_rows(timeline, span, styles), _revision_rows(timeline, span, styles)
    step = span.step(_MOST_TICKS)
    return Chart(
        title=timeline.title,
        description=_description(span, requests, revisions, most_tasks),
        bars=bars,
        tasks=tasks,
        ticks=[Tick(span.share(at), f"{at} s") for at in range(0, int(span.seconds) + 1, step)],
        marks=_marks(timeline, span),
        requests=requests,
        revisions=revisions,
        most_requests=most_requests,
        most_tasks=most_tasks,
    )


def _request_bars(timeline: Timeline, span: _Span, styles: Styles) -> tuple[list[Bar], float]:
    """Stacked, failures on top. The last slice is what is left, as wide as it lasts and as high as its rate."""
    step = span.step(_MOST_SLICES)
    last = max(1, round(span.seconds / step)) - 1
    edges = [*(number * step for number in range(last + 1)), span.seconds]
    counted: list[Counter[Kind]] = [Counter() for _ in range(last + 1)]
    for sample in timeline.samples:
        counted[min(last, int((sample.sent_at - span.began_at) / step))][Kind.of(sample)] += 1
    rates = [slice_.total() / (end - begin) for slice_, (begin, end) in zip(counted, pairwise(edges), strict=True)]
    most, order = max(rates) or 1.0, kinds_of(timeline)
    bars = []
    for slice_, (begin, end) in zip(counted, pairwise(edges), strict=True):
        x, right = span.share(begin), span.share(end)
        levels = _levels([slice_[kind] / (end - begin) / most for kind in order], REQUESTS_HEIGHT)
        for kind, (top, bottom) in zip(order, levels, strict=True):
            if slice_[kind]:
                label = f"{begin} s: {slice_[kind]} x {kind.name}"
                bars.append(Bar(x, top, round(right - x, 3), round(bottom - top, 2), styles.kinds[kind], label))
    return bars, most


def _task_bars(timeline: Timeline, span: _Span, styles: Styles) -> tuple[list[Bar], int]:
    """What a look saw lasts until one sees something else."""
    changes = [next(alike) for _, alike in groupby(timeline.snapshots, key=lambda snapshot: snapshot.running)]
    most = max((sum(snapshot.running.values()) for snapshot in changes), default=0) or 1
    edges = [*(span.x(snapshot.at) for snapshot in changes), 100.0]
    bars, order = [], revisions_of(timeline)
    for snapshot, (x, right) in zip(changes, pairwise(edges), strict=True):
        counts = [snapshot.running.get(revision, 0) for revision in order]
        levels = _levels([running / most for running in counts], TASKS_HEIGHT)
        for revision, running, (top, bottom) in zip(order, counts, levels, strict=True):
            if running:
                style, label = styles.revisions[revision], f"{running} x {revision}"
                bars.append(Bar(x, top, round(right - x, 3), round(bottom - top, 2), style, label))
    return bars, most


def _levels(shares: Sequence[float], height: int) -> list[tuple[float, float]]:
    """Top and bottom of each of a stack, from the ground up."""
    levels, filled = [], 0.0
    for share in shares:
        bottom = round(height * max(0.0, 1 - filled), 2)
        filled += share
        levels.append((round(height * max(0.0, 1 - filled), 2), bottom))
    return levels


def _marks(timeline: Timeline, span: _Span) -> list[Mark]:
    marks, numbers = [], count(1)
    for event in sorted(timeline.events, key=lambda event: event.at):
        number = next(numbers) if event.ours else None
        marks.append(Mark(span.x(event.at), number, span.clock(event.at), event.text))
    return marks


def _request_rows(timeline: Timeline, span: _Span, styles: Styles) -> list[Row]:
    times: dict[Kind, list[float]] = {kind: [] for kind in kinds_of(timeline)}
    for sample in timeline.samples:
        times[Kind.of(sample)].append(sample.sent_at)
    return [
        Row(styles.kinds[kind], kind.name, len(at), span.clock(min(at)), span.clock(max(at)))
        for kind, at in times.items()
    ]


def _revision_rows(timeline: Timeline, span: _Span, styles: Styles) -> list[Row]:
    rows = []
    for name in revisions_of(timeline):
        seen = [snapshot for snapshot in timeline.snapshots if snapshot.running.get(name)]
        most = max(snapshot.running[name] for snapshot in seen)
        tag = timeline.image_tags.get(name)
        shown = f"{name} ({tag})" if tag else name
        rows.append(Row(styles.revisions[name], shown, most, span.clock(seen[0].at), span.clock(seen[-1].at)))
    return rows


def _description(span: _Span, requests: Sequence[Row], revisions: Sequence[Row], most_tasks: int) -> str:
    answers = ", ".join(f"{row.count} x {row.name}" for row in requests) or "none"
    tasks = ", ".join(row.name for row in revisions) or "none"
    return f"{span.seconds:.0f} s. Requests: {answers}. At most {most_tasks} running at a time of: {tasks}."
