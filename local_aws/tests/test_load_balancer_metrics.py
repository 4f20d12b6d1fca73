"""What CloudWatch says of load balancers, on real sockets, without containers, and on a clock whose minute is a second.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from __future__ import annotations

import http.server
import threading
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from local_aws.tests.containers.stage import wait_until
from local_aws.tests.test_listener_rules import Balancer, forward, path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.instance import LocalAws

SLOW_SECONDS = 0.3
ASKED = ("/app/200", "/app/200", "/app/301", "/app/404", "/app/500", "/empty/200", "/empty/200", "/other")
FORWARDED = 5


class Application(http.server.BaseHTTPRequestHandler):
    """Answers with the status that its path names, a redirection slowly."""

    def do_GET(self) -> None:
        status = int(self.path.rpartition("/")[2])
        if status == 301:
            time.sleep(SLOW_SECONDS)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def application() -> Iterator[int]:
    """Its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@dataclass
class Measured:
    """A load balancer with a group of one target, and a group without."""

    balancer: Balancer
    cloudwatch: Any
    dimensions: dict[str, str]
    empty_group: str

    def total(self, name: str, *of: str, statistic: str = "Sum") -> float | None:
        """Over all time; None where there is no point. `of` names the dimensions."""
        dimensions = [{"Name": each, "Value": self.dimensions[each]} for each in of]
        now = datetime.now(timezone.utc)
        extended = {"ExtendedStatistics": [statistic]} if statistic.startswith("p") else {"Statistics": [statistic]}
        (point,) = self.cloudwatch.get_metric_statistics(
            Namespace="AWS/ApplicationELB",
            MetricName=name,
            Dimensions=dimensions,
            StartTime=now - timedelta(days=1),
            EndTime=now + timedelta(days=1),
            Period=864_000_000,
            **extended,
        )["Datapoints"] or [{}]
        return point.get("ExtendedStatistics", point).get(statistic)


@pytest.fixture(scope="module")
def measured(quick_local_aws: LocalAws, application: int) -> Iterator[Measured]:
    """After one request to each of `ASKED`, the health checks aside."""
    balancer = Balancer(quick_local_aws)
    balancer.listen()
    group, empty = balancer.group(application, HealthCheckPath="/200"), balancer.group()
    balancer.rule(10, forward((group, 1)), path("/app/*"))
    balancer.rule(20, forward((empty, 1)), path("/empty/*"))
    wait_until(lambda: _states(balancer, group) == ["healthy"])
    for asked in ASKED:
        balancer.ask(asked)
    with closing(quick_local_aws.client("cloudwatch")) as cloudwatch:
        suffixes = {"LoadBalancer": balancer.arn.partition("loadbalancer/")[2], "TargetGroup": _suffix(group)}
        made = Measured(balancer, cloudwatch, suffixes, empty_group=_suffix(empty))
        wait_until(lambda: made.total("RequestCount", "LoadBalancer") == FORWARDED)
        wait_until(lambda: made.total("HTTPCode_ELB_4XX_Count", "LoadBalancer"))
        yield made


def _states(balancer: Balancer, group: str) -> list[str]:
    described = balancer.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return [one["TargetHealth"]["State"] for one in described]


def _suffix(group: str) -> str:
    return group.rpartition(":")[2]


@pytest.mark.parametrize("of", [("LoadBalancer",), ("LoadBalancer", "TargetGroup")])
@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("RequestCount", FORWARDED),
        ("HTTPCode_Target_2XX_Count", 2),
        ("HTTPCode_Target_3XX_Count", 1),
        ("HTTPCode_Target_4XX_Count", 1),
        ("HTTPCode_Target_5XX_Count", 1),
        ("TargetConnectionErrorCount", None),
    ],
)
def test_what_the_targets_answered(measured: Measured, name: str, total: int | None, of: tuple[str, ...]) -> None:
    """By the first digit, of the load balancer and of the target group; what did not happen is not reported."""
    assert measured.total(name, *of) == total


@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("HTTPCode_ELB_5XX_Count", 2),
        ("HTTPCode_ELB_503_Count", 2),
        ("HTTPCode_ELB_4XX_Count", 1),
        ("HTTPCode_ELB_3XX_Count", None),
        ("HTTPCode_ELB_502_Count", None),
    ],
)
def test_what_the_load_balancer_answered_itself(measured: Measured, name: str, total: int | None) -> None:
    """For want of a target, or by a rule; a target's error is none of its own."""
    assert measured.total(name, "LoadBalancer") == total


@pytest.mark.parametrize("of", [("TargetGroup",), ("LoadBalancer", "TargetGroup")])
def test_requests_per_target(measured: Measured, of: tuple[str, ...]) -> None:
    """All of them where there is one target; and a point where nobody asks, from which a policy can scale in."""
    assert measured.total("RequestCountPerTarget", *of) == FORWARDED
    points = measured.total("RequestCountPerTarget", *of, statistic="SampleCount")
    assert points
    wait_until(lambda: (measured.total("RequestCountPerTarget", *of, statistic="SampleCount") or 0) > points)


def test_response_times(measured: Measured) -> None:
    """Each answer is a sample, so that percentiles show the slow one."""
    assert measured.total("TargetResponseTime", "LoadBalancer", statistic="SampleCount") == FORWARDED
    p50, p99 = (measured.total("TargetResponseTime", "LoadBalancer", statistic=each) for each in ("p50", "p99"))
    assert p50 is not None
    assert p99 is not None
    assert p50 < p99
    assert p99 > SLOW_SECONDS * 0.9


def test_percentiles_in_metric_data(measured: Measured) -> None:
    """GetMetricData, which dashboards and alarms ask, gives the same."""
    now = datetime.now(timezone.utc)
    metric = {
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "TargetResponseTime",
        "Dimensions": [{"Name": "LoadBalancer", "Value": measured.dimensions["LoadBalancer"]}],
    }
    query = {"Id": "slow", "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": "p99"}}
    start, end = now - timedelta(days=1), now + timedelta(days=1)
    (answer,) = measured.cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=start, EndTime=end)[
        "MetricDataResults"
    ]
    assert max(answer["Values"]) > SLOW_SECONDS * 0.9


def test_hosts(measured: Measured) -> None:
    """Of a group that has targets; a group without is not reported."""
    of = ("LoadBalancer", "TargetGroup")
    assert measured.total("HealthyHostCount", *of, statistic="Maximum") == 1
    assert measured.total("UnHealthyHostCount", *of, statistic="Maximum") == 0
    without = replace(measured, dimensions=measured.dimensions | {"TargetGroup": measured.empty_group})
    assert without.total("HealthyHostCount", *of, statistic="Maximum") is None
