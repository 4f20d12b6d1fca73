"""A container's environment variables: in the open, and those that ECS reads from where secrets are kept."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from stacks.settings.base import Refusal
from stacks.settings.characters import but_not_ascii, named
from stacks.settings.secret_names import looks_secret
from stacks.settings.tables.container_process import NUL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def wrong_names(variables: Mapping[str, str]) -> Iterator[Refusal]:
    for name in variables:
        if not re.fullmatch(r"[!-<>-~]+", name):
            remedy = "the name must have only printable characters of ASCII, without spaces and ="
            yield Refusal((name,), None, remedy + but_not_ascii(name))


def wrong_variables(
    variables: Mapping[str, str], *, secrets: Mapping[str, str], plain: Sequence[str], table: str
) -> Iterator[Refusal]:
    """`table` is the one that has them, as TOML writes it: `[container]`."""
    yield from wrong_names(variables)
    yield from _with_nul(variables)
    under = f"[{table.strip('[]')}.secrets]"
    yield from plain_text_secrets(variables, plain, table=table, secrets=under)
    yield from set_twice(variables, secrets, under)


def _with_nul(variables: Mapping[str, str]) -> Iterator[Refusal]:
    remedy = f"must not contain {named(NUL)}, which ends every environment variable"
    return (Refusal((name,), None, remedy) for name, value in variables.items() if NUL in value)


def plain_text_secrets(
    variables: Mapping[str, str], plain: Sequence[str], *, table: str, secrets: str
) -> Iterator[Refusal]:
    """`secrets` is the table in which their ARNs would be."""
    for name, value in variables.items():
        if name not in plain and looks_secret(name, value):
            remedy = (
                f"looks like a secret: put it into Secrets Manager or SSM, and its ARN under {secrets}; if it is none,"
                f" name it in {table}: plain = {json.dumps([*plain, name])}"
            )
            yield Refusal((name,), None, remedy)


def set_twice(variables: Mapping[str, str], secrets: Mapping[str, str], under: str) -> Iterator[Refusal]:
    return (
        Refusal((name,), None, f"is in {under} too: remove one of the two") for name in variables if name in secrets
    )
