"""[container]: paths of the container that are not the image's."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.settings.base import Settings, matching, refuse_repeated

Path = Annotated[
    str,
    matching(
        r"(?:/(?!\.\.?(?:/|\Z))[^/\0]+)+",
        "must be an absolute path of the container below /, without a slash at its end and without . and .. in it,"
        " such as /tmp",
    ),
]


def each_once(paths: tuple[str, ...]) -> tuple[str, ...]:
    refuse_repeated(paths)
    return paths


ScratchVolumes = Annotated[tuple[Path, ...], Field(strict=False), AfterValidator(each_once)]


class EfsVolume(Settings):
    """Amazon ECS API Reference, EFSVolumeConfiguration, and Amazon EFS API Reference, DescribeAccessPoints."""

    file_system_id: Annotated[
        str,
        matching(r"fs-[0-9a-f]{8,40}", "must be the id of a file system of Amazon EFS, such as fs-0123456789abcdef0"),
    ]
    """The file system, of this account and region."""
    access_point_id: Annotated[
        str,
        matching(r"fsap-[0-9a-f]{8,40}", "must be the id of an EFS access point, such as fsap-0123456789abcdef0"),
    ]
    """An access point of that file system; it says which folder is shown, and who owns it."""
    mount_path: Path
    """Path in the container."""
    read_only: bool = False
    """Whether the container cannot write to it; the task role then may not either."""
