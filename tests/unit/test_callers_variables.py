"""Variables of the caller's shell, with real Terraform on its built-in `terraform_data`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from typer.testing import CliRunner

from operate import generator
from operate.__main__ import app
from operate.errors import OperateError
from operate.terraform_cli import terraform
from operate.terraform_cli.terraform import Terraform

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = """
variable "image_tag" {
  default = "latest"
}
resource "terraform_data" "release" {
  input = "${terraform.workspace} ${var.image_tag}"
}
output "release" {
  value = terraform_data.release.output
}
"""
CHANGES_A_PLAN = {
    "TF_CLI_ARGS": "-destroy",
    "TF_CLI_ARGS_plan": "-no-color -destroy",
    "TF_CLI_ARGS_apply": "-target=aws_ecs_cluster.cluster",
    "TF_CLI_ARGS_destroy": "-lock=false",
    "TF_CLI_ARGS_init": "-backend-config=key=other",
    "TF_CLI_ARGS_state-push": "-force",
    "TF_WORKSPACE": "other",
    "TF_VAR_image_tag": "v9",
    "TF_REATTACH_PROVIDERS": "{}",
    "TF_AWS_DEFAULT_TAGS_owner": "me",
    "TF_AWS_IGNORE_TAGS_KEYS": "environment",
}


@pytest.fixture(autouse=True)
def _forget_what_was_found() -> Iterator[None]:
    terraform.program.cache_clear()
    yield
    terraform.program.cache_clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "main.tf").write_text(SOURCE)
    return tmp_path


MINE = {"TF_CLI_ARGS_plan": "-destroy", "TF_WORKSPACE": "other", "TF_VAR_image_tag": "v9"}
REFUSAL = (
    "TF_CLI_ARGS_plan, TF_VAR_image_tag, TF_WORKSPACE: set in your shell, and would change what Terraform does. "
    "Unset that first: unset TF_CLI_ARGS_plan TF_VAR_image_tag TF_WORKSPACE. "
    "For an image's tag there is --image-tag (make: IMAGE_TAG=)."
)


def test_refused_in_one_line() -> None:
    """One that names them all, exit code 1, nothing on standard output."""
    command, variables = [sys.executable, "-m", "operate", "plan", "dev"], {**os.environ, **MINE}
    refused = subprocess.run(command, cwd=REPOSITORY, env=variables, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout, refused.stderr) == (1, "", f"{REFUSAL}\n")


@pytest.mark.parametrize("verb", ["plan dev", "deploy local", "destroy local", "cloud-up", "acceptance dev", "synth"])
def test_refused_before_anything_starts(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By every verb that runs Terraform or what it reads."""
    for name, value in MINE.items():
        monkeypatch.setenv(name, value)
    with mock.patch.object(subprocess, "Popen", side_effect=AssertionError("something starts")):
        refused = CliRunner().invoke(app, verb.split())
    assert (str(refused.exception), refused.stdout) == (REFUSAL, "")


@pytest.mark.parametrize("name", CHANGES_A_PLAN)
def test_what_changes_a_plan_is_refused(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is named, by Terraform and by a synthesis alike; an empty one is none, as for Terraform."""
    monkeypatch.setenv(name, CHANGES_A_PLAN[name])
    for run in (Terraform(folder).init, generator.synthesize):
        with pytest.raises(OperateError, match=f"^{name}: set in your shell"):
            run()
    monkeypatch.setenv(name, "")
    Terraform(folder).init()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TF_CLI_ARGS", "-no-color"),
        ("TF_CLI_ARGS_plan", " -parallelism=5  -lock-timeout=5m "),
        ("TF_WORKSPACE", "default"),
        ("TF_VAR_other", "of another module"),
        ("TF_LOG_PATH", os.devnull),
        ("AWS_PROFILE", "mine"),
    ],
)
def test_the_rest_is_the_callers_business(name: str, value: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what another module of the team's is told in the same shell."""
    monkeypatch.setenv(name, value)
    deployed = Terraform(folder)
    deployed.init()
    deployed.apply()
    assert deployed.output() == {"release": "default latest"}


def test_selected_workspace_is_left_alone(folder: Path) -> None:
    """`terraform workspace select` in the folder is as good as TF_WORKSPACE at planning another state."""
    deployed = Terraform(folder)
    deployed.init()
    subprocess.run(["terraform", "workspace", "new", "other"], cwd=folder, check=True, capture_output=True)
    deployed.apply()
    assert deployed.output() == {"release": "default latest"}


def test_the_tools_own_arguments_pass(folder: Path) -> None:
    """What `operate` itself lays over reaches Terraform, the caller's harmless arguments or not."""
    deployed = Terraform(folder, {"TF_CLI_ARGS_apply": "-var=image_tag=v2"})
    deployed.init()
    deployed.apply()
    assert deployed.output() == {"release": "default v2"}


@pytest.mark.parametrize(
    "name",
    [
        "TF_DATA_DIR",
        "TF_VAR_vpc_cidr",
        "CDKTF_OUTDIR",
        "CDKTF_CONTEXT_JSON",
        "CDKTF_REFRESH_ONLY",
        "CDKTF_TARGET_STACK_ID",
        "SYNTH_HCL_OUTPUT",
    ],
)
def test_not_passed_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `operate` decides itself: where, and what."""
    monkeypatch.setenv(name, "other")
    assert name not in terraform.tool_variables({})


@pytest.mark.parametrize(
    "name", ["CDKTF_HOME", "CDKTF_LOG_LEVEL", "TF_LOG", "TF_PLUGIN_CACHE_DIR", "TF_TOKEN_a_b", "TERRAFORM_BINARY_NAME"]
)
def test_passed_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs, caches and credentials change no plan; and cdktf takes the program that `operate` takes."""
    monkeypatch.setenv(name, "mine")
    assert terraform.tool_variables({})[name] == "mine"
