"""What Fargate refuses, in AWS's words; the embedded ECS has no other capacity.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Record = Mapping[str, Any]

_MEMORY_MIB: Mapping[int, Iterable[int]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4097, 1024),
    1024: range(2048, 8193, 1024),
    2048: range(4096, 16385, 1024),
    4096: range(8192, 30721, 1024),
    8192: range(16384, 61441, 4096),
    16384: range(32768, 122881, 8192),
    32768: (61440, 122880, 249856),
}
_LEAST_STORAGE_GIB, _MOST_STORAGE_GIB = 21, 200
_LONGEST_STOP_SECONDS = 120
_LOG_DRIVERS = ("awslogs", "splunk", "awsfirelens")
_CAPABILITIES = ("SYS_PTRACE",)
_UNSUPPORTED = "Fargate compatible task definitions do not support"
# A container's members, and the beginning of AWS's words
_NETWORKING = {
    "links": "Links are not supported when",
    "disableNetworking": "Disable Networking is not supported on container when",
    "dnsServers": "DNS servers are not supported on container when",
    "dnsSearchDomains": "DNS search domains are not supported on container when",
    "extraHosts": "Extra hosts are not supported on container when",
    "hostname": "hostname is not supported on container when",
}
_LINUX_PARAMETERS = ("devices", "maxSwap", "sharedMemorySize", "swappiness")
_UNIT = re.compile(r"(?P<number>\d*\.?\d+)\s*(?P<unit>vcpus?|gi?b|mi?b)?", re.IGNORECASE)


def units(size: str) -> str:
    """A task's `cpu` or `memory` as AWS stores it: "1 vCPU" is 1024, "0.5 GB" is 512."""
    found = _UNIT.fullmatch(size.strip())
    if not found:
        return size
    factor = 1024 if (found["unit"] or "m")[0] in "vVgG" else 1
    return str(int(float(found["number"]) * factor))


def problem(definition: Record) -> str | None:
    """Why it is not compatible with Fargate; takes what RegisterTaskDefinition is given or has stored."""
    return next(_problems(definition), None)


def _problems(definition: Record) -> Iterator[str]:
    yield from _task_problems(definition)
    yield from _size_problems(definition)
    for volume in definition.get("volumes") or []:
        yield from _volume_problems(volume)
    volumes = {volume.get("name") for volume in definition.get("volumes") or []}
    for container in definition["containerDefinitions"]:
        yield from _container_problems(container)
        yield from _mount_problems(container, volumes)
        yield from _role_problems(definition, container)


def _task_problems(definition: Record) -> Iterator[str]:
    if definition.get("networkMode") != "awsvpc":
        yield "Fargate only supports network mode ‘awsvpc’."  # noqa: RUF001 - AWS's quotation marks
    if definition.get("pidMode") not in {None, "", "task"}:
        yield (
            f"Tasks using the Fargate launch type do not support pidMode '{definition['pidMode']}'. "
            "The supported value for pidMode is 'task'."
        )
    if definition.get("ipcMode"):
        yield f"{_UNSUPPORTED} ipcMode"
    if definition.get("placementConstraints"):
        yield f"{_UNSUPPORTED} constraints"


def _size_problems(definition: Record) -> Iterator[str]:
    cpu, memory = definition.get("cpu"), definition.get("memory")
    for name, size in (("cpu", cpu), ("memory", memory)):
        if not size:
            yield f"Fargate requires that '{name}' be defined at the task level."
    if cpu and memory and not (cpu.isdecimal() and memory.isdecimal() and int(memory) in _MEMORY_MIB.get(int(cpu), ())):
        yield (
            f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. "
            "See the Amazon ECS documentation for the valid values."
        )
    storage_gib = (definition.get("ephemeralStorage") or {}).get("sizeInGiB")
    if storage_gib is not None and storage_gib < _LEAST_STORAGE_GIB:
        yield f"EphemeralStorage size should be at least {_LEAST_STORAGE_GIB}"
    if storage_gib is not None and storage_gib > _MOST_STORAGE_GIB:
        yield f"EphemeralStorage size should be at most {_MOST_STORAGE_GIB}"


def _volume_problems(volume: Record) -> Iterator[str]:
    if (volume.get("host") or {}).get("sourcePath"):
        yield f"{_UNSUPPORTED} sourcePath"
    if volume.get("dockerVolumeConfiguration"):
        yield f"{_UNSUPPORTED} dockerVolumeConfiguration"


def _mount_problems(container: Record, volumes: set[str]) -> Iterator[str]:
    for mount in container.get("mountPoints") or []:
        if mount.get("sourceVolume") not in volumes:
            yield f"Unknown volume '{mount.get('sourceVolume')}'."


def _container_problems(container: Record) -> Iterator[str]:
    if container.get("privileged"):
        yield "Fargate requires that the 'privileged' setting be 'false' at the container level."
    if container.get("dockerSecurityOptions"):
        yield f"{_UNSUPPORTED} dockerSecurityOptions"
    for member, words in _NETWORKING.items():
        if container.get(member):
            yield f"{words} networkMode=awsvpc"
    if any(one.get("hostPort") not in {None, one.get("containerPort")} for one in container.get("portMappings") or []):
        yield "When networkMode=awsvpc, the host ports and container ports in port mappings must match."
    if any(one.get("type") == "GPU" for one in container.get("resourceRequirements") or []):
        yield "Tasks using the Fargate launch type do not support GPU resource requirements"
    if (container.get("stopTimeout") or 0) > _LONGEST_STOP_SECONDS:
        yield (
            "Tasks using the Fargate launch type must have a container stop timeout of less than "
            f"{_LONGEST_STOP_SECONDS} seconds."
        )
    yield from _linux_problems(container.get("linuxParameters") or {})
    driver = (container.get("logConfiguration") or {}).get("logDriver")
    if driver and driver not in _LOG_DRIVERS:
        yield f"{driver} is not a valid log driver. Must be one of [{', '.join(_LOG_DRIVERS)}]"


def _linux_problems(parameters: Record) -> Iterator[str]:
    for member in _LINUX_PARAMETERS:
        given = parameters.get(member)
        if given is not None and given != []:
            yield f"{_UNSUPPORTED} {member}"
    for capability in (parameters.get("capabilities") or {}).get("add") or []:
        if capability not in _CAPABILITIES:
            yield f"{capability} is not allowed on Fargate."


def _role_problems(definition: Record, container: Record) -> Iterator[str]:
    if definition.get("executionRoleArn"):
        return
    needed = "Fargate requires task definition to have execution role ARN to support"
    if ".dkr.ecr." in container["image"].partition("/")[0]:
        yield f"{needed} ECR images."
    if (container.get("logConfiguration") or {}).get("logDriver") == "awslogs":
        yield f"{needed} log driver awslogs."
