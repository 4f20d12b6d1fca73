"""What CloudWatch takes as a dashboard's body, as far as its documentation says it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
"""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

Document = dict[str, Any]

MOST_WIDGETS, MOST_METRICS_OF_A_WIDGET, MOST_METRICS = 500, 500, 2500
COLUMNS, MOST_ROWS = 24, 1000
_OF_A_BODY = {"widgets", "start", "end", "periodOverride", "variables"}
_OF_A_WIDGET = {"type", "x", "y", "width", "height", "properties"}
_OF_METRICS = {
    *("accountId", "annotations", "legend", "liveData", "metrics", "period", "region", "setPeriodToTimeRange"),
    *("sparkline", "stacked", "stat", "table", "timezone", "title", "view", "yAxis"),
}
_OF_A_METRIC = {"accountId", "color", "expression", "id", "label", "period", "region", "stat", "visible", "yAxis"}
_STATISTIC = r"SampleCount|Average|Sum|Minimum|Maximum|IQM|(?:p|tm|wm|tc|ts)(?:\d{1,2}(?:\.\d{1,10})?|100)"
_MOST_DIMENSIONS = 30


def assert_taken(body: Document) -> None:
    """By PutDashboard, which tells of most mistakes only in `DashboardValidationMessages`."""
    assert set(body) <= _OF_A_BODY
    assert re.fullmatch(r"-P(?:T\d+[MH]|\d+[DWM])", body.get("start", "-PT3H"))
    assert body.get("periodOverride", "auto") in {"auto", "inherit"}
    widgets = body["widgets"]
    assert len(widgets) <= MOST_WIDGETS
    assert sum(len(widget["properties"].get("metrics", [])) for widget in widgets) <= MOST_METRICS
    for widget in widgets:
        _assert_widget(widget)
    for one, other in combinations(widgets, 2):
        assert not _overlap(one, other), (one, other)


def _assert_widget(widget: Document) -> None:
    assert set(widget) == _OF_A_WIDGET
    assert 0 <= widget["x"] < widget["x"] + widget["width"] <= COLUMNS
    assert widget["y"] >= 0
    assert 1 <= widget["height"] <= MOST_ROWS
    if widget["type"] == "text":
        assert set(widget["properties"]) <= {"markdown", "background"}
        assert widget["properties"]["markdown"]
    else:
        assert widget["type"] == "metric"
        _assert_graph(widget["properties"])


def _assert_graph(graph: Document) -> None:
    assert set(graph) <= _OF_METRICS
    assert re.fullmatch(r"[a-z]{2,}(?:-[a-z]+)+-\d", graph["region"])
    assert graph["view"] in {"timeSeries", "singleValue", "gauge", "bar", "pie", "table"}
    assert graph["period"] in {1, 5, 10, 30} or graph["period"] % 60 == 0
    assert re.fullmatch(_STATISTIC, graph["stat"])
    assert 1 <= len(graph["metrics"]) <= MOST_METRICS_OF_A_WIDGET
    for metric in graph["metrics"]:
        _assert_metric(metric)
    for side, axis in graph.get("yAxis", {}).items():
        assert side in {"left", "right"}
        assert set(axis) <= {"label", "min", "max", "showUnits"}
    annotations = graph.get("annotations", {})
    assert set(annotations) <= {"horizontal", "vertical", "alarms"}
    for line in annotations.get("horizontal", []):
        assert set(line) <= {"value", "label", "color", "fill", "visible", "yAxis"}
        assert isinstance(line["value"], (int, float))


def _assert_metric(metric: list[Any]) -> None:
    """Namespace, name, each dimension's name and value, and last what is said of the line."""
    *names, options = metric
    assert all(isinstance(name, str) and name for name in names)
    assert len(names) >= 2
    assert len(names) % 2 == 0
    assert (len(names) - 2) // 2 <= _MOST_DIMENSIONS
    assert set(options) <= _OF_A_METRIC
    assert re.fullmatch(_STATISTIC, options.get("stat", "Sum"))


def _overlap(one: Document, other: Document) -> bool:
    def apart(start: str, size: str) -> bool:
        return bool(one[start] + one[size] <= other[start] or other[start] + other[size] <= one[start])

    return not (apart("x", "width") or apart("y", "height"))
