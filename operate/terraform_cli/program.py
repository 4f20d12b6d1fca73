"""The program that plans and applies: Terraform, or OpenTofu under whatever name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from stacks.versions import AWS_PROVIDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME_VARIABLE: Final = "TERRAFORM_BINARY_NAME"
"""Names another program than `terraform`, `tofu` say; the command lines of cdktf and its successor read it too."""

_REGISTRIES = {"Terraform": "registry.terraform.io", "OpenTofu": "registry.opentofu.org"}


@dataclass(frozen=True)
class Program:
    """`name` is what a person calls it by."""

    name: str
    path: str
    product: Literal["Terraform", "OpenTofu"]

    @property
    def provider(self) -> str:
        """The AWS provider's whole address, as states, lock files and mirrors have it."""
        return f"{_REGISTRIES[self.product]}/{AWS_PROVIDER}"

    def own_configurations(self, environment: Mapping[str, str], *, home: Path) -> Iterator[Path]:
        """Where a user's CLI configuration would be: https://opentofu.org/docs/cli/config/config-file"""
        yield home / ".terraformrc"
        if self.product == "OpenTofu":
            yield home / ".tofurc"
            if environment.get("XDG_CONFIG_HOME"):
                yield Path(environment["XDG_CONFIG_HOME"], "opentofu/tofurc")
