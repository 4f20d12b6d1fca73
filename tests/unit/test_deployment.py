"""What a plan, a deployment and a destruction say is what is so: real Terraform, and an ECS made of what it answers."""

from __future__ import annotations

import errno
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ProfileNotFound
from typer.testing import CliRunner

from local_aws import container_engine
from local_aws.instance import LocalAws
from operate import __main__ as command_line
from operate import generator
from operate.environment import Environment
from operate.errors import OperateError
from operate.local import embedded_aws
from operate.terraform_cli import terraform
from operate.terraform_cli.stack import Stack
from operate.terraform_cli.terraform import Terraform
from operate.terraform_cli.terraform_state import State

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENTS = Path(__file__).resolve().parents[2] / "environments"
REGISTRY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
RUNNING, PUSHED = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
LABEL = "org.opencontainers.image.ref.name"
MODULE = """
variable "image_tag" {
  default = "Terraform's default"
}
resource "terraform_data" "release" {
  input = var.image_tag
}
output "image_tag" {
  value = var.image_tag
}
"""


def state(*services: str) -> State:
    """That knows these services and nothing else."""
    instances = [{"attributes": {"name": name}} for name in services]
    service = {"mode": "managed", "type": "aws_ecs_service", "name": "service", "instances": instances}
    return State.model_validate({"lineage": "1", "serial": 1, "resources": [service]})


def by_digest(digest: str) -> str:
    """A module as above, whose image_tag names this digest when it is planned."""
    return f'{MODULE}output "image_digest" {{\n  value = "{digest}"\n}}\n'


class Ecs:
    """The service of an environment runs `image`; None: there is none. A refusal is raised instead of any answer.

    `updates` are the requests that changed something.
    """

    image: str | None = None
    launch_type: str | None = None
    rollout_state = "COMPLETED"
    desired_count = 1
    labels: dict[str, str] | None = None
    refusal: ClientError | None = None
    refusal_of_images: ClientError | None = None
    built_for: tuple[str, ...] = ()
    alarm_names: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.tags: dict[str, list[dict[str, str]]] = {}

    class exceptions:  # noqa: N801 - boto3's name
        class ClusterNotFoundException(Exception):  # noqa: N818 - as above
            pass

    def describe_services(self, *, cluster: str, services: list[str], **_: object) -> dict[str, Any]:
        if self.refusal:
            raise self.refusal
        assert services == [cluster]
        primary = {"status": "PRIMARY", "taskDefinition": "family:1", "runningCount": 1}
        primary["rolloutState"] = self.rollout_state
        service: dict[str, Any] = {
            "status": "ACTIVE",
            "taskDefinition": "family:1",
            "deployments": [primary],
            "events": [],
            "desiredCount": self.desired_count,
        }
        if self.alarm_names:
            service["deploymentConfiguration"] = {"alarms": {"alarmNames": [*self.alarm_names], "enable": True}}
        if self.launch_type:
            service["launchType"] = self.launch_type
        return {"services": [service] if self.image else []}

    def describe_task_definition(self, **_: str) -> dict[str, Any]:
        labels = {"dockerLabels": self.labels} if self.labels else {}
        return {"taskDefinition": {"containerDefinitions": [{"image": self.image, **labels}]}}

    def tag_resource(self, *, resourceArn: str, tags: list[dict[str, str]]) -> None:  # noqa: N803 - boto3's name
        self.tags[resourceArn] = tags

    def describe_clusters(self, **_: list[str]) -> dict[str, Any]:
        strategy = [{"capacityProvider": "own", "weight": 1}]
        return {"clusters": [{"capacityProviders": ["own"], "defaultCapacityProviderStrategy": strategy}]}

    def put_cluster_capacity_providers(self, **request: Any) -> None:
        self.updates.append(request)

    def update_service(self, **request: Any) -> None:
        self.launch_type = None
        self.updates.append(request)

    def get_paginator(self, _: str) -> Ecs:
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"taskDefinitionArns": [], "taskArns": []}]

    def batch_get_image(self, **_: object) -> dict[str, Any]:
        if self.refusal_of_images:
            raise self.refusal_of_images
        platforms = [{"platform": {"os": "linux", "architecture": each}} for each in self.built_for]
        return {"images": [{"imageManifest": json.dumps({"manifests": platforms})}]}


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> Ecs:
    """In place of AWS, for every environment."""
    fake = Ecs()
    monkeypatch.setattr(Environment, "client", lambda _, name: {"ecs": fake, "ecr": fake}[name])
    monkeypatch.setattr(Environment, "check_caller", lambda _: None)
    return fake


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In place of the synthesized one, for every environment."""
    (tmp_path / "main.tf").write_text(MODULE)
    (tmp_path / "cdk.tf.json").write_text("{}")

    def stack(environment: Environment) -> Stack:
        return Stack(tmp_path, Terraform(tmp_path), environment.settings)

    monkeypatch.setattr(generator, "synthesize", lambda _: None)
    monkeypatch.setattr(Environment, "stack", property(stack))
    return tmp_path


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state knows the service of `dev` and of `local`."""
    monkeypatch.setattr(Stack, "state", lambda _: state("go-api-dev", "go-api-local"))


def operate(*arguments: str) -> str:
    """Standard output of a verb that succeeds; an OperateError comes through."""
    result = CliRunner().invoke(command_line.app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.usefixtures("known")
def test_what_serves_is_what_was_asked_for(ecs: Ecs, folder: Path) -> None:
    """The tag reaches Terraform, ECS confirms it, and that is said."""
    ecs.image = f"{REGISTRY}/go-api:v1"
    assert "go-api-dev serves v1" in deployed(ecs)
    assert Terraform(folder).output() == {"image_tag": "v1"}


@pytest.mark.usefixtures("known")
def test_what_serves_is_told_as_ecs_has_it(ecs: Ecs, folder: Path) -> None:
    """Revision, tag and digest; the tag is in the container's label, since the image is the digest."""
    (folder / "main.tf").write_text(by_digest(RUNNING))
    ecs.image, ecs.labels = f"{REGISTRY}/go-api@{RUNNING}", {LABEL: "v1"}
    said = deployed(ecs)
    assert "\ngo-api-dev serves v1, revision family:1\n" in said
    assert f"\nimage   {REGISTRY}/go-api:v1@{RUNNING}\n" in said
    assert "now names" not in said
    assert ecs.tags == {"family:1": [{"key": "release-verdict", "value": "served"}]}


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(("digest", "tag"), [(PUSHED, "v1"), (RUNNING, "v0")])
def test_another_image_than_was_planned_is_a_failure(ecs: Ecs, folder: Path, digest: str, tag: str) -> None:
    """Of the same tag, or the same image under a tag that nobody asked for: both are named whole."""
    (folder / "main.tf").write_text(by_digest(RUNNING))
    ecs.image, ecs.labels = f"{REGISTRY}/go-api@{digest}", {LABEL: tag}
    with pytest.raises(OperateError) as refused:
        deployed(ecs)
    assert (
        f"go-api:v1@{RUNNING} was asked for, and go-api-dev runs {REGISTRY}/go-api:{tag}@{digest}. See that nothing"
    ) in str(refused.value)


@pytest.mark.usefixtures("known")
def test_a_tag_that_was_pushed_again_is_told(ecs: Ecs, folder: Path) -> None:
    """In one line, with both digests, by a plan that names no tag, and so keeps it."""
    (folder / "main.tf").write_text(by_digest(PUSHED))
    ecs.image, ecs.labels = f"{REGISTRY}/go-api@{RUNNING}", {LABEL: "v3"}
    line = f"v3 now names another image: {PUSHED} instead of {RUNNING}, which runs"
    assert f"\nimage tag v3, as deployed\n{line}\n" in operate("plan", "dev")
    assert "now names" not in operate("plan", "dev", "--image-tag", "v4")
    ecs.image = f"{REGISTRY}/go-api@{PUSHED}"
    assert "now names" not in operate("plan", "dev")


def deployed(ecs: Ecs) -> str:
    """What `deploy --image-tag v1` says. Its URLs are of no interest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("operate.service.Service.url", "http://api")
        patch.setattr("operate.service.Service.health_url", "http://api/health")
        assert ecs.image
        return operate("deploy", "dev", "--image-tag", "v1")


@pytest.mark.usefixtures("known", "folder")
@pytest.mark.parametrize(
    "image", [f"{REGISTRY}/go-api:v0", f"{REGISTRY}/other/not-go-api:v1", f"{REGISTRY}/go-api:xv1"]
)
def test_an_apply_that_changed_nothing_is_a_failure(ecs: Ecs, image: str) -> None:
    """Terraform succeeds, and ECS runs another tag, or the tag of another repository: both images are named."""
    ecs.image = image
    with pytest.raises(OperateError) as refused:
        operate("release", "dev", "--image-tag", "v1")
    assert f"go-api:v1 was asked for, and go-api-dev runs {image}." in str(refused.value)


@pytest.mark.usefixtures("known")
def test_what_is_applied_is_the_plan_that_was_shown(ecs: Ecs, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the configuration changes between the two: its rows are printed before anything is changed."""
    ecs.image = f"{REGISTRY}/go-api:v1"
    apply, shown = Terraform.apply, io.StringIO()

    def apply_late(self: Terraform, *arguments: Any, **named: Any) -> str:
        assert re.search(r"^created +terraform_data +release *$", shown.getvalue(), flags=re.MULTILINE)
        (folder / "main.tf").write_text(MODULE.replace("value = var.image_tag", 'value = "of another plan"'))
        return apply(self, *arguments, **named)

    monkeypatch.setattr(Terraform, "apply", apply_late)
    monkeypatch.setattr(command_line.output, "_file", shown)
    deployed(ecs)
    assert Terraform(folder).output() == {"image_tag": "v1"}


@pytest.mark.usefixtures("known")
def test_a_plan_that_is_overtaken_is_not_applied(ecs: Ecs, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else applies between the two: Terraform refuses, and what they made stays."""
    ecs.image = f"{REGISTRY}/go-api:v1"
    apply = Terraform.apply

    def apply_late(self: Terraform, plan: Path | None = None) -> str:
        apply(self, variables={"image_tag": "theirs"})
        return apply(self, plan)

    monkeypatch.setattr(Terraform, "apply", apply_late)
    with pytest.raises(OperateError, match="Saved plan is stale"):
        operate("deploy", "dev", "--image-tag", "v1")
    assert Terraform(folder).output() == {"image_tag": "theirs"}


@pytest.mark.usefixtures("folder", "ecs")
def test_an_apply_that_made_no_service_is_a_failure() -> None:
    """Of a first deployment."""
    with pytest.raises(OperateError, match="go-api:v1 was asked for, and go-api-dev runs nothing"):
        operate("deploy", "dev", "--image-tag", "v1")


@pytest.fixture
def killed_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Terraform is killed as it begins to apply or to destroy."""
    real = terraform.executable()
    fake = tmp_path / "bin" / "terraform"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\ncase "$1" in apply|destroy) kill -9 $$;; esac\nexec {real} "$@"\n')
    fake.chmod(0o755)
    terraform.program.cache_clear()
    monkeypatch.setenv("PATH", str(fake.parent), prepend=":")
    yield
    terraform.program.cache_clear()


@pytest.mark.usefixtures("known", "folder", "killed_at")
@pytest.mark.parametrize(("verb", "option"), [("release", "--image-tag=v1"), ("destroy", "--yes")])
def test_a_killed_terraform_is_a_failure(ecs: Ecs, verb: str, option: str) -> None:
    """Even where what serves is what was asked for."""
    ecs.image = f"{REGISTRY}/go-api:v1"
    with pytest.raises(OperateError, match=r"was ended by signal 9 \(Killed\)"):
        operate(verb, "dev", option)


@pytest.mark.usefixtures("ecs")
def test_a_destruction_that_left_something_is_a_failure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Terraform says that all went well, and its state says what is left."""
    deployed = Terraform(folder)
    deployed.init()
    deployed.apply()
    with monkeypatch.context() as patch:
        patch.setattr(Terraform, "run", lambda *_: "")
        with pytest.raises(
            OperateError, match=r"go-api-dev is not destroyed, its state still has terraform_data\.release"
        ):
            operate("destroy", "dev", "--yes")
    assert operate("destroy", "dev", "--yes") == "dev: destroyed, with 0 revisions of its task definition\n"
    assert operate("destroy", "dev", "--yes") == "dev: nothing was deployed\n"


@pytest.mark.usefixtures("folder")
def test_a_destruction_after_which_the_service_runs_is_a_failure(ecs: Ecs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state is empty, and ECS has the service."""
    states = iter([state("go-api-dev"), state()])
    monkeypatch.setattr(Stack, "state", lambda _: next(states))
    ecs.image = f"{REGISTRY}/go-api:v1"
    with pytest.raises(OperateError, match="go-api-dev still runs in the cluster go-api-dev"):
        operate("destroy", "dev", "--yes")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("environment", "arguments", "image", "said"),
    [
        ("dev", ["--image-tag", "v9"], f"{REGISTRY}/go-api:v3", "image tag v9, as asked"),
        ("dev", [], f"{REGISTRY}/go-api:v3", "image tag v3, as deployed"),
        ("dev", [], f"{REGISTRY}/go-api:v3@sha256:{'0' * 64}", "image tag v3, as deployed"),
        ("dev", [], None, "image tag latest, the environment's default"),
        ("staging", [], f"{REGISTRY}/go-api:3f9c2e1", "image tag 3f9c2e1, as deployed"),
    ],
)
def test_without_a_tag_what_is_deployed_stays(
    ecs: Ecs, environment: str, arguments: list[str], image: str | None, said: str
) -> None:
    """A plan says which tag it is for and why; only what is not deployed takes the environment's default."""
    ecs.image = image
    assert f"\n{said}\n" in operate("plan", environment, *arguments)


def test_the_planned_tag_is_terraforms(ecs: Ecs, folder: Path) -> None:
    """Not only said."""
    ecs.image = f"{REGISTRY}/go-api:v3"
    operate("plan", "dev")
    planned = Terraform(folder).show_json(folder / "plan")
    assert planned["variables"] == {"image_tag": {"value": "v3"}}


@pytest.mark.usefixtures("known")
def test_a_deployment_without_a_tag_keeps_it(ecs: Ecs, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a plan does."""
    ecs.image = f"{REGISTRY}/go-api:v3"
    monkeypatch.setattr("operate.service.Service.url", "http://api")
    monkeypatch.setattr("operate.service.Service.health_url", "http://api/health")
    assert "go-api-dev serves v3" in operate("deploy", "dev")
    assert Terraform(folder).output() == {"image_tag": "v3"}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("verb", ["plan", "deploy"])
def test_a_first_deployment_without_any_tag_is_refused(ecs: Ecs, verb: str) -> None:
    """In one line, before Terraform is asked."""
    assert ecs.image is None
    with pytest.raises(OperateError, match=r"A first deployment has to name its image tag.+IMAGE_TAG=") as refused:
        operate(verb, "staging")
    assert "\n" not in str(refused.value)


@pytest.mark.usefixtures("folder")
def test_what_runs_by_a_digest_alone_has_no_tag_to_keep(ecs: Ecs) -> None:
    """The registry's port is no tag either."""
    ecs.image = f"localhost:5000/go-api@sha256:{'0' * 64}"
    with pytest.raises(OperateError, match="which has no tag: name the one to deploy, IMAGE_TAG="):
        operate("plan", "dev")


MOVE = "once and with a rolling deployment: make move-to-capacity-providers ENV=dev"


@pytest.mark.usefixtures("known", "folder")
def test_a_service_with_a_launch_type_is_not_deployed(ecs: Ecs) -> None:
    """Terraform would replace it. A plan says so too, with the command that moves it."""
    ecs.image, ecs.launch_type = f"{REGISTRY}/go-api:v1", "FARGATE"
    assert MOVE in operate("plan", "dev")
    with pytest.raises(OperateError, match=r"^Nothing was changed\. go-api-dev was made with a launch type") as refused:
        operate("deploy", "dev")
    assert str(refused.value).endswith(MOVE)
    assert ecs.updates == []


@pytest.mark.usefixtures("known", "folder")
def test_a_service_whose_last_alarm_is_to_go_is_not_deployed(ecs: Ecs) -> None:
    """The provider would fail at it. A plan says so too, with the command that takes it away."""
    ecs.image, ecs.alarm_names = f"{REGISTRY}/go-api:v1", ("errors", "slow")
    command = (
        "aws ecs update-service --region eu-west-1 --cluster go-api-dev --service go-api-dev "
        "--deployment-configuration 'alarms={alarmNames=[],enable=false,rollback=false}'"
    )
    assert command in operate("plan", "dev")
    with pytest.raises(
        OperateError, match=r"^Nothing was changed\. Deployments of go-api-dev are rolled back by"
    ) as refused:
        operate("deploy", "dev")
    assert "errors, slow, the settings name no alarm any more" in str(refused.value)
    assert str(refused.value).endswith(command)
    assert ecs.updates == []


@pytest.mark.usefixtures("known", "folder")
def test_a_service_with_a_launch_type_can_be_destroyed(ecs: Ecs, monkeypatch: pytest.MonkeyPatch) -> None:
    """It need not be moved for that."""
    ecs.image, ecs.launch_type = f"{REGISTRY}/go-api:v1", "FARGATE"

    def run(*_: object) -> str:
        ecs.image = None
        monkeypatch.setattr(Stack, "state", lambda _: state())
        return ""

    monkeypatch.setattr(Terraform, "run", run)
    assert operate("destroy", "dev", "--yes") == "dev: destroyed, with 0 revisions of its task definition\n"


def test_a_service_is_moved_to_capacity_providers_once(ecs: Ecs) -> None:
    """The cluster keeps what it has; the tasks are replaced by a deployment. A second time nothing is done."""
    ecs.image, ecs.launch_type = f"{REGISTRY}/go-api:v1", "FARGATE"
    said = operate("move-to-capacity-providers", "dev")
    assert said == "dev: the service runs on capacity providers now, and can be deployed\n"
    assert ecs.updates == [
        {
            "cluster": "go-api-dev",
            "capacityProviders": ["FARGATE", "FARGATE_SPOT", "own"],
            "defaultCapacityProviderStrategy": [{"capacityProvider": "own", "weight": 1}],
        },
        {
            "cluster": "go-api-dev",
            "service": "go-api-dev",
            "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 100}],
            "forceNewDeployment": True,
        },
    ]
    assert operate("move-to-capacity-providers", "dev") == "dev: the service runs on capacity providers already\n"
    assert len(ecs.updates) == 2


def test_a_move_that_fails_is_a_failure(ecs: Ecs) -> None:
    """As is one of nothing."""
    with pytest.raises(OperateError, match="There is no service go-api-dev"):
        operate("move-to-capacity-providers", "dev")
    ecs.image, ecs.launch_type, ecs.rollout_state = f"{REGISTRY}/go-api:v1", "FARGATE", "FAILED"
    with pytest.raises(OperateError, match=r"^ECS reports the rollout of family:1 as failed\.$"):
        operate("move-to-capacity-providers", "dev")


DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no\nway"}}, "DescribeServices")


@pytest.mark.usefixtures("folder")
def test_a_plan_needs_no_word_of_ecs(ecs: Ecs, capfd: pytest.CaptureFixture[str]) -> None:
    """Where the caller may not ask, one line says so, and the plan is Terraform's."""
    ecs.refusal = DENIED
    result = CliRunner().invoke(command_line.app, ["plan", "dev"], catch_exceptions=False)
    assert "image tag latest, the environment's default" in result.stdout
    said = f"{result.stderr}\n{capfd.readouterr().err}"
    (line,) = [line for line in said.splitlines() if "AccessDenied" in line]
    assert line.startswith("ECS did not say which image go-api-dev runs, which the plan may change: ")
    assert line.endswith("no way.")


@pytest.mark.usefixtures("folder")
def test_a_plan_without_a_client_for_ecs_says_so_once(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A profile that does not exist: one line, also where the client was made while something else was at work."""

    def refuse(*_: object) -> None:
        raise ProfileNotFound(profile="nobody")

    monkeypatch.setattr(Environment, "client", refuse)
    result = CliRunner().invoke(command_line.app, ["plan", "dev"], catch_exceptions=False)
    assert "image tag latest, the environment's default" in result.stdout
    said = f"{result.stderr}\n{capfd.readouterr().err}"
    assert said.count("The config profile (nobody) could not be found.") == 1
    assert "Traceback" not in said


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("verb", "option"), [("deploy", "--image-tag=v1"), ("destroy", "--yes")])
def test_a_deployment_needs_ecs(ecs: Ecs, verb: str, option: str) -> None:
    """Nothing is done where it can't be seen what that does."""
    ecs.refusal = DENIED
    with pytest.raises(OperateError, match=r"^AWS did not answer for 'dev': .*AccessDenied.+no way\.$"):
        operate(verb, "dev", option)


@pytest.mark.usefixtures("ecs")
def test_a_plan_shows_what_will_happen(folder: Path) -> None:
    """Rows, totals, a failed check's warning, and where the plan is."""
    (folder / "main.tf").write_text("""
variable "image_tag" {}
resource "terraform_data" "release" {
  triggers_replace = var.image_tag
}
check "zones" {
  assert {
    condition     = var.image_tag != "v2"
    error_message = "All subnets are in one zone."
  }
}
""")
    shown = operate("plan", "dev", "--image-tag", "v2")
    assert re.search(r"^created +terraform_data +release *$", shown, flags=re.MULTILINE)
    assert shown.startswith("Warning: All subnets are in one zone.\n")
    assert "\n1 to create\n" in shown
    assert shown.endswith(f"{folder}\n")


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("verb", ["plan", "deploy"])
def test_what_no_task_could_start_with_is_refused(ecs: Ecs, folder: Path, verb: str) -> None:
    """With the finding, before anything is changed, and without a plan that somebody could apply."""
    ecs.image, ecs.built_for = f"{REGISTRY}/go-api:v1", ("arm64",)
    with pytest.raises(
        OperateError, match=r"^Nothing was changed\. No task could start:\nThe image go-api:v2 is built for"
    ):
        operate(verb, "dev", "--image-tag", "v2")
    assert not (folder / "plan").exists()
    assert not (folder / "plan.json").exists()
    assert Terraform(folder).output() == {}
    ecs.built_for = ("arm64", "amd64")
    assert "Warning" not in operate("plan", "dev", "--image-tag", "v2")


@pytest.mark.usefixtures("ecs")
def test_a_plan_whose_document_cannot_be_written_leaves_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a full disk: neither file, whole or in part."""
    write = Path.write_text

    def write_half(self: Path, text: str, *arguments: Any) -> int:
        if self.name.startswith("plan."):
            write(self, text[:9])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, text, *arguments)

    monkeypatch.setattr(Path, "write_text", write_half)
    with pytest.raises(OSError, match="No space left"):
        operate("plan", "dev")
    assert [*folder.glob("plan*")] == []


@pytest.mark.usefixtures("known", "folder")
def test_what_could_not_be_looked_up_is_told(ecs: Ecs) -> None:
    """As a warning, and the plan is Terraform's."""
    ecs.image, ecs.refusal_of_images = f"{REGISTRY}/go-api:v1", DENIED
    shown = operate("plan", "dev", "--image-tag", "v2")
    assert shown.startswith("Warning: Not checked: whether the image go-api:v2 is built for X86_64: ")
    assert "image tag v2, as asked" in shown


@pytest.mark.usefixtures("ecs")
def test_a_plan_of_outputs_alone_shows_them(folder: Path) -> None:
    """An output that other stacks read is no less a change than a resource."""
    (folder / "main.tf").write_text('variable "image_tag" {}\noutput "api_url" {\n  value = "http://a"\n}')
    Terraform(folder).init()
    Terraform(folder).apply(variables={"image_tag": "v1"})
    assert "No changes" in operate("plan", "dev")
    (folder / "main.tf").write_text('variable "image_tag" {}\noutput "api_url" {\n  value = "http://b"\n}')
    shown = operate("plan", "dev")
    assert re.search(r"^api_url +http://a +http://b *$", shown, flags=re.MULTILINE)
    assert "\nno resources to change, 1 output to change\n" in shown
    assert "No changes" not in shown


@pytest.mark.usefixtures("known", "folder")
def test_a_plan_of_what_its_state_knows_warns_of_nothing(ecs: Ecs) -> None:
    """Nor does one of what is not deployed."""
    ecs.image = f"{REGISTRY}/go-api:v3"
    assert "Warning" not in operate("plan", "dev")
    ecs.image = None
    assert "Warning" not in operate("plan", "dev")


@pytest.mark.parametrize("ruins", ["garbage", '{"version": 4, "terr', "[]", "{}", "null", "\0"])
def test_a_state_in_ruins_is_named(ecs: Ecs, folder: Path, ruins: str) -> None:
    """Terraform says what is wrong with it; where it is, and what to do, is added."""
    ecs.image = f"{REGISTRY}/go-api:v3"
    (folder / "terraform.tfstate").write_text(ruins)
    with pytest.raises(OperateError) as refused:
        operate("plan", "dev")
    said = str(refused.value)
    assert "Unsupported state file format" in said
    assert "What is at s3://example-terraform-state-dev/go-api/terraform.tfstate is not a Terraform state" in said
    assert said.endswith("list-object-versions --bucket example-terraform-state-dev --prefix go-api/terraform.tfstate")


def test_a_newer_terraforms_state_is_no_ruin(ecs: Ecs, folder: Path) -> None:
    """It is named, and nobody is told to replace it."""
    ecs.image = f"{REGISTRY}/go-api:v3"
    (folder / "terraform.tfstate").write_text('{"version": 99}')
    with pytest.raises(OperateError) as refused:
        operate("plan", "dev")
    assert str(refused.value).endswith("is the state at s3://example-terraform-state-dev/go-api/terraform.tfstate.")


@pytest.mark.usefixtures("known", "folder")
def test_without_a_container_engine_no_url_is_printed(
    ecs: Ecs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is deployed, and that is all that is said of it: nothing answers, and why."""
    local_aws = LocalAws(directory=tmp_path / "aws")
    monkeypatch.setattr(embedded_aws, "configured", lambda: local_aws)
    monkeypatch.setattr(embedded_aws, "up", lambda *_, **__: None)
    monkeypatch.setattr(container_engine, "running", lambda _: None)
    monkeypatch.setattr(container_engine, "why_none", lambda: "There is no Docker.")
    monkeypatch.setattr("operate.local.sample_image.shutil", _WithoutGo)
    ecs.image = f"{REGISTRY}/go-api:v3"
    assert operate("deploy", "local").endswith(
        "image tag v3, as deployed\n"
        "go-api-local is deployed with image tag v3, but no container runs and nothing answers: tasks are bookkeeping "
        "here. There is no Docker.\n"
    )


@pytest.mark.usefixtures("known", "folder")
def test_a_deployment_where_no_task_is_wanted_says_that_nothing_answers(ecs: Ecs) -> None:
    """At night, by a schedule: it is deployed, and not called a release that served."""
    ecs.image, ecs.desired_count = f"{REGISTRY}/go-api:v1", 0
    assert deployed(ecs).endswith(
        "go-api-dev is deployed with image tag v1, but nothing answers: the desired count is 0. Whether its tasks "
        "start shows when the next one is wanted.\n"
    )
    assert ecs.tags == {}


class _WithoutGo:
    @staticmethod
    def which(_: str) -> None:
        return None
