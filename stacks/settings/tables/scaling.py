"""[scaling]: between how many tasks, and at which CPU."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import ValidationInfo, field_validator

from constructs_lib import defaults
from stacks.settings.base import MAX_INT32, Settings, between, refusal

MOST_TASKS_OF_A_SERVICE: Final = 5000


class Scaling(Settings):
    """`min_capacity` is 1 at least: with no task there is no CPU metric, and target tracking would stay at 0."""

    min_capacity: Annotated[int, between(1, MOST_TASKS_OF_A_SERVICE)] = defaults.MIN_CAPACITY
    """The least number of tasks."""
    max_capacity: Annotated[int, between(1, MOST_TASKS_OF_A_SERVICE)] = defaults.MAX_CAPACITY
    """The greatest number of tasks, `min_capacity` or more."""
    cpu_target_percent: Annotated[int, between(1, 100)] = defaults.CPU_TARGET_PERCENT
    """The average of the tasks' CPU that autoscaling holds."""
    scale_in_cooldown_seconds: Annotated[int, between(0, MAX_INT32)] = defaults.SCALE_IN_COOLDOWN_SECONDS
    """After a scaling in, before the next."""
    scale_out_cooldown_seconds: Annotated[int, between(0, MAX_INT32)] = defaults.SCALE_OUT_COOLDOWN_SECONDS
    """After a scaling out, before the next."""

    @field_validator("max_capacity")
    @classmethod
    def max_is_not_below_min(cls, max_capacity: int, info: ValidationInfo) -> int:
        least: int | None = cls.earlier(info, "min_capacity")
        if least and max_capacity < least:
            raise refusal(f"must be {least} or more, since scaling.min_capacity = {least}")
        return max_capacity
