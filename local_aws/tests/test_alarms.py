"""Metric alarms of the embedded AWS: kept as they were put, and evaluated by AWS's rules."""

from __future__ import annotations

import json
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from ministack.core.responses import request_scope
from ministack.services import cloudwatch

from local_aws import server_process
from local_aws.cloudwatch import alarms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local_aws.instance import Client, LocalAws

    Alarm = dict[str, Any]

DIMENSIONS = [{"Name": "ServiceName", "Value": "orders"}]
ALARM: Alarm = {
    "AlarmName": "busy",
    "AlarmDescription": "The tasks are busy & more.",
    "Namespace": "AWS/ECS",
    "MetricName": "CPUUtilization",
    "Dimensions": DIMENSIONS,
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 5,
    "DatapointsToAlarm": 3,
    "Threshold": 90.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


def query(name: str, metric: str, stat: str = "Sum") -> Alarm:
    wanted = {"Namespace": "orders", "MetricName": metric, "Dimensions": DIMENSIONS}
    return {"Id": name, "MetricStat": {"Metric": wanted, "Period": 60, "Stat": stat}, "ReturnData": False}


RATIO: Alarm = {
    "AlarmName": "errors",
    "Metrics": [
        query("requests", "Requests"),
        query("errors", "Errors"),
        {"Id": "percent", "Expression": "100 * FILL(errors, 0) / requests", "ReturnData": True},
    ],
    "EvaluationPeriods": 2,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


@pytest.fixture
def periods(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The ends of periods that a test makes, in a region of its own."""
    ends = [0.0]
    monkeypatch.setattr(alarms, "_period_ends", ends)
    with request_scope("111111111111", "eu-west-3"):
        yield ends
        for store in (cloudwatch._alarms, cloudwatch._metrics, cloudwatch._alarm_history):
            for key in list(store):
                del store[key]


def stored(alarm: Alarm, **changes: Any) -> Alarm:
    whole = {"StateValue": "INSUFFICIENT_DATA", "StateReason": "", **alarm, **changes}
    cloudwatch._alarms[alarm["AlarmName"]] = whole
    return whole


def publish(
    periods: list[float], *values: float | None, namespace: str = "AWS/ECS", name: str = "CPUUtilization"
) -> None:
    """One for each period since the first one, which begins at 0 s."""
    periods[1:] = [60.0 * number for number in range(1, len(values) + 1)]
    points = [
        {"Timestamp": end, "Value": value} for end, value in zip(periods[1:], values, strict=True) if value is not None
    ]
    cloudwatch._metrics[namespace, name, "ServiceName=orders"] = points


@pytest.mark.parametrize(
    ("values", "missing", "state"),
    [
        ([95, 95, 10, 95], "notBreaching", "ALARM"),
        ([95, 95, 10, 10], "notBreaching", "OK"),
        ([95, 95, 95, 10, 10, 10], "notBreaching", "OK"),
        ([95, 95, 95, 10, 10], "notBreaching", "ALARM"),
        ([90, 90, 90], "notBreaching", "OK"),
        ([95, None, None, None, 95], "notBreaching", "OK"),
        ([95, None, None, 10, 10], "breaching", "ALARM"),
        ([95, None, 10, 10, 10], "breaching", "OK"),
        ([None, None, None], "breaching", "ALARM"),
        ([None, None], "breaching", "OK"),
        ([None, None, None], "notBreaching", "OK"),
        ([None, None, None], "missing", "INSUFFICIENT_DATA"),
        ([None, None, None], "ignore", "ALARM"),
        ([95, 95, 95, None, None], "missing", "ALARM"),
        ([None, None, 95, None, None], "missing", "ALARM"),
        ([None, None, 95, None, None], "ignore", "ALARM"),
        ([None, None, 95, None, None], "notBreaching", "OK"),
        ([95, None, None], "missing", "ALARM"),
        ([10, None, 95, None, None], "missing", "OK"),
        ([None, None, None, 95, None], "missing", "OK"),
        ([95, None, None, 10], "missing", "OK"),
        ([95, 10, 95, None], "missing", "OK"),
    ],
)
def test_states(periods: list[float], values: list[float | None], missing: str, state: str) -> None:
    """Three bad points of the last five raise an alarm; what a missing one is, the alarm says."""
    alarm = stored(ALARM, TreatMissingData=missing, StateValue="ALARM" if missing == "ignore" else "OK")
    publish(periods, *values)
    alarms.evaluate()
    assert alarm["StateValue"] == state


def test_other_dimensions_are_another_metric(periods: list[float]) -> None:
    """Another service's CPU is no matter."""
    alarm = stored(ALARM, Dimensions=[{"Name": "ServiceName", "Value": "invoices"}])
    publish(periods, 95, 95, 95)
    alarms.evaluate()
    assert alarm["StateValue"] == "OK"


def test_a_longer_period(periods: list[float]) -> None:
    """Five minutes are one point, of which two are needed."""
    alarm = stored(ALARM, Period=300, EvaluationPeriods=2, DatapointsToAlarm=2, Statistic="Maximum")
    publish(periods, *[95, 10, 10, 10, 10] * 2)
    alarms.evaluate()
    assert alarm["StateValue"] == "ALARM"


def test_metric_math(periods: list[float]) -> None:
    """And the reason shows the results, newest first."""
    alarm = stored(RATIO)
    publish(periods, 200, 100, namespace="orders", name="Requests")
    publish(periods, 12, 20, namespace="orders", name="Errors")
    alarms.evaluate()
    assert alarm["StateValue"] == "ALARM"
    assert alarm["StateReason"] == (
        "Threshold Crossed: 2 out of the last 2 datapoints [20 (01/01/70 00:02:00), 6 (01/01/70 00:01:00)] were "
        "greater than the threshold (5.0)."
    )


def test_expressions_name_each_other_in_any_order(periods: list[float]) -> None:
    """Terraform sends a set."""
    backwards = [
        {"Id": "doubled", "Expression": "2 * total", "ReturnData": True},
        {"Id": "total", "Expression": "requests + 1", "ReturnData": False},
        query("requests", "Requests"),
    ]
    alarm = stored({**RATIO, "Metrics": backwards}, Threshold=401)
    publish(periods, 200, 200, namespace="orders", name="Requests")
    alarms.evaluate()
    assert alarm["StateValue"] == "ALARM"


def test_percentile(periods: list[float]) -> None:
    """Of the values, however often each was seen."""
    alarm = stored({**RATIO, "Metrics": [{**query("slowest", "Seconds", "p99"), "ReturnData": True}]})
    publish(periods, 0, 0, namespace="orders", name="Seconds")
    for point in list(cloudwatch._metrics["orders", "Seconds", "ServiceName=orders"]):
        point["Count"] = 90
        slow = {**point, "Value": 9.0, "Count": 10}
        cloudwatch._metrics["orders", "Seconds", "ServiceName=orders"].append(slow)
    alarms.evaluate()
    assert alarm["StateValue"] == "ALARM"


BAND = {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(requests)", "ReturnData": True}
INSIGHTS = {"Id": "all", "Expression": 'SELECT AVG(Requests) FROM "orders"', "Period": 60, "ReturnData": True}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"Metrics": [query("requests", "Requests"), BAND]}, "ANOMALY_DETECTION_BAND"),
        ({"Metrics": [INSIGHTS]}, "SELECT AVG(Requests)"),
        (
            {
                "Metrics": [{**query("all", "Requests"), "ReturnData": True}],
                "ComparisonOperator": "GreaterThanUpperThreshold",
            },
            "GreaterThanUpperThreshold",
        ),
    ],
)
def test_what_cannot_be_evaluated(periods: list[float], changes: Alarm, named: str) -> None:
    """Has insufficient data, its reason says why, and the alarms after it are evaluated."""
    alarm, other = stored({**RATIO, **changes}, StateValue="OK"), stored(ALARM)
    publish(periods, 1, 1, namespace="orders", name="Requests")
    alarms.evaluate()
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    assert alarm["StateReason"].startswith("The embedded AWS cannot evaluate this alarm: ")
    assert named in alarm["StateReason"]
    assert other["StateValue"] == "OK"


@pytest.fixture(scope="module")
def client(local_aws: LocalAws) -> Iterator[Client]:
    with closing(local_aws.client("cloudwatch")) as made:
        yield made


@pytest.mark.parametrize("alarm", [ALARM, RATIO], ids=["metric", "math"])
def test_an_alarm_is_described_as_it_was_put(client: Client, alarm: Alarm) -> None:
    """With metric math, and nothing of one metric beside it. One that knows nothing is that also at a period's end."""
    alarm = {**alarm, "TreatMissingData": "missing"}
    client.put_metric_alarm(**alarm)
    (found,) = client.describe_alarms(AlarmNames=[alarm["AlarmName"]])["MetricAlarms"]
    assert {name: found.get(name) for name in alarm} == alarm
    assert ("MetricName" in found) == ("MetricName" in alarm)
    assert found["StateValue"] == "INSUFFICIENT_DATA"


def test_the_form_that_terraform_sends(local_aws: LocalAws, client: Client) -> None:
    """Makes the same alarm, and its XML has all of it."""
    form = {
        "Action": "PutMetricAlarm",
        "Version": "2010-08-01",
        "AlarmName": "form",
        "ActionsEnabled": "false",
        "EvaluationPeriods": "2",
        "Threshold": "5",
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "Metrics.member.1.Id": "requests",
        "Metrics.member.1.ReturnData": "false",
        "Metrics.member.1.MetricStat.Metric.Namespace": "orders",
        "Metrics.member.1.MetricStat.Metric.MetricName": "Requests",
        "Metrics.member.1.MetricStat.Metric.Dimensions.member.1.Name": "ServiceName",
        "Metrics.member.1.MetricStat.Metric.Dimensions.member.1.Value": "orders",
        "Metrics.member.1.MetricStat.Period": "60",
        "Metrics.member.1.MetricStat.Stat": "Sum",
        "Metrics.member.2.Id": "twice",
        "Metrics.member.2.Expression": "requests * 2 > 1 && 1 < 2",
        "Metrics.member.2.ReturnData": "true",
    }
    posted(local_aws, form)
    (found,) = client.describe_alarms(AlarmNames=["form"])["MetricAlarms"]
    assert found["Metrics"] == [
        query("requests", "Requests"),
        {"Id": "twice", "Expression": "requests * 2 > 1 && 1 < 2", "ReturnData": True},
    ]
    shown = posted(local_aws, {"Action": "DescribeAlarms", "Version": "2010-08-01", "AlarmNames.member.1": "form"})
    for part in (
        "<Expression>requests * 2 &gt; 1 &amp;&amp; 1 &lt; 2</Expression>",
        "<ActionsEnabled>false</ActionsEnabled>",
        "<Period>60</Period>",
        "<member><Name>ServiceName</Name><Value>orders</Value></member>",
        "<TreatMissingData>notBreaching</TreatMissingData>",
    ):
        assert part in shown


def posted(local_aws: LocalAws, form: dict[str, str]) -> str:
    scope = "Credential=test/20260101/us-east-1/monitoring/aws4_request"
    signature = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
    return httpx.post(local_aws.endpoint, data=form, headers=signature, trust_env=False).raise_for_status().text


class Listener:
    """An HTTP endpoint that a topic delivers to."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/"

    def told(self) -> list[str]:
        """The states, as they came."""
        messages = [json.loads(one["Message"]) for one in self.bodies if one["Type"] == "Notification"]
        return [message["NewStateValue"] for message in messages]

    def wait(self, condition: Callable[[], bool]) -> None:
        for _ in range(200):
            if condition():
                return
            time.sleep(0.05)
        pytest.fail(f"it was told {self.bodies}")


def test_a_raised_alarm_tells_its_topic(empty_local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a period is over, and again when all is well."""
    monkeypatch.setenv("LOCAL_AWS_METRIC_PERIOD_SECONDS", "0.2")
    server_process.start(empty_local_aws)
    listener = Listener()
    with closing(empty_local_aws.client("sns")) as sns, closing(empty_local_aws.client("cloudwatch")) as watch:
        topic = sns.create_topic(Name="ops")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=listener.url)
        listener.wait(lambda: bool(listener.bodies))
        sns.confirm_subscription(TopicArn=topic, Token=listener.bodies[0]["Token"])
        actions = {"AlarmActions": [topic], "OKActions": [topic]}
        watch.put_metric_alarm(**{**ALARM, "EvaluationPeriods": 2, "DatapointsToAlarm": 1, **actions})
        listener.wait(lambda: listener.told() == ["OK"])
        data = {"MetricName": "CPUUtilization", "Dimensions": DIMENSIONS, "Value": 99.0}
        watch.put_metric_data(Namespace="AWS/ECS", MetricData=[data])
        listener.wait(lambda: listener.told() == ["OK", "ALARM", "OK"])
    listener.server.shutdown()
    listener.server.server_close()
