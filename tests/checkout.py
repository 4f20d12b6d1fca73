"""A checkout of the tests' own, with an embedded AWS of its own: the verbs as processes, to be killed or run twice."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local_aws import lifecycle
from local_aws.instance import LocalAws
from local_aws.tests.machine import reserved_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]

_PROGRAM = ("constructs_lib", "environments", "examples", "lazy_provider", "local_aws", "operate", "stacks")
_WITHOUT = shutil.ignore_patterns("__pycache__", "tests")


@dataclass(frozen=True)
class Checkout:
    folder: Path
    local_aws: LocalAws

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A verb, whose standard output and errors come together; it leads a process group."""
        return subprocess.Popen(
            [sys.executable, "-m", "operate", *arguments],
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def operate(self, *arguments: str) -> tuple[int, str]:
        """Exit code, and all that it printed."""
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=600)
        return process.returncode, said

    @property
    def variables(self) -> dict[str, str]:
        return {**os.environ, "LOCAL_AWS_PORT": str(self.local_aws.port)}


@contextlib.contextmanager
def checked_out(folder: Path) -> Iterator[Checkout]:
    """Nothing is started yet, and what was is stopped in the end."""
    for name in _PROGRAM:
        shutil.copytree(ROOT / name, folder / name, ignore=_WITHOUT)
    shutil.copy(ROOT / "main.py", folder)
    (folder / ".venv").symlink_to(sys.prefix)
    local_aws = LocalAws(port=reserved_port(), directory=folder / ".local" / "aws")
    try:
        yield Checkout(folder, local_aws)
    finally:
        lifecycle.down(local_aws)
