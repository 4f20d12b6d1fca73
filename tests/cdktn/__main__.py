"""`make test-cdktn`: the move to cdktn made in a copy, whose tests run in an environment of its own.

Its stacks are compared with ours, and ours with those that bindings of the provider's next major version make. Names of
tests as arguments take the place of all unit and plan tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from operate import move_to_cdktn
from operate.progress import Command, run

ROOT = Path(__file__).parents[2]
TESTS = ("tests/unit", "tests/plan")
NEXT_MAJOR = "cdktf-cdktf-provider-aws==21.22.1"
"""Of the provider 6.25.0."""

COMPARISON = "tests/cdktn/same_stacks.py"
STACKS = "STACKS_TO_COMPARE_WITH"

_AUTHOR = ("-c", "user.name=test-cdktn", "-c", "user.email=test-cdktn@localhost", "-c", "commit.gpgsign=false")


def main(tests: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="cdktn-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # a test reads the checkout as nobody
        stacks = _synthesized(folder / "cdktf")
        bindings = _installed_bindings(folder / "bindings")
        failed = _pytest(ROOT, COMPARISON, *_synthesizing(), **stacks, PYTHONPATH=str(bindings))
        checkout = _moved(folder / "checkout")
        _install(checkout)
        return _pytest(checkout, COMPARISON, *(tests or TESTS), **stacks) or failed


def _synthesizing() -> list[str]:
    """The unit tests that look at what is synthesized."""
    files = sorted((ROOT / "tests" / "unit").glob("test_*.py"))
    looking = [path for path in files if "from tests.template import" in path.read_text()]
    return [str(path.relative_to(ROOT)) for path in looking]


def _synthesized(folder: Path) -> dict[str, str]:
    """By this checkout's own environment; the variable that tells the comparison where they are."""
    _run("synthesizing with cdktf", ROOT, sys.executable, "main.py", CDKTF_OUTDIR=str(folder))
    return {STACKS: str(folder / "stacks")}


def _installed_bindings(folder: Path) -> Path:
    """In a folder that goes before the environment's own on Python's path."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-compile")
    _run(f"installing {NEXT_MAJOR}", ROOT, *pip, "--no-deps", f"--target={folder}", NEXT_MAJOR)
    return folder


def _moved(checkout: Path) -> Path:
    """A copy of what git knows and what is new, committed as it is here, with the move made by its verb."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, map(os.fsdecode, listed.stdout.split(b"\0"))):
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, checkout / name)
    _run("copying", checkout, "git", "init", "--quiet")
    _run("copying", checkout, "git", "add", "--all")
    _run("copying", checkout, "git", *_AUTHOR, "commit", "--quiet", "--message=before")
    _run("moving", checkout, sys.executable, "-m", "operate", move_to_cdktn.VERB)
    return checkout


def _install(checkout: Path) -> None:
    """What Pipfile.lock has, but for what the move replaces: as `pipenv lock` would, which asks for every package."""
    replaced = tuple(f"{name}==" for name in move_to_cdktn.PYTHON_PACKAGES)
    locked = _run("reading Pipfile.lock", ROOT, sys.executable, "-m", "pipenv", "requirements", "--dev").splitlines()
    kept = [line for line in locked if not line.startswith(("-i ", "--index-url", *replaced))]
    pins = [f"{name}=={pin}" for name, pin in move_to_cdktn.PYTHON_PACKAGES.values()]
    requirements = checkout.with_name("requirements.txt")
    requirements.write_text("\n".join([*kept, *pins, f"pipenv=={version('pipenv')}"]))
    python = checkout / ".venv" / "bin" / "python"
    _run("creating its environment", checkout, sys.executable, "-m", "venv", ".venv")
    pip = (python, "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check")
    _run("installing Python packages", checkout, *map(str, pip), f"--requirement={requirements}")
    npm = ("npm", "install", "--no-audit", "--no-fund")
    _run("installing Node packages", checkout, *npm, PATH=f"{python.parent}{os.pathsep}{os.environ['PATH']}")


def _run(label: str, directory: Path, *arguments: str, **variables: str) -> str:
    return run(label, Command(arguments, directory, {**os.environ, **variables}))


def _pytest(checkout: Path, *tests: str, **variables: str) -> int:
    """Its exit code; by the environment of the checkout, and with nothing that this one's has set for Node."""
    mine = {"JSII_NODE", "NODE_OPTIONS", "LAZY_PROVIDER_NODE"}
    environment = {name: value for name, value in os.environ.items() if name not in mine} | variables
    in_order = ("--numprocesses=auto", "--dist=loadfile", "--no-loadscope-reorder")
    command = [".venv/bin/python", "-m", "pytest", *in_order, "--quiet", *tests]
    return subprocess.run(command, cwd=checkout, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
