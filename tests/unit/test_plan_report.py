"""A plan for a program and for a pull request: real plans of Terraform's own resource, and hostile text in them."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from operate.plan import plan_report
from operate.plan.plan_changes import Change, OutputChange
from operate.plan.plan_decisions import Allowance, Decision
from operate.plan.plan_effects import Effect
from operate.plan.plan_fields import Field
from operate.plan.plan_report import Image, Report

CHANGE = Change("replaced", "aws_ecs_service", "api", "aws_ecs_service.service", (Field("name", "a", "b"),), ("id",))
DECISION = Decision(Allowance.REPLACE, "aws_ecs_service.service", "replaces aws_ecs_service api", "the API is down")
REPORT = Report(
    environment="dev",
    service="api-dev",
    image=Image("v1", "as asked", "sha256:aa"),
    summary="1 to replace",
    changes=[CHANGE],
    outputs=[OutputChange("url", None, "http://a")],
    effects=[Effect("downtime", "the API is down")],
    decisions=[DECISION],
    warnings=["All subnets are in one zone."],
)


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (REPORT, 3),
        (replace(REPORT, decisions=[]), 2),
        (replace(REPORT, decisions=[], changes=[]), 2),
        (replace(REPORT, decisions=[], changes=[], outputs=[]), 0),
    ],
)
def test_the_exit_code_is_in_the_document(report: Report, code: int) -> None:
    """0 nothing, 2 changes, also of outputs alone, 3 a decision; and all of it is JSON."""
    document = json.loads(json.dumps(plan_report.as_document(report)))
    assert report.exit_code == document["exit_code"] == code


TEXTS = st.text(alphabet=st.sampled_from("a |`\\*_<>[]()#~&!$'\""), min_size=1, max_size=12)


def cells(row: str) -> list[str]:
    """As GitHub splits a row: at each bar that has no backslash before it."""
    marked = row.replace("\\|", "\0").strip().strip("|")
    return [one.replace("\0", "|").strip() for one in marked.split("|")]


def code_span(text: str) -> str:
    """What a code span shows: https://github.github.com/gfm/#code-spans"""
    fence = text[: len(text) - len(text.lstrip("`"))]
    inner = text[len(fence) : -len(fence)]
    assert text.endswith(fence)
    assert all(len(run) != len(fence) for run in re.findall("`+", inner))
    return inner[1:-1] if inner.startswith(" ") and inner.endswith(" ") and inner.strip() else inner


@given(text=TEXTS)
@example(" ")
@example("`")
def test_a_value_in_a_comment_is_what_it_was(text: str) -> None:
    """Whatever bars, backticks and tags are in it: it stays in its cell, and is not read as Markdown."""
    change = replace(CHANGE, name="api", fields=(Field("x", text, None),))
    markdown = plan_report.as_markdown(replace(REPORT, changes=[change], outputs=[], warnings=[]))
    (row,) = [line for line in markdown.splitlines() if "| `x` |" in line]
    assert len(cells(row)) == 4
    assert code_span(cells(row)[2]) == text


def test_a_comment_folds_the_fields_away() -> None:
    """What happens, the effects and the decision are seen at once."""
    markdown = plan_report.as_markdown(REPORT)
    seen, _, folded = markdown.partition("<details><summary>Fields</summary>\n\n")
    assert "| **replaced** | `aws_ecs_service` | `api` |\n" in seen
    assert "- the API is down\n" in seen
    assert "--allow replace" in seen
    assert "| `aws_ecs_service api` | `name` | `a` | `b` |\n" in folded
    assert "\n\n</details>\n" in folded


def test_prose_is_no_markup() -> None:
    """A policy's stars are no emphasis, and a tag is no HTML."""
    markdown = plan_report.as_markdown(replace(REPORT, effects=[Effect("permissions", "s3:* on <b>*</b>")]))
    assert r"- s3:\* on \<b\>\*\</b\>" in markdown
