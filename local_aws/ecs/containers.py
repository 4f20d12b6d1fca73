"""A task definition's container as the engine is asked to run it: limits, user, root file system, signals.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import logging
import os
import select
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docker.errors import DockerException, NotFound
from docker.types import Ulimit
from ministack.core import container_reaper
from ministack.services import ecs

from local_aws.ecs import awslogs as logs
from local_aws.ecs import engine_client, engine_health, records, task_volumes
from local_aws.ecs.engine_health import EngineEndedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import DockerClient
    from docker.models.containers import Container

    from local_aws.ministack_types import Record


_CPU_PERIOD_MICROSECONDS = 100_000
_UNITS_PER_VCPU = 1024
_DEFAULT_STOP_SECONDS = 30
_STOP_ATTEMPTS = 3
_POLL_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 2  # an engine that is killed leaves the containers' processes running
KILLED = 137
_PODMANS_OWN = [Ulimit(name=name, soft=4096, hard=4096) for name in ("nofile", "nproc")]
_KERNEL_LOG = "/dev/kmsg"
_KERNEL_LOG_RECORD_BYTES = 8192

ENGINE_ERRORS = (DockerException, OSError)
"""What docker-py raises: its own, and those of the connection, from requests."""

_log = logging.getLogger("local_aws")


class StoppingError(Exception):
    """No container is to outlive the emulator."""


class LoggingError(Exception):
    """The awslogs driver would refuse to start the container."""


def options(definition: Mapping[str, Any], container: Mapping[str, Any]) -> Record:
    """Keyword arguments of docker-py's `containers.run`, without those that say nothing.

    The task's CPU caps each container, and its memory those without a limit of their own.
    """
    linux = container.get("linuxParameters") or {}
    cpu_units = int(definition.get("cpu") or 0)
    memory_mib = container.get("memory") or definition.get("memory")
    asked = {
        "mem_limit": memory_mib and f"{memory_mib}m",
        "memswap_limit": memory_mib and f"{memory_mib}m",  # memory and swap together: no swap
        "mem_reservation": container.get("memoryReservation") and f"{container['memoryReservation']}m",
        "cpu_period": cpu_units and _CPU_PERIOD_MICROSECONDS,
        "cpu_quota": cpu_units * _CPU_PERIOD_MICROSECONDS // _UNITS_PER_VCPU,
        "cpu_shares": container.get("cpu"),
        "user": container.get("user"),
        "read_only": container.get("readonlyRootFilesystem"),
        "entrypoint": container.get("entryPoint"),
        "working_dir": container.get("workingDirectory"),
        "init": linux.get("initProcessEnabled"),
        "cap_add": (linux.get("capabilities") or {}).get("add"),
        "cap_drop": (linux.get("capabilities") or {}).get("drop"),
        "ulimits": [_ulimit(limit) for limit in container.get("ulimits") or []],
        "tmpfs": {one["containerPath"]: _tmpfs(one) for one in linux.get("tmpfs") or []},
    }
    return {name: value for name, value in asked.items() if value}


def _ulimit(limit: Mapping[str, Any]) -> Ulimit:
    return Ulimit(name=limit["name"], soft=limit["softLimit"], hard=limit["hardLimit"])


def _tmpfs(mount: Mapping[str, Any]) -> str:
    """As `docker run --tmpfs` takes it: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tmpfs.html."""
    return ",".join([f"size={mount['size']}m", *(mount.get("mountOptions") or [])])


def run_options(task: Record, definition: Record, container: Record, environment: Mapping[str, str]) -> Record:
    """With the labels by which it is found again; `run` makes its `volumes`."""
    asked = {
        "name": f"ministack-ecs-{records.id_of(task)[:8]}-{container['name']}",
        "labels": {
            **container_reaper.own_labels("ecs"),
            "com.amazonaws.ecs.cluster": task["clusterArn"],
            "com.amazonaws.ecs.container-name": container["name"],
            "com.amazonaws.ecs.task-arn": task["taskArn"],
            "com.amazonaws.ecs.task-definition-family": definition["family"],
            "com.amazonaws.ecs.task-definition-version": str(definition["revision"]),
        },
        "command": container.get("command"),
        "environment": environment,
        "volumes": task_volumes.wanted(container, definition),
        **options(definition, container),
    }
    return _for_podman(asked) if engine_client.is_podman() else asked


def _for_podman(asked: Record) -> Record:
    """Podman gives a read-only container writable /tmp, /run and /var/tmp, which neither Docker nor Fargate do.

    Its init process is a package of its own that a machine may lack. To a container with limits of its own it gives, in
    place of its defaults, a million open files and processes, which not every machine allows.
    """
    kept = {name: value for name, value in asked.items() if name != "init"}
    if limits := kept.get("ulimits"):
        asked_for = {limit.name for limit in limits}
        kept["ulimits"] = [*limits, *(limit for limit in _PODMANS_OWN if limit.name not in asked_for)]
    if kept.get("read_only"):
        mounted = {mount.path for mount in asked["volumes"]}
        unwanted = {"/tmp", "/run", "/var/tmp"} - mounted  # noqa: S108 - inside the container
        kept["tmpfs"] = {**dict.fromkeys(sorted(unwanted), "ro"), **asked.get("tmpfs", {})}
    return kept


def run(client: DockerClient, container: Record, asked: Record) -> Container:
    """Pulls for every task, as Fargate does: no image is cached."""
    image = container["image"]
    if records.closing.is_set():
        raise StoppingError("the embedded AWS is being stopped")
    _require_log_group(container)
    _pull(client, image)
    volumes = task_volumes.binds(client, asked["volumes"], image=image, labels=asked["labels"])
    created = client.containers.create(image, **{**asked, "volumes": volumes})
    try:
        created.start()
    except DockerException:
        remove(client, created)
        raise
    return created


def _require_log_group(container: Record) -> None:
    from ministack.services import cloudwatch_logs  # noqa: PLC0415 - MiniStack imports its services on first use

    config = ecs._awslogs_config(container, "", "")
    if config and not config["create_group"] and config["group"] not in cloudwatch_logs._log_groups:
        raise LoggingError(
            "failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log "
            f"stream: ResourceNotFoundException: The specified log group does not exist: {config['group']}"
        )


def _pull(client: DockerClient, image: str) -> None:
    try:
        client.images.pull(image)
    except DockerException as error:
        if not _is_ecr(image) and _is_here(client, image):
            return
        said = getattr(error, "explanation", None) or str(error)
        raise ecs._ImagePullError(
            f"pull image manifest has been retried 1 time(s): failed to resolve ref {image}: {said}"
        ) from error


def _is_ecr(image: str) -> bool:
    return ".dkr.ecr." in image.partition("/")[0]


def _is_here(client: DockerClient, image: str) -> bool:
    """Other registries can't be reached from a laptop's tests: what the engine has will do."""
    try:
        client.images.get(image)
    except DockerException:
        return False
    return True


def stop_seconds(definition: Mapping[str, Any], name: str) -> int:
    """Between SIGTERM and SIGKILL."""
    found: Record = next((one for one in definition.get("containerDefinitions", []) if one["name"] == name), {})
    return int(found.get("stopTimeout") or _DEFAULT_STOP_SECONDS)


def stop(client: DockerClient, container_id: str, *, timeout_seconds: int) -> None:
    """SIGTERM, and SIGKILL after the timeout; harmless where it has ended."""
    for attempt in range(_STOP_ATTEMPTS):
        try:
            # docker-py adds the client's own timeout to the request's
            client.api.stop(container_id, timeout=timeout_seconds)
        except NotFound:
            return
        except ENGINE_ERRORS as error:
            if engine_health.refuses():
                return
            _log.warning("could not stop container %s: %s", container_id[:12], error)
            time.sleep(attempt + 1)
        else:
            return


def wait(client: DockerClient, container_id: str) -> int:
    """Blocks until it has ended; its exit code, or SIGKILL's where it was removed meanwhile.

    Raises EngineEndedError. Asks now and then, since Docker's own wait makes podman look once a nanosecond: two thirds
    of a core.
    """
    while True:
        pid = 0
        try:
            state = client.api.inspect_container(container_id)["State"]
        except NotFound:
            return KILLED
        except ENGINE_ERRORS as error:
            if engine_health.has_ended():
                raise EngineEndedError from None
            _log.warning("could not inspect container %s: %s", container_id[:12], error)
        else:
            if state["Status"] in {"exited", "dead"}:  # podman's "stopping" runs no more, and has no exit code yet
                return int(state["ExitCode"])
            pid = int(state["Pid"])
        _pause(container_id, pid)


def _pause(container_id: str, pid: int) -> None:
    """Until the container's process ends, where it is one of this machine's; a while at most."""
    try:
        if container_id not in Path(f"/proc/{pid}/cgroup").read_text():
            raise ProcessLookupError(pid)
        descriptor = os.pidfd_open(pid)
    except OSError:  # another machine runs it, or it has just ended
        time.sleep(_POLL_SECONDS)
        return
    try:
        select.select([descriptor], [], [], _LONGEST_PAUSE_SECONDS)
    finally:
        os.close(descriptor)


def ran_out_of_memory(client: DockerClient, container_id: str, *, exit_code: int) -> bool:
    """Podman with cgroups v1 forgets to say so, but the kernel names the container that it killed in."""
    if exit_code != KILLED:
        return False
    try:
        if client.api.inspect_container(container_id)["State"].get("OOMKilled"):
            return True
    except ENGINE_ERRORS:
        return False
    return any("oom_memcg=" in line and container_id in line for line in _kernel_log())


def _kernel_log() -> list[str]:
    """Needs root; empty without."""
    lines = []
    try:
        descriptor = os.open(_KERNEL_LOG, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return []
    try:
        while True:
            lines.append(os.read(descriptor, _KERNEL_LOG_RECORD_BYTES).decode("utf-8", "replace"))
    except BlockingIOError:
        return lines
    except OSError:  # a record was overwritten while it was read
        return lines
    finally:
        os.close(descriptor)


def remove_started(_original: object, client: DockerClient | None, container: Container | str | None) -> None:
    """Stands for `ecs._remove_docker_container`."""
    if client and container:
        remove(client, container)


def remove(client: DockerClient, container: Container | str) -> None:
    """Kills it if it runs, once its last lines are shipped."""
    container_id = container if isinstance(container, str) else str(container.id)
    logs.finish(container_id)
    try:
        client.api.remove_container(container_id, v=True, force=True)
    except NotFound:
        return
    except ENGINE_ERRORS as error:
        _log.warning("could not remove container %s: %s", container_id[:12], error)
