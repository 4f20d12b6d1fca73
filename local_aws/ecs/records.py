"""What MiniStack stores of services and tasks, and the one lock under which the scheduler's decisions are taken.

The records are MiniStack's dicts; keys of our own begin with an underscore, which its answers leave out.
"""
# ruff: noqa: SLF001

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ministack.core.responses import new_uuid, now_iso
from ministack.services import ecs

if TYPE_CHECKING:
    from local_aws.ministack_types import Record

LOCK = threading.RLock()
_KEPT_EVENTS = 100

closing = threading.Event()
"""Set at shutdown: what ends from now on is not replaced."""

_changed = threading.Event()


def notify_scheduler() -> None:
    """Something changed that the scheduler acts on."""
    _changed.set()


def wait_for_change(*, timeout_seconds: float) -> None:
    _changed.wait(timeout_seconds)
    _changed.clear()


def add_event(service: Record, message: str) -> None:
    """Newest first, as DescribeServices answers."""
    event = {"id": new_uuid(), "createdAt": now_iso(), "message": f"(service {service['serviceName']}) {message}"}
    service["events"] = [event, *service["events"]][:_KEPT_EVENTS]


def tasks_of(service: Record) -> list[Record]:
    group, cluster = f"service:{service['serviceName']}", service["clusterArn"]
    return [task for task in ecs._tasks.values() if task.get("group") == group and task["clusterArn"] == cluster]


def service_of(task: Record) -> Record | None:
    cluster, name = task["clusterArn"].rpartition("/")[2], task.get("group", "").removeprefix("service:")
    return ecs._services.get(f"{cluster}/{name}")


def task_definition_of(task: Record) -> Record:
    return ecs._task_defs.get(ecs._resolve_td_key(task["taskDefinitionArn"])) or {}


def essential_names(task: Record) -> set[str]:
    """Of its containers those whose end is the task's."""
    definitions = task_definition_of(task).get("containerDefinitions", [])
    return {definition["name"] for definition in definitions if definition.get("essential", True)}


def is_alive(task: Record) -> bool:
    """Neither stopped nor told to stop."""
    return bool(task["desiredStatus"] == "RUNNING" and task["lastStatus"] != "STOPPED")


def id_of(task: Record) -> str:
    return str(task["taskArn"]).rpartition("/")[2]
