"""[network]: which of the existing module's subnets the tasks run in, and how they reach AWS."""

from __future__ import annotations

from constructs_lib import defaults
from stacks.settings.base import Settings


class Network(Settings):
    assign_public_ip: bool = defaults.ASSIGN_PUBLIC_IP
    """Whether tasks run in the public subnets with a public IP; `false` takes `private_subnet_ids`, which need a NAT
    gateway or VPC endpoints."""

    @property
    def subnets(self) -> str:
        """The networking module's output that is read."""
        return "public_subnet_ids" if self.assign_public_ip else "private_subnet_ids"
