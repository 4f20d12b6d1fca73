"""The lines that a service's tasks logged, also those of tasks that are gone, in order of time.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from operate import progress
from operate.errors import OperateError
from operate.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

    from operate.environment import Environment

_POLL_SECONDS = 2
_LATE_MILLISECONDS = 60_000
"""How long after its own time an event may become readable, and is still not missed."""
_MOST_PAGES = 1000
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_TASK_ID = re.compile(r"[0-9a-f-]{1,36}")


@dataclass(frozen=True)
class Line:
    task_id: str
    message: str


@dataclass
class Reader:
    """Each `read` has the events that none before had: those since `since`, then those that have come meanwhile.

    Streams are those whose names begin with `stream_prefix`, which ends in a task's id or in the slash before it.
    """

    logs: CloudWatchLogsClient
    group: str
    stream_prefix: str
    since: datetime
    _seen: dict[str, int] = field(default_factory=dict)  # an event's time by its id, of those that may come again

    def read(self) -> list[Line]:
        start = int(self.since.timestamp() * 1000)
        if self._seen:
            start = max(start, max(self._seen.values()) - _LATE_MILLISECONDS)
        new = [event for event in self._events(start) if event["eventId"] not in self._seen]
        self._seen |= {event["eventId"]: event["timestamp"] for event in new}
        newest = max(self._seen.values(), default=0)
        self._seen = {id_: at for id_, at in self._seen.items() if at >= newest - _LATE_MILLISECONDS}
        in_order = sorted(new, key=lambda event: event["timestamp"])
        return [Line(event["logStreamName"].rpartition("/")[2], event["message"].rstrip()) for event in in_order]

    def _events(self, start: int) -> Iterator[FilteredLogEventTypeDef]:
        """Of all pages, some of which are empty."""
        token: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            answer = self.logs.filter_log_events(
                logGroupName=self.group,
                logStreamNamePrefix=self.stream_prefix,
                startTime=start,
                **token,  # type: ignore[arg-type]
            )
            yield from answer["events"]
            if "nextToken" not in answer:
                return
            token = {"nextToken": answer["nextToken"]}
        progress.console.print(f"The log has more than {_MOST_PAGES} pages of events: ask for less, with --since.")


def lines(
    environment: Environment,
    *,
    since: datetime,
    task: str | None = None,
    container: str | None = None,
    containing: str = "",
    follow: bool = False,
) -> Iterator[Line]:
    """Of the application's container, where no other is named; with `follow` without end.

    Raises OperateError, in one line, where nothing is deployed or no task or container is so named.
    """
    with environment.answering():
        with progress.said_if_slow(f"reading the log of {environment.settings.name_prefix}"):
            reader = _reader(Service.deployed(environment), since=since, task=task, container=container)
            found = reader.read()
        while True:
            yield from (line for line in found if containing in line.message)
            if not follow:
                return
            time.sleep(_POLL_SECONDS)
            found = reader.read()


def _reader(service: Service, *, since: datetime, task: str | None, container: str | None) -> Reader:
    stream = service.log_streams(service.read()["taskDefinition"], container=container)
    if stream is None:
        raise OperateError(f"{service.name} does not log to CloudWatch: its container has no awslogs.")
    if task is None:
        return Reader(service.logs, stream.group, stream.name, since)
    prefix = f"{stream.name}{_task_id(task)}"
    found = service.logs.describe_log_streams(logGroupName=stream.group, logStreamNamePrefix=prefix, limit=1)
    if not found["logStreams"]:
        raise OperateError(f"No task whose id begins with {task!r} has logged to {stream.group}.")
    return Reader(service.logs, stream.group, prefix, since)


def _task_id(text: str) -> str:
    """Of an id, its beginning, or an ARN."""
    id_ = text.rpartition("/")[2]
    if not _TASK_ID.fullmatch(id_):
        raise OperateError(f"{text!r} is not a task's id: it must be one of `status`, such as 1a2b3c4d, or whole.")
    return id_


def parse_duration(text: str) -> timedelta | None:
    """Of `30s`, `10m`, `2h` or `1d`; None for other text, and OverflowError for too many."""
    found = re.fullmatch(r"([0-9]+)([smhd])", text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


def parse_since(text: str, *, now: datetime | None = None) -> datetime:
    """`30s`, `10m`, `2h` or `1d` ago, or a time in ISO 8601, which is this machine's where it has no zone."""
    now = now or datetime.now(timezone.utc)
    wrong = OperateError(
        f"--since is {text!r}: it must be how long ago, such as 30s, 10m, 2h or 1d, or a time that has passed, such as "
        f"{now.astimezone():%Y-%m-%dT%H:%M:%S}."
    )
    try:
        if duration := parse_duration(text):
            return now - duration
        moment = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text)).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise wrong from None
    if moment > now or moment.timestamp() < 0:
        raise wrong
    return moment
