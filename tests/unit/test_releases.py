"""What `releases` lists, what a deployment writes for it, and where `rollback` goes: from what AWS answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from operate import __main__ as command_line
from operate.environment import Environment, resolve
from operate.errors import OperateError
from operate.plan import unrecorded
from operate.release import releases
from operate.service import Service
from tests.unit import fake_service
from tests.unit.fake_service import DIGEST, deployment, revision, stopped

if TYPE_CHECKING:
    from tests.unit.fake_service import FakeService

OTHER = f"sha256:{'cd' * 32}"
REGISTRY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"


class PlannedError(Exception):
    """With the image tag."""


class FakeStack:
    def plan(self, *, image_tag: str, imports: dict[str, str]) -> None:
        assert imports == {}
        raise PlannedError(image_tag)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeService:
    """Revisions 1, 6 and 7, each with the image tag of its number, which ECR has. 7 runs, and all have served."""
    fake = fake_service.install(monkeypatch)
    runs(fake, 7)
    fake.tags = {revision(number): "served" for number in (1, 6, 7)}
    fake.images = {"v1": DIGEST, "v6": DIGEST, "v7": DIGEST, DIGEST: DIGEST}
    monkeypatch.setattr(Environment, "prepare_stack", lambda *_, **__: FakeStack())
    monkeypatch.setattr(unrecorded, "imports", lambda *_: [])
    return fake


def runs(aws: FakeService, number: int, state: str = "COMPLETED", **changes: Any) -> None:
    assert aws.service
    aws.service |= {"taskDefinition": revision(number), "deployments": [deployment(number, state, **changes)]}


def operate(*arguments: str) -> str:
    result = CliRunner().invoke(command_line.app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def listed(*options: str) -> dict[str, tuple[str, bool]]:
    """By revision: the verdict, and whether it is live."""
    found = json.loads(operate("releases", "dev", "--json", *options))
    return {one["revision"].rpartition(":")[2]: (one["verdict"], one["live"]) for one in found}


def test_a_release_is_a_row(aws: FakeService) -> None:
    """Image, who, what became of it and what is live; newest first; what has no tag is unknown."""
    aws.tags = {revision(6): "rolled back"}
    rows = [line.split() for line in operate("releases", "dev").splitlines()[1:]]
    who = "alice@example.com"
    assert [[*row[:3], *row[5:]] for row in rows] == [
        ["7", "v7", "abababab", who, "serves", "now", "live"],
        ["6", "v6", "abababab", who, "rolled", "back"],
        ["1", "v1", "abababab", who, "unknown"],
    ]


def test_what_runs_is_told_by_ecs_and_not_by_a_tag(aws: FakeService) -> None:
    """A rollout that is going on, one that failed with nothing to go back to; as many as were asked for."""
    runs(aws, 7, "IN_PROGRESS", runningCount=0)
    assert listed("--most", "1") == {"7": ("rolling out", False)}
    runs(aws, 7, "FAILED")
    assert listed() == {"7": ("never healthy", True), "6": ("served", False), "1": ("served", False)}


def record(aws: FakeService) -> dict[str, str]:
    """What is written in the end."""
    aws.tags = {}
    with releases.recorded(Service.of(resolve("dev"))):
        aws.tags = {}
    return written(aws)


def written(aws: FakeService) -> dict[str, str]:
    return {arn.rpartition(":")[2]: verdict for arn, verdict in aws.tags.items()}


def deploy_in_vain(aws: FakeService) -> None:
    with releases.recorded(Service.of(resolve("dev"))):
        runs(aws, 6)
        aws.stopped = [stopped("1a2b", of=7, reason="Essential container in task exited")]
        raise OperateError("of Terraform")


def test_what_served_is_written(aws: FakeService) -> None:
    assert record(aws) == {"7": "served"}


def test_what_ecs_rolled_back_is_written_by_the_deployment_that_fails_of_it(aws: FakeService) -> None:
    """And Terraform's error comes through."""
    aws.tags = {}
    with pytest.raises(OperateError, match="of Terraform"):
        deploy_in_vain(aws)
    assert written(aws) == {"6": "served", "7": "rolled back"}


def test_what_a_killed_deployment_did_not_write_the_next_one_writes(aws: FakeService) -> None:
    """Before it changes what ECS says."""
    aws.tags = {}
    runs(aws, 6)
    aws.stopped = [stopped("1a2b", of=7, reason="Essential container in task exited")]
    with releases.recorded(Service.of(resolve("dev"))):
        assert written(aws) == {"6": "served", "7": "rolled back"}


def test_what_never_ran_has_no_verdict(aws: FakeService) -> None:
    """Terraform has registered revision 7, and ECS was never told; nor has a rollout one before its end."""
    runs(aws, 6)
    aws.stopped = [stopped("1a2b", of=6, reason="Task failed health checks")]
    assert record(aws) == {"6": "served"}
    runs(aws, 7, "IN_PROGRESS")
    assert record(aws) == {}
    runs(aws, 7, "FAILED")
    assert record(aws) == {"7": "never healthy"}


def test_what_no_task_has_run_is_not_said_to_serve(aws: FakeService) -> None:
    """Deployed at night, where a schedule wants no task: only what it has shown before is known."""
    assert aws.service
    aws.service["desiredCount"] = 0
    assert record(aws) == {}
    aws.tags = {revision(6): "served"}
    runs(aws, 7, runningCount=0)
    assert listed() == {"7": ("unknown", False), "6": ("served", False), "1": ("unknown", False)}


def test_a_deployment_does_not_fail_of_a_tag(aws: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "ecs:TagResource"}}, "TagResource")

    monkeypatch.setattr(aws, "tag_resource", refuse)
    assert record(aws) == {}


def rolled_back_to(*options: str) -> str:
    with pytest.raises(PlannedError) as planned:
        operate("rollback", "dev", *options)
    return str(planned.value)


def test_a_rollback_goes_to_the_last_release_that_served(aws: FakeService) -> None:
    """Not to one that was rolled back, that runs already, or that nobody knows of; but to any by its number."""
    assert rolled_back_to() == "v6"
    aws.tags[revision(6)] = "rolled back"
    assert rolled_back_to() == "v1"
    assert rolled_back_to("--to", "6") == "v6"
    del aws.tags[revision(1)]
    with pytest.raises(OperateError, match=r"^go-api-dev has no release before this one that served: `make releases"):
        rolled_back_to()


def test_a_rollback_goes_to_any_active_revision(aws: FakeService) -> None:
    """However many there are."""
    aws.active, aws.images["v5"] = list(range(150, 0, -1)), DIGEST
    assert rolled_back_to("--to", "5") == "v5"


def test_a_rollback_of_a_service_on_a_revision_that_was_deregistered(aws: FakeService) -> None:
    """Any other active one is as good as ever; where there is none, that is said."""
    aws.active = [6, 1]
    assert rolled_back_to() == "v6"
    aws.active = []
    with pytest.raises(OperateError, match=r"^go-api-dev has no release before this one that served"):
        operate("rollback", "dev")
    with pytest.raises(OperateError, match=r"^go-api-dev has no active revision 5, nor any other\.$"):
        operate("rollback", "dev", "--to", "5")


def test_a_second_rollback_does_not_go_forward_again(aws: FakeService) -> None:
    """To the image that the first has left, which served under an earlier revision; one that served since counts."""
    aws.image_tags = {revision(6): "v2", revision(1): "v2"}
    aws.tags[revision(6)] = "rolled back"
    with pytest.raises(OperateError, match="no release before this one that served"):
        operate("rollback", "dev")
    aws.tags = {revision(6): "served", revision(1): "rolled back"}
    aws.images["v2"] = DIGEST
    assert rolled_back_to() == "v2"


def test_after_a_failed_release_it_goes_to_what_ecs_went_back_to(aws: FakeService) -> None:
    """So that Terraform's state has it too."""
    runs(aws, 6)
    aws.tags[revision(7)] = "rolled back"
    assert rolled_back_to() == "v6"


@pytest.mark.parametrize(
    ("images", "told"),
    [
        ({}, f"go-api-dev:6 runs {REGISTRY}/go-api:v6@{DIGEST}, which is gone from the repository go-api in ECR."),
        ({"v6": OTHER}, f"go-api-dev:6 runs {REGISTRY}/go-api:v6@{DIGEST}, which is gone from the repository go-api"),
        ({DIGEST: DIGEST}, f"go-api-dev:6 runs {DIGEST}, and its tag v6 is gone. Give the image its tag back, and"),
        ({"v6": OTHER, DIGEST: DIGEST}, f"go-api-dev:6 runs {DIGEST}, and its tag v6 now names {OTHER}. Give"),
    ],
)
def test_an_image_that_its_tag_does_not_name_is_refused(aws: FakeService, images: dict[str, str], told: str) -> None:
    """In one line, before anything is planned; where ECR still has it, with the command that gives the tag back."""
    aws.images = images
    with pytest.raises(OperateError) as refused:
        operate("rollback", "dev")
    said = str(refused.value)
    assert said.startswith(told)
    assert "\n" not in said
    command = f"aws ecr put-image --region eu-west-1 --repository-name go-api --image-tag v6 --image-digest {DIGEST} "
    assert (command in said) == (DIGEST in images)


def test_what_cannot_be_rolled_back_is_one_line(aws: FakeService) -> None:
    with pytest.raises(OperateError, match=r"^go-api-dev has no active revision 5: its newest are 7, 6, 1\.$"):
        operate("rollback", "dev", "--to", "5")
    aws.service = None
    with pytest.raises(OperateError, match=r"^Nothing is deployed in 'dev' that could be rolled back\.$"):
        operate("rollback", "dev")
    with pytest.raises(OperateError, match=r"^Nothing is deployed in 'dev'"):
        operate("releases", "dev")
