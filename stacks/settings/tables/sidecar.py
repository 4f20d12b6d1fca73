"""[[container.sidecars]]: containers beside the application's, in the same task.

Amazon ECS API Reference, ContainerDefinition.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from constructs_lib import defaults
from stacks.settings.aws_values import SecretReference
from stacks.settings.base import MAX_INT32, MAX_PORT, Refusal, Settings, between, matching, refuse_all
from stacks.settings.tables.container_process import Command, HealthCheck, User, WorkingDirectory
from stacks.settings.tables.container_volumes import ScratchVolumes
from stacks.settings.tables.variables import plain_text_secrets, set_twice, wrong_names, wrong_variables

_LEAST_MEMORY_MIB = 6  # that Docker takes

Port = Annotated[int, between(1, MAX_PORT)]
DependsOn = dict[str, Literal["START", "COMPLETE", "SUCCESS", "HEALTHY"]]
Memory = Annotated[int, between(_LEAST_MEMORY_MIB, MAX_INT32)]


class Firelens(Settings):
    """Amazon ECS API Reference, FirelensConfiguration."""

    type: Literal["fluentbit", "fluentd"]
    """Which log router the sidecar's image is."""
    options: dict[str, str] = Field(default_factory=dict)
    """`enable-ecs-log-metadata`, and `config-file-type` and `config-file-value` for a configuration of its own."""

    @field_validator("options")
    @classmethod
    def values_are_taken(cls, options: dict[str, str]) -> dict[str, str]:
        """Amazon ECS API Reference, FirelensConfiguration, options."""
        refuse_all(
            Refusal((name,), value, remedy)
            for name, value in options.items()
            if (remedy := _option_remedy(name, value))
        )
        return options


def _option_remedy(name: str, value: str) -> str | None:
    if name == "config-file-type" and value != "file":
        return 'must be "file", with the file in the image: tasks on Fargate take no other'
    if name == "enable-ecs-log-metadata" and value not in {"true", "false"}:
        return 'must be "true" or "false", in quotes'
    return None


class AwsFirelens(Settings):
    """The `awsfirelens` log driver's options are those of the log router's output, whatever it is."""

    secret_options: dict[str, SecretReference] = Field(default_factory=dict)
    """Options whose values ECS reads from Secrets Manager or Parameter Store: by name what each is read from."""
    plain: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Names in `options` that look like those of secrets and are none."""
    options: dict[str, str] = Field(default_factory=dict)
    """Options of the log router's output, such as `Name`."""

    @field_validator("options")
    @classmethod
    def options_are_allowed(cls, options: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        secrets: dict[str, str] | None = cls.earlier(info, "secret_options")
        plain: tuple[str, ...] | None = cls.earlier(info, "plain")
        refuse_all(
            [
                *plain_text_secrets(
                    options,
                    plain or (),
                    table="[container.awsfirelens]",
                    secrets="[container.awsfirelens.secret_options]",
                ),
                *set_twice(options, secrets or {}, "[container.awsfirelens.secret_options]"),
            ]
        )
        return options


class Sidecar(Settings):
    name: Annotated[
        str, matching(r"[A-Za-z0-9_-]{1,255}", "must be a name of letters, digits, - and _, at most 255 of them")
    ]
    """The container's name, once within the task; also the middle of the names of its log streams."""
    image: Annotated[
        str,
        matching(
            r"(?!.*//)[A-Za-z0-9][A-Za-z0-9_:./#-]{0,254}(?:@sha256:[A-Fa-f0-9]{64})?",
            "must be an image with a tag or a digest, such as public.ecr.aws/nginx/nginx:1.27 or"
            " 123456789012.dkr.ecr.eu-west-1.amazonaws.com/proxy@sha256:…",
        ),
    ]
    """Image with a tag or digest, of ECR or a registry that needs no login. The execution role may pull it from ECR."""
    essential: bool = True
    """Whether the task ends with it, and is replaced."""
    cpu: Annotated[int, between(0, MAX_INT32)] | None = None
    """CPU units of the task that are reserved for it; 1024 are one vCPU."""
    memory_mib: Memory | None = None
    """MiB of the task's memory above which it is killed; all of it where it is not set."""
    memory_reservation_mib: Memory | None = None
    """MiB of the task's memory that are reserved for it; `memory_mib` where it is not set."""
    ports: Annotated[tuple[Port, ...], Field(strict=False)] = ()
    """TCP ports that it listens on."""
    udp_ports: Annotated[tuple[Port, ...], Field(strict=False)] = ()
    """UDP ports that it listens on."""
    user: User | None = None
    """User that it runs as, in place of the image's own. Of a log router a number, `0` where it is not set."""
    readonly_root_filesystem: bool = defaults.READONLY_ROOT_FILESYSTEM
    """Whether it cannot write to the image's files."""
    stop_timeout_seconds: Annotated[int, between(0, 120)] = defaults.STOP_TIMEOUT_SECONDS
    """Seconds between SIGTERM and SIGKILL, when a task is stopped."""
    start_timeout_seconds: Annotated[int, between(2, 120)] | None = None
    """Seconds that a container that depends on this one waits for it, before the task is stopped."""
    command: Command = ()
    """The arguments of the entry point, in place of the image's `CMD`."""
    entry_point: Command = ()
    """The program with its first arguments, in place of the image's `ENTRYPOINT`, whose `CMD` then goes unused too."""
    working_directory: WorkingDirectory | None = None
    """Directory that the program starts in, in place of the image's."""
    scratch_volumes: ScratchVolumes = ()
    """Paths, such as `/tmp`, that it may write though its root file system is read-only; unless its user is root, the
    image has to declare each as a `VOLUME` that the user may write."""
    depends_on: DependsOn = Field(default_factory=dict)
    """Other containers that start before it and stop after it, by name, and what each has to have reached."""
    secrets: dict[str, SecretReference] = Field(default_factory=dict)
    """Variables whose values ECS reads from Secrets Manager or Parameter Store: by name what each is read from."""
    plain: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Names in `environment` that look like those of secrets and are none."""
    environment: dict[str, str] = Field(default_factory=dict)
    """Variables whose values anybody may read who reads the task definition, by name."""
    health_check: HealthCheck | None = None
    """A command in it that tells ECS whether it works."""
    firelens: Firelens | None = None
    """Makes it the task's log router; it logs to the log group itself, as every sidecar does."""

    @field_validator("secrets")
    @classmethod
    def secrets_have_names(cls, secrets: dict[str, str]) -> dict[str, str]:
        refuse_all(wrong_names(secrets))
        return secrets

    @field_validator("environment")
    @classmethod
    def variables_are_allowed(cls, variables: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        secrets: dict[str, str] | None = cls.earlier(info, "secrets")
        plain: tuple[str, ...] | None = cls.earlier(info, "plain")
        wrong = wrong_variables(variables, secrets=secrets or {}, plain=plain or (), table="[[container.sidecars]]")
        refuse_all(wrong)
        return variables
