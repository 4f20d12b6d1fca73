"""Which parts of another module's outputs can be named: a closed part of Terraform's own language."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from constructs_lib.output_expression import OutputExpression

TAKEN = {
    "vpc_id": 'o["vpc_id"]',
    "öffentlich-подсети": 'o["öffentlich-подсети"]',
    "values": 'o["values"]',
    'target_groups["api"].arn': 'o["target_groups"]["api"].arn',
    "target_group_arns[0]": 'o["target_group_arns"][0]',
    "network.private[1].subnet-id": 'o["network"].private[1].subnet-id',
    "subnets[*].id": 'o["subnets"][*].id',
    'split(",", target_group_arns)[0]': 'split(",", o["target_group_arns"])[0]',
    "values(subnets)": 'values(o["subnets"])',
    "values(subnets)[*].id": 'values(o["subnets"])[*].id',
    'flatten(values(zones)[*]["subnet_ids"])': 'flatten(values(o["zones"])[*]["subnet_ids"])',
    "keys(subnets)": 'keys(o["subnets"])',
    "tolist(groups)[0]": 'tolist(o["groups"])[0]',
    'split(",", split(";", both)[0])': 'split(",", split(";", o["both"])[0])',
    ' groups [ "a b" ] . arn ': ' o["groups"] [ "a b" ] . arn ',
    "groups[10]": 'o["groups"][10]',
    'groups[ 0 ] [ "a" ] [ * ]': 'o["groups"][ 0 ] [ "a" ] [ * ]',
    'split ( "," , groups ) [ 1 ]': 'split ( "," , o["groups"] ) [ 1 ]',
    " values ( keys ( groups ) ) ": ' values ( keys ( o["groups"] ) ) ',
    r'groups["\U0001F600\u00E9\n\r\t"]': r'o["groups"]["\U0001F600\u00E9\n\r\t"]',
    "a" * 1000: f'o["{"a" * 1000}"]',
    'groups["a)[0]"]': 'o["groups"]["a)[0]"]',
    'values(groups)["(a)"]': 'values(o["groups"])["(a)"]',
    'groups["module.a.b"]': 'o["groups"]["module.a.b"]',
    "my-module.a.b": 'o["my-module"].a.b',
    'output["a"]': 'o["output"]["a"]',
    r'groups["a\"b\\\u00e9$%"]': r'o["groups"]["a\"b\\\u00e9$%"]',
}
REFUSED = [
    *("", " ", "1st", "-x", "a.", ".a", "a..b", "a.0", "a.1st", "a[", "a]", "a[]", "a[-1]", "a[1.5]", "a[b]", "a['b']"),
    *(
        'a["b]',
        'a["${b}"]',
        'a["%{b}"]',
        r'a["\d"]',
        r'a["\u12"]',
        r'a["\U1234"]',
        r'a["\u12g4"]',
        'a["\n"]',
        "a b",
        "a + b",
        "a ? b : c",
        "!a",
        "[a]",
        "[a, b]",
    ),
    *("f(a)", "file(a)", "values()", "values(a", "values a)", "values(a, b)", "values(a)(b)", "split(a)"),
    *(
        "split(',', a)",
        'split(",")',
        'split(a, ",")',
        'split(",", a, b)',
        "concat(a, b)",
        "a.*.b",
        "a[*",
        "for a in b",
        "a" * 1001,
    ),
]


@pytest.mark.parametrize(("text", "expected"), TAKEN.items())
def test_a_part_of_an_output_can_be_named(text: str, expected: str) -> None:
    """And is nothing but that output, whatever stands around its name."""
    assert OutputExpression(text).within("o") == expected


@pytest.mark.parametrize("text", REFUSED)
def test_nothing_else_can(text: str) -> None:
    """No operator, no other function, no template, no second output."""
    with pytest.raises(ValueError, match="must") as refused:
        OutputExpression(text)
    assert str(refused.value) == (
        'must be the name of an output, which .name, ["key"], [0] and [*] may follow, also within values(…), keys(…), '
        'flatten(…), tolist(…) and split(",", …)'
    )


@pytest.mark.parametrize(
    "text",
    [
        "${subnets[0]}",
        "data.terraform_remote_state.network.outputs.subnets[0]",
        " ${subnets[0]} ",
        "${ data.terraform_remote_state.network.outputs.subnets[0] }",
        "module.network.subnets[0]",
        "${module.network.subnets[0]}",
        "output.subnets[0]",
        "outputs.subnets[0]",
    ],
)
def test_what_stands_in_another_modules_code_is_corrected(text: str) -> None:
    """With the very words that are right."""
    with pytest.raises(ValueError, match=r"without \$\{\}, data\., module\. and output\.: subnets\[0\]$"):
        OutputExpression(text)


def test_the_outputs_name() -> None:
    """By itself, and whether the expression is more than it."""
    names = [OutputExpression(text) for text in ("groups", 'groups["a"]', 'split(",", groups)')]
    assert [(each.output, each.is_name) for each in names] == [("groups", True), ("groups", False), ("groups", False)]


def test_two_texts_of_one_meaning_are_known() -> None:
    """By spaces, and by an attribute that is written as an index; a key keeps its spaces."""
    same = ('groups["a"].arn', ' groups . a [ "arn" ]', "groups.a.arn", "groups.\ta.  arn ")
    assert {OutputExpression(text).canonical for text in same} == {'groups["a"]["arn"]'}
    assert OutputExpression('groups["a b.c"]').canonical == 'groups["a b.c"]'


def test_an_expression_is_frozen() -> None:
    """What was checked stays as it is."""
    expression: Any = OutputExpression("a")
    with pytest.raises(FrozenInstanceError):
        expression.text = "f(a)"


def test_a_long_text_is_refused_at_once() -> None:
    """Whatever is nested in it."""
    for text in ("values(" * 30_000, 'split(",",' * 30_000, 'a["' + "\\" * 100_000):
        with pytest.raises(ValueError, match="must be the name"):
            OutputExpression(text)
