"""The dashboard as the stack synthesizes it: its body's widgets, with Terraform's references in their texts.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    Document = dict[str, Any]

_MINUTE, _HOUR = 60, 3600
_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_LOCAL = re.compile(r"\blocal\.(\w+)")
_CLUSTER = re.compile(r"\bdata\.aws_ecs_cluster\.")
_GROUP = re.compile(r"\bdata\.aws_lb_target_group\.(\w+)")


@dataclass(frozen=True)
class Place:
    """In units of the grid, which has 24 columns."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Metric:
    """`dimensions` are names and values in turn."""

    namespace: str
    name: str
    dimensions: tuple[str, ...]
    stat: str
    label: str


@dataclass(frozen=True)
class Line:
    label: str
    value: float


@dataclass(frozen=True)
class Graph:
    place: Place
    title: str
    metrics: tuple[Metric, ...]
    lines: tuple[Line, ...]
    period_seconds: int
    unit: str


@dataclass(frozen=True)
class Text:
    place: Place
    markdown: str


@dataclass(frozen=True)
class TargetGroup:
    """What the plan would look up of it."""

    name: str
    arn_suffix: str
    load_balancer_arn_suffix: str


@dataclass(frozen=True)
class Dashboard:
    """`other_kinds` are the types of widgets that are not drawn."""

    name: str
    seconds: int
    widgets: tuple[Graph | Text, ...]
    other_kinds: tuple[str, ...] = ()

    @property
    def graphs(self) -> list[Graph]:
        return [widget for widget in self.widgets if isinstance(widget, Graph)]


@dataclass(frozen=True)
class Synthesized:
    """`body` is JSON's text; `local_values` are Terraform's, to which it refers."""

    name: str
    body: str
    local_values: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> Synthesized:
        """Of `cdk.tf.json`, with the one dashboard that the stack has."""
        stack = json.loads(file.read_text())
        (block,) = stack["resource"]["aws_cloudwatch_dashboard"].values()
        return cls(block["dashboard_name"], block["dashboard_body"], stack.get("locals", {}))

    def resolved(self, groups: Sequence[TargetGroup], *, cluster: str) -> Dashboard:
        """With `groups`, each in the place of one, and `cluster` for what the plan looks up; other references stay."""
        expressions = {found: self._expanded(found) for found in _REFERENCE.findall(self.body)}
        labels = dict.fromkeys(label for text in expressions.values() for label in _GROUP.findall(text))
        by_label = dict(zip(labels, groups, strict=False))

        def value(match: re.Match[str]) -> str:
            expression = expressions[match[1]]
            if _CLUSTER.search(expression):
                return cluster
            group = next((by_label[label] for label in _GROUP.findall(expression) if label in by_label), None)
            return json.dumps(_looked_up(expression, group))[1:-1] if group else match[0]

        return _dashboard(self.name, json.loads(_REFERENCE.sub(value, self.body)))

    def _expanded(self, expression: str) -> str:
        """Without references to local values: what they stand for is in their place."""

        def value(match: re.Match[str]) -> str:
            return self._expanded(self.local_values[match[1]].removeprefix("${").removesuffix("}"))

        return _LOCAL.sub(value, expression)

    @property
    def group_count(self) -> int:
        return len({label for text in _REFERENCE.findall(self.body) for label in _GROUP.findall(self._expanded(text))})


def _looked_up(expression: str, group: TargetGroup) -> str:
    """What `constructs_lib.service_dashboard` and `load_balancing` ask of a group."""
    if expression.startswith("startswith("):
        return "AWS/NetworkELB" if group.load_balancer_arn_suffix.startswith("net/") else "AWS/ApplicationELB"
    if "load_balancer_arns" in expression:
        return group.load_balancer_arn_suffix
    return group.arn_suffix if expression.endswith(".arn_suffix") else group.name


def _dashboard(name: str, body: Document) -> Dashboard:
    readers: dict[str, Callable[[Document], Graph | Text]] = {"metric": _graph, "text": _text}
    widgets = [readers[widget["type"]](widget) for widget in body["widgets"] if widget["type"] in readers]
    others = [widget["type"] for widget in body["widgets"] if widget["type"] not in readers]
    return Dashboard(name, _seconds(body.get("start", "-PT3H")), tuple(widgets), tuple(others))


def _seconds(start: str) -> int:
    """Of a relative one in hours or minutes, such as -PT3H; CloudWatch's own three hours otherwise."""
    found = re.fullmatch(r"-PT(\d+)([HM])", start)
    return int(found[1]) * (_HOUR if found[2] == "H" else _MINUTE) if found else 3 * _HOUR


def _place(widget: Document) -> Place:
    return Place(widget["x"], widget["y"], widget["width"], widget["height"])


def _text(widget: Document) -> Text:
    return Text(_place(widget), widget["properties"]["markdown"])


def _graph(widget: Document) -> Graph:
    properties = widget["properties"]
    lines = properties.get("annotations", {}).get("horizontal", [])
    return Graph(
        place=_place(widget),
        title=properties["title"],
        metrics=tuple(_metric(one, stat=properties["stat"]) for one in properties["metrics"]),
        lines=tuple(Line(line["label"], line["value"]) for line in lines),
        period_seconds=properties["period"],
        unit=properties["yAxis"]["left"]["label"],
    )


def _metric(parts: list[Any], *, stat: str) -> Metric:
    namespace, name, *dimensions, options = parts
    return Metric(namespace, name, tuple(dimensions), options.get("stat", stat), options["label"])
