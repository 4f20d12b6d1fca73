"""What happened while a check ran: requests, running tasks and events, on one clock."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from operate.acceptance.load import Load, Sample, Summary
from operate.image_tags import ImageReference
from operate.service import id_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operate.service import Service

_OBSERVED_EVERY_SECONDS = 1.0


@dataclass(frozen=True)
class Snapshot:
    """Running tasks by the task definition's revision."""

    at: float
    running: dict[str, int]


@dataclass(frozen=True)
class Event:
    at: float
    text: str
    ours: bool  # what the check did, as against what ECS said


@dataclass
class Timeline:
    """Times in seconds since the epoch. `image_tags` are of the revisions that were deployed meanwhile."""

    title: str
    began_at: float = field(default_factory=time.time)
    ended_at: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    image_tags: dict[str, str | None] = field(default_factory=dict)

    def mark(self, text: str) -> float:
        """Notes what the check does now; the time."""
        now = time.time()
        self.events.append(Event(now, text, ours=True))
        return now

    @property
    def summary(self) -> Summary:
        return Summary.of(self.samples)

    def answers(self) -> bool:
        """Whether the last request that was answered, or gave up, was a good one."""
        return bool(self.samples) and self.samples[-1].ok


@contextmanager
def recorded(service: Service, title: str, *, rate_per_second: float, path: str | None = None) -> Iterator[Timeline]:
    """Under load from before the block until after it: on the health path, where no other one is named."""
    timeline = Timeline(title)
    through_proxy = service.environment.local_aws is None
    url = f"{service.url}{path}" if path else service.health_url
    load = Load(url, rate_per_second, service.request_headers, through_proxy=through_proxy)
    timeline.samples = load.samples
    ended = threading.Event()
    observer = threading.Thread(target=_observe, args=(service, timeline, ended), daemon=True)
    with load.running():
        observer.start()
        try:
            yield timeline
        finally:
            timeline.ended_at = time.time()
            ended.set()
            observer.join()
    timeline.events += _said_by_ecs(service, since=timeline.began_at)
    timeline.events.sort(key=lambda event: event.at)


def _observe(service: Service, timeline: Timeline, ended: threading.Event) -> None:
    while not ended.is_set():
        with suppress(BotoCoreError, ClientError):  # one look less
            _look(service, timeline)
        ended.wait(_OBSERVED_EVERY_SECONDS)


def _look(service: Service, timeline: Timeline) -> None:
    found = service.find()
    running: dict[str, int] = {}
    for deployment in found["deployments"] if found else ():
        arn = deployment["taskDefinition"]
        revision = id_of(arn)
        running[revision] = running.get(revision, 0) + deployment["runningCount"]
        if revision not in timeline.image_tags:
            timeline.image_tags[revision] = ImageReference.of_container(service.container(arn)).tag
    timeline.snapshots.append(Snapshot(time.time(), running))


def _said_by_ecs(service: Service, *, since: float) -> list[Event]:
    found = service.find()
    began = datetime.fromtimestamp(since, timezone.utc)
    events = [event for event in found["events"] if event["createdAt"] >= began] if found else []
    named = f"(service {service.name}) "
    return [Event(event["createdAt"].timestamp(), event["message"].removeprefix(named), ours=False) for event in events]
