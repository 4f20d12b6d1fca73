"""Requests about task definitions: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html"""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import ecs

from local_aws.ecs import fargate
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
        if "FARGATE" in (definition.get("requiresCompatibilities") or []) and (found := fargate.problem(definition)):
            return refusal(found, "ClientException")
    return original(definition)


def resolve(original: Callable[[str], str | None], ref: str) -> str | None:
    """Stands for `ecs._resolve_td_key`: a family alone names its latest revision that is ACTIVE."""
    key = original(ref)
    latest = ecs._task_defs.get(key)
    if latest is None or latest["status"] == "ACTIVE" or ref.endswith(f":{latest['revision']}"):
        return key
    of_family = [one for one in ecs._task_defs.values() if one["family"] == latest["family"]]
    active = [one["revision"] for one in of_family if one["status"] == "ACTIVE"]
    return f"{latest['family']}:{max(active)}" if active else key
