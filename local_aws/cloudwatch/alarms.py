"""Metric alarms: kept whole, and evaluated once a period by AWS's rules.

MiniStack looks at one number of whatever has the metric's name, whenever something is put, and keeps no metric math.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import time
from collections import deque
from datetime import datetime, timezone
from itertools import pairwise
from typing import TYPE_CHECKING

from ministack.services import cloudwatch

from local_aws.cloudwatch import metric_math

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.cloudwatch.metric_math import Series
    from local_aws.ministack_types import Record

    Point = tuple[float | None, float]
    """The value, if there is one, and when it was known."""

_PERIOD_SECONDS = 60
_KEPT_PERIODS = 1500  # a day's, which is the longest that an alarm looks back
_COMPARISONS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": ("greater than or equal to", lambda value, limit: value >= limit),
    "GreaterThanThreshold": ("greater than", lambda value, limit: value > limit),
    "LessThanThreshold": ("less than", lambda value, limit: value < limit),
    "LessThanOrEqualToThreshold": ("less than or equal to", lambda value, limit: value <= limit),
}

_period_ends: deque[float] = deque([time.time()], maxlen=_KEPT_PERIODS)
"""Seconds of the epoch. What was published between two of them is of one period, however long that took."""


def end_period() -> None:
    """Once all is published. `evaluate` is then called for each account and region."""
    _period_ends.append(time.time())


def periods_since(at_seconds: float) -> int:
    """How many have ended since then, in seconds of the epoch."""
    return sum(end > at_seconds for end in _period_ends)


def not_yet(_original: object, _alarm: Record) -> None:
    """Stands for `cloudwatch._evaluate_alarm`, which is called when something is put: an alarm waits for its period."""


def evaluate() -> None:
    """Of the current account and region."""
    for alarm in list(cloudwatch._alarms.values()):
        state, reason = _judged(alarm)
        if state != alarm["StateValue"]:
            _change(alarm, state, reason)


def _change(alarm: Record, state: str, reason: str) -> None:
    before = alarm["StateValue"]
    alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    cloudwatch._record_history(alarm["AlarmName"], before, state, reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _judged(alarm: Record) -> tuple[str, str]:
    """The state, and the reason for it."""
    try:
        points = _points(alarm)
        if any(value is not None for value, _ in points):
            return _judged_by(alarm, points)
        return _judged_without(alarm, periods=len(points))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other alarms are evaluated
        return "INSUFFICIENT_DATA", f"The embedded AWS cannot evaluate this alarm: {error}"


def _judged_by(alarm: Record, points: list[Point]) -> tuple[str, str]:
    """Missing points after a bad one raise an alarm too, once the bad one is old enough and there is no good one.

    Of a good point before the bad one, AWS's text says that it changes nothing, and its table that it does: so here.
    """
    word, is_bad = _COMPARISONS[alarm["ComparisonOperator"]]
    found = [(value, ended_at) for value, ended_at in points if value is not None]
    bad = [(value, ended_at) for value, ended_at in found if is_bad(value, alarm["Threshold"])]
    of, missing = len(points), alarm["TreatMissingData"]
    raised = len(bad) + (of - len(found) if missing == "breaching" else 0) >= _needed(alarm)
    if not raised and bad == found and of - points.index(bad[0]) >= _needed(alarm):
        if missing == "ignore":
            return alarm["StateValue"], alarm["StateReason"]
        raised = missing == "missing"
    shown, verb = (bad, "were") if raised else (found, "were not")
    said = ", ".join(f"{value:g} ({_clock(ended_at)})" for value, ended_at in reversed(shown))
    reason = (
        f"{len(shown)} out of the last {of} datapoints [{said}] {verb} {word} the threshold ({alarm['Threshold']})."
    )
    return "ALARM" if raised else "OK", f"Threshold Crossed: {reason}"


def _judged_without(alarm: Record, *, periods: int) -> tuple[str, str]:
    missing = alarm["TreatMissingData"]
    if missing == "ignore":
        return alarm["StateValue"], alarm["StateReason"]
    if missing == "missing":
        return "INSUFFICIENT_DATA", f"Insufficient Data: {periods} datapoints were unknown."
    raised = missing == "breaching" and periods >= _needed(alarm)
    treated = "Breaching" if missing == "breaching" else "NonBreaching"
    reason = f"no datapoints were received for {periods} periods, and missing datapoints are treated as [{treated}]."
    return "ALARM" if raised else "OK", f"Threshold Crossed: {reason}"


def _needed(alarm: Record) -> int:
    return int(alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"])


def _clock(at_seconds: float) -> str:
    return f"{datetime.fromtimestamp(at_seconds, timezone.utc):%d/%m/%y %H:%M:%S}"


def _points(alarm: Record) -> list[Point]:
    """What is compared, oldest first; as far back as this process runs."""
    queries = alarm.get("Metrics") or [_query(alarm)]
    metrics = {one["Id"]: one["MetricStat"] for one in queries if "MetricStat" in one}
    step = max(1, min((one["Period"] for one in metrics.values()), default=0) // _PERIOD_SECONDS)
    ends = list(_period_ends)[::-step][: alarm["EvaluationPeriods"] + 1][::-1]
    expressions = {one["Id"]: one["Expression"] for one in queries if "Expression" in one}
    series = metric_math.evaluate_all(
        expressions, {name: _of_metric(one, ends) for name, one in metrics.items()}, periods=len(ends) - 1
    )
    compared = next(one["Id"] for one in queries if one.get("ReturnData", True))
    return list(zip(series[compared], ends[1:], strict=True))


def _query(alarm: Record) -> Record:
    """An alarm on one metric as the query that it is."""
    metric = {"Namespace": alarm["Namespace"], "MetricName": alarm["MetricName"], "Dimensions": alarm["Dimensions"]}
    kind = alarm.get("ExtendedStatistic") or alarm["Statistic"]
    return {"Id": "metric", "MetricStat": {"Metric": metric, "Period": alarm["Period"], "Stat": kind}}


def _of_metric(wanted: Record, ends: list[float]) -> Series:
    metric = wanted["Metric"]
    dimensions = cloudwatch._dims_from_list(metric.get("Dimensions") or [])
    published = cloudwatch._metrics.get((metric["Namespace"], metric["MetricName"], cloudwatch._dims_key(dimensions)))
    return [
        _statistic([one for one in published or [] if begin < one["Timestamp"] <= end], wanted["Stat"])
        for begin, end in pairwise(ends)
    ]


def _statistic(points: list[Record], kind: str) -> float | None:
    return cloudwatch._stat_value(cloudwatch._calc_stats(points), kind, points) if points else None
