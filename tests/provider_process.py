"""One process of the AWS provider for many commands of Terraform, which else starts it for each and reads its schema.

That is two thirds of what a plan takes. A provider is told its configuration with each command and its credentials and
endpoint are those it was started with, so there is one for each embedded AWS. It is the same real provider:
https://developer.hashicorp.com/terraform/plugin/debugging#starting-a-provider-in-debug-mode
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operate import provider_mirror
from operate.terraform import Terraform, program
from stacks.versions import AWS_PROVIDER_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operate.progress import Command

_VARIABLE = "TF_REATTACH_PROVIDERS"
_START_SECONDS = 60
_LONGEST_OUTPUT = 65_536


@dataclass
class _Provider:
    process: subprocess.Popen[bytes]
    variable: str


@dataclass
class ProviderProcesses:
    """By the endpoint that each one talks to."""

    _running: dict[str, _Provider] = field(default_factory=dict)

    def attached(self, command: Command, verb: str) -> Command:
        """The command with its provider running already, where one process can stand for what it would start."""
        endpoint = command.environment.get("AWS_ENDPOINT_URL")
        if verb == "init" or not endpoint or not _has_one_configuration(command.directory):
            return command
        if endpoint not in self._running:
            self._running[endpoint] = _started(command)
        return dataclasses.replace(
            command, environment={**command.environment, _VARIABLE: self._running[endpoint].variable}
        )

    def end(self) -> None:
        for provider in self._running.values():
            provider.process.kill()
            provider.process.wait()


@contextmanager
def shared() -> Iterator[None]:
    """While it lasts, whatever runs Terraform by `operate` in this process attaches it to a provider that runs."""
    processes, command = ProviderProcesses(), Terraform._command

    def attached(self: Terraform, verb: str, *arguments: str, **keywords: Any) -> Command:
        return processes.attached(command(self, verb, *arguments, **keywords), verb)

    Terraform._command = attached  # type: ignore[method-assign]
    try:
        yield
    finally:
        Terraform._command = command  # type: ignore[method-assign]
        processes.end()


def _has_one_configuration(folder: Path) -> bool:
    """A process has one configuration at a time: a second, as of an alias, would take the place of the first."""
    synthesized = folder / "cdk.tf.json"
    return synthesized.is_file() and len(json.loads(synthesized.read_text())["provider"]["aws"]) == 1


def _started(command: Command) -> _Provider:
    """The provider that init linked to, with the value of the variable, which it prints."""
    linked = Path(".terraform/providers", program().provider, AWS_PROVIDER_VERSION, provider_mirror.target())
    (executable,) = (command.directory / linked).glob("terraform-provider-aws_*")
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [executable.resolve(), "-debug"],
            env={**command.environment, "AWS_CA_BUNDLE": ""},  # with one, it can't be configured twice
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            printed = os.pread(said.fileno(), _LONGEST_OUTPUT, 0).decode()
            if found := re.search(rf"{_VARIABLE}='(.*)'$", printed, re.MULTILINE):
                return _Provider(process, found[1])
            time.sleep(0.1)
    process.kill()
    raise AssertionError(f"{executable} -debug printed no {_VARIABLE} and ended with {process.wait()}")
