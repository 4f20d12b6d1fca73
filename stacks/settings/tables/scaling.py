"""[scaling]: between how many tasks, and at which CPU."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, ValidationInfo, field_validator

from constructs_lib import defaults
from stacks.settings.base import MAX_INT32, Settings, between, refusal

MOST_TASKS_OF_A_SERVICE: Final = 5000


def share(percent: float) -> float:
    """Application Auto Scaling takes fractions; above 100 the average never comes."""
    if not 0 < percent <= 100:  # noqa: PLR2004
        raise refusal("must be a number above 0, up to 100")
    return percent


class Scaling(Settings):
    """`min_capacity` = 0 is for who raises it on a schedule: with no task there is no CPU metric to scale by."""

    min_capacity: Annotated[int, between(0, MOST_TASKS_OF_A_SERVICE)] = defaults.MIN_CAPACITY
    """The least number of tasks; from 0 autoscaling starts none by itself."""
    max_capacity: Annotated[int, between(0, MOST_TASKS_OF_A_SERVICE)] = defaults.MAX_CAPACITY
    """The greatest number of tasks, `min_capacity` or more."""
    cpu_target_percent: Annotated[float, AfterValidator(share)] = defaults.CPU_TARGET_PERCENT
    """The average of the tasks' CPU that autoscaling holds."""
    scale_in_cooldown_seconds: Annotated[int, between(0, MAX_INT32)] = defaults.SCALE_IN_COOLDOWN_SECONDS
    """After a scaling in, before the next."""
    scale_out_cooldown_seconds: Annotated[int, between(0, MAX_INT32)] = defaults.SCALE_OUT_COOLDOWN_SECONDS
    """After a scaling out, before the next."""

    @field_validator("max_capacity")
    @classmethod
    def max_is_not_below_min(cls, max_capacity: int, info: ValidationInfo) -> int:
        least: int | None = cls.earlier(info, "min_capacity")
        if least is not None and max_capacity < least:
            raise refusal(f"must be {least} or more, since scaling.min_capacity = {least}")
        return max_capacity

    @property
    def first_count(self) -> int:
        """With how many tasks the service starts: with one, to show that the image runs, where the least is none."""
        return min(max(1, self.min_capacity), self.max_capacity)
