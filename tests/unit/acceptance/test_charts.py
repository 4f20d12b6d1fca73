"""Where a chart draws what, and that nothing leaves it."""

from __future__ import annotations

import string
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operate.acceptance.chart_styles import Styles
from operate.acceptance.charts import REQUESTS_HEIGHT, TASKS_HEIGHT, Bar, Chart, chart
from operate.acceptance.load import Sample
from operate.acceptance.timeline import Event, Snapshot, Timeline

BEGAN = 1_000.0
NEARLY = pytest.approx

times = st.floats(BEGAN - 5, BEGAN + 700, allow_nan=False)
names = st.text(string.ascii_lowercase, min_size=1, max_size=3)
samples = st.builds(
    Sample,
    sent_at=times,
    latency_seconds=st.just(0.01),
    status=st.sampled_from([200, 200, 503, 500, None]),
    version=st.none() | names,
    error=st.none() | names,
)
snapshots = st.lists(st.builds(Snapshot, at=times, running=st.dictionaries(names, st.integers(0, 9), max_size=3)))
events = st.builds(Event, at=st.floats(BEGAN - 5_000, BEGAN + 5_000), text=names, ours=st.booleans())
timelines = st.builds(
    Timeline,
    title=names,
    began_at=st.just(BEGAN),
    ended_at=st.just(0.0) | times,
    samples=st.lists(samples, max_size=60),
    snapshots=snapshots.map(lambda found: sorted(found, key=lambda one: one.at)),
    events=st.lists(events, max_size=5),
    image_tags=st.dictionaries(names, st.none() | names, max_size=3),
)


def drawn(timeline: Timeline) -> Chart:
    return chart(timeline, Styles.of([timeline]))


def steady(seconds: float, *, rate: int = 10) -> Timeline:
    found = [Sample(BEGAN + number / rate, 0.01, 200, "v1") for number in range(int(seconds * rate))]
    return Timeline("steady", BEGAN, BEGAN + seconds, found)


def assert_within(bars: list[Bar], height: int) -> None:
    for bar in bars:
        assert bar.width >= 0
        assert bar.height > 0
        assert bar.x >= 0
        assert bar.x + bar.width <= 100.0001
        assert bar.y >= 0
        assert bar.y + bar.height <= height + 0.01


@given(timelines)
def test_nothing_leaves_the_plot(timeline: Timeline) -> None:
    """Neither bars nor ticks nor events, whatever was recorded, in whichever order."""
    made = drawn(timeline)
    assert_within(made.bars, REQUESTS_HEIGHT)
    assert_within(made.tasks, TASKS_HEIGHT)
    assert all(0 <= x <= 100 for x in [*(tick.x for tick in made.ticks), *(mark.x for mark in made.marks)])
    assert sum(row.count for row in made.requests) == len(timeline.samples)


@given(timelines)
def test_bars_of_a_slice_do_not_cover_each_other(timeline: Timeline) -> None:
    """What is stacked adds up to no more than the plot's height, and every request is in a bar."""
    made = drawn(timeline)
    for bars, height in ((made.bars, REQUESTS_HEIGHT), (made.tasks, TASKS_HEIGHT)):
        for x in {bar.x for bar in bars if bar.width}:
            stacked = sorted((bar.y, bar.y + bar.height) for bar in bars if bar.x == x and bar.width)
            assert all(below[0] >= above[1] - 0.02 for above, below in pairwise(stacked))
            assert sum(end - begin for begin, end in stacked) <= height + 0.05
    assert sum(int(bar.label.split(": ")[1].split(" x ")[0]) for bar in made.bars) == len(timeline.samples)


def test_the_last_second_is_drawn_in_proportion() -> None:
    """At a constant rate every bar is equally high, and the last as wide as it lasts: no dip and no overhang."""
    *whole, last = drawn(steady(10.6)).bars
    assert {bar.height for bar in [*whole, last]} == {REQUESTS_HEIGHT}
    assert [bar.width for bar in whole] == [NEARLY(100 / 10.6, abs=0.002)] * 10
    assert last.width == NEARLY(60 / 10.6, abs=0.002)
    assert last.x + last.width == 100


def test_a_long_run_has_bars_that_can_be_seen() -> None:
    """Half an hour is not drawn in 1,800 bars; what they mean a second stays."""
    made = drawn(steady(1800, rate=2))
    assert len(made.bars) <= 150
    assert made.most_requests == 2


def test_failures_are_on_top_and_named() -> None:
    """The picture's bar says how many of which kind, and when."""
    timeline = steady(10)
    timeline.samples[55] = Sample(BEGAN + 5.5, 0.01, 502)
    (failure,) = [bar for bar in drawn(timeline).bars if bar.style.texture]
    assert failure.label == "5 s: 1 x 502"
    assert (failure.x, failure.y, failure.height) == (50, 0, REQUESTS_HEIGHT / 10)
    assert [row.name for row in drawn(timeline).requests] == ["v1", "502"]


def test_running_tasks_last_until_something_else_is_seen() -> None:
    """Two revisions at once are stacked, the older one below; the last lasts until the end."""
    seen = [({"api:1": 1}, 0), ({"api:1": 1}, 1), ({"api:2": 1, "api:1": 1}, 5), ({"api:2": 1}, 8)]
    timeline = steady(10)
    timeline.snapshots = [Snapshot(BEGAN + at, running) for running, at in seen]
    bars = drawn(timeline).tasks
    assert [(bar.x, bar.width, bar.y, bar.label) for bar in bars] == [
        (0, 50, TASKS_HEIGHT / 2, "1 x api:1"),
        (50, 30, TASKS_HEIGHT / 2, "1 x api:1"),
        (50, 30, 0, "1 x api:2"),
        (80, 20, TASKS_HEIGHT / 2, "1 x api:2"),
    ]


def test_what_ecs_dates_later_is_at_the_edge() -> None:
    """Its clock is not ours. What the check did is numbered, and always within."""
    timeline = steady(10)
    timeline.events = [Event(BEGAN + 60, "steady", ours=False), Event(BEGAN + 12, "put back", ours=True)]
    late, ours = drawn(timeline).marks[1], drawn(timeline).marks[0]
    assert (late.x, late.number, late.time) == (100, None, "60.0 s")
    assert (ours.x, ours.number, ours.time) == (100, 1, "12.0 s")


def test_a_run_that_saw_nothing_has_a_chart_too() -> None:
    """Interrupted at once."""
    made = drawn(Timeline("nothing", BEGAN, BEGAN))
    assert (made.bars, made.tasks, made.requests) == ([], [], [])


def answered(*versions: str, began_at: float = BEGAN, running: dict[str, int] | None = None) -> Timeline:
    found = [Sample(began_at + at, 0.01, 200, version) for at, version in enumerate(versions)]
    return Timeline("t", began_at, began_at + 9, found, [Snapshot(began_at, running or {})])


def test_a_version_looks_the_same_in_every_chart() -> None:
    """Whichever comes first there; others look different."""
    there, back, later = answered("v1", "v2"), answered("v2", "v1"), answered("v3", "v2")
    styles = Styles.of([there, back, later])
    looks = {(row.name, row.style) for one in (there, back, later) for row in chart(one, styles).requests}
    assert len(looks) == len({name for name, _ in looks}) == len({style.colour for _, style in looks}) == 3


def test_a_revision_looks_like_the_version_of_its_image() -> None:
    """In requests and tasks alike; a second revision of that image has a look of its own."""
    timeline = answered("v1", "v2", running={"api:1": 1, "api:2": 1, "api:3": 1})
    timeline.image_tags = {"api:1": "v1", "api:2": "v2", "api:3": "v2"}
    styles = Styles.of([timeline])
    versions = {kind.name: style for kind, style in styles.kinds.items()}
    assert styles.revisions["api:1"] == versions["v1"]
    assert styles.revisions["api:2"] == versions["v2"]
    assert styles.revisions["api:3"] not in versions.values()
    assert [row.name for row in chart(timeline, styles).revisions] == ["api:1 (v1)", "api:2 (v2)", "api:3 (v2)"]


@given(st.integers(1, 40), st.integers(1, 18))
def test_looks_are_told_apart(versions: int, failures: int) -> None:
    """By colour and texture, of which plain is no failure's; a failure's first six by texture alone."""
    timeline = answered(*(f"v{number}" for number in range(versions)))
    timeline.samples += [Sample(BEGAN, 0.01, 500 + number) for number in range(failures)]
    styles = Styles.of([timeline])
    assert len({(style.colour, style.texture) for style in styles.all()}) == len(styles.all()) == versions + failures
    textures = [style.texture for kind, style in styles.kinds.items() if kind.failed]
    assert 0 not in textures
    assert len(set(textures)) == min(failures, 6)
