"""[release]: what a release does beside replacing tasks."""

from __future__ import annotations

from typing import Annotated, Final

from stacks.settings.base import MAX_INT32, Settings, between
from stacks.settings.tables.container_process import Command

BEFORE_TIMEOUT_SECONDS: Final = 15 * 60


class Release(Settings):
    """What `operate` does, and no resource has."""

    before: Command = ()
    """A command, in a one-off task of the new image and in place of its `CMD`: if it fails, nothing is released."""
    before_timeout_seconds: Annotated[int, between(1, MAX_INT32)] = BEFORE_TIMEOUT_SECONDS
    """Seconds after which it is stopped, and nothing is released."""
