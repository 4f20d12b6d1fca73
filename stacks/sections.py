"""The tables of an environment's file, but for the backends."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stacks.settings import Settings


class Service(Settings):
    name: str
    fargate_spot_percent: int = 0
    enable_execute_command: bool = False
    api_url: str | None = None


class Image(Settings):
    repository: str
    default_tag: str | None = None
    require_commit_sha_tag: bool = False


class Container(Settings):
    port: int = 8080
    cpu: int = 256
    memory_mib: int = 512
    cpu_architecture: Literal["X86_64", "ARM64"] = "X86_64"
    user: str = "65532"
    readonly_root_filesystem: bool = True
    stop_timeout_seconds: int = 30
    environment: dict[str, str] = {}
    secrets: dict[str, str] = {}


class Statement(Settings):
    sid: str | None = None
    effect: Literal["Allow", "Deny"] = "Allow"
    actions: Annotated[tuple[str, ...], Field(strict=False)]
    resources: Annotated[tuple[str, ...], Field(strict=False)]
    conditions: dict[str, dict[str, Annotated[tuple[str, ...], Field(strict=False)]]] = {}


class TaskRole(Settings):
    statements: Annotated[tuple[Statement, ...], Field(strict=False)] = ()


class Deployment(Settings):
    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    health_check_grace_period_seconds: int = 60
    steady_state_timeout_minutes: int = 20


class Scaling(Settings):
    min_capacity: int = 1
    max_capacity: int = 4
    cpu_target_percent: int = 70
    scale_in_cooldown_seconds: int = 300
    scale_out_cooldown_seconds: int = 60


class Logs(Settings):
    retention_days: int = 30
    kms_key_arn: str | None = None


class Cluster(Settings):
    container_insights: Literal["disabled", "enabled", "enhanced"] = "disabled"
