"""A provider that runs for several commands, or the stack as Terraform alone would have it. Programs stand for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psutil
import pytest

from operate.service import wait_until
from operate.terraform_cli import provider_mirror, provider_process
from operate.terraform_cli.provider_process import VARIABLE, ProviderProcess
from operate.terraform_cli.terraform import Terraform, program
from stacks.versions import AWS_PROVIDER_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LISTENS = f'echo "$$" > pid; printf "Provider started.\\n\\n\\t{VARIABLE}=\'{{}}\'\\n"; exec sleep 60'
ENDS = "echo 'no such option' >&2; exit 2"


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Terraform]:
    """A folder whose `init` has linked to a script."""
    monkeypatch.chdir(tmp_path)

    def make(script: str | None, *, regions: tuple[str, ...] = ("us-east-1",)) -> Terraform:
        provider = {"aws": [{"region": region} for region in regions]}
        (tmp_path / "cdk.tf.json").write_text(json.dumps({"provider": provider}))
        if script:
            linked = tmp_path / ".terraform" / "providers" / program().provider / AWS_PROVIDER_VERSION
            executable = linked / provider_mirror.target() / f"terraform-provider-aws_v{AWS_PROVIDER_VERSION}_x5"
            executable.parent.mkdir(parents=True)
            executable.write_text(f"#!/bin/sh\n{script}\n")
            executable.chmod(0o755)
        return Terraform(tmp_path, {"AWS_REGION": "us-east-1"})

    return make


def test_commands_find_it_while_the_block_lasts(stack: Callable[..., Terraform], tmp_path: Path) -> None:
    """By the variable that it prints, beside the others; it is gone after the block."""
    terraform = stack(LISTENS)
    with provider_process.beside(terraform) as provider:
        assert provider
        assert provider.attached(terraform).environment == {"AWS_REGION": "us-east-1", VARIABLE: "{}"}
        pid = int((tmp_path / "pid").read_text())
        assert psutil.pid_exists(pid)
    assert wait_until(lambda: not psutil.pid_exists(pid), within_seconds=10)


@pytest.mark.parametrize("written_by_hand", [False, True])
def test_a_stack_with_two_configurations_has_its_own(
    stack: Callable[..., Terraform], tmp_path: Path, *, written_by_hand: bool
) -> None:
    """A process has one at a time: the second, as of an alias, would take the first one's place."""
    terraform = stack(LISTENS, regions=("us-east-1", "us-west-2"))
    if written_by_hand:
        (tmp_path / "cdk.tf.json").unlink()
        blocks = ('provider "aws" {}', 'provider "aws" {\n  alias = "other"\n}')
        (tmp_path / "main.tf").write_text("\n".join(blocks))
    with provider_process.beside(terraform) as provider:
        assert provider
        assert provider.attached(terraform) == terraform


def test_a_module_with_one_configuration_finds_it(stack: Callable[..., Terraform], tmp_path: Path) -> None:
    terraform = stack(LISTENS)
    (tmp_path / "cdk.tf.json").unlink()
    (tmp_path / "terraform.tf").write_text('terraform {}\n\nprovider "aws" {}\n')
    with provider_process.beside(terraform) as provider:
        assert provider
        assert provider.attached(terraform).environment[VARIABLE] == "{}"


def test_one_that_does_not_start_is_done_without(
    stack: Callable[..., Terraform], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_process, "_START_SECONDS", 0.5)
    terraform = stack(ENDS)
    with provider_process.beside(terraform) as provider:
        assert provider
        assert provider.attached(terraform) == terraform


def test_before_init_there_is_none(stack: Callable[..., Terraform]) -> None:
    assert ProviderProcess.start(stack(None)) is None


@pytest.mark.parametrize("variable", ["TF_LOG", "TF_LOG_PROVIDER"])
def test_whoever_asks_for_its_log_gets_it_of_terraform(
    stack: Callable[..., Terraform], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """https://developer.hashicorp.com/terraform/internals/debugging."""
    monkeypatch.setenv(variable, "DEBUG")
    assert ProviderProcess.start(stack(LISTENS)) is None
