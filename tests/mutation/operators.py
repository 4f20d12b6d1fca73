"""Mutation operators that Cosmic Ray lacks: what a deployment's code is made of is arguments, text and lists.

Each yields edits, `(start, end, text)` in a module's lines and columns. Annotations of functions and docstrings have no
effect and are left alone.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

import parso
from cosmic_ray.operators.operator import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator

Position = tuple[int, int]
Node = Any  # parso's own types tell its nodes' kinds by strings


class Edit(NamedTuple):
    start: Position
    end: Position
    text: str


class EditOperator(Operator):  # type: ignore[misc]
    """An operator whose mutants are `edits` of one node's text."""

    def edits(self, node: Node) -> Iterator[Edit]:
        raise NotImplementedError

    def mutation_positions(self, node: Node) -> Iterator[tuple[Position, Position]]:
        return ((edit.start, edit.end) for edit in self.edits(node))

    def mutate(self, node: Node, index: int) -> Node:
        edit = list(self.edits(node))[index]
        code = _edited(node.get_code(include_prefix=False), node.start_pos, edit)
        return parso.parse(node.get_first_leaf().prefix + code)  # type: ignore[no-untyped-call]

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


def _edited(code: str, origin: Position, edit: Edit) -> str:
    start, end = (_offset(code, origin, position) for position in (edit.start, edit.end))
    return code[:start] + edit.text + code[end:]


def _offset(code: str, origin: Position, position: Position) -> int:
    row, column = position[0] - origin[0], position[1]
    if row == 0:
        return column - origin[1]
    return sum(map(len, code.splitlines(keepends=True)[:row])) + column


def _whole(node: Node, text: str) -> Edit:
    return Edit(node.start_pos, node.end_pos, text)


def _entries(container: Node) -> list[list[Node]]:
    """The nodes between the commas of a list of arguments or of a display; a dict's entry is three."""
    entries: list[list[Node]] = [[]]
    for child in container.children:
        if child.type == "operator" and child.value == ",":
            entries.append([])
        else:
            entries[-1].append(child)
    return [entry for entry in entries if entry]


def _code(nodes: list[Node]) -> str:
    return "".join(node.get_code() for node in nodes).strip()


def _is_without_effect(node: Node) -> bool:
    """Within a docstring, `__all__`, or an annotation that nothing evaluates, as pydantic does its models'."""
    if _is_docstring(node):
        return True
    while node.parent is not None:
        parent = node.parent
        if parent.type == "tfpdef" and node is parent.children[2]:
            return True
        if parent.type == "funcdef" and node is parent.annotation:
            return True
        if parent.type == "expr_stmt" and _code(parent.children[:1]) == "__all__":
            return True
        if parent.type == "annassign" and node is parent.children[1]:
            return "@dataclass" in _decorators(parent)
        node = parent
    return False


def _decorators(node: Node) -> str:
    while node is not None and node.type != "decorated":
        node = node.parent
    return "" if node is None else str(node.children[0].get_code())


class DropArgument(EditOperator):
    """`f(a, key=b)` -> `f(a)`: each argument by keyword, of a decorator too."""

    def edits(self, node: Node) -> Iterator[Edit]:
        arguments = _arguments(node)
        for at, argument in enumerate(arguments):
            if argument.type == "argument" and argument.children[1].type == "operator":
                rest = ", ".join(_code([other]) for other in arguments[:at] + arguments[at + 1 :])
                yield Edit(arguments[0].start_pos, arguments[-1].end_pos, rest)


class SwapArguments(EditOperator):
    """`f(a=x, b=y)` -> `f(a=y, b=x)`: each two neighbours by keyword."""

    def edits(self, node: Node) -> Iterator[Edit]:
        arguments = _arguments(node)
        for first, second in pairwise(arguments):
            named = [
                each for each in (first, second) if each.type == "argument" and _is_operator(each.children[1], "=")
            ]
            if len(named) == 2 and _code([first.children[2]]) != _code([second.children[2]]):
                (one, _, its), (other, _, others) = first.children, second.children
                text = f"{_code([one])}={_code([others])}, {_code([other])}={_code([its])}"
                yield Edit(first.start_pos, second.end_pos, text)


def _is_operator(node: Node, value: str) -> bool:
    return bool(node.type == "operator" and node.value == value)


def _arguments(node: Node) -> list[Node]:
    if node.type not in {"trailer", "decorator"} or not any(_is_operator(child, "(") for child in node.children):
        return []
    inner = [child for child in node.children if child.type in {"arglist", "argument"}]
    if not inner:
        return []
    return [entry[0] for entry in _entries(inner[0])] if inner[0].type == "arglist" else inner


class DropEntry(EditOperator):
    """`[a, b]` -> `[a]`: each entry of a list, tuple, set or dict, and of a `Literal`."""

    def edits(self, node: Node) -> Iterator[Edit]:
        if node.type not in {"subscriptlist", "atom"} or _is_without_effect(node):
            return
        if node.type == "subscriptlist" and _subscripted(node) == "Literal":
            container, entries, is_tuple = node, _entries(node), False
        elif node.type == "atom" and len(node.children) == 3 and node.children[0].value in "([{":
            container, entries = node.children[1], _entries_of_display(node)
            is_tuple = node.children[0].value == "("
        else:
            return
        for at in range(len(entries)):
            rest = [_code(entry) for entry in entries[:at] + entries[at + 1 :]]
            yield _whole(container, f"{rest[0]}," if is_tuple and len(rest) == 1 else ", ".join(rest))


def _entries_of_display(atom: Node) -> list[list[Node]]:
    """None of a comprehension, and none of parentheses around one expression."""
    opening, inner, _ = atom.children
    if inner.type not in {"testlist_comp", "dictorsetmaker"}:
        return [[inner]] if opening.value == "[" else []
    if any(child.type in {"sync_comp_for", "comp_for"} for child in inner.children):
        return []
    return _entries(inner)


class DropConstraint(EditOperator):
    """`Annotated[str, rule]` -> `Annotated[str, None]`."""

    def edits(self, node: Node) -> Iterator[Edit]:
        if node.type == "subscriptlist" and _subscripted(node) == "Annotated":
            for entry in _entries(node)[1:]:
                yield Edit(entry[0].start_pos, entry[-1].end_pos, "None")


def _subscripted(node: Node) -> str:
    name = node.parent.get_previous_sibling() if node.parent.type == "trailer" else None
    return str(getattr(name, "value", ""))


class DropStatement(EditOperator):
    """A call, a `raise`, a `yield` or a `+=` -> `pass`; `return x` -> `return None`."""

    def edits(self, node: Node) -> Iterator[Edit]:
        if node.type == "return_stmt" and _code(node.children[1:]) != "None":
            yield _whole(node, "return None")
        elif node.parent is not None and node.parent.type == "simple_stmt" and _has_effect(node):
            yield _whole(node, "pass")


def _has_effect(node: Node) -> bool:
    if node.type == "expr_stmt":
        operator = node.children[1]
        return bool(operator.type == "operator" and operator.value != "=")
    is_call = node.type == "atom_expr" and _is_operator(node.children[-1].children[0], "(")
    return node.type in {"raise_stmt", "yield_expr"} or is_call


class NegateCondition(EditOperator):
    """`in` <-> `not in`, and the `if` of a comprehension."""

    def edits(self, node: Node) -> Iterator[Edit]:
        if node.type == "comparison":
            for operator in node.children[1::2]:
                words = _code([operator])
                if words in {"in", "not in"}:
                    yield _whole(operator, "in" if words == "not in" else "not in")
        elif node.type == "comp_if":
            condition = node.children[1]
            yield _whole(condition, f"not ({_code([condition])})")


class EmptyText(EditOperator):
    """`"text"` -> `""`, and `""` -> `"XX"`; text in several parts is one. `DropEntry` has those in lists."""

    def edits(self, node: Node) -> Iterator[Edit]:
        is_whole = node.type == "strings" or (_is_text(node) and node.parent.type != "strings")
        if not is_whole or _is_without_effect(node) or _is_entry_of_list(node):
            return
        quote = _code([node])[-1]  # within an f-string the other kind would end it
        yield _whole(node, f"{quote}XX{quote}" if _code([node]) == 2 * quote else 2 * quote)


def _is_entry_of_list(node: Node) -> bool:
    parent = node.parent
    return bool(parent.type == "testlist_comp" or (parent.type == "atom" and parent.children[0].value == "["))


class DropPlaceholder(EditOperator):
    """`f"{a} b"` -> `f" b"`."""

    def edits(self, node: Node) -> Iterator[Edit]:
        if node.type == "fstring_expr":
            yield _whole(node, "")


class ChangeCodeInText(EditOperator):
    """Text that is code to Terraform, IAM or `re`: each operator, quantifier and number in it."""

    EVERYWHERE: ClassVar[dict[str, str]] = {
        " && ": " || ",
        " || ": " && ",
        " == ": " != ",
        " != ": " == ",
        " > ": " >= ",
        " >= ": " > ",
        " <= ": " < ",
        "alltrue(": "anytrue(",
        "anytrue(": "alltrue(",
        "distinct(": "(",
        "try(": "(",
        "can(": "!can(",
        "!": "",
    }
    REGEXES: ClassVar[dict[str, str]] = {"*": "+", "+": "*", "?": "", "^": "", "$": "", "|": ""}

    def edits(self, node: Node) -> Iterator[Edit]:
        if not _is_text_part(node) or _is_without_effect(node):
            return
        changes = dict(self.EVERYWHERE) | (self.REGEXES if _is_raw(node) else {})
        begin = _Text(node)
        pattern = "|".join([*map(re.escape, changes), r"(?<![\\\w{])\d+|(?<=[-{,])\d+"])
        for found in re.finditer(pattern, begin.inner):
            token = found[0]
            text = str(int(token) + 1) if token.isdigit() else changes[token]
            yield Edit(begin.position(found.start()), begin.position(found.end()), text)


class _Text:
    """A part of text without its quotes, and where in the file it stands."""

    def __init__(self, node: Node) -> None:
        code = node.get_code(include_prefix=False)
        self.start = node.start_pos
        opening = re.match(r"[a-zA-Z]*(\"\"\"|'''|\"|')", code) if node.type == "string" else None
        self.skipped = opening.end() if opening else 0
        self.inner = code[self.skipped : len(code) - (len(opening[1]) if opening else 0)]

    def position(self, offset: int) -> Position:
        before = self.inner[:offset]
        if "\n" in before:
            return self.start[0] + before.count("\n"), len(before) - before.rfind("\n") - 1
        return self.start[0], self.start[1] + self.skipped + offset


def _is_text(node: Node) -> bool:
    return node.type in {"string", "fstring"}


def _is_text_part(node: Node) -> bool:
    return node.type in {"string", "fstring_string"}


def _is_raw(node: Node) -> bool:
    quoted = node if node.type == "string" else node.parent
    return bool(re.match(r"[a-zA-Z]*[rR]", quoted.get_code(include_prefix=False)))


def _is_docstring(node: Node) -> bool:
    while node.type in {"string", "strings", "fstring", "fstring_string"}:
        node = node.parent
    return bool(node.type == "simple_stmt")


OPERATORS: Final[dict[str, type[EditOperator]]] = {
    operator.__name__: operator
    for operator in (
        DropArgument,
        SwapArguments,
        DropEntry,
        DropConstraint,
        DropStatement,
        NegateCondition,
        EmptyText,
        DropPlaceholder,
        ChangeCodeInText,
    )
}
