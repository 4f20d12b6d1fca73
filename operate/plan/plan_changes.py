"""What a plan would change: https://developer.hashicorp.com/terraform/internals/json-format"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from operate.plan import plan_fields
from operate.plan.plan_fields import SENSITIVE, UNKNOWN, Field

IN_PLACE, ROLLING, NEW_REVISION = "in place", "rolling", "new revision"
CREATED, REPLACED, DESTROYED = "created", "replaced", "destroyed"

_ACTIONS = {
    ("create",): CREATED,
    ("update",): IN_PLACE,
    ("delete",): DESTROYED,
    ("delete", "create"): REPLACED,
    ("create", "delete"): REPLACED,
    ("forget",): "forgotten",
}


@dataclass(frozen=True)
class Change:
    """`name` is AWS's, where the plan knows it; `known_after_apply` are the attributes that AWS makes."""

    action: str
    type: str
    name: str
    address: str = ""
    fields: tuple[Field, ...] = ()
    known_after_apply: tuple[str, ...] = ()


@dataclass(frozen=True)
class OutputChange:
    """Both as they are shown, None where there is no such output."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Changed:
    """A change with the values of its resource, without the sensitive ones."""

    change: Change
    actions: list[str]
    before: dict[str, Any]
    after: dict[str, Any]
    deposed: bool


def changes(plan: dict[str, Any]) -> list[Change]:
    """Nothing of what is only read, and nothing of what stays as it is."""
    return [one.change for one in changed(plan)]


def changed(plan: dict[str, Any]) -> list[Changed]:
    written, seen = _written(plan), plan_fields.without_secrets(plan)
    pairs = zip(plan.get("resource_changes", ()), seen["resource_changes"], strict=True)
    found = (_changed(resource, masked, written) for resource, masked in pairs)
    return sorted((one for one in found if one), key=lambda one: (one.change.type, one.change.name))


def output_changes(plan: dict[str, Any]) -> list[OutputChange]:
    """Nothing of those that stay. What is sensitive is not shown, and neither is what only the apply will know."""
    return [
        OutputChange(name, _shown(change, "before", absent="create"), _shown(change, "after", absent="delete"))
        for name, change in sorted(plan.get("output_changes", {}).items())
        if change["actions"] != ["no-op"]
    ]


def planned_output(plan: dict[str, Any], name: str) -> str | None:
    """Its value after the apply; None where the stack has no such output, or only the apply will know."""
    value: str | None = plan["planned_values"].get("outputs", {}).get(name, {}).get("value")
    return value


def read_at_apply(plan: dict[str, Any]) -> list[str]:
    """Addresses of what the plan could not look up, for it depends on what the apply makes."""
    found = (resource for resource in plan.get("resource_changes", ()) if resource["change"]["actions"] == ["read"])
    return sorted(resource["address"] for resource in found)


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


def _shown(change: dict[str, Any], when: str, *, absent: str) -> str | None:
    if absent in change["actions"]:
        return None
    if change["before_sensitive"] or change["after_sensitive"]:
        return SENSITIVE
    if when == "after" and change["after_unknown"]:
        return UNKNOWN
    value = change[when]
    return plan_fields.escaped(value if isinstance(value, str) else json.dumps(value))


def _changed(resource: dict[str, Any], masked: dict[str, Any], written: dict[str, set[str]]) -> Changed | None:
    action = _action(resource) if resource["mode"] == "managed" else None
    if action is None:
        return None
    before, after = masked["change"]["before"] or {}, masked["change"]["after"] or {}
    deposed = "deposed" in resource
    change = Change(
        action=action,
        type=resource["type"],
        name=f"{_name(masked)}{_standing(resource, action)}",
        address=resource["address"],
        **_fields(resource, action, written),
    )
    return Changed(change, resource["change"]["actions"], before, after, deposed)


def _fields(resource: dict[str, Any], action: str, written: dict[str, set[str]]) -> dict[str, Any]:
    """Those that differ, of a new resource those that the configuration sets, and the names of what AWS makes."""
    change = resource["change"]
    attributes = {*(change["before"] or {}), *(change["after"] or {}), *(change.get("after_unknown") or {})}
    own = written.get(resource["address"].partition("[")[0], attributes)
    computed = {one for one in attributes if plan_fields.is_unknown(change, one) and one not in own}
    shown = attributes - computed
    if action == CREATED:
        shown &= {*own, "tags_all"}
    if "tags_all" in shown:
        shown -= {"tags"}
    fields = plan_fields.compared(change, attributes=shown)
    return {"fields": tuple(fields), "known_after_apply": tuple(sorted(computed))}


def _action(resource: dict[str, Any]) -> str | None:
    change = resource["change"]
    action = _ACTIONS.get(tuple(change["actions"])) or _of_the_state_alone(resource)
    before, after = change["before"] or {}, change["after"] or {}
    if action == REPLACED and resource["type"] == "aws_ecs_task_definition" and before.get("skip_destroy"):
        return NEW_REVISION
    if action == IN_PLACE and resource["type"] == "aws_ecs_service" and _is_deployment(change, before, after):
        return ROLLING
    return action


def _is_deployment(change: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> bool:
    """With `force_new_deployment`, whatever changes but tags; without it, another task definition.

    https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/ecs_service#force_new_deployment
    """
    unknown = {one for one in change.get("after_unknown") or {} if plan_fields.is_unknown(change, one)}
    changed = {one for one in {*before, *after} if before.get(one) != after.get(one)} | unknown
    return bool(changed - {"tags", "tags_all"}) if after.get("force_new_deployment") else "task_definition" in changed


def _of_the_state_alone(resource: dict[str, Any]) -> str | None:
    """What an apply does where AWS's resource stays as it is."""
    if resource["change"].get("importing"):
        return "imported"
    return "moved" if "previous_address" in resource else None


def _standing(resource: dict[str, Any], action: str) -> str:
    """Whether it is what an earlier apply failed to destroy, or taken over beside what else happens to it."""
    if "deposed" in resource:
        return " (deposed)"
    return " (imported)" if resource["change"].get("importing") and action != "imported" else ""


def _written(plan: dict[str, Any]) -> dict[str, set[str]]:
    """Addresses to the attributes that the configuration sets, of the root module; AWS makes the others."""
    resources = plan.get("configuration", {}).get("root_module", {}).get("resources", ())
    return {resource["address"]: set(resource.get("expressions", {})) for resource in resources}


def _name(resource: dict[str, Any]) -> str:
    """AWS's name for it, where the plan knows one, for Terraform's carries a hash."""
    values = resource["change"]["after"] or resource["change"]["before"] or {}
    if resource["type"] == "aws_iam_role_policy" and values.get("role"):
        return f"{values['role']}/{values.get('name')}"
    names = (values.get(key) for key in ("name", "family", "resource_id", "role_name", "dashboard_name", "alarm_name"))
    return next((name for name in names if isinstance(name, str) and name), resource["address"].partition(".")[2])
