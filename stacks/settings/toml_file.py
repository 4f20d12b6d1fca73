"""An environment's file as TOML, or why it cannot be read: whatever lies there, nothing hangs and nothing crashes."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, Final

from stacks.settings.messages import Problem, SettingsError, dotted

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOST_BYTES: Final = 256 * 1024
_MOST_LEVELS: Final = 30
_MOST_DIGITS: Final = 4300  # of an integer that Python reads and prints
_LARGE: Final = 10**_MOST_DIGITS
_TOO_LONG: Final = f"an integer must have {_MOST_DIGITS} digits at most"
_TOO_DEEP: Final = f"is nested too deeply: must have {_MOST_LEVELS} levels at most"

_KEY: Final = r"""(?:[\w-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
# Looked for before the file is parsed, which takes time with the square of the levels.
_DEEP_KEY: Final = re.compile(rf"(?m)(?:^|[\[{{,])[ \t]*(?:{_KEY}[ \t]*\.[ \t]*){{{_MOST_LEVELS}}}")
_LEADING_ZERO: Final = re.compile(r"([\w.-]+)\s*=\s*(0\d+)(?![\w.:+-])")
_LONG_NUMBER: Final = re.compile(rf"\d(?:_?\d){{{_MOST_DIGITS}}}")


def read_toml(path: Path) -> dict[str, Any]:
    """Raises `SettingsError`."""
    text = _text(path)
    if deep_key := _DEEP_KEY.search(text):
        raise SettingsError([Problem(path, f"line {_line(text, deep_key)} {_TOO_DEEP}")])
    try:
        content: dict[str, Any] = tomllib.loads(text)
    except RecursionError:
        raise SettingsError([Problem(path, _TOO_DEEP)]) from None
    except ValueError as error:
        raise SettingsError([Problem(path, f"is not TOML: {_syntax(str(error), text)}")]) from None
    if _levels(content) > _MOST_LEVELS:
        raise SettingsError([Problem(path, _TOO_DEEP)])
    long_numbers = [key for key, leaf in leaves(content) if isinstance(leaf, int) and abs(leaf) >= _LARGE]
    if long_numbers:
        raise SettingsError([Problem(path, _TOO_LONG, key=dotted(key)) for key in long_numbers])
    return content


def leaves(content: object, *path: str | int) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """Every value that is neither a table nor a list, and every key of a table, each with its path."""
    if isinstance(content, dict):
        for key, inner in content.items():
            yield (*path, key), key
            yield from leaves(inner, *path, key)
    elif isinstance(content, list):
        for at, inner in enumerate(content):
            yield from leaves(inner, *path, at)
    else:
        yield path, content


def reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _text(path: Path) -> str:
    """A named pipe would be waited for, and a device need not have an end."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise SettingsError([Problem(path, "must be a regular file, not a pipe, a socket or a device")])
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise SettingsError([Problem(path, f"is too large: must have {_MOST_BYTES // 1024} KiB at most")])
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except OSError as error:
        raise SettingsError([Problem(path, f"cannot be read: {reason(error)}")]) from None
    except UnicodeDecodeError as error:
        raise SettingsError(
            [Problem(path, f"is not UTF-8 text, at byte {error.start + 1}: save it as UTF-8")]
        ) from None


def _syntax(message: str, text: str) -> str:
    """`Invalid value (at line 3, column 5)` -> `line 3, column 5: Invalid value`.

    An account's id may begin with 0, at which a parser of TOML stops, for it sees a number end there.
    """
    if message.startswith("Exceeds the limit") and (number := _LONG_NUMBER.search(text)):
        return f"line {_line(text, number)}: {_TOO_LONG}"
    found = re.fullmatch(r"(?s)(.*) \(at ((?:line (\d+))?.*)\)", message)
    if not found:
        return message
    zero = _LEADING_ZERO.search(text.split("\n")[int(found[3]) - 1]) if found[3] else None
    why = f'a number must not begin with 0, and text is in quotes: {zero[1]} = "{zero[2]}"' if zero else found[1]
    return f"{found[2]}: {why}"


def _line(text: str, found: re.Match[str]) -> int:
    return text.count("\n", 0, found.end()) + 1


def _levels(content: object) -> int:
    """Of tables and lists; without recursion, which has an end of its own."""
    levels, inside = 0, [content]
    while inside:
        levels += 1
        inside = [inner for value in inside for inner in _inner(value)]
    return levels


def _inner(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
