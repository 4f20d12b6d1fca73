"""A CloudWatch dashboard's body as a plan shows it: a few lines for each widget, not one for each of its values.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    Document = dict[str, Any]


def is_dashboard(document: Document) -> bool:
    widgets = document.get("widgets")
    return isinstance(widgets, list) and bool(widgets) and all(map(_is_widget, widgets))


def readable(document: Document) -> Document:
    """Of one for which `is_dashboard` holds. Nothing of it is left out, so that a change of any part shows."""
    rest = {key: value for key, value in document.items() if key != "widgets"}
    shown: Document = {}
    for widget in document["widgets"]:
        title = str(widget["properties"].get("title", widget["type"]))
        name = f"widget {title}" if f"widget {title}" not in shown else f"widget {title} ({len(shown) + 1})"
        shown[name] = _readable(widget)
    return rest | shown


def _is_widget(widget: object) -> bool:
    return isinstance(widget, dict) and "type" in widget and isinstance(widget.get("properties"), dict)


def _readable(widget: Document) -> Document:
    properties = {key: value for key, value in widget["properties"].items() if key != "title"}
    place = {key: value for key, value in widget.items() if key != "properties"}
    shown: Document = {"place": _sentence(place)}
    for key in ("metrics", "markdown"):
        if key in properties:
            value = properties.pop(key)
            shown[key] = [_metric(one) for one in value] if isinstance(value, list) else value
    lines = properties.get("annotations", {})
    if isinstance(lines, dict) and isinstance(lines.get("horizontal"), list):
        shown["lines"] = [_sentence(one) for one in lines["horizontal"]]
        properties["annotations"] = {key: value for key, value in lines.items() if key != "horizontal"}
    return shown | ({"shown": _sentence(properties)} if properties else {})


def _metric(parts: object) -> str:
    """Namespace, name, dimensions, and what is said of the line."""
    if not isinstance(parts, list):
        return str(parts)
    return " ".join(_sentence(part) if isinstance(part, dict) else str(part) for part in parts)


def _sentence(value: object) -> str:
    return ", ".join(_parts("", value))


def _parts(path: str, value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _parts(f"{path}.{key}" if path else str(key), one)
    elif value is not None:
        yield f"{path} {value if isinstance(value, str) else json.dumps(value)}".strip()
