"""Rules that look at another field: they run after it, or say that they cannot."""

from __future__ import annotations

import pytest
from pydantic import ValidationError, ValidationInfo, field_validator

from stacks.settings.base import Settings, refusal


class Range(Settings):
    least: int
    most: int
    step: int = 1

    @field_validator("most")
    @classmethod
    def most_is_not_less(cls, most: int, info: ValidationInfo) -> int:
        least: int | None = cls.earlier(info, "least")
        if least is not None and most < least:
            raise refusal(f"must be {least} or more")
        return most


def test_a_rule_sees_what_is_declared_earlier() -> None:
    """Also in a model that adds fields to another's."""

    class Labelled(Range):
        label: str = ""

    assert Labelled(least=1, most=2).most == 2
    for model in (Range, Labelled):
        with pytest.raises(ValidationError, match="must be 3 or more"):
            model(least=3, most=2)


def test_a_field_that_was_refused_itself_is_told_alone() -> None:
    """The rule that reads it has nothing to go by."""
    with pytest.raises(ValidationError) as caught:
        Range.model_validate({"least": "3", "most": 2})
    assert [error["loc"] for error in caught.value.errors()] == [("least",)]


@pytest.mark.parametrize("read", ["least", "leest", "most"])
def test_a_rule_that_would_run_too_early_is_an_error_of_the_program(read: str) -> None:
    """The field is declared later, or is none, or the rule's own: for values that are right, and for others."""

    class WrongOrder(Settings):
        most: int
        least: int

        @field_validator("most")
        @classmethod
        def most_is_not_less(cls, most: int, info: ValidationInfo) -> int:
            return max(most, cls.earlier(info, read) or 0)

    for content in ({"most": 2, "least": 1}, {"most": 2}, {"most": 2, "least": "x"}):
        with pytest.raises(TypeError, match=rf"^WrongOrder\.{read} must be declared before most, whose rule reads it$"):
            WrongOrder.model_validate(content)
