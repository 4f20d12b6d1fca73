"""What `status` says of a running service, from what AWS answers."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from operate import __main__ as command_line
from operate.errors import OperateError
from tests.unit import fake_service
from tests.unit.fake_service import NOW, before, deployment, revision, stopped, task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.fake_service import FakeService


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    """At noon, on a machine whose clock shows UTC."""

    class Clock:
        @staticmethod
        def now(_: object) -> object:
            return NOW

    monkeypatch.setattr("operate.running.service_status.datetime", Clock)
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield fake_service.install(patch)
    time.tzset()


def status(*options: str) -> str:
    """Standard output, as a pipe of 80 columns gets it."""
    result = CliRunner().invoke(command_line.app, ["status", "dev", *options], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def documented() -> str:
    """The screen in docs/running-service.md."""
    page = (fake_service.ROOT / "docs" / "running-service.md").read_text()
    return page.partition("```text\n")[2].partition("```")[0]


def test_one_screen_shows_all_of_it(aws: FakeService) -> None:
    """In 80 columns and 24 lines, as the documentation has it."""
    aws.activities = [
        {"StartTime": before(120), "Description": "Setting desired count to 2.", "StatusCode": "Successful"}
    ]
    aws.event(f"registered 1 targets in (target-group {fake_service.GROUP})", seconds_ago=90)
    aws.event("has reached a steady state.")
    lines = [line.rstrip() for line in status().splitlines()]

    assert lines == documented().splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_json_is_one_document(aws: FakeService) -> None:
    """With whole ids, digests and times, and the keys that the documentation lists."""
    aws.event("has reached a steady state.")
    document = json.loads(status("--json"))
    assert (document["service"], document["revision"], document["desired"]) == ("go-api-dev", "go-api-dev:1", 2)
    assert document["image"]["tag"] == "v1"
    assert document["image"]["digest"] == fake_service.DIGEST
    assert document["scaling"] == {"min_capacity": 1, "max_capacity": 4, "activities": []}
    assert document["targets"] == {"healthy": 1, "unhealthy": 1}
    assert document["events"] == [{"at": "2030-01-01T11:59:00+00:00", "message": "has reached a steady state."}]
    (first, second) = document["tasks"]
    assert (first["id"], first["target_health"], first["target_reason"]) == ("1a2b3c4d5e6f", "healthy", None)
    assert (second["target_health"], second["target_reason"]) == ("unhealthy", "Request timed out")
    assert document["failure"] is None
    page = (fake_service.ROOT / "docs" / "running-service.md").read_text()
    for key in [*document, *first, *document["deployments"][0], *document["image"], *document["scaling"]]:
        assert f"`{key}`" in page


@pytest.fixture
def alarms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of `dev`."""
    text = (fake_service.ROOT / "environments" / "dev.toml").read_text()
    (tmp_path / "dev.toml").write_text(f'{text}\n[alarms]\nenabled = true\nroll_back_alarm_names = ["checkout"]\n')
    monkeypatch.setenv("ENVIRONMENTS_DIR", str(tmp_path))


@pytest.mark.usefixtures("alarms")
def test_alarms_that_are_raised_are_listed(aws: FakeService) -> None:
    """The environment's own and others' that take deployments back, since when; nobody else's."""
    aws.raised = {"go-api-dev-latency": "it is slow", "checkout": "it fails", "go-api-dev-2-latency": "another's"}
    assert "alarms    go-api-dev-latency since 11:58:00; checkout since 11:58:00\n" in status()
    (first, second) = json.loads(status("--json"))["alarms"]
    assert first == {"name": "go-api-dev-latency", "since": "2030-01-01T11:58:00+00:00", "reason": "it is slow"}
    assert second["name"] == "checkout"


@pytest.mark.usefixtures("alarms")
def test_a_status_without_alarms(aws: FakeService) -> None:
    """None is raised, or CloudWatch may not be asked: the rest is told all the same."""
    assert "alarms    none is raised" in status()
    assert json.loads(status("--json"))["alarms"] == []
    aws.refusal_of_alarms = ClientError({"Error": {"Code": "AccessDenied", "Message": "no way"}}, "DescribeAlarms")
    assert "alarms" not in status()
    assert json.loads(status("--json"))["alarms"] is None


def rolled_back(aws: FakeService, *tasks: dict[str, object]) -> None:
    """Revision 2's deployment has failed; revision 1's is the service's again."""
    assert aws.service
    aws.event("(deployment ecs-svc/2) deployment failed: tasks failed to start.")
    aws.event("rolling back to deployment ecs-svc/1.")
    aws.stopped = list(tasks)


def test_a_deployment_that_was_rolled_back_is_explained(aws: FakeService) -> None:
    """Why its tasks stopped, their last words, and what serves; another deployment's tasks are not counted."""
    crashed = [stopped(f"crash{number}", of=2, reason="it ended", exit_code=1) for number in range(3)]
    aws.logged = ["cannot start"]
    rolled_back(aws, *crashed, stopped("other", of=1, reason="Scaling activity", exit_code=0))
    said = status()
    assert "go-api-dev:2 did not come into service. go-api-dev:1 serves on, with 2 running." in said
    assert "  3 x it ended (go-api: exit code 1)" in said
    assert "  cannot start" in said
    assert "Scaling activity" not in said
    assert json.loads(status("--json"))["failure"]["reasons"] == ["3 x it ended (go-api: exit code 1)"]


def test_what_followed_a_failure_has_not_failed(aws: FakeService) -> None:
    """Revision 3 was deployed after revision 2 was rolled back."""
    assert aws.service
    rolled_back(aws, stopped("crash", of=2, reason="it ended", exit_code=1))
    aws.service.update(taskDefinition=revision(3), deployments=[deployment(3)])
    assert json.loads(status("--json"))["failure"] is None


def test_a_failure_whose_tasks_are_forgotten_is_told(aws: FakeService) -> None:
    """ECS lists stopped tasks for about an hour, and its events for longer."""
    rolled_back(aws)
    assert "ecs-svc/2 did not come into service. ECS lists none of its tasks any more." in " ".join(status().split())


def test_a_deployment_that_is_failing_is_explained(aws: FakeService) -> None:
    """Before ECS gives it up; nothing serves beside a first one."""
    assert aws.service
    aws.service["deployments"] = [deployment(1, "IN_PROGRESS", runningCount=0, failedTasks=1)]
    aws.stopped = [stopped("crash", reason="it ended", exit_code=1)]
    said = status()
    assert "go-api-dev:1 is not in service yet. Nothing else was running" in said
    assert "1 x it ended" in said


UNHEALTHY = f"Task failed ELB health checks in (target-group {fake_service.GROUP})"


@pytest.mark.parametrize(
    ("lived", "event", "told"),
    [
        (31, "is unhealthy due to (reason Health checks failed)", True),
        (31, "is unhealthy due to (reason Health checks failed with these codes: [503])", True),
        (31, "is unhealthy due to (reason Health checks failed with these codes: [404])", False),
        (300, "is unhealthy due to (reason Health checks failed)", False),
    ],
)
def test_a_grace_period_shorter_than_the_start_is_named(
    aws: FakeService,
    lived: float,
    event: str,
    told: bool,  # noqa: FBT001
) -> None:
    """Not where the API answers, but not well, nor where it had served before."""
    aws.event(event)
    rolled_back(aws, stopped("slow", of=2, reason=UNHEALTHY, exit_code=0, lived=lived))
    (meaning,) = json.loads(status("--json"))["failure"]["meaning"] or [None]
    assert (meaning is not None) is told
    if meaning:
        assert "31 s after its start for failing health checks, and the grace period is 30 s" in meaning
        assert "health_check_grace_period_seconds under [deployment] in environments/dev.toml" in meaning


def test_a_failed_check_of_the_containers_own_is_no_matter_of_the_grace_period(aws: FakeService) -> None:
    """Its intervals are its own, and the target group's say nothing of it."""
    rolled_back(aws, stopped("ill", of=2, reason="Task failed container health checks", exit_code=0, lived=31))
    assert json.loads(status("--json"))["failure"]["meaning"] == []


def test_a_replaced_task_that_ignored_sigterm_is_named(aws: FakeService) -> None:
    """Also after a deployment that succeeded; a crash and a lack of memory are something else."""
    replaced = stopped("0123456789", reason="Scaling activity initiated by (deployment ecs-svc/1)", exit_code=137)
    crash = stopped("crash", reason="it ended", exit_code=137, stopCode="EssentialContainerExited")
    hungry = stopped("hungry", reason="it ended")
    hungry["containers"] = [{"name": "go-api", "exitCode": 137, "reason": "OutOfMemoryError: killed"}]
    aws.stopped = [crash, hungry]
    assert json.loads(status("--json"))["killed"] is None
    aws.stopped.append(replaced)
    said = " ".join(status().split())
    assert "1 task, 01234567 last, did not end on SIGTERM and had to be killed after the stop timeout of 20 s" in said


def test_a_task_killed_before_the_last_deployment_is_not_its(aws: FakeService) -> None:
    """It was told of then."""
    aws.stopped = [stopped("old", reason="Scaling activity", exit_code=137, stoppingAt=NOW - timedelta(hours=1))]
    assert json.loads(status("--json"))["killed"] is None


def test_what_is_not_there_is_shown_as_absent(aws: FakeService) -> None:
    """No scaling, no balancer, no tasks, no digest."""
    assert aws.service
    aws.scales, aws.tasks = False, []
    aws.service.update(loadBalancers=[], runningCount=0, desiredCount=0)
    document = json.loads(status("--json"))
    assert (document["scaling"], document["tasks"], document["targets"]) == (None, [], {})
    assert "0 of 0 tasks running" in status()


def test_values_are_no_markup(aws: FakeService) -> None:
    """An event's text arrives as it is."""
    aws.event("[bold]x[/bold] :warning:")
    aws.tasks = [task("1", healthStatus="[red]x[/red]")]
    assert "[bold]x[/bold] :warning:" in status()


def test_nothing_deployed_is_one_line(aws: FakeService) -> None:
    aws.service = None
    with pytest.raises(OperateError, match=r"^Nothing is deployed in 'dev': `make deploy ENV=dev` deploys it\.$"):
        status()


def test_a_refusal_is_one_line(aws: FakeService) -> None:
    """Of credentials that expired."""
    aws.refusal = ClientError({"Error": {"Code": "ExpiredToken", "Message": "it\nexpired"}}, "DescribeServices")
    with pytest.raises(OperateError, match=r"^AWS did not answer for 'dev': .*ExpiredToken.+it expired\.$"):
        status()


def test_a_log_that_may_not_be_read_is_said_in_its_place(aws: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """All else of the status is shown."""

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no way"}}, "GetLogEvents")

    rolled_back(aws, stopped("crash", of=2, reason="it ended", exit_code=1))
    monkeypatch.setattr(aws, "get_log_events", refuse)
    (logged,) = json.loads(status("--json"))["failure"]["logged"]
    assert logged.startswith("The log could not be read: An error occurred (AccessDenied)")
    assert "1 x it ended" in status()


def test_watching_goes_on_until_it_is_interrupted(aws: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is new is shown; Ctrl-C is how it ends, with exit code 0."""
    naps = iter(["goes on"])

    def sleep(_: float) -> None:
        aws.event("is something new.")
        if next(naps, None) is None:
            raise KeyboardInterrupt

    monkeypatch.setattr("operate.running.status_screen.time.sleep", sleep)
    said = status("--watch")
    assert said.count("service   go-api-dev, ACTIVE") == 2
    assert said.count("is something new.") == 1


@pytest.mark.usefixtures("aws")
def test_a_watch_has_no_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """One document is one document."""
    monkeypatch.setattr("operate.running.status_screen.watch", lambda *_: pytest.fail("watched"))
    with pytest.raises(OperateError, match="leave out --watch"):
        status("--watch", "--json")
