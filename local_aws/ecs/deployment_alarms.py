"""The alarms that can fail a service's deployment in progress.

If one is raised when it begins, ECS ignores them all for this deployment. Otherwise it watches them from the first
running task to the end of a bake time, which AWS computes from the alarms in a way that it does not document: here it
is the longest time that one of them looks back.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from ministack.services import cloudwatch

from local_aws.cloudwatch import alarms, data_points

if TYPE_CHECKING:
    from local_aws.ministack_types import Record

_PERIOD_SECONDS = 60


def begin(service: Record, deployment: Record) -> None:
    """Called at each look; the first one of a deployment counts."""
    if "_alarms" not in deployment:
        deployment["_alarms"] = [] if raised(_configured(service)) else _configured(service)


def ignore(deployment: Record) -> None:
    """For a deployment that is rolled back to: there is nothing to roll back to from there."""
    deployment["_alarms"] = []


def detected(deployment: Record) -> list[str]:
    """The names of those that are raised, once a task of it runs."""
    return raised(deployment.get("_alarms", [])) if deployment["runningCount"] else []


def bake(deployment: Record) -> None:
    """From now on, if not already: its tasks serve, and the others are gone."""
    deployment.setdefault("_bake_began", time.time())


def is_watched(deployment: Record) -> bool:
    """Until it is baked, where it has alarms: a busy machine's periods are long, and each of them counts as one."""
    names, began = deployment.get("_alarms", []), deployment.get("_bake_began", math.inf)
    periods = _bake_periods(names)
    baked = time.time() >= began + periods * data_points.PERIOD_SECONDS and alarms.periods_since(began) >= periods
    return bool(names) and not baked


def _configured(service: Record) -> list[str]:
    alarms = service["deploymentConfiguration"].get("alarms") or {}
    return list(alarms.get("alarmNames", [])) if alarms.get("enable") else []


def rolls_back(service: Record) -> bool:
    return bool((service["deploymentConfiguration"].get("alarms") or {}).get("rollback"))


def raised(names: list[str]) -> list[str]:
    found = {name: cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name) for name in names}
    return [name for name, alarm in found.items() if alarm and alarm["StateValue"] == "ALARM"]


def _bake_periods(names: list[str]) -> float:
    found = [alarm for name in names if (alarm := cloudwatch._alarms.get(name))]
    return max((alarm["EvaluationPeriods"] * _period_seconds(alarm) / _PERIOD_SECONDS for alarm in found), default=0)


def _period_seconds(alarm: Record) -> int:
    periods = [one["MetricStat"]["Period"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
    return int(max(periods, default=alarm.get("Period", _PERIOD_SECONDS)))
