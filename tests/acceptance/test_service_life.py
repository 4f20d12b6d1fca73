"""Deploy, release, lose and destroy on real containers, in the order in which a team does it."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import httpx

from tests.acceptance.conftest import Environment, Result, broken, judged, serving
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_deploy_prints_a_url_that_answers(deployed: tuple[Environment, Result]) -> None:
    """With the version that was asked for."""
    environment, result = deployed
    assert result.exit_code == 0, result.said
    url = next(line for line in result.stdout.splitlines() if line.startswith("health ")).split()[1]
    assert httpx.get(url, trust_env=False).json() == {"status": "ok", "version": "v1"}
    assert serving(environment) == "v1"


def test_a_broken_release_fails_says_why_and_a_good_one_heals(
    deployed: tuple[Environment, Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old version serves; the message names it, the exit code and the container's last words."""
    environment, _ = deployed
    with monkeypatch.context() as patch:
        broken(patch, "crash-at-start")
        result = environment.operate("release", "local", "--image-tag", "v2")
    assert "3 x Essential container in task exited" in environment.operate("status", "local").stdout
    assert result.exit_code == 1
    for told in (
        "The deployment of go-api-local was rolled back",
        "serves on, with 1 running",
        "3 x Essential container in task exited (go-api: exit code 1)",
        '"msg":"cannot start"',
    ):
        assert told in result.said
    assert serving(environment) == "v1"
    assert environment.operate("release", "local", "--image-tag", "v3").exit_code == 0
    assert serving(environment) == "v3"
    planned = environment.operate("plan", "local").stdout
    assert "No changes" in planned
    assert "image tag v3, as deployed" in planned


def test_what_runs_is_seen_and_a_command_runs_beside_it(deployed: tuple[Environment, Result]) -> None:
    """The lines of the broken release's dead tasks are there; a one-off task's exit code is the command's own."""
    environment, _ = deployed
    status = json.loads(environment.operate("status", "local", "--json").stdout)
    (task,) = status["tasks"]
    assert (status["image"]["tag"], task["target_health"], status["failure"]) == ("v3", "healthy", None)
    logged = environment.operate("logs", "local", "--since", "1h").stdout.splitlines()
    assert any(line.startswith(f"{task['id'][:8]} ") and '"msg":"listening"' in line for line in logged)
    assert any(not line.startswith(task["id"][:8]) and '"msg":"cannot start"' in line for line in logged)
    for code in (0, 3):
        ran = environment.operate("run", "local", "--", "exit", str(code))
        (line,) = ran.stdout.splitlines()
        assert (ran.exit_code, f'"code":{code},' in line) == (code, True), ran


def test_the_dashboard_is_drawn_before_it_exists(
    deployed: tuple[Environment, Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a service that runs: what CloudWatch has measured of it, and its releases; nothing of it is deployed."""
    environment, _ = deployed
    text = (ROOT / "environments" / "local.toml").read_text()
    (tmp_path / "local.toml").write_text(f"{text}\n[dashboard]\nenabled = true\n")
    monkeypatch.setenv("ENVIRONMENTS_DIR", str(tmp_path))
    file = tmp_path / "preview.html"
    assert "metrics of" in environment.operate("dashboard", "local", "--preview", str(file)).stdout
    assert ", v3: serves now" in file.read_text()
    with closing(environment.local_aws.client("cloudwatch")) as cloudwatch:
        assert cloudwatch.list_dashboards()["DashboardEntries"] == []


def test_a_lost_state_is_made_again(deployed: tuple[Environment, Result]) -> None:
    """A plan says what it would import, and how the state may be restored; a deployment goes on with what serves."""
    environment, _ = deployed
    with closing(environment.local_aws.client("s3")) as s3:
        s3.delete_object(Bucket="terraform-state", Key="go-api/local.tfstate")
    planned = environment.operate("plan", "local").stdout
    assert planned.startswith("Warning: aws_ecs_cluster go-api-local, ")
    assert "list-object-versions" in planned
    assert environment.operate("deploy", "local").exit_code == 0
    assert serving(environment) == "v3"
    assert "No changes" in environment.operate("plan", "local").stdout


def test_a_rollback_serves_the_image_that_served_and_leaves_nothing_to_plan(
    deployed: tuple[Environment, Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a release that ECS rolled back, to what it went back to; then to the release before. The list tells it."""
    environment, _ = deployed
    with monkeypatch.context() as patch:
        broken(patch, "crash-at-start")
        assert environment.operate("release", "local", "--image-tag", "v4").exit_code == 1
    for version in ("v3", "v1"):
        rolled_back = environment.operate("rollback", "local")
        assert rolled_back.exit_code == 0, rolled_back.said
        assert serving(environment) == version
        assert environment.operate("plan", "local", "--detailed-exitcode").exit_code == 0
    found = json.loads(environment.operate("releases", "local", "--json").stdout)
    assert [(one["image"]["tag"], one["verdict"], one["live"]) for one in found] == [
        ("v1", "serves now", True),
        ("v3", "rolled back", False),
        ("v4", "rolled back", False),
        ("v3", "served", False),
        ("v2", "rolled back", False),
        ("v1", "served", False),
    ]


def test_a_bad_health_path_fails(deployed: tuple[Environment, Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing answers, so the first criterion fails and the disruptive ones are not run; nothing is made worse."""
    environment, _ = deployed
    monkeypatch.setattr("operate.acceptance.run._COMES_UP_SECONDS", 10)
    balancing, group = environment.service.balancing, environment.service.target_group["TargetGroupArn"]
    balancing.modify_target_group(TargetGroupArn=group, HealthCheckPath="/nowhere")
    try:
        result = environment.operate("acceptance", "local", "--only", "SC-001", "--only", "SC-003")
    finally:
        balancing.modify_target_group(TargetGroupArn=group, HealthCheckPath="/health")
    assert result.exit_code == 1
    assert {id_: one["verdict"] for id_, one in judged(environment).items()} == {"SC-001": "FAIL", "SC-003": "NOT RUN"}


def test_destroy_leaves_nothing_of_ours(deployed: tuple[Environment, Result]) -> None:
    """Neither cluster nor revision nor log group; the load balancer is theirs and stays. It needs no image any more."""
    environment, _ = deployed
    running = environment.service.image()
    assert running
    images = {"repositoryName": "go-api", "imageIds": [{"imageDigest": running.digest}]}
    assert environment.local_aws.client("ecr").batch_delete_image(**images)["failures"] == []
    assert environment.operate("destroy", "local").exit_code == 0
    local_aws, service = environment.local_aws, environment.service
    assert service.find() is None
    assert service.revisions() == []
    assert local_aws.client("logs").describe_log_groups()["logGroups"] == []
    assert len(local_aws.client("elbv2").describe_load_balancers()["LoadBalancers"]) == 1
    said = environment.operate("acceptance", "local").said
    assert said == "Nothing is deployed in 'local': `make deploy ENV=local` deploys it."
