"""How much of the CPU and memory that it reserved a service uses: AWS/ECS, once a minute.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ministack.services import ecs

from local_aws.cloudwatch import data_points
from local_aws.ecs import records
from local_aws.ecs.containers import ENGINE_ERRORS

if TYPE_CHECKING:
    from local_aws.ministack_types import Record

NAMESPACE = "AWS/ECS"
_UNITS_PER_VCPU = 1024
_BYTES_PER_MIB = 1024 * 1024


@dataclass(frozen=True)
class Reading:
    """What a container has used since it started, and holds now; `at_seconds` since the epoch."""

    at_seconds: float
    used_seconds: float
    held_bytes: float = 0.0


@dataclass
class Meter:
    """Compares each container's reading with its last one, and its first one with its task's start."""

    readings: dict[str, dict[str, Reading]] = field(default_factory=dict)
    """By the service's ARN and the container's id."""

    def publish(self) -> None:
        """Of each service of the current account that has a task to measure."""
        for service in ecs._services.values():
            before = self.readings.pop(service["serviceArn"], {})
            read = [(task, now) for task in records.tasks_of(service) if (now := _read(task))]
            if read:
                self.readings[service["serviceArn"]] = {key: one for _, now in read for key, one in now.items()}
                _publish(service, [_usage(task, now, before) for task, now in read])


def _usage(task: Record, now: dict[str, Reading], before: dict[str, Reading]) -> tuple[float, ...]:
    """Seconds of a core that it used and had reserved, and bytes that it holds and may hold."""
    known = [before[container_id] for container_id in now.keys() & before.keys()]
    since = max((one.at_seconds for one in known), default=ecs._ts_to_epoch(task["startedAt"]))
    used = sum(one.used_seconds for one in now.values()) - sum(one.used_seconds for one in known)
    reserved = (max(one.at_seconds for one in now.values()) - since) * int(task["cpu"]) / _UNITS_PER_VCPU
    return used, reserved, sum(one.held_bytes for one in now.values()), int(task["memory"]) * _BYTES_PER_MIB


def _publish(service: Record, usages: list[tuple[float, ...]]) -> None:
    """A task counts for as long as it ran."""
    used, reserved, held, limit = (sum(each) for each in zip(*usages, strict=True))
    for name, part, whole in (("CPUUtilization", used, reserved), ("MemoryUtilization", held, limit)):
        if whole > 0:
            data_points.publish(NAMESPACE, name, dimensions(service), {100 * part / whole: 1}, unit="Percent")


def dimensions(service: Record) -> dict[str, str]:
    return {"ClusterName": service["clusterArn"].rpartition("/")[2], "ServiceName": service["serviceName"]}


def _read(task: Record) -> dict[str, Reading]:
    """Of the containers that run, once the task does. Podman has none of one that has ended, and Docker has zeros."""
    client = ecs._get_docker()
    if client is None or not task.get("startedAt") or not records.is_alive(task):
        return {}
    found = {}
    for container in task["containers"]:
        if "_docker_id" in container and container["lastStatus"] != "STOPPED":
            with contextlib.suppress(*ENGINE_ERRORS):  # it has ended meanwhile
                stats = client.api.stats(container["_docker_id"], stream=False, one_shot=True)
                found[container["_docker_id"]] = _reading(stats)
    return found


def _reading(stats: Record) -> Reading:
    return Reading(
        at_seconds=time.time(),
        used_seconds=stats["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9,
        held_bytes=_held_bytes(stats["memory_stats"]),
    )


def _held_bytes(memory: Record) -> float:
    """Without the files that the kernel keeps and would give up: https://docs.docker.com/reference/cli/docker/container/stats/."""
    kept = memory.get("stats") or {}
    cached = kept.get("total_inactive_file", kept.get("inactive_file", 0))  # control groups 1, and 2
    return float(max(0, memory.get("usage", 0) - cached))
