"""What a plan's changes do to what runs, as far as the plan itself knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from operate import plan_changes, plan_permissions
from operate.plan_changes import CREATED, DESTROYED, REPLACED, ROLLING, Change
from operate.rollout_duration import HealthCheck, RollingDeployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Effect:
    kind: Literal["rollout", "downtime", "logs", "scaling", "permissions", "lookup"]
    text: str


def effects(plan: dict[str, Any]) -> list[Effect]:
    found = [effect for change in plan_changes.changes(plan) for effect in of(change, plan)]
    found += [Effect("permissions", text) for text in plan_permissions.widened(plan).values()]
    found += [
        Effect("lookup", f"{address} is looked up during the apply: what the plan checks of it is checked then")
        for address in plan_changes.read_at_apply(plan)
    ]
    return found


def of(change: Change, plan: dict[str, Any]) -> list[Effect]:
    """One change's own."""
    values = next(one["change"] for one in plan["resource_changes"] if one["address"] == change.address)
    changed = _Changed(change, values["before"] or {}, values["after"] or {}, plan)
    return list(_EFFECTS[change.type](changed)) if change.type in _EFFECTS else []


@dataclass(frozen=True)
class _Changed:
    """A change, with the resource's values before and after it, and the whole plan."""

    change: Change
    before: dict[str, Any]
    after: dict[str, Any]
    plan: dict[str, Any]


def _of_service(changed: _Changed) -> Iterator[Effect]:
    action = changed.change.action
    if action == DESTROYED:
        created = any(
            one.type == "aws_ecs_service" for one in plan_changes.changes(changed.plan) if one.action == CREATED
        )
        otherwise = "until the service that the plan creates is healthy" if created else "and nothing takes its place"
        yield Effect("downtime", f"the service is gone: the API is down, {otherwise}")
    elif action == REPLACED:
        yield Effect("downtime", _replaced_service(changed))
    elif action == CREATED:
        yield Effect("rollout", _first_deployment(changed))
    elif action == ROLLING:
        yield from _rolling(changed)


def _replaced_service(changed: _Changed) -> str:
    actions = next(
        resource["change"]["actions"]
        for resource in changed.plan["resource_changes"]
        if resource["address"] == changed.change.address
    )
    if actions == ["delete", "create"]:
        return "the API is down until the new service is healthy"
    if _place(changed.before) == _place(changed.after):
        return "ECS takes no second service of the same name: the apply fails, and the old service runs on"
    return (
        "the new service starts beside the old one, which is destroyed once the new one's tasks run: "
        "the API is down until they are healthy"
    )


def _place(service: dict[str, Any]) -> tuple[Any, Any]:
    return service.get("cluster"), service.get("name")


def _first_deployment(changed: _Changed) -> str:
    count = changed.after.get("desired_count") or 0
    if not count:
        return "no task is started: the desired count is 0"
    check = _health_check(changed)
    after = f", about {check.seconds_until_healthy} s after its start" if check else ""
    return f"{_tasks(count)} started; the API answers once one is healthy{after}"


def _rolling(changed: _Changed) -> Iterator[Effect]:
    after = changed.after
    rollout = RollingDeployment(
        desired_count=after.get("desired_count") or 0,
        minimum_healthy_percent=after.get("deployment_minimum_healthy_percent", 100),
        maximum_percent=after.get("deployment_maximum_percent", 200),
    )
    count = rollout.desired_count
    if not count:
        yield Effect("rollout", "no task runs, so none is replaced: the desired count is 0")
        return
    if not rollout.proceeds:
        yield Effect("rollout", _stuck(rollout))
        return
    check = _health_check(changed)
    seconds = rollout.seconds(check) if check else None
    lasts = "" if seconds is None else f", about {seconds:.0f} s and the time that tasks take to start"
    serving = f"at least {_serve(rollout.least_serving)} throughout" if rollout.least_serving else "none need serve"
    yield Effect("rollout", f"rolling deployment of {count} task{'s' * (count > 1)}, {serving}{lasts}")
    if not rollout.least_serving:
        yield Effect(
            "downtime", "a minimum of 0 percent costs requests: no task need serve before a new one is healthy"
        )


def _serve(count: int) -> str:
    return f"{count} serves" if count == 1 else f"{count} serve"


def _stuck(rollout: RollingDeployment) -> str:
    return (
        f"the rolling deployment cannot proceed: of {_tasks(rollout.desired_count, verb='')} at least "
        f"{rollout.least_serving} must serve, and no more than {rollout.most_running} may run"
    )


def _tasks(count: int, *, verb: str = " are") -> str:
    return f"{count} tasks{verb}" if count != 1 else f"1 task{' is' if verb else ''}"


def _health_check(changed: _Changed) -> HealthCheck | None:
    """Of the group that the service is in; None where the plan could not look that up."""
    resources = changed.plan.get("prior_state", {}).get("values", {}).get("root_module", {}).get("resources", ())
    arns = {balancer.get("target_group_arn") for balancer in changed.after.get("load_balancer") or ()}
    for resource in resources:
        group = resource["values"]
        if resource["type"] == "aws_lb_target_group" and group.get("arn") in arns and group.get("health_check"):
            check = group["health_check"][0]
            return HealthCheck(
                protocol=str(check["protocol"]),
                interval_seconds=int(check["interval"]),
                healthy_threshold=int(check["healthy_threshold"]),
                drain_seconds=int(group["deregistration_delay"] or 0),
            )
    return None


def _of_cluster(changed: _Changed) -> Iterator[Effect]:
    if changed.change.action in {REPLACED, DESTROYED}:
        yield Effect("downtime", f"the cluster {changed.before.get('name')} goes, with whatever runs in it")


def _of_log_group(changed: _Changed) -> Iterator[Effect]:
    """A retention of 0 days keeps them for ever."""
    if changed.change.action in {REPLACED, DESTROYED}:
        if not changed.before.get("skip_destroy"):
            yield Effect("logs", f"the logs in {changed.before.get('name')} are deleted")
        return
    old, new = changed.before.get("retention_in_days"), changed.after.get("retention_in_days")
    if changed.before and new and (not old or new < old):
        yield Effect("logs", f"logs older than {new} days will expire ({f'{old} days' if old else 'never'} until now)")


def _of_scaling(changed: _Changed) -> Iterator[Effect]:
    if changed.change.action == REPLACED:
        yield Effect("scaling", "scaling is lost meanwhile: the number of tasks stays as it is")
    elif changed.change.action == DESTROYED:
        yield Effect("scaling", "scaling is lost: the number of tasks stays as it is")
    elif changed.before and (text := _other_bounds(changed)):
        yield Effect("scaling", text)


def _other_bounds(changed: _Changed) -> str | None:
    low, high = changed.after.get("min_capacity"), changed.after.get("max_capacity")
    counts = [
        resource["change"]["before"].get("desired_count")
        for resource in changed.plan["resource_changes"]
        if resource["type"] == "aws_ecs_service" and resource["change"]["before"]
    ]
    if low is None or high is None or len(counts) != 1 or counts[0] is None:
        return None
    (count,) = counts
    if low <= count <= high:
        return None
    what = f"starts {low - count}" if count < low else f"stops {count - high}"
    return f"autoscaling holds {low} to {high} tasks and {count} {'is' if count == 1 else 'are'} wanted now: it {what}"


_EFFECTS: dict[str, Callable[[_Changed], Iterator[Effect]]] = {
    "aws_ecs_service": _of_service,
    "aws_ecs_cluster": _of_cluster,
    "aws_cloudwatch_log_group": _of_log_group,
    "aws_appautoscaling_target": _of_scaling,
}
