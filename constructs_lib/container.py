"""A container definition, as the deterministic JSON that a task definition carries."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Container:
    """One essential container with one port, logging through ``awslogs`` (FR-002, FR-010).

    ``PORT`` in its environment always is ``port``. ``secrets`` maps environment names to ARNs. ``user`` is a number
    or name that the image knows, ``65532`` being the "nonroot" of distroless images.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """

    name: str
    image: str
    port: int
    log_group_name: str
    log_region: str
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    user: str = "65532"
    readonly_root_filesystem: bool = True
    stop_timeout_seconds: int = 30
    init_process_enabled: bool = False

    def __post_init__(self) -> None:
        if "PORT" in self.environment or "PORT" in self.secrets:
            message = f"container {self.name}: PORT is set from port ({self.port}), not by hand"
            raise ValueError(message)

    def definitions_json(self) -> str:
        """A list of this one container, without nulls, its variables sorted by name."""
        return json.dumps([self._definition()], sort_keys=True)

    def _definition(self) -> dict[str, Any]:
        definition: dict[str, Any] = {
            "name": self.name,
            "image": self.image,
            "essential": True,
            "portMappings": [{"containerPort": self.port, "hostPort": self.port, "protocol": "tcp"}],
            "environment": _sorted_by_name({**self.environment, "PORT": str(self.port)}, value_key="value"),
            "user": self.user,
            "readonlyRootFilesystem": self.readonly_root_filesystem,
            "stopTimeout": self.stop_timeout_seconds,
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": self.log_group_name,
                    "awslogs-region": self.log_region,
                    "awslogs-stream-prefix": self.name,
                },
            },
        }
        if self.secrets:
            definition["secrets"] = _sorted_by_name(self.secrets, value_key="valueFrom")
        if self.init_process_enabled:
            definition["linuxParameters"] = {"initProcessEnabled": True}
        return definition


def _sorted_by_name(values: Mapping[str, str], *, value_key: str) -> list[dict[str, str]]:
    return [{"name": name, value_key: value} for name, value in sorted(values.items())]
