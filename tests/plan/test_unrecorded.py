"""What exists and is in no state: the stack's own is imported, somebody else's is refused, by real Terraform."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from local_aws import container_engine, lifecycle
from local_aws.instance import LocalAws
from local_aws.tests.machine import reserved_port
from operate import __main__ as command_line
from operate import environment, paths
from operate.errors import OperateError
from operate.local import embedded_aws, sample_infrastructure
from tests.plan.stand_in import furnish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STACK = "go-api-local"
STATE = {"Bucket": sample_infrastructure.STATE_BUCKET, "Key": "go-api/local.tfstate"}


@pytest.fixture
def local_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    """With the modules, and nothing deployed; the verbs that take `local` work on it and write into `tmp_path`."""
    local_aws = LocalAws(port=reserved_port(), directory=tmp_path / "aws")
    monkeypatch.setattr(embedded_aws, "configured", lambda: local_aws)
    monkeypatch.setattr(container_engine, "start", lambda *_: None)
    monkeypatch.setattr(paths, "SYNTHESIZED", tmp_path / "cdktf.out")
    monkeypatch.setattr(paths, "LOCAL", tmp_path)
    lifecycle.up(local_aws)
    try:
        furnish(local_aws)
        yield local_aws
    finally:
        lifecycle.down(local_aws)


def operate(*arguments: str) -> str:
    return CliRunner().invoke(command_line.app, list(arguments), catch_exceptions=False).stdout


def exists(local_aws: LocalAws) -> dict[str, list[str]]:
    """What ECS, IAM and CloudWatch Logs have by now."""
    with (
        closing(local_aws.client("ecs")) as ecs,
        closing(local_aws.client("iam")) as iam,
        closing(local_aws.client("logs")) as logs,
    ):
        clusters = [arn.rpartition("/")[2] for arn in ecs.list_clusters()["clusterArns"]]
        return {
            "clusters": clusters,
            "services": [arn for name in clusters for arn in ecs.list_services(cluster=name)["serviceArns"]],
            "roles": sorted(role["RoleName"] for role in iam.list_roles()["Roles"]),
            "log groups": [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]],
        }


def interrupted_deployment(local_aws: LocalAws, *addresses: str) -> None:
    """What a first apply leaves that was killed when it had made these and saved no state."""
    stack = environment.resolve("local").prepare_stack()
    stack.terraform.run("apply", "-auto-approve", "-var=image_tag=latest", *(f"-target={one}" for one in addresses))
    lose_state(local_aws)


def lose_state(local_aws: LocalAws) -> None:
    with closing(local_aws.client("s3")) as s3:
        s3.delete_object(**STATE)


def test_a_killed_first_deployment_converges(local_aws: LocalAws) -> None:
    """Whatever it left is imported, said so, and used; the plan after that is empty."""
    interrupted_deployment(local_aws, "aws_ecs_service.service")
    before = exists(local_aws)
    planned = operate("plan", "local")
    assert f"aws_ecs_cluster {STACK}, " in planned
    assert f"aws_ecs_service {STACK}/{STACK}" in planned
    assert exists(local_aws) == before
    assert f"{STACK} is deployed" in operate("deploy", "local")
    assert exists(local_aws) == before
    assert "No changes" in operate("plan", "local")


def test_a_killed_first_deployment_is_destroyed(local_aws: LocalAws) -> None:
    """Nothing of it is left, and nothing of others is touched."""
    before = exists(local_aws)
    interrupted_deployment(local_aws, "aws_ecs_cluster.cluster", "aws_iam_role_policy.execution_role_policy_C7C5AD2A")
    assert "destroyed" in operate("destroy", "local")
    assert exists(local_aws) == before


def test_the_stacks_own_is_known_by_its_owners_tags(
    local_aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which stand in place of the stack's."""
    folder = tmp_path / "environments"
    folder.mkdir()
    text = (paths.REPOSITORY / "environments" / "local.toml").read_text()
    (folder / "local.toml").write_text(f'tags = {{ Environment = "test", "Managed-By" = "team" }}\n{text}')
    monkeypatch.setenv("ENVIRONMENTS_DIR", str(folder))
    before = exists(local_aws)
    interrupted_deployment(local_aws, "aws_ecs_cluster.cluster")
    with closing(local_aws.client("ecs")) as ecs:
        (cluster,) = ecs.describe_clusters(clusters=[STACK], include=["TAGS"])["clusters"]
    tags = {tag["key"]: tag["value"] for tag in cluster["tags"]}
    assert tags == {"Environment": "test", "Managed-By": "team", "service": "go-api"}
    assert "destroyed" in operate("destroy", "local")
    assert exists(local_aws) == before


SHARED = """
[logs]
group = "apis"

[cluster]
name               = "shared"
container_insights = "enabled"
"""


@pytest.fixture
def shared(local_aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What somebody else's cluster and log group look like; `local` runs in the one, and logs to the other."""
    folder = tmp_path / "environments"
    folder.mkdir()
    head, _, tail = (paths.REPOSITORY / "environments" / "local.toml").read_text().partition("[logs]\n")
    rest = tail.partition("\n\n")[2]
    (folder / "local.toml").write_text(f"{head}{rest}{SHARED}")
    monkeypatch.setenv("ENVIRONMENTS_DIR", str(folder))
    with closing(local_aws.client("ecs")) as ecs, closing(local_aws.client("logs")) as logs:
        ecs.create_cluster(clusterName="shared", capacityProviders=["FARGATE_SPOT"])
        logs.create_log_group(logGroupName="apis")
        yield {"ecs": ecs, "logs": logs}


def looks(shared: dict[str, Any]) -> list[Any]:
    """Of the cluster what no service of it changes, and of the log group everything."""
    (cluster,) = shared["ecs"].describe_clusters(clusters=["shared"], include=["SETTINGS", "TAGS"])["clusters"]
    counted = ("activeServicesCount", "runningTasksCount", "pendingTasksCount")
    groups = shared["logs"].describe_log_groups(logGroupNamePrefix="apis")["logGroups"]
    return [{key: value for key, value in cluster.items() if key not in counted}, groups]


def test_a_cluster_and_a_log_group_of_somebody_elses(local_aws: LocalAws, shared: dict[str, Any]) -> None:
    """Nothing of them is made, changed or destroyed; what the service needs of them and lacks is said by plan.

    All verbs look for the service there, a destruction also where the state is lost.
    """
    with pytest.raises(
        OperateError, match=r"capacity providers FARGATE_SPOT, and with .* = 0 the service needs FARGATE"
    ):
        operate("plan", "local")
    shared["ecs"].put_cluster_capacity_providers(
        cluster="shared", capacityProviders=["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy=[]
    )
    before, others = looks(shared), exists(local_aws)
    assert f"{STACK} is deployed" in operate("deploy", "local")
    (service,) = shared["ecs"].list_services(cluster="shared")["serviceArns"]
    assert service.endswith(f"service/shared/{STACK}")
    assert exists(local_aws)["clusters"] == others["clusters"]
    assert exists(local_aws)["log groups"] == others["log groups"]
    assert '"cluster": "shared"' in operate("status", "local", "--json")
    lose_state(local_aws)
    assert "destroyed" in operate("destroy", "local")
    assert looks(shared) == before
    assert exists(local_aws) == others


def _make_cluster(local_aws: LocalAws) -> str:
    local_aws.client("ecs").create_cluster(clusterName=STACK, tags=[{"key": "owner", "value": "search"}])
    return 'aws_ecs_cluster.cluster\n  id = "go-api-local"'


def _make_log_group(local_aws: LocalAws) -> str:
    local_aws.client("logs").create_log_group(logGroupName=f"/ecs/{STACK}", tags={"owner": "search"})
    return 'aws_cloudwatch_log_group.log_group\n  id = "/ecs/go-api-local"'


def _make_role(local_aws: LocalAws) -> str:
    role = {"RoleName": f"{STACK}-task", "AssumeRolePolicyDocument": "{}"}
    local_aws.client("iam").create_role(**role, Tags=[{"Key": "owner", "Value": "search"}])
    return 'aws_iam_role.task_role\n  id = "go-api-local-task"'


@pytest.mark.parametrize("make", [_make_cluster, _make_log_group, _make_role])
def test_what_is_somebody_elses_is_refused(local_aws: LocalAws, make: Callable[[LocalAws], str]) -> None:
    """By plan and deploy, with its owner and the two ways out; nothing is changed."""
    block = make(local_aws)
    before = exists(local_aws)
    for verb in ("plan", "deploy"):
        with pytest.raises(OperateError) as refused:
            operate(verb, "local")
        assert str(refused.value).startswith("Nothing was changed. ")
        assert "tagged owner = search\n" in str(refused.value)
        assert "service.name in environments/local.toml" in str(refused.value)
        assert f"import {{\n  to = {block}\n}}" in str(refused.value)
        assert exists(local_aws) == before


@pytest.fixture
def with_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """For `local`, with `enabled = true` in the table that the test names."""
    folder = tmp_path / "environments"
    folder.mkdir()
    text = (paths.REPOSITORY / "environments" / "local.toml").read_text()
    (folder / "local.toml").write_text(f"{text}\n[{request.param}]\nenabled = true\n")
    monkeypatch.setenv("ENVIRONMENTS_DIR", str(folder))


@pytest.mark.parametrize("with_table", ["dashboard"], indirect=True)
@pytest.mark.usefixtures("with_table")
def test_a_dashboard_has_no_tags_and_is_known_by_its_text(local_aws: LocalAws) -> None:
    """One that somebody made by hand is refused, since CloudWatch would replace it; the stack's own is imported."""
    with closing(local_aws.client("cloudwatch")) as cloudwatch:
        for body in ('{"widgets": []}', '{"widgets": [{"type": "text", "properties": {"markdown": "# Ours"}}]}', "[]"):
            cloudwatch.put_dashboard(DashboardName=STACK, DashboardBody=body)
            with pytest.raises(OperateError, match=f"aws_cloudwatch_dashboard {STACK}, without tags"):
                operate("plan", "local")
            assert cloudwatch.get_dashboard(DashboardName=STACK)["DashboardBody"] == body
        cloudwatch.delete_dashboards(DashboardNames=[STACK])
    interrupted_deployment(local_aws, "aws_cloudwatch_dashboard.dashboard")
    planned = json.loads(operate("plan", "local", "--json"))
    assert [one["action"] for one in planned["changes"] if one["type"] == "aws_cloudwatch_dashboard"] == ["imported"]


@pytest.mark.parametrize("with_table", ["alarms"], indirect=True)
@pytest.mark.usefixtures("with_table")
def test_an_alarm_of_somebody_elses_is_refused(local_aws: LocalAws) -> None:
    """CloudWatch would change it without a word; the stack's own is imported."""
    others = {"Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1}
    metric = {"Namespace": "search", "MetricName": "Seconds", "Period": 60, "Statistic": "Maximum"}
    with closing(local_aws.client("cloudwatch")) as cloudwatch:
        tags = [{"Key": "owner", "Value": "search"}]
        cloudwatch.put_metric_alarm(AlarmName=f"{STACK}-latency", Tags=tags, **others, **metric)
        with pytest.raises(OperateError, match=f"aws_cloudwatch_metric_alarm {STACK}-latency, tagged owner = search"):
            operate("plan", "local")
        cloudwatch.delete_alarms(AlarmNames=[f"{STACK}-latency"])
    interrupted_deployment(local_aws, "aws_cloudwatch_metric_alarm.utilization_alarms_cpu_700C60B2")
    planned = json.loads(operate("plan", "local", "--json"))
    alarms = [one for one in planned["changes"] if one["type"] == "aws_cloudwatch_metric_alarm"]
    assert [one["name"] for one in alarms if one["action"] == "imported"] == [f"{STACK}-cpu"]


def test_what_is_imported_by_hand_is_the_stacks(local_aws: LocalAws) -> None:
    """The block that the refusal prints, where it says: the plan takes the log group in."""
    _make_log_group(local_aws)
    with pytest.raises(OperateError) as refused:
        operate("plan", "local")
    place, _, block = str(refused.value).partition("put this into ")[2].partition(":\n")
    (paths.SYNTHESIZED / "stacks" / STACK / place.rpartition("/")[2]).write_text(block)
    planned = json.loads(operate("plan", "local", "--json"))
    (group,) = [one for one in planned["changes"] if one["address"] == "aws_cloudwatch_log_group.log_group"]
    assert "imported" in str(group)
