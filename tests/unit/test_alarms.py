"""The alarms' constructs alone in another team's stack, and in the stack of an environment that has them."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import TerraformStack, Testing
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.provider import AwsProvider

from constructs_lib.metric_alarm import Evaluation, Formula, Metric
from constructs_lib.service_alarms import DesiredTasks, HealthyTargets, TaskCountAlarms, UtilizationAlarms
from constructs_lib.target_group_alarms import AnswerThresholds, TargetGroupAlarms
from constructs_lib.target_group_metrics import TargetGroupMetrics
from tests.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.template import Block

GROUP = TargetGroupMetrics(name="orders", load_balancer="app/main/1", target_group="targetgroup/orders/2")
DIMENSIONS = {"LoadBalancer": "app/main/1", "TargetGroup": "targetgroup/orders/2"}
SERVICE = {"ClusterName": "shared", "ServiceName": "orders"}
NAMESPACE = '${startswith("app/main/1", "net/") ? "AWS/NetworkELB" : "AWS/ApplicationELB"}'
TOPIC = "arn:aws:sns:eu-west-1:111111111111:ops"
KINDS = ("server_errors", "latency", "unhealthy_targets", "cpu", "memory", "missing_tasks", "crash_loop")


@pytest.fixture
def stack() -> TerraformStack:
    stack = TerraformStack(Testing.app(), "orders")
    AwsProvider(stack, "aws", region="eu-west-1")
    return stack


def alarms(template: Template) -> dict[str, Block]:
    """By their names."""
    return {one["alarm_name"]: one for one in template.all("aws_cloudwatch_metric_alarm")}


def queries(alarm: Block) -> dict[str, Any]:
    return {one["id"]: one.get("expression") or one["metric"] for one in alarm["metric_query"]}


def sum_of(name: str, dimensions: dict[str, str] = DIMENSIONS) -> Block:
    of = {"namespace": "AWS/ApplicationELB", "metric_name": name, "dimensions": dimensions}
    return {**of, "stat": "Sum", "period": 60}


def test_server_errors_by_default(stack: TerraformStack) -> None:
    """What the tasks and the load balancer answered with 5xx, of all requests, where there are enough of them."""
    TargetGroupAlarms(stack, "alarms", names={"server_errors": "orders-errors"}, target_group=GROUP)
    (alarm,) = Template.of(stack).all("aws_cloudwatch_metric_alarm")
    assert queries(alarm) == {
        "requests": sum_of("RequestCount"),
        "answers": sum_of("HTTPCode_Target_5XX_Count"),
        "failures": sum_of("HTTPCode_ELB_5XX_Count", {"LoadBalancer": "app/main/1"}),
        "errors": "FILL(answers, 0) + FILL(failures, 0)",
        "total": "IF(FILL(requests, 0) > errors, FILL(requests, 0), errors)",
        "percent": "IF(total >= 20, 100 * errors / total, 0)",
    }
    assert [one["id"] for one in alarm["metric_query"] if one.get("return_data")] == ["percent"]
    del alarm["metric_query"], alarm["alarm_description"]
    assert alarm == {
        "alarm_name": "orders-errors",
        "comparison_operator": "GreaterThanThreshold",
        "threshold": 5,
        "evaluation_periods": 5,
        "datapoints_to_alarm": 3,
        "treat_missing_data": "notBreaching",
    }


def test_a_shared_load_balancers_own_errors_are_nobodys(stack: TerraformStack) -> None:
    """Connections to this group's targets that failed stand in for them."""
    thresholds = AnswerThresholds(shared_load_balancer=True)
    TargetGroupAlarms(stack, "alarms", names={"server_errors": "a"}, target_group=GROUP, thresholds=thresholds)
    (alarm,) = Template.of(stack).all("aws_cloudwatch_metric_alarm")
    assert queries(alarm)["failures"] == sum_of("TargetConnectionErrorCount")


def test_target_group_alarms_as_told(stack: TerraformStack) -> None:
    """Each threshold where it belongs, in the description too; the topic hears of the end as of the beginning."""
    TargetGroupAlarms(
        stack,
        "alarms",
        names={"server_errors": "e", "latency": "l", "unhealthy_targets": "u"},
        target_group=GROUP,
        thresholds=AnswerThresholds(
            server_errors_percent=1.5, latency_seconds=0.25, least_requests=7, unhealthy_targets=4
        ),
        evaluation=Evaluation(evaluation_periods=9, datapoints_to_alarm=8),
        topic_arn=TOPIC,
    )
    found = alarms(Template.of(stack))
    for alarm in found.values():
        assert (alarm["evaluation_periods"], alarm["datapoints_to_alarm"]) == (9, 8)
        assert alarm["alarm_actions"] == alarm["ok_actions"] == [TOPIC]
        assert alarm["treat_missing_data"] == "notBreaching"
    assert [found[name]["threshold"] for name in "elu"] == [1.5, 0.25, 4]
    assert queries(found["e"])["percent"] == "IF(total >= 7, 100 * errors / total, 0)"
    assert queries(found["l"]) == {
        "requests": sum_of("RequestCount"),
        "latency": {**sum_of("TargetResponseTime"), "stat": "p99"},
        "seconds": "IF(FILL(requests, 0) >= 7, FILL(latency, 0), 0)",
    }
    assert found["u"]["comparison_operator"] == "GreaterThanOrEqualToThreshold"
    assert found["u"]["dimensions"] == DIMENSIONS
    assert (found["u"]["namespace"], found["u"]["metric_name"]) == (NAMESPACE, "UnHealthyHostCount")
    assert (found["u"]["statistic"], found["u"]["period"]) == ("Maximum", 60)
    for name, parts in {
        "e": ("1.5 %", "7 requests", "answered with 5xx"),
        "l": ("0.25 s", "7 requests"),
        "u": ("4 or more",),
    }.items():
        assert all(part in found[name]["alarm_description"] for part in parts)


@pytest.mark.parametrize(
    ("names", "warned"), [({"server_errors": "a"}, True), ({"latency": "a"}, True), ({"unhealthy_targets": "a"}, False)]
)
def test_a_network_load_balancer_is_warned_of(stack: TerraformStack, names: dict[str, str], *, warned: bool) -> None:
    """It counts no requests."""
    TargetGroupAlarms(stack, "alarms", names=names, target_group=GROUP)
    checks = Template.of(stack).json.get("check", {})
    warning = {
        "condition": '${startswith("app/main/1", "app/")}',
        "error_message": (
            "app/main/1 is a network load balancer, which counts no requests: the alarms server_errors and latency "
            "of its target group never go into ALARM. Leave them out."
        ),
    }
    assert [check["assert"] for check in checks.values()] == [[warning]] * warned


def test_utilization(stack: TerraformStack) -> None:
    """The average of the CPU, and the memory of the task that uses most."""
    names = {"cpu": "c", "memory": "m"}
    UtilizationAlarms(stack, "alarms", names=names, cluster_name="shared", service_name="orders", memory_percent=80)
    found = alarms(Template.of(stack))
    told = ("namespace", "metric_name", "statistic", "dimensions", "threshold", "treat_missing_data")
    assert [[found[name][key] for key in told] for name in "cm"] == [
        ["AWS/ECS", "CPUUtilization", "Average", SERVICE, 90, "notBreaching"],
        ["AWS/ECS", "MemoryUtilization", "Maximum", SERVICE, 80, "notBreaching"],
    ]
    assert {one["comparison_operator"] for one in found.values()} == {"GreaterThanThreshold"}


def test_missing_tasks_by_the_load_balancer(stack: TerraformStack) -> None:
    """Without a target there is no metric, which is the worst case; the service is there before them."""
    service = CloudwatchLogGroup(stack, "service", name="stands in for it")
    TaskCountAlarms(
        stack,
        "alarms",
        names={"missing_tasks": "m", "crash_loop": "c"},
        wanted=HealthyTargets(GROUP, least=2),
        evaluation=Evaluation(evaluation_periods=4, datapoints_to_alarm=2),
        depends_on=[service],
    )
    found = alarms(Template.of(stack))
    for alarm in found.values():
        assert (alarm["metric_name"], alarm["statistic"], alarm["namespace"]) == (
            "HealthyHostCount",
            "Minimum",
            NAMESPACE,
        )
        assert (alarm["comparison_operator"], alarm["threshold"]) == ("LessThanThreshold", 2)
        assert alarm["treat_missing_data"] == "breaching"
        assert alarm["depends_on"] == ["aws_cloudwatch_log_group.service"]
    assert [(found[name]["datapoints_to_alarm"], found[name]["evaluation_periods"]) for name in "mc"] == [
        (2, 4),
        (5, 20),
    ]


def test_missing_tasks_by_container_insights(stack: TerraformStack) -> None:
    """Against as many as are desired at the time; without a word of them nothing is known."""
    TaskCountAlarms(stack, "alarms", names={"missing_tasks": "m"}, wanted=DesiredTasks("shared", "orders"))
    (alarm,) = Template.of(stack).all("aws_cloudwatch_metric_alarm")
    metric = {"namespace": "ECS/ContainerInsights", "dimensions": SERVICE, "stat": "Average", "period": 60}
    assert queries(alarm) == {
        "desired": {**metric, "metric_name": "DesiredTaskCount"},
        "running": {**metric, "metric_name": "RunningTaskCount"},
        "missing": "desired - FILL(running, 0)",
    }
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("GreaterThanThreshold", 0)
    assert alarm["treat_missing_data"] == "missing"


@pytest.mark.parametrize(
    ("values", "attribute"),
    [
        (GROUP, "target_group"),
        (AnswerThresholds(), "latency_seconds"),
        (Evaluation(), "evaluation_periods"),
        (HealthyTargets(GROUP, least=1), "least"),
        (DesiredTasks("shared", "orders"), "service_name"),
        (Metric("AWS/ECS", "CPUUtilization", "Average", SERVICE), "statistic"),
        (Formula({}, {}), "metrics"),
    ],
)
def test_values_are_frozen(values: Any, attribute: str) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(values, attribute, "other")


def test_an_environment_has_none_by_default(synthesize: Callable[..., Template]) -> None:
    template = synthesize()
    assert template.all("aws_cloudwatch_metric_alarm") == []
    assert "alarms" not in template.only("aws_ecs_service")


def test_names_carry_service_and_environment(synthesize: Callable[..., Template]) -> None:
    """One of each kind, and of a target group's kinds one for each group."""
    groups = {"loadbalancing": {"backend": S3, "outputs": {"target_group_arn": ["a", "b"]}}}
    template = synthesize(alarms={"enabled": True}, remote_state=states(groups))
    names = {f"go-api-dev-{kind.replace('_', '-')}" for kind in KINDS}
    assert {*alarms(template)} == names | {
        f"go-api-dev-{kind}-2" for kind in ("server-errors", "latency", "unhealthy-targets")
    }
    (first, second) = (alarms(template)[f"go-api-dev-latency{number}"] for number in ("", "-2"))
    groups_of = [queries(one)["requests"]["dimensions"]["TargetGroup"] for one in (first, second)]
    assert groups_of == [
        f"${{data.aws_lb_target_group.existing_loadbalancing{number}.arn_suffix}}" for number in ("", "_2")
    ]


S3 = {"type": "s3", "bucket": "states", "key": "loadbalancing.tfstate", "region": "eu-west-1"}


def states(changes: dict[str, Any]) -> dict[str, Any]:
    modules = ("networking", "security", "loadbalancing")
    return {module: {"backend": {**S3, "key": f"{module}.tfstate"}} for module in modules} | changes


def test_what_is_left_out_is_not_made(synthesize: Callable[..., Template]) -> None:
    for kind in KINDS:
        found = alarms(synthesize(alarms={"enabled": True, "leave_out": [kind]}))
        assert {*found} == {f"go-api-dev-{other.replace('_', '-')}" for other in KINDS if other != kind}


def test_a_deployment_is_taken_back_by_them(synthesize: Callable[..., Template]) -> None:
    """They are there before the service is deployed; the others wait for the service, or need not."""
    template = synthesize(
        alarms={"enabled": True, "roll_back": ["server_errors", "cpu"], "roll_back_alarm_names": ["checkout ${x}"]}
    )
    service = template.only("aws_ecs_service")
    names = ["go-api-dev-server-errors", "go-api-dev-cpu", "checkout $${x}"]
    assert service["alarms"] == {"alarm_names": names, "enable": True, "rollback": True}
    needed = [each for each in service["depends_on"] if each.startswith("aws_cloudwatch_metric_alarm.")]
    assert [each.rpartition("_")[0] for each in needed] == [
        "aws_cloudwatch_metric_alarm.target_group_alarms_server_errors",
        "aws_cloudwatch_metric_alarm.utilization_alarms_cpu",
    ]
    (postcondition,) = service["lifecycle"]["postcondition"]
    assert postcondition["error_message"].endswith(f" Or one of these alarms was raised: {', '.join(names)}.")
    waiting = {
        name for name, alarm in alarms(template).items() if "aws_ecs_service" in json.dumps(alarm.get("depends_on"))
    }
    assert waiting == {"go-api-dev-missing-tasks", "go-api-dev-crash-loop"}


def test_others_alarms_need_none_of_ours(synthesize: Callable[..., Template]) -> None:
    template = synthesize(alarms={"roll_back_alarm_names": ["checkout"]})
    assert template.all("aws_cloudwatch_metric_alarm") == []
    assert template.only("aws_ecs_service")["alarms"]["alarm_names"] == ["checkout"]


@pytest.mark.parametrize(
    ("insights", "metric"), [("disabled", "HealthyHostCount"), ("enabled", None), ("enhanced", None)]
)
def test_how_missing_tasks_are_counted(synthesize: Callable[..., Template], insights: str, metric: str | None) -> None:
    """By what the cluster publishes, against the least that autoscaling keeps otherwise."""
    template = synthesize(
        alarms={"enabled": True}, cluster={"container_insights": insights}, scaling={"min_capacity": 3}
    )
    alarm = alarms(template)["go-api-dev-missing-tasks"]
    assert alarm.get("metric_name") == metric
    assert alarm["threshold"] == (3 if metric else 0)


def test_a_schedule_says_how_few_tasks_may_serve(synthesize: Callable[..., Template]) -> None:
    """At night, say."""
    night = {"name": "night", "expression": "cron(0 20 ? * MON-FRI *)", "min_capacity": 2}
    scaling = {"min_capacity": 3, "schedule": [night, {**night, "name": "day", "min_capacity": 5}]}
    template = synthesize(
        alarms={"enabled": True}, cluster={"container_insights": "disabled"}, scaling={**scaling, "max_capacity": 9}
    )
    assert alarms(template)["go-api-dev-missing-tasks"]["threshold"] == 2
