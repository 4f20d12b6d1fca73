"""A status as a terminal shows it: one screen of 80 columns and 24 lines where little is going on."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from operate import progress
from operate.running import service_status
from operate.service import short_id

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console, RenderableType

    from operate.environment import Environment
    from operate.running.alarms import RaisedAlarm
    from operate.running.service_status import Deployment, Said, Status, Task

_REFRESH_SECONDS = 2
_EVENTS_SHOWN = 4
_ACTIVITIES_SHOWN = 2
_BAD = {"FAILED", "UNHEALTHY", "unhealthy"}
_RUNNING = {"RUNNING", "RUNNING, HEALTHY"}
_GOOD = {"COMPLETED", "HEALTHY", "healthy"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def watch(environment: Environment, console: Console) -> None:
    """Until it is interrupted, which is how it is ended: the last screen stays."""
    with contextlib.suppress(KeyboardInterrupt):
        status = first(environment)
        with Live(console=console, auto_refresh=False) as live:
            while True:
                if console.is_terminal:
                    live.update(screen(status), refresh=True)
                else:
                    console.print(screen(status))
                time.sleep(_REFRESH_SECONDS)
                status = service_status.of(environment)


def first(environment: Environment) -> Status:
    """With a word where AWS takes its time, which would disturb a screen that is watched."""
    with progress.said_if_slow(f"asking AWS about {environment.settings.name_prefix}"):
        return service_status.of(environment)


def screen(status: Status) -> Group:
    parts: list[RenderableType] = [_head(status), Text(), _deployments(status.deployments)]
    if status.tasks:
        parts += [Text(), _tasks(status), *_reasons(status.tasks), *_sidecars(status.tasks)]
    if status.failure:
        parts += [Text(), Text(str(status.failure), style="red")]
    if status.killed:
        parts += [Text(), Text(status.killed, style="yellow")]
    if status.events:
        parts += [Text(), Text("EVENTS", style="dim"), *_said(status.events[:_EVENTS_SHOWN])]
    return Group(*parts)


def _head(status: Status) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    pending = f", {status.pending} pending" if status.pending else ""
    counted = f"{status.running} of {status.desired} tasks running{pending}"
    table.add_row("service", f"{status.service}, {status.status}, {counted}, in {status.region}")
    image = status.image
    table.add_row("image", f"{image.repository}:{image.tag or ''}  {short_digest(image.digest)}")
    table.add_row("revision", f"{status.revision}, {status.cpu} CPU units, {status.memory_mib} MiB")
    healths = ", ".join(f"{count} {state}" for state, count in status.targets.items())
    table.add_row("targets", healths or "none")
    table.add_row("scaling", _scaling(status))
    for activity in status.scaling.activities[:_ACTIVITIES_SHOWN] if status.scaling else []:
        table.add_row("", f"{_clock(activity.at)} {activity.message}")
    if status.alarms is not None:
        table.add_row("alarms", Text(_alarms(status.alarms), style="red" if status.alarms else ""))
    return table


def _alarms(raised: list[RaisedAlarm]) -> str:
    return "; ".join(f"{one.name} since {_clock(one.since)}" for one in raised) or "none is raised"


def _scaling(status: Status) -> str:
    if status.scaling is None:
        return f"none, {status.desired} desired"
    return f"from {status.scaling.min_capacity} to {status.scaling.max_capacity} tasks, {status.desired} desired"


def short_digest(digest: str | None) -> str:
    return short_id((digest or "").rpartition(":")[2])


def _deployments(deployments: list[Deployment]) -> Table:
    table = _table("DEPLOYMENT", "REVISION", "IMAGE", "ROLLOUT", "TASKS", "FAILED")
    for one in deployments:
        counted = f"{one.running}/{one.desired}" + (f" +{one.pending}" if one.pending else "")
        rollout = _coloured(one.rollout_state)
        table.add_row(one.status, one.revision, one.image_tag or "", rollout, counted, str(one.failed))
    return table


def _tasks(status: Status) -> Table:
    table = _table("TASK", "REV", "STATUS", "ECS", "TARGET", "ZONE", "AGE", "CPU/MIB", "DIGEST")
    for one in status.tasks:
        table.add_row(
            short_id(one.id),
            one.revision.rpartition(":")[2],
            one.status,
            _coloured("-" if one.health == "UNKNOWN" else one.health),
            _coloured(one.target_health or "-"),
            one.availability_zone or "",
            age((status.read_at - (one.started_at or one.created_at)).total_seconds()),
            f"{one.cpu}/{one.memory_mib}",
            short_digest(one.image_digest),
        )
    return table


def _reasons(tasks: list[Task]) -> list[Text]:
    """Of targets that are not healthy."""
    return [
        Text(f"{short_id(one.id)} is {one.target_health}: {one.target_reason}") for one in tasks if one.target_reason
    ]


def _sidecars(tasks: list[Task]) -> list[Text]:
    """Those that do not run, or are not healthy."""
    states = [(task, name, state) for task in tasks for name, state in task.sidecars.items()]
    return [Text(f"{short_id(task.id)}: {name} is {state}") for task, name, state in states if state not in _RUNNING]


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _coloured(state: str) -> Text:
    return Text(state, style="red" if state in _BAD else "green" if state in _GOOD else "")


def _said(lines: list[Said]) -> list[Text]:
    return [Text(f"{_clock(one.at)} {one.message}") for one in lines]


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone():%H:%M:%S}"


def age(seconds: float) -> str:
    """In the largest unit that it has one of."""
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= unit:
            return f"{seconds // unit:.0f} {name}"
    return f"{max(seconds, 0):.0f} s"
