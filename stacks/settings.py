"""What every settings section is made of: a strict, frozen model, and the way a rule refuses a value."""

from __future__ import annotations

import re

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Settings(BaseModel):
    """Frozen; knows no key but its own; turns no type into another; checks its defaults as it checks what is given."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)


def refusal(remedy: str, *, key: str = "", value: object = None) -> PydanticCustomError:
    """The error a rule raises. `remedy` says what would be right.

    `key` is the path below the field the rule hangs on, and `value` what is there,
    for a rule that reads several fields and blames one of them.
    """
    return PydanticCustomError("refusal", "{remedy}", {"remedy": remedy, "key": key, "value": value})


def between(low: int, high: int) -> AfterValidator:
    """A whole number from `low` to `high`, both included."""

    def in_range(value: int) -> int:
        if not low <= value <= high:
            message = f"a whole number from {low} to {high} is wanted"
            raise refusal(message)
        return value

    return AfterValidator(in_range)


def matching(pattern: str, remedy: str) -> AfterValidator:
    """Text that `pattern` matches from end to end."""
    compiled = re.compile(pattern)

    def matches(value: str) -> str:
        if not compiled.fullmatch(value):
            raise refusal(remedy)
        return value

    return AfterValidator(matches)
