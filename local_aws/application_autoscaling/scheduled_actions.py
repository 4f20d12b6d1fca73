"""Does what scheduled actions say, when they say it: other bounds, and as many tasks as these ask for.

The clock runs as fast as the metrics' minutes: where these last a second, an hour's schedule is over in a minute.
https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-policy-overview.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

from ministack.services import ecs

from local_aws.application_autoscaling import api
from local_aws.application_autoscaling.schedule_expressions import Schedule
from local_aws.cloudwatch import data_points
from local_aws.ecs import records
from local_aws.tenants import for_each_tenant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.ministack_types import Record

_TICK_SECONDS = min(1.0, data_points.PERIOD_SECONDS)
_MINUTE_SECONDS = 60


@dataclass(frozen=True)
class Clock:
    """The time of day, running ahead of the machine's from its start on."""

    began: float = field(default_factory=time.time)

    def now(self) -> datetime:
        passed = (time.time() - self.began) * _MINUTE_SECONDS / data_points.PERIOD_SECONDS
        return _moment(self.began + passed)


CLOCK = Clock()


def start() -> None:
    threading.Thread(target=_run, name="scheduled-actions", daemon=True).start()


def _run() -> None:
    before = CLOCK.now()
    while not records.closing.wait(_TICK_SECONDS):
        now = CLOCK.now()
        for_each_tenant((api._scheduled,), partial(_act_on_all, before, now))
        before = now


def _act_on_all(after: datetime, until: datetime) -> None:
    for action in due(list(api._scheduled.values()), after, until):
        act(action)


def due(actions: list[Record], after: datetime, until: datetime) -> list[Record]:
    """In the order of their moments; those of one moment as they were put."""
    moments = [(moment, at) for at, action in enumerate(actions) for moment in _moments(action, after, until)]
    return [actions[at] for _, at in sorted(moments)]


def _moments(action: Record, after: datetime, until: datetime) -> Iterator[datetime]:
    """At its start time, where it has one, it acts whatever its expression says."""
    start, end = (_moment(action[key]) if key in action else None for key in ("StartTime", "EndTime"))
    if start and after < start <= until:
        yield start
    if (start and start > until) or (end and end <= after):
        return
    schedule = Schedule(action["Schedule"], action["Timezone"], start or _moment(action["CreationTime"]))
    yield from schedule.moments(max(after, start or after), min(until, end or until))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def act(action: Record) -> None:
    resource = action["ResourceId"]
    target = api._targets.get(resource)
    service = ecs._services.get(resource.partition("/")[2])
    if target is None or service is None or target["SuspendedState"]["ScheduledScalingSuspended"]:
        return
    bounds = {**target, **action["ScalableTargetAction"]}
    low, high = bounds["MinCapacity"], bounds["MaxCapacity"]
    cause = f"scheduled action name {action['ScheduledActionName']} was triggered"
    description = f"Setting min capacity to {low} and max capacity to {high}"
    if low > high:
        api.record_activity(resource, description=description, cause=cause, status="Failed")
        return
    api._targets[resource] = bounds
    api.record_activity(resource, description=description, cause=cause)
    if service["desiredCount"] < low:
        api.set_desired_count(service, low, cause=f"minimum capacity was set to {low}")
    elif service["desiredCount"] > high:
        api.set_desired_count(service, high, cause=f"maximum capacity was set to {high}")
