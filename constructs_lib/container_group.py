"""What the containers of one task must agree on: names, sizes, ports, order of start, one log router. No cdktf.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from constructs_lib.container_definition import ContainerDefinition
    from constructs_lib.sidecar import Sidecar

CONTAINERS: Final = 10
"""Of one task definition."""
_ENDS: Final = ("COMPLETE", "SUCCESS")


@dataclass(frozen=True)
class Problem:
    """One of the containers, and what is wrong with it beside the others.

    - ``container``: its place, 0 for the application's and 1 for the first sidecar. No default.
    - ``path``: the field, and the place in it. No default.
    - ``value``: what is there. No default.
    - ``remedy``: what would be right, for a person. No default.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
    """

    container: int
    path: tuple[str | int, ...]
    value: object
    remedy: str

    def __str__(self) -> str:
        where = ".".join(map(str, self.path))
        value = "" if self.value is None else f" = {self.value}"
        whose = f"sidecars[{self.container - 1}]" if self.container else "container"
        return f"{whose}.{where}{value}: {self.remedy}"


def problems(main: ContainerDefinition, sidecars: Sequence[Sidecar], *, cpu: int, memory_mib: int) -> Iterator[Problem]:
    """All of them; ``cpu`` and ``memory_mib`` are the task's."""
    containers: list[ContainerDefinition | Sidecar] = [main, *sidecars]
    names = [one.name for one in containers]
    yield from _of_names(names)
    yield from _of_ports(main, sidecars)
    yield from _of_sizes(sidecars, cpu=cpu, memory_mib=memory_mib)
    yield from _of_logging(main, sidecars)
    if len({*names}) == len(names):
        yield from _of_dependencies({one.name: one for one in containers})


def _of_names(names: Sequence[str]) -> Iterator[Problem]:
    for at, name in enumerate(names):
        if name in names[:at]:
            whose = "the service's own container is called so" if name == names[0] else "another sidecar is called so"
            yield Problem(at, ("name",), name, f"must differ from every other container's name: {whose}")
    for at, name in enumerate(names[CONTAINERS:], start=CONTAINERS):
        yield Problem(
            at, ("name",), name, f"ECS allows {CONTAINERS} containers in a task, the service's own among them"
        )


def _of_ports(main: ContainerDefinition, sidecars: Sequence[Sidecar]) -> Iterator[Problem]:
    """They share one network namespace, in which one program listens on a port."""
    taken = {("ports", main.port): main.name}
    for at, sidecar in enumerate(sidecars, start=1):
        for key, ports in (("ports", sidecar.ports), ("udp_ports", sidecar.udp_ports)):
            for which, port in enumerate(ports):
                if other := taken.get((key, port)):
                    remedy = (
                        f"is {other}'s already: the containers of a task share one network, so each port is there once"
                    )
                    yield Problem(at, (key, which), port, remedy)
                taken.setdefault((key, port), sidecar.name)


def _of_sizes(sidecars: Sequence[Sidecar], *, cpu: int, memory_mib: int) -> Iterator[Problem]:
    for at, one in enumerate(sidecars, start=1):
        hard, soft = one.memory_mib, one.memory_reservation_mib
        if hard and soft and hard > memory_mib:
            remedy = f"must not be above the task's, container.memory_mib = {memory_mib}"
            yield Problem(at, ("memory_mib",), hard, remedy)
        if hard and soft and soft >= hard:
            yield Problem(at, ("memory_reservation_mib",), soft, f"must be below memory_mib, {hard}")
    yield from _of_shares("cpu", cpu, {one.name: one.cpu or 0 for one in sidecars})
    reserved = {one.name: one.memory_reservation_mib or one.memory_mib or 0 for one in sidecars}
    yield from _of_shares("memory_mib", memory_mib, reserved)


def _of_shares(key: str, whole: int, shares: Mapping[str, int]) -> Iterator[Problem]:
    """Of the last sidecar: whose share is too much is a person's to say."""
    said = [f"{name} {share}" for name, share in shares.items() if share]
    if sum(shares.values()) > whole:
        total = " + ".join(said) + (f" = {sum(shares.values())}" if said[1:] else "")
        remedy = (
            f"the sidecars reserve {total}, and the task has container.{key} = {whole}: reserve less, or give it more"
        )
        yield Problem(len(shares), (key,), None, remedy)


def _of_logging(main: ContainerDefinition, sidecars: Sequence[Sidecar]) -> Iterator[Problem]:
    routers = [at for at, one in enumerate(sidecars, start=1) if one.firelens]
    if main.awsfirelens and not routers:
        remedy = 'needs a log router: a sidecar with firelens, such as firelens = { type = "fluentbit" }'
        yield Problem(0, ("awsfirelens",), None, remedy)
    if routers and not main.awsfirelens:
        remedy = "is a log router that no container logs to, which ECS refuses: send the application's lines to it"
        yield Problem(routers[0], ("firelens",), None, f"{remedy}, with awsfirelens")
    for at, one in enumerate(sidecars, start=1):
        if one.firelens and one.user and not re.fullmatch(r"[0-9]+(?::.*)?", one.user):
            yield Problem(at, ("user",), one.user, 'must be a number for a log router, such as "0", or left out')
    for at in routers[1:]:
        first = sidecars[routers[0] - 1].name
        yield Problem(at, ("firelens",), None, f"{first} is the task's log router already, and ECS allows one")


def _of_dependencies(containers: Mapping[str, ContainerDefinition | Sidecar]) -> Iterator[Problem]:
    known = True
    for at, (name, container) in enumerate(containers.items()):
        for on, condition in container.depends_on.items():
            if remedy := _dependency_remedy(name, condition, on, containers):
                known = known and on in containers and on != name
                yield Problem(at, ("depends_on", on), condition, remedy)
    if known:
        yield from _of_cycles(containers)


def _dependency_remedy(
    name: str, condition: str, on: str, containers: Mapping[str, ContainerDefinition | Sidecar]
) -> str | None:
    others = [other for other in containers if other != name]
    if on not in others:
        near = get_close_matches(on, others, n=1)
        suggestion = f"; did you mean {near[0]}?" if near else f": {', '.join(others) or 'there is none'}"
        return f"must be the name of another container of the task{suggestion}"
    if condition in _ENDS and containers[on].essential:
        return (
            f"{on} is essential, and the task ends with it: set essential = false for it, or wait for START or HEALTHY"
        )
    if condition == "HEALTHY" and containers[on].health_check is None:
        return f"{on} has no health_check, so it never is: give it one, or wait for START"
    return None


def _of_cycles(containers: Mapping[str, ContainerDefinition | Sidecar]) -> Iterator[Problem]:
    try:
        TopologicalSorter({name: {*one.depends_on} for name, one in containers.items()}).prepare()
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        remedy = f"each waits for the next, so none starts: {' -> '.join(cycle)}"
        yield Problem([*containers].index(cycle[0]), ("depends_on", cycle[1]), None, remedy)
