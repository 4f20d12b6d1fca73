"""`docs/settings.md` and the README's table of settings, made of the model, of its rules, and of `docs/changes.toml`.

`python -m tests.plan.settings_page` writes both.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from dataclasses import dataclass
from functools import cache
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import ValidationError

from stacks.settings import Environment
from stacks.settings.base import Settings
from stacks.settings.messages import problems_of
from tests.plan import transitions
from tests.plan.transitions import nested, of_any_module, overlaid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydantic.fields import FieldInfo

PAGE = transitions.ROOT / "docs" / "settings.md"
README = transitions.ROOT / "README.md"

_BEGIN, _END = "<!-- made of the model -->\n\n", "\n<!-- made of the model: end -->"
_BAR = r"\|"
_UNITS = ("mib", "gib", "seconds", "minutes", "days", "percent")
_SAID_AS = {"mib": "MiB", "gib": "GiB"}
_UNIT_OF = {"cpu": "CPU units", "port": "port", "min_capacity": "tasks", "max_capacity": "tasks"}
_BACKENDS = {
    "S3Backend": {"type": "s3", "bucket": "states", "key": "own.tfstate", "region": "eu-west-1"},
    "LocalBackend": {"type": "local", "path": "own.tfstate"},
    "RemoteBackend": {"type": "remote", "organization": "example", "workspace": "own"},
}
_STATEMENT = {"actions": ["s3:GetObject"], "resources": ["*"]}
_MINIMAL = {
    "name": "dev",
    "account_id": "111111111111",
    "region": "eu-west-1",
    "service": {"name": "go-api"},
    "image": {"repository": "go-api"},
    "backend": _BACKENDS["S3Backend"],
    "remote_state": {
        module: {"backend": _BACKENDS["S3Backend"] | {"key": f"{module}.tfstate"}}
        for module in ("networking", "security", "loadbalancing")
    },
    "task_role": {"statements": [_STATEMENT]},
    "scaling": {"schedule": [{"name": "night", "expression": "rate(1 day)", "min_capacity": 1, "max_capacity": 2}]},
    "container": {
        "awsfirelens": {},
        "sidecars": [{"name": "proxy", "image": "nginx", "firelens": {"type": "fluentbit"}}],
    },
}


@dataclass(frozen=True)
class Key:
    """One key of a file, `path` from its top; `heading` is the table that it stands in, as TOML writes it."""

    heading: str
    path: str
    holder: type[Settings]
    field: FieldInfo

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def described(self) -> str:
        return described(self.holder)[self.name]


def each_key(model: type[Settings] = Environment, heading: str = "", prefix: str = "") -> Iterator[Key]:
    """Those of a table before its tables; a module's once for the three, whose backends are as the stack's own."""
    tables: list[tuple[str, type[Settings]]] = []
    for name, field in model.model_fields.items():
        found = _models_in(field.annotation)
        if name == "backend" and prefix.startswith("remote_state"):
            found = []
        if not found:
            yield Key(heading, f"{prefix}{name}", model, field)
        tables += [(name, table) for table in (found[:1] if name == "remote_state" else found)]
    for name, table in tables:
        if prefix == "remote_state." and name != "networking":
            continue
        yield from each_key(table, _heading(name, table, prefix), f"{prefix}{name}.")


def _heading(name: str, table: type[Settings], prefix: str) -> str:
    if table.__name__ in _BACKENDS:
        return f'[{prefix}{name}] type = "{table.model_fields["type"].default}"'
    if name in transitions.LISTS:
        return f"[[{prefix}{name}]]"
    return "[remote_state.<module>]" if prefix == "remote_state." else f"[{prefix}{name}]"


def _models_in(annotation: Any) -> list[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


@cache
def described(model: type[Settings]) -> dict[str, str]:
    """The text in quotes under each field, those of the models that it extends included."""
    inherited = described(model.__bases__[0]) if issubclass(model.__bases__[0], Settings) else {}
    (defined,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    body = defined.body if isinstance(defined, ast.ClassDef) else []
    pairs = pairwise(body)
    return inherited | {
        field.target.id: " ".join(inspect.cleandoc(text.value.value).split())
        for field, text in pairs
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }


def type_of(key: Key) -> str:
    unit = _UNIT_OF.get(key.name) or next((unit for unit in _UNITS if key.name.endswith(f"_{unit}")), "")
    return ", ".join(filter(None, (_type(key.field.annotation), _SAID_AS.get(unit, unit))))


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{json.dumps(choice)}`" for choice in arguments)
    if origin is dict:
        return f"table of {_many(arguments[1])}"
    if origin is tuple:
        return f"list of {_many(arguments[0])}"
    if arguments:
        return " or ".join(dict.fromkeys(_type(each) for each in arguments if _is_a_type(each)))
    names = {str: "text", int: "integer", float: "number", bool: "`true` or `false`"}
    return names.get(annotation) or "table"


def _many(annotation: Any) -> str:
    return re.sub(r"^(table|list|integer|number)\b", r"\1s", _type(annotation))


def _is_a_type(annotation: Any) -> bool:
    return annotation is not type(None) and (isinstance(annotation, type) or bool(get_origin(annotation)))


def default_of(key: Key) -> str:
    if key.field.is_required():
        return "required"
    default = key.field.get_default(call_default_factory=True)
    if default is None:
        return "not set"
    return f"`{json.dumps(default)}`" if default or isinstance(default, (int, str)) else "none"


def limits_of(key: Key) -> str:
    """What is said of a value that is wrong for certain: the rule itself speaks."""
    if key.path == "name":
        return _said_of("-", key)
    return next((said for wrong in _wrong(key.field.annotation) if (said := _said_of(wrong, key))), "")


def _wrong(annotation: Any) -> Iterator[Any]:
    """Of the right type, so that only a rule can refuse it; nothing where the type has only right values."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is dict:
        yield from ({" ": value} for value in _wrong(arguments[1]))
    elif origin is tuple:
        yield from ([value] for value in _wrong(arguments[0]))
    elif origin is not Literal and arguments:
        yield from _wrong(arguments[0])
    else:
        yield from {int: (-1,), float: (-1.0,), str: (" ", "\0")}.get(annotation, ())


def _said_of(wrong: object, key: Key) -> str:
    backend = {"backend": _BACKENDS[key.holder.__name__]} if key.holder.__name__ in _BACKENDS else {}
    try:
        Environment.model_validate(overlaid(_MINIMAL, overlaid(backend, nested(key.path, wrong))))
    except ValidationError as error:
        problems = problems_of(error, file=PAGE, model=Environment)
        remedies = [each.remedy for each in problems if each.key.replace("[0]", "").startswith(key.path)]
        remedies = [remedy for remedy in remedies if not remedy.startswith("is not read from this module")]
        return _without_preamble(remedies[0]) if remedies else ""
    return ""


def _without_preamble(remedy: str) -> str:
    text = re.sub(r"^(?:the file's name )?must (?:be|have)(?: an integer| a number)? ", "", remedy)
    return text.partition(", not U+")[0]


def effect_of(key: Key) -> str:
    """One for each of the ways in which the value can change, as `docs/changes.md` has them."""
    path = of_any_module(key.path)
    return " or ".join(
        dict.fromkeys(change.effect for change in transitions.changes() if of_any_module(change.key) == path)
    )


def page() -> str:
    """As it is, with today's model in it."""
    return _with_table(PAGE, "\n".join(_tables()))


def readme() -> str:
    return _with_table(README, _short_table())


def _with_table(path: Path, table: str) -> str:
    before, begin, rest = path.read_text().partition(_BEGIN)
    return before + begin + table + _END + rest.partition(_END)[2]


def _tables() -> Iterator[str]:
    for heading, members in groupby(each_key(), key=lambda key: key.heading):
        yield f"## `{heading}`\n" if heading else "## At the top\n"
        yield "| key | | type | default | limits | what a change does |\n|---|---|---|---|---|---|"
        yield from map(_row, members)
        yield ""


def _row(key: Key) -> str:
    limits = limits_of(key).replace("<", r"\<")
    cells = (f"`{key.name}`", key.described, type_of(key), default_of(key), limits, effect_of(key))
    return f"| {' | '.join(cell.replace('|', _BAR) for cell in cells)} |"


def _short_table() -> str:
    rows = ["| to change | in `environments/<name>.toml` |", "|---|---|"]
    top = [key for key in each_key() if not key.heading and key.name != "name"]
    rows += [f"| {_sentence(key.described)} | `{key.name}` |" for key in top]
    for name, field in Environment.model_fields.items():
        if _models_in(field.annotation):
            rows.append(f"| {_sentence(described(Environment)[name])} | {_short_row(name)} |")
    return "\n".join(rows) + "\n"


def _short_row(table: str) -> str:
    """A table of its own within the table goes by its name."""
    keys = [key for key in each_key() if key.path.startswith(f"{table}.")]
    heading, inner = keys[0].heading, [(key, key.path.split(".")[1]) for key in keys]
    names = [
        name if f"{table}.{name}" in transitions.APART and key.heading != heading else key.name for key, name in inner
    ]
    return f"`{heading.partition(' ')[0]}` {', '.join(dict.fromkeys(f'`{name}`' for name in names))}"


def _sentence(text: str) -> str:
    return text.removesuffix(".")


if __name__ == "__main__":
    PAGE.write_text(page())
    README.write_text(readme())
