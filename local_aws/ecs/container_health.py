"""The health check of a container's definition, run as Docker runs one, and the health of its task.

An image's own `HEALTHCHECK` is ignored, as on AWS.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import contextlib
import logging
import os
import select
import time
from typing import TYPE_CHECKING, cast

from ministack.services import ecs

from local_aws.ecs import containers, records

if TYPE_CHECKING:
    import threading
    from socket import SocketIO

    from docker import DockerClient

    from local_aws.ministack_types import Record

_INTERVAL_SECONDS, _TIMEOUT_SECONDS, _RETRIES, _START_PERIOD_SECONDS = 30, 5, 3, 0
_READ_BYTES = 65_536

_log = logging.getLogger("local_aws")


def checked(task: Record) -> dict[str, Record]:
    """The health check of each container that has one, by the container's name."""
    definitions = records.task_definition_of(task).get("containerDefinitions", [])
    return {one["name"]: one["healthCheck"] for one in definitions if (one.get("healthCheck") or {}).get("command")}


def _essential_containers(task: Record) -> list[Record]:
    essential = records.essential_names(task)
    return [container for container in task["containers"] if container["name"] in essential]


def is_healthy(task: Record) -> bool:
    """Every essential container that has a check has passed it: what a service's deployment waits for."""
    names = checked(task)
    return all(one["healthStatus"] == "HEALTHY" for one in _essential_containers(task) if one["name"] in names)


def is_unhealthy(task: Record) -> bool:
    return bool(task["healthStatus"] == "UNHEALTHY")


def watch(task: Record, client: DockerClient, container: Record, container_id: str, ended: threading.Event) -> None:
    """Runs the container's check again and again, until it has ended or its task is to stop; `ended` ends both."""
    check = checked(task)[container["name"]]
    retries, start_period = check.get("retries") or _RETRIES, check.get("startPeriod") or _START_PERIOD_SECONDS
    started, failures = time.monotonic(), 0
    while not ended.wait(check.get("interval") or _INTERVAL_SECONDS) and _runs(task, container):
        passed = _passes(client, container_id, check)
        counts = container["healthStatus"] != "UNKNOWN" or time.monotonic() - started >= start_period
        failures = 0 if passed else failures + counts
        if passed or failures >= retries:
            _note(task, container, "HEALTHY" if passed else "UNHEALTHY")


def _runs(task: Record, container: Record) -> bool:
    return records.is_alive(task) and container["lastStatus"] != "STOPPED"


def _passes(client: DockerClient, container_id: str, check: Record) -> bool:
    """Whether it exits with 0 before the timeout; what hangs is left to the container's end."""
    kind, *words = check["command"]
    command = ["/bin/sh", "-c", *words] if kind == "CMD-SHELL" else words
    try:
        exec_id = client.api.exec_create(container_id, command)["Id"]
        with contextlib.closing(cast("SocketIO", client.api.exec_start(exec_id, socket=True))) as output:
            ended = _ends(output.fileno(), within_seconds=check.get("timeout") or _TIMEOUT_SECONDS)
        return ended and client.api.exec_inspect(exec_id)["ExitCode"] == 0
    except containers.ENGINE_ERRORS as error:
        _log.info("the health check of container %s was not run: %s", container_id[:12], error)
        return False


def _ends(output: int, *, within_seconds: float) -> bool:
    """By the end of its output: podman reports a detached command as running long after its end."""
    deadline = time.monotonic() + within_seconds
    while (left := deadline - time.monotonic()) > 0:
        if select.select([output], [], [], left)[0] and not os.read(output, _READ_BYTES):
            return True
    return False


def _note(task: Record, container: Record, health: str) -> None:
    with records.LOCK:
        if container["healthStatus"] == health:
            return
        container["healthStatus"] = health
        task["healthStatus"] = of_task({one["healthStatus"] for one in _essential_containers(task)})
        ecs._bump_task_version(task)
    records.notify_scheduler()


def of_task(of_containers: set[str]) -> str:
    """By the worst that its essential containers have; without a check one is UNKNOWN."""
    return next((health for health in ("UNHEALTHY", "UNKNOWN") if health in of_containers), "HEALTHY")
