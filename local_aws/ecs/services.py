"""Requests about services, where MiniStack's own handlers fall short."""
# ruff: noqa: SLF001

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from ministack.core.responses import json_response
from ministack.services import alb, ecs

from local_aws.ecs import client_tokens, deployments, records, refusals
from local_aws.elasticloadbalancing import targets

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.ministack_types import Answer, Handler, Record


_DEFAULT_CONFIGURATION = {
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
}
_FORGOTTEN = (
    "availabilityZoneRebalancing",
    "enableECSManagedTags",
    "placementConstraints",
    "placementStrategy",
    "propagateTags",
    "serviceRegistries",
)
# What starts a deployment besides another revision, and what it is where nobody said:
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
_ROLLED_OUT: Record = {
    "loadBalancers": [],
    "networkConfiguration": {},
    "platformVersion": "LATEST",
    "serviceRegistries": [],
}


def create(original: Handler, request: Record) -> Answer:
    """Refuses what AWS refuses; the same request with the same client token is the same service."""
    with records.LOCK:
        existing = _named({**request, "service": request.get("serviceName")})
        if existing and existing["status"] == "ACTIVE" and client_tokens.is_repeated(request, existing):
            return _shown(existing)
        if refused := refusals.create_refusal(request) or _clash(existing) or _unused_group(request):
            return refused
        given = {**_DEFAULT_CONFIGURATION, **(request.get("deploymentConfiguration") or {})}
        answer = original({**request, "deploymentConfiguration": given})
        if answer[0] != HTTPStatus.OK:
            return answer
        stored = _stored(answer)
        stored.update(client_tokens.identity(request) | {"availabilityZoneRebalancing": "DISABLED"})
        _keep(stored, request)
        deployments.note_revision(stored)
        return _shown(stored)


def _clash(existing: Record | None) -> Answer | None:
    if existing and existing["status"] == "ACTIVE":
        return refusals.refusal("Creation of service was not idempotent.")
    if existing and existing["status"] == "DRAINING":
        return refusals.refusal("Unable to Start a service that is still Draining.")
    return None


def _unused_group(request: Record) -> Answer | None:
    for balancer in request.get("loadBalancers") or []:
        group_arn = balancer.get("targetGroupArn")
        if group_arn in alb._tgs and not targets.is_in_use(group_arn):
            return refusals.refusal(
                f"The target group with targetGroupArn {group_arn} does not have an associated load balancer."
            )
    return None


def update(original: Handler, request: Record) -> Answer:
    """Changes what is given and nothing else: also in a deployment configuration, of which Terraform sends parts."""
    with records.LOCK:
        service = _named(request)
        if service is None:
            return original(request)
        if service["status"] != "ACTIVE":
            return refusals.refusal("Service was not ACTIVE.", "ServiceNotActiveException")
        if refused := refusals.update_refusal(service, request) or _unused_group(request):
            return refused
        events, before = [*service["events"]], {**service, "deployments": [*service["deployments"]]}
        answer = original(_whole(service, request))
        service["events"] = events  # MiniStack says at every update that it drains a task
        if answer[0] != HTTPStatus.OK:
            return answer
        _keep(service, request)
        if request.get("capacityProviderStrategy") == [] and before["launchType"] is None:
            service["launchType"] = "FARGATE"  # as it is again without capacity providers
        if deployments.primary(service)["id"] not in {one["id"] for one in before["deployments"]}:
            deployments.note_revision(service)
        return _shown(service)


def _whole(service: Record, request: Record) -> Record:
    """The request as MiniStack understands it, which replaces whole members, and rolls only if forced."""
    whole = dict(request)
    if request.get("deploymentConfiguration"):
        whole["deploymentConfiguration"] = {**service["deploymentConfiguration"], **request["deploymentConfiguration"]}
    kept = {name: service.get(name) or default for name, default in _ROLLED_OUT.items()}
    if any(request.get(name, value) != value for name, value in kept.items()):
        whole["forceNewDeployment"] = True
    return whole


def _keep(service: Record, request: Record) -> None:
    """What MiniStack forgets, and the provider would plan again and again."""
    service.update({name: request[name] for name in _FORGOTTEN if name in request})


def _shown(service: Record) -> Answer:
    return json_response({"service": ecs._sanitize(service)})


def describe(original: Handler, request: Record) -> Answer:
    """Fails for a service with a desired count while the container engine has ended, so that waiters end too."""
    answer = original(request)
    wanted = [one for one in json.loads(answer[2]).get("services", []) if one["status"] == "ACTIVE"]
    return (refusals.engine_refusal() if any(one["desiredCount"] for one in wanted) else None) or answer


def delete(original: Handler, request: Record) -> Answer:
    """A service stays DRAINING until its last task has stopped; MiniStack calls it INACTIVE at once."""
    with records.LOCK:
        status, headers, body = original(request)
        if status != HTTPStatus.OK:
            return status, headers, body
        shown = json.loads(body)
        stored = _stored((status, headers, body))
        if any(task["lastStatus"] != "STOPPED" for task in records.tasks_of(stored)):
            stored["status"] = shown["service"]["status"] = "DRAINING"
        return status, headers, json.dumps(shown).encode()


def _named(request: Record) -> Record | None:
    """The service that a request is about."""
    cluster = ecs._resolve_cluster_name(request.get("cluster") or "default")
    name, _ = ecs._resolve_service_ref(request.get("service") or "") or ("", None)
    return ecs._services.get(f"{cluster}/{name}")


def _stored(answer: Answer) -> Record:
    return ecs._services[json.loads(answer[2])["service"]["serviceArn"].partition(":service/")[2]]


def epoch_seconds(original: Callable[[object], int], value: object) -> object:
    """Stands for `ecs._ts_to_epoch`, which cuts the milliseconds off."""
    seconds = original(value)
    if not isinstance(value, str) or not isinstance(seconds, int):
        return seconds
    milliseconds = value.partition(".")[2][:3]
    return seconds + int(milliseconds) / 1000 if milliseconds.isdecimal() else seconds
