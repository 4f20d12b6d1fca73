"""A task's volumes, which its containers share by name and which go with it.

Whose a volume is, the image says: where it declares a `VOLUME` of the very path that is mounted, the volume begins as a
copy of that folder, its owner and mode included; else it is empty, and root's with the mode 0755.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import DockerException, NotFound
from ministack.core import container_reaper

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from docker import DockerClient
    from docker.models.volumes import Volume

    from local_aws.ministack_types import Record

_TASK = "com.amazonaws.ecs.task-arn"
_MINE = f"{container_reaper.INSTANCE_LABEL}="

_log = logging.getLogger("local_aws")


@dataclass(frozen=True)
class Mount:
    """`is_efs`: in place of the file system, an empty volume of the task that every user may write."""

    volume: str
    path: str
    read_only: bool
    is_efs: bool


def wanted(container: Record, definition: Record) -> list[Mount]:
    efs = {one["name"] for one in definition.get("volumes") or [] if one.get("efsVolumeConfiguration")}
    return [
        Mount(one["sourceVolume"], one["containerPath"], bool(one.get("readOnly")), one["sourceVolume"] in efs)
        for one in container.get("mountPoints") or []
    ]


def binds(client: DockerClient, mounts: Iterable[Mount], *, image: str, labels: Mapping[str, str]) -> list[str]:
    """As the engine takes them. Mounted by its name, a volume becomes a copy of the image's folder; by its path not."""
    declared = client.images.get(image).attrs["Config"].get("Volumes") or {}
    found = []
    for mount in mounts:
        volume = _volume(client, mount, labels)
        copies = mount.path in declared and not mount.is_efs
        source = volume.name if copies else volume.attrs["Mountpoint"]
        found.append(f"{source}:{mount.path}:{'ro' if mount.read_only else 'rw'}")
    return found


def _volume(client: DockerClient, mount: Mount, labels: Mapping[str, str]) -> Volume:
    name = f"ministack-ecs-{labels[_TASK].rpartition('/')[2]}-{mount.volume}"
    try:
        return client.volumes.get(name)
    except NotFound:
        volume = client.volumes.create(name, labels=dict(labels))
    if mount.is_efs:
        with contextlib.suppress(OSError):  # an engine elsewhere, or somebody else's
            Path(volume.attrs["Mountpoint"]).chmod(0o777)
    return volume


def remove(task: Record, client: DockerClient | None) -> None:
    """Once its containers are gone."""
    if client:
        _remove(client, f"{_TASK}={task['taskArn']}")


def sweep(client: DockerClient | None) -> None:
    """Those of every task, once all containers are gone: at the end, and of an earlier run at the beginning."""
    if client:
        _remove(client, f"{_MINE}{container_reaper.instance_id()}")


def _remove(client: DockerClient, label: str) -> None:
    try:
        for volume in client.volumes.list(filters={"label": label}):
            volume.remove(force=True)
    except (DockerException, OSError) as error:
        _log.warning("could not remove the volumes of %s: %s", label, error)
