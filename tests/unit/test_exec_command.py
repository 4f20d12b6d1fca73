"""The AWS CLI's command that `exec` prints, and each reason for which there is none."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from local_aws.instance import LocalAws
from operate import __main__ as command_line
from operate.errors import OperateError
from operate.local import embedded_aws
from tests.unit import fake_service
from tests.unit.fake_service import task

if TYPE_CHECKING:
    from tests.unit.fake_service import FakeService

NEWEST, OLDER = "1a2b3c4d5e6f", "9f8e7d6c5b4a"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeService:
    """ECS Exec is on, also in both tasks, and the plugin is installed."""
    monkeypatch.setattr("operate.running.exec_command.shutil.which", lambda _: "/usr/bin/plugin")
    fake = fake_service.install(monkeypatch)
    assert fake.service
    fake.service["enableExecuteCommand"] = True
    older = task(OLDER, enableExecuteCommand=True, createdAt=fake_service.before(900))
    fake.tasks = [older, task(NEWEST, enableExecuteCommand=True)]
    return fake


def exec_(environment: str, *options: str) -> str:
    arguments = ["exec", *options, environment]
    return CliRunner().invoke(command_line.app, arguments, catch_exceptions=False).stdout


def refusal(environment: str, *options: str) -> str:
    with pytest.raises(OperateError) as refused:
        exec_(environment, *options)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.usefixtures("aws")
def test_the_command_opens_a_shell_in_the_newest_task() -> None:
    """Or in the one that is named; as the documentation has it, and as a shell takes it apart."""
    said = exec_("dev")
    assert said in (fake_service.ROOT / "docs" / "running-service.md").read_text()
    where = ["--region", "eu-west-1", "--cluster", "go-api-dev", "--task", NEWEST, "--container", "go-api"]
    assert shlex.split(said) == ["aws", "ecs", "execute-command", *where, "--interactive", "--command", "/bin/sh"]
    assert f"--task {OLDER} " in exec_("dev", "--task", OLDER[:4])


def test_where_it_is_off_the_setting_is_named(aws: FakeService) -> None:
    assert aws.service
    aws.service["enableExecuteCommand"] = False
    said = refusal("dev")
    assert "Set enable_execute_command = true under [service] in environments/dev.toml" in said


def test_a_task_from_before_it_was_on_is_named(aws: FakeService) -> None:
    """Another one will do, where there is one."""
    aws.tasks[1]["enableExecuteCommand"] = False
    assert f"--task {OLDER} " in exec_("dev")
    aws.tasks[0]["enableExecuteCommand"] = False
    assert f"The task {NEWEST[:8]} started before ECS Exec was on." in refusal("dev")


def test_without_a_running_task_there_is_none(aws: FakeService) -> None:
    """Nor with a task of another id; those that run are named."""
    running = f"Running: {NEWEST[:8]}, {OLDER[:8]}."
    assert refusal("dev", "--task", "ff") == f"No task of go-api-dev whose id begins with 'ff' is running. {running}"
    for one in aws.tasks:
        one["lastStatus"] = "PENDING"
    assert refusal("dev") == "No task of go-api-dev is running. Running: none."


@pytest.mark.usefixtures("aws")
def test_the_plugin_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """On standard error: another machine may have it."""
    monkeypatch.setattr("operate.running.exec_command.shutil.which", lambda _: None)
    result = CliRunner().invoke(command_line.app, ["exec", "dev"], catch_exceptions=False)
    assert result.stdout.startswith("aws ecs execute-command ")
    assert "The AWS CLI needs session-manager-plugin" in result.stderr


@pytest.mark.usefixtures("aws")
def test_the_embedded_aws_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_aws, "configured", LocalAws)
    monkeypatch.setattr(embedded_aws, "is_running", lambda _: True)
    assert refusal("local").startswith("The embedded AWS has no ECS Exec")
