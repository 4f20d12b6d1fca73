"""`pipenv run cdktf`: each of its commands on this app, in a folder that has never seen one, and without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from operate.terraform_cli.terraform import provider_variables, tool_variables

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.instance import LocalAws

ROOT = Path(__file__).parents[2]
STACK = "go-api-local"
TAG = ("--var", "image_tag=latest")


@pytest.fixture
def cdktf(own_aws: LocalAws, tmp_path: Path) -> Callable[..., str]:
    variables = tool_variables(own_aws.environment_variables())
    environment = {**variables, **provider_variables(own_aws.environment_variables()), "CI": "1"}

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "pipenv", "run", "cdktf", *words, "--output", str(tmp_path / "cdktf.out")]
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout
        return ended.stdout

    return run


def _services(local_aws: LocalAws) -> list[str]:
    ecs = local_aws.client("ecs")
    return [arn.rpartition("/")[2] for arn in ecs.list_services(cluster=STACK)["serviceArns"]]


def test_each_command(cdktf: Callable[..., str], own_aws: LocalAws) -> None:
    """From the list of the stacks to a deployment that ECS knows, its outputs, and its end."""
    assert "go-api-prod" in cdktf("list")
    assert STACK in cdktf("synth")
    assert "to add, 0 to change, 0 to destroy" in cdktf("diff", STACK, *TAG)
    cdktf("deploy", STACK, "--auto-approve", *TAG)
    assert _services(own_aws) == [STACK]
    assert f"service_name = {STACK}" in cdktf("output", STACK)
    assert "Destroy complete!" in cdktf("destroy", STACK, "--auto-approve", *TAG)
    clusters = own_aws.client("ecs").list_clusters()["clusterArns"]
    assert STACK not in {arn.rpartition("/")[2] for arn in clusters}
