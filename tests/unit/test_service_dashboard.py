"""The dashboard's body: what it shows of which metrics, of one target group or several, with insights or without."""

from __future__ import annotations

import json
import re
from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import TerraformStack, Testing
from cdktf_cdktf_provider_aws.provider import AwsProvider

from constructs_lib.service_dashboard import ServiceDashboard, TaskLimits
from constructs_lib.target_group_metrics import TargetGroupMetrics
from tests.dashboard_bodies import assert_taken
from tests.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.template import Block

    Synthesize = Callable[..., Template]

GROUPS = [
    TargetGroupMetrics(name=name, target_group=f"targetgroup/{name}/0123", load_balancer=f"{kind}/{name}/4567")
    for name, kind in (("public", "app"), ("internal", "net"))
]
LIMITS = TaskLimits(cpu=256, memory_mib=512, most_tasks=4)
OF_SERVICE = ["ClusterName", "shared", "ServiceName", "orders"]


def dashboard(*, groups: int = 1, limits: TaskLimits = LIMITS, **options: Any) -> tuple[Block, dict[str, str]]:
    """The resource with its body parsed, and the local values by their names without a hash."""
    stack = TerraformStack(Testing.app(), "orders")
    AwsProvider(stack, "aws", region="eu-west-1")
    ServiceDashboard(
        stack,
        "dashboard",
        name="orders-prod",
        region="eu-west-1",
        cluster_name="shared",
        service_name="orders",
        target_groups=GROUPS[:groups],
        limits=limits,
        **options,
    )
    template = Template.of(stack)
    text = re.sub(r"_[0-9A-F]{8}\b", "", template.text)
    document = json.loads(text)
    block = document["resource"]["aws_cloudwatch_dashboard"]["dashboard"]
    return {**block, "dashboard_body": json.loads(block["dashboard_body"])}, document["locals"]


def body(**options: Any) -> Block:
    found: Block = dashboard(**options)[0]["dashboard_body"]
    assert_taken(found)
    return found


def graphs(found: Block) -> dict[str, Block]:
    return {each["properties"]["title"]: each["properties"] for each in found["widgets"] if each["type"] == "metric"}


def metrics(graph: Block) -> dict[str, tuple[str, list[str], str]]:
    """Label to namespace and name, dimensions, statistic."""
    return {
        options["label"]: (f"{namespace} {name}", dimensions, options.get("stat", graph["stat"]))
        for namespace, name, *dimensions, options in graph["metrics"]
    }


def text(found: Block) -> str:
    (widget,) = [each for each in found["widgets"] if each["type"] == "text"]
    return str(widget["properties"]["markdown"])


def test_one_target_group() -> None:
    """Every metric that is promised, of these dimensions and statistics; what the load balancer counts, of it alone."""
    balancer = ["LoadBalancer", "${local.dashboard_load_balancer_1}"]
    group = ["TargetGroup", "targetgroup/public/0123", *balancer]
    health = "${local.dashboard_namespace_1}"
    assert {title: metrics(graph) for title, graph in graphs(body()).items()} == {
        "Requests a minute": {
            "all tasks": ("AWS/ApplicationELB RequestCount", group, "Sum"),
            "each task, on average": ("AWS/ApplicationELB RequestCountPerTarget", group, "Sum"),
        },
        "Errors a minute": {
            "5XX of the tasks": ("AWS/ApplicationELB HTTPCode_Target_5XX_Count", group, "Sum"),
            "4XX of the tasks": ("AWS/ApplicationELB HTTPCode_Target_4XX_Count", group, "Sum"),
            "5XX of the balancer": ("AWS/ApplicationELB HTTPCode_ELB_5XX_Count", balancer, "Sum"),
            "4XX of the balancer": ("AWS/ApplicationELB HTTPCode_ELB_4XX_Count", balancer, "Sum"),
        },
        "Latency": {stat: ("AWS/ApplicationELB TargetResponseTime", group, stat) for stat in ("p50", "p90", "p99")},
        "CPU": {
            "average of the tasks": ("AWS/ECS CPUUtilization", OF_SERVICE, "Average"),
            "highest": ("AWS/ECS CPUUtilization", OF_SERVICE, "Maximum"),
        },
        "Memory": {
            "average of the tasks": ("AWS/ECS MemoryUtilization", OF_SERVICE, "Average"),
            "highest": ("AWS/ECS MemoryUtilization", OF_SERVICE, "Maximum"),
        },
        "Targets": {
            "healthy": (f"{health} HealthyHostCount", group, "Minimum"),
            "unhealthy": (f"{health} UnHealthyHostCount", group, "Maximum"),
        },
    }


def test_each_graph_is_of_minutes_in_the_services_region() -> None:
    """Dashboards are global, and the periods are not the viewer's: a sum is a minute's, as its axis says."""
    found = body(groups=2)
    assert (found["start"], found["periodOverride"]) == ("-PT3H", "inherit")
    for graph in graphs(found).values():
        assert (graph["region"], graph["period"], graph["view"], graph["stacked"]) == (
            "eu-west-1",
            60,
            "timeSeries",
            False,
        )
        assert (graph["yAxis"]["left"]["min"], graph["yAxis"]["left"]["showUnits"]) == (0, False)
    units = {title: graph["yAxis"]["left"]["label"] for title, graph in graphs(body()).items()}
    assert units == {
        "Requests a minute": "requests a minute",
        "Errors a minute": "answers a minute",
        "Latency": "seconds",
        "CPU": "percent of the limit",
        "Memory": "percent of the limit",
        "Targets": "targets",
    }


def test_several_target_groups_have_a_row_each() -> None:
    """The titles say whose; the targets' health of all is in one graph."""
    found = body(groups=2)
    shown = graphs(found)
    assert list(shown) == [
        *(
            f"{what}, {group}"
            for group in ("public", "internal")
            for what in ("Requests a minute", "Errors a minute", "Latency")
        ),
        *("CPU", "Memory", "Targets"),
    ]
    second = ["TargetGroup", "targetgroup/internal/0123", "LoadBalancer", "${local.dashboard_load_balancer_2}"]
    assert metrics(shown["Latency, internal"])["p99"] == ("AWS/ApplicationELB TargetResponseTime", second, "p99")
    assert {label: dimensions[1] for label, (_, dimensions, _) in metrics(shown["Targets"]).items()} == {
        "healthy, public": "targetgroup/public/0123",
        "unhealthy, public": "targetgroup/public/0123",
        "healthy, internal": "targetgroup/internal/0123",
        "unhealthy, internal": "targetgroup/internal/0123",
    }
    places = [(each["x"], each["y"], each["width"], each["height"]) for each in found["widgets"]]
    assert places == [(0, 0, 24, 3), *((column, row, 8, 6) for row in (3, 9, 15) for column in (0, 8, 16))]


def test_a_network_load_balancer_has_its_own_namespace() -> None:
    """Which kind it is, the load balancer's ARN says, by its own beginning."""
    _, locals_ = dashboard(groups=2)
    assert locals_ == {
        "dashboard_load_balancer_1": "app/public/4567",
        "dashboard_namespace_1": (
            '${startswith(local.dashboard_load_balancer_1, "net/") ? "AWS/NetworkELB" : "AWS/ApplicationELB"}'
        ),
        "dashboard_load_balancer_2": "net/internal/4567",
        "dashboard_namespace_2": (
            '${startswith(local.dashboard_load_balancer_2, "net/") ? "AWS/NetworkELB" : "AWS/ApplicationELB"}'
        ),
    }


@pytest.mark.parametrize("insights", ["enabled", "enhanced"])
def test_with_container_insights(insights: str) -> None:
    """Tasks and deployments, which CloudWatch has no annotations for; the text says how a deployment looks."""
    found = body(container_insights=insights)
    tasks = graphs(found)["Tasks and deployments"]
    assert metrics(tasks) == {
        "desired": ("ECS/ContainerInsights DesiredTaskCount", OF_SERVICE, "Average"),
        "running": ("ECS/ContainerInsights RunningTaskCount", OF_SERVICE, "Average"),
        "pending": ("ECS/ContainerInsights PendingTaskCount", OF_SERVICE, "Average"),
        "deployments": ("ECS/ContainerInsights DeploymentCount", OF_SERVICE, "Maximum"),
    }
    assert tasks["annotations"] == {"horizontal": [{"label": "most tasks", "value": 4}]}
    assert tasks["yAxis"]["left"]["label"] == "tasks"
    assert "Targets" in graphs(found)
    assert text(found).endswith(" **Deployments** is 2 while a deployment replaces another, and 1 otherwise.")
    assert [each["width"] for each in found["widgets"] if each["y"] == 9] == [6, 6, 6, 6]


def test_without_container_insights_it_says_what_is_missing() -> None:
    """And in which cluster; no graph is there that would stay empty."""
    found = body()
    assert "Container Insights are off in cluster `shared`" in text(found)
    assert "ECS/ContainerInsights" not in json.dumps(found)
    assert text(found).startswith("## orders\nECS service `orders` in cluster `shared`. ")


def lines(found: Block) -> dict[str, list[Block]]:
    shown = graphs(found).items()
    return {title: graph["annotations"]["horizontal"] for title, graph in shown if "annotations" in graph}


def test_lines_of_limits_and_targets() -> None:
    """A task's limit is the whole of its percents; a target that autoscaling does not have has no line."""
    limits = [{"label": "limit, 256 CPU units", "value": 100}], [{"label": "limit, 512 MiB", "value": 100}]
    assert lines(body()) == {"CPU": limits[0], "Memory": limits[1]}
    tracked = TaskLimits(cpu=256, memory_mib=512, most_tasks=4, cpu_target=70, memory_target=80.5, requests_target=900)
    assert lines(body(limits=tracked)) == {
        "CPU": [{"label": "scaling target", "value": 70}, *limits[0]],
        "Memory": [{"label": "scaling target", "value": 80.5}, *limits[1]],
        "Requests a minute": [{"label": "scaling target of each task", "value": 900}],
    }


def test_a_target_of_requests_is_the_first_groups() -> None:
    """By whose requests autoscaling goes."""
    limits = TaskLimits(cpu=256, memory_mib=512, most_tasks=4, requests_target=900)
    assert [title for title in lines(body(groups=2, limits=limits)) if "Requests" in title] == [
        "Requests a minute, public"
    ]


def test_there_is_none_by_default(template: Template) -> None:
    """It costs, from the fourth in an account on."""
    assert "aws_cloudwatch_dashboard" not in template.resource_types()


def test_of_the_stack(synthesize: Synthesize) -> None:
    """Its own service, size and target; the groups as the plan looks them up, each by its own data source."""
    groups = {"loadbalancing": {"outputs": {"target_group_arn": ["target_group_arn", "internal_arn"]}}}
    template = synthesize(
        dashboard={"enabled": True},
        remote_state=groups,
        container={"cpu": 1024, "memory_mib": 4096},
        scaling={
            "max_capacity": 7,
            "cpu_target_percent": 55,
            "memory_target_percent": 75,
            "requests_per_target": 600,
            "schedule": [{"name": "sale", "expression": "cron(0 8 * * ? *)", "max_capacity": 9}],
        },
        cluster={"container_insights": "enhanced"},
    )
    block = template.only("aws_cloudwatch_dashboard")
    assert block.keys() == {"dashboard_name", "dashboard_body"}
    assert block["dashboard_name"] == "go-api-dev"
    found = json.loads(block["dashboard_body"])
    assert_taken(found)
    data = "data.aws_lb_target_group.existing_loadbalancing"
    assert f"Latency, ${{{data}_2.name}}" in graphs(found)
    cpu = metrics(graphs(found)["CPU"])["highest"]
    assert cpu == ("AWS/ECS CPUUtilization", ["ClusterName", "go-api-dev", "ServiceName", "go-api-dev"], "Maximum")
    requests = metrics(graphs(found)[f"Requests a minute, ${{{data}.name}}"])
    assert requests["all tasks"][1][1] == f"${{{data}.arn_suffix}}"
    assert lines(found) == {
        "CPU": [{"label": "scaling target", "value": 55}, {"label": "limit, 1024 CPU units", "value": 100}],
        "Memory": [{"label": "scaling target", "value": 75}, {"label": "limit, 4096 MiB", "value": 100}],
        f"Requests a minute, ${{{data}.name}}": [{"label": "scaling target of each task", "value": 600}],
        "Tasks and deployments": [{"label": "most tasks", "value": 9}],
    }
    balancers = {value for name, value in template.json["locals"].items() if "load_balancer" in name}
    assert balancers == {
        f'${{split(":loadbalancer/", tolist({group}.load_balancer_arns)[0])[1]}}' for group in (data, f"{data}_2")
    }


def test_of_somebody_elses_cluster(synthesize: Synthesize) -> None:
    """By its name, and with the insights that the file says it has."""
    shared = {"name": "shared", "container_insights": "enabled"}
    template = synthesize(dashboard={"enabled": True}, cluster=shared)
    found = json.loads(template.only("aws_cloudwatch_dashboard")["dashboard_body"])
    assert metrics(graphs(found)["Tasks and deployments"])["running"][1][:2] == ["ClusterName", "shared"]


def test_it_is_the_same_each_time(synthesize: Synthesize) -> None:
    """To the byte, so that a second plan has nothing to do: the keys are in order."""
    first, second = (synthesize(dashboard={"enabled": True}).only("aws_cloudwatch_dashboard") for _ in range(2))
    assert first == second
    assert first["dashboard_body"] == json.dumps(json.loads(first["dashboard_body"]), sort_keys=True)


@pytest.mark.parametrize("values", [GROUPS[0], LIMITS])
def test_values_stay_as_they_are(values: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        values.name = "other"
