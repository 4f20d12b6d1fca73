"""One process of the AWS provider for all commands of Terraform that a worker's tests give to one embedded AWS.

A provider is told its configuration with each command; its credentials and endpoint are those it was started with.
"""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest import mock

from operate import deployment
from operate.terraform_cli.provider_process import VARIABLE, ProviderProcess, has_one_configuration
from operate.terraform_cli.terraform import Terraform
from tests.short_schema import ShortSchema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operate.progress import Command


@dataclass
class ProviderProcesses:
    """By the endpoint that each one talks to."""

    _running: dict[str, tuple[ProviderProcess, ShortSchema]] = field(default_factory=dict)

    def attached(self, terraform: Terraform, command: Command, verb: str) -> Command:
        """The command with its provider running already, where one process can stand for what it would start."""
        endpoint = command.environment.get("AWS_ENDPOINT_URL")
        if not endpoint or not has_one_configuration(command.directory):
            return command
        if endpoint not in self._running:
            if verb == "init":
                return command  # it links to the program that is started next
            provider = ProviderProcess.start(terraform)
            assert provider, f"{terraform} has no provider"
            variable = provider.variable()
            assert variable, "the provider did not start"
            self._running[endpoint] = provider, ShortSchema(variable)
        _, schema = self._running[endpoint]
        return dataclasses.replace(command, environment={**command.environment, VARIABLE: schema.variable})

    def end(self) -> None:
        for provider, schema in self._running.values():
            schema.end()
            provider.end()


@contextmanager
def shared() -> Iterator[None]:
    """While it lasts, whatever runs Terraform by `operate` in this process attaches it to a provider that runs."""
    processes, command = ProviderProcesses(), Terraform._command

    def attached(self: Terraform, verb: str, *arguments: str, **keywords: Any) -> Command:
        return processes.attached(self, command(self, verb, *arguments, **keywords), verb)

    with (
        mock.patch.object(Terraform, "_command", attached),
        mock.patch.object(deployment, "_provider", return_value=nullcontext()),
    ):
        try:
            yield
        finally:
            processes.end()
