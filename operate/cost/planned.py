"""What a plan makes of the cost of the tasks, in one line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from operate.cost.prices import NoPriceError, prices_of
from operate.cost.sums import Task, dollars, monthly
from operate.plan import plan_fields

if TYPE_CHECKING:
    from operate.cost.prices import Prices

    Values = dict[str, Any]

_DEFINITION, _SERVICE, _TARGET = "aws_ecs_task_definition", "aws_ecs_service", "aws_appautoscaling_target"
_SCHEDULED = "aws_appautoscaling_scheduled_action"


def line(plan: dict[str, Any], *, region: str) -> str | None:
    """Before and after, where they differ; None where the plan leaves no service, or hides its size or its number."""
    plan = plan_fields.without_secrets(plan)
    after = _side(plan, "after")
    if after is None:
        return None
    try:
        prices = prices_of(region)
        now, before = _range(after, prices), _side(plan, "before")
        old = _range(before, prices) if before else now
    except NoPriceError as error:
        return f"What it costs is not known: {str(error)[0].lower()}{str(error)[1:]}"
    changed = f"{now}, {old} until now" if old != now else now
    return f"About {changed}, at AWS's prices in {region} of {prices.read}"


def _side(plan: dict[str, Any], when: str) -> tuple[Task, int, int] | None:
    """The task, and how many there are at least and at most; None where one of the three resources does not say."""
    found: dict[str, list[Values]] = {}
    for resource in plan.get("resource_changes", ()):
        if resource["mode"] == "managed" and "deposed" not in resource and resource["change"][when]:
            found.setdefault(resource["type"], []).append(resource["change"][when])
    definition, service, target = (next(iter(found.get(type_, [])), None) for type_ in (_DEFINITION, _SERVICE, _TARGET))
    if not (definition and service and target and definition["cpu"] and definition["memory"]):
        return None
    bounds = [target, *(_first(one, "scalable_target_action") for one in found.get(_SCHEDULED, []))]
    least, most = (_given(bounds, key) for key in ("min_capacity", "max_capacity"))
    return (_task(definition, service), min(least), max(most)) if least and most else None


def _given(bounds: list[Values], key: str) -> list[int]:
    """The provider has those of a schedule as text, and none where they stay as they are."""
    return [int(one[key]) for one in bounds if one.get(key) not in {None, ""}]


def _task(definition: Values, service: Values) -> Task:
    platform, network = _first(definition, "runtime_platform"), _first(service, "network_configuration")
    weights = {one["capacity_provider"]: one["weight"] for one in service.get("capacity_provider_strategy") or ()}
    storage = _first(definition, "ephemeral_storage").get("size_in_gib")
    task = Task(
        cpu=int(definition["cpu"]),
        memory_mib=int(definition["memory"]),
        architecture=platform.get("cpu_architecture") or "X86_64",
        spot_percent=round(100 * weights.get("FARGATE_SPOT", 0) / (sum(weights.values()) or 1)),
        public_ip=bool(network.get("assign_public_ip")),
    )
    return replace(task, storage_gib=storage) if storage else task


def _first(values: Values, block: str) -> Values:
    """Of a block that is there once, or not at all."""
    found: Values = next(iter(values.get(block) or ()), {})
    return found


def _range(side: tuple[Task, int, int], prices: Prices) -> str:
    task, least, most = side
    total = monthly(task, prices).total
    if least == most:
        return f"{dollars(most * total)} a month ({most} task{'s' * (most != 1)})"
    return f"{dollars(least * total)} to {dollars(most * total)} a month ({least} to {most} tasks)"
