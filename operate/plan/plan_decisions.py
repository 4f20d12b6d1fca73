"""The brake: what a plan may do only if a person said so. No change destroys what runs otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from operate.errors import OperateError
from operate.plan import plan_changes, plan_effects, plan_permissions
from operate.plan.plan_changes import DESTROYED, REPLACED
from operate.plan.plan_permissions import TASK_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from operate.plan.plan_changes import Changed

NEEDS_A_DECISION = 3

_KEPT = {"aws_ecs_service", "aws_ecs_cluster", "aws_cloudwatch_log_group", "aws_appautoscaling_target"}
_VERBS = {REPLACED: "replaces", DESTROYED: "destroys"}


class Allowance(str, Enum):
    REPLACE = "replace"
    WIDEN = "widen"


@dataclass(frozen=True)
class Decision:
    """What an apply waits for: `--allow` with `allow`, since the plan does `what` to a resource."""

    allow: Allowance
    address: str
    what: str
    why: str


class DecisionNeededError(OperateError):
    exit_code = NEEDS_A_DECISION


def decisions(plan: dict[str, Any]) -> list[Decision]:
    found = [
        Decision(Allowance.REPLACE, one.address, f"{_VERBS[one.action]} {one.type} {one.name}", _why(changed, plan))
        for changed in plan_changes.changed(plan)
        if (one := changed.change).type in _KEPT and one.action in _VERBS
    ]
    widened = plan_permissions.widened(plan).get(TASK_ROLE)
    if widened:
        name = plan_permissions.role_names(plan, TASK_ROLE)["after"]
        address = plan_permissions.role_address(plan, name)
        found.append(Decision(Allowance.WIDEN, address, f"widens aws_iam_role {name}", widened))
    return found


def require_allowed(plan: dict[str, Any], allowed: Iterable[Allowance]) -> None:
    """Raises DecisionNeededError that names what is not allowed yet, and how to allow it."""
    missing = [one for one in decisions(plan) if one.allow not in {*allowed}]
    if not missing:
        return
    options = sorted({one.allow.value for one in missing})
    flags = " ".join(f"--allow {option}" for option in options)
    made = f'ALLOW="{" ".join(options)}"' if len(options) > 1 else f"ALLOW={options[0]}"
    raise DecisionNeededError(
        "\n".join(
            [
                "Nothing was changed: the plan does what needs a decision.",
                *(f"  {one.what} ({one.address}): {one.why}." for one in missing),
                f"If that is what you want: {flags} (make: {made}).",
            ]
        )
    )


def _why(changed: Changed, plan: dict[str, Any]) -> str:
    return "; ".join(effect.text for effect in plan_effects.of(changed, plan)) or "it would be gone"
