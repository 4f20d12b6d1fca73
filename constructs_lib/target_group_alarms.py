"""Alarms on how a target group's tasks answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from constructs import Construct

from constructs_lib import defaults
from constructs_lib.check import Check
from constructs_lib.metric_alarm import Evaluation, Formula, Metric, MetricAlarm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.target_group_metrics import TargetGroupMetrics

_KINDS = ("server_errors", "latency", "unhealthy_targets")


@dataclass(frozen=True)
class AnswerThresholds:
    """From where on answers are bad.

    - ``server_errors_percent``: of a minute's requests, above 0, up to 100; 5 by default.
    - ``latency_seconds``: that the slowest hundredth of a minute's requests may take; 2 by default.
    - ``least_requests``: with fewer in a minute, neither of these two is evaluated, so that one request that failed at
      night is no alarm; 20 by default.
    - ``unhealthy_targets``: so many at once; 1 by default.
    - ``shared_load_balancer``: whether others' services are behind it too. What it answered with 5xx by itself, such as
      502 for a task that hung up, it counts for all of them together: then failed connections to this group's targets
      are counted in its place. False by default.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    """

    server_errors_percent: float = defaults.SERVER_ERRORS_PERCENT
    latency_seconds: float = defaults.LATENCY_SECONDS
    least_requests: int = defaults.LEAST_REQUESTS
    unhealthy_targets: int = defaults.UNHEALTHY_TARGETS
    shared_load_balancer: bool = defaults.SHARED_LOAD_BALANCER


class TargetGroupAlarms(Construct):
    """Says that answers are errors, are slow, or that tasks fail their health checks.

    A load balancer publishes no number of errors where there is none, and nothing at all without requests or targets: a
    minute without a point is a good one.

    - ``names``: of the alarms ``server_errors``, ``latency`` and ``unhealthy_targets``, by these words; one without a
      name is not made. No default.
    - ``target_group``: whose metrics are watched. No default.
    - ``thresholds``: from where on answers are bad; ``AnswerThresholds()`` by default.
    - ``evaluation``: how many bad minutes it takes; ``Evaluation()`` by default.
    - ``topic_arn``: an SNS topic that is told; none by default.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Mapping[str, str],
        target_group: TargetGroupMetrics,
        thresholds: AnswerThresholds | None = None,
        evaluation: Evaluation | None = None,
        topic_arn: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self._target_group, self._thresholds = target_group, thresholds or AnswerThresholds()
        self._evaluation, self._topic_arn = evaluation, topic_arn
        made = {"server_errors": self._server_errors, "latency": self._latency, "unhealthy_targets": self._unhealthy}
        self.alarms = {kind: made[kind](names[kind]) for kind in _KINDS if kind in names}
        if not {"server_errors", "latency"}.isdisjoint(names):
            self._warn_of_network_load_balancer()

    def _server_errors(self, name: str) -> MetricAlarm:
        limits = self._thresholds
        return self._alarm(
            "server_errors",
            name,
            description=(
                f"More than {limits.server_errors_percent:g} % of the requests of a minute were answered with 5xx, or "
                f"not at all, in minutes of {limits.least_requests} requests or more."
            ),
            watched=Formula(
                metrics={
                    "requests": self._metric("RequestCount", "Sum"),
                    "answers": self._metric("HTTPCode_Target_5XX_Count", "Sum"),
                    "failures": self._failures,
                },
                expressions={
                    "errors": "FILL(answers, 0) + FILL(failures, 0)",
                    # With no healthy target the load balancer answers, and counts no request for the group.
                    "total": "IF(FILL(requests, 0) > errors, FILL(requests, 0), errors)",
                    "percent": f"IF(total >= {limits.least_requests}, 100 * errors / total, 0)",
                },
            ),
            threshold=limits.server_errors_percent,
        )

    @property
    def _failures(self) -> Metric:
        if self._thresholds.shared_load_balancer:
            return self._metric("TargetConnectionErrorCount", "Sum")
        of_balancer = {"LoadBalancer": self._target_group.load_balancer}
        return Metric("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum", of_balancer)

    def _latency(self, name: str) -> MetricAlarm:
        """CloudWatch alone would take a p99 for significant with 1000 requests a minute, or with one."""
        limits = self._thresholds
        return self._alarm(
            "latency",
            name,
            description=(
                f"The slowest hundredth of the requests of a minute took more than {limits.latency_seconds:g} s, in "
                f"minutes of {limits.least_requests} requests or more."
            ),
            watched=Formula(
                metrics={
                    "requests": self._metric("RequestCount", "Sum"),
                    "latency": self._metric("TargetResponseTime", "p99"),
                },
                expressions={
                    "seconds": f"IF(FILL(requests, 0) >= {limits.least_requests}, FILL(latency, 0), 0)",
                },
            ),
            threshold=limits.latency_seconds,
        )

    def _unhealthy(self, name: str) -> MetricAlarm:
        limit = self._thresholds.unhealthy_targets
        group = self._target_group
        return MetricAlarm(
            self,
            "unhealthy_targets",
            name=name,
            description=f"{limit} or more tasks fail the health checks of their load balancer.",
            watched=Metric(group.health_namespace, "UnHealthyHostCount", "Maximum", group.dimensions),
            comparison="GreaterThanOrEqualToThreshold",
            threshold=limit,
            treat_missing_data="notBreaching",
            evaluation=self._evaluation,
            topic_arn=self._topic_arn,
        )

    def _alarm(self, id_: str, name: str, *, description: str, watched: Formula, threshold: float) -> MetricAlarm:
        return MetricAlarm(
            self,
            id_,
            name=name,
            description=description,
            watched=watched,
            comparison="GreaterThanThreshold",
            threshold=threshold,
            treat_missing_data="notBreaching",
            evaluation=self._evaluation,
            topic_arn=self._topic_arn,
        )

    def _metric(self, name: str, statistic: str) -> Metric:
        return Metric("AWS/ApplicationELB", name, statistic, self._target_group.dimensions)

    def _warn_of_network_load_balancer(self) -> None:
        Check(
            self,
            "application_load_balancer",
            condition=f'startswith("{self._target_group.load_balancer}", "app/")',
            message=(
                f"{self._target_group.load_balancer} is a network load balancer, which counts no requests: the alarms "
                "server_errors and latency of its target group never go into ALARM. Leave them out."
            ),
        )
