"""A state backend of the settings as CDKTF's elements: where this stack keeps its state, how it reads another's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf import (
    DataTerraformRemoteState,
    DataTerraformRemoteStateLocal,
    DataTerraformRemoteStateS3,
    LocalBackend,
    NamedRemoteWorkspace,
    RemoteBackend,
    S3Backend,
    S3BackendAssumeRoleConfig,
    TerraformBackend,
    TerraformRemoteState,
    TerraformStack,
)

from stacks import settings

if TYPE_CHECKING:
    from constructs import Construct

_ROOT_FROM_STACK_DIRECTORY = "../../.."  # from cdktf.out/stacks/<stack>, where Terraform runs


def keep_state(stack: TerraformStack, backend: settings.Backend) -> TerraformBackend:
    """Declares the stack's own backend. In S3 a lock file beside the state keeps a second apply out."""
    if isinstance(backend, settings.S3Backend):
        return _s3_backend(stack, backend)
    if isinstance(backend, settings.LocalBackend):
        return LocalBackend(stack, path=_from_stack_directory(backend.path))
    return RemoteBackend(
        stack,
        hostname=backend.hostname,
        organization=backend.organization,
        workspaces=NamedRemoteWorkspace(backend.workspace),
    )


def read_state(scope: Construct, id_: str, module: settings.ModuleState) -> TerraformRemoteState:
    """Declares the data source of an existing module's state."""
    backend = module.backend
    if isinstance(backend, settings.S3Backend):
        return _s3_data_source(scope, id_, backend, module.workspace)
    if isinstance(backend, settings.LocalBackend):
        return DataTerraformRemoteStateLocal(scope, id_, path=_from_stack_directory(backend.path))
    return DataTerraformRemoteState(
        scope,
        id_,
        hostname=backend.hostname,
        organization=backend.organization,
        workspaces=NamedRemoteWorkspace(backend.workspace),
    )


def _s3_backend(stack: TerraformStack, backend: settings.S3Backend) -> TerraformBackend:
    state = S3Backend(
        stack,
        bucket=backend.bucket,
        key=backend.key,
        region=backend.region,
        skip_region_validation=_skip_region_validation(backend),
        encrypt=True,
        kms_key_id=backend.kms_key_id,
        profile=backend.profile,
        assume_role=_assume_role(backend),
    )
    state.add_override("use_lockfile", value=True)
    if backend.use_path_style:
        state.add_override("use_path_style", value=True)
    return state


def _s3_data_source(
    scope: Construct, id_: str, backend: settings.S3Backend, workspace: str | None
) -> TerraformRemoteState:
    state = DataTerraformRemoteStateS3(
        scope,
        id_,
        bucket=backend.bucket,
        key=backend.key,
        region=backend.region,
        skip_region_validation=_skip_region_validation(backend),
        profile=backend.profile,
        assume_role=_assume_role(backend),
        workspace=workspace,
    )
    if backend.use_path_style:
        state.add_override("config.use_path_style", value=True)
    return state


def _skip_region_validation(backend: settings.S3Backend) -> bool | None:
    return True if backend.region in settings.RECENT_REGIONS else None


def _assume_role(backend: settings.S3Backend) -> S3BackendAssumeRoleConfig | None:
    return S3BackendAssumeRoleConfig(role_arn=backend.role_arn) if backend.role_arn else None


def _from_stack_directory(path: str) -> str:
    return path if path.startswith("/") else f"{_ROOT_FROM_STACK_DIRECTORY}/{path}"
