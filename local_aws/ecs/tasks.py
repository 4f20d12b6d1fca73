"""A task's life: its containers start, are watched, and stop in the order that AWS stops them.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import logging
import threading
import time
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from ministack.core.concurrency import spawn_background
from ministack.core.responses import error_response_json, json_response, now_iso, request_scope
from ministack.services import ecs, ecs_metadata

from local_aws.ecs import container_health, containers, dependencies, engine_health, records, task_network, task_volumes
from local_aws.ecs.engine_health import EngineEndedError
from local_aws.ecs.task_start import EssentialNeverStartsError, TaskStart
from local_aws.elasticloadbalancing import targets

if TYPE_CHECKING:
    from docker import DockerClient

    from local_aws.ministack_types import Answer, Record


_OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
_FAILURES = ("EssentialContainerExited", "TaskFailedToStart")

_SHOWN_SECONDS = 3600  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-errors.html

_log = logging.getLogger("local_aws")
_ended: dict[str, threading.Event] = {}  # by task: set when an essential container has ended


def run(  # noqa: PLR0917 - MiniStack's signature
    _original: object,
    task: Record,
    definition: Record,
    overrides: list[Record],
    client: DockerClient,
    account: str,
    region: str,
) -> None:
    """Stands for `ecs._run_task_worker`, on a thread of its own per task."""
    with request_scope(account, region):
        try:
            TaskStart(task, definition, overrides, client, started=partial(_watch, task, client)).run()
        except Exception as error:  # noqa: BLE001 - whatever it is, the task has not started
            if engine_health.refuses():
                _end_with_engine(task, EngineEndedError())
            else:
                stop(task, reason=_why_not_started(task, error), code="TaskFailedToStart")


def _why_not_started(task: Record, error: Exception) -> str:
    if isinstance(error, ecs._ImagePullError):
        return f"CannotPullContainerError: {error}"
    if isinstance(error, (ecs._SecretResolutionError, containers.LoggingError)):
        return f"ResourceInitializationError: {error}"
    if isinstance(error, EssentialNeverStartsError):
        return "Task failed to start"  # the container's own reason says why
    _log.error("task %s did not start", records.id_of(task), exc_info=error)
    return f"CannotStartContainerError: {getattr(error, 'explanation', None) or error}"


def _watch(task: Record, client: DockerClient, container: Record, container_id: str) -> None:
    container["_docker_id"] = container_id
    spawn_background(_await_end, task, client, container, container_id, thread_name=f"wait-{container_id[:12]}")
    if container["name"] in container_health.checked(task):
        watched = (task, client, container, container_id, _end_of(task))
        spawn_background(container_health.watch, *watched, thread_name=f"check-{container_id[:12]}")


def _await_end(task: Record, client: DockerClient, container: Record, container_id: str) -> None:
    try:
        exit_code = _note_end(container, containers.wait(client, container_id))
    except EngineEndedError as error:
        _end_with_engine(task, error)
        return
    reason = "Essential container in task exited"
    if records.is_alive(task) and containers.ran_out_of_memory(client, container_id, exit_code=exit_code):
        container["reason"] = reason = _OUT_OF_MEMORY
    if container["name"] in records.essential_names(task):
        _end_of(task).set()
        stop(task, reason=reason, code="EssentialContainerExited")


def _end_with_engine(task: Record, error: EngineEndedError) -> None:
    """It is no failure of the deployment's, and there is nothing to drain."""
    _end_of(task).set()
    stop(task, reason=str(error), code="ServiceSchedulerInitiated")


def _note_end(container: Record, exit_code: int) -> int:
    """The exit code, which is the first one noted: after its removal a container has none."""
    if container.get("exitCode") is None:
        container["exitCode"] = exit_code
    container["lastStatus"] = "STOPPED"
    return int(container["exitCode"])


def _end_of(task: Record) -> threading.Event:
    """Of one that has stopped already, an event that nobody waits for."""
    with records.LOCK:
        return threading.Event() if _has_stopped(task) else _ended.setdefault(task["taskArn"], threading.Event())


def _has_stopped(task: Record) -> bool:
    return bool(task["lastStatus"] == "STOPPED")


def stop(task: Record, *, reason: str, code: str, failed: bool = False) -> bool:
    """Begins it, unless it has begun: targets drain, then SIGTERM, then SIGKILL after the stop timeout.

    A failed task counts against its deployment; one whose container ended or never started always does.
    """
    with records.LOCK:
        if not records.is_alive(task):
            return False
        ecs._bump_task_version(task)
        task.update(desiredStatus="STOPPED", stoppingAt=now_iso(), stoppedReason=reason, stopCode=code)
        task["_failed"] = failed or code in _FAILURES
        drain_seconds = _deregister_targets(task)
    spawn_background(_drain_and_stop, task, drain_seconds, thread_name=f"stop-{records.id_of(task)[:8]}")
    records.notify_scheduler()
    return True


def _deregister_targets(task: Record) -> float:
    """Seconds to wait for requests in flight."""
    service = records.service_of(task) or {}
    delays = [0.0]
    for balancer in service.get("loadBalancers", []):
        group_arn = balancer["targetGroupArn"]
        if targets.deregister(group_arn, task_arns={task["taskArn"]}):
            records.add_event(service, f"deregistered 1 targets in (target-group {group_arn})")
            delays.append(targets.drain_seconds(group_arn))
    if len(delays) > 1:
        records.add_event(service, "has begun draining connections on 1 tasks.")
    return max(delays)


def _drain_and_stop(task: Record, drain_seconds: float) -> None:
    task["lastStatus"] = "DEACTIVATING"
    _end_of(task).wait(drain_seconds)
    task["lastStatus"] = "STOPPING"
    client = ecs._get_docker()
    if client:
        _stop_in_order(task, client)
    ecs._cleanup_task_resources(task, client)
    _finish(task)
    task_network.close(task, client)
    task_volumes.remove(task, client)


def _stop_in_order(task: Record, client: DockerClient) -> None:
    """Each as soon as those that depend on it have ended."""
    definition = records.task_definition_of(task)
    running = {one["name"]: one for one in task["containers"] if "_docker_id" in one}
    stops: dict[str, Future[None]] = {}
    with ThreadPoolExecutor(max_workers=len(task["containers"])) as pool:
        for name, before in dependencies.stop_order(definition["containerDefinitions"]):
            if name in running:
                awaited = [stops[other] for other in before if other in stops]
                seconds = containers.stop_seconds(definition, name)
                stops[name] = pool.submit(_stop_container, client, running[name], seconds, awaited)


def _stop_container(client: DockerClient, container: Record, seconds: int, awaited: list[Future[None]]) -> None:
    futures.wait(awaited)
    container_id = container["_docker_id"]
    containers.stop(client, container_id, timeout_seconds=seconds)
    try:
        _note_end(container, containers.wait(client, container_id))
    except EngineEndedError:
        _note_end(container, containers.KILLED)


def _finish(task: Record) -> None:
    now = now_iso()
    with records.LOCK:
        ecs._bump_task_version(task)
        task.update(lastStatus="STOPPED", executionStoppedAt=now, stoppedAt=now)
        for container in task["containers"]:
            container["lastStatus"] = "STOPPED"
        arn = task["taskArn"]
        _ended.pop(arn, None)
    ecs_metadata.set_task_status(arn, known_status="STOPPED", desired_status="STOPPED")
    ecs._recount_cluster(task["clusterArn"].rpartition("/")[2])
    records.notify_scheduler()


def stop_task(_original: object, request: Record) -> Answer:
    """Stands for `ecs._stop_task`."""
    cluster = ecs._resolve_cluster_name(request.get("cluster", "default"))
    task = ecs._resolve_task(request.get("task", ""), cluster) if cluster else None
    if task is None:
        return error_response_json("InvalidParameterException", "The referenced task was not found.", 400)
    stop(task, reason=request.get("reason", "Task stopped by user"), code="UserInitiated")
    return json_response({"task": ecs._sanitize(task)})


def forget_stopped() -> None:
    """As ECS does an hour later; what ended with an earlier run of the emulator may have no such time."""
    for arn, task in ecs._tasks.items():
        ended_at = ecs._ts_to_epoch(task["stoppedAt"] or task["createdAt"])
        if _has_stopped(task) and ended_at < time.time() - _SHOWN_SECONDS:
            ecs._tasks.pop(arn, None)
            ecs._tags.pop(arn, None)


def stop_after_restart(task: Record) -> None:
    """A task of an earlier run of the emulator: its container ended with it."""
    if _has_stopped(task) and task["desiredStatus"] != "STOPPED":
        now = now_iso()
        task.update(desiredStatus="STOPPED", stopCode="ServiceSchedulerInitiated", stoppingAt=now, stoppedAt=now)
        task["stoppedReason"] = "The embedded AWS was restarted"
