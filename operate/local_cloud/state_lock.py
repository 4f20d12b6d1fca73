"""Frees a Terraform state in the embedded AWS from what a killed command has left. Its callers run one at a time."""

from __future__ import annotations

import contextlib
import fcntl
import signal
from typing import TYPE_CHECKING

import psutil

from operate import progress
from operate.errors import OperateError
from operate.local_cloud.account import STATE_BUCKET
from operate.terraform_errors import unreadable_lock
from operate.terraform_state import Lock, State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from operate.local_cloud.cloud import LocalCloud
    from operate.terraform import Terraform

_INTERRUPTED_ENDS_WITHIN_SECONDS = 120
_UNSAVED = "errored.tfstate"  # Terraform's name for a state that its backend did not take


def free(cloud: LocalCloud, terraform: Terraform, *, key: str) -> None:
    """A Terraform still at work in the folder is interrupted; a lock that is left then is nobody's.

    What one could not save, because the embedded AWS was gone before it, is saved now.
    """
    folder = str(terraform.working_directory.resolve())
    _interrupt([process for process in psutil.process_iter() if is_terraform_in(process, folder)])
    _unlock(cloud, terraform, key=f"{key}.tflock")
    _save(terraform, saved=cloud.read_object(STATE_BUCKET, key))


def _unlock(cloud: LocalCloud, terraform: Terraform, *, key: str) -> None:
    content = cloud.read_object(STATE_BUCKET, key)
    if content is None:
        return
    lock = Lock.read(content)
    if lock is None:
        delete = f"curl -X DELETE {cloud.endpoint}/{STATE_BUCKET}/{key}"
        raise OperateError(unreadable_lock(f"s3://{STATE_BUCKET}/{key}", delete=delete))
    terraform.run("force-unlock", "-force", lock.id)


def interrupt_all(cloud: LocalCloud) -> None:
    """Every Terraform that works on the embedded AWS, so that it saves its state while there is where to."""
    _interrupt([process for process in psutil.process_iter() if _works_on(cloud, process)])


def _interrupt(terraforms: list[psutil.Process]) -> None:
    """Returns once they have ended, and the cdktf that ran them."""
    if not terraforms:
        return
    callers = [caller for terraform in terraforms for caller in _cdktf_above(terraform)]
    with progress.step("waiting for a Terraform that was left at work"):
        for terraform in terraforms:
            with contextlib.suppress(psutil.NoSuchProcess):
                terraform.send_signal(signal.SIGINT)
        psutil.wait_procs([*terraforms, *callers], timeout=_INTERRUPTED_ENDS_WITHIN_SECONDS)


def _cdktf_above(terraform: psutil.Process) -> list[psutil.Process]:
    try:
        return [caller for caller in terraform.parents() if any(word.endswith("/cdktf") for word in caller.cmdline())]
    except psutil.Error:
        return []


def is_terraform_in(process: psutil.Process, folder: str) -> bool:
    try:
        return process.name() == "terraform" and process.cwd() == folder
    except psutil.Error:
        return False


def _works_on(cloud: LocalCloud, process: psutil.Process) -> bool:
    try:
        return process.name() == "terraform" and process.environ().get("AWS_ENDPOINT_URL") == cloud.endpoint
    except psutil.Error:
        return False


def _save(terraform: Terraform, *, saved: bytes | None) -> None:
    """A state of another lineage is left alone, an older one is no loss; `saved` in ruins is for Terraform to tell."""
    file = terraform.working_directory / _UNSAVED
    if not file.exists():
        return
    unsaved, before = State.read(file.read_bytes()), State.read(saved or b"")
    if unsaved is None:
        progress.console.print(f"{file} is no Terraform state, or not a whole one, and is left alone.")
        return
    if (before is None and saved) or (before and before.lineage != unsaved.lineage):
        return
    if before is None or unsaved.serial > before.serial:
        terraform.run("state push", file.name)
    file.unlink()


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
