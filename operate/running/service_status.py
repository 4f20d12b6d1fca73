"""What runs of an environment's service, read at one moment: what `status` shows, and prints as JSON."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from operate.image_tags import ImageReference
from operate.running import alarms, rollout
from operate.service import Service, id_of

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ContainerTypeDef, DeploymentTypeDef, ServiceTypeDef, TaskTypeDef

    from operate.environment import Environment
    from operate.running.alarms import RaisedAlarm
    from operate.running.rollout import Failure

_EVENTS_KEPT = 10
_ACTIVITIES_KEPT = 5
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d*:[a-z-]+/([^/\s()]+)[^\s()]*")


@dataclass(frozen=True)
class Deployment:
    """`status` is ECS's: PRIMARY, or ACTIVE for one that is being replaced."""

    id: str
    status: str
    revision: str
    image_tag: str | None
    rollout_state: str
    rollout_state_reason: str
    desired: int
    pending: int
    running: int
    failed: int
    created_at: datetime


@dataclass(frozen=True)
class Task:
    """`health` is ECS's, of the container's own check; `target_health` the load balancer's, None without a target.

    `sidecars` are the further containers by name: status, health, exit code and reason, as far as ECS says them.
    """

    id: str
    revision: str
    status: str
    health: str
    target_health: str | None
    target_reason: str | None
    availability_zone: str | None
    capacity: str
    cpu: int
    memory_mib: int
    image_digest: str | None
    sidecars: dict[str, str]
    started_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class Said:
    at: datetime
    message: str


@dataclass(frozen=True)
class Scaling:
    """`activities` are newest first, as are a status's `events`."""

    min_capacity: int
    max_capacity: int
    activities: list[Said]


@dataclass(frozen=True)
class Image:
    """Of the service's newest deployment."""

    repository: str
    tag: str | None
    digest: str | None


@dataclass(frozen=True)
class Status:
    environment: str
    service: str
    cluster: str
    region: str
    status: str
    revision: str
    image: Image
    desired: int
    pending: int
    running: int
    cpu: int
    memory_mib: int
    deployments: list[Deployment]
    tasks: list[Task]
    targets: dict[str, int]
    scaling: Scaling | None
    alarms: list[RaisedAlarm] | None
    events: list[Said]
    failure: Failure | None
    killed: str | None
    read_at: datetime

    def json(self) -> str:
        """Times are in ISO 8601, in UTC."""
        return json.dumps(asdict(self), indent=2, default=_time)


def _time(value: datetime) -> str:
    return value.astimezone(timezone.utc).isoformat(timespec="seconds")


def of(environment: Environment) -> Status:
    """Raises OperateError, in one line, where nothing is deployed or AWS does not answer."""
    with environment.answering():
        return read(Service.deployed(environment))


def read(service: Service) -> Status:
    found, running, stopped = service.read(), service.tasks(), service.tasks(stopped=True)
    definition = service.task_definition(found["taskDefinition"])
    deployments = [_deployment(service, one) for one in found["deployments"]]
    current = [task for task in running if task["taskDefinitionArn"] == found["taskDefinition"]]
    targets = service.target_health() if found["loadBalancers"] else {}
    settings = service.environment.settings
    own = settings.service.name
    failure = rollout.last_failure(service, found, stopped)
    return Status(
        environment=settings.name,
        service=service.name,
        cluster=service.cluster,
        region=settings.region,
        status=found["status"],
        revision=id_of(found["taskDefinition"]),
        image=_image(ImageReference.of_container(service.own_container(definition)), current, own),
        desired=found["desiredCount"],
        pending=found["pendingCount"],
        running=found["runningCount"],
        cpu=int(definition["cpu"]),
        memory_mib=int(definition["memory"]),
        deployments=deployments,
        tasks=[_task(task, targets, own) for task in running],
        targets=_counted([state for state, _ in targets.values()]),
        scaling=_scaling(service),
        alarms=alarms.raised(service.environment),
        events=[Said(one["createdAt"], said(one["message"])) for one in found["events"][:_EVENTS_KEPT]],
        failure=failure,
        killed=None if failure else rollout.killed(service, _replaced_by(found, stopped)),
        read_at=datetime.now(timezone.utc),
    )


def _replaced_by(found: ServiceTypeDef, stopped: list[TaskTypeDef]) -> list[TaskTypeDef]:
    """The stopped tasks that the newest deployment has replaced."""
    primary = next(one for one in found["deployments"] if one["status"] == "PRIMARY")
    return [task for task in stopped if "stoppingAt" in task and task["stoppingAt"] >= primary["createdAt"]]


def _deployment(service: Service, one: DeploymentTypeDef) -> Deployment:
    return Deployment(
        id=one["id"],
        status=one["status"],
        revision=id_of(one["taskDefinition"]),
        image_tag=ImageReference.of_container(service.container(one["taskDefinition"])).tag,
        rollout_state=one.get("rolloutState", ""),
        rollout_state_reason=one.get("rolloutStateReason", ""),
        desired=one["desiredCount"],
        pending=one["pendingCount"],
        running=one["runningCount"],
        failed=one.get("failedTasks", 0),
        created_at=one["createdAt"],
    )


def _image(reference: ImageReference, tasks: list[TaskTypeDef], own: str) -> Image:
    """Without a digest, ECS has resolved the tag once for the deployment: its tasks say to what."""
    digests = [digest for task in tasks if (digest := _digest(task, own))]
    return Image(reference.name, reference.tag, reference.digest or next(iter(digests), None))


def _digest(task: TaskTypeDef, own: str) -> str | None:
    """Of the application's container, which is called `own`."""
    return next((one.get("imageDigest") for one in task["containers"] if one["name"] == own), None)


def _sidecars(task: TaskTypeDef, own: str) -> dict[str, str]:
    return {one["name"]: _state(one) for one in task["containers"] if one["name"] != own}


def _state(container: ContainerTypeDef) -> str:
    health = container.get("healthStatus", "UNKNOWN")
    code = container.get("exitCode")
    parts = [container.get("lastStatus", ""), "" if health == "UNKNOWN" else health]
    return ", ".join(filter(None, [*parts, "" if code is None else f"exit code {code}", container.get("reason", "")]))


def _task(task: TaskTypeDef, targets: dict[str, tuple[str, str]], own: str) -> Task:
    state, reason = targets.get(_address(task), (None, None))
    return Task(
        id=id_of(task["taskArn"]),
        revision=id_of(task["taskDefinitionArn"]),
        status=task["lastStatus"],
        health=task.get("healthStatus", "UNKNOWN"),
        target_health=state,
        target_reason=reason or None,
        availability_zone=task.get("availabilityZone"),
        capacity=task.get("capacityProviderName") or task.get("launchType", ""),
        cpu=int(task["cpu"]),
        memory_mib=int(task["memory"]),
        image_digest=_digest(task, own),
        sidecars=_sidecars(task, own),
        started_at=task.get("startedAt"),
        created_at=task["createdAt"],
    )


def _address(task: TaskTypeDef) -> str:
    """In its subnet: what the load balancer knows it by."""
    details = [detail for one in task.get("attachments", []) for detail in one.get("details", [])]
    return next((one["value"] for one in details if one.get("name") == "privateIPv4Address"), "")


def _counted(states: list[str]) -> dict[str, int]:
    return {state: states.count(state) for state in sorted(set(states))}


def _scaling(service: Service) -> Scaling | None:
    """None where the service does not scale."""
    autoscaling, resource = service.environment.client("application-autoscaling"), service.scalable_resource
    targets = autoscaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])["ScalableTargets"]
    if not targets:
        return None
    activities = autoscaling.describe_scaling_activities(
        ServiceNamespace="ecs", ResourceId=resource, MaxResults=_ACTIVITIES_KEPT
    )["ScalingActivities"]
    return Scaling(
        targets[0]["MinCapacity"],
        targets[0]["MaxCapacity"],
        [Said(one["StartTime"], f"{one['Description']} ({one['StatusCode']})") for one in activities],
    )


def said(message: str) -> str:
    """An event's message without the service's name, which stands above it, and with names in place of ARNs."""
    return _ARN.sub(r"\1", re.sub(r"^\(service [^)]*\) ", "", message))
