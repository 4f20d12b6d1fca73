"""A container as a task definition carries it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from constructs_lib import defaults

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIRST_UNPRIVILEGED_PORT: Final = 1024


@dataclass(frozen=True)
class ContainerDefinition:
    """One essential container with one port (FR-002).

    Where it logs is the task definition's to say.

    - ``name``: within the task; also the prefix of its log streams. No default.
    - ``image``: with the registry and a tag or digest. No default.
    - ``port``: the TCP port that it listens on, 1 to 65535, in its environment as ``PORT``. No default.
    - ``environment``: variables by name; none but ``PORT`` by default.
    - ``secrets``: ARNs in Secrets Manager or SSM Parameter Store by variable name; none by default. The execution role
      has to be given the same ARNs.
    - ``user``: a number or a name that the image knows, with or without a group; ``65532`` by default, the "nonroot" of
      distroless images.
    - ``readonly_root_filesystem``: True by default.
    - ``stop_timeout_seconds``: between SIGTERM and SIGKILL, at most 120 on Fargate; 30 by default.
    - ``init_process_enabled``: whether an init process reaps what ECS Exec leaves behind; False by default.
    - ``docker_labels``: labels of the container by key, for a person to read off a revision, such as the tag of an
      image that is named by its digest; none by default.

    Raises ValueError for a ``PORT`` in ``environment`` or ``secrets``.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """

    name: str
    image: str
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    user: str = defaults.USER
    readonly_root_filesystem: bool = defaults.READONLY_ROOT_FILESYSTEM
    stop_timeout_seconds: int = defaults.STOP_TIMEOUT_SECONDS
    init_process_enabled: bool = False
    docker_labels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if "PORT" in self.environment or "PORT" in self.secrets:
            message = f"container {self.name}: PORT is set from port ({self.port}), not by hand"
            raise ValueError(message)

    @property
    def lacks_privilege_for_port(self) -> bool:
        """Whether the port is one on which Linux lets nobody but root listen, and the user is another.

        Fargate adds no capability that would allow it; a program that the image has given one of its own may.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KernelCapabilities.html
        """
        return self.port < _FIRST_UNPRIVILEGED_PORT and self.user.partition(":")[0].strip("0") not in {"", "root"}

    def document(self, *, log_group_name: str, log_region: str, log_stream_prefix: str | None = None) -> dict[str, Any]:
        """ECS's own form, logging through ``awslogs``; without nulls, variables and labels sorted by name."""
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
                    "awslogs-group": log_group_name,
                    "awslogs-region": log_region,
                    "awslogs-stream-prefix": log_stream_prefix or self.name,
                },
            },
        }
        if self.secrets:
            definition["secrets"] = _sorted_by_name(self.secrets, value_key="valueFrom")
        if self.init_process_enabled:
            definition["linuxParameters"] = {"initProcessEnabled": True}
        if self.docker_labels:
            definition["dockerLabels"] = dict(sorted(self.docker_labels.items()))
        return definition


def _sorted_by_name(values: Mapping[str, str], *, value_key: str) -> list[dict[str, str]]:
    return [{"name": name, value_key: value} for name, value in sorted(values.items())]
