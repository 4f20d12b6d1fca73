"""The AWS provider in one process for several commands of Terraform.

Each of them else starts it and reads its schema, and before that all of its 700 MB, to compare them with the lock file:
half of what Terraform takes to plan this stack. `init` has compared them. A process has one configuration at a time.
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
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from operate.terraform_cli.terraform import tool_variables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from operate.terraform_cli.terraform import Terraform

VARIABLE = "TF_REATTACH_PROVIDERS"

_LOGS = ("TF_LOG", "TF_LOG_PROVIDER")
_START_SECONDS = 60
_POLL_SECONDS = 0.02
_LONGEST_OUTPUT = 65_536
# Its standard input is a pipe from us, which ends when we do, however that is.
_SCRIPT = '"$0" -debug & read -r _; kill "$!"'


@dataclass(frozen=True)
class ProviderProcess:
    """Still starting when it is made, so that something else can be done meanwhile."""

    process: subprocess.Popen[bytes]
    printed: IO[bytes]

    @classmethod
    def start(cls, terraform: Terraform) -> ProviderProcess | None:
        """With what Terraform would start it with.

        None where `init` has linked to none yet, and where somebody wants its log, which it gives to who starts it.
        """
        program, variables = terraform.provider, tool_variables(terraform.environment)
        if program is None or any(map(variables.get, _LOGS)):
            return None
        printed = tempfile.TemporaryFile()  # noqa: SIM115 - `end` closes it
        process = subprocess.Popen(
            ["sh", "-c", _SCRIPT, program],
            env={**variables, "AWS_CA_BUNDLE": ""},  # with one, it is configured only once
            stdin=subprocess.PIPE,
            stdout=printed,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return cls(process, printed)

    def attached(self, terraform: Terraform) -> Terraform:
        """One whose commands use this process, but where the folder configures the provider twice."""
        value = self.variable() if has_one_configuration(terraform.working_directory) else None
        if value is None:
            return terraform
        return dataclasses.replace(terraform, environment={**terraform.environment, VARIABLE: value})

    def variable(self) -> str | None:
        """What Terraform finds it by, which it prints once it listens; None where it does not."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            text = os.pread(self.printed.fileno(), _LONGEST_OUTPUT, 0).decode()
            if found := re.search(rf"{VARIABLE}='(.*)'$", text, re.MULTILINE):
                return found[1]
            time.sleep(_POLL_SECONDS)
        return None

    def end(self) -> None:
        self.process.communicate()
        self.printed.close()


@contextmanager
def beside(terraform: Terraform) -> Iterator[ProviderProcess | None]:
    """Ended with the block."""
    provider = ProviderProcess.start(terraform)
    try:
        yield provider
    finally:
        if provider:
            provider.end()


def has_one_configuration(folder: Path) -> bool:
    """What is synthesized, or written by hand. A second, as of an alias, would take the place of the first."""
    synthesized = folder / "cdk.tf.json"
    if synthesized.is_file():
        return len(json.loads(synthesized.read_text())["provider"]["aws"]) == 1
    blocks = (re.findall(r'^provider "aws"', file.read_text(), re.MULTILINE) for file in folder.glob("*.tf"))
    return sum(map(len, blocks)) == 1
