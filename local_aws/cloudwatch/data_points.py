"""Publishes the metrics of an AWS service in its own namespace, and reads the latest.

Each point is of one period, which `LOCAL_AWS_METRIC_PERIOD_SECONDS` makes shorter than AWS's minute.
"""
# ruff: noqa: SLF001

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from ministack.services import cloudwatch

if TYPE_CHECKING:
    from collections.abc import Mapping

PERIOD_SECONDS = float(os.environ.get("LOCAL_AWS_METRIC_PERIOD_SECONDS", "60"))


def publish(
    namespace: str, name: str, dimensions: Mapping[str, str], values: Mapping[float, int], *, unit: str
) -> None:
    """`values`: how often each was seen. Percentiles can be asked of them."""
    seen, counts = list(values), list(values.values())
    cloudwatch._store_datum(namespace, name, dict(dimensions), time.time(), unit, None, seen, counts, None)


def statistic(namespace: str, name: str, dimensions: Mapping[str, str], *, kind: str, since: float) -> float | None:
    """`Average`, `Sum` … of what was published at `since` or later, in seconds of the epoch; None where nothing was."""
    points = cloudwatch._metrics.get((namespace, name, cloudwatch._dims_key(dict(dimensions))), [])
    return cloudwatch._calc_stats([one for one in points if one["Timestamp"] >= since]).get(kind)
