"""What `run` asks of ECS, prints and exits with; and what it leaves running, which is nothing."""

from __future__ import annotations

import io
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from operate import __main__ as command_line
from operate import progress
from operate.errors import OperateError
from tests.unit import fake_service
from tests.unit.fake_service import revision, task

if TYPE_CHECKING:
    from typer.testing import Result

    from tests.unit.fake_service import FakeService

ID = "0a1b2c3d4e5f"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeService:
    """Nobody waits; a command ends well, in three looks."""
    monkeypatch.setattr("operate.running.one_off_task.time.sleep", lambda _: None)
    fake = fake_service.install(monkeypatch)
    fake.started = [task(ID, lastStatus="PENDING"), task(ID), ended(exitCode=0)]
    return fake


def ended(reason: str = "Essential container in task exited", **container: Any) -> dict[str, Any]:
    return task(ID, lastStatus="STOPPED", stoppedReason=reason, containers=[{"name": "go-api", **container}])


def run(*arguments: str) -> Result:
    """With standard error in `stderr`, where the progress goes."""
    return CliRunner().invoke(command_line.app, ["run", *arguments], catch_exceptions=False)


def test_the_task_is_the_services_but_for_its_command(aws: FakeService) -> None:
    """Revision, network and capacity; who started it is written on it, and a repeated request starts no second one."""
    assert run("dev", "--", "migrate", "--dry-run", "$(x)").exit_code == 0
    assert aws.service
    (request,) = aws.requests
    assert len(request.pop("clientToken")) == 36
    assert request == {
        "cluster": "go-api-dev",
        "taskDefinition": revision(1),
        "overrides": {"containerOverrides": [{"name": "go-api", "command": ["migrate", "--dry-run", "$(x)"]}]},
        "startedBy": "assumed-role/deployer/alice_example_com",
        "networkConfiguration": aws.service["networkConfiguration"],
        "capacityProviderStrategy": aws.service["capacityProviderStrategy"],
        "platformVersion": "LATEST",
    }


def test_its_lines_come_out_and_its_exit_code(aws: FakeService) -> None:
    """Each line once, on standard output; how far it is, and why it failed, on standard error."""
    aws.started[-1] = ended(exitCode=3)
    aws.write("migrating", task=ID, seconds_ago=0)
    aws.write("of another", task="another", seconds_ago=0)
    result = run("dev", "--", "migrate")
    assert (result.exit_code, result.stdout) == (3, f"{ID[:8]} migrating\n")
    said = result.stderr
    assert [line.rpartition(": ")[2] for line in said.splitlines()[:3]] == ["PENDING", "RUNNING", "STOPPED"]
    assert "task 0a1b2c3d of go-api-dev:1: Essential container in task exited (go-api: exit code 3)" in said


def test_another_revision_is_named_by_its_number(aws: FakeService) -> None:
    """One that is not active is refused, with the newest that are."""
    assert run("dev", "--revision", "6", "--", "x").exit_code == 0
    assert aws.requests[0]["taskDefinition"] == revision(6)
    with pytest.raises(OperateError, match=r"^go-api-dev has no active revision 5: its newest are 7, 6, 1\.$"):
        run("dev", "--revision", "5", "--", "x")


@pytest.mark.parametrize(
    "reason", ["CannotPullContainerError: no such image", "ResourceInitializationError: unable to pull secrets"]
)
def test_a_task_that_did_not_start_says_why(aws: FakeService, reason: str) -> None:
    """No container has an exit code."""
    aws.started[-1] = ended(reason)
    with pytest.raises(OperateError, match=f"^task 0a1b2c3d of go-api-dev:1 did not run: {reason}$"):
        run("dev", "--", "x")


def test_a_task_that_ecs_does_not_start_says_why(aws: FakeService) -> None:
    aws.started, aws.failures = [], [{"reason": "RESOURCE:FARGATE", "detail": "no capacity"}]
    with pytest.raises(OperateError, match=r"^ECS started no task of go-api-dev:1: RESOURCE:FARGATE no capacity\.$"):
        run("dev", "--", "x")


def stopped(aws: FakeService) -> list[str]:
    return [request["task"] for request in aws.requests if "reason" in request]


def test_a_timeout_stops_the_task(aws: FakeService) -> None:
    """And that one only; the exit code is timeout(1)'s."""
    aws.started = [task(ID)]
    result = run("dev", "--timeout", "0s", "--", "x")
    assert result.exit_code == 124
    assert stopped(aws) == [task(ID)["taskArn"]]
    assert "was told to stop, since its time limit of 0 s has passed" in result.stderr


def interrupt(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_stops_the_task(aws: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """And that one only; the exit code is a shell's."""
    aws.started = [task(ID)]
    monkeypatch.setattr("operate.running.one_off_task.time.sleep", interrupt)
    result = run("dev", "--", "x")
    assert result.exit_code == 130
    assert stopped(aws) == [task(ID)["taskArn"]]
    assert "was told to stop, since interrupted; nothing else was." in result.stderr


def test_an_interrupt_while_ecs_starts_the_task_stops_it(aws: FakeService) -> None:
    """Its ARN is not lost with the answer."""
    aws.started = [task(ID)]
    aws.starting = interrupt
    assert run("dev", "--", "x").exit_code == 130
    assert stopped(aws) == [task(ID)["taskArn"]]


def test_where_aws_fails_midway_what_may_run_on_is_said(aws: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that expired: one line of what AWS says, one of how the task is stopped."""

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "DescribeTasks")

    errors = io.StringIO()
    monkeypatch.setattr(progress.console, "_file", errors)
    monkeypatch.setattr(aws, "describe_tasks", refuse)
    with pytest.raises(OperateError, match=r"^AWS did not answer for 'dev': .*ExpiredToken"):
        run("dev", "--", "x")
    command = f"aws ecs stop-task --region eu-west-1 --cluster go-api-dev --task {task(ID)['taskArn']}"
    assert f"may run on. This stops it: {command}" in errors.getvalue()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["dev"], "run needs one command: run ENVIRONMENT"),
        (["dev", "--command", "a", "--", "b"], "run needs one command: run ENVIRONMENT"),
        (["--command", "a 'b", "dev"], '--command is "a \'b": no closing quotation.'),
        (["--timeout", "5", "dev", "--", "x"], "--timeout is '5': it must be 30s, 10m, 2h, 1d"),
        (["--timeout", "9" * 30 + "d", "dev", "--", "x"], "--timeout is '9"),
    ],
)
def test_what_is_no_command_is_one_line(aws: FakeService, arguments: list[str], told: str) -> None:
    """Before AWS is asked for anything."""
    with pytest.raises(OperateError) as refused:
        run(*arguments)
    assert str(refused.value).startswith(told)
    assert aws.requests == []


def test_a_command_may_be_one_text(aws: FakeService) -> None:
    """As make passes it: in a shell's quotes, of which no shell runs anything."""
    assert run("--command", "sh -c 'a $(b)'", "dev").exit_code == 0
    assert aws.requests[0]["overrides"]["containerOverrides"][0]["command"] == ["sh", "-c", "a $(b)"]
