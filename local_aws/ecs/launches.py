"""Which task definitions are taken, and which of them run: on Fargate, since the embedded AWS has no instances.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import ecs

from local_aws.ecs import engine_health, fargate, records
from local_aws.ecs.engine_health import EngineEndedError

if TYPE_CHECKING:
    from collections.abc import Callable

    Record = dict[str, Any]
    Answer = tuple[int, dict[str, str], bytes]
    Handler = Callable[[Record], Answer]

_CHOICES = {"capacityProviderStrategy", "launchType", "networkConfiguration", "taskDefinition"}
_PLACEMENT = {"placementConstraints": "Placement constraints", "placementStrategy": "Placement strategies"}
_NO_INSTANCES = "No Container Instances were found in your cluster."
_NO_NETWORK = "Network Configuration must be provided when networkMode 'awsvpc' is specified."
_NOT_ASSOCIATED = (
    "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the "
    "cluster. Associate the capacity provider with the cluster and try again."
)
_NOT_FORCED = (
    "When switching from launch type to capacity provider strategy on an existing service, or making a change to a "
    "capacity provider strategy on a service that is already using one, you must force a new deployment."
)


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


def resolve(original: Callable[[str], str | None], ref: str) -> str | None:
    """Stands for `ecs._resolve_td_key`: a family alone names its latest revision that is ACTIVE."""
    key = original(ref)
    latest = ecs._task_defs.get(key)
    if latest is None or latest["status"] == "ACTIVE" or ref.endswith(f":{latest['revision']}"):
        return key
    of_family = [one for one in ecs._task_defs.values() if one["family"] == latest["family"]]
    active = [one["revision"] for one in of_family if one["status"] == "ACTIVE"]
    return f"{latest['family']}:{max(active)}" if active else key


def run_task(original: Handler, request: Record) -> Answer:
    """Stands for `ecs._run_task`, which gives a task of another launch type whatever of this machine it asks for."""
    with records.LOCK:
        if answered := _launched(request) or _run_refusal(request):
            return answered
        answer = original(request)
        if answer[0] == HTTPStatus.OK:
            for task in json.loads(answer[2])["tasks"]:
                ecs._tasks[task["taskArn"]].update(identity(request))
        return answer


def identity(request: Record) -> Record:
    """What the record of something new remembers of the request that made it."""
    if not request.get("clientToken"):
        return {}
    return {"_client_token": request["clientToken"], "_request": json.dumps(request, sort_keys=True)}


def is_repeated(request: Record, record: Record) -> bool:
    own = identity(request)
    return bool(own) and own == {name: record.get(name) for name in own}


def _launched(request: Record) -> Answer | None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html."""
    token = request.get("clientToken")
    tasks = [task for task in ecs._tasks.values() if token and task.get("_client_token") == token]
    if not tasks:
        return None
    if is_repeated(request, tasks[0]):
        answer: Answer = json_response({"tasks": [ecs._sanitize(task) for task in tasks], "failures": []})
        return answer
    arns = [task["taskArn"] for task in tasks]
    body = {"__type": "ConflictException", "message": "The client token is of another request.", "resourceIds": arns}
    conflict: Answer = json_response(body, HTTPStatus.BAD_REQUEST)
    return conflict


def _run_refusal(request: Record) -> Answer | None:
    """The scheduler goes on with a revision that was deregistered."""
    inactive = None if "_deploymentId" in request else "InvalidParameterException"
    if refused := engine_refusal() or _missing_cluster(request) or _missing_definition(request, inactive):
        return refused
    if refused := _unknown_override(request):
        return refused
    return _fargate_refusal(request) if _is_fargate(request) else refusal(_NO_INSTANCES)


def _unknown_override(request: Record) -> Answer | None:
    """MiniStack lets an override of a container that there is not pass, and runs the task without it."""
    known = {container["name"] for container in (_definition(request) or {}).get("containerDefinitions", [])}
    overrides = (request.get("overrides") or {}).get("containerOverrides") or []
    unknown = [name for override in overrides if (name := override.get("name")) not in known]
    if not unknown:
        return None
    return refusal(f"Override for container named {unknown[0]} is not a container in the TaskDefinition.")


def create_refusal(request: Record) -> Answer | None:
    """A service of instances is one that never places a task."""
    if refused := engine_refusal() or _missing_cluster(request) or _missing_definition(request, "ClientException"):
        return refused
    return _fargate_refusal(request) if _is_fargate(request) else None


def update_refusal(service: Record, request: Record) -> Answer | None:
    """Of the service as it would be; `service` is MiniStack's record."""
    if not request.keys() & _CHOICES:
        return None
    if _changes_strategy(service, request) and not request.get("forceNewDeployment"):
        return refusal(_NOT_FORCED)
    kept = {name: service.get(name) for name in _CHOICES}
    if request.get("capacityProviderStrategy"):
        del kept["launchType"]
    whole = {**kept, **request}
    if refused := _missing_definition(whole, "ClientException" if "taskDefinition" in request else None):
        return refused
    return _fargate_refusal(whole) if _is_fargate(whole) else None


def _changes_strategy(service: Record, request: Record) -> bool:
    if "capacityProviderStrategy" not in request:
        return False
    before, after = (
        {(item["capacityProvider"], item.get("weight", 0), item.get("base", 0)) for item in strategy or []}
        for strategy in (service.get("capacityProviderStrategy"), request["capacityProviderStrategy"])
    )
    return before != after


def engine_refusal() -> Answer | None:
    return refusal(str(EngineEndedError()), "ClientException") if engine_health.has_ended() else None


def _cluster(request: Record) -> Record | None:
    found: Record | None = ecs._clusters.get(ecs._resolve_cluster_name(request.get("cluster") or "default"))
    return found


def _definition(request: Record) -> Record | None:
    found: Record | None = ecs._task_defs.get(ecs._resolve_td_key(request.get("taskDefinition") or ""))
    return found


def _missing_cluster(request: Record) -> Answer | None:
    return None if _cluster(request) else refusal("Cluster not found.", "ClusterNotFoundException")


def _missing_definition(request: Record, inactive: str | None) -> Answer | None:
    """`inactive` is the code with which the API refuses a revision that was deregistered, if it does."""
    definition = _definition(request)
    if definition is None:
        return refusal("TaskDefinition not found.", "ClientException")
    if inactive and definition["status"] != "ACTIVE":
        return refusal("TaskDefinition is inactive", inactive)
    return None


def _is_fargate(request: Record) -> bool:
    launch_type, strategy, error = ecs._launch_choice(request, _cluster(request))
    return bool(error) or ecs._task_capacity(launch_type, strategy)[0] == "FARGATE"  # MiniStack says what is wrong


def _fargate_refusal(request: Record) -> Answer | None:
    definition, cluster = _definition(request) or {}, _cluster(request) or {}
    if fargate.problem(definition):
        return refusal("Task definition does not support launch_type FARGATE.")
    if not request.get("networkConfiguration"):
        return refusal(_NO_NETWORK)
    for member, words in _PLACEMENT.items():
        if request.get(member):
            return refusal(f"{words} are not supported with FARGATE launch type.")
    for item in request.get("capacityProviderStrategy") or []:
        if item["capacityProvider"] not in cluster["capacityProviders"]:
            return refusal(_NOT_ASSOCIATED)
    return None
