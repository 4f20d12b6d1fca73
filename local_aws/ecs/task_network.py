"""The network namespace that the containers of a task share, as on Fargate: one address, and `localhost` between them.

A container of ours holds it from before the first one starts until after the last one has ended. It runs no image of
anybody's, but a program that sleeps.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import tarfile
import threading
from typing import TYPE_CHECKING, Final

from docker.errors import ImageNotFound
from ministack.core import container_reaper

from local_aws.ecs import containers, engine_client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import DockerClient
    from docker.models.containers import Container

    from local_aws.ministack_types import Record

_IMAGE: Final = "localhost/local-aws-pause:1"
_PROGRAM: Final = "pause"
# ppoll(NULL, 0, NULL, NULL, 0) without end, of each machine that Linux's ELF files know: its number and instructions
_SLEEP: Final[Mapping[str, tuple[int, bytes]]] = {
    "amd64": (62, bytes.fromhex("b80f0100004531c04531d231d231f631ff0f05ebeb")),
    "arm64": (
        183,
        struct.pack("<8I", *(0xD2800000 | number for number in range(5)), 0xD2800928, 0xD4000001, 0x17FFFFF9),
    ),
}
_LOAD_ADDRESS: Final = 0x400000
_building = threading.Lock()


def open_for(task: Record, client: DockerClient) -> Container:
    holder = client.containers.create(
        _image(client),
        name=f"ministack-ecs-{task['taskArn'].rpartition('/')[2][:8]}-pause",
        labels=container_reaper.own_labels("ecs"),
    )
    task["_network_holder"] = holder.id
    holder.start()
    return holder


def close(task: Record, client: DockerClient | None) -> None:
    """Once its containers are gone."""
    holder_id = task.pop("_network_holder", None)
    if client and holder_id:
        containers.remove(client, holder_id)


def _image(client: DockerClient) -> str:
    with _building:
        try:
            client.images.get(_IMAGE)
        except ImageNotFound:
            client.images.load(_image_archive(engine_client.architecture()))
    return _IMAGE


def _image_archive(architecture: str) -> bytes:
    """As `docker save` writes it: https://github.com/moby/docker-image-spec."""
    layer = _archive({_PROGRAM: _elf(*_SLEEP[architecture])})
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Entrypoint": [f"/{_PROGRAM}"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [_IMAGE], "Layers": ["layer.tar"]}]
    texts = {"config.json": config, "manifest.json": manifest}
    return _archive({"layer.tar": layer, **{name: json.dumps(text).encode() for name, text in texts.items()}})


def _archive(files: Mapping[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as written:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.mode, entry.size = 0o755, len(content)
            written.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def _elf(machine: int, instructions: bytes) -> bytes:
    """The smallest program: one loaded segment, no sections. https://man7.org/linux/man-pages/man5/elf.5.html."""
    header_bytes, segment_bytes = 64, 56
    size, entry = header_bytes + segment_bytes + len(instructions), _LOAD_ADDRESS + header_bytes + segment_bytes
    identity = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", identity, 2, machine, 1, entry, header_bytes, 0, 0, header_bytes, segment_bytes, 1, 0, 0, 0
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _LOAD_ADDRESS, _LOAD_ADDRESS, size, size, 0x1000)
    return header + segment + instructions
