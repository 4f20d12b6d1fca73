"""How much of the CPU and memory that it reserved a service uses: AWS/ECS, once a minute.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

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
    """What a task's containers have used since they started, and hold now; `at_seconds` since the epoch."""

    at_seconds: float
    used_seconds: float
    held_bytes: float = 0.0


@dataclass
class Meter:
    """Compares each task's reading with its last one, and its first one with its start."""

    readings: dict[str, Reading] = field(default_factory=dict)

    def publish(self) -> None:
        """Of each service of the current account that has a task to measure."""
        for service in [one for one in ecs._services.values() if one["status"] == "ACTIVE"]:
            self._publish(service)

    def _publish(self, service: Record) -> None:
        used, reserved = 0.0, 0.0  # in seconds of a core: a task counts for as long as it ran
        held, limit = 0.0, 0.0
        for task in records.tasks_of(service):
            before = self.readings.pop(task["taskArn"], None)
            now = _read(task) if records.is_alive(task) else None
            if now is None:
                continue
            self.readings[task["taskArn"]] = now
            before = before or Reading(at_seconds=ecs._ts_to_epoch(task["startedAt"]), used_seconds=0.0)
            used += now.used_seconds - before.used_seconds
            reserved += (now.at_seconds - before.at_seconds) * int(task["cpu"]) / _UNITS_PER_VCPU
            held, limit = held + now.held_bytes, limit + int(task["memory"]) * _BYTES_PER_MIB
        of_service = dimensions(service)
        for name, part, whole in (("CPUUtilization", used, reserved), ("MemoryUtilization", held, limit)):
            if whole > 0:
                data_points.publish(NAMESPACE, name, of_service, {100 * part / whole: 1}, unit="Percent")


def dimensions(service: Record) -> dict[str, str]:
    return {"ClusterName": service["clusterArn"].rpartition("/")[2], "ServiceName": service["serviceName"]}


def _read(task: Record) -> Reading | None:
    client = ecs._get_docker()
    container_ids = list(task.get("_docker_ids") or [])
    if client is None or not container_ids or not task.get("startedAt"):
        return None
    try:
        stats = [client.api.stats(container_id, stream=False, one_shot=True) for container_id in container_ids]
    except ENGINE_ERRORS:
        return None
    nanoseconds = sum(one["cpu_stats"]["cpu_usage"]["total_usage"] for one in stats)
    held = sum(_held_bytes(one["memory_stats"]) for one in stats)
    return Reading(at_seconds=time.time(), used_seconds=nanoseconds / 1e9, held_bytes=held)


def _held_bytes(memory: Record) -> float:
    """Without the files that the kernel keeps and would give up: https://docs.docker.com/reference/cli/docker/container/stats/."""
    kept = memory.get("stats") or {}
    cached = kept.get("total_inactive_file", kept.get("inactive_file", 0))  # control groups 1, and 2
    return float(max(0, memory.get("usage", 0) - cached))
