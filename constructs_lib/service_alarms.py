"""Alarms on a service's tasks: what they use, and how many run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from constructs import Construct

from constructs_lib import defaults
from constructs_lib.metric_alarm import Evaluation, Formula, Metric, MetricAlarm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdktf import ITerraformDependable

    from constructs_lib.metric_alarm import Comparison, MissingData
    from constructs_lib.target_group_metrics import TargetGroupMetrics

    Condition = tuple[Metric | Formula, Comparison, float, MissingData]

AGAIN_AND_AGAIN = Evaluation(evaluation_periods=20, datapoints_to_alarm=5)
"""For ``crash_loop``: a task that dies, is replaced and dies again, every few minutes."""


class UtilizationAlarms(Construct):
    """Says that a service is near the limit of what its tasks reserve.

    Without a running task ECS publishes neither: a minute without a point is a good one, and ``TaskCountAlarms`` tell.

    - ``names``: of the alarms ``cpu`` and ``memory``, by these words; one without a name is not made. No default.
    - ``cluster_name``, ``service_name``: whose tasks. No defaults.
    - ``cpu_percent``: the average of the tasks, from which autoscaling has failed to bring relief; 90 by default.
    - ``memory_percent``: of the task that uses most, since each is killed for its own use; 90 by default.
    - ``evaluation``: how many bad minutes it takes; ``Evaluation()`` by default.
    - ``topic_arn``: an SNS topic that is told; none by default.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Mapping[str, str],
        cluster_name: str,
        service_name: str,
        cpu_percent: float = defaults.CPU_ALARM_PERCENT,
        memory_percent: float = defaults.MEMORY_ALARM_PERCENT,
        evaluation: Evaluation | None = None,
        topic_arn: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        dimensions = {"ClusterName": cluster_name, "ServiceName": service_name}
        watched = {
            "cpu": (Metric("AWS/ECS", "CPUUtilization", "Average", dimensions), cpu_percent),
            "memory": (Metric("AWS/ECS", "MemoryUtilization", "Maximum", dimensions), memory_percent),
        }
        described = {
            "cpu": f"The tasks use more than {cpu_percent:g} % of the CPU that they reserve.",
            "memory": f"A task uses more than {memory_percent:g} % of its memory, and is killed at 100 %.",
        }
        self.alarms = {
            kind: MetricAlarm(
                self,
                kind,
                name=names[kind],
                description=described[kind],
                watched=metric,
                comparison="GreaterThanThreshold",
                threshold=threshold,
                treat_missing_data="notBreaching",
                evaluation=evaluation,
                topic_arn=topic_arn,
            )
            for kind, (metric, threshold) in watched.items()
            if kind in names
        }


@dataclass(frozen=True)
class HealthyTargets:
    """Tasks counted by a load balancer, against a number.

    - ``target_group``: one that every task joins. No default.
    - ``least``: that there should be, 1 or more. No default.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    """

    target_group: TargetGroupMetrics
    least: int

    @property
    def condition(self) -> Condition:
        """Without a registered target there is no metric, and every task is missing."""
        group = self.target_group
        healthy = Metric(group.health_namespace, "HealthyHostCount", "Minimum", group.dimensions)
        return (healthy, "LessThanThreshold", self.least, "breaching")


@dataclass(frozen=True)
class DesiredTasks:
    """Running tasks counted by Container Insights, against as many as are desired at the time.

    - ``cluster_name``, ``service_name``: whose. No defaults. The cluster needs Container Insights.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
    """

    cluster_name: str
    service_name: str

    @property
    def condition(self) -> Condition:
        """Without a point nothing is known: Container Insights are off, or late."""
        dimensions = {"ClusterName": self.cluster_name, "ServiceName": self.service_name}
        metrics = {
            name: Metric("ECS/ContainerInsights", metric, "Average", dimensions)
            for name, metric in (("desired", "DesiredTaskCount"), ("running", "RunningTaskCount"))
        }
        missing = Formula(metrics, {"missing": "desired - FILL(running, 0)"})
        return (missing, "GreaterThanThreshold", 0, "missing")


class TaskCountAlarms(Construct):
    """Says that tasks are missing, for a while or again and again.

    ECS itself publishes no number of tasks: Container Insights does, at a price, and a load balancer tells how many are
    healthy. ``crash_loop`` sees tasks that stop by the holes that they leave, since no metric counts stopped tasks; the
    holes are seen below the wanted number alone.

    - ``names``: of the alarms ``missing_tasks`` and ``crash_loop``, by these words; one without a name is not made.
      No default.
    - ``wanted``: what is counted, against what. No default.
    - ``evaluation``: of ``missing_tasks``; ``Evaluation()`` by default. ``crash_loop`` is 5 minutes of 20.
    - ``topic_arn``: an SNS topic that is told; none by default.
    - ``depends_on``: the service, whose first tasks are not missing before it is there; nothing by default.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Mapping[str, str],
        wanted: HealthyTargets | DesiredTasks,
        evaluation: Evaluation | None = None,
        topic_arn: str | None = None,
        depends_on: Sequence[ITerraformDependable] = (),
    ) -> None:
        super().__init__(scope, id_)
        watched, comparison, threshold, treat_missing_data = wanted.condition
        described = {
            "missing_tasks": "Fewer tasks serve than there should be.",
            "crash_loop": "Tasks keep stopping: in 5 of 20 minutes fewer served than there should be.",
        }
        self.alarms = {
            kind: MetricAlarm(
                self,
                kind,
                name=names[kind],
                description=description,
                watched=watched,
                comparison=comparison,
                threshold=threshold,
                treat_missing_data=treat_missing_data,
                evaluation=AGAIN_AND_AGAIN if kind == "crash_loop" else evaluation,
                topic_arn=topic_arn,
                depends_on=depends_on,
            )
            for kind, description in described.items()
            if kind in names
        }
