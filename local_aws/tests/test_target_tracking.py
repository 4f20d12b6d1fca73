"""When target-tracking policies scale, and by how much, without a clock."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.core.responses import request_scope
from ministack.services import ecs

from local_aws.application_autoscaling.target_tracking import Bounds, Policy, Track, Tracker

POLICY = Policy(target_value=50, out_cooldown_seconds=60, in_cooldown_seconds=300)
BOUNDS = Bounds(minimum=1, maximum=4)


def track(*points: float, **more: list[float]) -> Track:
    """Of the policy `cpu`, and of those that are named."""
    made = Track()
    for name, values in {"cpu": list(points), **more}.items():
        for value in values:
            made.points.setdefault(name, deque(maxlen=15)).append(value)
    return made


def next_count(tracked: Track, *, current: int, now: float = 0, bounds: Bounds = BOUNDS, **policies: Policy) -> int:
    return tracked.next_count(policies or {"cpu": POLICY}, bounds, current=current, now=now)


@pytest.mark.parametrize(
    ("points", "current", "count"),
    [
        ([90, 90], 1, 1),
        ([90, 90, 90], 1, 2),
        ([90, 40, 90], 1, 1),
        ([10, 200, 200, 200], 1, 4),
        ([200, 200, 200], 3, 4),
        ([20] * 14, 4, 4),
        ([20] * 15, 4, 2),
        ([20] * 14 + [46], 4, 4),
        ([0] * 15, 2, 1),
        ([46] * 15, 2, 2),
    ],
)
def test_alarms(points: list[float], current: int, count: int) -> None:
    """Three high points in a row scale out, fifteen low ones in, to what the load needs, within the capacities."""
    assert next_count(track(*points), current=current) == count


def test_cooldown_after_scaling_out() -> None:
    """The next step out waits for its cooldown."""
    scaled = track(90, 90, 90)
    scaled.note(before=1, after=2, now=100)
    assert next_count(scaled, current=2, now=159) == 2
    assert next_count(scaled, current=2, now=160) == 4


@pytest.mark.parametrize(("before", "after"), [(1, 2), (3, 2)])
def test_cooldown_before_scaling_in(before: int, after: int) -> None:
    """Scaling in waits for its cooldown after either direction."""
    scaled = track(*[10] * 15)
    scaled.note(before=before, after=after, now=100)
    assert next_count(scaled, current=2, now=399) == 2
    assert next_count(scaled, current=2, now=400) == 1


def test_suspended() -> None:
    """Each direction can be switched off by itself."""
    assert next_count(track(90, 90, 90), current=1, cpu=replace(POLICY, scales_out=False)) == 1
    assert next_count(track(*[0] * 15), current=2, cpu=replace(POLICY, scales_in=False)) == 2


def test_capacities_hold_without_a_load() -> None:
    """A count outside the capacities is brought inside."""
    assert next_count(track(), current=1, bounds=Bounds(2, 4)) == 2
    assert next_count(track(), current=6) == 4


def test_policy_of_what_was_registered() -> None:
    """What a request leaves out has AWS's default for ECS."""
    target = {"SuspendedState": {"DynamicScalingOutSuspended": True}}
    configuration = {"TargetValue": 70.0, "ScaleInCooldown": 10, "DisableScaleIn": True}
    assert Policy.of(target, configuration) == Policy(
        target_value=70.0,
        out_cooldown_seconds=300,
        in_cooldown_seconds=10,
        scales_out=False,
        scales_in=False,
    )


MEMORY = Policy(target_value=80, out_cooldown_seconds=60, in_cooldown_seconds=300)


@pytest.mark.parametrize(
    ("cpu", "memory", "count"),
    [
        ([90] * 3, [10] * 15, 4),
        ([60] * 3, [140] * 3, 4),
        ([10] * 15, [100] * 3, 3),
        ([10] * 15, [75] * 15, 2),
        ([10] * 15, [10] * 14, 2),
        ([10] * 15, [50] * 15, 2),
        ([10] * 15, [30] * 15, 1),
    ],
)
def test_policies_together(cpu: list[float], memory: list[float], count: int) -> None:
    """One is enough to scale out, all have to agree to scale in, and the largest wish of those that act counts."""
    tracked = track(*cpu, memory=memory)
    assert next_count(tracked, current=2, cpu=POLICY, memory=MEMORY) == count


def test_a_policy_that_does_not_scale_in_has_no_say_in_it() -> None:
    """The others may, whatever its metric says."""
    only_out = replace(MEMORY, scales_in=False)
    assert next_count(track(*[10] * 15, memory=[79] * 15), current=3, cpu=POLICY, memory=only_out) == 1


def test_each_cooldown_is_its_policys_own() -> None:
    """A policy with a shorter one scales out again while another still waits."""
    tracked = track(90, 90, 90, memory=[100] * 3)
    tracked.note(before=1, after=2, now=100)
    quick = replace(MEMORY, out_cooldown_seconds=10)
    assert next_count(tracked, current=2, now=110, cpu=POLICY, memory=quick) == 3


def test_no_value_is_no_low_value() -> None:
    """A period without a measurement counts neither way, and a policy's points go with it."""
    tracked = track()
    for _ in range(20):
        tracked.add({"cpu": None})
    assert next_count(tracked, current=3) == 3
    tracked.add({"cpu": 90.0})
    tracked.add({"memory": 90.0})
    assert list(tracked.points) == ["memory"]


def test_a_service_that_is_gone_leaves_no_track() -> None:
    """One of its name that is made afterwards has scaled at no time."""
    service = {
        "serviceArn": "arn",
        "serviceName": "api",
        "clusterArn": "arn:cluster/main",
        "desiredCount": 1,
        "status": "ACTIVE",
    }
    tracker = Tracker()
    with request_scope("111111111111", "eu-west-3"):
        ecs._services["main/api"] = service
        tracker.act(since=0)
        assert list(tracker.tracks) == ["arn"]
        service["status"] = "INACTIVE"
        tracker.act(since=0)
        del ecs._services["main/api"]
    assert tracker.tracks == {}


LEVELS = st.floats(0, 500)
PLATEAUS = st.lists(st.tuples(LEVELS, LEVELS, st.sampled_from((1, 2, 3, 15, 18))), min_size=3, max_size=10)
LOADS = PLATEAUS.map(lambda plateaus: [(one, other) for one, other, minutes in plateaus for _ in range(minutes)])
COOLDOWNS = st.integers(0, 600)


@given(
    loads=LOADS,
    bounds=st.tuples(st.integers(1, 5), st.integers(0, 10)).map(lambda pair: Bounds(pair[0], sum(pair))),
    targets=st.tuples(st.floats(1, 100), st.floats(1, 100)),
    out_cooldown=COOLDOWNS,
    in_cooldown=COOLDOWNS,
)
def test_no_load_leaves_the_bounds_or_flaps(
    loads: list[tuple[float, float]],
    bounds: Bounds,
    targets: tuple[float, float],
    out_cooldown: int,
    in_cooldown: int,
) -> None:
    """Whatever the load per minute does: within the capacities, and no step before its direction's cooldown is over."""
    policies = {
        name: Policy(target, out_cooldown_seconds=out_cooldown, in_cooldown_seconds=in_cooldown)
        for name, target in zip(("cpu", "requests"), targets, strict=True)
    }
    tracked, count, steps = Track(), bounds.minimum, []
    for minute, load in enumerate(loads):
        tracked.add(dict(zip(policies, (each / count for each in load), strict=True)))
        now = minute * 60
        after = tracked.next_count(policies, bounds, current=count, now=now)
        if after != count:
            tracked.note(before=count, after=after, now=now)
            steps.append((now, after > count))
            count = after
        assert bounds.minimum <= count <= bounds.maximum
    for (before, was_out), (at, is_out) in itertools.pairwise(steps):
        if not is_out:
            assert at - before >= in_cooldown
        elif was_out:
            assert at - before >= out_cooldown
