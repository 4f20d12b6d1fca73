"""A container as a task definition carries it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from constructs_lib import defaults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs_lib.container_logging import AwsFirelens, AwsLogs
    from constructs_lib.task_volumes import MountPoint

_FIRST_UNPRIVILEGED_PORT: Final = 1024

Condition = Literal["START", "COMPLETE", "SUCCESS", "HEALTHY"]
"""What a container that another one depends on has to have reached: it runs, has ended, has ended with 0, is healthy.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
"""


@dataclass(frozen=True)
class Ulimit:
    """A limit of the container's processes, in the place of the operating system's; -1 is no limit.

    - ``name``: as in ``setrlimit``, such as ``nofile``, which is 65535 on Fargate where nothing is set. No default.
    - ``soft_limit``: in bytes, seconds or a count, as the name has it; not above the hard limit. No default.
    - ``hard_limit``: up to which the container may raise the soft limit. No default.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Ulimit.html
    """

    name: str
    soft_limit: int
    hard_limit: int

    def document(self) -> dict[str, Any]:
        return {"name": self.name, "softLimit": self.soft_limit, "hardLimit": self.hard_limit}


@dataclass(frozen=True)
class ContainerHealthCheck:
    """A command within the container, run again and again: 0 is healthy. ECS replaces a service's unhealthy task.

    - ``command``: ``CMD`` and a program of the image with its arguments, or ``CMD-SHELL`` and a line for the image's
      shell. No default.
    - ``interval_seconds``: seconds between two runs, 5 to 300; 30 by default.
    - ``timeout_seconds``: seconds after which a run has failed, 2 to 60; 5 by default.
    - ``retries``: failed runs in a row after which it is unhealthy, 1 to 10; 3 by default.
    - ``start_period_seconds``: seconds from the container's start in which no failure counts, 0 to 300; 0 by default.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    """

    command: Sequence[str]
    interval_seconds: int = defaults.CONTAINER_HEALTH_CHECK_INTERVAL_SECONDS
    timeout_seconds: int = defaults.CONTAINER_HEALTH_CHECK_TIMEOUT_SECONDS
    retries: int = defaults.CONTAINER_HEALTH_CHECK_RETRIES
    start_period_seconds: int = defaults.CONTAINER_HEALTH_CHECK_START_PERIOD_SECONDS

    def document(self) -> dict[str, Any]:
        start_period = {"startPeriod": self.start_period_seconds} if self.start_period_seconds else {}
        return {
            "command": list(self.command),
            "interval": self.interval_seconds,
            "timeout": self.timeout_seconds,
            "retries": self.retries,
            **start_period,
        }


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
    - ``stop_timeout_seconds``: seconds between SIGTERM and SIGKILL, at most 120 on Fargate; 30 by default.
    - ``init_process_enabled``: whether an init process reaps what ECS Exec leaves behind; False by default.
    - ``docker_labels``: labels of the container by key, for a person to read off a revision, such as the tag of an
      image that is named by its digest; none by default.
    - ``command``: the arguments of the entry point, in place of the image's own; the image's by default.
    - ``entry_point``: the program with its first arguments, in place of the image's, whose command is then not used
      either; the image's by default.
    - ``working_directory``: an absolute path, in which the program starts; the image's by default.
    - ``ulimits``: limits of its processes; those of Fargate by default.
    - ``start_timeout_seconds``: how long a container that depends on this one waits for it, 2 to 120 on Fargate; ECS's
      own by default.
    - ``health_check``: how ECS finds out whether it works; not at all by default, and never by a ``HEALTHCHECK`` of the
      image.
    - ``cpu``: CPU units of the task's that are reserved for it, beside those of its sidecars; none by default.
    - ``depends_on``: by name the sidecars that start before it and stop after it, and what each has to have reached;
      none by default.
    - ``awsfirelens``: sends what it prints to the task's log router, a sidecar; by default it goes to the log group.
    - ``mount_points``: volumes in the container, in place of what the image has there; none by default.

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
    command: Sequence[str] = ()
    entry_point: Sequence[str] = ()
    working_directory: str | None = None
    ulimits: Sequence[Ulimit] = ()
    start_timeout_seconds: int | None = None
    health_check: ContainerHealthCheck | None = None
    cpu: int | None = None
    depends_on: Mapping[str, Condition] = field(default_factory=dict)
    awsfirelens: AwsFirelens | None = None
    mount_points: Sequence[MountPoint] = ()
    essential: ClassVar = True

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

    def document(self, *, awslogs: AwsLogs) -> dict[str, Any]:
        """ECS's own form; without nulls, variables and labels sorted by name."""
        definition: dict[str, Any] = {
            "name": self.name,
            "image": self.image,
            "essential": True,
            "portMappings": [{"containerPort": self.port, "hostPort": self.port, "protocol": "tcp"}],
            "environment": sorted_by_name({**self.environment, "PORT": str(self.port)}, value_key="value"),
            "user": self.user,
            "readonlyRootFilesystem": self.readonly_root_filesystem,
            "stopTimeout": self.stop_timeout_seconds,
            "logConfiguration": (self.awsfirelens or awslogs).document(),
        }
        return definition | {name: value for name, value in self._options().items() if value}

    def _options(self) -> dict[str, Any]:
        """Members that are left out where they say nothing."""
        return {
            "secrets": sorted_by_name(self.secrets, value_key="valueFrom"),
            "linuxParameters": {"initProcessEnabled": True} if self.init_process_enabled else {},
            "dockerLabels": dict(sorted(self.docker_labels.items())),
            "command": list(self.command),
            "entryPoint": list(self.entry_point),
            "workingDirectory": self.working_directory,
            "ulimits": [limit.document() for limit in sorted(self.ulimits, key=lambda limit: limit.name)],
            "startTimeout": self.start_timeout_seconds,
            "healthCheck": self.health_check.document() if self.health_check else {},
            "cpu": self.cpu,
            "dependsOn": dependencies(self.depends_on),
            "mountPoints": [each.document() for each in self.mount_points],
        }


def dependencies(depends_on: Mapping[str, Condition]) -> list[dict[str, str]]:
    return [{"containerName": name, "condition": condition} for name, condition in sorted(depends_on.items())]


def sorted_by_name(values: Mapping[str, str], *, value_key: str) -> list[dict[str, str]]:
    return [{"name": name, value_key: value} for name, value in sorted(values.items())]
