"""Runs tests against one mutant after another, in a copy of the project and in a process that stays.

Between two mutants the process forgets the project's modules and keeps the others, and with them pydantic, hypothesis,
cdktf and its Node, which take seconds to start. Whether a mutant has left something behind that fails the tests of the
next ones is looked at after each batch, and such a batch is tried again in parts.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

ROOT: Final = Path(__file__).parents[2]

_CONTEXT: Final = multiprocessing.get_context("spawn")
_NOT_COPIED: Final = shutil.ignore_patterns(".*", "cdktf.out", "node_modules", "__pycache__")
_OURS: Final = ("stacks", "constructs_lib", "tests", "conftest")
_FIRST_MTIME: Final = 1_000_000_000
_ENDED: Final = threading.Event()


@dataclass(frozen=True)
class Mutant:
    """`was` and `becomes` are the lines that differ, without indentation."""

    job_id: str
    module: Path
    code: str
    operator: str
    line: int
    was: str
    becomes: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line} {self.operator}\n    - {self.was}\n    + {self.becomes}"


class Worker:
    """`folder` is made, and holds the copy."""

    def __init__(self, folder: Path, tests: str, *, timeout_seconds: float) -> None:
        self._folder = Path(shutil.copytree(ROOT, folder, ignore=_NOT_COPIED))
        for shared in (".venv", "node_modules"):
            (folder / shared).symlink_to((ROOT / shared).resolve())
        self._tests = tests
        self._timeout_seconds = timeout_seconds
        self._mtimes = count(_FIRST_MTIME)
        self._start()

    @property
    def log(self) -> Path:
        """What the last run printed."""
        return self._folder.with_suffix(".log")

    def passes(self) -> bool:
        """Whether the tests pass as the project is; not if they take too long."""
        if _ENDED.is_set():
            raise KeyboardInterrupt
        self._connection.send(self._tests)
        with suppress(EOFError):
            if self._connection.poll(self._timeout_seconds):
                return bool(self._connection.recv() == 0)
        self._stop()
        self._start()
        return False

    def survivors(self, mutants: Sequence[Mutant]) -> list[Mutant]:
        """Those of a batch with which the tests pass."""
        alive = [mutant for mutant in mutants if self._survives(mutant)]
        if self.passes() or len(mutants) == 1:
            return alive
        self._stop()
        self._start()
        half = len(mutants) // 2
        return self.survivors(mutants[:half]) + self.survivors(mutants[half:])

    def close(self) -> None:
        self._stop()

    def _survives(self, mutant: Mutant) -> bool:
        self._write(mutant.module, mutant.code)
        try:
            return self.passes()
        finally:
            self._write(mutant.module, (ROOT / mutant.module).read_text("utf-8"))

    def _write(self, module: Path, code: str) -> None:
        (self._folder / module).write_text(code, "utf-8")
        mtime = next(self._mtimes)  # by which Python tells whether its bytecode is of this text
        os.utime(self._folder / module, (mtime, mtime))

    def _start(self) -> None:
        self._connection, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_serve, args=(theirs, self._folder, self.log), daemon=True)
        self._process.start()
        theirs.close()

    def _stop(self) -> None:
        """The process and all that its tests have started: it leads a session of its own."""
        self._connection.close()
        if self._process.is_alive() and self._process.pid:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.join()


def end_all() -> None:
    """Lets no worker begin another run, and ends the runs that are on."""
    _ENDED.set()
    for process in multiprocessing.active_children():
        if process.pid:
            os.killpg(process.pid, signal.SIGKILL)


def _serve(connection: Connection, folder: Path, log: Path) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    sys.path[:] = [str(folder), *(entry for entry in sys.path if entry and Path(entry).resolve() != ROOT)]
    import pytest  # noqa: PLC0415 - the process that starts this one needs none

    # Its search for forgotten errors collects garbage five times after each run.
    options = ["--exitfirst", "--quiet", "-p", "no:cacheprovider", "-p", "no:unraisableexception"]
    while True:
        try:
            tests = connection.recv()
        except EOFError:
            return
        _print_to(log)
        for name in [name for name in sys.modules if name.partition(".")[0] in _OURS]:
            del sys.modules[name]
        connection.send(int(pytest.main([*options, tests])))


def _print_to(log: Path) -> None:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.close(output)
