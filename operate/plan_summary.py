"""A plan as a person wants to see it: https://developer.hashicorp.com/terraform/internals/json-format"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

_VERBS = {
    ("create",): "create",
    ("update",): "change",
    ("delete",): "destroy",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("forget",): "forget",
}
_STYLES = {"create": "green", "change": "yellow", "replace": "magenta", "destroy": "red", "forget": "red"}


@dataclass(frozen=True)
class Change:
    action: str
    type: str
    name: str


def changes(plan: dict[str, Any]) -> list[Change]:
    """Nothing of what is only read, and nothing of what stays as it is."""
    found = (_change(resource) for resource in plan.get("resource_changes", ()))
    return sorted((change for change in found if change), key=lambda change: (change.type, change.name))


def warnings(plan: dict[str, Any]) -> list[str]:
    """What failed `check` blocks say; a failed pre- or postcondition is an error, and there is no plan then."""
    return [
        problem["message"]
        for check in plan.get("checks", ())
        if check["address"]["kind"] == "check" and check["status"] in {"fail", "error"}
        for instance in check.get("instances", ())
        for problem in instance.get("problems", ())
    ]


def totals(found: Sequence[Change]) -> str:
    if not found:
        return "No changes: what is deployed is what is described."
    counted = Counter(change.action for change in found)
    return ", ".join(f"{counted[action]} to {action}" for action in _STYLES if counted[action])


def table(found: Sequence[Change]) -> Table:
    shown = Table("action", "resource", "name", box=None, header_style="dim", pad_edge=False)
    for change in found:
        shown.add_row(change.action, change.type, change.name, style=_STYLES[change.action])
    return shown


def _change(resource: dict[str, Any]) -> Change | None:
    action = _VERBS.get(tuple(resource["change"]["actions"]))
    if action is None or resource["mode"] != "managed":
        return None
    return Change(action=action, type=resource["type"], name=_name(resource))


def _name(resource: dict[str, Any]) -> str:
    """AWS's name for it, where the plan knows one, for Terraform's carries a hash."""
    values = resource["change"]["after"] or resource["change"]["before"] or {}
    names = (values.get(key) for key in ("name", "family", "resource_id"))
    return next((name for name in names if isinstance(name, str) and name), resource["address"].partition(".")[2])
