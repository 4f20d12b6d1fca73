"""What a plan's changes do to what runs, as far as the plan itself knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from operate.plan import plan_changes, plan_fields, plan_permissions
from operate.plan.plan_changes import CREATED, DESTROYED, REPLACED, ROLLING, Changed
from operate.plan.rollout_duration import HealthCheck, RollingDeployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Effect:
    kind: Literal["rollout", "downtime", "logs", "scaling", "permissions", "lookup", "before"]
    text: str


def effects(plan: dict[str, Any]) -> list[Effect]:
    found = [effect for one in plan_changes.changed(plan) for effect in of(one, plan)]
    found += [Effect("permissions", text) for text in plan_permissions.widened(plan).values()]
    found += [
        Effect("lookup", f"{address} is looked up during the apply: what the plan checks of it is checked then")
        for address in plan_changes.read_at_apply(plan)
    ]
    return found


def of(changed: Changed, plan: dict[str, Any]) -> list[Effect]:
    """One change's own."""
    effects_of = _EFFECTS.get(changed.change.type)
    return list(effects_of(changed, plan_fields.without_secrets(plan))) if effects_of else []


def _of_service(changed: Changed, plan: dict[str, Any]) -> Iterator[Effect]:
    action = changed.change.action
    if changed.deposed:
        yield Effect("rollout", "a service that an earlier apply replaced, and failed to destroy, is destroyed")
    elif action == DESTROYED:
        created = any(one.type == "aws_ecs_service" for one in plan_changes.changes(plan) if one.action == CREATED)
        otherwise = "until the service that the plan creates is healthy" if created else "and nothing takes its place"
        yield Effect("downtime", f"the service is gone: the API is down, {otherwise}")
    elif action == REPLACED:
        yield Effect("downtime", _replaced_service(changed))
    elif action == CREATED:
        yield Effect("rollout", _first_deployment(changed, plan))
    elif action == ROLLING:
        yield from _rolling(changed, plan)


def _replaced_service(changed: Changed) -> str:
    if changed.actions == ["delete", "create"]:
        return "the API is down until the new service is healthy"
    if _place(changed.before) == _place(changed.after):
        return "ECS takes no second service of the same name: the apply fails, and the old service runs on"
    return (
        "the new service starts beside the old one, which is destroyed once the new one's tasks run: "
        "the API is down until they are healthy"
    )


def _place(service: dict[str, Any]) -> tuple[Any, Any]:
    return service.get("cluster"), service.get("name")


def _first_deployment(changed: Changed, plan: dict[str, Any]) -> str:
    count = changed.after.get("desired_count")
    if count is None:
        return "the first deployment: the API answers once a task is healthy"
    if not count:
        return "no task is started: the desired count is 0"
    check = _health_check(changed, plan)
    after = f", at most {check.seconds_until_healthy():.0f} s after it listens" if check else ""
    return f"{_tasks(count)} started; the API answers once one is healthy{after}"


def _rolling(changed: Changed, plan: dict[str, Any]) -> Iterator[Effect]:
    after = changed.after
    keys = ("desired_count", "deployment_minimum_healthy_percent", "deployment_maximum_percent")
    numbers = [after[key] for key in keys if after.get(key) is not None]
    if len(numbers) < len(keys):
        yield Effect("rollout", "rolling deployment")
        return
    rollout = RollingDeployment(*numbers)
    count = rollout.desired_count
    if not count:
        yield Effect("rollout", "no task runs, so none is replaced: the desired count is 0")
        return
    if not rollout.proceeds:
        yield Effect("rollout", _stuck(rollout))
        return
    check = _health_check(changed, plan)
    lasts = f", about {_between(rollout, check)} s and the time that tasks take to start and to end" if check else ""
    serving = f"at least {_serve(rollout.least_serving)} throughout" if rollout.least_serving else "none has to serve"
    yield Effect("rollout", f"rolling deployment of {count} task{'s' * (count > 1)}, {serving}{lasts}")
    if names := [name for block in after.get("alarms") or () if block["enable"] for name in block["alarm_names"]]:
        yield Effect(
            "rollout",
            f"ECS looks at {', '.join(sorted(names))} meanwhile and for minutes after, unless one is raised to begin "
            "with: if one is raised, it rolls the deployment back",
        )
    if not rollout.least_serving:
        yield Effect(
            "downtime", "a minimum of 0 percent costs requests: no task has to serve before a new one is healthy"
        )


def _between(rollout: RollingDeployment, check: HealthCheck) -> str:
    """The load balancer checks a new task at once, or an interval later."""
    seconds = (rollout.seconds(check, first_check_seconds=wait) or 0 for wait in (0, check.interval_seconds))
    return " to ".join(dict.fromkeys(f"{one:.0f}" for one in seconds))


def _serve(count: int) -> str:
    return f"{count} serves" if count == 1 else f"{count} serve"


def _stuck(rollout: RollingDeployment) -> str:
    return (
        f"the rolling deployment cannot proceed: of {_tasks(rollout.desired_count, verb='')} at least "
        f"{rollout.least_serving} must serve, and no more than {rollout.most_running} may run"
    )


def _tasks(count: int, *, verb: str = " are") -> str:
    return f"{count} tasks{verb}" if count != 1 else f"1 task{' is' if verb else ''}"


def _health_check(changed: Changed, plan: dict[str, Any]) -> HealthCheck | None:
    """Of the group that the service is in, or the slowest of several; None where the plan could not look that up."""
    resources = plan.get("prior_state", {}).get("values", {}).get("root_module", {}).get("resources", ())
    arns = {balancer.get("target_group_arn") for balancer in changed.after.get("load_balancer") or ()}
    groups = [resource["values"] for resource in resources if resource["type"] == "aws_lb_target_group"]
    checks = [
        HealthCheck(
            protocol=str(check["protocol"]),
            interval_seconds=int(check["interval"]),
            healthy_threshold=int(check["healthy_threshold"]),
            unhealthy_threshold=int(check["unhealthy_threshold"]),
            drain_seconds=int(group["deregistration_delay"] or 0),
        )
        for group in groups
        if group.get("arn") in arns
        for check in group.get("health_check") or ()
    ]
    if not checks:
        return None
    slowest = max(checks, key=lambda check: check.seconds_until_healthy())
    return replace(slowest, drain_seconds=max(check.drain_seconds for check in checks))


def _name(changed: Changed) -> str:
    """The old one's."""
    return str(changed.before.get("name") or changed.change.name)


def _of_cluster(changed: Changed, _: dict[str, Any]) -> Iterator[Effect]:
    if changed.change.action in {REPLACED, DESTROYED}:
        yield Effect("downtime", f"the cluster {_name(changed)} goes, with whatever runs in it")


def _of_log_group(changed: Changed, _: dict[str, Any]) -> Iterator[Effect]:
    """A retention of 0 days keeps them for ever."""
    if changed.change.action in {REPLACED, DESTROYED}:
        if not changed.before.get("skip_destroy"):
            yield Effect("logs", f"the logs in {_name(changed)} are deleted")
        return
    old, new = changed.before.get("retention_in_days"), changed.after.get("retention_in_days")
    if changed.before and new and (not old or new < old):
        yield Effect("logs", f"logs older than {new} days will expire ({f'{old} days' if old else 'never'} until now)")


def _of_scaling(changed: Changed, plan: dict[str, Any]) -> Iterator[Effect]:
    if changed.change.action == REPLACED:
        yield Effect("scaling", "scaling is lost meanwhile: the number of tasks stays as it is")
    elif changed.change.action == DESTROYED:
        yield Effect("scaling", "scaling is lost: the number of tasks stays as it is")
    elif changed.before and (text := _other_bounds(changed, plan)):
        yield Effect("scaling", text)


def _of_schedule(changed: Changed, _: dict[str, Any]) -> Iterator[Effect]:
    if changed.change.action == DESTROYED:
        yield Effect("scaling", f"the schedule {_name(changed)} acts no more")
        return
    after = changed.after
    bounds: dict[str, Any] = next(iter(after.get("scalable_target_action") or ()), {})
    low, high = bounds.get("min_capacity"), bounds.get("max_capacity")
    sides = (f"at least {low}" if low else "", f"at most {high}" if high else "")
    when = f"{after.get('schedule')} ({after.get('timezone')})"
    yield Effect(
        "scaling", f"the schedule {after.get('name')} sets {' and '.join(filter(None, sides))} tasks at {when}"
    )


def _other_bounds(changed: Changed, plan: dict[str, Any]) -> str | None:
    low, high = changed.after.get("min_capacity"), changed.after.get("max_capacity")
    counts = [
        resource["change"]["before"].get("desired_count")
        for resource in plan["resource_changes"]
        if resource["type"] == "aws_ecs_service" and resource["change"]["before"]
    ]
    if low is None or high is None or len(counts) != 1 or counts[0] is None:
        return None
    (count,) = counts
    if low <= count <= high:
        return None
    what = f"starts {low - count}" if count < low else f"stops {count - high}"
    return f"autoscaling holds {low} to {high} tasks and {count} {'is' if count == 1 else 'are'} wanted now: it {what}"


_EFFECTS: dict[str, Callable[[Changed, dict[str, Any]], Iterator[Effect]]] = {
    "aws_ecs_service": _of_service,
    "aws_ecs_cluster": _of_cluster,
    "aws_cloudwatch_log_group": _of_log_group,
    "aws_appautoscaling_target": _of_scaling,
    "aws_appautoscaling_scheduled_action": _of_schedule,
}
