"""When a scheduled action acts: `cron(…)` with AWS's fields, `rate(…)`, `at(…)`.

https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import calendar
import itertools
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MINUTE = timedelta(minutes=1)
_SATURDAY = 7
_DAYS_OF_WORK = range(5)  # as Python counts them
_UNITS = {"minute": _MINUTE, "hour": timedelta(hours=1), "day": timedelta(days=1)}


class _Range(NamedTuple):
    """A field's numbers, and the names that stand for them from the lowest on."""

    low: int
    high: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int:
        if text.upper() in self.names:
            return self.names.index(text.upper()) + self.low
        if not text.isdecimal() or not self.low <= int(text) <= self.high:
            message = f"{text!r} is not from {self.low} to {self.high}"
            raise ValueError(message)
        return int(text)

    def has(self, text: str, value: int) -> bool:
        return any([self._item_has(item, value) for item in text.split(",")])  # noqa: C419 - all of them are read

    def those(self, text: str) -> list[int]:
        return [value for value in range(self.low, self.high + 1) if self.has(text, value)]

    def _item_has(self, item: str, value: int) -> bool:
        """A range whose end comes before its start goes round."""
        values, slash, step = item.partition("/")
        start, dash, end = values.partition("-")
        first = self.low if values == "*" else self.number(start)
        last = self.high if values == "*" or (slash and not dash) else self.number(end if dash else start)
        size, every = self.high - self.low + 1, int(step) if slash else 1
        if every < 1:
            message = f"{item!r} has no step"
            raise ValueError(message)
        offset = (value - first) % size
        return offset <= (last - first) % size and offset % every == 0


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_OF_MINUTES, _OF_HOURS, _OF_YEARS = _Range(0, 59), _Range(0, 23), _Range(1970, 2199)
_OF_MONTHS, _OF_DAYS, _OF_WEEK = _Range(1, 12, _MONTHS), _Range(1, 31), _Range(1, 7, _DAYS)


@dataclass(frozen=True)
class Schedule:
    """Raises ValueError for an expression or a zone that is none. `created` is when a rate began to count."""

    expression: str
    zone_name: str
    created: datetime

    def __post_init__(self) -> None:
        if not re.fullmatch(r"(cron|rate|at)\(.*\)", self.expression):
            message = f"{self.expression!r} is neither cron(…) nor rate(…) nor at(…)"
            raise ValueError(message)
        _zone(self.zone_name)
        next(self.moments(self.created, self.created + _MINUTE), None)

    def moments(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Those at which it acts, later than `after`, in order."""
        kind, _, inside = self.expression.removesuffix(")").partition("(")
        of_kind = {"cron": self._cron, "rate": self._rate, "at": self._at}[kind]
        return (moment for moment in of_kind(inside, after, until) if after < moment <= until)

    def _cron(self, inside: str, after: datetime, until: datetime) -> Iterator[datetime]:
        *_, minute, hour, day, month, weekday, year = ["0", *inside.split()]  # seconds may come first
        times = list(itertools.product(_OF_HOURS.those(hour), _OF_MINUTES.those(minute)))
        zone = _zone(self.zone_name)
        today, last = (moment.astimezone(zone).date() for moment in (after, until))
        while today <= last:
            parts = [_OF_MONTHS.has(month, today.month), _OF_YEARS.has(year, today.year), _is_day(day, weekday, today)]
            if all(parts):
                for of_day in times:
                    local = datetime.combine(today, datetime.min.time().replace(*of_day), tzinfo=zone)
                    yield local.astimezone(timezone.utc)
            today += timedelta(days=1)

    def _rate(self, inside: str, after: datetime, until: datetime) -> Iterator[datetime]:
        number, _, unit = inside.partition(" ")
        every = int(number) * _UNITS.get(unit.removesuffix("s"), timedelta())
        if every <= timedelta():
            message = f"{inside!r} is no rate"
            raise ValueError(message)
        first = max(1, (after - self.created) // every)
        times = (self.created + count * every for count in itertools.count(first))
        yield from itertools.takewhile(lambda moment: moment <= until, times)

    def _at(self, inside: str, _after: datetime, _until: datetime) -> Iterator[datetime]:
        local = datetime.strptime(inside, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=_zone(self.zone_name))
        yield local.astimezone(timezone.utc)


def _zone(name: str) -> tzinfo:
    """UTC is known without a database of time zones."""
    try:
        return timezone.utc if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"{name!r} is no time zone"
        raise ValueError(message) from None


def _is_day(of_month: str, of_week: str, day: date) -> bool:
    if (of_month == "?") == (of_week == "?"):
        message = "one of the day of the month and the day of the week has to be ?"
        raise ValueError(message)
    if of_week == "?":
        return any([_is_day_of_month(item.upper(), day) for item in of_month.split(",")])  # noqa: C419 - as above
    return any([_is_day_of_week(item.upper(), day) for item in of_week.split(",")])  # noqa: C419 - as above


def _is_day_of_month(item: str, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if item == "LW":
        return day.day == _day_of_work(day.replace(day=last))
    if item.startswith("L"):
        return day.day == last - int(item.removeprefix("L").removeprefix("-") or 0)
    if item.endswith("W"):
        return day.day == _day_of_work(day.replace(day=min(_OF_DAYS.number(item[:-1]), last)))
    return _OF_DAYS.has(item, day.day)


def _day_of_work(day: date) -> int:
    """The nearest one of the same month."""
    near = (day + timedelta(days=days) for days in (0, -1, 1, -2, 2))
    return next(each.day for each in near if each.month == day.month and each.weekday() in _DAYS_OF_WORK)


def _is_day_of_week(item: str, day: date) -> bool:
    number = (day.weekday() + 1) % 7 + 1
    if item == "L":
        return number == _SATURDAY
    if item.endswith("L"):
        last_week = day.day + 7 > calendar.monthrange(day.year, day.month)[1]
        return (number, True) == (_OF_WEEK.number(item[:-1]), last_week)
    if "#" in item:
        weekday, _, which = item.partition("#")
        return (number, (day.day - 1) // 7 + 1) == (_OF_WEEK.number(weekday), int(which))
    return _OF_WEEK.has(item, number)
