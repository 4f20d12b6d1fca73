"""`docs/settings.md` and the README's table have every key of the model, as the model and its rules have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import pytest
from pydantic import Field

from stacks.settings import Environment
from stacks.settings.base import Settings, between
from tests.plan import settings_page, transitions
from tests.plan.transitions import of_any_module

if TYPE_CHECKING:
    from tests.plan.settings_page import Key

KEYS = {key.path: key for key in settings_page.each_key()}


def test_the_page_is_made_of_the_model() -> None:
    """`python -m tests.plan.settings_page` writes it."""
    assert settings_page.PAGE.read_text() == settings_page.page()


def test_the_readmes_table_is_made_of_the_model() -> None:
    """The same command writes it."""
    assert settings_page.README.read_text() == settings_page.readme()


def test_every_key_has_a_row() -> None:
    """Those of the page of changes; of lists of tables their keys, of a module's backend none but itself."""
    known = {*transitions.keys()} - transitions.APART
    of_backends = {key for key in known if key.startswith("remote_state.<module>.backend.")}
    told = {of_any_module(path) for path in KEYS} - {"remote_state.<module>.backend"}
    assert told == known - of_backends


def test_every_key_is_described() -> None:
    """A text in quotes stands under each field."""
    fields = [(key.holder, key.name) for key in KEYS.values()]
    fields += [(Environment, name) for name in Environment.model_fields]
    assert [(model, name) for model, name in fields if name not in settings_page.described(model)] == []


@pytest.mark.parametrize(
    ("path", "type_", "default", "limits"),
    [
        ("container.port", "integer, port", "`8080`", "from 1 to 65535"),
        ("container.memory_mib", "integer, MiB", "`512`", "256 CPU units go with 512, 1024 or 2048 MiB"),
        ("container.environment", "table of text", "none", "the name must have only printable"),
        ("cluster.container_insights", '`"disabled"` or `"enabled"` or `"enhanced"`', '`"disabled"`', ""),
        ("backend.hostname", "text", '`"app.terraform.io"`', 'a host name, such as "app.terraform.io"'),
        ("service.enable_execute_command", "`true` or `false`", "`false`", ""),
        ("service.api_url", "text", "not set", "a URL of a host, a port or a path"),
        ("task_role.statements.actions", "list of text", "required", "an action, <service>:<Action>"),
        ("task_role.statements.conditions", "table of tables of lists of text", "none", "a condition operator of IAM"),
        ("tags", "table of text", "none", "a tag must have only letters"),
    ],
)
def test_a_row(path: str, type_: str, default: str, limits: str) -> None:
    """The limits are what the rules say of a wrong value, wherever it is in the key's value."""
    key = KEYS[path]
    assert (settings_page.type_of(key), settings_page.default_of(key)) == (type_, default)
    assert settings_page.limits_of(key).startswith(limits)
    assert bool(settings_page.limits_of(key)) == bool(limits)


class Inner(Settings):
    ratio: Annotated[float, between(1, 9)] = 2.5
    """Of a table in a table."""


class Outer(Settings):
    inner: Inner | None = None
    names: Annotated[tuple[Annotated[str, Field(min_length=2)], ...], Field(strict=False)] = ()
    """Texts or none."""
    kind: Literal["a"] | int = 3
    """One of
    two types."""


def test_kinds_of_keys_that_the_settings_do_not_have_yet() -> None:
    """A number, a list, a table in a table, one of two types."""
    found = {key.path: key for key in settings_page.each_key(Outer, "[outer]", "outer.")}
    assert [*found] == ["outer.names", "outer.kind", "outer.inner.ratio"]
    assert found["outer.inner.ratio"].heading == "[outer.inner]"
    assert [_told(key) for key in found.values()] == [
        ("list of text", "none", "Texts or none."),
        ('`"a"` or integer', "`3`", "One of two types."),
        ("number", "`2.5`", "Of a table in a table."),
    ]


def _told(key: Key) -> tuple[str, str, str]:
    return settings_page.type_of(key), settings_page.default_of(key), key.described
