"""When a scheduled action acts, as Application Auto Scaling takes it: `cron(…)`, `rate(…)`, `at(…)`, and in which zone.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Final
from zoneinfo import available_timezones

from stacks.settings.base import did_you_mean, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_SIX, _SEVEN = 6, 7


@dataclass(frozen=True)
class Field:
    """One of a cron expression; `names` stand for the numbers from `low` on, `special` is what it takes besides."""

    called: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    special: str = ""

    @property
    def limits(self) -> str:
        named = f" or {self.names[0]} to {self.names[-1]}" if self.names else ""
        return f"from {self.low} to {self.high}{named}"

    def problem(self, text: str) -> str | None:
        if text == "?" and self.called.startswith("day"):
            return None
        wrong = next((item for item in text.split(",") if not self._takes(item)), None)
        if wrong is None:
            return None
        return f"the {self.called} must be {self.limits}, with {self._wildcards()}, not {wrong or 'nothing'}"

    def _wildcards(self) -> str:
        return {
            "day of the month": ", - * / ? L W",
            "day of the week": ", - * / ? L #",
        }.get(self.called, ", - * /")

    def _takes(self, item: str) -> bool:
        if self.special and re.fullmatch(self.special, item, re.IGNORECASE | re.ASCII):
            return True
        values, slash, step = item.partition("/")
        if slash and not (re.fullmatch(r"[0-9]+", step) and int(step) > 0):
            return False
        ends = values.split("-")
        return values == "*" or (len(ends) <= 2 and all(map(self._is_value, ends)))  # noqa: PLR2004

    def _is_value(self, text: str) -> bool:
        if text.upper() in self.names:
            return True
        return re.fullmatch(r"[0-9]+", text) is not None and self.low <= int(text) <= self.high


_DAY: Final = f"(?:[1-7]|{'|'.join(_DAYS)})"
_SECONDS: Final = Field("second", 0, 59)
_FIELDS: Final = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31, special=r"L(?:-(?:[1-9]|[12][0-9]|30))?|LW|(?:[1-9]|[12][0-9]|3[01])W"),
    Field("month", 1, 12, names=_MONTHS),
    Field("day of the week", 1, 7, names=_DAYS, special=rf"L|{_DAY}L|{_DAY}#[1-5]"),
    Field("year", 1970, 2199),
)


def schedule_expression(text: str) -> str:
    """Raises a refusal that names the part that is wrong."""
    kind, _, rest = text.partition("(")
    inside = rest.removesuffix(")")
    problem_of = {"cron": _cron_problem, "rate": _rate_problem, "at": _at_problem}.get(kind)
    if problem_of is None or not rest.endswith(")"):
        raise refusal("must be cron(…), rate(…) or at(…), such as cron(0 20 ? * MON-FRI *)")
    if problem := problem_of(inside):
        raise refusal(problem)
    return text


def _cron_problem(inside: str) -> str | None:
    fields = inside.split()
    if len(fields) not in {_SIX, _SEVEN}:
        return (
            "must have six fields in cron(…): minute, hour, day of the month, month, day of the week, year, such as "
            f"cron(0 20 ? * MON-FRI *); {len(fields)} {'is' if len(fields) == 1 else 'are'} given"
        )
    expected = _FIELDS if len(fields) == _SIX else (_SECONDS, *_FIELDS)
    problems = [problem for field, text in zip(expected, fields, strict=True) if (problem := field.problem(text))]
    return next(iter(problems), None) or _days_problem(month=fields[-4], week=fields[-2])


def _days_problem(*, month: str, week: str) -> str | None:
    """Amazon EventBridge User Guide, "Cron expressions"."""
    if (month == "?") == (week == "?"):
        return "must have ? as the day of the month or as the day of the week, and not as both"
    if "#" in week and "," in week:
        return "must have one day of the week where # says which of the month"
    return None


def _rate_problem(inside: str) -> str | None:
    found = re.fullmatch(r"([0-9]+) (minute|hour|day)(s?)", inside, re.ASCII)
    if found and int(found[1]) > 0 and (int(found[1]) == 1) == (not found[3]):
        return None
    return "must have a positive integer and minute(s), hour(s) or day(s) in rate(…): rate(1 hour), rate(5 minutes)"


def _at_problem(inside: str) -> str | None:
    remedy = "must have a date and time in at(…): at(2030-01-31T06:00:00)"
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", inside, re.ASCII):
        return remedy
    try:
        datetime.fromisoformat(inside)
    except ValueError as error:
        return f"{remedy} ({error})"
    return None


@cache
def _zones() -> frozenset[str]:
    """Empty on a machine without the database of time zones: then AWS alone knows them."""
    return frozenset(available_timezones())


def iana_time_zone(name: str) -> str:
    if name in _zones() or (not _zones() and re.fullmatch(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*", name, re.ASCII)):
        return name
    nearest = get_close_matches(name, [*_zones(), *_cities()], n=1, cutoff=0.7)
    meant = did_you_mean(_cities().get(each, each) for each in nearest)
    raise refusal(f"must be a time zone of the IANA database, such as Europe/Berlin{meant}")


def _cities() -> dict[str, str]:
    return dict(_last_parts())


def _last_parts() -> Iterator[tuple[str, str]]:
    for zone in sorted(_zones()):
        if "/" in zone and not zone.startswith(("Etc/", "US/")):
            yield zone.rpartition("/")[2], zone


def utc_time(text: str) -> str:
    """In RFC 3339, as AWS tells it, whatever the offset: another writing of the same moment would be planned anew."""
    found = re.fullmatch(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(Z|[+-]\d{2}:\d{2})", text, re.ASCII)
    try:
        moment = datetime.fromisoformat(found[1] + found[2].replace("Z", "+00:00")) if found else None
        utc = moment and moment.astimezone(timezone.utc)
    except (ValueError, OverflowError):  # the year before the first, or after the last, once the offset is taken off
        utc = None
    if utc is None:
        raise refusal("must be a date and time with its offset, such as 2030-01-31T06:00:00Z")
    return utc.strftime("%Y-%m-%dT%H:%M:%SZ")
