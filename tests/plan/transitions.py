"""The table of what each setting does to the stack that runs: `docs/changes.toml`, and the page that is made of it.

`python -m tests.plan.transitions` writes the page.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from stacks.settings import Environment, load_environment
from stacks.settings.base import Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "changes.toml"
PAGE = ROOT / "docs" / "changes.md"
TASK_DEFINITION = "aws_ecs_task_definition"

Tree = dict[str, Any]

_VERBS = {
    "create": "created",
    "delete": "deleted",
    "update": "changed",
    "tag": "tagged",
    "replace": "replaced",
    "create and delete": "replaced",
}
_BEGIN, _END = "<!-- made of changes.toml -->\n\n", "\n<!-- made of changes.toml: end -->"


@dataclass(frozen=True)
class Change:
    """One row of `docs/changes.toml`, which says what each member is."""

    key: str
    before: Any = None
    after: Any = None
    plan: dict[str, str] | None = None
    error: str | None = None
    state: Literal["own", "read"] | None = None
    given: Tree = field(default_factory=dict)
    with_: Tree = field(default_factory=dict)
    last: bool = False
    note: str = ""

    @property
    def effect(self) -> str:
        if self.error:
            return "refused"
        if self.plan is None:
            return self._effect_on_states()
        replaced = {type_ for type_, action in self.plan.items() if action == "replace"} - {TASK_DEFINITION}
        if replaced:
            return "**replaced**"
        if self.plan.get("aws_cloudwatch_log_group") == "delete":
            return "logs **destroyed**"
        if self.plan.get("aws_ecs_service") == "update":
            return "rolling deployment"
        created = any("create" in action for action in self.plan.values())
        return "new resource" if created else "in place" if self.plan else "nothing"

    def _effect_on_states(self) -> str:
        if self.state == "read":
            return "nothing"
        moved = self.settings(after=False).backend.address != self.settings(after=True).backend.address
        return "another state" if moved else "nothing"

    @property
    def is_applied(self) -> bool:
        return self.plan is not None and "**" not in self.effect

    def overlay(self, *, after: bool) -> Tree:
        """The settings that the row is about, and what goes with them."""
        overlay = overlaid(self.given, self.with_) if after else self.given
        return overlaid(overlay, nested(self.key, self.after if after else self.before))

    def settings(self, *, after: bool) -> Environment:
        return Environment.model_validate(overlaid(base(), self.overlay(after=after)))


def changes() -> list[Change]:
    rows = tomllib.loads(TABLE.read_text())["change"]
    return [Change(**{"with_" if name == "with" else name: value for name, value in row.items()}) for row in rows]


def base() -> Tree:
    """Of `local`, with the values that the table begins with."""
    settings = load_environment(ROOT / "environments" / "local.toml").model_dump(exclude_unset=True)
    first: dict[str, Change] = {}
    for change in changes():
        first.setdefault(change.key, change)
    for change in first.values():
        if not change.given and not is_of_a_table_apart(change.key):
            settings = overlaid(settings, nested(change.key, change.before))
    return settings


def overlaid(settings: Tree, over: Tree) -> Tree:
    """Table by table; a backend of another type takes the place of the whole. Of a list, the first member changes."""
    merged = dict(settings)
    for key, value in over.items():
        old = merged.get(key)
        if key in LISTS and isinstance(value, dict) and not isinstance(old, dict):  # one over another is for later
            first, *others = old or [{}]
            merged[key] = [overlaid(first, value), *others]
        elif isinstance(value, dict) and isinstance(old, dict) and value.get("type") in {None, old.get("type")}:
            merged[key] = overlaid(old, value)
        else:
            merged[key] = value
    return merged


def nested(key: str, value: Any) -> Tree:
    head, _, rest = key.partition(".")
    return {head: nested(rest, value) if rest else value}


def value_at(settings: Environment, key: str) -> Any:
    """As a TOML file has it; of a list's members, the first one's."""
    found: Any = settings.model_dump(mode="json")
    for name in key.split("."):
        found = found[0] if isinstance(found, list) else found
        found = None if found is None else found[name]  # in a table that there is not
    return found


def keys(model: type[Settings] = Environment, prefix: str = "") -> Iterator[str]:
    """Every key that a file can have, by walking the model; the three modules' are `remote_state.<module>.…`."""
    for name, described in model.model_fields.items():
        key = f"{prefix}{name}"
        tables = [type_ for type_ in _types(described.annotation) if issubclass(type_, Settings)]
        if not tables or described.default is None or tuple in _types(described.annotation):
            yield of_any_module(key)
        for table in tables:
            yield from keys(table, f"{key}.")


def _types(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    elif getattr(annotation, "__origin__", None) is tuple:
        yield tuple
    for argument in get_args(annotation):
        yield from _types(argument)


def tables_apart(model: type[Settings] = Environment, prefix: str = "") -> Iterator[tuple[str, bool]]:
    """Each key that holds a list of tables, or a table that may be left out; and which of the two."""
    for name, described in model.model_fields.items():
        types = [*_types(described.annotation)]
        tables = [type_ for type_ in types if issubclass(type_, Settings)]
        if tables and (tuple in types or described.default is None):
            yield f"{prefix}{name}", tuple in types
        for table in tables:
            yield from tables_apart(table, f"{prefix}{name}.")


APART = frozenset(key for key, _ in tables_apart())
LISTS = frozenset(key.rpartition(".")[2] for key, is_list in tables_apart() if is_list)
"""By the last part of each."""


def is_of_a_table_apart(key: str) -> bool:
    return any(key.startswith(f"{table}.") for table in APART)


def of_any_module(key: str) -> str:
    return re.sub(r"^remote_state\.\w+\.", "remote_state.<module>.", key)


def page() -> str:
    """As it is, with today's table in it."""
    before, _, rest = PAGE.read_text().partition(_BEGIN)
    return before + _BEGIN + _table() + _END + rest.partition(_END)[2]


def _table() -> str:
    head = ["| key | from | to | what happens | resources | |", "|---|---|---|---|---|---|"]
    cells = (
        (
            f"`{change.key}`",
            _shown(change.before),
            _shown(change.after),
            change.effect,
            _resources(change),
            _note(change),
        )
        for change in changes()
    )
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in cells)]) + "\n"


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, str):
        return f"`{value}`"
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return f"{len(value)} entry" if len(value) == 1 else f"{len(value)} entries" if value else "none"
    return f"`{json.dumps(value)}`" if value else "none" if value in ({}, []) else f"`{json.dumps(value)}`"


def _resources(change: Change) -> str:
    if change.plan is None:
        return ""
    by_action: dict[str, list[str]] = {}
    for type_, action in sorted(change.plan.items()):
        said = "new revision" if (type_, action) == (TASK_DEFINITION, "replace") else _VERBS[action]
        by_action.setdefault(said, []).append(f"`{type_}`")
    return "; ".join(f"{said}: {', '.join(types)}" for said, types in by_action.items())


def _note(change: Change) -> str:
    companions = ", ".join(f"`{key}`" for key in sorted({*_leaves(change.with_)} - {change.key}))
    together = f"Together with {companions}." if companions else ""
    return " ".join(filter(None, (together, change.note)))


def _leaves(tree: Tree, prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


if __name__ == "__main__":
    PAGE.write_text(page())
