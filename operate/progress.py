"""Runs other programs: quietly while they work, with everything they said when they fail."""

from __future__ import annotations

import functools
import os
import signal
import stat
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from operate.errors import OperateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)
"""Values are text: rich would take `[x]` for markup and `:secret:` for an emoji, in a table's cells too."""

_PATIENCE_SECONDS = 2


@functools.cache
def say_once(text: str) -> None:
    console.print(text, style="yellow")


class StepFailedError(OperateError):
    """A program exited non-zero. `output` is what it printed, and the text shown ends with one line of our own.

    `standard_output` is there beside the errors, for what only it says.
    """

    def __init__(self, label: str, *, returncode: int, output: str, standard_output: str = "") -> None:
        self.label = label
        self.output = output.strip()
        self.standard_output = standard_output
        super().__init__(f"{self.output}\n\n{label}: {_ending(returncode)}".lstrip())


def _ending(returncode: int) -> str:
    """Of a program that did not exit 0."""
    if returncode >= 0:
        return f"failed with exit code {returncode}"
    return f"was ended by signal {-returncode} ({signal.strsignal(-returncode)})"


@dataclass(frozen=True)
class Command:
    """`environment` is the whole environment, not an addition to ours."""

    arguments: Sequence[str]
    directory: Path
    environment: Mapping[str, str]


@contextmanager
def step(label: str) -> Iterator[None]:
    """A running clock on a terminal; elsewhere one line, begun at once and ended with the seconds or `failed`."""
    started = time.monotonic()
    shown = _clock(label) if console.is_terminal else _line(label)
    with shown:
        yield
    seconds = f"{time.monotonic() - started:.0f} s"
    console.print(f"{label} … {seconds}" if console.is_terminal else seconds)


@contextmanager
def said_if_slow(label: str) -> Iterator[None]:
    """For what is mostly done at once: its label, where it takes longer than a person waits without a word."""
    timer = threading.Timer(_PATIENCE_SECONDS, console.print, [f"{label} …"])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _clock(label: str) -> Progress:
    clock = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    clock.add_task(label, total=None)
    return clock


@contextmanager
def _line(label: str) -> Iterator[None]:
    console.print(f"{label} … ", end="")
    try:
        yield
    except BaseException:
        console.print("failed")
        raise


def run(label: str, command: Command) -> str:
    """`read`, for what takes its time."""
    with step(label):
        return read(command, label=label)


def read(command: Command, *, label: str | None = None) -> str:
    """What the command printed on standard output; raises StepFailedError with what it printed as its errors."""
    with _text_file() as output, _text_file() as errors:
        returncode = _wait(command, stdout=output, stderr=errors)
        text = _contents(output)
        if returncode:
            label = label or " ".join(command.arguments)
            said = _contents(errors) or text
            raise StepFailedError(label, returncode=returncode, output=said, standard_output=text)
    return text


def _text_file() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def _contents(stream: IO[str]) -> str:
    stream.seek(0)
    return stream.read()


def _wait(command: Command, *, stdout: IO[str], stderr: IO[str]) -> int:
    """Keeps the command in a session of its own, so that an interrupt reaches it once and from us.

    Terraform gives up its state lock on the first interrupt and dies holding it on the second; a terminal's Ctrl-C
    that we passed on as well would be that second one.
    """
    with Interrupts().handled() as interrupts:
        child = _started(command, stdout=stdout, stderr=stderr)
        interrupts.pass_on_to(child)
        child.wait()
    if interrupts.received:
        raise KeyboardInterrupt
    return child.returncode


def raise_interrupts() -> None:
    """KeyboardInterrupt for SIGTERM, and for SIGHUP where that is not ignored, as by nohup."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _hang_up)


def _hang_up(number: int, frame: FrameType | None) -> None:
    _leave_terminal()
    signal.default_int_handler(number, frame)


def _leave_terminal() -> None:
    """A clean-up says what it does, and to write to a closed terminal fails. Shell and kernel both send SIGHUP."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Path(os.devnull).open("w") as nowhere:
        for stream in (1, 2):
            if stat.S_ISCHR(os.fstat(stream).st_mode):
                os.dup2(nowhere.fileno(), stream)


class Interrupts:
    """In place of KeyboardInterrupt, which would leave a program running if it were raised while that starts."""

    def __init__(self) -> None:
        self.received = self._interrupted = self._passed_on = False
        self._replaced: dict[signal.Signals, Any] = {}
        self._child: subprocess.Popen[bytes] | None = None

    @contextmanager
    def handled(self) -> Iterator[Interrupts]:
        if threading.current_thread() is threading.main_thread():
            handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
            raising = (signal.default_int_handler, _hang_up)
            self._replaced = {number: handler for number, handler in handlers.items() if handler in raising}
        for number in self._replaced:
            signal.signal(number, self._receive)
        try:
            yield self
        finally:
            for number, handler in [*self._replaced.items()]:
                signal.signal(number, handler)

    def pass_on_to(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        if self.received and not self._passed_on:
            self._pass_on(child)

    def _receive(self, number: int, _: object) -> None:
        """Only a second SIGINT is a person who insists: SIGTERM follows it where a pipeline is cancelled."""
        if number == signal.SIGHUP:
            _leave_terminal()
            self._replaced.pop(signal.SIGHUP, None)
        insists = number == signal.SIGINT and self._interrupted
        self._interrupted |= number == signal.SIGINT
        self.received = True
        if self._child and (insists or not self._passed_on):
            self._pass_on(self._child)

    def _pass_on(self, child: subprocess.Popen[bytes]) -> None:
        self._passed_on = True
        console.print("Interrupted: waiting for the running program to stop.")
        if child.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGINT)


def _started(command: Command, *, stdout: IO[str], stderr: IO[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command.arguments,
            cwd=command.directory,
            env=dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    except OSError as error:
        raise OperateError(f"{command.arguments[0]} cannot be run: {error.strerror}.") from None
