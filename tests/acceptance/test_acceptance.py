"""Deploy, release, judge and destroy on real containers, in the order in which a team does it."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx

from operate import plan_changes
from operate.acceptance.checks import criterion_ids
from operate.environment import resolve
from tests.acceptance.conftest import Environment, Result, broken

if TYPE_CHECKING:
    import pytest


def judged(environment: Environment) -> dict[str, dict[str, Any]]:
    """Of the last run: the criteria by their ids."""
    report = json.loads((environment.folder / "acceptance-report.json").read_text())
    return {result["id"]: result for result in report["results"]}


def serving(environment: Environment) -> str:
    answer = httpx.get(environment.service.health_url, trust_env=False).raise_for_status()
    return str(answer.json()["version"])


def test_deploy_prints_a_url_that_answers(deployed: tuple[Environment, Result]) -> None:
    """With the version that was asked for."""
    environment, result = deployed
    assert result.exit_code == 0, result.said
    url = next(line for line in result.stdout.splitlines() if line.startswith("health ")).split()[1]
    assert httpx.get(url, trust_env=False).json() == {"status": "ok", "version": "v1"}
    assert serving(environment) == "v1"


def test_every_criterion_passes_and_the_environment_is_as_it_was(deployed: tuple[Environment, Result]) -> None:
    """All are judged on real containers and a plan afterwards is empty."""
    environment, _ = deployed
    before = environment.service.read()
    result = environment.operate("acceptance", "local")
    results = judged(environment)
    verdicts = {id_: one["verdict"] for id_, one in results.items()}
    assert verdicts == dict.fromkeys(criterion_ids(), "PASS"), results
    assert result.exit_code == 0
    assert results["SC-004"]["figures"]["failed"] == 0
    assert results["SC-005"]["figures"]["tasks"] >= 2
    assert "the service's creation" in results["SC-001"]["measured"]
    assert_provenance_is_known(environment)
    after = environment.service.read()
    assert after["taskDefinition"] == before["taskDefinition"]
    assert after["deploymentConfiguration"] == before["deploymentConfiguration"]
    assert after["desiredCount"] == before["desiredCount"]
    assert environment.service.revisions() == [after["taskDefinition"]]
    assert plan_changes.changes(resolve("local").prepare_stack().plan(image_tag="v1")) == []


def assert_provenance_is_known(environment: Environment) -> None:
    """The digest is what ECS says that its task runs; every tool has a version."""
    found = json.loads((environment.folder / "acceptance-report.json").read_text())["provenance"]
    ecr = environment.cloud.client("ecr")
    (pushed,) = ecr.describe_images(repositoryName="go-api", imageIds=[{"imageTag": "v1"}])["imageDetails"]
    assert (found["image_tag"], found["image_digest"]) == ("v1", pushed["imageDigest"])
    assert {"Terraform", "AWS provider", "cdktf", "MiniStack", "container engine"} == found["versions"].keys()
    assert "unknown" not in found["versions"].values()


def test_without_graceful_shutdown_it_fails(
    deployed: tuple[Environment, Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that dies of SIGTERM is no gracefully drained one."""
    environment, _ = deployed
    broken(monkeypatch, "abrupt-exit")
    assert environment.operate("acceptance", "local", "--only", "US3.2").exit_code == 1
    assert judged(environment)["US3.2"]["verdict"] == "FAIL"
    assert "did not shut down gracefully" in judged(environment)["US3.2"]["measured"]
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


def test_a_lost_state_is_made_again(deployed: tuple[Environment, Result]) -> None:
    """A plan says what it would import, and how the state may be restored; a deployment goes on with what serves."""
    environment, _ = deployed
    with closing(environment.cloud.client("s3")) as s3:
        s3.delete_object(Bucket="terraform-state", Key="go-api/local.tfstate")
    planned = environment.operate("plan", "local").stdout
    assert planned.startswith("Warning: aws_ecs_cluster go-api-local, ")
    assert "list-object-versions" in planned
    assert environment.operate("deploy", "local").exit_code == 0
    assert serving(environment) == "v3"
    assert "No changes" in environment.operate("plan", "local").stdout


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
    assert environment.cloud.client("ecr").batch_delete_image(**images)["failures"] == []
    assert environment.operate("destroy", "local").exit_code == 0
    cloud, service = environment.cloud, environment.service
    assert service.find() is None
    assert service.revisions() == []
    assert cloud.client("logs").describe_log_groups()["logGroups"] == []
    assert len(cloud.client("elbv2").describe_load_balancers()["LoadBalancers"]) == 1
    said = environment.operate("acceptance", "local").said
    assert said == "Nothing is deployed in 'local': `make deploy ENV=local` deploys it."
