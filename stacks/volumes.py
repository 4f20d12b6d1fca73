"""What the container of the application has mounted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from constructs_lib.task_volumes import EfsVolume, MountPoint, ScratchVolume

if TYPE_CHECKING:
    from stacks.settings import Environment

_WRITTEN_BY_ECS_EXEC: Final = ("/var/lib/amazon/ssm", "/var/log/amazon/ssm")


def mount_points(environment: Environment) -> list[MountPoint]:
    """ECS Exec's agent, which runs as root, writes to folders of its own, whatever the container's user may do.

    Amazon ECS Developer Guide, "Considerations for using ECS Exec".
    """
    container = environment.container
    paths = {*container.scratch_volumes}
    if environment.service.enable_execute_command and container.readonly_root_filesystem:
        paths |= {*_WRITTEN_BY_ECS_EXEC} - {volume.mount_path for volume in container.efs_volumes}
    scratch = [MountPoint(path, ScratchVolume(f"scratch-{at}")) for at, path in enumerate(sorted(paths))]
    return [*scratch, *_efs_mount_points(environment)]


def _efs_mount_points(environment: Environment) -> list[MountPoint]:
    return [
        MountPoint(
            each.mount_path,
            EfsVolume(f"efs-{at}", file_system_id=each.file_system_id, access_point_id=each.access_point_id),
            read_only=each.read_only,
        )
        for at, each in enumerate(environment.container.efs_volumes)
    ]
