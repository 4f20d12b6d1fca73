"""The move from CDKTF, which is archived, to `cdktn`, which carries it on: what has to change in a checkout.

What is rewritten is found by parsing it, and parsed again afterwards. Locks are made anew by their own tools.
"""

from __future__ import annotations

import ast
import difflib
import io
import json
import os
import re
import sys
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from operate import progress
from operate.errors import OperateError
from operate.progress import Command, StepFailedError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VERB: Final = "move-to-cdktn"
MODULES: Final = {"cdktf": "cdktn", "cdktf_cdktf_provider_aws": "cdktn_provider_aws"}
PYTHON_PACKAGES: Final = {
    "cdktf": ("cdktn", "0.24.0"),
    "cdktf-cdktf-provider-aws": ("cdktn-provider-aws", "25.8.1"),
}
"""Old names to the new ones and their pins."""

NODE_PACKAGE: Final = ("cdktf-cli", "cdktn-cli", "0.24.0")
NODE_VERSIONS: Final = ">=22.19 <25"
NEXT: Final = f"""\
Next:
  operate/set_up.sh lock # Pipfile.lock and package-lock.json, from the registries
  make format check test
  git commit -am "Move to cdktn {NODE_PACKAGE[2]}"
The state, the addresses and the provider stay: the first plan of each environment says that nothing changes."""

_PROGRAM = tuple(f"node_modules/.bin/{name}" for name in ("cdktf", "cdktn"))
_IMPORT_IN_TEXT = re.compile(rf"\b((?:from|import)\s+)({'|'.join(sorted(MODULES, key=len, reverse=True))})\b")
_TEXTS = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


@dataclass(frozen=True)
class Change:
    """`name` is relative to the checkout."""

    name: str
    before: str
    after: str

    def diff(self) -> str:
        before, after = (text.splitlines(keepends=True) for text in (self.before, self.after))
        return "".join(difflib.unified_diff(before, after, f"a/{self.name}", f"b/{self.name}"))


def changes(checkout: Path) -> list[Change]:
    """None where it has moved already."""
    found = (_change(checkout, name) for name in _git(checkout, "ls-files", "-z").split("\0") if name)
    return [change for change in found if change]


def move(checkout: Path) -> list[Change]:
    """Raises OperateError, with nothing changed, where git shows changes, which could not be told from these."""
    found = changes(checkout)
    if found and _git(checkout, "status", "--porcelain"):
        raise OperateError("git shows changes in the checkout: commit them or take them back first.")
    for change in found:
        (checkout / change.name).write_text(change.after, encoding="utf-8", newline="")
    return found


def _git(checkout: Path, *arguments: str) -> str:
    try:
        return progress.read(Command(["git", *arguments], checkout, os.environ))
    except StepFailedError as error:
        raise OperateError(f"{checkout} is not a git checkout, whose changes could be seen: {error.output}") from None


def _change(checkout: Path, name: str) -> Change | None:
    rewrite = _rewriting(name)
    path = checkout / name
    if rewrite is None or not path.is_file() or path.is_symlink():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        before = file.read()
    try:
        after = rewrite(before)
    except (SyntaxError, ValueError, tokenize.TokenError) as error:
        raise OperateError(f"{name} cannot be rewritten: {error}") from None
    return Change(name, before, after) if after != before else None


def _rewriting(name: str) -> Callable[[str], str] | None:
    match Path(name):
        case Path(name="Pipfile"):
            return _pipfile
        case Path(name="package.json"):
            return _package_json
        case Path(name="pyproject.toml"):
            return _pyproject
        case Path(suffix=".py"):
            return _python
        case Path(suffix=".md"):
            return _program
    return None


def _program(text: str) -> str:
    return re.sub(rf"{re.escape(_PROGRAM[0])}\b(?!-)", _PROGRAM[1], text)


def _python(source: str) -> str:
    """Imports, also those of programs that stand in strings; docstrings and comments keep their words."""
    places = [*_imports(ast.parse(source)), *_texts(source)]
    lines = source.encode().splitlines(keepends=True)
    for line, column, old, new in sorted(places, reverse=True):
        at = lines[line - 1]
        if at[column : column + len(old)] != old:
            raise ValueError(f"line {line}: no {old.decode()} where the import is")
        lines[line - 1] = at[:column] + new + at[column + len(old) :]
    return _program(b"".join(lines).decode())


_Place = tuple[int, int, bytes, bytes]
"""Line, column in bytes, what is there and what is to be."""


def _imports(tree: ast.AST) -> Iterator[_Place]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from _place(node.module, node.lineno, node.col_offset + len("from "))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                found = list(_place(alias.name, alias.lineno, alias.col_offset))
                if found and alias.asname is None:
                    raise ValueError(f"line {alias.lineno}: write `from {alias.name} import …`, or give it a name.")
                yield from found


def _place(module: str, line: int, column: int) -> Iterator[_Place]:
    old = module.partition(".")[0]
    if old in MODULES:
        yield line, column, old.encode(), MODULES[old].encode()


def _texts(source: str) -> Iterator[_Place]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _TEXTS:
            continue
        for index, text in enumerate(token.string.splitlines()):
            before = len(token.line.splitlines()[0][: token.start[1]].encode()) if index == 0 else 0
            for found in _IMPORT_IN_TEXT.finditer(text):
                column = before + len(text[: found.start(2)].encode())
                yield token.start[0] + index, column, found[2].encode(), MODULES[found[2]].encode()


def _pipfile(text: str) -> str:
    document = tomllib.loads(text)
    expected = {**document, "packages": _renamed(document["packages"], PYTHON_PACKAGES)}
    expected["scripts"] = {name: _program(line) for name, line in document["scripts"].items()}
    after = _program(text)
    for old, (new, version) in PYTHON_PACKAGES.items():
        after = re.sub(rf'^{old} = "[=<>~][^"]*"$', f'{new} = "=={version}"', after, flags=re.MULTILINE)
    return _checked(after, tomllib.loads(after) == expected)


def _renamed(table: dict[str, str], names: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {
        names[key][0] if key in names else key: f"=={names[key][1]}" if key in names else value
        for key, value in table.items()
    }


def _pyproject(text: str) -> str:
    """What a package of ours needs, as a range: the versions that are compatible with the pin."""
    document = tomllib.loads(text)
    wanted: list[str] = document.get("project", {}).get("dependencies", [])
    after = text
    for requirement in wanted:
        name = re.match(r"[\w-]+", requirement)
        if name and name[0] in PYTHON_PACKAGES:
            after = after.replace(json.dumps(requirement), json.dumps(_range(*PYTHON_PACKAGES[name[0]])))
    if after == text:
        return text
    kept = [requirement for requirement in wanted if json.dumps(requirement) in after]
    moved = [_range(*pin) for pin in PYTHON_PACKAGES.values()]
    found: list[str] = tomllib.loads(after)["project"]["dependencies"]
    return _checked(after, sorted(found) == sorted([*kept, *moved]))


def _range(name: str, version: str) -> str:
    """As the packages' own authors break things: with a minor version below 1.0, else with a major one."""
    major, minor, _ = map(int, version.split("."))
    following = f"{major + 1}" if major else f"0.{minor + 1}"
    return f"{name}>={major}.{minor},<{following}"


def _package_json(text: str) -> str:
    old, new, version = NODE_PACKAGE
    document: dict[str, Any] = json.loads(text)
    if old not in document.get("devDependencies", {}):
        return text
    after = re.sub(rf'"{old}"(\s*:\s*)"[^"]*"', rf'"{new}"\g<1>"{version}"', text)
    after = re.sub(r'("node"\s*:\s*)"[^"]*"', rf'\g<1>"{NODE_VERSIONS}"', after)
    packages = {key: value for key, value in document["devDependencies"].items() if key != old}
    expected = {**document, "devDependencies": {**packages, new: version}}
    return _checked(after, json.loads(after) == {**expected, "engines": {"node": NODE_VERSIONS}})


def _checked(after: str, as_expected: bool) -> str:  # noqa: FBT001
    if not as_expected:
        raise ValueError("it is not written as it was, so that the packages were not all found.")
    return after
