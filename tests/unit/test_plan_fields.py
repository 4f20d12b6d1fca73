"""What a change does to a resource's fields is shown key by key, and nothing of what is sensitive."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operate.plan import plan_fields
from operate.plan.plan_fields import Field

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/go-api@sha256:"


def compared(before: Any, after: Any, **marks: Any) -> list[Field]:
    """Of the attribute `x`."""
    change = {"before": {"x": before}, "after": {"x": after}, **{name: {"x": mark} for name, mark in marks.items()}}
    return plan_fields.compared(change, attributes={"x"})


def container(**values: Any) -> str:
    return json.dumps([{"name": "api", "image": f"{IMAGE}aa", "essential": True, **values}])


def statement(*actions: str, **values: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **values}


def policy(*statements: dict[str, Any], **layout: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements]}, **layout)


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        (container(), container(image=f"{IMAGE}bb"), [("x api.image", f"{IMAGE}aa", f"{IMAGE}bb")]),
        (
            container(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
            container(environment=[{"name": "B", "value": "3"}, {"name": "C", "value": ""}]),
            [
                ("x api.environment A", "1", None),
                ("x api.environment B", "2", "3"),
                ("x api.environment C", None, '""'),
            ],
        ),
        (container(command=["a", "b c"]), container(command=["a", "d"]), [("x api.command", "a 'b c'", "a d")]),
        (policy(statement("a:B")), policy(statement("a:B", "c:D")), [("x", None, "c:D on *")]),
        (policy(statement("a:B")), policy(statement("a:B"), indent=2), []),
        (
            policy(statement("a:B", Sid="S")),
            policy(statement("a:B", Sid="T")),
            [("x.Sid", "S", None), ("x.Sid", None, "T")],
        ),
        (
            policy(statement("a:B")),
            policy(statement("a:B", Effect="Deny")),
            [("x", None, "Deny a:B on *"), ("x", "a:B on *", None)],
        ),
        (["a", "b"], ["b", "c"], [("x", "a", None), ("x", None, "c")]),
        (["a", "a"], ["a"], [("x", "a", None)]),
        (["a", "b"], ["b", "a"], [("x", "the same", "in another order")]),
        (
            [{"capacity_provider": "FARGATE", "weight": 100}],
            [{"capacity_provider": "FARGATE", "weight": 50}],
            [("x FARGATE.weight", "100", "50")],
        ),
        ("", None, []),
        ([], None, []),
        (None, False, [("x", None, "false")]),
        ("1", 1, [("x", "1", "1")]),
        ('{"a": "{\\"b\\": 1}"}', '{"a": "{\\"b\\": 2}"}', [("x.a.b", "1", "2")]),
        ("{no JSON", "a\nb\x1b[31m", [("x", "{no JSON", "a\\nb\\x1b[31m")]),
    ],
)
def test_fields(before: Any, after: Any, fields: list[tuple[str, str | None, str | None]]) -> None:
    """By name where a list's members have one; a policy by what it grants; nothing where only the layout differs."""
    assert [(one.path, one.before, one.after) for one in compared(before, after)] == fields


def graph(title: str = "CPU", **properties: Any) -> dict[str, Any]:
    metric = ["AWS/ECS", "CPUUtilization", "ServiceName", "api", {"label": "average"}]
    return {"type": "metric", "x": 0, "properties": {"title": title, "metrics": [metric], "period": 60, **properties}}


def body(*widgets: Any, **others: Any) -> str:
    return json.dumps({"start": "-PT3H", "widgets": [*widgets], **others})


TEXT = {"type": "text", "x": 0, "properties": {"markdown": "# a"}}
LINE = {"label": "target", "value": 70}


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        (
            body(TEXT, graph()),
            body(TEXT, graph(), graph("Memory", metrics=[], annotations={"horizontal": [LINE]})),
            [
                ("x.widget Memory.lines", None, "label target, value 70"),
                ("x.widget Memory.place", None, "type metric, x 0"),
                ("x.widget Memory.shown", None, "period 60"),
            ],
        ),
        (
            body(graph()),
            body(graph(metrics=[["AWS/ECS", "CPUUtilization", {"stat": "p99"}]])),
            [
                ("x.widget CPU.metrics", "AWS/ECS CPUUtilization ServiceName api label average", None),
                ("x.widget CPU.metrics", None, "AWS/ECS CPUUtilization stat p99"),
            ],
        ),
        (body(TEXT), body({**TEXT, "x": 6}), [("x.widget text.place", "type text, x 0", "type text, x 6")]),
        (body(graph(), graph()), body(graph(), graph(period=1)), [("x.widget CPU (2).shown", "period 60", "period 1")]),
        (
            body(graph(stacked=False)),
            body(graph(stacked=True)),
            [("x.widget CPU.shown", "stacked false", "stacked true")],
        ),
        (body(TEXT), body(TEXT, start="-PT1H"), [("x.start", "-PT3H", "-PT1H")]),
        (body("odd"), body("other"), [("x.widgets", "odd", None), ("x.widgets", None, "other")]),
    ],
)
def test_a_dashboard_is_a_few_lines_for_each_graph(
    before: str, after: str, fields: list[tuple[str, str | None, str | None]]
) -> None:
    """A metric is a line, and so is where a graph stands; what is no dashboard's body is compared as it is."""
    found = [(one.path, one.before, one.after) for one in compared(before, after)]
    shown = [(path, *(cut(text, path) for text in texts)) for path, *texts in found]
    assert sorted(shown, key=str) == sorted(fields, key=str)


def cut(text: str | None, path: str) -> str | None:
    """Of what is said of a graph in one line, the part that these tests change."""
    return text.removeprefix("period 60, ") if text and path.endswith("shown") else text


def test_what_is_known_after_apply() -> None:
    """As a whole, in a part, and of what was there key by key."""
    assert compared("a", None, after_unknown=True) == [Field("x", "a", "(known after apply)")]
    assert compared(None, None, after_unknown=True) == [Field("x", None, "(known after apply)")]
    assert compared({"a": 1}, {}, after_unknown={"a": True}) == [Field("x.a", "1", "(known after apply)")]
    assert compared(["a"], [None], after_unknown=[True]) == [
        Field("x", "a", None),
        Field("x[0]", None, "(known after apply)"),
    ]
    assert compared(policy(statement("a:B")), None, after_unknown=True) == [
        Field("x", "a:B on *", "(known after apply)"),
        Field("x.Version", "2012-10-17", "(known after apply)"),
    ]


def test_what_forces_a_replacement() -> None:
    change = {"before": {"x": 1, "y": 1}, "after": {"x": 2, "y": 2}, "replace_paths": [["x"]]}
    assert plan_fields.compared(change, attributes={"x", "y"}) == [
        Field("x", "1", "2", forces_replacement=True),
        Field("y", "1", "2"),
    ]


SENSITIVE = "hush-hush"
secret_text = st.text(max_size=5).map(lambda around: f"{around}{SENSITIVE}{around}")
plain = st.none() | st.booleans() | st.integers() | st.text(max_size=8)


@st.composite
def marked(draw: st.DrawFn, depth: int = 3) -> tuple[Any, Any]:
    """A value with secrets in it, and Terraform's marks of them."""
    kind = draw(st.sampled_from(["plain", "secret", "document", *(["object", "list"] if depth else [])]))
    if kind == "plain":
        return draw(plain), False
    if kind in {"secret", "document"}:
        text = draw(secret_text)
        return (
            json.dumps({"Statement": [{"Action": text, "Sid": text}], text: text}, indent=2)
            if kind == "document"
            else text
        ), True
    parts = draw(st.lists(marked(depth - 1), max_size=3))
    if kind == "list":
        return [value for value, _ in parts], [mark for _, mark in parts]
    return {f"k{index}": value for index, (value, _) in enumerate(parts)}, {
        f"k{index}": mark for index, (_, mark) in enumerate(parts) if mark is not False
    }


@given(before=marked(), after=marked())
def test_no_secret_is_seen(before: tuple[Any, Any], after: tuple[Any, Any]) -> None:
    """Wherever a mark is, in what was or in what will be; a change of it is seen all the same."""
    found = compared(before[0], after[0], before_sensitive=before[1], after_sensitive=after[1])
    assert SENSITIVE not in repr(found)
    if before[1] is after[1] is True and before[0] != after[0]:
        assert found == [Field("x", "(sensitive)", "(sensitive)")]


@given(value=secret_text)
def test_what_becomes_sensitive_is_not_seen_as_it_was(value: str) -> None:
    """And what was sensitive is not seen as it will be: it may be the same."""
    for marks in ({"after_sensitive": True}, {"before_sensitive": True}):
        assert SENSITIVE not in repr(compared(value, f"{value}!", **marks))
        assert SENSITIVE not in repr(compared([value], [f"{value}!"], **{name: [True] for name in marks}))


json_values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(before=json_values, after=json_values, indent=st.sampled_from([None, 2]))
def test_no_json_is_seen_as_text(before: Any, after: Any, indent: int | None) -> None:
    """Whatever it holds: each field is one line that a terminal prints as it is, and no object or list."""
    for field in compared(json.dumps(before, indent=indent), json.dumps(after, indent=indent)):
        for text in filter(None, (field.path, field.before, field.after)):
            assert text.isprintable()
            assert not is_document(text)


def is_document(text: str) -> bool:
    try:
        return bool(json.loads(text)) and isinstance(json.loads(text), (dict, list))
    except ValueError:
        return False
