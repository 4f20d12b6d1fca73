"""A CloudWatch dashboard of an ECS service on Fargate."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cdktf import TerraformLocal
from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from constructs import Construct

from constructs_lib import defaults
from constructs_lib.target_group_metrics import health_namespace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs_lib.fargate_cluster import Insights
    from constructs_lib.target_group_metrics import TargetGroupMetrics

    Document = dict[str, Any]

_COLUMNS: Final = 24
_TEXT_ROWS, _GRAPH_ROWS = 3, 6
_MINUTE: Final = 60  # seconds, the least period of these metrics


@dataclass(frozen=True)
class TaskLimits:
    """What a task has, where autoscaling wants it, and how many tasks there are at most: lines in the graphs.

    - ``cpu``: CPU units of a task. No default.
    - ``memory_mib``: MiB of a task. No default.
    - ``most_tasks``: up to which autoscaling goes. No default.
    - ``cpu_target``: percent of the CPU that autoscaling holds; no line by default.
    - ``memory_target``: percent of the memory that autoscaling holds; no line by default.
    - ``requests_target``: requests of a target in a minute that autoscaling holds in the first target group; no line
      by default.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_utilization.html
    """

    cpu: int
    memory_mib: int
    most_tasks: int
    cpu_target: float | None = None
    memory_target: float | None = None
    requests_target: float | None = None


class ServiceDashboard(Construct):
    """Requests, errors and latency of each target group; CPU, memory and tasks of the service; in one dashboard.

    Its body is the same at every plan: CloudWatch draws no deployments by itself, and marks at points in time would be
    others after each. Where Container Insights are on, their number of deployments is drawn, which is 2 while one
    replaces another; without them, the targets' health stands in the place of the tasks' numbers, and a text says so.

    - ``name``: 1 to 255 letters, digits, - and _; PutDashboard replaces another dashboard of the same name. No default.
    - ``region``: of the service, since dashboards are global. No default.
    - ``cluster_name``, ``service_name``: whose metrics it shows. No default.
    - ``target_groups``: that the service's tasks join; where several, each has a row. No default.
    - ``limits``: against which CPU, memory and tasks are shown. No default.
    - ``container_insights``: which metrics CloudWatch collects in the cluster; ``disabled`` by default.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        region: str,
        cluster_name: str,
        service_name: str,
        target_groups: Sequence[TargetGroupMetrics],
        limits: TaskLimits,
        container_insights: Insights = defaults.CONTAINER_INSIGHTS,
    ) -> None:
        super().__init__(scope, id_)
        groups = [_Group(self, number, each) for number, each in enumerate(target_groups, start=1)]
        service = {"ClusterName": cluster_name, "ServiceName": service_name}
        insights = container_insights != "disabled"
        of_groups = [_of_group(each, limits, of=len(groups)) for each in groups]
        of_service = [_cpu(service, limits), _memory(service, limits)]
        of_service += [_tasks(service, limits)] if insights else []
        of_service.append(_targets(groups))
        body = {
            "start": "-PT3H",
            "periodOverride": "inherit",
            "widgets": [
                _text(service, insights=insights),
                *_rows([*of_groups, of_service], region=region),
            ],
        }
        self.resource = CloudwatchDashboard(
            self, "Default", dashboard_name=name, dashboard_body=json.dumps(body, sort_keys=True)
        )


class _Group:
    """With local values of Terraform's for its expressions: JSON would escape the quotes that stand in them.

    https://developer.hashicorp.com/terraform/language/syntax/json#expression-mapping
    """

    def __init__(self, scope: Construct, number: int, group: TargetGroupMetrics) -> None:
        self.name, self.is_first = group.name, number == 1
        balancer = TerraformLocal(scope, f"load_balancer_{number}", group.load_balancer)
        namespace = health_namespace(balancer.fqn)
        self.namespace_of_health = TerraformLocal(scope, f"namespace_{number}", namespace).as_string
        self.balancer = {"LoadBalancer": balancer.as_string}
        self.dimensions = {"TargetGroup": group.target_group, **self.balancer}


def _of_group(group: _Group, limits: TaskLimits, *, of: int) -> list[Document]:
    at = "" if of == 1 else f", {group.name}"
    return [_requests(group, limits, at), _errors(group, at), _latency(group, at)]


def _requests(group: _Group, limits: TaskLimits, at: str) -> Document:
    metrics = [_metric("AWS/ApplicationELB", "RequestCount", group.dimensions, label="all tasks")]
    metrics.append(
        _metric("AWS/ApplicationELB", "RequestCountPerTarget", group.dimensions, label="each task, on average")
    )
    lines = [_line("scaling target of each task", limits.requests_target if group.is_first else None)]
    return _graph(f"Requests a minute{at}", metrics, stat="Sum", unit="requests a minute", lines=lines)


def _errors(group: _Group, at: str) -> Document:
    """The load balancer counts its own answers for all that it serves: they have no dimension of a group."""
    of_tasks = [
        _metric("AWS/ApplicationELB", f"HTTPCode_Target_{code}_Count", group.dimensions, label=f"{code} of the tasks")
        for code in ("5XX", "4XX")
    ]
    of_balancer = [
        _metric("AWS/ApplicationELB", f"HTTPCode_ELB_{code}_Count", group.balancer, label=f"{code} of the balancer")
        for code in ("5XX", "4XX")
    ]
    return _graph(f"Errors a minute{at}", [*of_tasks, *of_balancer], stat="Sum", unit="answers a minute")


def _latency(group: _Group, at: str) -> Document:
    metrics = [
        _metric("AWS/ApplicationELB", "TargetResponseTime", group.dimensions, label=stat, stat=stat)
        for stat in ("p50", "p90", "p99")
    ]
    return _graph(f"Latency{at}", metrics, stat="p99", unit="seconds")


def _cpu(service: Document, limits: TaskLimits) -> Document:
    lines = [_line("scaling target", limits.cpu_target), _line(f"limit, {limits.cpu} CPU units", 100)]
    return _graph("CPU", _used("CPUUtilization", service), stat="Average", unit="percent of the limit", lines=lines)


def _memory(service: Document, limits: TaskLimits) -> Document:
    lines = [_line("scaling target", limits.memory_target), _line(f"limit, {limits.memory_mib} MiB", 100)]
    return _graph(
        "Memory", _used("MemoryUtilization", service), stat="Average", unit="percent of the limit", lines=lines
    )


def _used(name: str, service: Document) -> list[list[Any]]:
    return [
        _metric("AWS/ECS", name, service, label="average of the tasks"),
        _metric("AWS/ECS", name, service, label="highest", stat="Maximum"),
    ]


def _tasks(service: Document, limits: TaskLimits) -> Document:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html"""
    metrics = [
        _metric("ECS/ContainerInsights", f"{which.capitalize()}TaskCount", service, label=which)
        for which in ("desired", "running", "pending")
    ]
    metrics.append(_metric("ECS/ContainerInsights", "DeploymentCount", service, label="deployments", stat="Maximum"))
    lines = [_line("most tasks", limits.most_tasks)]
    return _graph("Tasks and deployments", metrics, stat="Average", unit="tasks", lines=lines)


def _targets(groups: Sequence[_Group]) -> Document:
    metrics = []
    for group in groups:
        at = "" if len(groups) == 1 else f", {group.name}"
        healthy = _metric(group.namespace_of_health, "HealthyHostCount", group.dimensions, label=f"healthy{at}")
        unhealthy = {"label": f"unhealthy{at}", "stat": "Maximum"}
        metrics += [healthy, _metric(group.namespace_of_health, "UnHealthyHostCount", group.dimensions, **unhealthy)]
    return _graph("Targets", metrics, stat="Minimum", unit="targets")


def _metric(namespace: str, name: str, dimensions: Mapping[str, str], **options: str) -> list[Any]:
    return [namespace, name, *(part for dimension in dimensions.items() for part in dimension), options]


def _line(label: str, value: float | None) -> Document | None:
    return None if value is None else {"label": label, "value": value}


def _graph(
    title: str, metrics: Sequence[list[Any]], *, stat: str, unit: str, lines: Sequence[Document | None] = ()
) -> Document:
    shown = [line for line in lines if line]
    return {
        "title": title,
        "view": "timeSeries",
        "stacked": False,
        "period": _MINUTE,
        "stat": stat,
        "metrics": list(metrics),
        "yAxis": {"left": {"label": unit, "min": 0, "showUnits": False}},
        **({"annotations": {"horizontal": shown}} if shown else {}),
    }


def _text(service: Document, *, insights: bool) -> Document:
    deployments = (
        "**Deployments** is 2 while a deployment replaces another, and 1 otherwise."
        if insights
        else f"Container Insights are off in cluster `{service['ClusterName']}`, so that CloudWatch knows neither how "
        "many tasks are desired, running and pending nor when a deployment began: **Targets** has what the load "
        "balancer finds healthy."
    )
    markdown = (
        f"## {service['ServiceName']}\n"
        f"ECS service `{service['ServiceName']}` in cluster `{service['ClusterName']}`. Terraform makes this "
        f"dashboard: the next apply takes away what is changed here by hand. {deployments}"
    )
    place = {"x": 0, "y": 0, "width": _COLUMNS, "height": _TEXT_ROWS}
    return {"type": "text", **place, "properties": {"markdown": markdown}}


def _rows(rows: Sequence[Sequence[Document]], *, region: str) -> list[Document]:
    """Below the text, each row as wide as the dashboard."""
    return [
        {
            "type": "metric",
            "x": column * (_COLUMNS // len(row)),
            "y": _TEXT_ROWS + number * _GRAPH_ROWS,
            "width": _COLUMNS // len(row),
            "height": _GRAPH_ROWS,
            "properties": {**properties, "region": region},
        }
        for number, row in enumerate(rows)
        for column, properties in enumerate(row)
    ]
