"""[container]: the task, and the container of the application in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from constructs_lib import defaults
from constructs_lib.fargate_sizes import cpu_remedy, memory_remedy
from stacks.settings.aws_values import KmsKeyArn, SecretReference
from stacks.settings.base import MAX_PORT, Refusal, Settings, between, refusal, refuse_all, refuse_repeated
from stacks.settings.tables.container_process import Command, HealthCheck, Ulimit, User, WorkingDirectory
from stacks.settings.tables.container_volumes import EfsVolume, ScratchVolumes
from stacks.settings.tables.image import IMAGE_TAG_LABEL
from stacks.settings.tables.sidecar import AwsFirelens, DependsOn, Sidecar
from stacks.settings.tables.variables import wrong_names, wrong_variables

if TYPE_CHECKING:
    from collections.abc import Iterator


class Container(Settings):
    """`stop_timeout_seconds`: 120 is Fargate's limit, and AWS names no least value."""

    port: Annotated[int, between(1, MAX_PORT)] = 8080
    """TCP port that the container listens on; in its environment as `PORT`."""
    cpu: int = defaults.CPU
    """CPU units of the task; 1024 are one vCPU."""
    memory_mib: int = defaults.MEMORY_MIB
    """Memory of the task in MiB: one of the sizes that Fargate offers with `cpu`."""
    cpu_architecture: Literal["X86_64", "ARM64"] = defaults.CPU_ARCHITECTURE
    """CPU architecture of the tasks; the image has to be built for it."""
    user: User = defaults.USER
    """User that the container runs as; a name has to be one that the image knows."""
    readonly_root_filesystem: bool = defaults.READONLY_ROOT_FILESYSTEM
    """Whether the container cannot write to the image's files."""
    stop_timeout_seconds: Annotated[int, between(0, 120)] = defaults.STOP_TIMEOUT_SECONDS
    """Seconds between SIGTERM and SIGKILL, when a task is stopped."""
    command: Command = ()
    """The arguments of the entry point, in place of the image's `CMD`."""
    entry_point: Command = ()
    """The program with its first arguments, in place of the image's `ENTRYPOINT`, whose `CMD` then goes unused too."""
    working_directory: WorkingDirectory | None = None
    """Directory that the program starts in, in place of the image's."""
    start_timeout_seconds: Annotated[int, between(2, 120)] | None = None
    """Seconds that a container that depends on this one waits for it, before the task is stopped; of no meaning for one
    that no other depends on."""
    ephemeral_storage_gib: Annotated[int, between(21, 200)] | None = None
    """Disk of the task in GiB, for its images and volumes together; Fargate's own 20 where it is not set."""
    scratch_volumes: ScratchVolumes = ()
    """Paths, such as `/tmp`, that the container may write though its root file system is read-only, on the task's
    disk; unless `user` is root, the image has to declare each as a `VOLUME` that the user may write."""
    docker_labels: dict[str, str] = Field(default_factory=dict)
    """Labels of the container by key, beside the one with the image's tag."""
    secrets: dict[str, SecretReference] = Field(default_factory=dict)
    """Variables whose values ECS reads from Secrets Manager or Parameter Store: by name what each is read from."""
    secrets_kms_key_arns: Annotated[tuple[KmsKeyArn, ...], Field(strict=False)] = ()
    """Keys of your own that encrypt the secrets, of any account: the execution role may decrypt with them, and each
    key's policy has to let it."""
    plain: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Names in `environment` that look like those of secrets and are none."""
    environment: dict[str, str] = Field(default_factory=dict)
    """Variables whose values anybody may read who reads the task definition, by name."""
    ulimits: Annotated[tuple[Ulimit, ...], Field(strict=False)] = ()
    """Limits of the container's processes, in place of Fargate's own."""
    health_check: HealthCheck | None = None
    """A command in the container that tells ECS whether it works."""
    efs_volumes: Annotated[tuple[EfsVolume, ...], Field(strict=False)] = ()
    """File systems of Amazon EFS in the container, encrypted in transit and with the task role's permission."""
    depends_on: DependsOn = Field(default_factory=dict)
    """Sidecars that start before the container and stop after it, by name, and what each has to have reached."""
    awsfirelens: AwsFirelens | None = None
    """Sends what the container prints to the task's log router, a sidecar with `firelens`, and not to the log group."""
    sidecars: Annotated[tuple[Sidecar, ...], Field(strict=False)] = ()
    """Further containers of the task; `localhost` is where they and the service's own reach each other."""

    @property
    def secrets_by_place(self) -> dict[tuple[str | int, ...], str]:
        """Of all containers of the task, and of the log driver: what each is read from, by where it is said."""
        found: dict[tuple[str | int, ...], str] = {("secrets", name): source for name, source in self.secrets.items()}
        if self.awsfirelens:
            options = self.awsfirelens.secret_options
            found |= {("awsfirelens", "secret_options", name): source for name, source in options.items()}
        for at, sidecar in enumerate(self.sidecars):
            found |= {("sidecars", at, "secrets", name): source for name, source in sidecar.secrets.items()}
        return found

    @field_validator("cpu")
    @classmethod
    def cpu_is_offered(cls, cpu: int) -> int:
        if remedy := cpu_remedy(cpu):
            raise refusal(remedy)
        return cpu

    @field_validator("memory_mib")
    @classmethod
    def memory_goes_with_cpu(cls, memory_mib: int, info: ValidationInfo) -> int:
        cpu: int | None = cls.earlier(info, "cpu")
        if cpu and (remedy := memory_remedy(cpu=cpu, memory_mib=memory_mib)):
            raise refusal(remedy)
        return memory_mib

    @field_validator("docker_labels")
    @classmethod
    def label_of_the_tag_is_ours(cls, labels: dict[str, str]) -> dict[str, str]:
        if IMAGE_TAG_LABEL in labels:
            remedy = "is set by the deployment, to the image's tag: remove it here"
            refuse_all([Refusal((IMAGE_TAG_LABEL,), labels[IMAGE_TAG_LABEL], remedy)])
        return labels

    @field_validator("efs_volumes")
    @classmethod
    def mount_paths_differ(cls, volumes: tuple[EfsVolume, ...], info: ValidationInfo) -> tuple[EfsVolume, ...]:
        scratch: tuple[str, ...] | None = cls.earlier(info, "scratch_volumes")
        paths = [volume.mount_path for volume in volumes]
        remedy = "is mounted twice: give each volume a path of its own"
        refuse_all(
            Refusal((at, "mount_path"), path, remedy)
            for at, path in enumerate(paths)
            if path in paths[:at] or path in (scratch or ())
        )
        return volumes

    @field_validator("ulimits")
    @classmethod
    def ulimits_differ(cls, ulimits: tuple[Ulimit, ...]) -> tuple[Ulimit, ...]:
        refuse_repeated([limit.name for limit in ulimits], "is there twice: remove one of the two", key="name")
        return ulimits

    @field_validator("secrets")
    @classmethod
    def secrets_have_names(cls, secrets: dict[str, str]) -> dict[str, str]:
        refuse_all([*_port_by_hand(secrets), *wrong_names(secrets)])
        return secrets

    @field_validator("secrets_kms_key_arns")
    @classmethod
    def keys_differ(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        refuse_repeated(keys)
        return keys

    @field_validator("environment")
    @classmethod
    def variables_are_allowed(cls, variables: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        secrets: dict[str, str] | None = cls.earlier(info, "secrets")
        plain: tuple[str, ...] | None = cls.earlier(info, "plain")
        wrong = wrong_variables(variables, secrets=secrets or {}, plain=plain or (), table="[container]")
        refuse_all([*_port_by_hand(variables), *wrong])
        return variables


def _port_by_hand(variables: dict[str, str]) -> Iterator[Refusal]:
    remedy = "is set by container.port: remove it here, and set that"
    return (Refusal((name,), None, remedy) for name in variables if name == "PORT")
