"""Requests about task definitions: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html"""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import ecs

from local_aws.ecs import dependencies, fargate
from local_aws.ecs.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.ministack_types import Answer, Handler, Record


def register(original: Handler, request: Record) -> Answer:
    """Stands for `ecs._register_task_definition`, which takes everything."""
    sizes = {name: fargate.units(str(request[name])) for name in ("cpu", "memory") if request.get(name)}
    definition = {**request, **sizes}
    containers = definition.get("containerDefinitions") or []
    if all("name" in container and "image" in container for container in containers):  # else MiniStack says so
        if any(container.get("secrets") for container in containers) and not definition.get("executionRoleArn"):
            message = "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
            return refusal(message, "ClientException")
        if found := _containers_problem(definition, containers) or dependencies.problem(containers):
            return refusal(found, "ClientException")
        if "FARGATE" in (definition.get("requiresCompatibilities") or []) and (found := fargate.problem(definition)):
            return refusal(found, "ClientException")
        definition["containerDefinitions"] = [_with_user(one) for one in containers]
    return original(definition)


def _containers_problem(definition: Record, containers: list[Record]) -> str | None:
    """Of all together. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html."""
    names = [one["name"] for one in containers]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        return f"Container names must be unique within a task definition: {repeated}"
    if containers and not any(one.get("essential", True) for one in containers):
        return "At least one container in a task definition must be essential."
    reserved = {
        "cpu": sum(one.get("cpu") or 0 for one in containers),
        "memory": sum(one.get("memoryReservation") or one.get("memory") or 0 for one in containers),
    }
    for size, total in reserved.items():
        if str(definition.get(size) or "").isdecimal() and total > int(definition[size]):
            return f"The containers reserve {total} of {size}, and the task has {definition[size]}."
    return _firelens_problem(containers)


def _firelens_problem(containers: list[Record]) -> str | None:
    routers = [one["name"] for one in containers if one.get("firelensConfiguration")]
    routed = [
        one["name"] for one in containers if (one.get("logConfiguration") or {}).get("logDriver") == "awsfirelens"
    ]
    if routed and not routers:
        return f"Container {routed[0]} uses awsfirelens, and no container has a firelensConfiguration."
    if routers and not routed:
        return (
            "When a firelensConfiguration object is specified, at least one container has to be configured with the"
            " awsfirelens log driver."
        )
    if len(routers) > 1:
        return f"Only one container may have a firelensConfiguration: {', '.join(routers)}"
    return None


def _with_user(container: Record) -> Record:
    """A log router that names no user is root."""
    return {"user": "0", **container} if container.get("firelensConfiguration") else container


def resolve(original: Callable[[str], str | None], ref: str) -> str | None:
    """Stands for `ecs._resolve_td_key`: a family alone names its latest revision that is ACTIVE."""
    key = original(ref)
    latest = ecs._task_defs.get(key)
    if latest is None or latest["status"] == "ACTIVE" or ref.endswith(f":{latest['revision']}"):
        return key
    of_family = [one for one in ecs._task_defs.values() if one["family"] == latest["family"]]
    active = [one["revision"] for one in of_family if one["status"] == "ACTIVE"]
    return f"{latest['family']}:{max(active)}" if active else key
