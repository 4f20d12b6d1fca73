"""What is wrong with settings files, in words for the person who writes them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, get_args

from stacks.settings.base import Settings, did_you_mean
from stacks.settings.characters import but_not_ascii, printable
from stacks.settings.secret_names import is_secret_value, names_a_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_LONGEST_SHOWN: Final = 80
_MOST_TOLD: Final = 100
_VARIABLES: Final = frozenset({"environment", "secrets", "options", "secret_options"})
_MUST_BE: Final = {
    "int_type": "must be an integer, without quotes",
    "float_type": "must be a number, without quotes",
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false, without quotes",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "tuple_type": "must be a list in square brackets",
    "too_short": "must have at least one entry",
}
_EXAMPLES: Final = {
    "account_id": '"123456789012"',
    "region": '"eu-west-1"',
    "name": '"go-api"',
    "ulimits.name": '"nofile"',
    "file_system_id": '"fs-0123456789abcdef0"',
    "access_point_id": '"fsap-0123456789abcdef0"',
    "mount_path": '"/data"',
    "hard_limit": "65535",
    "soft_limit": "65535",
    "health_check.command": '["CMD", "/api", "health"]',
    "repository": '"go-api"',
    "bucket": '"my-terraform-state"',
    "key": '"go-api/terraform.tfstate"',
    "path": '"state/networking.tfstate"',
    "organization": '"my-organization"',
    "workspace": '"networking-dev"',
    "actions": '["s3:GetObject"]',
    "resources": '["arn:aws:s3:::my-bucket/*"]',
    "image": '"public.ecr.aws/nginx/nginx:1.27"',
    "backend": '{ type = "s3", bucket = "…", key = "…", region = "…" }',
}


@dataclass(frozen=True)
class Problem:
    """One thing to put right. `key` is empty where the file itself is the matter, `other` the file of a collision."""

    file: Path
    remedy: str
    key: str = ""
    value: str = ""
    other: Path | None = None

    def __str__(self) -> str:
        what = f": {self.key}" if self.key else ""
        there = f" = {self.value}" if self.value else ""
        return f"{printable(f'{self.file}{what}{there}')}\n    {printable(self.remedy)}"

    def concerns(self, file: Path) -> bool:
        return file in {self.file, self.other} or self.file == file.parent


class SettingsError(Exception):
    """All that is wrong with the files that were read, one block each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def problems_of(error: ValidationError, *, file: Path, model: type[Settings]) -> Iterator[Problem]:
    """Pydantic's errors without its terms. `model` is what the whole file was to be."""
    errors = error.errors(include_url=False)
    for details in errors[:_MOST_TOLD]:
        if details["type"] == "too_short" and details["input"]:
            continue  # its entries are wrong, and each is reported
        path, models = _resolve(details["loc"], model)
        tag_is_wrong = details["type"].startswith("union_tag")
        shown = _shown(path, details)
        in_quotes = f', "{shown}"' if details["type"] == "string_type" and isinstance(details["input"], int) else ""
        yield Problem(
            file,
            remedy=_remedy(details, path, models, model) + (in_quotes if shown else ""),
            key=dotted((*path, "type") if tag_is_wrong else path),
            value=shown,
        )
    if len(errors) > _MOST_TOLD:
        yield Problem(file, f"there are {len(errors) - _MOST_TOLD} more problems")


def _resolve(loc: tuple[int | str, ...], model: type[Settings]) -> tuple[tuple[int | str, ...], list[type[Settings]]]:
    """The path as the file has it, and the models that hold its last key.

    Pydantic puts the chosen member of a union in the location (`backend`, `s3`, `bucket`), and `[key]` after a bad key.
    """
    path: list[int | str] = []
    holders, inside = [model], [model]
    for step in loc:
        chosen = [each for each in inside if len(inside) > 1 and each.model_fields["type"].default == step]
        if chosen:
            inside = chosen
        elif step != "[key]":
            path.append(step)
            if isinstance(step, str):
                fields = [each.model_fields[step] for each in inside if step in each.model_fields]
                holders, inside = inside, [each for field in fields for each in _models_in(field.annotation)]
    return tuple(path), holders


def _models_in(annotation: Any) -> list[type[Settings]]:  # noqa: ANN401 - an annotation may be anything
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


def _remedy(
    details: ErrorDetails, path: tuple[int | str, ...], models: list[type[Settings]], top: type[Settings]
) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "missing":
        keys = [step for step in path if isinstance(step, str)]
        example = _EXAMPLES.get(".".join(keys[-2:])) or _EXAMPLES.get(keys[-1])
        return f"is required, such as {path[-1]} = {example}" if example else f"the table [{dotted(path)}] is required"
    if kind == "extra_forbidden":
        return _unknown(str(path[-1]), models, top)
    if kind.startswith("union_tag"):
        tag = str(context.get("tag", ""))
        return f'must be "s3", "local" or "remote"{but_not_ascii(tag)}'
    if kind == "literal_error":
        given = details["input"] if isinstance(details["input"], str) else ""
        return f"must be {context['expected']}".replace("'", '"') + but_not_ascii(given)
    return _MUST_BE.get(kind, details["msg"])


def _unknown(key: str, models: list[type[Settings]], top: type[Settings]) -> str:
    known = [name for model in models for name in model.model_fields if (model, name) != (top, "name")]
    non_ascii = but_not_ascii(key, before="; it has ")
    near = get_close_matches(key, known, n=2)
    if near:
        return f"no such key{non_ascii}{did_you_mean(near)}"
    elsewhere = [path for path in _key_paths(top) if path.rpartition(".")[2] == key and "." in path]
    if elsewhere:
        return f"no such key here; there is {' and '.join(elsewhere)}"
    return f"no such key{non_ascii}; the keys here are {', '.join(known)}"


def _key_paths(model: type[Settings], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name
        tables = _models_in(field.annotation)
        if len(tables) == 1:
            yield from _key_paths(tables[0], f"{prefix}{name}.")


def dotted(path: tuple[int | str, ...]) -> str:
    """As TOML writes it; a list's elements are counted from 0."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", step)
            key = step if bare else json.dumps(step, ensure_ascii=False)
            text += f"{'.' if text else ''}{_shortened(key)}"
    return text


def _shown(path: tuple[int | str, ...], details: ErrorDetails) -> str:
    """The value as TOML writes it. Nothing that may be a secret is shown: its name has to do."""
    value = details["input"]
    if details["type"] == "missing" or value is None:
        return ""
    if details["type"].startswith("union_tag"):
        value = value.get("type") if isinstance(value, dict) else value
        return "" if value is None else _toml(value)
    is_variable = path[:1] == ("container",) and not _VARIABLES.isdisjoint(path[1:])
    named_so = any(names_a_secret(step) for step in path if isinstance(step, str))
    if is_variable or named_so or (isinstance(value, str) and is_secret_value(value)):
        return ""
    return _toml(value)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ … }"
    if isinstance(value, (list, tuple)):
        return "[ … ]"
    if isinstance(value, bool):
        return str(value).lower()
    return _shortened(json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value))


def _shortened(text: str) -> str:
    cut = f"{text[:_LONGEST_SHOWN]}…"
    return cut if len(cut) < len(text) else text
