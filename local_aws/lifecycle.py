"""The embedded AWS from nothing to ready, and back."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_aws import container_engine, progress, server_process
from local_aws.instance import LocalAws, configured_port
from local_aws.server_record import ServerRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local_aws.progress import Step


@dataclass(frozen=True)
class Status:
    """`pid` is None where it does not run."""

    endpoint: str
    directory: Path
    pid: int | None
    uptime_seconds: float

    @property
    def running(self) -> bool:
        return self.pid is not None


def configured(directory: Path) -> LocalAws:
    """On the port that LOCAL_AWS_PORT says, or else the one that it runs on."""
    record = ServerRecord.read(directory)
    runs = record is not None and record.process() is not None
    return LocalAws(configured_port(otherwise=record.port) if record and runs else configured_port(), directory)


def up(local_aws: LocalAws, *, containers: bool = False, step: Step = progress.silent) -> bool:
    """Returns whether it started empty, because it was not stopped in an orderly way.

    With `containers` there is an engine for its ECS afterwards, where this machine has one; without, only where there
    was one before, since services may have tasks. `step` shows a person what takes its time.
    """
    with _alone(local_aws, step):
        was_killed = server_process.was_killed(local_aws)
        if was_killed:
            with step("removing what a killed embedded AWS has left"):
                _remove(local_aws)
        if containers or container_engine.was_started(local_aws):
            container_engine.start(local_aws, step)
        _run(local_aws, step)
    return was_killed


def _run(local_aws: LocalAws, step: Step) -> None:
    record = server_process.running(local_aws)
    if record and record.port != local_aws.port:
        server_process.stop(record)
        record = None
    if record is None:
        with step(f"starting the embedded AWS on {local_aws.endpoint}"):
            server_process.start(local_aws)


def down(local_aws: LocalAws, *, delete: bool = False, step: Step = progress.silent) -> None:
    """It keeps what it holds for the next `up`, unless that is to be deleted."""
    with _alone(local_aws, step):
        record = server_process.running(local_aws)
        if record:
            server_process.stop(record)
        container_engine.stop(local_aws)
        if delete or server_process.was_killed(local_aws):
            _remove(local_aws)


def _remove(local_aws: LocalAws) -> None:
    """What it holds, and the containers that are left; the engine's images stay."""
    container_engine.stop(local_aws)
    for folder in local_aws.data:
        shutil.rmtree(folder, ignore_errors=True)
    server_process.forget(local_aws)


def status(local_aws: LocalAws) -> Status:
    record = server_process.running(local_aws)
    return Status(
        endpoint=local_aws.endpoint,
        directory=local_aws.directory,
        pid=record.pid if record else None,
        uptime_seconds=time.time() - record.started_at if record else 0,
    )


def _lock_file(local_aws: LocalAws) -> Path:
    return local_aws.directory / "lock"


@contextlib.contextmanager
def _alone(local_aws: LocalAws, step: Step) -> Iterator[None]:
    """One `up` or `down` at a time; the kernel drops the lock of a killed one."""
    local_aws.directory.mkdir(parents=True, exist_ok=True)
    with _lock_file(local_aws).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("waiting for another command to finish with the embedded AWS"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
