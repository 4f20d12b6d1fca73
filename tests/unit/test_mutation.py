"""The mutants that `make mutants` tries: each operator's, for code that has one of what it changes."""

from __future__ import annotations

import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

from tests.mutation import run
from tests.mutation.operators import OPERATORS
from tests.mutation.trials import ROOT

MUTANTS: list[tuple[str, str, list[str]]] = [
    ("DropArgument", "f(a, b=1, c=2)", ["f(a, c=2)", "f(a, b=1)"]),
    ("DropArgument", "@dataclass(frozen=True)\nclass A: pass\n", ["@dataclass()\nclass A: pass\n"]),
    (
        "DropArgument",
        "f(\n    a=1,\n    b=(\n        2\n    ),\n)",
        ["f(\n    b=(\n        2\n    ),\n)", "f(\n    a=1,\n)"],
    ),
    ("DropArgument", "f(*a, b, c[d])", []),
    ("SwapArguments", "f(a, b=1, c=2, d=2)", ["f(a, b=2, c=1, d=2)"]),
    ("DropEntry", "x = [a, b]", ["x = [b]", "x = [a]"]),
    ("DropEntry", "x = (a, b)", ["x = (b,)", "x = (a,)"]),
    ("DropEntry", 'x = {"a": 1, "b": f(2)}', ['x = {"b": f(2)}', 'x = {"a": 1}']),
    ("DropEntry", "x = [a]", ["x = []"]),
    ("DropEntry", "x = (a)\ny = [a for a in b]\nz = c[0]", []),
    ("DropEntry", 'class A(Settings):\n    a: Literal["b", "c"]\n', ['class A(Settings):\n    a: Literal["c"]\n'] * 1),
    ("DropConstraint", "A = Annotated[str, rule, B(c, d)]", ["A = Annotated[str, None, B(c, d)]"]),
    ("DropStatement", "def f():\n    g()\n    return 1\n", ["def f():\n    pass\n    return 1\n"]),
    ("DropStatement", "def f():\n    raise A\n", ["def f():\n    pass\n"]),
    ("DropStatement", "def f():\n    x = g()\n    return None\n", []),
    ("NegateCondition", "a in b", ["a not in b"]),
    ("NegateCondition", "a not in b", ["a in b"]),
    ("NegateCondition", "[a for a in b if c]", ["[a for a in b if not (c)]"]),
    ("EmptyText", 'x = "a" "b"', ['x = ""']),
    ("EmptyText", "x = f\"{y['a']}\"", ['x = ""', "x = f\"{y['']}\""]),
    ("EmptyText", 'x = ""', ['x = "XX"']),
    ("EmptyText", '"""Docstring."""\ndef f(a: "b") -> "c": ...\n@dataclass\nclass A:\n    a: "b"\n', []),
    ("DropPlaceholder", 'x = f"a {b} c"', ['x = f"a  c"']),
    ("ChangeCodeInText", 'x = "alltrue(a) && !b"', ['x = "anytrue(a) && !b"', 'x = "alltrue(a) || !b"']),
    ("ChangeCodeInText", r'x = r"\d{1,63}[a-z]*"', [r'x = r"\d{2,63}[a-z]*"', r'x = r"\d{1,64}[a-z]*"']),
    ("ChangeCodeInText", 'x = "::/0"', ['x = "::/1"']),
    ("ChangeCodeInText", 'x = """a\nb 1"""', ['x = """a\nb 2"""']),
]


@pytest.mark.parametrize(("operator", "code", "expected"), MUTANTS)
def test_mutants(operator: str, code: str, expected: list[str]) -> None:
    """Those that are expected come first, and each is a program."""
    mutants = list(_mutants(operator, code))
    assert mutants[: len(expected)] == expected
    assert bool(mutants) == bool(expected)
    for mutant in mutants:
        compile(mutant, "mutant", "exec")


def _mutants(operator: str, code: str) -> list[str]:
    made = OPERATORS[operator]()
    count = sum(1 for node in ast_nodes(get_ast(code)) for _ in made.mutation_positions(node))
    return [mutate_code(code, made, occurrence) for occurrence in range(count)]


def test_every_module_has_tests_and_every_explanation_a_module() -> None:
    """A file that is moved or new is told here, and not after an hour."""
    modules, entries = run.all_modules(), run.read("config.toml")["tests"]
    used = [next((entry for entry in entries if run.fits(module, entry)), None) for module in modules]
    assert [str(module) for module, entry in zip(modules, used, strict=True) if entry is None] == []
    assert [entry["modules"] for entry in entries if entry not in used] == []
    assert [file for entry in entries for file in entry["files"] if not (ROOT / file).is_file()] == []
    explained = {entry["module"] for entry in run.read("survivors.toml")["survivors"]}
    assert explained <= set(map(str, modules))
