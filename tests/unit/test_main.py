"""`main.py` as CDKTF runs it: every environment, the same bytes each time, and nothing at all for wrong settings."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = sorted(path.stem for path in (ROOT / "environments").glob("*.toml"))


def run_main(out: Path, *, environments: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    variables["CDKTF_OUTDIR"] = str(out)
    if environments:
        variables["ENVIRONMENTS_DIR"] = str(environments)
    command = [sys.executable, str(ROOT / "main.py")]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )


def stacks(out: Path) -> dict[str, str]:
    return {path.parent.name: path.read_text() for path in sorted(out.glob("stacks/*/cdk.tf.json"))}


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("cdktf.out")
    completed = run_main(out, PYTHONHASHSEED="1")
    assert completed.returncode == 0, completed.stderr
    assert completed.stderr == ""
    return stacks(out)


def test_there_is_one_stack_for_each_file(synthesized: dict[str, str]) -> None:
    """A new environment is a new file."""
    assert list(synthesized) == [f"go-api-{name}" for name in ENVIRONMENTS]


def test_another_run_elsewhere_gives_the_same_bytes(synthesized: dict[str, str], tmp_path: Path) -> None:
    """A plan shows what changed: not the order that a run's hash seed happened to give, nor what else is installed.

    Pydantic runs the plugins of every installed package, which could read the settings otherwise; CDKTF would run
    Terraform for each stack with a `moved` block of its own making.
    """
    (tmp_path / "other.py").write_text("raise SystemExit('was imported')", encoding="utf-8")
    (tmp_path / "other-1.dist-info").mkdir()
    (tmp_path / "other-1.dist-info" / "METADATA").write_text("Name: other\nVersion: 1\n", encoding="utf-8")
    entry = "[pydantic]\nother = other:plugin\n"
    (tmp_path / "other-1.dist-info" / "entry_points.txt").write_text(entry, encoding="utf-8")
    terraform = str(tmp_path / "no-terraform")
    completed = run_main(
        tmp_path / "out", PYTHONHASHSEED="2", PYTHONPATH=str(tmp_path), TERRAFORM_BINARY_NAME=terraform
    )
    assert (completed.returncode, completed.stderr) == (0, "")
    assert stacks(tmp_path / "out") == synthesized


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_json_has_no_trace_of_cdktf_or_of_this_machine(synthesized: dict[str, str], name: str) -> None:
    """No unresolved token, no absolute path, no null in a container definition."""
    text = synthesized[f"go-api-{name}"]
    assert "TfToken[" not in text
    absolute = [value for value in strings(json.loads(text)) if re.match(r"(/(?!ecs/)|~|[A-Za-z]:\\)", value)]
    assert absolute == []
    assert str(ROOT) not in text
    (task_definition,) = json.loads(text)["resource"]["aws_ecs_task_definition"].values()
    assert None not in list(leaves(json.loads(task_definition["container_definitions"])))


def test_settings_decide_where_the_state_is(synthesized: dict[str, str]) -> None:
    """S3 with a lock file, encrypted, and path style only where the emulator needs it."""
    backends = {name: json.loads(text)["terraform"]["backend"] for name, text in synthesized.items()}
    assert backends["go-api-prod"] == {
        "s3": {
            "bucket": "example-terraform-state-prod",
            "key": "go-api/terraform.tfstate",
            "region": "eu-west-1",
            "encrypt": True,
            "use_lockfile": True,
        }
    }
    assert backends["go-api-local"]["s3"]["use_path_style"] is True


def test_production_takes_only_commit_shas(synthesized: dict[str, str]) -> None:
    """The specification's last assumption: `latest` at first and elsewhere, commit SHAs in production."""
    variables = {name: json.loads(text)["variable"]["image_tag"] for name, text in synthesized.items()}
    assert "default" not in variables["go-api-prod"]
    assert any("[0-9a-f]{7,40}" in rule["condition"] for rule in variables["go-api-prod"]["validation"])
    assert variables["go-api-dev"]["default"] == "latest"


@pytest.fixture
def environments(tmp_path: Path) -> Path:
    """A copy of the settings to spoil."""
    return Path(shutil.copytree(ROOT / "environments", tmp_path / "environments"))


def test_wrong_settings_cost_nothing(environments: Path, tmp_path: Path) -> None:
    """One clear message, exit code 1, no traceback, nothing written, and Node not even started."""
    dev = environments / "dev.toml"
    dev.write_text(dev.read_text().replace("memory_mib = 512", "memory_mib = 3000"))
    completed = run_main(tmp_path / "out", environments=environments, JSII_NODE="/nowhere/node")
    assert completed.returncode == 1
    assert "Traceback" not in completed.stderr
    assert "dev.toml" in completed.stderr
    assert "512, 1024 or 2048" in completed.stderr
    assert not (tmp_path / "out").exists()


def test_nowhere_to_write(tmp_path: Path) -> None:
    """One line that says why, in place of two tracebacks: the folder's parent is a file, as good as a full disk."""
    (tmp_path / "file").touch()
    completed = run_main(tmp_path / "file" / "out")
    assert completed.returncode == 1
    assert re.fullmatch(rf"Synthesis failed: ENOTDIR: not a directory, mkdir '{tmp_path}/file/out'\n", completed.stderr)


@pytest.mark.parametrize("switch", ["on", "off"])
def test_no_node(switch: str, tmp_path: Path) -> None:
    """Missing, or not executable."""
    for node in (tmp_path / "missing", ROOT / "README.md"):
        completed = run_main(tmp_path / "out", JSII_NODE=str(node), LAZY_PROVIDER=switch, LAZY_PROVIDER_NODE="")
        assert completed.returncode == 1
        assert completed.stderr.startswith(f"{node}, the Node that JSII_NODE names or else")
        assert completed.stderr.count("\n") == 1


def test_one_environment_beside_a_wrong_one(environments: Path, tmp_path: Path) -> None:
    """Only where one is asked for: its stack alone, the same bytes, and a warning of what is wrong with the other."""
    (environments / "prod.toml").write_text("not TOML")
    assert run_main(tmp_path / "none", environments=environments).returncode == 1
    command = [sys.executable, str(ROOT / "main.py"), "dev"]
    variables = {**os.environ, "ENVIRONMENTS_DIR": str(environments), "CDKTF_OUTDIR": str(tmp_path / "out")}
    completed = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    assert completed.stderr.startswith("Warning: only dev is synthesized")
    assert "prod.toml\n    is not TOML" in completed.stderr
    assert list(stacks(tmp_path / "out")) == ["go-api-dev"]
    assert not (tmp_path / "none").exists()


OTHER_BACKENDS = """
[backend]
type = "local"
path = "state/dev.tfstate"

[remote_state.networking]
backend = { type = "local", path = "state/networking.tfstate" }

[remote_state.security]
backend = { type = "remote", organization = "example", workspace = "security-dev" }

[remote_state.loadbalancing]
workspace = "dev"
outputs   = { target_group_arn = "api_target_group" }

[remote_state.loadbalancing.backend]
type     = "s3"
bucket   = "states"
key      = "lb.tfstate"
region   = "eu-west-1"
role_arn = "arn:aws:iam::444444444444:role/reader"
"""


def test_local_and_hcp_backends(environments: Path, tmp_path: Path) -> None:
    """Paths of the settings are relative to the repository, those of the JSON to where Terraform runs."""
    dev = environments / "dev.toml"
    dev.write_text(dev.read_text().partition("[backend]")[0] + OTHER_BACKENDS)
    completed = run_main(tmp_path / "out", environments=environments)
    assert completed.returncode == 0, completed.stderr
    document = json.loads(stacks(tmp_path / "out")["go-api-dev"])
    states = document["data"]["terraform_remote_state"]
    assert document["terraform"]["backend"] == {"local": {"path": "../../../state/dev.tfstate"}}
    assert states["networking"]["config"] == {"path": "../../../state/networking.tfstate"}
    assert states["security"]["config"] == {
        "hostname": "app.terraform.io",
        "organization": "example",
        "workspaces": {"name": "security-dev"},
    }
    assert states["loadbalancing"]["workspace"] == "dev"
    assert states["loadbalancing"]["config"]["assume_role"] == {"role_arn": "arn:aws:iam::444444444444:role/reader"}
    (service,) = document["resource"]["aws_ecs_service"].values()
    target = "${data.terraform_remote_state.loadbalancing.outputs.api_target_group}"
    assert service["load_balancer"][0]["target_group_arn"] == target


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def strings(value: Any) -> Iterator[str]:
    return (leaf for leaf in leaves(value) if isinstance(leaf, str))
