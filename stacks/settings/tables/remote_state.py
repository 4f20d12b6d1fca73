"""[remote_state.<module>]: the states of the three existing modules."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from stacks.settings.base import Refusal, Settings, did_you_mean, readable, refusal, refuse_all
from stacks.settings.tables.backend import Backend, HcpName, LocalBackend, RemoteBackend, S3Backend

if TYPE_CHECKING:
    from collections.abc import Iterator


class ModuleState(Settings):
    """The state of one existing module, and what that module calls the outputs we read."""

    output_names: ClassVar[tuple[str, ...]] = ()

    backend: Backend
    """Where the module's state is."""
    workspace: HcpName | None = None
    """In an S3 backend: the workspace whose state is read."""
    outputs: dict[str, Annotated[str, AfterValidator(readable)]] = Field(default_factory=dict)
    """The module's own names for the outputs that are read."""

    @field_validator("workspace")
    @classmethod
    def workspace_fits_backend(cls, workspace: str | None, info: ValidationInfo) -> str | None:
        """Terraform looks for a local workspace's state in the folder it runs in, whatever the path."""
        backend: Backend | None = cls.earlier(info, "backend")
        if workspace and isinstance(backend, RemoteBackend):
            raise refusal("a remote backend names its workspace itself, as backend.workspace: remove this key")
        if workspace and isinstance(backend, LocalBackend):
            raise refusal("only an S3 backend has workspaces: remove this key, and let backend.path name the file")
        return workspace

    @field_validator("outputs")
    @classmethod
    def outputs_are_read_by_us(cls, outputs: dict[str, str]) -> dict[str, str]:
        refuse_all(cls._output_refusals(outputs))
        return outputs

    @classmethod
    def _output_refusals(cls, outputs: dict[str, str]) -> Iterator[Refusal]:
        for ours, theirs in outputs.items():
            if ours not in cls.output_names:
                near = get_close_matches(ours, cls.output_names, n=1)
                remedy = f"is not read from this module, only {' and '.join(cls.output_names)}{did_you_mean(near)}"
                yield Refusal((ours,), theirs, remedy)
            elif not theirs.replace("-", "_").isidentifier() or theirs.startswith("-"):
                yield Refusal((ours,), theirs, "must be the name of a Terraform output: letters, digits, - and _")

    def output_name(self, ours: str) -> str:
        """The module's own name for the output that we call `ours`."""
        return self.outputs.get(ours, ours)

    @property
    def address(self) -> str:
        if isinstance(self.backend, S3Backend) and self.workspace not in {None, "default"}:
            return self.backend.address_in(self.workspace)
        return self.backend.address


class NetworkingState(ModuleState):
    output_names = ("vpc_id", "public_subnet_ids")


class SecurityState(ModuleState):
    output_names = ("app_security_group_id",)


class LoadBalancingState(ModuleState):
    output_names = ("target_group_arn", "alb_dns_name")


class RemoteStates(Settings):
    networking: NetworkingState
    """`vpc_id` and `public_subnet_ids`."""
    security: SecurityState
    """`app_security_group_id`."""
    loadbalancing: LoadBalancingState
    """`target_group_arn` and `alb_dns_name`."""

    @property
    def by_module(self) -> dict[str, ModuleState]:
        return {"networking": self.networking, "security": self.security, "loadbalancing": self.loadbalancing}
