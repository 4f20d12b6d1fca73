"""How much of the CPU that it reserved a service uses: CPUUtilization in AWS/ECS, once a minute.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ministack.services import cloudwatch, ecs

from local_aws.ecs import records
from local_aws.ecs.containers import ENGINE_ERRORS

if TYPE_CHECKING:
    from local_aws.ministack_types import Record

_UNITS_PER_VCPU = 1024


@dataclass(frozen=True)
class Reading:
    """What a task's containers have used since they started; `at_seconds` since the epoch."""

    at_seconds: float
    used_seconds: float


@dataclass
class Meter:
    """Compares each task's reading with its last one, and its first one with its start."""

    readings: dict[str, Reading] = field(default_factory=dict)

    def measure(self, service: Record) -> float | None:
        """Percent, published to CloudWatch too; None where there is nothing to measure."""
        used, reserved = 0.0, 0.0  # in seconds of a core: a task counts for as long as it ran
        for task in records.tasks_of(service):
            before = self.readings.pop(task["taskArn"], None)
            now = _read(task) if records.is_alive(task) else None
            if now is None:
                continue
            self.readings[task["taskArn"]] = now
            before = before or Reading(at_seconds=ecs._ts_to_epoch(task["startedAt"]), used_seconds=0.0)
            used += now.used_seconds - before.used_seconds
            reserved += (now.at_seconds - before.at_seconds) * int(task["cpu"]) / _UNITS_PER_VCPU
        if reserved <= 0:
            return None
        percent = 100 * used / reserved
        dimensions = {"ClusterName": service["clusterArn"].rpartition("/")[2], "ServiceName": service["serviceName"]}
        cloudwatch.record_metric("AWS/ECS", "CPUUtilization", percent, "Percent", dimensions)
        return percent


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
    return Reading(at_seconds=time.time(), used_seconds=nanoseconds / 1e9)
