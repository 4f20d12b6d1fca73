"""A plan as a person wants to see it: https://developer.hashicorp.com/terraform/internals/json-format"""

import json
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
_STYLES = {
    "create": "green",
    "import": "green",
    "change": "yellow",
    "move": "yellow",
    "replace": "magenta",
    "destroy": "red",
    "forget": "red",
}


@dataclass(frozen=True)
class Change:
    action: str
    type: str
    name: str


@dataclass(frozen=True)
class OutputChange:
    """Both as they are shown, None where there is no such output."""

    name: str
    before: str | None
    after: str | None


def changes(plan: dict[str, Any]) -> list[Change]:
    """Nothing of what is only read, and nothing of what stays as it is."""
    found = (_change(resource) for resource in plan.get("resource_changes", ()))
    return sorted((change for change in found if change), key=lambda change: (change.type, change.name))


def output_changes(plan: dict[str, Any]) -> list[OutputChange]:
    """Nothing of those that stay. What is sensitive is not shown, and neither is what only the apply will know."""
    return [
        OutputChange(name, _shown(change, "before", absent="create"), _shown(change, "after", absent="delete"))
        for name, change in sorted(plan.get("output_changes", {}).items())
        if change["actions"] != ["no-op"]
    ]


def deleted_outside(plan: dict[str, Any]) -> list[str]:
    """What Terraform made and somebody else deleted, as far as the plan's refresh has seen."""
    drift = (resource for resource in plan.get("resource_drift", ()) if resource["change"]["actions"] == ["delete"])
    return sorted(f"{resource['type']} {_name(resource)}" for resource in drift)


def warnings(plan: dict[str, Any]) -> list[str]:
    """What failed `check` blocks say; a failed pre- or postcondition is an error, and there is no plan then."""
    return [
        problem["message"]
        for check in plan.get("checks", ())
        if check["address"]["kind"] == "check" and check["status"] in {"fail", "error"}
        for instance in check.get("instances", ())
        for problem in instance.get("problems", ())
    ]


def totals(found: Sequence[Change], outputs: Sequence[OutputChange]) -> str:
    if not found and not outputs:
        return "No changes: what is deployed is what is described."
    counted = Counter(change.action for change in found)
    changed = [f"{counted[action]} to {action}" for action in _STYLES if counted[action]]
    if outputs:
        changed.append(f"{len(outputs)} output{'s' * (len(outputs) > 1)} to change")
    return ", ".join(changed if found else ["no resources to change", *changed])


def table(found: Sequence[Change]) -> Table:
    shown = Table("action", "resource", "name", box=None, header_style="dim", pad_edge=False)
    for change in found:
        shown.add_row(change.action, change.type, change.name, style=_STYLES[change.action])
    return shown


def planned_output(document: dict[str, Any], name: str) -> str | None:
    """Its value after the apply; None where the stack has no such output, or only the apply will know."""
    value: str | None = document["planned_values"].get("outputs", {}).get(name, {}).get("value")
    return value


def output_table(found: Sequence[OutputChange]) -> Table:
    shown = Table(box=None, header_style="dim", pad_edge=False)
    for heading in ("output", "from", "to"):
        shown.add_column(heading, overflow="fold")
    for change in found:
        shown.add_row(change.name, change.before, change.after)
    return shown


def _shown(change: dict[str, Any], when: str, *, absent: str) -> str | None:
    if absent in change["actions"]:
        return None
    if change[f"{when}_sensitive"]:
        return "(sensitive)"
    if when == "after" and change["after_unknown"]:
        return "(known after apply)"
    value = change[when]
    return value if isinstance(value, str) else json.dumps(value)


def _change(resource: dict[str, Any]) -> Change | None:
    action = _VERBS.get(tuple(resource["change"]["actions"])) or _of_the_state_alone(resource)
    if action is None or resource["mode"] != "managed":
        return None
    return Change(action=action, type=resource["type"], name=_name(resource))


def _of_the_state_alone(resource: dict[str, Any]) -> str | None:
    """What an apply does where AWS's resource stays as it is."""
    if resource["change"].get("importing"):
        return "import"
    return "move" if "previous_address" in resource else None


def _name(resource: dict[str, Any]) -> str:
    """AWS's name for it, where the plan knows one, for Terraform's carries a hash."""
    values = resource["change"]["after"] or resource["change"]["before"] or {}
    names = (values.get(key) for key in ("name", "family", "resource_id", "role_name"))
    return next((name for name in names if isinstance(name, str) and name), resource["address"].partition(".")[2])
