"""A CloudWatch alarm on one metric, or on what is computed from several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import (
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
)
from constructs import Construct

from constructs_lib import defaults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdktf import ITerraformDependable

PERIOD_SECONDS: Final = 60
"""ECS and the load balancers publish a point a minute."""

Comparison = Literal["GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold"]
MissingData = Literal["breaching", "notBreaching", "ignore", "missing"]


@dataclass(frozen=True)
class Metric:
    """A metric of AWS's, by the minute.

    - ``namespace``, ``name``: such as ``AWS/ECS`` and ``CPUUtilization``. No defaults.
    - ``statistic``: ``Average``, ``Sum``, ``p99`` … No default.
    - ``dimensions``: exactly those with which it is published. No default.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
    """

    namespace: str
    name: str
    statistic: str
    dimensions: Mapping[str, str]


@dataclass(frozen=True)
class Formula:
    """Metric math. An expression may name metrics, and expressions before it; the last one is compared.

    - ``metrics``: at most 10, by names that begin with a small letter. No default.
    - ``expressions``: by their names. No default.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """

    metrics: Mapping[str, Metric]
    expressions: Mapping[str, str]


@dataclass(frozen=True)
class Evaluation:
    """When a state changes: with ``datapoints_to_alarm`` bad minutes of the last ``evaluation_periods``.

    - ``evaluation_periods``: minutes that are looked at, 1 to 1440; 5 by default.
    - ``datapoints_to_alarm``: of them, 1 or more; 3 by default, so that one bad minute is no alarm.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
    """

    evaluation_periods: int = defaults.EVALUATION_PERIODS
    datapoints_to_alarm: int = defaults.DATAPOINTS_TO_ALARM


class MetricAlarm(Construct):
    """An alarm that tells a topic when it is raised, and when all is well again.

    - ``name``: 1 to 255 characters, once within the account and region. No default.
    - ``description``: what it means, for whoever is told. No default.
    - ``watched``: a metric or a formula. No default.
    - ``comparison``, ``threshold``: which values are bad. No defaults.
    - ``treat_missing_data``: what a minute without a point is, which differs from metric to metric. No default.
    - ``evaluation``: how many bad minutes it takes; ``Evaluation()`` by default.
    - ``topic_arn``: an SNS topic of the alarm's own region; none by default.
    - ``depends_on``: what has to be there before the alarm makes sense; nothing by default.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        description: str,
        watched: Metric | Formula,
        comparison: Comparison,
        threshold: float,
        treat_missing_data: MissingData,
        evaluation: Evaluation | None = None,
        topic_arn: str | None = None,
        depends_on: Sequence[ITerraformDependable] = (),
    ) -> None:
        super().__init__(scope, id_)
        evaluation = evaluation or Evaluation()
        metric = watched if isinstance(watched, Metric) else None
        self.name = name
        self.resource = CloudwatchMetricAlarm(
            self,
            "Default",
            alarm_name=name,
            alarm_description=description,
            namespace=metric.namespace if metric else None,
            metric_name=metric.name if metric else None,
            dimensions=dict(metric.dimensions) if metric else None,
            statistic=metric.statistic if metric else None,
            period=PERIOD_SECONDS if metric else None,
            metric_query=_queries(watched) if isinstance(watched, Formula) else None,
            comparison_operator=comparison,
            threshold=threshold,
            evaluation_periods=evaluation.evaluation_periods,
            datapoints_to_alarm=evaluation.datapoints_to_alarm,
            treat_missing_data=treat_missing_data,
            alarm_actions=[topic_arn] if topic_arn else None,
            ok_actions=[topic_arn] if topic_arn else None,
            depends_on=list(depends_on) or None,
        )


def _queries(formula: Formula) -> list[CloudwatchMetricAlarmMetricQuery]:
    *_, compared = formula.expressions
    metrics = [CloudwatchMetricAlarmMetricQuery(id=id_, metric=_metric(one)) for id_, one in formula.metrics.items()]
    expressions = [
        CloudwatchMetricAlarmMetricQuery(id=id_, expression=text, label=id_, return_data=id_ == compared or None)
        for id_, text in formula.expressions.items()
    ]
    return [*metrics, *expressions]


def _metric(metric: Metric) -> CloudwatchMetricAlarmMetricQueryMetric:
    return CloudwatchMetricAlarmMetricQueryMetric(
        namespace=metric.namespace,
        metric_name=metric.name,
        dimensions=dict(metric.dimensions),
        stat=metric.statistic,
        period=PERIOD_SECONDS,
    )
