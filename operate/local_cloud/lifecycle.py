"""The embedded AWS from nothing to ready, and back."""

from __future__ import annotations

import itertools
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from operate import progress
from operate.local_cloud import account, container_engine, modules, process, state_lock
from operate.local_cloud.cloud import LocalCloud, configured_port
from operate.terraform import executable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path


@dataclass(frozen=True)
class Status:
    endpoint: str
    directory: Path
    pid: int | None  # None: not running
    uptime_seconds: float
    applied_modules: tuple[str, ...]

    @property
    def running(self) -> bool:
        return self.pid is not None


def default() -> LocalCloud:
    """On the port that LOCAL_CLOUD_PORT says, or else the one that it runs on."""
    cloud = LocalCloud()
    record = process.running(cloud)
    return LocalCloud(port=configured_port(otherwise=record.port) if record else configured_port())


def up_with_containers(cloud: LocalCloud | None = None) -> LocalCloud:
    """As `up`, with a container engine for its ECS where this machine has one."""
    executable()
    cloud = cloud or default()
    with _alone(cloud):
        container_engine.start(cloud)
    return up(cloud)


def up(cloud: LocalCloud | None = None) -> LocalCloud:
    """Well under a second when all is there; a module that is to be applied takes those that read it along."""
    executable()  # no process is started where no module could be applied
    cloud = cloud or default()
    with _alone(cloud):
        container_engine.resume(cloud)
        _run(cloud)
        outdated = list(itertools.dropwhile(modules.Module.is_applied, modules.all_of(cloud)))
        if outdated:
            account.prepare(cloud)
        for module in outdated:
            module.apply()
    return cloud


def _run(cloud: LocalCloud) -> None:
    if process.was_killed(cloud):
        _discard_record(cloud)
    record = process.running(cloud)
    if record and record.port != cloud.port:
        process.stop(record)
        record = None
    if record is None:
        with progress.step(f"starting the embedded AWS on {cloud.endpoint}"):
            process.start(cloud)


def _discard_record(cloud: LocalCloud) -> None:
    """After a kill Terraform is to compare the modules' states with what the emulator still knows."""
    for module in modules.all_of(cloud):
        module.doubt()
    process.forget(cloud)


def down(cloud: LocalCloud | None = None, *, delete: bool = False) -> None:
    """The data stays for the next `up`, unless it is to be deleted."""
    cloud = cloud or default()
    with deployment_lock(cloud), _alone(cloud):
        state_lock.interrupt_all(cloud)
        record = process.running(cloud)
        if record:
            process.stop(record)
        container_engine.stop(cloud)
        if process.was_killed(cloud):
            _discard_record(cloud)
    if delete:
        shutil.rmtree(cloud.directory, ignore_errors=True)


def status(cloud: LocalCloud | None = None) -> Status:
    cloud = cloud or default()
    record = process.running(cloud)
    answers = record is not None and process.answers(cloud)
    applied = [module.name for module in modules.all_of(cloud) if answers and module.is_applied()]
    return Status(
        endpoint=cloud.endpoint,
        directory=cloud.directory,
        pid=record.pid if record else None,
        uptime_seconds=time.time() - record.started_at if record else 0,
        applied_modules=tuple(applied),
    )


def deployment_lock(cloud: LocalCloud) -> AbstractContextManager[None]:
    """One command at a time on what is deployed in the embedded AWS."""
    waiting = "waiting for another command to finish with the deployment"
    return state_lock.alone(cloud.directory / "deployment.lock", waiting=waiting)


def _alone(cloud: LocalCloud) -> AbstractContextManager[None]:
    """One `up` or `down` at a time."""
    waiting = "waiting for another command to finish with the embedded AWS"
    return state_lock.alone(cloud.directory / "lock", waiting=waiting)
