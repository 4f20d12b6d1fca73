"""A graph with its curves as it is drawn: across in percent or thousandths, down in pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from operate.dashboard.curves import unbroken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operate.dashboard.body import Graph, Line, Metric
    from operate.dashboard.curves import Curves, Points

COLOURS = 8
WIDTH = 1000
_ROW_HEIGHT = 52
_BESIDE_THE_PLOT = 112  # title, legend, ticks
_LEAST_HEIGHT = 80
_MOST_STEPS = 5
_HEADROOM = 1.08
_DOT = 6


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Drawn:
    """One metric: `path` is an SVG path's, empty where there is no data."""

    label: str
    said: str
    colour: int
    path: str
    least: str
    greatest: str
    last: str


@dataclass(frozen=True)
class Across:
    """A line of a limit or a target: `at` is where it is drawn."""

    at: float
    label: str


@dataclass(frozen=True)
class Plot:
    height: int
    across: list[Tick]
    up: list[Tick]
    drawn: list[Drawn]
    lines: list[Across]
    marks: list[Tick]

    @property
    def has_data(self) -> bool:
        return any(one.path for one in self.drawn)


def plot(graph: Graph, curves: Curves) -> Plot:
    height = max(_LEAST_HEIGHT, graph.place.height * _ROW_HEIGHT - _BESIDE_THE_PLOT)
    points = {metric: curves.of(metric) for metric in graph.metrics}
    top = _top([value for found in points.values() for _, value in found], graph.lines)
    scale = _Scale(curves.seconds, top, height)
    return Plot(
        height=height,
        across=_across(curves, scale),
        up=[Tick(scale.y(value), _figure(value)) for value in _steps(top)],
        drawn=[
            _drawn(number, metric, points[metric], graph.period_seconds, scale)
            for number, metric in enumerate(graph.metrics)
        ],
        lines=[Across(scale.y(line.value), f"{line.label}: {_figure(line.value)}") for line in graph.lines],
        marks=[Tick(scale.x(mark.at) * 100 / WIDTH, mark.label) for mark in curves.marks if mark.at >= -curves.seconds],
    )


@dataclass(frozen=True)
class _Scale:
    seconds: int
    top: float
    height: int

    def x(self, at: float) -> float:
        return round(WIDTH * (1 + at / self.seconds), 2)

    def y(self, value: float) -> float:
        return round(self.height * (1 - value / self.top), 2)


def _top(values: Sequence[float], lines: Sequence[Line]) -> float:
    """Lines are seen, whatever is measured; what is nothing but 0 is seen at the bottom."""
    greatest = max([*values, *(line.value for line in lines)], default=0)
    return greatest * _HEADROOM or 1.0


def _steps(top: float) -> list[float]:
    """From 0, by 1, 2 or 5 of a power of ten."""
    power = 10 ** math.floor(math.log10(top / _MOST_STEPS))
    step = next(power * factor for factor in (1, 2, 5, 10) if top / (power * factor) <= _MOST_STEPS)
    return [step * number for number in range(int(top / step) + 1)]


def _across(curves: Curves, scale: _Scale) -> list[Tick]:
    return [Tick(scale.x(at) * 100 / WIDTH, _time(curves, at)) for at in (-curves.seconds, -curves.seconds / 2, 0)]


def _time(curves: Curves, at: float) -> str:
    """UTC's, of what is measured; a sample has no time of day."""
    if curves.until:
        return f"{curves.until + timedelta(seconds=at):%H:%M}"
    return f"{at / 60:.0f} min" if at else "now"


def _drawn(number: int, metric: Metric, points: Points, period_seconds: int, scale: _Scale) -> Drawn:
    path = " ".join(_path(run, scale) for run in unbroken(points, period_seconds))
    values = [value for _, value in points]
    return Drawn(
        label=metric.label,
        said=f"{metric.namespace} {metric.name}, {metric.stat}",
        colour=number % COLOURS,
        path=path,
        least=_figure(min(values)) if values else "",
        greatest=_figure(max(values)) if values else "",
        last=_figure(values[-1]) if values else "",
    )


def _path(run: Points, scale: _Scale) -> str:
    """A point by itself is a short line, or it would not be seen."""
    if len(run) == 1:
        ((at, value),) = run
        return f"M{scale.x(at) - _DOT / 2} {scale.y(value)}h{_DOT}"
    return "M" + "L".join(f"{scale.x(at)} {scale.y(value)}" for at, value in run)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three figures
