"""AWS's answers about one service, `go-api-dev`, in place of AWS: what the verbs for a running service ask."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from operate.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

ROOT = Path(__file__).parents[2]
NOW = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)
ARN = "arn:aws:ecs:eu-west-1:111111111111"
GROUP = "arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/go-api/0123456789abcdef"
COPIES = "go-api-dev_release"
"""The family of what `release.before` runs."""
MOST_TASKS = 100
"""That ECS lists or describes at once."""
DIGEST = f"sha256:{'ab' * 32}"


def before(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def revision(number: int) -> str:
    return f"{ARN}:task-definition/go-api-dev:{number}"


def deployment(number: int, state: str = "COMPLETED", *, status: str = "PRIMARY", **changes: Any) -> dict[str, Any]:
    """Of revision `number`, made that many minutes before noon; its id is `ecs-svc/<number>`."""
    return {
        "id": f"ecs-svc/{number}",
        "status": status,
        "taskDefinition": revision(number),
        "rolloutState": state,
        "rolloutStateReason": f"ECS deployment ecs-svc/{number} {state}.",
        "desiredCount": 2,
        "pendingCount": 0,
        "runningCount": 2,
        "failedTasks": 0,
        "createdAt": before(600),
    } | changes


def task(id_: str, *, of: int = 1, **changes: Any) -> dict[str, Any]:
    """Running since five minutes before noon, at the address 10.0.0.<length of the id>."""
    details = [{"name": "privateIPv4Address", "value": f"10.0.0.{len(id_)}"}]
    return {
        "taskArn": f"{ARN}:task/go-api-dev/{id_}",
        "taskDefinitionArn": revision(of),
        "lastStatus": "RUNNING",
        "healthStatus": "UNKNOWN",
        "availabilityZone": "eu-west-1a",
        "capacityProviderName": "FARGATE",
        "cpu": "256",
        "memory": "512",
        "startedBy": f"ecs-svc/{of}",
        "createdAt": before(330),
        "startedAt": before(300),
        "attachments": [{"details": details}],
        "containers": [{"name": "go-api", "imageDigest": DIGEST}],
    } | changes


def stopped(
    id_: str, *, reason: str, exit_code: int | None = None, lived: float = 30, **changes: Any
) -> dict[str, Any]:
    """A minute before noon, `lived` seconds after its start."""
    container: dict[str, Any] = {"name": "go-api"} | ({} if exit_code is None else {"exitCode": exit_code})
    ended = {"lastStatus": "STOPPED", "stoppedReason": reason, "stoppingAt": before(60), "containers": [container]}
    started = {"startedAt": before(60 + lived), "createdAt": before(90 + lived)}
    merged: dict[str, Any] = {"stopCode": "ServiceSchedulerInitiated"} | ended | started | changes
    return task(id_, **merged)


class FakeService:
    """Each attribute may be set by a test. `service` None: nothing is deployed. `refusal` is raised by everything."""

    def __init__(self) -> None:
        self.service: dict[str, Any] | None = {
            "status": "ACTIVE",
            "taskDefinition": revision(1),
            "deployments": [deployment(1)],
            "desiredCount": 2,
            "pendingCount": 0,
            "runningCount": 2,
            "loadBalancers": [{"targetGroupArn": GROUP}],
            "healthCheckGracePeriodSeconds": 30,
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"}},
            "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 100}],
            "platformVersion": "LATEST",
            "events": [],
        }
        self.tasks = [task("1a2b3c4d5e6f"), task("9f8e7d6c5b4a3")]
        self.stopped: list[dict[str, Any]] = []
        self.targets = {"10.0.0.12": ("healthy", ""), "10.0.0.13": ("unhealthy", "Request timed out")}
        self.activities: list[dict[str, Any]] = []
        self.scales = True
        self.logged: list[str] = []
        self.log: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.started: list[dict[str, Any]] = []
        self.starting: Callable[[], object] = lambda: None
        self.failures: list[dict[str, str]] = []
        self.container: dict[str, Any] = {"name": "go-api", "stopTimeout": 20}
        self.sidecars: list[dict[str, Any]] = []
        self.refusal: Exception | None = None
        self.active = [7, 6, 1]
        self.tags: dict[str, str] = {}
        self.registered: list[dict[str, Any]] = []
        self.copies: dict[str, list[dict[str, str]]] = {}
        self.of_copies: list[dict[str, Any]] = []
        self.age_of_copies = 3600.0
        self.image_tags: dict[str, str] = {}
        self.images: dict[str, str] = {}
        self.raised: dict[str, str] = {}
        self.alarm_history: dict[str, list[tuple[float, str, str]]] = {}
        self.refusal_of_alarms: Exception | None = None

    class exceptions:  # noqa: N801 - boto3's name
        class ClusterNotFoundException(Exception):  # noqa: N818 - as above
            pass

        class ResourceNotFoundException(Exception):  # noqa: N818 - as above
            pass

        class ImageNotFoundException(Exception):  # noqa: N818 - as above
            pass

    def event(self, message: str, *, seconds_ago: float = 60) -> None:
        """The newest one."""
        assert self.service
        said = {"createdAt": before(seconds_ago), "message": f"(service go-api-dev) {message}"}
        self.service["events"].insert(0, said)

    def describe_alarms(self, *, AlarmNames: list[str], StateValue: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """`raised` is why, by name; each is so for two minutes."""
        if self.refusal_of_alarms:
            raise self.refusal_of_alarms
        assert StateValue == "ALARM"
        found = [
            {"AlarmName": name, "StateReason": self.raised[name], "StateUpdatedTimestamp": before(120)}
            for name in AlarmNames
            if name in self.raised
        ]
        return {"MetricAlarms": found, "CompositeAlarms": []}

    def describe_alarm_history(self, *, AlarmName: str, StartDate: datetime, **_: Any) -> dict[str, Any]:  # noqa: N803
        """`alarm_history`: how long ago, the state, and why; newest first."""
        if self.refusal_of_alarms:
            raise self.refusal_of_alarms
        items = [
            {"HistoryData": json.dumps({"newState": {"stateValue": state, "stateReason": reason}})}
            for seconds, state, reason in self.alarm_history.get(AlarmName, [])
            if before(seconds) >= StartDate
        ]
        return {"AlarmHistoryItems": items}

    def batch_get_image(self, **_: object) -> dict[str, Any]:
        return {"images": []}

    def describe_services(self, **_: Any) -> dict[str, Any]:
        if self.refusal:
            raise self.refusal
        return {"services": [self.service] if self.service else []}

    def list_tasks(
        self,
        *,
        desiredStatus: str,  # noqa: N803 - boto3's names
        family: str | None = None,
        nextToken: str = "0",  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        """Of the family of copies, those that are told to stop and those that are not."""
        chosen = self.stopped if desiredStatus == "STOPPED" else self.tasks
        if family:
            assert family == COPIES
            chosen = [one for one in self.of_copies if ("stoppingAt" in one) == (desiredStatus == "STOPPED")]
        at = int(nextToken)
        rest = {"nextToken": str(at + MOST_TASKS)} if at + MOST_TASKS < len(chosen) else {}
        return {"taskArns": [one["taskArn"] for one in chosen[at : at + MOST_TASKS]], **rest}

    def describe_tasks(self, *, tasks: list[str], **_: Any) -> dict[str, Any]:
        assert 0 < len(tasks) <= MOST_TASKS
        if self.started and self.started[0]["taskArn"] in tasks:
            return {"tasks": [self.started[0] if len(self.started) == 1 else self.started.pop(0)]}
        return {"tasks": [one for one in [*self.tasks, *self.stopped, *self.of_copies] if one["taskArn"] in tasks]}

    def tag_resource(self, *, resourceArn: str, tags: list[dict[str, str]]) -> None:  # noqa: N803 - boto3's name
        """Revisions have one tag."""
        (tag,) = tags
        assert tag["key"] == "release-verdict"
        self.tags[resourceArn] = tag["value"]

    def describe_images(self, *, repositoryName: str, imageIds: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        """`images` is what each tag names; an image without a tag is there under its own digest."""
        assert repositoryName == "go-api"
        digest = self.images.get(next(iter(imageIds[0].values())))
        if digest is None:
            raise self.exceptions.ImageNotFoundException
        return {"imageDetails": [{"imageDigest": digest}]}

    def describe_task_definition(self, *, taskDefinition: str, include: tuple[str, ...] = ()) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if taskDefinition in self.copies and "TAGS" in include:
            registered_at = {"registeredAt": before(self.age_of_copies)}
            return {"taskDefinition": registered_at, "tags": self.copies[taskDefinition]}
        image_tag = self.image_tags.get(taskDefinition, f"v{taskDefinition.rpartition(':')[2]}")
        labels = {"org.opencontainers.image.ref.name": image_tag}
        image = {"image": f"111111111111.dkr.ecr.eu-west-1.amazonaws.com/go-api@{DIGEST}", "dockerLabels": labels}
        options = {"awslogs-group": "/ecs/go-api-dev", "awslogs-stream-prefix": "ecs"}
        container = image | {"logConfiguration": {"options": options}} | self.container
        definition = {"cpu": "256", "memory": "512", "containerDefinitions": [*self.sidecars, container]}
        registered = {"registeredAt": before(3600), "registeredBy": self.get_caller_identity()["Arn"]}
        tags = [{"key": "release-verdict", "value": self.tags[taskDefinition]}] if taskDefinition in self.tags else []
        return {"taskDefinition": definition | registered, **({"tags": tags} if "TAGS" in include else {})}

    def describe_target_groups(self, **_: Any) -> dict[str, Any]:
        check = {"HealthCheckIntervalSeconds": 10, "UnhealthyThresholdCount": 2}
        return {"TargetGroups": [{"TargetGroupArn": GROUP, **check}]}

    def describe_target_health(self, **_: Any) -> dict[str, Any]:
        described = [
            {"Target": {"Id": address}, "TargetHealth": {"State": state, "Description": reason}}
            for address, (state, reason) in self.targets.items()
        ]
        return {"TargetHealthDescriptions": described}

    def describe_scalable_targets(self, *, ResourceIds: list[str], **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert ResourceIds == ["service/go-api-dev/go-api-dev"]
        return {"ScalableTargets": [{"MinCapacity": 1, "MaxCapacity": 4}] if self.scales else []}

    def describe_scaling_activities(self, **_: Any) -> dict[str, Any]:
        return {"ScalingActivities": self.activities}

    def write(self, message: str, *, task: str, seconds_ago: float, container: str = "go-api") -> None:
        """To the log, with an id of its own."""
        at = int(before(seconds_ago).timestamp() * 1000)
        id_ = str(len(self.log))
        stream = f"ecs/{container}/{task}"
        self.log.append({"timestamp": at, "message": message, "logStreamName": stream, "eventId": id_})

    def filter_log_events(
        self,
        *,
        logGroupName: str,  # noqa: N803 - boto3's names
        logStreamNamePrefix: str,  # noqa: N803
        startTime: int,  # noqa: N803
        nextToken: str = "0",  # noqa: N803
    ) -> dict[str, Any]:
        """Two events a page, in the order in which they were written, and an empty page in the end."""
        assert logGroupName == "/ecs/go-api-dev"
        found = [
            one
            for one in self.log
            if one["logStreamName"].startswith(logStreamNamePrefix) and one["timestamp"] >= startTime
        ]
        at = int(nextToken)
        rest = {"nextToken": str(at + 2)} if at < len(found) else {}
        return {"events": found[at : at + 2], **rest}

    def describe_log_streams(self, *, logStreamNamePrefix: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's
        names = [one["logStreamName"] for one in self.log if one["logStreamName"].startswith(logStreamNamePrefix)]
        return {"logStreams": [{"logStreamName": name} for name in names[:1]]}

    def get_caller_identity(self) -> dict[str, str]:
        return {"Arn": "arn:aws:sts::111111111111:assumed-role/deployer/alice@example.com"}

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=self._pages_of_tasks) if operation == "list_tasks" else self

    def _pages_of_tasks(self, **request: Any) -> Iterator[dict[str, Any]]:
        page = self.list_tasks(**request)
        yield page
        while "nextToken" in page:
            page = self.list_tasks(**request, nextToken=page["nextToken"])
            yield page

    def paginate(self, *, familyPrefix: str, **_: Any) -> list[dict[str, Any]]:  # noqa: N803 - boto3's name
        """Also of a longer name, as AWS is said to."""
        assert familyPrefix in {"go-api-dev", COPIES}
        own = [] if familyPrefix == COPIES else [revision(number) for number in self.active]
        return [{"taskDefinitionArns": [*self.copies, *own]}]

    def register_task_definition(self, **request: Any) -> dict[str, Any]:
        self.registered.append(request)
        arn = f"{ARN}:task-definition/{request['family']}:{len(self.registered)}"
        self.copies[arn] = request["tags"]
        return {"taskDefinition": {"taskDefinitionArn": arn}}

    def deregister_task_definition(self, *, taskDefinition: str) -> None:  # noqa: N803 - boto3's name
        self.copies.pop(taskDefinition, None)

    def run_task(self, **request: Any) -> dict[str, Any]:
        """The task that is `started` as each description has it: one a call of `describe_tasks`, the last one stays."""
        self.requests.append(request)
        self.starting()
        return {"tasks": [self.started[0]] if self.started else [], "failures": self.failures}

    def stop_task(self, **request: Any) -> None:
        self.requests.append(request)

    def get_log_events(self, **_: Any) -> dict[str, Any]:
        return {"events": [{"message": line} for line in self.logged]}


def install(patch: pytest.MonkeyPatch) -> FakeService:
    """In place of every client."""
    fake = FakeService()
    patch.setattr(Environment, "client", lambda *_: fake)
    patch.setattr(Environment, "check_caller", lambda _: None)
    return fake
