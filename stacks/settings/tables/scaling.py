"""[scaling]: between how many tasks, at which load, and when."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from constructs_lib import defaults
from stacks.settings.base import MAX_INT32, Refusal, Settings, between, matching, refusal, refuse_all, refuse_repeated
from stacks.settings.schedule_expressions import iana_time_zone, schedule_expression, utc_time

MOST_TASKS_OF_A_SERVICE: Final = 5000
_GREATEST_TARGET: Final = 2.0**360  # API_TargetTrackingScalingPolicyConfiguration

Capacity = Annotated[int, between(0, MOST_TASKS_OF_A_SERVICE)]


def share(percent: float) -> float:
    """Application Auto Scaling takes fractions; above 100 the average never comes."""
    if not 0 < percent <= 100:  # noqa: PLR2004
        raise refusal("must be a number above 0, up to 100")
    return percent


def requests(number: float) -> float:
    if not 0 < number <= _GREATEST_TARGET:
        raise refusal("must be a number above 0, such as 500")
    return number


def _beyond(side: str, bound: int, other: str) -> str:
    return f"must be at {side} {bound}, beyond which no {other} goes, or have a {other} beside it"


class Schedule(Settings):
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html"""

    name: Annotated[
        str,
        matching(
            r"(?! )[^\x00-\x1f\x7f-\x9f:/|]{1,256}(?<! )",
            "must have 1 to 256 characters, none of them a colon, a slash, a bar or a control character, and no space "
            "at its ends",
        ),
    ]
    """The scheduled action's name, once within the schedule."""
    expression: Annotated[str, AfterValidator(schedule_expression)]
    """When it acts: `cron(0 20 ? * MON-FRI *)`, `rate(1 hour)` or, once, `at(2030-01-31T06:00:00)`."""
    time_zone: Annotated[str, AfterValidator(iana_time_zone)] = defaults.TIME_ZONE
    """Time zone of `cron` and `at`, by its IANA name; summer time is followed."""
    min_capacity: Capacity | None = None
    """The least number of tasks from then on; left out, what it was."""
    max_capacity: Annotated[Capacity | None, Field(validate_default=True)] = None
    """The greatest number of tasks from then on; left out, what it was."""
    start_time: Annotated[str, AfterValidator(utc_time)] | None = None
    """Time before which it does not act."""
    end_time: Annotated[str, AfterValidator(utc_time)] | None = None
    """Time after which it does not act; the bounds stay as they are then."""

    @field_validator("max_capacity")
    @classmethod
    def bounds_agree(cls, max_capacity: int | None, info: ValidationInfo) -> int | None:
        if "min_capacity" not in info.data:
            return max_capacity
        least: int | None = cls.earlier(info, "min_capacity")
        if least is None and max_capacity is None:
            raise refusal("must be given, or min_capacity: a schedule without either changes nothing")
        if least is not None and max_capacity is not None and max_capacity < least:
            raise refusal(f"must be {least} or more, since min_capacity = {least}")
        return max_capacity

    @field_validator("end_time")
    @classmethod
    def ends_after_it_starts(cls, end_time: str | None, info: ValidationInfo) -> str | None:
        start_time: str | None = cls.earlier(info, "start_time")
        if start_time and end_time and end_time <= start_time:
            raise refusal(f"must be later than start_time, {start_time}")
        return end_time


class Scaling(Settings):
    """`min_capacity` = 0 is for who raises it on a schedule: with no task there is no CPU metric to scale by."""

    min_capacity: Capacity = defaults.MIN_CAPACITY
    """The least number of tasks; from 0 autoscaling starts none by itself."""
    max_capacity: Capacity = defaults.MAX_CAPACITY
    """The greatest number of tasks, `min_capacity` or more."""
    cpu_target_percent: Annotated[float, AfterValidator(share)] = defaults.CPU_TARGET_PERCENT
    """Average CPU of the tasks, in percent, that autoscaling aims at; at 100 it never adds a task."""
    memory_target_percent: Annotated[float, AfterValidator(share)] | None = None
    """Average memory of the tasks, in percent, that autoscaling aims at, beside CPU."""
    requests_per_target: Annotated[float, AfterValidator(requests)] | None = None
    """Requests a minute of each task that autoscaling aims at, in the first target group; an application load balancer
    counts them."""
    scale_in_cooldown_seconds: Annotated[int, between(0, MAX_INT32)] = defaults.SCALE_IN_COOLDOWN_SECONDS
    """Seconds after a scale-in before the next."""
    scale_out_cooldown_seconds: Annotated[int, between(0, MAX_INT32)] = defaults.SCALE_OUT_COOLDOWN_SECONDS
    """Seconds after a scale-out before the next."""
    schedule: Annotated[tuple[Schedule, ...], Field(strict=False)] = ()
    """Changes the bounds by the clock; `min_capacity` and `max_capacity` are those of the beginning then."""

    @field_validator("max_capacity")
    @classmethod
    def max_is_not_below_min(cls, max_capacity: int, info: ValidationInfo) -> int:
        least: int | None = cls.earlier(info, "min_capacity")
        if least is not None and max_capacity < least:
            raise refusal(f"must be {least} or more, since scaling.min_capacity = {least}")
        return max_capacity

    @field_validator("schedule")
    @classmethod
    def names_differ(cls, schedule: tuple[Schedule, ...]) -> tuple[Schedule, ...]:
        refuse_repeated(
            [each.name for each in schedule], "must differ from the name of every other schedule", key="name"
        )
        return schedule

    @field_validator("schedule")
    @classmethod
    def a_bound_alone_can_hold(cls, schedule: tuple[Schedule, ...], info: ValidationInfo) -> tuple[Schedule, ...]:
        """AWS refuses at its time what would cross the other bound: only what no other bound allows is refused here."""
        least: int | None = cls.earlier(info, "min_capacity")
        most: int | None = cls.earlier(info, "max_capacity")
        if least is None or most is None:
            return schedule
        highest = max([most, *(each.max_capacity for each in schedule if each.max_capacity is not None)])
        lowest = min([least, *(each.min_capacity for each in schedule if each.min_capacity is not None)])
        refuse_all(
            Refusal((at, "min_capacity"), each.min_capacity, _beyond("most", highest, "max_capacity"))
            for at, each in enumerate(schedule)
            if each.max_capacity is None and each.min_capacity is not None and each.min_capacity > highest
        )
        refuse_all(
            Refusal((at, "max_capacity"), each.max_capacity, _beyond("least", lowest, "min_capacity"))
            for at, each in enumerate(schedule)
            if each.min_capacity is None and each.max_capacity is not None and each.max_capacity < lowest
        )
        return schedule

    @property
    def least_capacity(self) -> int:
        """To which the schedule may bring it down."""
        return min([self.min_capacity, *(each.min_capacity for each in self.schedule if each.min_capacity is not None)])

    @property
    def first_count(self) -> int:
        """With how many tasks the service starts: with one, to show that the image runs, where the least is none."""
        return min(max(1, self.min_capacity), self.max_capacity)

    @property
    def highest_capacity(self) -> int:
        """The greatest number of tasks at any hour."""
        return max([self.max_capacity, *(each.max_capacity or 0 for each in self.schedule)])

    @property
    def least_running(self) -> int:
        """The least number of tasks that are wanted where any are, by the clock or not."""
        return min([self.min_capacity or 1, *(each.min_capacity for each in self.schedule if each.min_capacity)])

    @property
    def rests(self) -> bool:
        """Whether there are hours on the schedule in which no task need run."""
        return bool(self.schedule) and 0 in {self.min_capacity, *(each.min_capacity for each in self.schedule)}
