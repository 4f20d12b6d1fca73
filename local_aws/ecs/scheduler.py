"""The ECS service scheduler: one loop that compares each service with what it should be, and takes the next step.

A task counts once its targets and its containers are healthy. Steps follow AWS's rolling update:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ministack.services import alb, ecs

from local_aws.ecs import container_health, deployments, engine_health, records, task_volumes, tasks
from local_aws.elasticloadbalancing import targets
from local_aws.tenants import for_each_tenant

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.ministack_types import Record


_TICK_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30  # AWS goes up to a quarter of an hour

_log = logging.getLogger("local_aws")


@dataclass
class _Throttle:
    """Slows down a deployment whose tasks keep failing: the first replacement starts at once, then ever later.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html: an update ends it.
    """

    failures: int = 0
    not_before: float = 0.0

    def note_failure(self) -> None:
        self.failures += 1
        if self.failures > 1:
            self.not_before = time.monotonic() + min(2.0 ** (self.failures - 2), _LONGEST_PAUSE_SECONDS)

    @property
    def holds(self) -> bool:
        return time.monotonic() < self.not_before


@dataclass(frozen=True)
class _Fleet:
    """A service's living tasks."""

    current: list[Record]  # of the primary deployment
    superseded: list[Record]
    healthy: frozenset[str]  # task ARNs

    def count_healthy(self, some: list[Record]) -> int:
        return sum(task["taskArn"] in self.healthy for task in some)

    @property
    def size(self) -> int:
        return len(self.current) + len(self.superseded)


_throttles: dict[str, _Throttle] = {}


def start() -> None:
    threading.Thread(target=_run, name="ecs-scheduler", daemon=True).start()


def act_soon(_original: object, *_: object, **__: object) -> None:
    """Stands for what MiniStack does at once, and the loop at its own moment."""
    records.notify_scheduler()


def close(sweep: Callable[..., None], *arguments: object) -> None:
    """Stands for the emulator's sweep of its containers; at shutdown nothing takes the place of what it removes.

    It sweeps again for a container that was just being created.
    """
    if not arguments:
        records.closing.set()
        sweep()
    sweep(*arguments)
    task_volumes.sweep(ecs._get_docker())


def _run() -> None:
    while not records.closing.is_set():
        records.wait_for_change(timeout_seconds=_TICK_SECONDS)
        with records.LOCK:
            for_each_tenant((alb._tgs, ecs._services), targets.supervise)
            for_each_tenant((ecs._services,), _reconcile_all)
            for_each_tenant((ecs._tasks,), tasks.forget_stopped)


def _reconcile_all() -> None:
    for service in ecs._services.values():
        try:
            reconcile(service)
        except Exception:  # noqa: BLE001 - one service's trouble is not the others'
            _log.exception("service %s could not be reconciled", service["serviceName"])


def reconcile(service: Record) -> None:
    own = records.tasks_of(service)
    for task in own:
        tasks.stop_after_restart(task)
    _register_targets(service, own)
    if service["status"] == "ACTIVE" and not engine_health.refuses():
        _advance(service, own)
    elif service["status"] == "DRAINING" and all(task["lastStatus"] == "STOPPED" for task in own):
        service["status"] = "INACTIVE"
    deployments.count_tasks(service, records.tasks_of(service))


def _register_targets(service: Record, own: list[Record]) -> None:
    """Only a running task has a target; that of a task which is to stop is deregistered."""
    running = [task for task in own if records.is_alive(task) and task["lastStatus"] == "RUNNING"]
    for balancer in service["loadBalancers"]:
        group_arn, port = balancer["targetGroupArn"], balancer["containerPort"]
        targets.deregister(group_arn, task_arns=_owners_not_alive(own, group_arn))
        new = [
            task
            for task in running
            if (address := ecs._task_ip(task)) and targets.register(group_arn, address, port, task_arn=task["taskArn"])
        ]
        if new:
            records.add_event(service, f"registered {len(new)} targets in (target-group {group_arn})")


def _owners_not_alive(own: list[Record], group_arn: str) -> set[str]:
    """Targets of tasks that an earlier run of the emulator left behind."""
    alive = {task["taskArn"] for task in own if records.is_alive(task)}
    known = {task["taskArn"] for task in own}
    return {arn for arn in targets.owners(group_arn) if arn in known and arn not in alive}


def _advance(service: Record, own: list[Record]) -> None:
    _stop_unhealthy(service, own)
    _note_failures(service, own)
    deployments.look_at_alarms(service)
    fleet = _fleet(service)
    _note_recovery(service, fleet)
    if not deployments.has_failed(deployments.primary(service)):
        _start_missing(service, fleet)
        _stop_superfluous(service, fleet)
        _stop_superseded(service, fleet)
    deployments.drop_empty(service, records.tasks_of(service))
    _note_steadiness(service)


def _fleet(service: Record) -> _Fleet:
    alive = [task for task in records.tasks_of(service) if records.is_alive(task)]
    primary = deployments.primary(service)["id"]
    return _Fleet(
        current=[task for task in alive if task["_deployment_id"] == primary],
        superseded=[task for task in alive if task["_deployment_id"] != primary],
        healthy=frozenset(task["taskArn"] for task in alive if is_healthy(service, task)),
    )


def is_healthy(service: Record, task: Record) -> bool:
    """Tasks that are only bookkeeping, for want of a container engine, are healthy as soon as they run."""
    if task["lastStatus"] != "RUNNING" or not task["_docker_ids"]:
        return bool(task["lastStatus"] == "RUNNING")
    found = [targets.health_of(one["targetGroupArn"], task_arn=task["taskArn"]) for one in service["loadBalancers"]]
    served = all(health is not None and health.state == "healthy" for health in found)
    return served and container_health.is_healthy(task)


def _stop_unhealthy(service: Record, own: list[Record]) -> None:
    for task in own:
        if records.is_alive(task) and task["lastStatus"] == "RUNNING" and not _is_in_grace(service, task):
            for balancer in service["loadBalancers"]:
                _stop_if_unhealthy(service, task, balancer)
            _stop_if_containers_are_unhealthy(service, task)


def _is_in_grace(service: Record, task: Record) -> bool:
    grace_seconds = service.get("healthCheckGracePeriodSeconds") or 0
    return bool(time.time() < ecs._ts_to_epoch(task["startedAt"]) + grace_seconds)


def _stop_if_unhealthy(service: Record, task: Record, balancer: Record) -> None:
    group_arn = balancer["targetGroupArn"]
    health = targets.health_of(group_arn, task_arn=task["taskArn"])
    if health is None or health.state != "unhealthy":
        return
    where = f"(target-group {group_arn})"
    records.add_event(
        service,
        f"(task {records.id_of(task)}) (port {balancer['containerPort']}) is unhealthy in {where} "
        f"due to (reason {health.description})",
    )
    tasks.stop(task, reason=f"Task failed ELB health checks in {where}", code="ServiceSchedulerInitiated", failed=True)


def _stop_if_containers_are_unhealthy(service: Record, task: Record) -> None:
    if container_health.is_unhealthy(task) and records.is_alive(task):
        records.add_event(service, f"(task {records.id_of(task)}) failed container health checks.")
        reason = "Task failed container health checks"
        tasks.stop(task, reason=reason, code="ServiceSchedulerInitiated", failed=True)


def _note_failures(service: Record, own: list[Record]) -> None:
    for task in own:
        if task.pop("_failed", False):
            _throttle(task["_deployment_id"]).note_failure()
            deployments.count_failure(service, task)


def _note_recovery(service: Record, fleet: _Fleet) -> None:
    for task in [*fleet.current, *fleet.superseded]:
        if task["taskArn"] in fleet.healthy and not task.get("_was_healthy"):
            task["_was_healthy"] = True
            _throttles.pop(task["_deployment_id"], None)
            deployments.reset_failed_tasks(service, task)


def _throttle(deployment_id: str) -> _Throttle:
    return _throttles.setdefault(deployment_id, _Throttle())


def _start_missing(service: Record, fleet: _Fleet) -> None:
    missing = service["desiredCount"] - len(fleet.current)
    room = _most_tasks(service) - fleet.size
    primary = deployments.primary(service)
    if min(missing, room) <= 0 or _throttle(primary["id"]).holds:
        return
    request = {
        "cluster": service["clusterArn"],
        "taskDefinition": primary["taskDefinition"],
        "count": min(missing, room),
        "group": f"service:{service['serviceName']}",
        "startedBy": primary["id"],
        "_deploymentId": primary["id"],
        "tags": ecs._tags.get(service["serviceArn"]) if service.get("propagateTags") == "SERVICE" else None,
        **{name: service[name] for name in _INHERITED if service.get(name)},
    }
    status, _, body = ecs._run_task(request)
    answer = json.loads(body)
    if status != 200:  # noqa: PLR2004
        records.add_event(service, f"was unable to place a task. Reason: {answer.get('message', answer)}")
        _throttle(primary["id"]).note_failure()
        return
    started = " ".join(f"(task {records.id_of(task)})" for task in answer["tasks"])
    records.add_event(service, f"has started {len(answer['tasks'])} tasks: {started}.")


_INHERITED = (
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "networkConfiguration",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "propagateTags",
)


def _most_tasks(service: Record) -> int:
    percent = service["deploymentConfiguration"].get("maximumPercent", 200)
    return int(service["desiredCount"] * percent // 100)


def _fewest_healthy(service: Record) -> int:
    percent = service["deploymentConfiguration"].get("minimumHealthyPercent", 100)
    return int(-(-service["desiredCount"] * percent // 100))


def _stop_superfluous(service: Record, fleet: _Fleet) -> None:
    """Scaling in: tasks that serve nobody go first, then the newest."""
    by_use = sorted(fleet.current, key=lambda task: (task["taskArn"] in fleet.healthy, _age(task)))
    _scale_in(service, by_use[: max(0, len(by_use) - service["desiredCount"])])


def _age(task: Record) -> float:
    return time.time() - float(ecs._ts_to_epoch(task["createdAt"]))


def _stop_superseded(service: Record, fleet: _Fleet) -> None:
    """As many as the healthy ones can spare; an idle one only if a rollback would not go back to it."""
    spare = len(fleet.healthy) - _fewest_healthy(service)
    serving = [task for task in fleet.superseded if task["taskArn"] in fleet.healthy]
    idle = [task for task in fleet.superseded if task["taskArn"] not in fleet.healthy]
    replaced = fleet.count_healthy(fleet.current) >= service["desiredCount"]
    completed = (service.get("_completed") or {}).get("id")
    unneeded = [task for task in idle if replaced or task["_deployment_id"] != completed]
    _scale_in(service, [*unneeded, *serving[: max(0, spare)]])


def _scale_in(service: Record, chosen: list[Record]) -> None:
    primary = deployments.primary(service)["id"]
    reason = f"Scaling activity initiated by (deployment {primary})"
    stopped = [task for task in chosen if tasks.stop(task, reason=reason, code="ServiceSchedulerInitiated")]
    if stopped:
        named = " ".join(f"(task {records.id_of(task)})" for task in stopped)
        records.add_event(service, f"has stopped {len(stopped)} running tasks: {named}.")


def _note_steadiness(service: Record) -> None:
    fleet = _fleet(service)
    alone = len(service["deployments"]) == 1 and not fleet.superseded
    steady = alone and fleet.count_healthy(fleet.current) == len(fleet.current) == service["desiredCount"]
    if steady and deployments.is_in_progress(deployments.primary(service)):
        deployments.complete(service)
    if steady and not service.get("_steady"):
        records.add_event(service, "has reached a steady state.")
    service["_steady"] = steady
