"""Why a rollout failed, in words, from what AWS answers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, cast

import pytest

from operate import deployment, rollout, stack
from operate.progress import StepFailedError

if TYPE_CHECKING:
    from operate.service import Service

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

    def last_log_lines(self, task: dict[str, Any], *, most: int) -> list[str]:
        return [f"{task['stoppedReason']}, {most} lines at most"]


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
    task = {"stoppedReason": "it ended", "containers": [{"name": "api", **container}]}
    assert rollout.reason_of(task) == reason


def test_terraforms_errors_are_taken_out_of_cdktfs_margin() -> None:
    """Colours and all; the plan before them is not shown."""
    output = """go-api-dev  Terraform will perform the following actions:
go-api-dev  \x1b[31m╷\x1b[0m
            \x1b[31m│\x1b[0m \x1b[1mError: \x1b[0mResource postcondition failed
            \x1b[31m│\x1b[0m
            \x1b[31m│\x1b[0m was rolled back
            \x1b[31m╵\x1b[0m
"""
    failed = StepFailedError("cdktf deploy", returncode=1, output="failed with exit code 1", standard_output=output)
    assert deployment.terraform_errors(failed) == "Error: Resource postcondition failed\n\nwas rolled back"


def test_without_an_error_of_terraforms_cdktfs_own_words_are_shown() -> None:
    """Such as that a stack does not exist."""
    failed = StepFailedError("cdktf deploy", returncode=1, output="no such stack", standard_output="")
    assert deployment.terraform_errors(failed) == "no such stack\n\ncdktf deploy: failed with exit code 1"


@pytest.mark.parametrize(
    "element", ["data.aws_ecr_image.pushed_image", "data.aws_ecr_image.pushed_image (pushed_image)"]
)
def test_a_missing_image_is_named(element: str) -> None:
    """By Terraform and by cdktf, which call it differently."""
    said = f'Error: reading ECR Images: couldn\'t find resource\n\nwith {element}["team/go-api:v9"],'
    assert stack.explained(said) == (
        f"{said}\n\nThe ECR repository team/go-api has no image with the tag v9: push it, or name another tag."
    )
    assert stack.explained("Error: anything else") == "Error: anything else"
