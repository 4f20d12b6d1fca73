"""Where Terraform keeps a state: this stack's own, and those of the three existing modules."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Union

from pydantic import Field

from stacks.settings import Settings


class S3Backend(Settings):
    """A state in a bucket, locked by a lock file beside it."""

    type: Literal["s3"] = "s3"
    bucket: str
    key: str
    region: str
    use_path_style: bool = False
    kms_key_id: str | None = None
    role_arn: str | None = None

    @property
    def address(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class LocalBackend(Settings):
    """A state in a file; `path` is relative to the repository's root."""

    type: Literal["local"] = "local"
    path: str

    @property
    def address(self) -> str:
        return self.path


class RemoteBackend(Settings):
    """A workspace of HCP Terraform or Terraform Enterprise."""

    type: Literal["remote"] = "remote"
    organization: str
    workspace: str
    hostname: str = "app.terraform.io"

    @property
    def address(self) -> str:
        return f"{self.hostname}/{self.organization}/{self.workspace}"


Backend = Annotated[Union[S3Backend, LocalBackend, RemoteBackend], Field(discriminator="type")]


class ModuleState(Settings):
    """The state of one existing module, and what that module calls the outputs we read."""

    output_names: ClassVar[tuple[str, ...]] = ()

    backend: Backend
    workspace: str | None = None
    outputs: dict[str, str] = {}

    def output_name(self, ours: str) -> str:
        """The module's own name for the output that we call `ours`."""
        return self.outputs.get(ours, ours)

    @property
    def address(self) -> str:
        return self.backend.address


class NetworkingState(ModuleState):
    output_names = ("vpc_id", "public_subnet_ids")


class SecurityState(ModuleState):
    output_names = ("app_security_group_id",)


class LoadBalancingState(ModuleState):
    output_names = ("target_group_arn", "alb_dns_name")


class RemoteStates(Settings):
    networking: NetworkingState
    security: SecurityState
    loadbalancing: LoadBalancingState
