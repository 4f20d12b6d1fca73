"""When a target-tracking policy scales, and by how much, without a clock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from local_aws.application_autoscaling.target_tracking import Policy, Track

POLICY = Policy(minimum=1, maximum=4, target_percent=50, out_cooldown_seconds=60, in_cooldown_seconds=300)


def track(*points: float) -> Track:
    made = Track()
    made.points.extend(points)
    return made


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
    assert track(*points).next_count(POLICY, current=current, now=0) == count


def test_cooldown_after_scaling_out() -> None:
    """The next step out waits for its cooldown."""
    scaled = track(90, 90, 90)
    scaled.note(before=1, after=2, now=100)
    assert scaled.next_count(POLICY, current=2, now=159) == 2
    assert scaled.next_count(POLICY, current=2, now=160) == 4


@pytest.mark.parametrize(("before", "after"), [(1, 2), (3, 2)])
def test_cooldown_before_scaling_in(before: int, after: int) -> None:
    """Scaling in waits for its cooldown after either direction."""
    scaled = track(*[10] * 15)
    scaled.note(before=before, after=after, now=100)
    assert scaled.next_count(POLICY, current=2, now=399) == 2
    assert scaled.next_count(POLICY, current=2, now=400) == 1


def test_suspended() -> None:
    """Each direction can be switched off by itself."""
    assert track(90, 90, 90).next_count(replace(POLICY, scales_out=False), current=1, now=0) == 1
    assert track(*[0] * 15).next_count(replace(POLICY, scales_in=False), current=2, now=0) == 2


def test_capacities_hold_without_a_load() -> None:
    """A count outside the capacities is brought inside."""
    assert track().next_count(replace(POLICY, minimum=2), current=1, now=0) == 2
    assert track().next_count(POLICY, current=6, now=0) == 4


def test_policy_of_what_was_registered() -> None:
    """What a request leaves out has AWS's default for ECS."""
    target = {"MinCapacity": 1, "MaxCapacity": 4, "SuspendedState": {"DynamicScalingOutSuspended": True}}
    configuration = {"TargetValue": 70.0, "ScaleInCooldown": 10, "DisableScaleIn": True}
    assert Policy.of(target, configuration) == Policy(
        minimum=1,
        maximum=4,
        target_percent=70.0,
        out_cooldown_seconds=300,
        in_cooldown_seconds=10,
        scales_out=False,
        scales_in=False,
    )
