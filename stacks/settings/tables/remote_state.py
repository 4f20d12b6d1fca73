"""[remote_state.<module>]: the states of the three existing modules."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from pydantic import Field, ValidationInfo, WrapValidator, field_validator

from constructs_lib.output_expression import OutputExpression
from stacks.settings.base import Refusal, Settings, did_you_mean, matching, readable, refusal, refuse_all
from stacks.settings.tables.backend import Backend, LocalBackend, RemoteBackend, S3Backend

if TYPE_CHECKING:
    from collections.abc import Iterator

Output = str | tuple[str, ...]


def output_or_list(value: object, _: object) -> Output:
    """Instead of pydantic, which would have a message for each of the two types."""
    if isinstance(value, str):
        if remedy := _expression_remedy(value):
            raise refusal(remedy)
        return value
    if not isinstance(value, (list, tuple)) or not value:
        raise refusal(f"{_IN_QUOTES}, or a list of such names")
    refuse_all(Refusal((at,), each, remedy) for at, each in enumerate(value) if (remedy := _expression_remedy(each)))
    return tuple(value)


MOST_TARGET_GROUPS: Final = 5

_IN_QUOTES: Final = "must be the name of an output, in quotes"


def _expression_remedy(text: object) -> str | None:
    if not isinstance(text, str):
        return _IN_QUOTES
    try:
        OutputExpression(readable(text))
    except ValueError as error:
        return str(error)
    return None


S3Workspace = Annotated[
    str,
    matching(
        r"(?!\.+\Z)[A-Za-z0-9._~$&+:=@-]+",
        "must be the name of a workspace, of characters that need no escape in a URL's path",
    ),
]


class ModuleState(Settings):
    """The state of one existing module, and what that module calls the outputs we read."""

    output_names: ClassVar[tuple[str, ...]] = ()
    lists: ClassVar[tuple[str, ...]] = ()
    """Those that may be put together of several."""

    backend: Backend
    """Where the module's state is."""
    workspace: S3Workspace | None = None
    """In an S3 backend: the workspace whose state is read."""
    outputs: dict[str, Annotated[Output, WrapValidator(output_or_list)]] = Field(default_factory=dict)
    """Our names for the outputs that are read, each with the module's own name for it or an expression for the part of
    one that it is."""

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
    def outputs_are_read_by_us(cls, outputs: dict[str, Output]) -> dict[str, Output]:
        refuse_all(cls._output_refusals(outputs))
        return outputs

    @classmethod
    def _output_refusals(cls, outputs: dict[str, Output]) -> Iterator[Refusal]:
        for ours, theirs in outputs.items():
            if ours not in cls.output_names:
                near = get_close_matches(ours, cls.output_names, n=1)
                *others, last = cls.output_names
                read = f"{', '.join(others)} and {last}"
                remedy = f"is not read from this module, only {read}{did_you_mean(near)}"
                yield Refusal((ours,), theirs, remedy)
            elif isinstance(theirs, tuple) and ours not in cls.lists:
                yield Refusal((ours,), theirs, "must be one output, not a list of several")

    def output(self, ours: str) -> Output:
        """The module's own name for the output that we call `ours`, or an expression for where it is."""
        return self.outputs.get(ours, ours)

    @property
    def address(self) -> str:
        if isinstance(self.backend, S3Backend) and self.workspace not in {None, "default"}:
            return self.backend.address_in(self.workspace)
        return self.backend.address


class NetworkingState(ModuleState):
    output_names = ("vpc_id", "public_subnet_ids", "private_subnet_ids")
    lists = ("public_subnet_ids", "private_subnet_ids")


class SecurityState(ModuleState):
    """`app_security_group_ids` is read where it is named, in place of `app_security_group_id`."""

    output_names = ("app_security_group_id", "app_security_group_ids")
    lists = ("app_security_group_ids",)

    @field_validator("outputs")
    @classmethod
    def one_or_several_groups(cls, outputs: dict[str, Output]) -> dict[str, Output]:
        if {*cls.output_names} <= {*outputs}:
            remedy = "is not read beside app_security_group_ids: name the group there, or remove that"
            refuse_all([Refusal(("app_security_group_id",), outputs["app_security_group_id"], remedy)])
        return outputs

    @property
    def has_several_groups(self) -> bool:
        return "app_security_group_ids" in self.outputs


class LoadBalancingState(ModuleState):
    """`target_group_arn` may be a list: the service joins each of the groups, whose load balancers may differ."""

    output_names = ("target_group_arn", "alb_dns_name")
    lists = ("target_group_arn",)

    @field_validator("outputs")
    @classmethod
    def groups_fit_ecs(cls, outputs: dict[str, Output]) -> dict[str, Output]:
        """Amazon ECS API Reference, CreateService, loadBalancers."""
        groups = outputs.get("target_group_arn", "")
        if isinstance(groups, tuple):
            if len(groups) > MOST_TARGET_GROUPS:
                remedy = f"must name {MOST_TARGET_GROUPS} outputs at most: ECS allows a service no more target groups"
                refuse_all([Refusal(("target_group_arn",), groups, remedy)])
            same = [OutputExpression(each).canonical for each in groups]
            remedy = "must differ from every other one: a service joins a target group once"
            refuse_all(
                Refusal(("target_group_arn", at), groups[at], remedy)
                for at in range(len(same))
                if same[at] in same[:at]
            )
        return outputs

    @property
    def target_groups(self) -> tuple[str, ...]:
        """The outputs, or expressions, of which each is the ARN of one."""
        groups = self.output("target_group_arn")
        return (groups,) if isinstance(groups, str) else groups


class ClusterState(ModuleState):
    """`cluster_name` may be the cluster's ARN too."""

    output_names = ("cluster_name",)


class RemoteStates(Settings):
    networking: NetworkingState
    """`vpc_id` and `public_subnet_ids`."""
    security: SecurityState
    """`app_security_group_id`."""
    loadbalancing: LoadBalancingState
    """`target_group_arn` and `alb_dns_name`."""
    cluster: ClusterState | None = None
    """`cluster_name`, of somebody else's cluster, in place of `cluster.name`."""

    @property
    def by_module(self) -> dict[str, ModuleState]:
        modules: dict[str, ModuleState] = {
            "networking": self.networking,
            "security": self.security,
            "loadbalancing": self.loadbalancing,
        }
        return modules | ({"cluster": self.cluster} if self.cluster else {})
