"""What a plan lets the tasks' roles do that they could not do before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operate.plan import plan_fields
from operate.plan.policy_grants import gained, grants_in

if TYPE_CHECKING:
    from collections.abc import Iterator

TASK_ROLE, EXECUTION_ROLE = "task role", "execution role"

_SIDES = ("before", "after")
_ROLES = {TASK_ROLE: "task_role_arn", EXECUTION_ROLE: "execution_role_arn"}


def widened(plan: dict[str, Any]) -> dict[str, str]:
    """Which of the task definition's roles gains what; a first deployment has nothing to be compared with."""
    seen = plan_fields.without_secrets(plan)
    return {role: text for role in _ROLES if (text := _gains(seen, role))}


def _gains(plan: dict[str, Any], role: str) -> str | None:
    names = role_names(plan, role)
    if None in names.values():
        return None
    found = [*_gained_grants(plan, names), *_gained_otherwise(plan, names)]
    return f"permissions widened: {role} gains {'; '.join(found)}" if found else None


def role_names(plan: dict[str, Any], role: str) -> dict[str, str | None]:
    """Before and after, by the ARN in the task definition, or by what that refers to where the ARN is not known yet."""
    definitions = _resources(plan, "aws_ecs_task_definition")
    changes = [one["change"] for one in definitions]
    arns = {when: next((one[when].get(_ROLES[role]) for one in changes if one[when]), None) for when in _SIDES}
    names = {when: arn.rpartition("/")[2] if arn else None for when, arn in arns.items()}
    written = plan.get("configuration", {}).get("root_module", {}).get("resources", ())
    addresses = {one["address"] for one in definitions}
    expressions: dict[str, Any] = next((one["expressions"] for one in written if one["address"] in addresses), {})
    references = expressions.get(_ROLES[role], {}).get("references", ())
    referred = [one["change"]["after"] for one in _resources(plan, "aws_iam_role") if one["address"] in references]
    return {**names, "after": names["after"] or next((one["name"] for one in referred if one), None)}


def role_address(plan: dict[str, Any], name: str | None) -> str:
    roles = _resources(plan, "aws_iam_role")
    named = [one["address"] for one in roles if (one["change"]["after"] or {}).get("name") == name]
    return str(next(iter(named), name))


def _gained_grants(plan: dict[str, Any], names: dict[str, str | None]) -> list[str]:
    before, after = (
        {
            grant
            for values in _values(plan, "aws_iam_role_policy", when, role=names[when])
            for grant in grants_in(values.get("policy"))
        }
        for when in _SIDES
    )
    return gained(before, after)


def _gained_otherwise(plan: dict[str, Any], names: dict[str, str | None]) -> Iterator[str]:
    """Policies that only the apply knows, attached ones, a boundary that falls, and who may assume the role."""
    for resource in _resources(plan, "aws_iam_role_policy"):
        change = resource["change"]
        values = change["after"] or {}
        is_of_role = values.get("role") == names["after"] and change["actions"] != ["no-op"]
        if is_of_role and values.get("policy") is None:
            yield f"a policy that the plan does not show ({resource['address']})"
    attached, new_attached = (_attached(plan, when, names[when]) for when in _SIDES)
    yield from sorted(new_attached - attached)
    before, after = (next(_values(plan, "aws_iam_role", when, name=names[when]), {}) for when in _SIDES)
    boundary, new_boundary = before.get("permissions_boundary"), after.get("permissions_boundary")
    if boundary and boundary != new_boundary:
        yield f"what the boundary {boundary} did not allow" + (f", within {new_boundary}" if new_boundary else "")
    trusts = [grants_in(values.get("assume_role_policy")) for values in (before, after)]
    yield from gained(*trusts)


def _attached(plan: dict[str, Any], when: str, name: str | None) -> set[str]:
    exclusive = _values(plan, "aws_iam_role_policy_attachments_exclusive", when, role_name=name)
    single = _values(plan, "aws_iam_role_policy_attachment", when, role=name)
    arns = [arn for values in exclusive for arn in values.get("policy_arns") or ()]
    return {*arns, *(values["policy_arn"] for values in single if values.get("policy_arn"))}


def _values(plan: dict[str, Any], type_: str, when: str, **wanted: str | None) -> Iterator[dict[str, Any]]:
    """Of the resources of a type that have these attributes, before or after."""
    for resource in _resources(plan, type_):
        values = resource["change"][when] or {}
        if values and all(values.get(key) == value for key, value in wanted.items()):
            yield values


def _resources(plan: dict[str, Any], type_: str) -> list[dict[str, Any]]:
    resources = plan.get("resource_changes", ())
    return [one for one in resources if one["mode"] == "managed" and one["type"] == type_]
