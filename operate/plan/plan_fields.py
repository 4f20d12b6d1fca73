"""What a change does to a resource's fields. Nested values, and JSON in strings, are compared key by key.

https://developer.hashicorp.com/terraform/internals/json-format#change-representation
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from operate.plan import plan_dashboards, policy_grants

if TYPE_CHECKING:
    from collections.abc import Iterator

    Key = tuple[str, str, int]  # a path; a list's member, and the how many-th of its equals

SENSITIVE = "(sensitive)"
UNKNOWN = "(known after apply)"
_IDENTITIES = ("name", "capacity_provider", "container_name", "containerPort", "type")
_VALUES = ("value", "valueFrom")
_WORDS = {"command", "entryPoint"}


@dataclass(frozen=True)
class Field:
    """Both as they are shown; None where the field, or a list's member, is not there."""

    path: str
    before: str | None
    after: str | None
    forces_replacement: bool = False


@dataclass(frozen=True)
class _Leaf:
    """`value` is what is compared, `shown` what is seen of it."""

    value: Any
    shown: str


_Leaves = dict["Key", _Leaf]


def compared(change: dict[str, Any], *, attributes: set[str]) -> list[Field]:
    """Of these attributes, of a `change` of the plan's. What is sensitive before or after is seen of neither."""
    forcing = {str(path[0]) for path in change.get("replace_paths", ()) if path}
    fields: list[Field] = []
    for attribute in sorted(attributes):
        found = _compared(attribute, *_sides(change, attribute))
        fields += [Field(one.path, one.before, one.after, attribute in forcing) for one in found]
    return fields


def is_unknown(change: dict[str, Any], attribute: str) -> bool:
    return (change.get("after_unknown") or {}).get(attribute) is True


def without_secrets(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan without its resources' sensitive values, which are null, as what is not known yet is."""
    return {**plan, "resource_changes": [_masked_resource(one) for one in plan.get("resource_changes", ())]}


def _masked_resource(resource: dict[str, Any]) -> dict[str, Any]:
    change = resource["change"]
    marks = [change.get(f"{when}_sensitive") for when in ("before", "after")]
    sides = {when: _masked(change.get(when), marks) for when in ("before", "after")}
    return {**resource, "change": {**change, **sides}}


def _masked(value: Any, marks: list[Any]) -> Any:  # noqa: ANN401 - JSON
    if any(map(_is_marked, marks)):
        return None
    if isinstance(value, dict):
        return {key: _masked(one, [_mark(mark, key) for mark in marks]) for key, one in value.items()}
    return value


def escaped(text: str) -> str:
    """In one line, and without what a terminal would obey."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _sides(change: dict[str, Any], attribute: str) -> tuple[_Leaves, _Leaves]:
    marks = [_mark(change.get(f"{when}_sensitive"), attribute) for when in ("before", "after")]
    before, after = ((change[when] or {}).get(attribute) for when in ("before", "after"))
    unknown = _mark(change.get("after_unknown"), attribute)
    known = dict(_attribute(attribute, before, False, marks))  # noqa: FBT003 - a mark, as Terraform gives it
    return known, dict(_attribute(attribute, after, unknown, marks))


def _compared(attribute: str, before: _Leaves, after: _Leaves) -> list[Field]:
    later = {path for (path, _, _), leaf in after.items() if leaf.shown == UNKNOWN}
    fields = []
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if new is None and any(_is_within(key[0], path) for path in later):
            new = _Leaf(None, UNKNOWN)
        elif old is None and key[0] in later and any(_is_within(path, key[0]) for path, _, _ in before):
            continue
        if (old and old.value) != (new and new.value) or (old is None) != (new is None):
            fields.append(Field(key[0], old.shown if old else None, new.shown if new else None))
    if not fields and list(before.items()) != list(after.items()):
        fields.append(Field(attribute, "the same", "in another order"))
    return fields


def _is_within(path: str, outer: str) -> bool:
    return path == outer or (path.startswith(outer) and path[len(outer)] in ".: ") or outer == "container_definitions"


def _mark(marks: Any, key: str | int) -> Any:  # noqa: ANN401 - JSON
    """Of a part: what is marked as a whole is marked in each part."""
    if isinstance(marks, dict):
        return marks.get(str(key), False)
    if isinstance(marks, list) and isinstance(key, int):
        return marks[key] if key < len(marks) else False
    return marks is True


def _is_marked(marks: Any) -> bool:  # noqa: ANN401 - JSON
    """A list with a mark anywhere in it is marked, for its members may change places."""
    if isinstance(marks, list):
        return any(_has_mark(one) for one in marks)
    return marks is True


def _has_mark(marks: Any) -> bool:  # noqa: ANN401 - JSON
    parts = marks.values() if isinstance(marks, dict) else marks if isinstance(marks, list) else ()
    return marks is True or any(map(_has_mark, parts))


def _attribute(path: str, value: Any, unknown: Any, sensitive: list[Any]) -> Iterator[tuple[Key, _Leaf]]:  # noqa: ANN401
    """Null and empty are the provider's ways to say that something is not set."""
    if unknown is True:
        yield (path, "", 0), _Leaf(object(), UNKNOWN)
    elif any(map(_is_marked, sensitive)):
        if value not in (None, "", [], {}):
            yield (path, "", 0), _Leaf(value, SENSITIVE)
    elif isinstance(value, dict) or (value is None and isinstance(unknown, dict)):
        parts = value or {}
        for key in sorted({*parts, *(unknown if isinstance(unknown, dict) else ())}):
            marks = [_mark(one, key) for one in sensitive]
            yield from _attribute(_under(path, key), parts.get(key), _mark(unknown, key), marks)
    elif isinstance(value, list) and _has_mark(unknown):
        for index, (one, mark) in enumerate(zip_longest(value, unknown if isinstance(unknown, list) else [])):
            yield from _attribute(f"{path}[{index}]", one, mark, [])
    elif (given := _given(value)) is not None:
        yield from _known(path, given)


def _given(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Without what is not set, however deep; None where nothing is."""
    if isinstance(value, dict):
        value = {key: given for key, one in value.items() if (given := _given(one)) is not None}
    elif isinstance(value, list):
        value = [given for one in value if (given := _given(one)) is not None]
    return None if value in ("", [], {}) else value


def _known(path: str, value: Any) -> Iterator[tuple[Key, _Leaf]]:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, dict) and _is_policy(value):
        yield from _policy(path, value)
    elif isinstance(value, dict) and plan_dashboards.is_dashboard(value):
        for key, one in plan_dashboards.readable(value).items():
            yield from _known(_under(path, escaped(key)), one)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _known(_under(path, escaped(key)), one)
    elif isinstance(value, list) and path.rpartition(" ")[2].rpartition(".")[2] in _WORDS:
        yield (path, "", 0), _Leaf(value, escaped(shlex.join(map(str, value))))
    elif isinstance(value, list):
        yield from _list(path, value)
    else:
        yield (path, "", 0), _Leaf(value, _shown(value))


def _list(path: str, members: list[Any]) -> Iterator[tuple[Key, _Leaf]]:
    members = [_parsed(one) if isinstance(one, str) else one for one in members]
    if not any(isinstance(one, (dict, list)) for one in members):
        yield from _members(path, [_shown(one) for one in members])
        return
    identity = next((name for name in _IDENTITIES if _tells_apart(name, members)), None)
    for index, member in enumerate(members):
        if identity is None:
            yield from _known(path if len(members) == 1 else f"{path}[{index}]", member)
        else:
            yield from _named(path, member, identity)


def _named(path: str, member: dict[str, Any], identity: str) -> Iterator[tuple[Key, _Leaf]]:
    """Of a list whose members have names: an environment variable's path ends with its own."""
    name = escaped(str(member[identity]))
    named = f"container {name}:" if path == "container_definitions" else f"{path} {name}"
    rest = {key: one for key, one in member.items() if key != identity} or member
    (only,) = rest if len(rest) == 1 else (None,)
    yield from _known(named, rest[only] if only in _VALUES else rest)


def _tells_apart(name: str, members: list[Any]) -> bool:
    found = [one.get(name) if isinstance(one, dict) else None for one in members]
    return all(isinstance(one, (str, int)) and one != "" for one in found) and len({*found}) == len(found)


def _members(path: str, shown: list[str]) -> Iterator[tuple[Key, _Leaf]]:
    seen: Counter[str] = Counter()
    for one in shown:
        yield (path, one, seen[one]), _Leaf(one, one)
        seen[one] += 1


def _is_policy(document: dict[str, Any]) -> bool:
    statements = document.get("Statement")
    return all(isinstance(one, dict) for one in (statements if isinstance(statements, list) else [statements]))


def _policy(path: str, document: dict[str, Any]) -> Iterator[tuple[Key, _Leaf]]:
    yield from _members(path, sorted(escaped(str(one)) for one in policy_grants.grants(document)))
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    yield from _members(_under(path, "Sid"), [_shown(one["Sid"]) for one in statements if "Sid" in one])
    if "Version" in document:
        yield from _known(_under(path, "Version"), document["Version"])


def _under(path: str, key: str) -> str:
    return f"{path} {key}" if path.endswith(":") else f"{path}.{key}"


def _parsed(text: str) -> Any:  # noqa: ANN401 - JSON
    if text.lstrip()[:1] not in {"{", "["}:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _shown(value: Any) -> str:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return escaped(value) or '""'
    return escaped(json.dumps(value, ensure_ascii=False))
