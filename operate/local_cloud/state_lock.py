"""Frees a Terraform state in the embedded AWS from what a killed command has left. Its callers run one at a time."""

from __future__ import annotations

import contextlib
import fcntl
import json
import signal
from typing import TYPE_CHECKING

import psutil

from operate import progress
from operate.local_cloud.account import STATE_BUCKET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from operate.local_cloud.cloud import LocalCloud
    from operate.terraform import Terraform

_INTERRUPTED_ENDS_WITHIN_SECONDS = 120


def free(cloud: LocalCloud, terraform: Terraform, *, key: str) -> None:
    """A Terraform still at work in the folder is interrupted; a lock that is left then is nobody's."""
    folder = str(terraform.working_directory.resolve())
    orphans = [process for process in psutil.process_iter() if is_terraform_in(process, folder)]
    for orphan in orphans:
        with contextlib.suppress(psutil.NoSuchProcess):
            orphan.send_signal(signal.SIGINT)
    psutil.wait_procs(orphans, timeout=_INTERRUPTED_ENDS_WITHIN_SECONDS)
    lock = cloud.read_object(STATE_BUCKET, f"{key}.tflock")
    if lock is not None:
        terraform.run("force-unlock", "-force", json.loads(lock)["ID"])


def is_terraform_in(process: psutil.Process, folder: str) -> bool:
    try:
        return process.name() == "terraform" and process.cwd() == folder
    except psutil.Error:
        return False


@contextlib.contextmanager
def alone(file: Path, *, waiting: str) -> Iterator[None]:
    """One holder of the file at a time; the kernel drops the lock of a killed one. Says `waiting` while it waits."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.step(waiting):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
