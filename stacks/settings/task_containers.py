"""The settings of a task's containers as `constructs_lib` takes them, and what is wrong with them together."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from constructs_lib import container_group
from constructs_lib.container_definition import ContainerDefinition, ContainerHealthCheck, Ulimit
from constructs_lib.container_logging import AwsFirelens
from constructs_lib.sidecar import Firelens, Sidecar
from constructs_lib.task_volumes import EfsVolume, MountPoint, ScratchVolume
from stacks.settings.base import Refusal, did_you_mean
from stacks.settings.messages import dotted
from stacks.settings.regions import PARTITION_OF_REGION
from stacks.settings.tables.image import ecr_repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stacks.settings.tables import sidecar as tables
    from stacks.settings.tables.container import Container
    from stacks.settings.tables.container_process import HealthCheck
    from stacks.settings.tables.service import Service

    Place = tuple[str | int, ...]

_WRITTEN_BY_ECS_EXEC: Final = frozenset({"/var/lib/amazon/ssm", "/var/log/amazon/ssm"})


def application(
    container: Container, service: Service, *, image: str = "", docker_labels: Mapping[str, str] | None = None
) -> ContainerDefinition:
    """The API's own container. `image` and `docker_labels` are what the plan alone knows of it."""
    return ContainerDefinition(
        name=service.name,
        image=image,
        port=container.port,
        environment=container.environment,
        secrets=container.secrets,
        user=container.user,
        readonly_root_filesystem=container.readonly_root_filesystem,
        stop_timeout_seconds=container.stop_timeout_seconds,
        init_process_enabled=service.enable_execute_command,
        docker_labels={**container.docker_labels, **(docker_labels or {})},
        command=container.command,
        entry_point=container.entry_point,
        working_directory=container.working_directory,
        ulimits=[
            Ulimit(name=limit.name, soft_limit=limit.soft_limit, hard_limit=limit.hard_limit)
            for limit in container.ulimits
        ],
        start_timeout_seconds=container.start_timeout_seconds,
        health_check=_health_check(container.health_check),
        cpu=_cpu_share(container),
        depends_on=container.depends_on,
        awsfirelens=_awsfirelens(container.awsfirelens),
        mount_points=[
            *_scratch(container, service, prefix="scratch", others=[each.mount_path for each in container.efs_volumes]),
            *_efs(container),
        ],
    )


def _scratch(
    settings: Container | tables.Sidecar, service: Service, *, prefix: str, others: Sequence[str] = ()
) -> list[MountPoint]:
    """ECS Exec's agent, which runs as root, writes to folders of its own, whatever the container's user may do.

    `others` are paths at which something else is mounted. Amazon ECS Developer Guide, "Considerations for using ECS
    Exec".
    """
    paths = {*settings.scratch_volumes}
    if service.enable_execute_command and settings.readonly_root_filesystem:
        paths |= _WRITTEN_BY_ECS_EXEC.difference(others)
    return [MountPoint(path, ScratchVolume(f"{prefix}-{at}")) for at, path in enumerate(sorted(paths))]


def _efs(container: Container) -> list[MountPoint]:
    return [
        MountPoint(
            each.mount_path,
            EfsVolume(f"efs-{at}", file_system_id=each.file_system_id, access_point_id=each.access_point_id),
            read_only=each.read_only,
        )
        for at, each in enumerate(container.efs_volumes)
    ]


def sidecars(container: Container, service: Service) -> list[Sidecar]:
    return [_sidecar(settings, service, at) for at, settings in enumerate(container.sidecars)]


def _sidecar(settings: tables.Sidecar, service: Service, at: int) -> Sidecar:
    firelens = settings.firelens
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
        mount_points=_scratch(settings, service, prefix=f"sidecar-{at}-scratch"),
        health_check=_health_check(settings.health_check),
        firelens=Firelens(type=firelens.type, options=firelens.options) if firelens else None,
    )


def _health_check(settings: HealthCheck | None) -> ContainerHealthCheck | None:
    if settings is None:
        return None
    return ContainerHealthCheck(
        command=settings.command,
        interval_seconds=settings.interval_seconds,
        timeout_seconds=settings.timeout_seconds,
        retries=settings.retries,
        start_period_seconds=settings.start_period_seconds,
    )


def _awsfirelens(settings: tables.AwsFirelens | None) -> AwsFirelens | None:
    return AwsFirelens(options=settings.options, secret_options=settings.secret_options) if settings else None


def _cpu_share(container: Container) -> int | None:
    """Of the application's container: what its sidecars leave. None where none of them reserves any.

    A container without a share has the least there is: Amazon ECS API Reference, ContainerDefinition, cpu.
    """
    reserved = sum(sidecar.cpu or 0 for sidecar in container.sidecars)
    return container.cpu - reserved if reserved else None


def problems(container: Container, service: Service) -> Iterator[Refusal]:
    for problem in container_group.problems(
        application(container, service),
        sidecars(container, service),
        cpu=container.cpu,
        memory_mib=container.memory_mib,
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
