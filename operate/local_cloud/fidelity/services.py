"""Requests about services, where MiniStack's own handlers fall short."""
# ruff: noqa: SLF001

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ministack.services import alb, ecs

from operate.local_cloud.fidelity import launches, records, targets

if TYPE_CHECKING:
    from collections.abc import Callable

    Record = dict[str, Any]
    Answer = tuple[int, dict[str, str], bytes]
    Handler = Callable[[Record], Answer]


def create(original: Handler, request: Record) -> Answer:
    """Refuses what AWS refuses: a definition that can't run, and a target group that nothing forwards to."""
    if problem := launches.create_problem(request):
        return launches.refusal(problem)
    for balancer in request.get("loadBalancers", []):
        group_arn = balancer.get("targetGroupArn")
        if group_arn in alb._tgs and not targets.is_in_use(group_arn):
            return launches.refusal(
                f"The target group with targetGroupArn {group_arn} does not have an associated load balancer."
            )
    with records.LOCK:
        return _keep_zone_rebalancing(original(request), request)


def update(original: Handler, request: Record) -> Answer:
    if (service := _named(request)) and (problem := launches.update_problem(service, request)):
        return launches.refusal(problem)
    with records.LOCK:
        known = {id(event) for service in ecs._services.values() for event in service["events"]}
        answer = original(request)
        _forget_invented_event(known)
        return _keep_zone_rebalancing(answer, request)


def _forget_invented_event(known: set[int]) -> None:
    """MiniStack says at every update that it drains a task."""
    for service in ecs._services.values():
        service["events"] = [event for event in service["events"] if id(event) in known]


def _keep_zone_rebalancing(answer: Answer, request: Record) -> Answer:
    """MiniStack forgets `availabilityZoneRebalancing`; the provider then sees drift in every plan."""
    status, headers, body = answer
    if status != HTTPStatus.OK:
        return answer
    shown = json.loads(body)
    stored = _stored(shown)
    value = request.get("availabilityZoneRebalancing") or stored.get("availabilityZoneRebalancing", "DISABLED")
    stored["availabilityZoneRebalancing"] = shown["service"]["availabilityZoneRebalancing"] = value
    return status, headers, json.dumps(shown).encode()


def delete(original: Handler, request: Record) -> Answer:
    """A service stays DRAINING until its last task has stopped; MiniStack calls it INACTIVE at once."""
    with records.LOCK:
        status, headers, body = original(request)
        if status != HTTPStatus.OK:
            return status, headers, body
        shown = json.loads(body)
        stored = _stored(shown)
        if any(task["lastStatus"] != "STOPPED" for task in records.tasks_of(stored)):
            stored["status"] = shown["service"]["status"] = "DRAINING"
        return status, headers, json.dumps(shown).encode()


def _named(request: Record) -> Record | None:
    """The service that a request is about."""
    cluster = ecs._resolve_cluster_name(request.get("cluster") or "default")
    name, _ = ecs._resolve_service_ref(request.get("service") or "") or ("", None)
    found: Record | None = ecs._services.get(f"{cluster}/{name}")
    return found


def _stored(shown: Record) -> Record:
    stored: Record = ecs._services[shown["service"]["serviceArn"].partition(":service/")[2]]
    return stored


def epoch_seconds(original: Callable[[object], int], value: object) -> object:
    """Stands for `ecs._ts_to_epoch`, which cuts the milliseconds off."""
    seconds = original(value)
    if not isinstance(value, str) or not isinstance(seconds, int):
        return seconds
    milliseconds = value.partition(".")[2][:3]
    return seconds + int(milliseconds) / 1000 if milliseconds.isdecimal() else seconds
