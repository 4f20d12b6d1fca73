"""[container]: what a container's process is given and held to, and how ECS finds out whether it works."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from constructs_lib import defaults
from stacks.settings.base import MAX_INT32, Refusal, Settings, between, matching, refusal, refuse_all
from stacks.settings.characters import named

NUL: Final = "\0"

_UNLIMITED: Final = -1


def argument(text: str) -> str:
    if NUL in text:
        raise refusal(f"must not contain {named(NUL)}, which ends every argument of a command")
    return text


Command = Annotated[tuple[Annotated[str, AfterValidator(argument)], ...], Field(strict=False)]
"""A program's arguments, which may be none."""

_USER = r"(?!-)[!-9;-~]{1,255}"
User = Annotated[
    str, matching(rf"{_USER}(?::{_USER})?", 'must be a user, such as "65532", "65532:65532", "name" or "name:group"')
]
WorkingDirectory = Annotated[str, matching(r"/[^\0]*", "must be an absolute path of the container, beginning with /")]


class Ulimit(Settings):
    """Any name of the API's goes with Fargate: Amazon ECS API Reference, Ulimit. -1 is no limit, as in Docker."""

    name: Literal[
        "core",
        "cpu",
        "data",
        "fsize",
        "locks",
        "memlock",
        "msgqueue",
        "nice",
        "nofile",
        "nproc",
        "rss",
        "rtprio",
        "rttime",
        "sigpending",
        "stack",
    ]
    """The limit's name, as in `setrlimit`; each once."""
    hard_limit: Annotated[int, between(_UNLIMITED, MAX_INT32)]
    """The most to which the process may raise its soft limit; -1 is no limit."""
    soft_limit: Annotated[int, between(_UNLIMITED, MAX_INT32)]
    """The limit at the start: bytes, seconds or a count, depending on the name."""

    @field_validator("soft_limit")
    @classmethod
    def soft_limit_is_not_above_the_hard(cls, soft_limit: int, info: ValidationInfo) -> int:
        hard_limit: int | None = cls.earlier(info, "hard_limit")
        if hard_limit is None or hard_limit == _UNLIMITED or _UNLIMITED < soft_limit <= hard_limit:
            return soft_limit
        raise refusal(f"must not be above hard_limit, {hard_limit}: Linux refuses it, and the container does not start")


class HealthCheck(Settings):
    """The limits are those of the Amazon ECS API Reference, HealthCheck."""

    command: Annotated[Command, Field(min_length=1)]
    """`CMD` and a program of the image with its arguments, or `CMD-SHELL` and a line for the image's shell: its exit
    code 0 is healthy."""
    interval_seconds: Annotated[int, between(5, 300)] = defaults.CONTAINER_HEALTH_CHECK_INTERVAL_SECONDS
    """Seconds between the end of one run and the next."""
    timeout_seconds: Annotated[int, between(2, 60)] = defaults.CONTAINER_HEALTH_CHECK_TIMEOUT_SECONDS
    """Seconds after which a run has failed."""
    retries: Annotated[int, between(1, 10)] = defaults.CONTAINER_HEALTH_CHECK_RETRIES
    """Failed runs in a row after which the container is unhealthy."""
    start_period_seconds: Annotated[int, between(0, 300)] = defaults.CONTAINER_HEALTH_CHECK_START_PERIOD_SECONDS
    """Seconds from the container's start in which no failure counts."""

    @field_validator("command")
    @classmethod
    def command_says_how(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        if command[0] not in {"CMD", "CMD-SHELL"}:
            remedy = 'must be "CMD", with a program and its arguments after it, or "CMD-SHELL", with a line for a shell'
            refuse_all([Refusal((0,), command[0], remedy)])
        if len(command) == 1:
            raise refusal(f'must go on after "{command[0]}", such as ["CMD", "/api", "health"]')
        return command
