"""What `deploy` does with `release.before` ahead of the plan that it has shown, from what AWS answers."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from operate import __main__ as command_line
from operate import deployment, progress
from operate.environment import Environment
from operate.errors import OperateError
from operate.generator import settings_of
from operate.plan import unrecorded
from operate.release import before_release
from operate.terraform_cli.terraform_state import State
from tests.unit import fake_service
from tests.unit.fake_service import ARN, COPIES, DIGEST, NOW, ROOT, before, task

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from tests.template import Template
    from tests.unit.fake_service import FakeService

ID = "0a1b2c3d4e5f"
COPY = f"{ARN}:task-definition/{COPIES}:1"
OWN = {"environment": "dev", "service": "go-api", "managed-by": "terraform", "team": "api"}
CONTAINER = {"name": "go-api", "image": f"go-api@{DIGEST}", "essential": True}
DEFINITION = {
    "family": "go-api-dev",
    "cpu": "256",
    "memory": "512",
    "network_mode": "awsvpc",
    "requires_compatibilities": ["FARGATE"],
    "runtime_platform": [{"cpu_architecture": "ARM64", "operating_system_family": "LINUX"}],
    "execution_role_arn": "arn:aws:iam::111111111111:role/go-api-dev-execution",
    "task_role_arn": "arn:aws:iam::111111111111:role/go-api-dev-task",
    "container_definitions": json.dumps([CONTAINER]),
    "tags_all": OWN,
}
STOPPED = "Nothing was changed: `/api migrate` (release.before) "


class Noon:
    @staticmethod
    def now(_: object) -> datetime:
        return NOW


class AppliedError(Exception):
    """The plan was applied."""


class FakeStack:
    def __init__(self) -> None:
        self.definition: dict[str, Any] = dict(DEFINITION)
        self.actions, self.service = ["create", "delete"], {"name": "go-api-dev"}
        self.serial, self.settings = 7, settings_of("dev")

    def plan(self, **_: Any) -> dict[str, Any]:
        """Of a new revision, and of the service that gets it."""
        old, new = self.service, {"name": "go-api-dev"}
        changes = [
            change("aws_ecs_task_definition", self.actions, {"skip_destroy": True}, self.definition),
            change("aws_ecs_service", ["update"] if old else ["create"], old or None, {**new, "desired_count": 1}),
        ]
        values = {"type": "aws_ecs_task_definition", "values": self.definition}
        return {"resource_changes": changes, "planned_values": {"root_module": {"resources": [values]}}}

    def apply(self) -> None:
        raise AppliedError

    def take_in(self, _: object) -> None:
        pass

    def state(self) -> State:
        return State(lineage="1", serial=self.serial)

    def destroy(self) -> None:
        pass


def change(type_: str, actions: list[str], before: Any, after: Any) -> dict[str, Any]:
    unknown = {"task_definition": True} if type_ == "aws_ecs_service" else {}
    sides = {"before": before, "after": after, "after_unknown": unknown}
    address = {"address": f"{type_}.default", "mode": "managed", "type": type_, "name": "default"}
    return {**address, "change": {**sides, "actions": actions, "before_sensitive": {}, "after_sensitive": {}}}


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    fake = FakeStack()
    monkeypatch.setattr(Environment, "prepare_stack", lambda *_, **__: fake)
    monkeypatch.setattr(unrecorded, "imports", lambda *_: [])
    return fake


@pytest.fixture
def aws(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    stack: FakeStack,  # noqa: ARG001 - it is set up
) -> FakeService:
    """`dev` runs `/api migrate` before a release, which ends well. Nobody waits."""
    settings(tmp_path, monkeypatch, '[release]\nbefore = ["/api", "migrate"]\nbefore_timeout_seconds = 40\n')
    monkeypatch.setattr("operate.running.one_off_task.time.sleep", lambda _: None)
    monkeypatch.setattr("operate.release.before_release.datetime", Noon)
    fake = fake_service.install(monkeypatch)
    fake.started = [task(ID, lastStatus="PENDING"), ended(exitCode=0)]
    return fake


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is said beside the result."""
    said = io.StringIO()
    monkeypatch.setattr(progress.console, "_file", said)
    return said


def settings(folder: Path, patch: pytest.MonkeyPatch, more: str) -> None:
    shutil.copytree(ROOT / "environments", folder / "environments")
    file = folder / "environments" / "dev.toml"
    file.write_text(f"{file.read_text()}\n{more}")
    patch.setenv("ENVIRONMENTS_DIR", str(folder / "environments"))


def ended(reason: str = "Essential container in task exited", **container: Any) -> dict[str, Any]:
    return task(ID, lastStatus="STOPPED", stoppedReason=reason, containers=[{"name": "go-api", **container}])


def deploy(*arguments: str) -> str:
    """What is printed; an error comes through, and AppliedError where the plan was applied."""
    return CliRunner().invoke(command_line.app, ["deploy", "dev", *arguments], catch_exceptions=False).stdout


def refused() -> str:
    with pytest.raises(OperateError) as error:
        deploy("--image-tag", "v2")
    return str(error.value)


def test_it_runs_what_is_planned_before_that_is_applied(aws: FakeService) -> None:
    """In the new image with its size and variables, in the service's network, not on Spot; nothing is left of it."""
    with pytest.raises(AppliedError):
        deploy("--image-tag", "v2")
    assert aws.service
    (copy,) = aws.registered
    assert copy == {
        "family": COPIES,
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "executionRoleArn": DEFINITION["execution_role_arn"],
        "taskRoleArn": DEFINITION["task_role_arn"],
        "containerDefinitions": [CONTAINER],
        "tags": [{"key": key, "value": value} for key, value in OWN.items()],
    }
    (request,) = aws.requests
    assert request["taskDefinition"] == COPY
    assert request["overrides"]["containerOverrides"][0]["command"] == ["/api", "migrate"]
    assert request["networkConfiguration"] == aws.service["networkConfiguration"]
    assert (request["launchType"], "capacityProviderStrategy" in request) == ("FARGATE", False)
    assert aws.copies == {}


def test_a_copy_has_the_planned_disk_and_volumes(aws: FakeService, stack: FakeStack) -> None:
    """Which only some task definitions have blocks for."""
    authorization = {"access_point_id": "fsap-01234567", "iam": "ENABLED"}
    efs = {
        "file_system_id": "fs-01234567",
        "root_directory": "/",
        "transit_encryption": "ENABLED",
        "transit_encryption_port": None,
        "authorization_config": [authorization],
    }
    none: dict[str, Any] = {"docker_volume_configuration": [], "efs_volume_configuration": [], "host_path": ""}
    stack.definition |= {
        "ephemeral_storage": [{"size_in_gib": 42}],
        "volume": [{**none, "name": "scratch-0"}, {**none, "name": "efs-0", "efs_volume_configuration": [efs]}],
    }
    with pytest.raises(AppliedError):
        deploy("--image-tag", "v2")
    (copy,) = aws.registered
    assert copy["ephemeralStorage"] == {"sizeInGiB": 42}
    assert copy["volumes"] == [
        {"name": "scratch-0"},
        {
            "name": "efs-0",
            "efsVolumeConfiguration": {
                "fileSystemId": "fs-01234567",
                "transitEncryption": "ENABLED",
                "authorizationConfig": {"accessPointId": "fsap-01234567", "iam": "ENABLED"},
            },
        },
    ]


def test_a_copy_has_all_that_a_task_definition_of_the_stack_has(synthesize: Callable[..., Template]) -> None:
    """Else the task would be another one than those that the release brings."""
    settings = {"ephemeral_storage_gib": 21, "scratch_volumes": ["/tmp"]}
    written = synthesize(container=settings).only("aws_ecs_task_definition")
    apart = {"family", "container_definitions", "runtime_platform", "skip_destroy", "lifecycle", "depends_on", "//"}
    assert written.keys() - apart - {"ephemeral_storage", "volume"} == before_release.COPIED.keys()


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (ended(exitCode=3), "exited with code 3."),
        (ended(exitCode=124), "exited with code 124."),
        (
            ended("CannotStartContainerError: no such file"),
            f"could not be run: task 0a1b2c3d of {COPIES}:1 did not run: CannotStartContainerError: no such file",
        ),
    ],
)
def test_what_does_not_end_well_stops_the_release(aws: FakeService, last: dict[str, Any], told: str) -> None:
    """In one line; the copy is deregistered."""
    aws.started[-1] = last
    assert refused() == STOPPED + told
    assert aws.copies == {}


def test_what_hangs_is_stopped(aws: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its own time limit."""
    aws.started = [task(ID)]
    times = iter(range(0, 1000, 15))
    monkeypatch.setattr("operate.running.one_off_task.time.monotonic", lambda: next(times))
    assert refused() == f"{STOPPED}did not end in 40 s."
    assert [one["task"] for one in aws.requests if "reason" in one] == [task(ID)["taskArn"]]
    assert aws.copies == {}


def test_an_interrupt_stops_it(aws: FakeService) -> None:
    """And nothing is applied or left."""
    aws.started = [task(ID)]
    aws.starting = lambda: os.kill(os.getpid(), signal.SIGINT)
    result = CliRunner().invoke(command_line.app, ["deploy", "dev", "--image-tag", "v2"])
    assert result.exit_code != 0
    assert not isinstance(result.exception, AppliedError)
    assert [one["task"] for one in aws.requests if "reason" in one] == [task(ID)["taskArn"]]
    assert aws.copies == {}


EXPIRED = ClientError({"Error": {"Code": "ExpiredTokenException", "Message": "expired"}}, "DescribeTasks")


def test_credentials_that_expire_midway_are_one_line(
    aws: FakeService, monkeypatch: pytest.MonkeyPatch, errors: io.StringIO
) -> None:
    """Of AWS's; what may run on, and what is still registered, is said. The next release takes the copy away."""

    def refuse(**_: object) -> None:
        raise EXPIRED

    with monkeypatch.context() as patch:
        patch.setattr(aws, "describe_tasks", refuse)
        patch.setattr(aws, "deregister_task_definition", refuse)
        said = refused()
    assert said.startswith(f"{STOPPED}could not be run: AWS did not answer: ")
    assert "ExpiredTokenException" in said
    assert "\n" not in said
    left = errors.getvalue()
    assert f"may run on. This stops it: aws ecs stop-task --region eu-west-1 --cluster go-api-dev --task {ARN}" in left
    assert f"{COPIES}:1 is still registered, and a later release deregisters it" in left
    with pytest.raises(AppliedError):
        deploy("--image-tag", "v2")
    assert aws.copies == {}


def test_a_copy_of_somebody_elses_is_left_alone(aws: FakeService) -> None:
    """Whatever it is called."""
    theirs = {f"{ARN}:task-definition/{COPIES}:9": [{"key": "environment", "value": "dev"}]}
    aws.copies = dict(theirs)
    with pytest.raises(AppliedError):
        deploy("--image-tag", "v2")
    assert aws.copies == theirs


@pytest.mark.parametrize(("age", "left"), [(39, True), (41, False)])
def test_what_a_killed_release_has_registered_goes_once_the_own_task_has_ended(
    aws: FakeService,
    monkeypatch: pytest.MonkeyPatch,
    age: float,
    left: bool,  # noqa: FBT001
) -> None:
    """Another release may be about to start what is younger than its time limit."""
    registered = f"{ARN}:task-definition/{COPIES}:9"
    aws.copies, aws.age_of_copies = {registered: [{"key": key, "value": value} for key, value in OWN.items()]}, age
    deregister = aws.deregister_task_definition

    def deregister_late(*, taskDefinition: str) -> None:  # noqa: N803 - boto3's name
        assert aws.started[0]["lastStatus"] == "STOPPED"
        deregister(taskDefinition=taskDefinition)

    monkeypatch.setattr(aws, "deregister_task_definition", deregister_late)
    with pytest.raises(AppliedError):
        deploy("--image-tag", "v2")
    assert (registered in aws.copies) is left


def test_what_cannot_be_deregistered_stops_no_release(
    aws: FakeService, monkeypatch: pytest.MonkeyPatch, errors: io.StringIO
) -> None:
    """The command has ended well by then."""

    def refuse(**_: object) -> None:
        raise EXPIRED

    monkeypatch.setattr(aws, "paginate", refuse)
    with pytest.raises(AppliedError):
        deploy("--image-tag", "v2")
    assert "What a killed release has registered is left to a later one: " in errors.getvalue()


def at_work(**changes: Any) -> dict[str, Any]:
    return task("9f8e7d6c5b4a", taskDefinitionArn=COPY, startedBy="assumed-role/bob", **changes)


def test_it_waits_for_that_of_another_release(
    aws: FakeService, monkeypatch: pytest.MonkeyPatch, errors: io.StringIO
) -> None:
    """Or of a killed one; who it is and since when is said, also where it is told to stop."""
    aws.of_copies = [at_work(stoppingAt=NOW)]

    def end(_: float) -> None:
        if not aws.registered:
            aws.of_copies = [at_work(lastStatus="STOPPED", stoppingAt=NOW)]

    monkeypatch.setattr("operate.service.time.sleep", end)
    with pytest.raises(AppliedError):
        deploy("--image-tag", "v2")
    assert aws.of_copies[0]["lastStatus"] == "STOPPED"
    assert f"task 9f8e7d6c of {COPIES}:1, started by assumed-role/bob, has been at work since" in errors.getvalue()


def test_a_release_that_was_overtaken_is_not_run(
    aws: FakeService, stack: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terraform would refuse its plan, after the command has run: another one has changed the state meanwhile."""
    aws.of_copies = [at_work()]

    def end(_: float) -> None:
        stack.serial += 1
        aws.of_copies = [at_work(lastStatus="STOPPED", stoppingAt=NOW, stopCode="UserInitiated")]

    monkeypatch.setattr("operate.service.time.sleep", end)
    assert refused() == (
        f"{STOPPED}could not be run: the state at s3://example-terraform-state-dev/go-api/terraform.tfstate has "
        "changed since the plan was made. Deploy again, which plans anew."
    )
    assert aws.registered == aws.requests == []


@pytest.mark.parametrize(
    ("exit_code", "stop_code", "overtaken"),
    [
        (0, "EssentialContainerExited", True),
        (0, "UserInitiated", False),
        (1, "EssentialContainerExited", False),
    ],
)
def test_after_one_of_another_release_that_ended_well_it_is_not_run(
    aws: FakeService,
    monkeypatch: pytest.MonkeyPatch,
    exit_code: int,
    stop_code: str,
    overtaken: bool,  # noqa: FBT001
) -> None:
    """That release is applied next, so that this plan is out of date; one that failed or was stopped is not."""
    aws.of_copies = [at_work()]
    containers = [{"name": "go-api", "exitCode": exit_code}, {"name": "proxy", "exitCode": 0}]

    def end(_: float) -> None:
        if not aws.registered:
            ended = {"lastStatus": "STOPPED", "stoppingAt": NOW, "stopCode": stop_code, "containers": containers}
            aws.of_copies = [at_work(**ended)]

    monkeypatch.setattr("operate.service.time.sleep", end)
    if overtaken:
        said = refused()
        assert said.startswith(
            f"{STOPPED}could not be run: task 9f8e7d6c of {COPIES}:1, started by assumed-role/bob, has"
        )
        assert said.endswith("Deploy again once that is done, which plans anew.")
        assert aws.registered == []
    else:
        with pytest.raises(AppliedError):
            deploy("--image-tag", "v2")


def test_of_two_that_have_begun_at_once_the_younger_one_gives_way(
    aws: FakeService, monkeypatch: pytest.MonkeyPatch, errors: io.StringIO
) -> None:
    """It stops its own task, says so, and waits; then it begins again, since the other one has failed."""

    def begin() -> None:
        aws.starting = lambda: None
        aws.of_copies = [at_work(createdAt=before(331))]

    def end(_: float) -> None:
        assert aws.copies == {} or len(aws.registered) > 1
        containers = [{"name": "go-api", "exitCode": 1}]
        aws.of_copies = [at_work(createdAt=before(331), lastStatus="STOPPED", stoppingAt=NOW, containers=containers)]

    aws.starting = begin
    monkeypatch.setattr("operate.service.time.sleep", end)
    with pytest.raises(AppliedError):
        deploy("--image-tag", "v2")
    assert ["reason" in one for one in aws.requests] == [False, True, False]
    said = errors.getvalue()
    assert f"was told to stop, since task 9f8e7d6c of {COPIES}:1, started by assumed-role/bob, is at work; no" in said
    assert f"waiting, since task 9f8e7d6c of {COPIES}:1, started by assumed-role/bob, has been at work since" in said
    assert aws.copies == {}


def test_of_two_that_have_begun_at_once_the_older_one_goes_on(aws: FakeService) -> None:
    """The other one gives way."""
    aws.starting = lambda: aws.of_copies.append(at_work(createdAt=before(329)))
    with pytest.raises(AppliedError):
        deploy("--image-tag", "v2")
    assert ["reason" in one for one in aws.requests] == [False]


def test_it_does_not_wait_for_ever(aws: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stops the other one is said, in one line."""
    aws.of_copies = [at_work()]
    times = iter(range(0, 1000, 15))
    monkeypatch.setattr("operate.service.time.monotonic", lambda: next(times))
    monkeypatch.setattr("operate.service.time.sleep", lambda _: None)
    said = refused()
    assert said.startswith(f"{STOPPED}could not be run: task 9f8e7d6c of {COPIES}:1, started by assumed-role/bob, has")
    assert said.endswith(f"--cluster go-api-dev --task {at_work()['taskArn']}")
    assert (aws.registered, "\n" in said) == ([], False)


def test_without_a_new_revision_it_is_not_run(aws: FakeService, stack: FakeStack) -> None:
    """The image has not changed, or ECS has gone back from it: it was run for that one before."""
    stack.actions = ["no-op"]
    with pytest.raises(AppliedError):
        deploy("--image-tag", "v2")
    assert aws.registered == aws.requests == []


@pytest.mark.parametrize("service", [{}, {"name": "go-api-old"}])
def test_before_a_first_deployment_it_is_not_run(
    aws: FakeService, stack: FakeStack, service: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor with another name: cluster, roles and log group are not there. The plan says so, and how it is run."""
    stack.service = service
    monkeypatch.setattr(aws, "service", None)
    shown: list[deployment.Planned] = []
    monkeypatch.setattr(command_line, "_shower", lambda _: shown.append)
    with pytest.raises(AppliedError):
        deploy("--image-tag", "v2")
    assert aws.registered == aws.requests == []
    assert shown[0].before
    assert shown[0].before.effect == (
        "`/api migrate` (release.before) is not run before the first deployment: make run ENV=dev "
        "COMMAND='/api migrate' runs it afterwards"
    )


def test_a_plan_says_that_it_will_be_run(aws: FakeService) -> None:
    """And runs nothing."""
    result = CliRunner().invoke(command_line.app, ["plan", "dev", "--json"], catch_exceptions=False)
    told = "`/api migrate` (release.before) runs first, as a task of the new image: if it fails, nothing is changed"
    assert json.loads(result.stdout)["effects"][0] == {"kind": "before", "text": told}
    assert aws.registered == aws.requests == []


def test_roles_that_only_the_apply_makes_are_told(aws: FakeService, stack: FakeStack) -> None:
    """As where somebody has deleted one."""
    del stack.definition["task_role_arn"]
    assert refused() == (
        f"{STOPPED}could not be run: only the apply makes its task_role_arn. Deploy that with release.before = []."
    )
    assert aws.registered == []


def test_a_rollback_does_not_run_it(aws: FakeService) -> None:
    """It was made for a new image."""
    aws.tags = {fake_service.revision(6): "served"}
    aws.images = {"v6": DIGEST, DIGEST: DIGEST}
    with pytest.raises(AppliedError):
        CliRunner().invoke(command_line.app, ["rollback", "dev", "--to", "6"], catch_exceptions=False)
    assert aws.registered == aws.requests == []


def test_a_destruction_takes_left_copies_away(aws: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a release that was killed."""
    aws.copies = {COPY: [{"key": key, "value": value} for key, value in OWN.items()]}
    monkeypatch.setattr(aws, "service", None)
    CliRunner().invoke(command_line.app, ["destroy", "dev", "--yes"], catch_exceptions=False)
    assert aws.copies == {}
