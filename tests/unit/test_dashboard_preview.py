"""The page of the dashboard: the stack's own body, drawn from samples that say so or from what AWS has measured."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from operate import __main__ as command_line
from operate import generator, paths
from operate.dashboard import curves, page, plots
from operate.dashboard.body import Dashboard, Graph, Line, Metric, Place, Synthesized, TargetGroup, Text
from operate.dashboard.curves import Curves, Mark
from operate.environment import Environment, resolve
from operate.errors import OperateError
from operate.local import embedded_aws
from operate.service import Service
from tests.unit.fake_service import NOW, FakeService, before

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stacks.settings import Environment as Settings
    from tests.template import Template

SVG = "{http://www.w3.org/2000/svg}"
GROUPS = [
    TargetGroup("public", "targetgroup/public/01", "app/main/23"),
    TargetGroup("internal", "targetgroup/internal/45", "net/inner/67"),
]
BOTH = {"loadbalancing": {"outputs": {"target_group_arn": ["target_group_arn", "internal_arn"]}}}
CPU = Metric("AWS/ECS", "CPUUtilization", ("ServiceName", "api"), "Average", "average")
GRAPH = Graph(Place(0, 0, 8, 6), "CPU", (CPU,), (), 60, "percent")


@pytest.fixture
def synthesized(synthesize: Callable[..., Template], tmp_path: Path) -> Callable[..., Synthesized]:
    """The dashboard of `dev`, with changes, as its file has it."""

    def read(**changes: Any) -> Synthesized:
        file = tmp_path / "cdk.tf.json"
        file.write_text(synthesize(dashboard={"enabled": True}, **changes).text)
        return Synthesized.read(file)

    return read


def rendered(dashboard: Dashboard, shown: Curves) -> ET.Element:
    """The page, which is well-formed XML too."""
    text = page.render(dashboard, shown, environment="dev", region="eu-west-1")
    return ET.fromstring(text.replace("<!DOCTYPE html>", ""))  # noqa: S314 - our own


def words(element: ET.Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def test_the_body_is_the_stacks_own(synthesized: Callable[..., Synthesized]) -> None:
    """Every widget of it, with what Terraform would look up of two groups in place of its references."""
    found = synthesized(remote_state=BOTH)
    assert found.group_count == 2
    dashboard = found.resolved(GROUPS, cluster="go-api-dev")
    assert (dashboard.name, dashboard.seconds, dashboard.other_kinds) == ("go-api-dev", 3 * 3600, ())
    assert len(dashboard.widgets) == len(json.loads(found.body)["widgets"])
    assert "${" not in repr(dashboard)
    graphs = {graph.title: graph for graph in dashboard.graphs}
    assert graphs["Latency, internal"].metrics[2] == Metric(
        "AWS/ApplicationELB",
        "TargetResponseTime",
        ("TargetGroup", "targetgroup/internal/45", "LoadBalancer", "net/inner/67"),
        "p99",
        "p99",
    )
    assert [(metric.namespace, metric.label) for metric in graphs["Targets"].metrics] == [
        ("AWS/ApplicationELB", "healthy, public"),
        ("AWS/ApplicationELB", "unhealthy, public"),
        ("AWS/NetworkELB", "healthy, internal"),
        ("AWS/NetworkELB", "unhealthy, internal"),
    ]
    assert graphs["CPU"].lines == (Line("scaling target", 70), Line("limit, 256 CPU units", 100))
    assert (graphs["CPU"].unit, graphs["CPU"].period_seconds) == ("percent of the limit", 60)


def test_a_cluster_that_another_module_names(synthesized: Callable[..., Synthesized]) -> None:
    """Its metrics are those of the cluster that the plan would find."""
    state = {"backend": {"type": "s3", "bucket": "states", "key": "cluster.tfstate", "region": "eu-west-1"}}
    found = synthesized(remote_state={"cluster": state})
    assert "data.aws_ecs_cluster" in found.body
    dashboard = found.resolved(GROUPS, cluster="shared")
    (cpu,) = [graph for graph in dashboard.graphs if graph.title == "CPU"]
    assert cpu.metrics[0].dimensions == ("ClusterName", "shared", "ServiceName", "go-api-dev")
    assert "in cluster `shared`" in " ".join(text.markdown for text in dashboard.widgets if isinstance(text, Text))


def test_what_is_not_looked_up_stays(synthesized: Callable[..., Synthesized]) -> None:
    """Of a group that is not known the reference is seen, and not another group's value."""
    (_, second) = [
        graph
        for graph in synthesized(remote_state=BOTH).resolved(GROUPS[:1], cluster="go-api-dev").graphs
        if "Latency" in graph.title
    ]
    assert second.title == "Latency, ${data.aws_lb_target_group.existing_loadbalancing_2.name}"


def test_a_widget_of_another_kind_is_said_to_be_missing() -> None:
    """A team may add one to the construct."""
    log = {"type": "log", "x": 0, "y": 0, "width": 6, "height": 6, "properties": {"query": "fields @message"}}
    dashboard = Synthesized("own", json.dumps({"widgets": [log], "start": "-PT30M"})).resolved([], cluster="go-api-dev")
    assert (dashboard.other_kinds, dashboard.seconds) == (("log",), 1800)
    assert "A widget of type log is not drawn." in words(rendered(dashboard, curves.sample(dashboard)))


def test_a_sample_says_so_in_every_graph(synthesized: Callable[..., Synthesized]) -> None:
    """And above them; each line has a curve. The page is the same each time."""
    dashboard = synthesized(remote_state=BOTH, cluster={"container_insights": "enabled"}).resolved(
        GROUPS, cluster="go-api-dev"
    )
    sample = curves.sample(dashboard)
    root = rendered(dashboard, sample)
    plotted = root.findall(".//*[@class='plot']")
    assert len(plotted) == len(dashboard.graphs) == 10
    assert all("sample data" in words(each) for each in plotted)
    assert "Sample data. Every curve here is made up" in words(root)
    drawn = root.findall(".//path")
    assert len(drawn) == sum(len(graph.metrics) for graph in dashboard.graphs)
    assert ET.tostring(root) == ET.tostring(rendered(dashboard, curves.sample(dashboard)))


def test_the_page_loads_nothing(synthesized: Callable[..., Synthesized]) -> None:
    """No script, no address of anything."""
    dashboard = synthesized().resolved(GROUPS, cluster="go-api-dev")
    text = page.render(dashboard, curves.sample(dashboard), environment="dev", region="eu-west-1")
    assert not re.search(r"https?:|<script|\bsrc=|\bhref=|url\(|@import", text)


def test_each_widget_has_its_place(synthesized: Callable[..., Synthesized]) -> None:
    """In the grid of 24 columns, where the window is wide; rows and columns count from 1 there."""
    dashboard = synthesized().resolved(GROUPS, cluster="go-api-dev")
    text = page.render(dashboard, curves.sample(dashboard), environment="dev", region="eu-west-1")
    areas = re.findall(r"#w(\d+) \{ grid-area: (\d+) / (\d+) / span (\d+) / span (\d+) \}", text)
    assert [tuple(map(int, area)) for area in areas] == [
        (number, place.y + 1, place.x + 1, place.height, place.width)
        for number, place in enumerate((widget.place for widget in dashboard.widgets), start=1)
    ]


def test_no_text_is_markup() -> None:
    """What is in a title, a label or a text stays text; a text's Markdown is drawn."""
    place, hostile = Place(0, 0, 6, 6), "<script>x</script>"
    metric = Metric("AWS/ECS", "Own", (), "Sum", hostile)
    graph = Graph(place, hostile, (metric,), (Line(hostile, 1),), 60, hostile)
    dashboard = Dashboard(
        hostile, 3600, (graph, Text(place, f"**bold** `code` {hostile} [a](javascript:x)")), (hostile,)
    )
    root = rendered(dashboard, curves.sample(dashboard))
    assert root.findall(".//script") == []
    assert root.findall(".//a") == []
    (text,) = root.findall(".//section[@class='widget text']")
    assert [words(each) for each in (*text.iter("strong"), *text.iter("code"))] == ["bold", "code"]
    assert words(root).count(hostile) >= 6


@pytest.mark.parametrize(
    ("points", "path"),
    [
        ([(-60.0, 0.0), (0.0, 50.0)], "M0.0 200.0L1000.0 107.41"),
        ([(-60.0, 100.0)], "M-3.0 14.81h6"),
        ([], ""),
        ([(-61.0, 5.0)], ""),
    ],
)
def test_a_curve_is_where_its_values_are(points: list[tuple[float, float]], path: str) -> None:
    """Across the span, from the bottom for 0; what is before the span is not drawn, and nothing is no line."""
    graph = Graph(GRAPH.place, "CPU", (CPU,), (Line("limit", 100),), 60, "percent")
    (drawn,) = plots.plot(graph, Curves(60, {CPU: points}, ())).drawn
    assert drawn.path == path


def test_a_gap_is_a_gap() -> None:
    """CloudWatch has nothing where nothing was measured: the line is not drawn through it."""
    points = [(-600.0, 1.0), (-540.0, 1.0), (-240.0, 1.0), (-180.0, 1.0), (0.0, 1.0)]
    (drawn,) = plots.plot(GRAPH, Curves(600, {CPU: points}, ())).drawn
    assert [len(part.split("L")) for part in drawn.path.split("M")[1:]] == [2, 2, 1]
    assert (drawn.least, drawn.greatest, drawn.last) == ("1", "1", "1")


@pytest.mark.parametrize(
    ("greatest", "labels"),
    [
        (0, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (0.03, ["0", "0.01", "0.02", "0.03"]),
        (4, ["0", "1", "2", "3", "4"]),
        (1234.5, ["0", "500", "1,000"]),
    ],
)
def test_figures_beside_a_graph(greatest: float, labels: list[str]) -> None:
    """Round ones, as many as have room; of nothing but zeros up to 1."""
    plot = plots.plot(GRAPH, Curves(60, {CPU: [(0.0, greatest)]}, ()))
    assert [tick.label for tick in plot.up] == labels


def test_a_limit_is_seen_whatever_is_measured() -> None:
    graph = Graph(GRAPH.place, "CPU", (CPU,), (Line("limit, 256 CPU units", 100),), 60, "percent")
    (line,) = plots.plot(graph, Curves(60, {CPU: [(0.0, 1.0)]}, ())).lines
    assert line.label == "limit, 256 CPU units: 100"
    assert 0 < line.at < 20


class Metrics(FakeService):
    """CloudWatch too: `points` by a metric's name and statistic, of which each page has one, newest first."""

    def __init__(self) -> None:
        super().__init__()
        self.points: dict[tuple[str, str], list[tuple[float, float]]] = {}
        self.asked: list[dict[str, Any]] = []
        self.is_attached = True

    def describe_target_groups(self, **_: Any) -> dict[str, Any]:
        (group,) = super().describe_target_groups()["TargetGroups"]
        balancer = f"{group['TargetGroupArn'].partition(':targetgroup')[0]}:loadbalancer/app/main/23"
        balancers = [balancer] if self.is_attached else []
        return {"TargetGroups": [{**group, "TargetGroupName": "go-api", "LoadBalancerArns": balancers}]}

    def paginate(self, **request: Any) -> Any:
        if "MetricDataQueries" not in request:
            return super().paginate(**request)
        self.asked.append(request)
        return [
            {"MetricDataResults": [{"Id": query["Id"], "Timestamps": [before(seconds)], "Values": [value]}]}
            for query in request["MetricDataQueries"]
            for seconds, value in self.points.get(_named(query), [])
        ]


def _named(query: dict[str, Any]) -> tuple[str, str]:
    return query["MetricStat"]["Metric"]["MetricName"], query["MetricStat"]["Stat"]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    fake = Metrics()
    monkeypatch.setattr(Environment, "client", lambda *_: fake)
    monkeypatch.setattr(Environment, "check_caller", lambda _: None)
    return fake


def test_what_cloudwatch_has_measured(aws: Metrics, synthesized: Callable[..., Synthesized]) -> None:
    """Each line's metric, of its dimensions, period and statistic; in the order of time, and releases beside it."""
    aws.points = {
        ("CPUUtilization", "Average"): [(60, 20.0), (4000, 40.0)],
        ("CPUUtilization", "Maximum"): [(60, 90.0)],
    }
    dashboard = synthesized().resolved(
        [TargetGroup("go-api", "targetgroup/go-api/01", "app/main/23")], cluster="go-api-dev"
    )
    found = curves.measured(Service.of(resolve("dev")), dashboard, until=NOW)
    (cpu,) = [graph for graph in dashboard.graphs if graph.title == "CPU"]
    assert [found.of(metric) for metric in cpu.metrics] == [[(-4000.0, 40.0), (-60.0, 20.0)], [(-60.0, 90.0)]]
    assert found.seconds == dashboard.seconds
    assert [(mark.at, mark.label) for mark in found.marks][:2] == [
        (-3600.0, "revision 7, v7: unknown"),
        (-3600.0, "revision 6, v6: unknown"),
    ]
    (request,) = aws.asked
    assert (request["StartTime"], request["EndTime"]) == (NOW - timedelta(hours=3), NOW)
    assert len(request["MetricDataQueries"]) == sum(len(graph.metrics) for graph in dashboard.graphs)
    (query,) = [query for query in request["MetricDataQueries"] if _named(query) == ("TargetResponseTime", "p90")]
    assert query["MetricStat"] == {
        "Metric": {
            "Namespace": "AWS/ApplicationELB",
            "MetricName": "TargetResponseTime",
            "Dimensions": [
                {"Name": "TargetGroup", "Value": "targetgroup/go-api/01"},
                {"Name": "LoadBalancer", "Value": "app/main/23"},
            ],
        },
        "Period": 60,
        "Stat": "p90",
    }


def test_measurements_are_no_sample(aws: Metrics, synthesized: Callable[..., Synthesized]) -> None:
    """Nothing of a sample is beside them: a graph without data says that, and the time is the day's."""
    aws.points = {("CPUUtilization", "Average"): [(60, 20.0)]}
    dashboard = synthesized().resolved(GROUPS, cluster="go-api-dev")
    root = rendered(dashboard, curves.measured(Service.of(resolve("dev")), dashboard, until=NOW))
    text = " ".join(words(part) for part in (*root.iter("header"), *root.iter("main")))
    assert "sample" not in text.lower()
    assert text.count("no data in this time") == len(dashboard.graphs) - 1
    assert "Metrics of CloudWatch of 60 minutes until 2030-01-01 12:00 UTC" in text
    assert "11:00 11:30 12:00" in text
    assert "revision 1, v1: serves now" in text


def test_a_young_service_fills_the_page() -> None:
    """The span is as short as has all of the data, and as the dashboard's at most."""
    young = Dashboard("api", 3 * 3600, (GRAPH,))

    class Young(Metrics):
        def describe_task_definition(self, **request: Any) -> dict[str, Any]:
            found = super().describe_task_definition(**request)
            found["taskDefinition"]["registeredAt"] = before(1000)
            return found

    fake = Young()
    service = Service.of(resolve("dev"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "client", lambda *_: fake)
        assert curves.measured(service, young, until=NOW).seconds == 1800
        assert curves.measured(service, Dashboard("api", 600, (GRAPH,)), until=NOW) == Curves(600, {}, (), NOW)


def test_deployments_out_of_the_span_are_not_drawn() -> None:
    plot = plots.plot(GRAPH, Curves(60, {}, (Mark(-61, "old"), Mark(-30, "new"))))
    assert [(mark.at, mark.label) for mark in plot.marks] == [(50.0, "new")]


@pytest.fixture
def dev(
    monkeypatch: pytest.MonkeyPatch,
    environment: Callable[..., Settings],
    synthesize: Callable[..., Template],
    tmp_path: Path,
) -> Path:
    """`dev` has a dashboard, and is synthesized; the path is where the page is to be."""
    settings = environment(dashboard={"enabled": True})
    monkeypatch.setattr(generator, "settings_of", lambda _: settings)
    monkeypatch.setattr(paths, "SYNTHESIZED", tmp_path)

    def write(_: str) -> None:
        folder = tmp_path / "stacks" / "go-api-dev"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cdk.tf.json").write_text(synthesize(dashboard={"enabled": True}).text)

    monkeypatch.setattr(generator, "synthesize", write)
    return tmp_path / "preview.html"


def operate(*arguments: str) -> str:
    return CliRunner().invoke(command_line.app, ["dashboard", *arguments], catch_exceptions=False).stdout


def test_nobodys_aws_is_asked_unless_told(dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials, no network: what is drawn is a sample."""
    monkeypatch.setattr(Environment, "client", lambda *_, **__: pytest.fail("asked"))
    assert operate("dev", "--preview", str(dev)) == f"{dev}: sample data, nothing was asked of AWS\n"
    assert "sample data" in dev.read_text()


@pytest.mark.usefixtures("aws")
def test_aws_is_asked_when_told(dev: Path) -> None:
    """The page says what it has, and the groups are the service's."""
    assert operate("dev", "--preview", str(dev), "--metrics") == f"{dev}: metrics of 15 minutes\n"
    assert "Metrics of CloudWatch of 15 minutes until" in dev.read_text()


def test_a_group_without_a_load_balancer_has_no_metrics(dev: Path, aws: Metrics) -> None:
    aws.is_attached = False
    with pytest.raises(OperateError, match=r"^The target group go-api is not attached to a load balancer"):
        operate("dev", "--preview", str(dev), "--metrics")


def test_what_is_not_deployed_has_no_metrics(dev: Path, aws: Metrics) -> None:
    """Said in one line, and nothing is written."""
    aws.service = None
    with pytest.raises(OperateError, match="Nothing is deployed in 'dev'"):
        operate("dev", "--preview", str(dev), "--metrics")
    assert not dev.exists()


@pytest.mark.parametrize(
    ("running", "deployed", "asked"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_the_embedded_aws_is_asked_where_the_service_runs_in_it(
    dev: Path, aws: Metrics, monkeypatch: pytest.MonkeyPatch, *, running: bool, deployed: bool, asked: bool
) -> None:
    """Unasked; it is not started for that."""
    resolved = Environment(generator.settings_of("dev"), local_aws=embedded_aws.configured())
    monkeypatch.setattr(command_line, "resolve", lambda _: resolved)
    monkeypatch.setattr(embedded_aws, "is_running", lambda _: running)
    monkeypatch.setattr(embedded_aws, "up", lambda *_, **__: pytest.fail("started"))
    aws.service = aws.service if deployed else None
    assert ("metrics of" in operate("local", "--preview", str(dev))) is asked
    assert "sample data" in operate("local", "--preview", str(dev), "--sample")


def test_without_a_dashboard_there_is_no_preview(
    monkeypatch: pytest.MonkeyPatch, environment: Callable[..., Settings], tmp_path: Path
) -> None:
    """It is said where to ask for one, and that this creates nothing yet."""
    monkeypatch.setattr(generator, "settings_of", lambda _: environment())
    file = tmp_path / "preview.html"
    with pytest.raises(OperateError) as refused:
        operate("dev", "--preview", str(file))
    assert str(refused.value).startswith(
        "dev has no dashboard: set enabled = true under [dashboard] in environments/dev"
    )
    assert not file.exists()
