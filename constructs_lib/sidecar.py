"""A container beside the application's, in the same task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from constructs_lib import defaults
from constructs_lib.container_definition import dependencies, sorted_by_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs_lib.container_definition import Condition, ContainerHealthCheck
    from constructs_lib.container_logging import AwsLogs
    from constructs_lib.task_volumes import MountPoint


@dataclass(frozen=True)
class Firelens:
    """What makes a container the log router of its task.

    - ``type``: ``fluentbit`` or ``fluentd``, the program of its image. No default.
    - ``options``: ``enable-ecs-log-metadata``, ``config-file-type`` (on Fargate ``file``) and ``config-file-value``;
      none by default.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_FirelensConfiguration.html
    """

    type: Literal["fluentbit", "fluentd"]
    options: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        options = {"options": dict(sorted(self.options.items()))} if self.options else {}
        return {"type": self.type, **options}


@dataclass(frozen=True)
class Sidecar:
    """A container beside the application's; ``localhost`` is where they reach each other.

    - ``name``: within the task, up to 255 letters, digits, - and _. No default.
    - ``image``: with a tag or digest, of ECR or a registry that needs no login. No default.
    - ``essential``: whether the task ends with it; True by default, as in ECS.
    - ``cpu``: CPU units of the task's that are reserved for it; none by default.
    - ``memory_mib``: MiB above which it is killed; the task's memory by default.
    - ``memory_reservation_mib``: MiB of the task's memory that are reserved for it; ``memory_mib`` by default.
    - ``ports``, ``udp_ports``: on which it listens, over TCP and UDP; none by default.
    - ``environment``: variables by name; none by default.
    - ``secrets``: ARNs in Secrets Manager or SSM Parameter Store by variable name; none by default. The execution role
      has to be given the same ARNs.
    - ``user``: a number or a name that the image knows, with or without a group; the image's own by default. Of a log
      router a number; ``0`` by default, as in ECS.
    - ``readonly_root_filesystem``: True by default.
    - ``stop_timeout_seconds``: seconds between SIGTERM and SIGKILL, at most 120 on Fargate; 30 by default.
    - ``start_timeout_seconds``: how long a container that depends on this one waits for it, 2 to 120 on Fargate; ECS's
      own by default.
    - ``command``, ``entry_point``, ``working_directory``: in place of the image's, which they are by default.
    - ``depends_on``: by name the containers that start before it and stop after it, and what each has to have reached;
      none by default.
    - ``mount_points``: volumes in the container, in place of what the image has there; none by default.
    - ``health_check``: how ECS finds out whether it works; not at all by default.
    - ``firelens``: makes it the task's log router; it is none by default. It logs to the task's log group, as all do.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """

    name: str
    image: str
    essential: bool = True
    cpu: int | None = None
    memory_mib: int | None = None
    memory_reservation_mib: int | None = None
    ports: Sequence[int] = ()
    udp_ports: Sequence[int] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    readonly_root_filesystem: bool = defaults.READONLY_ROOT_FILESYSTEM
    stop_timeout_seconds: int = defaults.STOP_TIMEOUT_SECONDS
    start_timeout_seconds: int | None = None
    command: Sequence[str] = ()
    entry_point: Sequence[str] = ()
    working_directory: str | None = None
    depends_on: Mapping[str, Condition] = field(default_factory=dict)
    mount_points: Sequence[MountPoint] = ()
    health_check: ContainerHealthCheck | None = None
    firelens: Firelens | None = None

    def document(self, *, awslogs: AwsLogs) -> dict[str, Any]:
        """ECS's own form, without nulls; what can be sorted is."""
        definition: dict[str, Any] = {
            "name": self.name,
            "image": self.image,
            "essential": self.essential,
            "readonlyRootFilesystem": self.readonly_root_filesystem,
            "stopTimeout": self.stop_timeout_seconds,
            "logConfiguration": awslogs.document(),
        }
        return definition | {name: value for name, value in self._options().items() if value}

    @property
    def _default_user(self) -> str | None:
        """Of a log router what ECS fills in, which each plan would take away again."""
        return "0" if self.firelens else None

    def _options(self) -> dict[str, Any]:
        """Members that are left out where they say nothing."""
        return {
            "cpu": self.cpu,
            "memory": self.memory_mib,
            "memoryReservation": self.memory_reservation_mib,
            "portMappings": [*_mappings(self.ports, "tcp"), *_mappings(self.udp_ports, "udp")],
            "environment": sorted_by_name(self.environment, value_key="value"),
            "secrets": sorted_by_name(self.secrets, value_key="valueFrom"),
            "user": self.user or self._default_user,
            "startTimeout": self.start_timeout_seconds,
            "command": list(self.command),
            "entryPoint": list(self.entry_point),
            "workingDirectory": self.working_directory,
            "dependsOn": dependencies(self.depends_on),
            "mountPoints": [each.document() for each in self.mount_points],
            "healthCheck": self.health_check and self.health_check.document(),
            "firelensConfiguration": self.firelens and self.firelens.document(),
        }


def _mappings(ports: Sequence[int], protocol: str) -> list[dict[str, Any]]:
    return [{"containerPort": port, "hostPort": port, "protocol": protocol} for port in sorted(ports)]
