import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from operate import progress
from operate.progress import Command, StepFailedError

REPOSITORY = Path(__file__).resolve().parents[2]

# The command line's own main, with one verb that runs what the test gives it.
PROGRAM = """
import os, sys
from pathlib import Path
from operate import progress
from operate.__main__ import app, main

arguments = sys.argv[1:]

@app.command()
def work() -> None:
    try:
        progress.run("working", progress.Command(arguments, Path.cwd(), os.environ))
    finally:
        with progress.step("putting back"):
            Path("put-back").touch()

sys.argv[1:] = ["work"]
main()
"""


CLEANS_UP = "trap 'echo interrupted >> log; sleep 0.5; echo cleaned >> log; exit 1' INT; echo $$ > pid; sleep 60 & wait"


def shell(script: str, folder: Path) -> Command:
    return Command(["sh", "-c", script], folder, os.environ)


def test_output_comes_back(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What a good command printed is returned and not shown; its step is one line with the seconds."""
    assert progress.run("building", shell("echo one; echo noise >&2", tmp_path)) == "one\n"
    shown = capfd.readouterr()
    assert shown.out == ""
    assert re.fullmatch(r"building … \d+ s\n", shown.err)


@pytest.mark.parametrize(("script", "own"), [("echo plan; echo why >&2", "why"), ("echo why", "why")])
def test_failure(script: str, own: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A failed command's errors are the message, or what it printed where it has no errors; then our one line."""
    with pytest.raises(StepFailedError) as failure:
        progress.run("building", shell(f"{script}; exit 3", tmp_path))
    assert str(failure.value) == f"{own}\n\nbuilding: failed with exit code 3"
    assert failure.value.output == own
    assert capfd.readouterr().err == "building … failed\n"


def test_reads_nothing_from_the_terminal(tmp_path: Path) -> None:
    """A command that asks gets end of file, and does not hang."""
    assert progress.read(shell("cat; echo done", tmp_path)) == "done\n"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupt_waits_for_the_command(sent: signal.Signals, tmp_path: Path) -> None:
    """The command gets one interrupt and the time to clean up; we leave after it, with 130 and no traceback."""
    with started(["sh", "-c", CLEANS_UP], tmp_path) as program:
        wait_for(tmp_path / "pid")
        os.killpg(program.pid, sent)  # as a terminal's Ctrl-C does
        shown = program.communicate(timeout=30)[0]
    assert program.returncode == 130
    assert (tmp_path / "log").read_text().split() == ["interrupted", "cleaned"]
    assert "Traceback" not in shown
    assert not is_running(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize(
    ("first", "next_"),
    [(signal.SIGINT, [signal.SIGTERM, signal.SIGHUP]), (signal.SIGTERM, [signal.SIGINT, signal.SIGTERM])],
)
def test_only_a_second_ctrl_c_insists(first: signal.Signals, next_: list[signal.Signals], tmp_path: Path) -> None:
    """A pipeline that is cancelled sends SIGINT and then SIGTERM: Terraform would die of two, and keep its lock."""
    script = "trap 'echo interrupted >> log; touch $(wc -l < log)' INT; touch 0; while [ ! -e 2 ]; do sleep 0.05; done"
    with started(["sh", "-c", script], tmp_path) as program:
        wait_for(tmp_path / "0")
        program.send_signal(first)
        wait_for(tmp_path / "1")
        for sent in next_:
            program.send_signal(sent)
        time.sleep(0.5)
        assert not (tmp_path / "2").exists()
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=30)
    assert program.returncode == 130
    assert (tmp_path / "2").exists()


def test_a_terminal_that_is_closed_interrupts(tmp_path: Path) -> None:
    """As Ctrl-C does: what is said of the clean-up, where nobody can read it, does not keep it from being done."""
    terminal, end = pty.openpty()
    own = f"import fcntl, termios\nfcntl.ioctl(0, termios.TIOCSCTTY, 0)\n{PROGRAM}"
    with started(["sh", "-c", CLEANS_UP], tmp_path, program=own, stdin=end, stdout=end, stderr=end) as program:
        os.close(end)
        wait_for(tmp_path / "pid")
        os.close(terminal)
        wait_for(tmp_path / "log")
        program.send_signal(signal.SIGHUP)  # the shell's, after the kernel's
    assert program.returncode == 130
    assert (tmp_path / "log").read_text().split() == ["interrupted", "cleaned"]
    assert (tmp_path / "put-back").exists()


def test_a_hangup_that_the_caller_ignores_is_ignored(tmp_path: Path) -> None:
    """As of nohup."""
    with started(["sh", "-c", CLEANS_UP], tmp_path, under=["nohup"]) as program:
        wait_for(tmp_path / "pid")
        program.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert not (tmp_path / "log").exists()
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=30)
    assert program.returncode == 130


def test_interrupt_while_the_command_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reaches the command, once, as any other: nothing is left running."""
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.default_int_handler)
    started_here: list[subprocess.Popen[bytes]] = []

    class Interrupted(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started_here.append(self)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        progress.read(shell("exec sleep 60", tmp_path))
    assert started_here[0].wait(timeout=30) == -signal.SIGINT


def test_interrupted_terraform_gives_up_its_lock(tmp_path: Path) -> None:
    """Real Terraform in the middle of an apply: the state is kept, the lock is gone, the next apply works."""
    source = tmp_path / "main.tf"
    source.write_text(
        'resource "terraform_data" "slow" {\n'
        '  provisioner "local-exec" {\n    command = "touch started; exec sleep 60"\n  }\n'
        "}\n"
    )
    subprocess.run(["terraform", "init"], cwd=tmp_path, check=True, capture_output=True)
    with started(["terraform", "apply", "-auto-approve"], tmp_path) as program:
        wait_for(tmp_path / "started")
        assert (tmp_path / ".terraform.tfstate.lock.info").exists()
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=30)
    assert program.returncode == 130
    assert not (tmp_path / ".terraform.tfstate.lock.info").exists()
    source.write_text('resource "terraform_data" "slow" {\n}\n')
    subprocess.run(["terraform", "apply", "-auto-approve"], cwd=tmp_path, check=True, capture_output=True)


def started(
    arguments: list[str], folder: Path, *, program: str = PROGRAM, under: Sequence[str] = (), **streams: Any
) -> subprocess.Popen[str]:
    process: subprocess.Popen[str] = subprocess.Popen(
        [*under, sys.executable, "-c", program, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        text=True,
        start_new_session=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **streams},
    )
    return process


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} never appeared"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
