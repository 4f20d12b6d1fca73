"""A plan as a person, a program and a pull request read it: `docs/plan.md` describes the three."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from operate.cost import planned as planned_cost
from operate.plan import plan_changes, plan_decisions, plan_effects
from operate.plan.plan_changes import REPLACED
from operate.plan.plan_decisions import NEEDS_A_DECISION
from operate.plan.plan_effects import Effect
from operate.plan.plan_fields import Field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from operate.deployment import Planned
    from operate.environment import Environment
    from operate.plan.plan_changes import Change, OutputChange
    from operate.plan.plan_decisions import Decision

NOTHING_TO_CHANGE, CHANGES = 0, 2
_PHRASES = {
    "created": "to create",
    "imported": "to import",
    "in place": "to change in place",
    "rolling": "to roll",
    "moved": "to move",
    "new revision": "to get a new revision",
    "replaced": "to replace",
    "destroyed": "to destroy",
    "forgotten": "to forget",
}
_STYLES = {
    "created": "green",
    "imported": "green",
    "in place": "yellow",
    "rolling": "yellow",
    "moved": "yellow",
    "new revision": "yellow",
    "replaced": "bold red",
    "destroyed": "bold red",
    "forgotten": "red",
}
_SHORTEST_COMMON = 12
_BAR = r"\|"
_SHARED_UNTIL = "/:@"


@dataclass(frozen=True)
class Image:
    """`digest` is what the tag names at plan; None where nothing was looked up.

    `moved_tag` is that the tag named another one when what runs was deployed; None where it did not.
    """

    tag: str
    origin: str
    digest: str | None
    moved_tag: str | None = None


@dataclass(frozen=True)
class Report:
    """`warnings` are those of the state, of failed `check` blocks, and what could not be checked.

    `cost` is what the tasks cost a month; None where there are none.
    """

    environment: str
    service: str
    image: Image
    summary: str
    changes: list[Change]
    outputs: list[OutputChange]
    effects: list[Effect]
    decisions: list[Decision]
    warnings: list[str]
    cost: str | None = None

    @property
    def exit_code(self) -> int:
        if self.decisions:
            return NEEDS_A_DECISION
        return CHANGES if self.changes or self.outputs else NOTHING_TO_CHANGE


def of(planned: Planned, *, environment: Environment) -> Report:
    plan = planned.document
    changes, outputs = plan_changes.changes(plan), plan_changes.output_changes(plan)
    deleted = [f"{one} was deleted outside of Terraform." for one in plan_changes.deleted_outside(plan)]
    first = [Effect("before", planned.before.effect)] if planned.before else []
    warnings = [planned.warning, *planned.not_checked, *deleted, *plan_changes.warnings(plan)]
    return Report(
        environment=environment.settings.name,
        service=environment.settings.name_prefix,
        image=Image(planned.image_tag.name, planned.image_tag.origin, planned.image_digest, planned.moved_tag),
        summary=totals(changes, outputs),
        changes=changes,
        outputs=outputs,
        effects=[*first, *plan_effects.effects(plan)],
        decisions=plan_decisions.decisions(plan),
        warnings=[one for one in warnings if one],
        cost=planned_cost.line(plan, region=environment.settings.region),
    )


def totals(changes: list[Change], outputs: list[OutputChange]) -> str:
    if not changes and not outputs:
        return "No changes: what is deployed is what is described."
    counts = {action: sum(change.action == action for change in changes) for action in _PHRASES}
    said = [f"{count} {_PHRASES[action]}" for action, count in counts.items() if count]
    if outputs:
        said.append(f"{len(outputs)} output{'s' * (len(outputs) > 1)} to change")
    return ", ".join(said if changes else ["no resources to change", *said])


def as_document(report: Report) -> dict[str, Any]:
    """Of JSON's types alone."""
    return {**asdict(report), "exit_code": report.exit_code}


def as_lines(changes: Iterable[Change]) -> RenderableType:
    """A line for each resource, and under it its fields; at any width, whole."""
    return Group(*(part for change in changes for part in _rows(change)))


def output_table(outputs: Iterable[OutputChange]) -> Table:
    shown = Table(box=None, header_style="dim", pad_edge=False)
    for heading in ("output", "from", "to"):
        shown.add_column(heading, overflow="fold")
    for change in outputs:
        shown.add_row(change.name, change.before, change.after)
    return shown


def decision_lines(report: Report) -> list[str]:
    return [
        f"{one.what}: deploy stops there until told --allow {one.allow.value} (make: ALLOW={one.allow.value})"
        for one in report.decisions
    ]


def _rows(change: Change) -> list[RenderableType]:
    heading = Text(f"{change.action:<13}", style=_STYLES[change.action])
    heading.append(f"{change.type} {change.name}", style="default")
    forcing = change.action == REPLACED
    lines = [f"{field.path}: {_difference(field, say_if_forcing=forcing)}" for field in change.fields]
    if change.known_after_apply:
        lines.append(f"known after apply: {', '.join(change.known_after_apply)}")
    return [heading, *(Padding(Text(line, overflow="fold"), (0, 0, 0, 2)) for line in lines)]


def _difference(field: Field, *, say_if_forcing: bool) -> str:
    forced = " (forces the replacement)" if field.forces_replacement and say_if_forcing else ""
    if field.before is None:
        return f"+ {field.after}{forced}"
    if field.after is None:
        return f"- {field.before}{forced}"
    before, after = _without_common_start(field.before, field.after)
    return f"{before} → {after}{forced}"


def _without_common_start(before: str, after: str) -> tuple[str, str]:
    """An image's registry and name are the same in both: `…:v1` and `…:v2` are what differs."""
    common = next((at for at, pair in enumerate(zip(before, after, strict=False)) if len({*pair}) > 1), 0)
    cut = max(before.rfind(one, 0, common) for one in _SHARED_UNTIL)
    return (before, after) if cut < _SHORTEST_COMMON else (f"…{before[cut:]}", f"…{after[cut:]}")


def as_markdown(report: Report) -> str:
    """GitHub's own: https://github.github.com/gfm/"""
    lines = [f"### Plan of {_text(report.service)}: {_text(report.summary)}", ""]
    lines += [f"> **Warning** {_text(one)}\n" for one in report.warnings]
    if report.changes:
        lines += ["| what happens | resource | name |", "|---|---|---|"]
        lines += [f"| {_action(one)} | {_code(one.type)} | {_code(one.name)} |" for one in report.changes]
    lines += _list("What it does", [one.text for one in report.effects])
    lines += _list("Needs a decision", decision_lines(report))
    lines += ["", _text(report.cost)] if report.cost else []
    lines += _details(report)
    lines += ["", f"Image tag {_code(report.image.tag)}, {_text(report.image.origin)}{_digest(report.image)}"]
    lines += ["", _text(report.image.moved_tag)] if report.image.moved_tag else []
    return "\n".join(lines) + "\n"


def _digest(image: Image) -> str:
    return f": {_code(image.digest)}" if image.digest else ""


def _action(change: Change) -> str:
    return f"**{change.action}**" if change.action in {"replaced", "destroyed"} else change.action


def _list(title: str, texts: list[Any]) -> list[str]:
    return ["", f"**{title}**", "", *(f"- {_text(one)}" for one in texts)] if texts else []


def _details(report: Report) -> list[str]:
    rows = [_row(f"{one.type} {one.name}", field) for one in report.changes for field in one.fields]
    rows += [_row("output", Field(one.name, one.before, one.after)) for one in report.outputs]
    if not rows:
        return []
    head = ["", "<details><summary>Fields</summary>", "", "| resource | field | before | after |", "|---|---|---|---|"]
    return [*head, *rows, "", "</details>"]


def _row(resource: str, field: Field) -> str:
    cells = (_code(resource), _code(field.path), _cell(field.before), _cell(field.after))
    return f"| {' | '.join(cells)} |"


def _cell(value: str | None) -> str:
    return "" if value is None else _code(value)


def _code(text: str) -> str:
    """A code span in a table's cell, whatever backticks and bars are in it."""
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    padding = " " if text.strip() and (text[0] in "` " or text[-1] in "` ") else ""
    return f"{fence}{padding}{text.replace('|', _BAR)}{padding}{fence}"


def _text(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|~#&])", r"\\\1", " ".join(text.split()))
