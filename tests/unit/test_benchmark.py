"""What the benchmark says of a trick, and that its switches still switch something off."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "synth.py"
MODULE: dict[str, Any] = runpy.run_path(str(BENCHMARK))
TRICKS: dict[str, str] = MODULE["TRICKS"]


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"{MODULE['SETUP']}{code}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("trick", TRICKS)
def test_a_tricks_switch_finds_it(trick: str, tmp_path: Path) -> None:
    """A trick that is gone or renamed fails here, and is not reported to bring nothing."""
    done = run(TRICKS[trick], tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_program_runs_as_cdktf_runs_it() -> None:
    """With the interpreter's options of `cdktf.json`."""
    app = json.loads((BENCHMARK.parents[1] / "cdktf.json").read_text(encoding="utf-8"))["app"]
    assert app.endswith(" ".join(["", "python", *MODULE["PROJECT"].options, "main.py"]))


def test_a_switch_of_nothing_is_an_error(tmp_path: Path) -> None:
    """Which the benchmark shows with the program's name."""
    assert "AttributeError" in run("import gc; without(gc, 'no_such_name')", tmp_path).stderr


def test_a_gain_is_the_median_over_turns_each_with_its_own() -> None:
    """A turn in which the machine was busy slows both down; 5 % of time or of memory is what counts."""

    def runs(*walls: float, cpu: float = 1, rss: float = 100) -> list[Any]:
        return [MODULE["Run"](wall_seconds=wall, cpu_seconds=cpu, peak_rss_mib=rss) for wall in walls]

    results = {program.name: runs(1, 10, 2) for program in MODULE["VARIANTS"]}
    results |= {
        MODULE["PROJECT"].name: runs(1, 10, 2),
        "archiver on demand": runs(1.1, 11, 2.2),
        "gc.freeze at exit": runs(1, 10, 2, rss=104),
    }
    found = {gain.trick: gain for gain in MODULE["gains"](results)}
    assert found["archiver on demand"].wall_percent == pytest.approx(10)
    assert found["gc.freeze at exit"].memory_percent == pytest.approx(4)
    assert [name for name, gain in found.items() if gain.counts] == ["archiver on demand"]
