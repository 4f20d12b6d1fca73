"""The settings of a task's containers as `constructs_lib` takes them, and what is wrong with them together."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from constructs_lib import container_group
from constructs_lib.container_definition import ContainerDefinition, ContainerHealthCheck
from constructs_lib.container_logging import AwsFirelens
from constructs_lib.sidecar import Firelens, Sidecar
from constructs_lib.task_volumes import MountPoint, ScratchVolume
from stacks.settings.base import Refusal, did_you_mean
from stacks.settings.messages import dotted
from stacks.settings.regions import PARTITION_OF_REGION
from stacks.settings.tables.image import ecr_repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stacks.settings.tables import sidecar as tables
    from stacks.settings.tables.container import Container
    from stacks.settings.tables.container_process import HealthCheck

    Place = tuple[str | int, ...]


def sidecars(container: Container) -> list[Sidecar]:
    return [_sidecar(settings, at) for at, settings in enumerate(container.sidecars)]


def _sidecar(settings: tables.Sidecar, at: int) -> Sidecar:
    firelens, paths = settings.firelens, sorted(settings.scratch_volumes)
    return Sidecar(
        name=settings.name,
        image=settings.image,
        essential=settings.essential,
        cpu=settings.cpu,
        memory_mib=settings.memory_mib,
        memory_reservation_mib=settings.memory_reservation_mib,
        ports=settings.ports,
        udp_ports=settings.udp_ports,
        environment=settings.environment,
        secrets=settings.secrets,
        user=settings.user,
        readonly_root_filesystem=settings.readonly_root_filesystem,
        stop_timeout_seconds=settings.stop_timeout_seconds,
        start_timeout_seconds=settings.start_timeout_seconds,
        command=settings.command,
        entry_point=settings.entry_point,
        working_directory=settings.working_directory,
        depends_on=settings.depends_on,
        mount_points=[
            MountPoint(path, ScratchVolume(f"sidecar-{at}-scratch-{which}")) for which, path in enumerate(paths)
        ],
        health_check=health_check(settings.health_check),
        firelens=Firelens(type=firelens.type, options=firelens.options) if firelens else None,
    )


def health_check(settings: HealthCheck | None) -> ContainerHealthCheck | None:
    if settings is None:
        return None
    return ContainerHealthCheck(
        command=settings.command,
        interval_seconds=settings.interval_seconds,
        timeout_seconds=settings.timeout_seconds,
        retries=settings.retries,
        start_period_seconds=settings.start_period_seconds,
    )


def awsfirelens(settings: tables.AwsFirelens | None) -> AwsFirelens | None:
    return AwsFirelens(options=settings.options, secret_options=settings.secret_options) if settings else None


def cpu_share(container: Container) -> int | None:
    """Of the application's container: what its sidecars leave. None where none of them reserves any.

    A container without a share has the least there is: Amazon ECS API Reference, ContainerDefinition, cpu.
    """
    reserved = sum(sidecar.cpu or 0 for sidecar in container.sidecars)
    return container.cpu - reserved if reserved else None


def problems(container: Container, *, name: str) -> Iterator[Refusal]:
    """`name` is what the application's container is called."""
    main = ContainerDefinition(
        name=name,
        image="",
        port=container.port,
        health_check=health_check(container.health_check),
        depends_on=container.depends_on,
        awsfirelens=awsfirelens(container.awsfirelens),
    )
    for problem in container_group.problems(
        main, sidecars(container), cpu=container.cpu, memory_mib=container.memory_mib
    ):
        place = ("sidecars", problem.container - 1) if problem.container else ()
        yield Refusal((*place, *problem.path), problem.value, problem.remedy)


def plain_without_variable(container: Container) -> Iterator[Refusal]:
    for place, plain, variables in _plain_lists(container):
        table = dotted(("container", *place))
        for at, name in enumerate(plain):
            if name not in variables:
                suggestion = did_you_mean(get_close_matches(name, variables, n=1))
                remedy = f"must be the name of a variable in {table}{suggestion}"
                yield Refusal((*place[:-1], "plain", at), name, remedy)


def _plain_lists(container: Container) -> Iterator[tuple[Place, Sequence[str], Mapping[str, str]]]:
    """Each with the table whose names it holds."""
    yield ("environment",), container.plain, container.environment
    if routed := container.awsfirelens:
        yield ("awsfirelens", "options"), routed.plain, routed.options
    for at, sidecar in enumerate(container.sidecars):
        yield ("sidecars", at, "environment"), sidecar.plain, sidecar.environment


def images_elsewhere(container: Container, region: str) -> Iterator[Refusal]:
    """No other partition's registry can be reached with this one's credentials."""
    partition = PARTITION_OF_REGION[region]
    for at, sidecar in enumerate(container.sidecars):
        repository = ecr_repository(sidecar.image)
        if repository and PARTITION_OF_REGION.get(repository.region) != partition:
            remedy = f"must be in a region of the partition {partition}, as {region} is, not in {repository.region}"
            yield Refusal(("sidecars", at, "image"), sidecar.image, remedy)
