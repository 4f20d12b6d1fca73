"""The releases of a service: the revisions of its task definition, each with what became of it.

That is a tag of the revision, written by `deploy`; the AWS provider ignores it, so that no plan takes it away:
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

import contextlib
import itertools
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING

from operate import progress
from operate.environment import answering, said_if_not_told
from operate.image_tags import ImageReference
from operate.running import rollout
from operate.running.rollout import Outcome
from operate.service import Service, id_of
from stacks.settings import RELEASE_VERDICT_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_ecs.type_defs import ServiceTypeDef

    from operate.environment import Environment


class Verdict(str, Enum):
    SERVES_NOW = "serves now"
    ROLLING_OUT = "rolling out"
    SERVED = "served"
    ROLLED_BACK = "rolled back"
    NEVER_HEALTHY = "never healthy"
    UNKNOWN = "unknown"


_WRITTEN = {one.value: one for one in (Verdict.SERVED, Verdict.ROLLED_BACK, Verdict.NEVER_HEALTHY)}
_OF_THE_NEWEST_DEPLOYMENT = {
    Outcome.COMPLETED: Verdict.SERVES_NOW,
    Outcome.UNFINISHED: Verdict.ROLLING_OUT,
    Outcome.FAILED: Verdict.NEVER_HEALTHY,
}


@dataclass(frozen=True)
class Release:
    """`live`: tasks of it run. `registered_by` is ECS's, the ARN of who has registered it."""

    arn: str
    image: ImageReference
    registered_at: datetime | None
    registered_by: str
    verdict: Verdict
    live: bool

    @property
    def revision(self) -> str:
        return id_of(self.arn)


def of(environment: Environment, *, most: int) -> list[Release]:
    """The newest `most`, newest first. Raises OperateError, in one line, where nothing is deployed."""
    with progress.said_if_slow(f"asking ECS about {environment.settings.name_prefix}"), environment.answering():
        return list(itertools.islice(read(Service.deployed(environment)), most))


def as_json(releases: Sequence[Release]) -> str:
    """Times are in ISO 8601, in UTC."""
    return json.dumps([{"revision": one.revision, **asdict(one)} for one in releases], indent=2, default=_time)


def _time(value: datetime) -> str:
    return value.astimezone(timezone.utc).isoformat(timespec="seconds")


def read(service: Service) -> Iterator[Release]:
    """Newest first, each read when it is asked for."""
    found = service.read()
    for arn in service.revisions():
        yield of_revision(service, found, arn)


def of_revision(service: Service, found: ServiceTypeDef, arn: str) -> Release:
    """`found` is the service's description."""
    described = service.ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
    definition = described["taskDefinition"]
    written = {tag["key"]: tag["value"] for tag in described.get("tags", [])}.get(RELEASE_VERDICT_TAG, "")
    return Release(
        arn=arn,
        image=ImageReference.of_container(service.own_container(definition)),
        registered_at=definition.get("registeredAt"),
        registered_by=definition.get("registeredBy", ""),
        verdict=_verdict(found, arn) or _WRITTEN.get(written, Verdict.UNKNOWN),
        live=any(one["taskDefinition"] == arn and one["runningCount"] for one in found["deployments"]),
    )


def _verdict(found: ServiceTypeDef, arn: str) -> Verdict | None:
    """Of the newest deployment's revision; None of all others, and where no task is wanted: none has shown anything."""
    if arn != found["taskDefinition"] or not found["desiredCount"]:
        return None
    return _OF_THE_NEWEST_DEPLOYMENT[rollout.outcome_of(found, arn)]


@contextlib.contextmanager
def recorded(service: Service) -> Iterator[None]:
    """Writes before and after what ECS says, also where it fails: what was killed is written by the next one."""
    _record(service)
    try:
        yield
    finally:
        _record(service)


def _record(service: Service) -> None:
    with said_if_not_told(), answering(f"What became of the releases of {service.name} is not written"):
        found = service.find()
        if found is None:
            return
        serving, newest = found["taskDefinition"], next(iter(service.revisions()), None)
        verdict = _verdict(found, serving)
        if verdict in {Verdict.SERVES_NOW, Verdict.NEVER_HEALTHY}:
            write(service, serving, Verdict.SERVED if verdict is Verdict.SERVES_NOW else Verdict.NEVER_HEALTHY)
        if newest and newest != serving and _was_tried(service, newest):
            write(service, newest, Verdict.ROLLED_BACK)


def _was_tried(service: Service, revision: str) -> bool:
    """ECS has stopped a task of it, within about the last hour; Terraform may have registered it and got no further."""
    return any(task["taskDefinitionArn"] == revision for task in service.tasks(stopped=True))


def write(service: Service, revision: str, verdict: Verdict) -> None:
    with said_if_not_told(), answering(f"{id_of(revision)} {verdict.value}, which is not written"):
        service.ecs.tag_resource(resourceArn=revision, tags=[{"key": RELEASE_VERDICT_TAG, "value": verdict.value}])
