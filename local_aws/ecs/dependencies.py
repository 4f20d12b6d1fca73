"""In which order a task's containers start and stop: `dependsOn` and its conditions.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
"""

from __future__ import annotations

import time
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from local_aws.ministack_types import Record

    Definitions = Iterable[Mapping[str, Any]]

CONDITIONS = ("START", "COMPLETE", "SUCCESS", "HEALTHY")
_UNRESOLVED = "dependency graph: failed to resolve container ordering dependency"


class NeverMetError(Exception):
    """A container will not start, in the words of AWS's container agent."""


def of(container: Mapping[str, Any], definitions: Definitions) -> dict[str, str]:
    """Condition by the name of the container that it is about.

    What logs through FireLens starts after its log router, unless the definition says when, or the router waits itself.
    """
    said = {one["containerName"]: one["condition"] for one in container.get("dependsOn") or []}
    if (container.get("logConfiguration") or {}).get("logDriver") != "awsfirelens":
        return said
    routers = [one for one in definitions if one.get("firelensConfiguration") and not one.get("dependsOn")]
    return {**{one["name"]: "START" for one in routers}, **said}


def are_met(container: Mapping[str, Any], definitions: Definitions, states: Mapping[str, Record]) -> bool:
    """`states` are the task's containers by name. Raises NeverMetError where one of them can't be met any more."""
    known = {one["name"]: one for one in definitions}
    conditions = of(container, known.values())
    met = [_is_met(container["name"], condition, known[on], states[on]) for on, condition in conditions.items()]
    return all(met)


def _is_met(name: str, condition: str, dependency: Mapping[str, Any], state: Record) -> bool:
    on, stopped = dependency["name"], state["lastStatus"] == "STOPPED"
    has_started = "_started_at" in state
    if stopped and not has_started:
        raise NeverMetError(f"{_UNRESOLVED} [{on}] for target [{name}] because dependency will never start")
    if condition == "START":
        return has_started
    if stopped and condition == "SUCCESS" and state["exitCode"] != 0:
        raise NeverMetError(f"{_UNRESOLVED} [{on}] for target [{name}] as dependency did not exit successfully.")
    if state["healthStatus"] == "HEALTHY" if condition == "HEALTHY" else stopped:
        return True
    seconds = dependency.get("startTimeout")
    if not stopped and has_started and seconds and time.monotonic() > state["_started_at"] + seconds:
        raise NeverMetError(
            f"dependency graph: container ordering dependency [{on}] for target [{name}] has timed out."
        )
    return False


def stop_order(definitions: Definitions) -> Iterator[tuple[str, set[str]]]:
    """Each container's name and which ones stop before it: those that depend on it, which come earlier."""
    definitions = list(definitions)
    needed = {one["name"]: of(one, definitions) for one in definitions}
    before = {name: {other for other, others in needed.items() if name in others} for name in needed}
    for name in TopologicalSorter(before).static_order():
        yield name, before[name]


def problem(definitions: Definitions) -> str | None:
    """Why ECS does not take them."""
    return next(_problems({one["name"]: one for one in definitions}), None)


def _problems(definitions: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, container in definitions.items():
        for on, condition in of(container, definitions.values()).items():
            yield from _dependency_problems(name, condition, on, definitions.get(on))
    try:
        TopologicalSorter({name: of(one, definitions.values()) for name, one in definitions.items()}).prepare()
    except CycleError as error:
        yield f"Container dependencies must not form a cycle: {' -> '.join(error.args[1])}"


def _dependency_problems(name: str, condition: str, on: str, dependency: Mapping[str, Any] | None) -> Iterator[str]:
    where = f"Container '{name}' depends on container '{on}'"
    if dependency is None:
        yield f"{where}, which does not exist in the task definition"
    elif condition in {"COMPLETE", "SUCCESS"} and dependency.get("essential", True):
        yield f"{where} with the condition {condition}, which can't be set on an essential container"
    elif condition == "HEALTHY" and not dependency.get("healthCheck"):
        yield f"{where} with the condition HEALTHY, and that container has no health check"
    elif condition not in CONDITIONS:
        yield f"{where} with the condition {condition}, which must be one of {', '.join(CONDITIONS)}"
