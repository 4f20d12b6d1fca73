"""Volumes of a task, and where its containers have them. No cdktf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class ScratchVolume:
    """A part of the task's ephemeral storage, gone with the task.

    It is root's, with the mode 0755, unless the image declares a ``VOLUME`` of the path at which it is mounted: then it
    is a copy of that folder of the image, with the same owner and mode.

    - ``name``: within the task, 1 to 255 letters, digits, - and _. No default.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html
    """

    name: str


@dataclass(frozen=True)
class EfsVolume:
    """What an access point shows of a file system of Amazon EFS: encrypted in transit, and by the task role's leave.

    - ``name``: within the task, 1 to 255 letters, digits, - and _. No default.
    - ``file_system_id``: of the task's own account and region, such as ``fs-0123456789abcdef0``. No default.
    - ``access_point_id``: of that file system, such as ``fsap-0123456789abcdef0``. No default.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html
    """

    name: str
    file_system_id: str
    access_point_id: str


@dataclass(frozen=True)
class MountPoint:
    """A volume in a container; containers that name the same one share it.

    - ``path``: where it is, absolute. No default.
    - ``volume``: a ``ScratchVolume`` or an ``EfsVolume``. No default.
    - ``read_only``: whether this container cannot write it; False by default.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_MountPoint.html
    """

    path: str
    volume: ScratchVolume | EfsVolume
    read_only: bool = False

    def document(self) -> dict[str, Any]:
        return {"sourceVolume": self.volume.name, "containerPath": self.path, "readOnly": self.read_only}


def volumes_of(mount_points: Iterable[MountPoint]) -> list[ScratchVolume | EfsVolume]:
    """Each once, by name. Raises ValueError where two have one name."""
    found: dict[str, ScratchVolume | EfsVolume] = {}
    for mount_point in mount_points:
        volume = mount_point.volume
        if found.setdefault(volume.name, volume) != volume:
            raise ValueError(f"two volumes are called {volume.name}: give each a name of its own")
    return [found[name] for name in sorted(found)]
