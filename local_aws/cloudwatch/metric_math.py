"""Metric math over points of the same periods, as far as alarms need it. An expression is read as Python's own syntax.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Series = list[float | None]
    Operand = Series | float

_OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.And: lambda left, right: bool(left) and bool(right),
    ast.Or: lambda left, right: bool(left) or bool(right),
}
_NAME = re.compile(r"\b[a-z]\w*\b")
_SPELLED = {"&&": " and ", "||": " or ", "AND": "and", "OR": "or"}
_AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "AVG": lambda values: sum(values) / len(values),
    "MAX": max,
    "MIN": min,
    "SUM": sum,
}


class UnknownExpressionError(Exception):
    """An expression, or a part of one, that this module cannot evaluate, whether CloudWatch can or not."""


def evaluate(expression: str, series: Mapping[str, Series], *, periods: int) -> Series:
    """`series` by their names, each as long as `periods`; a point that is missing is None."""
    spelled = re.sub(r"&&|\|\||\bAND\b|\bOR\b", lambda found: _SPELLED[found[0]], expression)
    try:
        tree = ast.parse(spelled.strip(), mode="eval").body
    except SyntaxError:
        raise UnknownExpressionError(expression) from None
    return _spread(_value(tree, series), periods)


def evaluate_all(expressions: Mapping[str, str], series: Mapping[str, Series], *, periods: int) -> dict[str, Series]:
    """The series and the expressions' results. Expressions may name each other in any order."""
    found, left = dict(series), dict(expressions)
    while left:
        ready = next((name for name, text in left.items() if left.keys().isdisjoint(_NAME.findall(text))), None)
        if ready is None:
            raise UnknownExpressionError(", ".join(left.values()))
        found[ready] = evaluate(left.pop(ready), found, periods=periods)
    return found


def _value(node: ast.AST, series: Mapping[str, Series]) -> Operand:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    if isinstance(node, ast.Name) and node.id in series:
        return series[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _pairwise(_OPERATORS[type(node.op)], _value(node.left, series), _value(node.right, series))
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _pairwise(_OPERATORS[type(node.ops[0])], _value(node.left, series), _value(node.comparators[0], series))
    if isinstance(node, ast.BoolOp):
        first, *others = (_value(each, series) for each in node.values)
        for other in others:
            first = _pairwise(_OPERATORS[type(node.op)], first, other)
        return first
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _called(node.func.id, node.args, series)
    raise UnknownExpressionError(ast.unparse(node))


def _called(name: str, arguments: list[ast.expr], series: Mapping[str, Series]) -> Operand:
    if name == "FILL" and len(arguments) == 2:  # noqa: PLR2004
        filled, filler = (_value(each, series) for each in arguments)
        return _fill(filled, filler)
    if name == "IF" and len(arguments) == 3:  # noqa: PLR2004
        condition, then, otherwise = (_value(each, series) for each in arguments)
        return _choose(condition, then, otherwise)
    if name in _AGGREGATES and len(arguments) == 1 and isinstance(arguments[0], ast.List):
        return _aggregate(_AGGREGATES[name], [_value(each, series) for each in arguments[0].elts])
    raise UnknownExpressionError(name)


def _fill(filled: Operand, filler: Operand) -> Operand:
    if not isinstance(filled, list):
        return filled
    others = _spread(filler, len(filled))
    return [other if value is None else value for value, other in zip(filled, others, strict=True)]


def _choose(condition: Operand, then: Operand, otherwise: Operand) -> Operand:
    length = _length(condition, then, otherwise)
    chosen = zip(*(_spread(each, length) for each in (condition, then, otherwise)), strict=True)
    return [None if truth is None else yes if truth else no for truth, yes, no in chosen]


def _aggregate(function: Callable[[list[float]], float], operands: list[Operand]) -> Operand:
    rows = zip(*(_spread(each, _length(*operands)) for each in operands), strict=True)
    found = [[value for value in row if value is not None] for row in rows]
    return [function(values) if values else None for values in found]


def _pairwise(function: Callable[[float, float], float], left: Operand, right: Operand) -> Operand:
    length = _length(left, right)
    pairs = zip(_spread(left, length), _spread(right, length), strict=True)
    return [None if a is None or b is None else _applied(function, a, b) for a, b in pairs]


def _applied(function: Callable[[float, float], float], left: float, right: float) -> float | None:
    try:
        return float(function(left, right))
    except ZeroDivisionError:
        return None


def _length(*operands: Operand) -> int:
    return next((len(each) for each in operands if isinstance(each, list)), 1)


def _spread(operand: Operand, length: int) -> Series:
    if isinstance(operand, list):
        return operand if len(operand) == length else operand * length
    return [operand] * length
