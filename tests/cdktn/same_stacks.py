"""Another framework, or other bindings, make the same stacks. Run by `make test-cdktn`, which has made the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import TerraformStack

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
OTHERS = Path(os.environ["STACKS_TO_COMPARE_WITH"])
NAMES = sorted(path.name for path in OTHERS.iterdir())
FRAMEWORK = TerraformStack.__module__.partition(".")[0]


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of every environment, by this checkout and its environment."""
    out = tmp_path_factory.mktemp("cdktf.out")
    environment = {**os.environ, "CDKTF_OUTDIR": str(out)}
    subprocess.run([sys.executable, "main.py"], cwd=ROOT, env=environment, check=True)
    return out / "stacks"


def differences(ours: Any, theirs: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """The keys that lead to whatever is not the same."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            yield from differences(ours.get(key), theirs.get(key), *path, key)
    elif ours != theirs:
        yield path


def test_every_environment_has_a_stack(stacks: Path) -> None:
    assert sorted(path.name for path in stacks.iterdir()) == NAMES
    assert len(NAMES) == len(list((ROOT / "environments").glob("*.toml")))


@pytest.mark.parametrize("name", NAMES)
def test_stacks_differ_in_the_frameworks_version_alone(name: str, stacks: Path) -> None:
    """Which Terraform takes for a comment. The provider's name and version are this repository's, not the bindings'."""
    ours, theirs = (json.loads((folder / name / "cdk.tf.json").read_text()) for folder in (stacks, OTHERS))
    made_by, others = (document["//"]["metadata"]["version"] for document in (ours, theirs))
    assert made_by == version(FRAMEWORK)
    assert list(differences(ours, theirs)) == ([] if made_by == others else [("//", "metadata", "version")])
