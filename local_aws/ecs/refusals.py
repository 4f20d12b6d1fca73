"""What services and tasks are refused for, in AWS's words: the embedded AWS has no capacity but Fargate.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.core.responses import error_response_json
from ministack.services import ecs

from local_aws.ecs import engine_health, fargate
from local_aws.ecs.engine_health import EngineEndedError

if TYPE_CHECKING:
    from local_aws.ministack_types import Answer, Record

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
    return error_response_json(code, message, 400)


def run_refusal(request: Record) -> Answer | None:
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
    return ecs._clusters.get(ecs._resolve_cluster_name(request.get("cluster") or "default"))


def _definition(request: Record) -> Record | None:
    return ecs._task_defs.get(ecs._resolve_td_key(request.get("taskDefinition") or ""))


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
