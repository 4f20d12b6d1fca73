"""Where a task has several containers, the verbs are about the application's, and about another where it is named.

Terraform's provider sorts them by their names, so that the application's is not the first.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from operate import __main__ as command_line
from operate.errors import OperateError
from tests.unit import fake_service
from tests.unit.fake_service import DIGEST, stopped, task

if TYPE_CHECKING:
    from tests.unit.fake_service import FakeService

LOGGED = {"options": {"awslogs-group": "/ecs/go-api-dev", "awslogs-stream-prefix": "ecs"}}
PROXY = {"name": "a-proxy", "image": "public.ecr.aws/proxy:9", "stopTimeout": 7, "logConfiguration": LOGGED}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeService:
    monkeypatch.setattr("operate.running.exec_command.shutil.which", lambda _: "/usr/bin/plugin")
    fake = fake_service.install(monkeypatch)
    fake.sidecars = [PROXY]
    own = {"name": "go-api", "imageDigest": DIGEST}
    other = {
        "name": "a-proxy",
        "imageDigest": "sha256:other",
        "lastStatus": "STOPPED",
        "exitCode": 1,
        "reason": "broke",
    }
    fake.tasks = [task("1a2b3c4d5e6f", containers=[other, own], enableExecuteCommand=True)]
    return fake


def operate(*arguments: str) -> str:
    result = CliRunner().invoke(command_line.app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.usefixtures("aws")
def test_status_is_about_the_application() -> None:
    """Its image and digest; a sidecar that does not run is told of."""
    found = json.loads(operate("status", "dev", "--json"))
    assert (found["image"]["tag"], found["tasks"][0]["image_digest"]) == ("v1", DIGEST)
    assert found["deployments"][0]["image_tag"] == "v1"
    assert found["tasks"][0]["sidecars"] == {"a-proxy": "STOPPED, exit code 1, broke"}
    assert "1a2b3c4d: a-proxy is STOPPED, exit code 1, broke" in operate("status", "dev")


@pytest.mark.parametrize("state", [{}, {"healthStatus": "HEALTHY"}])
def test_a_sidecar_that_runs_needs_no_line(aws: FakeService, state: dict[str, Any]) -> None:
    """As long as its health is not bad."""
    proxy = {"name": "a-proxy", "lastStatus": "RUNNING", **state}
    aws.tasks[0]["containers"][0] = proxy
    assert "a-proxy" not in operate("status", "dev")
    proxy["healthStatus"] = "UNHEALTHY"
    assert "1a2b3c4d: a-proxy is RUNNING, UNHEALTHY" in operate("status", "dev")


@pytest.mark.usefixtures("aws")
def test_releases_are_the_applications() -> None:
    """Whatever image a sidecar has."""
    assert [one["image"]["tag"] for one in json.loads(operate("releases", "dev", "--json"))] == ["v7", "v6", "v1"]


def test_logs_of_one_container(aws: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """The application's, or the named one's."""
    monkeypatch.setattr("operate.running.task_logs.parse_since", lambda _: fake_service.before(600))
    aws.write("of the API", task="1a2b3c4d5e6f", seconds_ago=10)
    aws.write("of the proxy", task="1a2b3c4d5e6f", seconds_ago=10, container="a-proxy")
    assert operate("logs", "dev") == "1a2b3c4d of the API\n"
    assert operate("logs", "dev", "--container", "a-proxy") == "1a2b3c4d of the proxy\n"


@pytest.mark.parametrize("verb", ["logs", "exec"])
def test_a_container_that_is_not_there_is_refused(aws: FakeService, verb: str) -> None:
    """With those that are."""
    assert aws.service
    aws.service["enableExecuteCommand"] = True
    with pytest.raises(OperateError, match=r"^go-api-dev:1 has no container called 'proxy': it has a-proxy, go-api\.$"):
        operate(verb, "dev", "--container", "proxy")


def test_a_shell_in_one_container(aws: FakeService) -> None:
    """The application's, or the named one's."""
    assert aws.service
    aws.service["enableExecuteCommand"] = True
    assert "--container go-api " in operate("exec", "dev")
    assert "--container a-proxy " in operate("exec", "dev", "--container", "a-proxy")


def test_a_one_off_task_is_the_applications(aws: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its command is overridden, and its exit code counts, whatever a sidecar's is."""
    monkeypatch.setattr("operate.running.one_off_task.time.sleep", lambda _: None)
    containers = [{"name": "a-proxy", "exitCode": 137}, {"name": "go-api", "exitCode": 0}]
    aws.started = [task("0a1b2c3d4e5f", lastStatus="STOPPED", stoppedReason="ended", containers=containers)]
    operate("run", "dev", "--", "migrate")
    (override,) = aws.requests[0]["overrides"]["containerOverrides"]
    assert override == {"name": "go-api", "command": ["migrate"]}


def test_a_one_off_task_whose_sidecar_fails_did_not_run(aws: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """ECS's exit code for what it never started is not the command's."""
    monkeypatch.setattr("operate.running.one_off_task.time.sleep", lambda _: None)
    reason = "CannotStartContainerError: dependency graph: a-proxy did not exit successfully."
    own = {"name": "go-api", "exitCode": 143, "reason": reason}
    containers = [{"name": "a-proxy", "exitCode": 3}, own]
    aws.started = [task("0a1b2c3d4e5f", lastStatus="STOPPED", stoppedReason="failed to start", containers=containers)]
    with pytest.raises(
        OperateError, match=r"did not run: failed to start \(a-proxy: exit code 3; go-api: .*a-proxy did"
    ):
        operate("run", "dev", "--", "migrate")


def test_a_sidecar_that_had_to_be_killed_is_named(aws: FakeService) -> None:
    """With its own stop timeout, and where that is set."""
    containers = [{"name": "a-proxy", "exitCode": 137}, {"name": "go-api", "exitCode": 0}]
    aws.stopped = [stopped("0123456789ab", reason="Scaling activity", containers=containers)]
    said = json.loads(operate("status", "dev", "--json"))["killed"]
    assert "after the stop timeout of 7 s" in said
    assert "Let the sidecar a-proxy end on SIGTERM, or raise stop_timeout_seconds under [[container.sidecars]]." in said
