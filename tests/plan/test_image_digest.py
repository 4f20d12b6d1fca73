"""What a tag names at plan is what ECS runs, and a tag that is pushed again is a change, with real Terraform."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import Testing

from operate.terraform_cli.stack import Stack
from operate.terraform_cli.terraform import Terraform
from stacks.fargate_api_stack import FargateApiStack
from stacks.settings import RELEASE_VERDICT_TAG, Environment, load_environment
from tests.conftest import ROOT, overlaid
from tests.plan.terraform_folder import write_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.instance import Client, LocalAws

NAME, TAG = "digests", "v1"
REPOSITORY = f"000000000000.dkr.ecr.us-east-1.amazonaws.com/{NAME}"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LABEL = "org.opencontainers.image.ref.name"


@dataclass(frozen=True)
class Deployment:
    """Of `local` under another name, with a repository of its own."""

    stack: Stack
    ecs: Client
    ecr: Client

    def push(self, content: str) -> str:
        """Another image under the same tag; its digest."""
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": [], "annotations": {"content": content}}
        text = json.dumps(manifest)
        pushed = self.ecr.put_image(
            repositoryName=NAME, imageTag=TAG, imageManifest=text, imageManifestMediaType=MANIFEST
        )
        return str(pushed["image"]["imageId"]["imageDigest"])

    def changes(self) -> dict[str, dict[str, Any]]:
        """Of resources and outputs, by type or name."""
        document = self.stack.plan(image_tag=TAG)
        changed = {one["type"]: one["change"] for one in document["resource_changes"]} | document["output_changes"]
        return {name: change for name, change in changed.items() if change["actions"] not in (["no-op"], ["read"])}

    def apply(self) -> None:
        """What `changes` has planned."""
        self.stack.terraform.apply(self.stack.plan_file)

    def deploy(self, content: str) -> str:
        """`push`, and deployed."""
        digest = self.push(content)
        self.changes()
        self.apply()
        return digest

    def container(self) -> dict[str, Any]:
        """Of the revision that ECS says the service runs."""
        described = self.ecs.describe_task_definition(taskDefinition=self.revision())
        return dict(described["taskDefinition"]["containerDefinitions"][0])

    def revision(self) -> str:
        (service,) = self.ecs.describe_services(cluster=f"{NAME}-local", services=[f"{NAME}-local"])["services"]
        return str(service["taskDefinition"])


@pytest.fixture(scope="module")
def deployment(stand_in_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp(NAME)
    settings = load_environment(ROOT / "environments" / "local.toml").model_dump(exclude_unset=True)
    own = {"service": {"name": NAME}, "backend": {"key": f"{NAME}.tfstate"}, "image": {"repository": NAME}}
    environment = Environment.model_validate(overlaid(settings, own))
    write_stack(folder, FargateApiStack(Testing.app(), environment.name_prefix, environment=environment))
    terraform = Terraform(folder, stand_in_aws.environment_variables())
    ecs, ecr = stand_in_aws.client("ecs"), stand_in_aws.client("ecr")
    ecr.create_repository(repositoryName=NAME)
    stack = Stack(folder, terraform, environment)
    yield Deployment(stack, ecs, ecr)
    stack.destroy()
    ecr.delete_repository(repositoryName=NAME, force=True)
    ecs.close()
    ecr.close()


def image_of(revision: dict[str, Any]) -> str:
    (container,) = json.loads(revision["container_definitions"])
    return str(container["image"])


def test_a_tag_that_was_pushed_again_is_planned_and_deployed(deployment: Deployment) -> None:
    """From the old digest to the new one in the plan, and then in ECS; once it is so, nothing is planned."""
    first = deployment.deploy("first")
    assert deployment.container()["image"] == f"{REPOSITORY}@{first}"
    assert deployment.container()["dockerLabels"] == {LABEL: TAG}
    second = deployment.push("second")
    changes = deployment.changes()
    revision = changes["aws_ecs_task_definition"]
    assert image_of(revision["before"]) == f"{REPOSITORY}@{first}"
    assert image_of(revision["after"]) == f"{REPOSITORY}@{second}"
    assert set(changes) == {"aws_ecs_task_definition", "aws_ecs_service", "task_definition_arn", "image_digest"}
    deployment.apply()
    assert deployment.container()["image"] == f"{REPOSITORY}@{second}"
    assert {name: deployment.stack.terraform.output()[name] for name in ("image_tag", "image_digest")} == {
        "image_tag": TAG,
        "image_digest": second,
    }
    assert deployment.changes() == {}


def by_tag(document: dict[str, Any]) -> dict[str, Any]:
    """The stack as it was when the revision named the tag itself."""
    (revision,) = document["resource"]["aws_ecs_task_definition"].values()
    (container,) = json.loads(revision["container_definitions"])
    del container["dockerLabels"]
    container["image"] = container["image"].partition("@")[0] + ":${var.image_tag}"
    revision["container_definitions"] = json.dumps([container])
    outputs = {name: one for name, one in document["output"].items() if not name.startswith("image_")}
    return {**document, "output": outputs}


def test_what_was_deployed_by_its_tag_rolls_to_the_digest(deployment: Deployment) -> None:
    """A new revision, to which the service rolls in place; nothing else is touched."""
    digest = deployment.push("by its tag")
    file = deployment.stack.folder / "cdk.tf.json"
    today = file.read_text()
    file.write_text(json.dumps(by_tag(json.loads(today))))
    deployment.changes()
    deployment.apply()
    assert deployment.container()["image"] == f"{REPOSITORY}:{TAG}"
    file.write_text(today)
    changes = deployment.changes()
    revision = changes.pop("aws_ecs_task_definition")
    assert sorted(revision["actions"]) == ["create", "delete"]
    assert revision["before"]["skip_destroy"] is True
    assert {name: change["actions"] for name, change in changes.items()} == {
        "aws_ecs_service": ["update"],
        "task_definition_arn": ["update"],
        "image_tag": ["create"],
        "image_digest": ["create"],
    }
    deployment.apply()
    assert deployment.container()["image"] == f"{REPOSITORY}@{digest}"
    assert deployment.changes() == {}


def test_what_became_of_a_release_is_no_change(deployment: Deployment) -> None:
    """The tag that `operate` writes on the revision that Terraform has in its state; any other tag is taken away."""
    deployment.deploy("with a verdict")
    arn = deployment.revision()
    deployment.ecs.tag_resource(resourceArn=arn, tags=[{"key": RELEASE_VERDICT_TAG, "value": "served"}])
    assert deployment.changes() == {}
    deployment.ecs.tag_resource(resourceArn=arn, tags=[{"key": "by-hand", "value": "x"}])
    assert deployment.changes()["aws_ecs_task_definition"]["actions"] == ["update"]
    deployment.apply()
    described = deployment.ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
    keys = {tag["key"] for tag in described["tags"]}
    assert (RELEASE_VERDICT_TAG in keys, "by-hand" in keys) == (True, False)


def test_destroy_needs_no_image(deployment: Deployment) -> None:
    """`make destroy` has no tag to name, and the image may be gone from the repository."""
    digest = deployment.deploy("to be gone")
    assert deployment.stack.state().managed
    deployment.ecr.batch_delete_image(repositoryName=NAME, imageIds=[{"imageDigest": digest}])
    deployment.stack.destroy()
    assert deployment.stack.state().managed == []
