"""Which process is the embedded AWS: a pid, and when it started, so that a recycled pid is never taken for it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "server.json"
_MODULE = "local_aws.server"
_CLOCK_TOLERANCE_SECONDS = 5  # the kernel's answer moves when the machine's clock is set


@dataclass(frozen=True)
class ServerRecord:
    pid: int
    port: int
    started_at: float  # seconds since the epoch, as the kernel has it

    @classmethod
    def of_this_process(cls, port: int) -> ServerRecord:
        return cls(pid=os.getpid(), port=port, started_at=psutil.Process().create_time())

    @classmethod
    def read(cls, directory: Path) -> ServerRecord | None:
        try:
            return cls(**json.loads((directory / _FILE).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, directory: Path) -> None:
        temporary = directory / f"{_FILE}.{self.pid}"
        temporary.write_text(json.dumps(asdict(self)))
        temporary.replace(directory / _FILE)

    @staticmethod
    def remove(directory: Path) -> None:
        (directory / _FILE).unlink(missing_ok=True)

    def process(self) -> psutil.Process | None:
        """The running process that this record is of, or None."""
        try:
            process = psutil.Process(self.pid)
            same_start = abs(process.create_time() - self.started_at) < _CLOCK_TOLERANCE_SECONDS
            ours = same_start and _MODULE in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return None
        return process if ours else None
