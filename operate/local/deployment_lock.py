"""One command at a time on what is deployed in the embedded AWS; on AWS Terraform's own lock does that."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from datetime import datetime
from typing import IO, TYPE_CHECKING

from operate import progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.instance import LocalAws

_FILE = "deployment.lock"


@contextlib.contextmanager
def held(local_aws: LocalAws | None) -> Iterator[None]:
    """Waits for its holder, and says who that is; the kernel drops the lock of a killed one."""
    if local_aws is None:
        yield
        return
    local_aws.directory.mkdir(parents=True, exist_ok=True)
    with (local_aws.directory / _FILE).open("a+") as lock:
        if not _try_to_take(lock):
            with progress.step(f"waiting, since {_named(lock)}"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        command = f"`{' '.join(sys.argv[1:])}` (process {os.getpid()})"
        lock.write(f"{command} has been at work since {datetime.now():%H:%M:%S}")  # noqa: DTZ005 - a person's own clock
        lock.flush()
        yield


def holder(local_aws: LocalAws) -> str | None:
    """A clause that says who and since when; None where nobody holds it."""
    try:
        with (local_aws.directory / _FILE).open("a+") as lock:
            return None if _try_to_take(lock) else _named(lock)
    except FileNotFoundError:
        return None


def _try_to_take(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _named(lock: IO[str]) -> str:
    lock.seek(0)
    return lock.read() or "another command is at work"
