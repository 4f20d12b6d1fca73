"""[release]: what a release does beside replacing tasks."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from stacks.settings.base import MAX_INT32, Settings, between, refusal
from stacks.settings.characters import named
from stacks.settings.tables.container import NUL

BEFORE_TIMEOUT_SECONDS: Final = 15 * 60


def argument(text: str) -> str:
    if NUL in text:
        raise refusal(f"must not contain {named(NUL)}, which ends every argument of a command")
    return text


class Release(Settings):
    """What `operate` does, and no resource has."""

    before: Annotated[tuple[Annotated[str, AfterValidator(argument)], ...], Field(strict=False)] = ()
    """A command, in a one-off task of the new image and in place of its `CMD`: if it fails, nothing is released."""
    before_timeout_seconds: Annotated[int, between(1, MAX_INT32)] = BEFORE_TIMEOUT_SECONDS
    """After which it is stopped, and nothing is released."""
