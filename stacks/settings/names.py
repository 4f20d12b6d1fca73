"""The names of what is created in AWS, and how long each may be."""

from __future__ import annotations

from typing import NamedTuple


class Names(NamedTuple):
    """All begin with, or have in them, `<service>-<environment>`."""

    service: str
    environment: str

    @property
    def prefix(self) -> str:
        """Also the stack's id."""
        return f"{self.service}-{self.environment}"

    @property
    def ecs(self) -> str:
        """Of the cluster, the service and the task definition family."""
        return self.prefix

    @property
    def dashboard(self) -> str:
        """CloudWatch takes the characters of ECS's names, and as many."""
        return self.prefix

    @property
    def release_family(self) -> str:
        """Of the task definitions with which `release.before` runs."""
        return f"{self.prefix}_release"

    @property
    def execution_role(self) -> str:
        return f"{self.prefix}-execution"

    @property
    def task_role(self) -> str:
        return f"{self.prefix}-task"

    @property
    def log_group(self) -> str:
        return f"/ecs/{self.prefix}"

    def alarm(self, kind: str, *, group: int = 1) -> str:
        """`kind` is its word in `[alarms]`; `group` counts the target groups, of which each has its own.

        CloudWatch takes 255 characters, of which a role's 64 leave enough.
        """
        name = f"{self.prefix}-{kind.replace('_', '-')}"
        return name if group == 1 else f"{name}-{group}"

    @property
    def limits(self) -> tuple[tuple[str, str, int], ...]:
        """What is called so, the name, and the most characters that AWS takes."""
        return (
            ("the IAM role", self.execution_role, 64),
            ("the IAM role", self.task_role, 64),
            ("the ECS cluster, service and task definition family", self.ecs, 255),
            ("the log group", self.log_group, 512),
        )
