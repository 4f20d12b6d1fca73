"""What every settings section is made of: a strict, frozen model, and the ways a rule refuses a value."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from stacks.settings.characters import but_not_ascii, misleading, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic import ValidationInfo

# What else is installed has no say in how settings are read, as a plugin of pydantic would have.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

MAX_PORT: Final = 65535
MAX_INT32: Final = 2**31 - 1
"""The limit where AWS states none but the integer's own."""


class Settings(BaseModel):
    """Frozen; refuses unknown keys; turns no type into another; checks its defaults as it checks what is given."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)

    @classmethod
    def earlier(cls, info: ValidationInfo, field: str) -> Any:  # noqa: ANN401 - of the field's own type
        """Another field's value, for a rule of the field that `info` is about; None where the other one was refused.

        Pydantic validates fields as they are declared. Raises TypeError if the other one comes later or does not
        exist: its value would be missing, and the rule would never refuse anything.
        """
        declared = list(cls.model_fields)
        if field not in declared[: declared.index(str(info.field_name))]:
            message = f"{cls.__name__}.{field} must be declared before {info.field_name}, whose rule reads it"
            raise TypeError(message)
        return info.data.get(field)


class Refusal(NamedTuple):
    """One problem, found by a rule that looks below the field it hangs on, or at several of its keys."""

    path: tuple[str | int, ...]
    value: object
    remedy: str


def refusal(remedy: str) -> PydanticCustomError:
    """To be raised by a rule that looks at one value. `remedy` is for a person and says what would be right."""
    return PydanticCustomError("refusal", "{remedy}", {"remedy": remedy})


def did_you_mean(names: Iterable[str]) -> str:
    """Ends a remedy; empty where nothing comes near."""
    alternatives = " or ".join(names)
    return f"; did you mean {alternatives}?" if alternatives else ""


def refuse_all(refusals: Iterable[Refusal]) -> None:
    """Raise every one of `refusals` at once; none is no error."""
    errors = [InitErrorDetails(type=refusal(each.remedy), loc=each.path, input=each.value) for each in refusals]
    if errors:
        raise ValidationError.from_exception_data("settings", errors)


def refuse_repeated(values: Sequence[str | None], remedy: str = "is there twice: remove it", *, key: str = "") -> None:
    """Refuse every value of a list that stands earlier in it too. `key` is where the members, tables, have it."""
    refuse_all(
        Refusal((at, key) if key else (at,), value, remedy)
        for at, value in enumerate(values)
        if value is not None and value in values[:at]
    )


def between(low: int, high: int) -> AfterValidator:
    """An integer from `low` to `high`, both included."""

    def in_range(value: int) -> int:
        if not low <= value <= high:
            limits = f"of {low} or more" if high == MAX_INT32 > value else f"from {low} to {high}"
            raise refusal(f"must be an integer {limits}")
        return value

    return AfterValidator(in_range)


def matching(pattern: str, remedy: str) -> AfterValidator:
    """Text that `pattern` matches from end to end (ASCII)."""
    compiled = re.compile(pattern, re.ASCII)

    def matches(value: str) -> str:
        if not compiled.fullmatch(value):
            raise refusal(remedy + but_not_ascii(value))
        return value

    return AfterValidator(matches)


def readable(text: str) -> str:
    """For text of any script, in which nobody would find an invisible character or one letter of another script."""
    if found := misleading(text):
        raise refusal(f"must not contain {named(found)}, which looks like another character or like none")
    return text


def with_port(address: str) -> str:
    """For an address that may end in a port."""
    port = re.search(r":(\d+)\Z", address)
    if port and not 1 <= int(port[1]) <= MAX_PORT:
        raise refusal(f"the port must be from 1 to {MAX_PORT}, not {port[1]}")
    return address
