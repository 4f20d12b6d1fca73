"""`python -m local_aws`: of use alone, in any folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local_aws.tests.machine import reserved_port

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, *arguments: str, port: int | str = "") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LOCAL_AWS_PORT": str(port)}
    command = [sys.executable, "-m", "local_aws", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_from_nothing_and_back(tmp_path: Path) -> None:
    """Started, asked through the variables that it prints, and stopped; its data is where the command was run."""
    port = reserved_port()
    assert f"runs on http://127.0.0.1:{port}, process " in run(tmp_path, "up", port=port).stdout
    try:
        assert f"export AWS_ENDPOINT_URL=http://127.0.0.1:{port}\n" in run(tmp_path, "env", port=port).stdout
        assert (tmp_path / ".local" / "aws" / "server.json").is_file()
    finally:
        stopped = run(tmp_path, "down", port=port)
    assert stopped.stdout == "stopped\n"
    assert run(tmp_path, "status", port=port).stdout == "stopped\n"


@pytest.mark.parametrize(
    ("arguments", "port", "said"),
    [
        (["env"], 4566, "It is not running: `python -m local_aws up` starts it.\n"),
        (["up"], "x", "LOCAL_AWS_PORT is 'x'"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, arguments: list[str], port: int | str, said: str) -> None:
    """No traceback, exit code 1, nothing written."""
    refused = run(tmp_path, *arguments, port=port)
    assert refused.returncode == 1
    assert refused.stderr.startswith(said)
    assert refused.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
