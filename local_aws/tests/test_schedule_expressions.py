"""At which moments an expression acts, without a clock.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta, timezone

import pytest

from local_aws.application_autoscaling.schedule_expressions import Schedule
from local_aws.application_autoscaling.scheduled_actions import due

YEAR = datetime(2026, 1, 1, tzinfo=timezone.utc)  # a Thursday


def moments(expression: str, *, zone: str = "UTC", after: datetime = YEAR) -> list[str]:
    """The first three of a year, without it."""
    found = Schedule(expression, zone, YEAR).moments(after - timedelta(seconds=1), after + timedelta(days=366))
    return [f"{moment:%m-%d %H:%M}" for moment in itertools.islice(found, 3)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 10 * * ? *)", ["01-01 10:00", "01-02 10:00", "01-03 10:00"]),
        ("cron(0 18 ? * MON-FRI *)", ["01-01 18:00", "01-02 18:00", "01-05 18:00"]),
        ("cron(0 18 ? * fri-mon *)", ["01-02 18:00", "01-03 18:00", "01-04 18:00"]),
        ("cron(0 8 1 * ? *)", ["01-01 08:00", "02-01 08:00", "03-01 08:00"]),
        ("cron(0/15 * * * ? *)", ["01-01 00:00", "01-01 00:15", "01-01 00:30"]),
        ("cron(5,35 14 * * ? *)", ["01-01 14:05", "01-01 14:35", "01-02 14:05"]),
        ("cron(0 20-22/2 * * ? *)", ["01-01 20:00", "01-01 22:00", "01-02 20:00"]),
        ("cron(0/30 23-0 * * ? *)", ["01-01 00:00", "01-01 00:30", "01-01 23:00"]),
        ("cron(0 0 L FEB,4 ? *)", ["02-28 00:00", "04-30 00:00"]),
        ("cron(0 0 L-2 2 ? *)", ["02-26 00:00"]),
        ("cron(0 0 LW * ? *)", ["01-30 00:00", "02-27 00:00", "03-31 00:00"]),
        ("cron(0 0 3W * ? *)", ["01-02 00:00", "02-03 00:00", "03-03 00:00"]),
        ("cron(0 0 1W 2,3 ? *)", ["02-02 00:00", "03-02 00:00"]),
        ("cron(15 10 ? * 6L 2026-2028)", ["01-30 10:15", "02-27 10:15", "03-27 10:15"]),
        ("cron(0 0 ? * 3#2 *)", ["01-13 00:00", "02-10 00:00", "03-10 00:00"]),
        ("cron(0 0 ? 1 L *)", ["01-03 00:00", "01-10 00:00", "01-17 00:00"]),
        ("cron(30 0 12 1 1 ? 2026)", ["01-01 12:00"]),
        ("cron(0 12 1 1 ? 2025)", []),
        ("rate(5 minutes)", ["01-01 00:05", "01-01 00:10", "01-01 00:15"]),
        ("rate(1 day)", ["01-02 00:00", "01-03 00:00", "01-04 00:00"]),
        ("at(2026-03-01T06:30:00)", ["03-01 06:30"]),
        ("at(2025-03-01T06:30:00)", []),
    ],
)
def test_moments(expression: str, expected: list[str]) -> None:
    """AWS's own examples, and each of its wildcards; the seconds that may come first count for nothing."""
    assert moments(expression) == expected


@pytest.mark.parametrize(
    ("expression", "zone", "expected"),
    [
        ("cron(0 8 * * ? *)", "Europe/Berlin", ["03-28 07:00", "03-29 06:00", "03-30 06:00"]),
        ("at(2026-07-01T08:00:00)", "America/New_York", ["07-01 12:00"]),
        ("rate(1 hour)", "Europe/Berlin", ["03-28 01:00", "03-28 02:00", "03-28 03:00"]),
        ("cron(30 2 29 3 ? 2026)", "Europe/Berlin", ["03-29 01:30"]),
        ("cron(30 2 25 10 ? *)", "Europe/Berlin", ["10-25 00:30"]),
    ],
)
def test_time_zones(expression: str, zone: str, expected: list[str]) -> None:
    """Summer time moves them, but for a rate; an hour that it skips or repeats counts once."""
    after = datetime(2026, 3, 28, 0, 30, tzinfo=timezone.utc)
    assert moments(expression, zone=zone, after=after) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "0 8 * * ? *",
        "cron(0 8 * * *)",
        "cron(60 8 * * ? *)",
        "cron(0 8 * * * *)",
        "cron(0 8 ? * ? *)",
        "cron(0/0 8 * * ? *)",
        "cron(0 8 * MAI ? *)",
        "cron(0 8 * * ? 1969)",
        "cron(0 8 32 * ? *)",
        "cron(0 8 ? * MON#x *)",
        "rate(0 minutes)",
        "rate(5 weeks)",
        "rate(5)",
        "at(2026-02-30T00:00:00)",
        "at(tomorrow)",
    ],
)
def test_no_expression(expression: str) -> None:
    """Refused when it is given, not when its moment comes."""
    with pytest.raises(ValueError, match=r"."):
        Schedule(expression, "UTC", YEAR)


def test_no_time_zone() -> None:
    with pytest.raises(ValueError, match="'Europe/Bern' is no time zone"):
        Schedule("cron(0 8 * * ? *)", "Europe/Bern", YEAR)


def action(name: str, schedule: str, **more: float) -> dict[str, object]:
    kept = {"ScheduledActionName": name, "Schedule": schedule, "Timezone": "UTC", "CreationTime": YEAR.timestamp()}
    return {**kept, **more}


def test_actions_are_due_in_the_order_of_their_moments() -> None:
    """Those of one moment in the order in which they were put, each as often as it comes."""
    hourly, half = action("hourly", "cron(0 * * * ? *)"), action("half", "cron(0/30 * * * ? *)")
    found = due([half, hourly], YEAR, YEAR + timedelta(hours=1))
    assert [one["ScheduledActionName"] for one in found] == ["half", "half", "hourly"]


def test_start_and_end_bound_a_recurrence() -> None:
    """At its start it acts too; and nothing is due before that or after its end."""
    start, end = YEAR + timedelta(minutes=45), YEAR + timedelta(hours=2)
    bounded = action("bounded", "cron(0 * * * ? *)", StartTime=start.timestamp(), EndTime=end.timestamp())
    assert due([bounded], YEAR - timedelta(hours=5), start - timedelta(seconds=1)) == []
    assert len(due([bounded], YEAR, YEAR + timedelta(minutes=50))) == 1
    assert len(due([bounded], YEAR, YEAR + timedelta(hours=9))) == 3
    assert due([bounded], end, YEAR + timedelta(hours=9)) == []
