"""Why a rollout failed, in words, from what AWS answers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from operate.environment import resolve
from operate.errors import OperateError
from operate.running import rollout
from operate.service import Service
from tests.unit import fake_service

BEGAN = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)
OLD, NEW = "arn:aws:ecs:eu-west-1:111111111111:task-definition/api:1", "…task-definition/api:2"


def stopped(*, reason: str = "Essential container in task exited", after: int = 5, **container: Any) -> dict[str, Any]:
    return {
        "taskDefinitionArn": NEW,
        "createdAt": BEGAN + timedelta(seconds=after),
        "stoppedReason": reason,
        "containers": [{"name": "api", **container}],
    }


class Fake:
    """A service as `Service` reads it."""

    def __init__(self, *tasks: dict[str, Any], running_old: int = 1) -> None:
        self._tasks, self._running_old = list(tasks), running_old

    def find(self) -> dict[str, Any]:
        return {
            "deployments": [{"taskDefinition": OLD, "runningCount": self._running_old, "status": "PRIMARY"}],
            "events": [
                {"createdAt": BEGAN + timedelta(seconds=9), "message": "deployment failed: tasks failed to start."},
                {"createdAt": BEGAN - timedelta(seconds=9), "message": "of an earlier rollout"},
            ],
        }

    def revisions(self) -> list[str]:
        return [NEW, OLD]

    def tasks(self, *, stopped: bool) -> list[dict[str, Any]]:
        assert stopped
        return self._tasks

    def container(self, _: str) -> dict[str, int]:
        return {"stopTimeout": 20}

    def log_events(self, task: dict[str, Any], *, most: int) -> list[dict[str, str]]:
        return [{"message": f"{task['stoppedReason']}, {most} lines at most\n"}]


def explained(fake: Fake) -> str | None:
    return rollout.explain(cast("Service", fake), since=BEGAN)


def test_tells_what_serves_why_it_failed_and_the_last_words() -> None:
    """Equal reasons are counted; events and tasks from before the rollout are not shown."""
    crashed = [stopped(exitCode=1), stopped(exitCode=1), stopped(exitCode=137, reason="OutOfMemoryError: killed")]
    text = explained(Fake(*crashed, stopped(exitCode=99, after=-60)))
    assert (
        text
        == """api:2 did not come into service. api:1 serves on, with 1 running.

Why its tasks stopped:
  2 x Essential container in task exited (api: exit code 1)
  1 x OutOfMemoryError: killed (api: exit code 137)

What the last of them logged:
  Essential container in task exited, 8 lines at most

What ECS said, newest first:
  12:00:09 deployment failed: tasks failed to start."""
    )


def test_says_when_nothing_else_runs() -> None:
    """A first deployment has nothing to fall back to."""
    text = explained(Fake(stopped(exitCode=1), running_old=0))
    assert text
    assert "Nothing else was running: the API does not answer." in text


def test_has_nothing_to_say_where_no_task_failed() -> None:
    """Terraform stopped before ECS was asked."""
    assert explained(Fake()) is None


def test_a_replaced_task_that_had_to_be_killed_is_named() -> None:
    """Also where no new task has failed, and Terraform gave up waiting."""
    replaced = stopped(reason="Scaling activity", exitCode=137, after=-600)
    replaced |= {"taskDefinitionArn": OLD, "taskArn": "…/0123456789", "stopCode": "ServiceSchedulerInitiated"}
    text = explained(Fake(replaced | {"stoppingAt": BEGAN + timedelta(seconds=9)}))
    assert text
    assert text.startswith("1 task, 01234567 last, did not end on SIGTERM and had to be killed after the stop timeout")
    assert explained(Fake(replaced | {"stoppingAt": BEGAN - timedelta(seconds=9)})) is None


def test_a_rollout_that_completed_warns_of_killed_tasks(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is no failure, and requests were cut off."""
    aws = fake_service.install(monkeypatch)
    service = Service.of(resolve("dev"))
    rollout.require_completed(service, since=fake_service.before(600))
    assert "SIGTERM" not in capfd.readouterr().err
    aws.stopped = [fake_service.stopped("0123456789", reason="Scaling activity", exit_code=137)]
    rollout.require_completed(service, since=fake_service.before(600))
    assert "1 task, 01234567 last, did not end on SIGTERM" in capfd.readouterr().err


DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "no\nway"}}, "Asked")


def refuse(**_: object) -> None:
    raise DENIED


@pytest.mark.parametrize("refused", ["describe_services", "paginate", "list_tasks", "describe_task_definition"])
def test_terraforms_error_is_told_where_aws_refuses_to_say_why(monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    """Credentials that expired during the apply, or a permission that the caller lacks."""
    aws = fake_service.install(monkeypatch)
    aws.stopped = [fake_service.stopped("0123456789", of=7, reason="Scaling activity", exit_code=137)]
    monkeypatch.setattr(aws, refused, refuse)
    with (
        pytest.raises(OperateError) as failed,
        rollout.explained(Service.of(resolve("dev")), since=fake_service.before(600)),
    ):
        raise OperateError("Terraform's words")
    assert str(failed.value) == (
        "Terraform's words\n\nWhether go-api-dev serves, and why not, is not known: "
        "An error occurred (AccessDenied) when calling the Asked operation: no way."
    )


def test_a_log_that_cannot_be_read_is_said_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """All else is told."""
    aws = fake_service.install(monkeypatch)
    aws.stopped = [fake_service.stopped("0123456789", of=7, reason="it ended", exit_code=1)]
    monkeypatch.setattr(aws, "get_log_events", refuse)
    text = rollout.explain(Service.of(resolve("dev")), since=fake_service.before(600))
    assert text
    assert "  1 x it ended (go-api: exit code 1)" in text
    assert "What the last of them logged:\n  The log could not be read: An error occurred (AccessDenied)" in text


@pytest.mark.parametrize("said", ["failed", "unfinished"])
def test_a_rollout_that_did_not_complete_is_told_where_aws_refuses_to_say_why(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    aws = fake_service.install(monkeypatch)
    monkeypatch.setattr(aws, "list_tasks", refuse)
    monkeypatch.setattr(rollout, "await_outcome", lambda *_, **__: rollout.Outcome(said))
    with pytest.raises(OperateError, match=rf"^ECS reports the rollout of go-api-dev:1 as {said}\.\n\nWhether go-"):
        rollout.require_completed(Service.of(resolve("dev")), since=fake_service.before(600))


def test_a_rollout_that_completed_is_no_failure_where_stopped_tasks_may_not_be_listed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A line says what is not known."""
    monkeypatch.setattr(fake_service.install(monkeypatch), "list_tasks", refuse)
    rollout.require_completed(Service.of(resolve("dev")), since=fake_service.before(600))
    assert "Whether replaced tasks had to be killed is not known: An error occurred (Acc" in capfd.readouterr().err


def taken_back(monkeypatch: pytest.MonkeyPatch) -> fake_service.FakeService:
    """Revision 7, whose tasks served, by one of two alarms."""
    aws = fake_service.install(monkeypatch)
    assert aws.service
    aws.service["deploymentConfiguration"] = {"alarms": {"alarmNames": ["errors", "slow"], "enable": True}}
    aws.event("(deployment ecs-svc/7) deployment failed: alarm detected.")
    aws.event("rolling back to deployment ecs-svc/1.")
    aws.stopped = [fake_service.stopped("0123456789", of=7, reason="Scaling activity initiated", exit_code=0)]
    aws.logged = ["out of order"]
    return aws


def test_the_alarm_that_took_a_deployment_back_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what it saw, and not one of an earlier deployment, nor why its tasks stopped, which was its end."""
    aws = taken_back(monkeypatch)
    aws.alarm_history = {
        "errors": [(30, "OK", "calm"), (70, "ALARM", "3 of 5 above"), (90, "OK", "calm")],
        "slow": [(6000, "ALARM", "long ago")],
    }
    text = rollout.explain(Service.of(resolve("dev")), since=fake_service.before(600))
    assert text
    assert text.startswith(
        """go-api-dev:7 did not come into service. go-api-dev:1 serves on, with 2 running.

Which alarm took it back, and what it saw:
  errors: 3 of 5 above

What the last of them logged:
  out of order

What ECS said, newest first:
"""
    )


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (None, "one of errors, slow, whose history does not say so yet"),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "no way"}}, "DescribeAlarmHistory"),
            "one of errors, slow. CloudWatch did not say which of them: An error occurred (AccessDenied)",
        ),
    ],
)
def test_an_alarm_that_is_not_told_is_one_of_them(
    monkeypatch: pytest.MonkeyPatch, refusal: Exception | None, said: str
) -> None:
    """Also where ECS lists none of the tasks any more."""
    aws = taken_back(monkeypatch)
    aws.refusal_of_alarms, aws.stopped = refusal, []
    text = rollout.explain(Service.of(resolve("dev")), since=fake_service.before(600))
    assert text
    assert f"Which alarm took it back, and what it saw:\n  {said}" in text


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ({"reason": "CannotPullContainerError: no"}, "it ended (api: CannotPullContainerError: no)"),
        ({"exitCode": 0}, "it ended (api: exit code 0)"),
        ({"exitCode": 137, "reason": "it ended"}, "it ended (api: exit code 137)"),
        ({}, "it ended"),
    ],
)
def test_a_containers_own_reason_is_added_once(container: dict[str, Any], reason: str) -> None:
    """Exit code 0 is a code."""
    task: Any = {"stoppedReason": "it ended", "containers": [{"name": "api", **container}]}
    assert rollout.reason_of(task) == reason
