"""Which task definitions are taken, and which of them run: on Fargate, since the embedded AWS has no instances.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json
from ministack.services import ecs

from operate.local_cloud.fidelity import fargate

if TYPE_CHECKING:
    from collections.abc import Callable

    Record = dict[str, Any]
    Answer = tuple[int, dict[str, str], bytes]
    Handler = Callable[[Record], Answer]

_CHOICES = {"capacityProviderStrategy", "launchType", "networkConfiguration", "taskDefinition"}
_NO_INSTANCES = "No Container Instances were found in your cluster."
_NO_NETWORK = "Network Configuration must be provided when networkMode 'awsvpc' is specified."


def refusal(message: str, code: str = "InvalidParameterException") -> Answer:
    refused: Answer = error_response_json(code, message, 400)
    return refused


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


def run_task(original: Handler, request: Record) -> Answer:
    """Stands for `ecs._run_task`, which gives a task of another launch type whatever of this machine it asks for."""
    if not _is_fargate(request):
        return refusal(_NO_INSTANCES)
    found = _fargate_problem(request)
    return refusal(found) if found else original(request)


def create_problem(request: Record) -> str | None:
    """A service of instances is one that never places a task."""
    return _fargate_problem(request) if _is_fargate(request) else None


def update_problem(service: Record, request: Record) -> str | None:
    """Of the service as it would be; `service` is MiniStack's record."""
    if not request.keys() & _CHOICES:
        return None
    kept = {name: service.get(name) for name in _CHOICES}
    if request.get("capacityProviderStrategy"):
        del kept["launchType"]
    return create_problem({**kept, **request})


def _is_fargate(request: Record) -> bool:
    cluster = ecs._clusters.get(ecs._resolve_cluster_name(request.get("cluster") or "default"))
    launch_type, strategy, error = ecs._launch_choice(request, cluster)
    return bool(error) or ecs._task_capacity(launch_type, strategy)[0] == "FARGATE"  # MiniStack says what is wrong


def _fargate_problem(request: Record) -> str | None:
    definition = ecs._task_defs.get(ecs._resolve_td_key(request.get("taskDefinition") or ""))
    if definition is None:  # MiniStack says so
        return None
    if fargate.problem(definition):
        return "Task definition does not support launch_type FARGATE."
    if not request.get("networkConfiguration"):
        return _NO_NETWORK
    for member, words in (
        ("placementConstraints", "Placement constraints"),
        ("placementStrategy", "Placement strategies"),
    ):
        if request.get(member):
            return f"{words} are not supported with FARGATE launch type."
    return None
