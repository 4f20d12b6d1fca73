"""Deploy, release, lose and destroy on real containers, in the order in which a team does it."""

from __future__ import annotations

import contextlib
import json
import re
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from operate import sample_image
from operate.acceptance.load import Load
from operate.environment import resolve
from operate.service import wait_until
from tests.acceptance.conftest import Environment, Result, broken, judged, serving
from tests.conftest import ROOT

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from operate.registry import Image

COPIES = "go-api-local_release"


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


@pytest.mark.parametrize(
    ("command", "seconds", "told"),
    [
        (["/go-api", "exit", "3"], 120, r"`/go-api exit 3` \(release\.before\) exited with code 3\."),
        (["/missing"], 120, r"`/missing` \(release\.before\) could not be run: .+CannotStartContainerError: .+"),
        (["/go-api"], 5, r"`/go-api` \(release\.before\) did not end in 5 s\."),
    ],
)
def test_a_release_stops_where_what_runs_before_it_fails(
    deployed: tuple[Environment, Result],
    before: Callable[[list[str], int], None],
    command: list[str],
    seconds: int,
    told: str,
) -> None:
    """In one line; what serves is as it was, and nothing is registered."""
    environment, _ = deployed
    before(command, seconds)
    service, revisions = environment.service.read(), environment.service.revisions()
    result = environment.operate("release", "local", "--image-tag", "v5")
    assert result.exit_code == 1
    assert re.fullmatch(f"Nothing was changed: {told}", result.said), result.said
    assert serving(environment) == "v1"
    assert environment.service.read()["deployments"] == service["deployments"]
    assert environment.service.revisions() == revisions
    assert environment.service.revisions(COPIES) == []


def test_a_release_follows_what_runs_well_before_it(
    deployed: tuple[Environment, Result], before: Callable[[list[str], int], None]
) -> None:
    """Which was the new version: it has logged so."""
    environment, _ = deployed
    before(["/go-api", "version"], 120)
    result = environment.operate("release", "local", "--image-tag", "v5")
    assert result.exit_code == 0, result.said
    assert serving(environment) == "v5"
    (line,) = environment.operate("logs", "local", "--since", "5m", "--grep", '"msg":"version"').stdout.splitlines()
    assert '"version":"v5"' in line
    assert environment.service.revisions(COPIES) == []
    assert "No changes" in environment.operate("plan", "local").stdout


def test_a_release_that_is_killed_again_and_again_converges(deployed: tuple[Environment, Result]) -> None:
    """As its apply begins, while ECS rolls, and when all is done but what became of it is not written.

    Twice Terraform goes with it, whose lock is freed as the message says. State, ECS and the list of releases agree.
    """
    environment, _ = deployed
    service, stack = environment.service, resolve("local").stack
    first = service.read()["taskDefinition"]
    stack.plan_document.unlink(missing_ok=True)
    kill(environment.start("release", "local", "--image-tag", "v6"), at=stack.plan_document.exists)
    free_lock(environment)
    kill(
        environment.start("release", "local", "--image-tag", "v6"), at=lambda: service.read()["taskDefinition"] != first
    )
    free_lock(environment)
    saved = stack.state().serial
    kill(environment.start("release", "local", "--image-tag", "v6"), at=lambda: stack.state().serial > saved)
    free_lock(environment)
    result = environment.operate("deploy", "local", "--image-tag", "v6")
    assert result.exit_code == 0, result.said
    assert environment.operate("plan", "local", "--detailed-exitcode").exit_code == 0
    newest, *others = json.loads(environment.operate("releases", "local", "--json").stdout)
    assert (newest["image"]["tag"], newest["verdict"], newest["live"]) == ("v6", "serves now", True)
    assert not any(one["live"] for one in others)
    assert service.read()["taskDefinition"] == newest["arn"] == stack.terraform.output()["task_definition_arn"]
    assert serving(environment) == "v6"


def kill(verb: subprocess.Popen[bytes], *, at: Callable[[], object]) -> None:
    """With what it has started, where that still runs: as a machine's end does."""
    assert wait_until(at, within_seconds=300, poll_seconds=0.1)
    started = [psutil.Process(verb.pid), *psutil.Process(verb.pid).children(recursive=True)]
    for process in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    verb.wait()


def free_lock(environment: Environment) -> None:
    """If it was held when its holder was killed: with the command that the next verb would print."""
    with closing(environment.cloud.client("s3")) as s3, contextlib.suppress(s3.exceptions.NoSuchKey):
        found = s3.get_object(Bucket="terraform-state", Key="go-api/local.tfstate.tflock")["Body"].read()
        resolve("local").stack.terraform.run("force-unlock", "-force", json.loads(found)["ID"])


def test_the_share_of_spot_changes_without_a_failed_request(
    deployed: tuple[Environment, Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From 0 to 50, to 80 and back to 0, each in place, under load."""
    environment, _ = deployed
    service, settings = environment.service, (ROOT / "environments" / "local.toml").read_text()
    created_at = service.read()["createdAt"]
    monkeypatch.setenv("ENVIRONMENTS_DIR", str(tmp_path))
    with Load(service.health_url, rate_per_second=20, through_proxy=False).running() as samples:
        for percent in (50, 80, 0):
            share = f"[service]\nfargate_spot_percent = {percent}"
            (tmp_path / "local.toml").write_text(settings.replace("[service]", share))
            result = environment.operate("deploy", "local")
            assert result.exit_code == 0, result.said
            strategy = service.read()["capacityProviderStrategy"]
            weights = {one["capacityProvider"]: one["weight"] for one in strategy}
            assert weights.get("FARGATE_SPOT", 0) == percent
    assert service.read()["createdAt"] == created_at
    assert "No changes" in environment.operate("plan", "local").stdout
    assert len(samples) > 100
    assert [sample for sample in samples if not sample.ok] == []


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[list[str], int], None]:
    """Sets `release.before` and its seconds; the image has its program as its command, and no entry point."""
    build = sample_image.build

    def without_entry_point(**arguments: Any) -> Image:
        built = build(**arguments)
        config = json.loads(built.config)
        config["config"]["Cmd"] = config["config"].pop("Entrypoint")
        return replace(built, config=json.dumps(config).encode())

    def set_before(command: list[str], seconds: int) -> None:
        file = tmp_path / "local.toml"
        release = f"[release]\nbefore = {json.dumps(command)}\nbefore_timeout_seconds = {seconds}\n"
        file.write_text(f"{(ROOT / 'environments' / 'local.toml').read_text()}\n{release}")

    monkeypatch.setattr(sample_image, "build", without_entry_point)
    monkeypatch.setenv("ENVIRONMENTS_DIR", str(tmp_path))
    return set_before


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
