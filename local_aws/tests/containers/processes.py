"""The processes of one podman of ours, to be killed, and whether one has ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from local_aws.podman import Podman


def processes_of(podman: Podman) -> list[psutil.Process]:
    """The service, and what watches over its containers."""
    run_folder = str(Path(podman.address.removeprefix("unix://")).parent)
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(run_folder in argument for argument in process.info["cmdline"] or [])
    ]


def has_ended(pid: int) -> bool:
    """Also one whose end nobody has asked about yet: on a busy machine its new parent takes its time."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
