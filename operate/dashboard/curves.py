"""What a graph's lines show: what CloudWatch has measured, or a sample of how that may look."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, cast

from operate.release import releases

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

    from operate.dashboard.body import Dashboard, Metric
    from operate.service import Service

    Points = list[tuple[float, float]]

_MOST_QUERIES = 500
_LEAST_SPANS_SECONDS = (900, 1800, 3600)
_SAMPLE_DEPLOYMENT_SECONDS, _SAMPLE_LASTS_SECONDS = -4200, 480
_HALF_A_PERIOD = 0.5
# What a sample lies between, in the metric's own unit; and how much of it a statistic sees.
_SAMPLES = {
    "RequestCount": (240, 900),
    "RequestCountPerTarget": (120, 450),
    "HTTPCode_Target_5XX_Count": (0, 3),
    "HTTPCode_Target_4XX_Count": (2, 14),
    "HTTPCode_ELB_5XX_Count": (0, 1),
    "HTTPCode_ELB_4XX_Count": (0, 5),
    "TargetResponseTime": (0.02, 0.4),
    "CPUUtilization": (25, 85),
    "MemoryUtilization": (48, 66),
}
_SHARES = {"p50": 0.15, "p90": 0.5, "Average": 0.7}


@dataclass(frozen=True)
class Mark:
    """A deployment; `at` is in seconds, and 0 is when the page is made."""

    at: float
    label: str


@dataclass(frozen=True)
class Curves:
    """`points` are each metric's seconds and values; the seconds are below 0, which is `until`."""

    seconds: int
    points: Mapping[Metric, Points]
    marks: tuple[Mark, ...]
    until: datetime | None = None

    @property
    def is_sample(self) -> bool:
        return self.until is None

    def of(self, metric: Metric) -> Points:
        return [point for point in self.points.get(metric, []) if -self.seconds <= point[0] <= 0]


def sample(dashboard: Dashboard) -> Curves:
    """The same each time, of a deployment under load: one that nobody has measured."""
    points: dict[Metric, Points] = {
        metric: [(at, _sampled(metric, at)) for at in range(-dashboard.seconds, 1, graph.period_seconds)]
        for graph in dashboard.graphs
        for metric in graph.metrics
    }
    return Curves(dashboard.seconds, points, (Mark(_SAMPLE_DEPLOYMENT_SECONDS, "a deployment (sample)"),))


def _sampled(metric: Metric, at: float) -> float:
    into = at - _SAMPLE_DEPLOYMENT_SECONDS
    rolling = 0 <= into < _SAMPLE_LASTS_SECONDS
    counted = {
        "DesiredTaskCount": 2.0,
        "RunningTaskCount": 4.0 if rolling and into >= _SAMPLE_LASTS_SECONDS / 2 else 2.0,
        "PendingTaskCount": 2.0 if rolling and into < _SAMPLE_LASTS_SECONDS / 2 else 0.0,
        "DeploymentCount": 2.0 if rolling else 1.0,
        "HealthyHostCount": 2.0,
        "UnHealthyHostCount": 2.0 if rolling and into < _SAMPLE_LASTS_SECONDS / 4 else 0.0,
    }
    if metric.name in counted:
        return counted[metric.name]
    low, high = _SAMPLES.get(metric.name, (0, 100))
    wave = 0.5 + 0.35 * math.sin(at / 2400) + 0.15 * _noise(f"{metric.name} {at}")
    value = (low + (high - low) * wave) * _SHARES.get(metric.stat, 1)
    return float(round(value)) if metric.stat == "Sum" else value


def _noise(text: str) -> float:
    """From -1 to 1."""
    return zlib.crc32(text.encode()) / 2**31 - 1


def measured(service: Service, dashboard: Dashboard, *, until: datetime) -> Curves:
    """By CloudWatch, with the releases that ECS knows: as short a span as has all of it, a quarter of an hour at least.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
    """
    points = {metric: found for metric, found in _measured(service, dashboard, until) if found}
    marks = list(_deployments(service, until, seconds=dashboard.seconds))
    first = min([at for found in points.values() for at, _ in found] + [mark.at for mark in marks], default=0.0)
    seconds = next((span for span in _LEAST_SPANS_SECONDS if span >= -first), dashboard.seconds)
    return Curves(min(seconds, dashboard.seconds), points, tuple(marks), until)


def _measured(service: Service, dashboard: Dashboard, until: datetime) -> Iterator[tuple[Metric, Points]]:
    wanted = {metric: graph.period_seconds for graph in dashboard.graphs for metric in graph.metrics}
    metrics = list(wanted)
    began = until - timedelta(seconds=dashboard.seconds)
    pages = service.environment.client("cloudwatch").get_paginator("get_metric_data")
    for first in range(0, len(metrics), _MOST_QUERIES):
        batch = metrics[first : first + _MOST_QUERIES]
        queries = [_query(number, metric, wanted[metric]) for number, metric in enumerate(batch)]
        found: dict[str, Points] = {query["Id"]: [] for query in queries}
        for page in pages.paginate(MetricDataQueries=queries, StartTime=began, EndTime=until):
            for result in page["MetricDataResults"]:
                at = [(time - until).total_seconds() for time in result["Timestamps"]]
                found[result["Id"]] += zip(at, result["Values"], strict=True)
        yield from ((metric, sorted(found[query["Id"]])) for metric, query in zip(batch, queries, strict=True))


def _query(number: int, metric: Metric, period_seconds: int) -> MetricDataQueryTypeDef:
    names, values = metric.dimensions[::2], metric.dimensions[1::2]
    dimensions = [{"Name": name, "Value": value} for name, value in zip(names, values, strict=True)]
    named = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
    stat = {"Metric": named, "Period": period_seconds, "Stat": metric.stat}
    return cast("MetricDataQueryTypeDef", {"Id": f"m{number}", "MetricStat": stat})


def _deployments(service: Service, until: datetime, *, seconds: int) -> Iterator[Mark]:
    """When each revision was registered, which is when `make deploy` rolled it out; no older one is asked for.

    AWS's clock may be ahead of this machine's.
    """
    for release in releases.read(service):
        at = (release.registered_at - until).total_seconds() if release.registered_at else -math.inf
        if at < -seconds:
            return
        number = release.revision.rpartition(":")[2]
        yield Mark(
            min(0.0, at), f"revision {number}, {release.image.tag or release.image.digest}: {release.verdict.value}"
        )


def unbroken(points: Points, period_seconds: int) -> Iterable[Points]:
    """Runs of points, without those that CloudWatch has nothing between."""
    run: Points = points[:1]
    for (before, _), point in pairwise(points):
        if point[0] - before > period_seconds * (1 + _HALF_A_PERIOD):
            yield run
            run = []
        run.append(point)
    if run:
        yield run
