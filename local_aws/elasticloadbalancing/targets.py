"""Targets of the load balancers: checked, sent traffic only while healthy, drained when they leave.

MiniStack's own store says which targets are registered, whoever registered them; here is what is known of their health.
"""
# ruff: noqa: SLF001

from __future__ import annotations

import itertools
import json
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.sax.saxutils import escape

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import alb

from local_aws.ecs.records import notify_scheduler
from local_aws.elasticloadbalancing import listener_rules
from local_aws.elasticloadbalancing.health_checks import Check, Health
from local_aws.web_pages import LOAD_BALANCERS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from local_aws.ministack_types import Record

    Answer = tuple[int, dict[str, str], Any]

_REGISTRATION_SECONDS = 0.5  # AWS takes its time too, and a program that listens by then saves an interval
_UNUSED_POLL_SECONDS = 1.0
_NOT_IN_USE = Health(
    reason="Target.NotInUse",
    description="Target group is not configured to receive traffic from the load balancer",
)

_lock = threading.Lock()
_turns = itertools.count()


class Key(NamedTuple):
    """Target group ARNs hold account and region, so a key is unique among all tenants."""

    group_arn: str
    address: str
    port: int


@dataclass
class _Target:
    """One registered target and the thread that checks it."""

    key: Key
    group: Record
    health: Health = field(default_factory=Health)
    in_use: bool = True
    ended: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        self.ended.wait(_REGISTRATION_SECONDS)
        while not self.ended.is_set():
            began = time.monotonic()
            check = Check.of(self.group)
            self.in_use = is_in_use(self.key.group_arn)
            if self.in_use:
                self._check(check)
            pause = check.interval_seconds if self.in_use else _UNUSED_POLL_SECONDS
            self.ended.wait(max(0.0, began + pause - time.monotonic()))

    def _check(self, check: Check) -> None:
        before = self.health
        outcome = check.probe(self.key.address, self.key.port)
        self.health = before.after(outcome, check)
        if self.health.state != before.state:
            notify_scheduler()


_watched: dict[Key, _Target] = {}
_draining: dict[Key, float] = {}  # until when, on the monotonic clock


def register(group_arn: str, address: str, port: int, *, task_arn: str) -> bool:
    """Whether it is new. `task_arn` says whose target it is, so that nobody else's is ever withdrawn."""
    registered = alb._targets.setdefault(group_arn, [])
    if any(target.get("_task") == task_arn for target in registered):
        return False
    alb._targets[group_arn] = [*registered, {"Id": address, "Port": port, "_task": task_arn}]
    supervise()
    return True


def deregister(group_arn: str, *, task_arns: set[str]) -> int:
    """How many of these tasks' targets went into draining."""
    registered = alb._targets.get(group_arn, [])
    kept = [target for target in registered if target.get("_task") not in task_arns]
    if len(kept) != len(registered):
        alb._targets[group_arn] = kept
        supervise()
    return len(registered) - len(kept)


def owners(group_arn: str) -> set[str]:
    """The tasks that have a target in the group."""
    return {target["_task"] for target in alb._targets.get(group_arn, []) if "_task" in target}


def drain_seconds(group_arn: str) -> float:
    attributes = {attribute["Key"]: attribute["Value"] for attribute in alb._tg_attrs.get(group_arn, [])}
    return float(attributes.get("deregistration_delay.timeout_seconds", 300))


def health_of(group_arn: str, *, task_arn: str) -> Health | None:
    """None where the task has no target in the group."""
    for target in alb._targets.get(group_arn, []):
        if target.get("_task") == task_arn:
            watched = _watched.get(_key(group_arn, target))
            return watched.health if watched else Health()
    return None


def states_of(group_arn: str) -> list[str]:
    """Of each registered target: `initial`, `healthy` or `unhealthy`."""
    watched = [_watched.get(_key(group_arn, target)) for target in alb._targets.get(group_arn, [])]
    return [one.health.state if one else "initial" for one in watched]


def supervise() -> None:
    """Every registered target has its checker, every other one is drained and forgotten; call it after any change."""
    registered = _registered()
    now = time.monotonic()
    with _lock:
        for key in [key for key in _watched if key not in registered and _is_of_current_tenant(key)]:
            _watched.pop(key).ended.set()
            _draining[key] = now + drain_seconds(key.group_arn)
        for key in registered.keys() - _watched.keys():
            _draining.pop(key, None)
            _watched[key] = _started(key, registered[key])
        for key in [key for key, until in _draining.items() if until <= now]:
            del _draining[key]


def _is_of_current_tenant(key: Key) -> bool:
    return f":{get_region()}:{get_account_id()}:" in key.group_arn


def _registered() -> dict[Key, Record]:
    """Of the current account: each target's key and its group's record."""
    found = {}
    for group_arn, group in alb._tgs.items():
        if group["TargetType"] in {"ip", "instance"}:
            found.update({_key(group_arn, target): group for target in alb._targets.get(group_arn, [])})
    return found


def _started(key: Key, group: Record) -> _Target:
    target = _Target(key, group, in_use=is_in_use(key.group_arn))
    account, region = get_account_id(), get_region()

    def watch() -> None:
        with request_scope(account, region):
            target.watch()

    threading.Thread(target=watch, name=f"health-check-{key.address}-{key.port}", daemon=True).start()
    return target


def _key(group_arn: str, target: Mapping[str, Any]) -> Key:
    return Key(group_arn, str(target["Id"]), int(target.get("Port") or alb._tgs[group_arn]["Port"]))


def is_in_use(group_arn: str) -> bool:
    """Whether any listener or rule forwards to it."""
    return bool(listener_rules.load_balancers_of(group_arn))


def _routable(group_arn: str) -> Record | None:
    """The next healthy target's record, in turn."""
    healthy = [
        target
        for target in alb._targets.get(group_arn, [])
        if (watched := _watched.get(_key(group_arn, target))) and watched.health.state == "healthy"
    ]
    return healthy[next(_turns) % len(healthy)] if healthy else None


async def forward(  # noqa: PLR0917 - MiniStack's signature
    original: Callable[..., Awaitable[Answer]],
    tg_arn: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: dict[str, list[str]],
    raw_query_string: str | None = None,
    raw_path: str | None = None,
) -> Answer:
    """Stands for `alb._forward_to_tg`. Answers 503 where no target is healthy: it does not fail open as AWS does."""
    group = alb._tgs.get(tg_arn)
    if group is None or group["TargetType"] not in {"ip", "instance"}:
        return await original(tg_arn, method, path, headers, body, query_params, raw_query_string, raw_path)
    target = _routable(tg_arn)
    if target is None:
        message = f"No healthy target in {group['TargetGroupName']}"
        return 503, {"Content-Type": "application/json"}, json.dumps({"message": message}).encode()
    return await alb._proxy_http_target(
        target, group, method, raw_path or path, headers, body, query_params, raw_query_string
    )


async def dispatch(
    original: Callable[..., Awaitable[Answer | None]], host: str, path: str, *rest: object
) -> Answer | None:
    """Stands for `app._handle_alb_request`, which leaves what is for no load balancer to the AWS APIs."""
    answer = await original(host, path, *rest)
    if answer is not None or not path.startswith(LOAD_BALANCERS):
        return answer
    message = f"There is no load balancer {path.removeprefix(LOAD_BALANCERS).partition('/')[0]!r}."
    return 404, {"Content-Type": "application/json"}, json.dumps({"message": message}).encode()


def describe_target_health(_original: object, params: dict[str, Any]) -> Answer:
    """Stands for `alb._describe_target_health`."""
    group_arn = alb._p(params, "TargetGroupArn")
    if group_arn not in alb._tgs:
        return alb._error("TargetGroupNotFound", f"Target group '{group_arn}' not found.")
    asked = [_key(group_arn, target) for target in alb._parse_targets_param(params)]
    members = "".join(_description(key) for key in asked or _all_keys(group_arn))
    return alb._xml(200, "DescribeTargetHealth", f"<TargetHealthDescriptions>{members}</TargetHealthDescriptions>")


def _all_keys(group_arn: str) -> list[Key]:
    with _lock:
        draining = [key for key in _draining if key.group_arn == group_arn]
    return [*(_key(group_arn, target) for target in alb._targets.get(group_arn, [])), *draining]


def _description(key: Key) -> str:
    state, health = _shown(key)
    explained = "".join(
        f"<{name}>{escape(text)}</{name}>"
        for name, text in (("Reason", health.reason), ("Description", health.description))
        if text
    )
    port = Check.of(alb._tgs[key.group_arn]).port or key.port
    return (
        f"<member><Target><Id>{escape(key.address)}</Id><Port>{key.port}</Port></Target>"
        f"<HealthCheckPort>{port}</HealthCheckPort>"
        f"<TargetHealth><State>{state}</State>{explained}</TargetHealth></member>"
    )


def _shown(key: Key) -> tuple[str, Health]:
    with _lock:
        watched, draining = _watched.get(key), key in _draining
    if watched:
        return (watched.health.state, watched.health) if watched.in_use else ("unused", _NOT_IN_USE)
    if draining:
        description = "Target deregistration is in progress"
        return "draining", Health(reason="Target.DeregistrationInProgress", description=description)
    description = "Target is not registered to the target group"
    return "unused", Health(reason="Target.NotRegistered", description=description)
