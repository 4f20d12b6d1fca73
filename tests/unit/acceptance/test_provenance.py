"""What a report is about, as it is read from ECS, ECR, git and the tools; AWS is played by a recording."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from local_aws.instance import LocalAws
from operate import progress
from operate.acceptance import provenance
from operate.acceptance.provenance import UNKNOWN
from operate.image_tags import ImageReference
from operate.progress import Command, StepFailedError
from operate.terraform_cli.program import Program
from operate.terraform_cli.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from operate.acceptance.service_under_test import ServiceUnderTest

HOST = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
REPOSITORY = f"{HOST}/team/go-api"
RUNNING, PUSHED = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
VERSIONS = {"terraform_version": "1.11.4", "provider_selections": {"registry.terraform.io/hashicorp/aws": "5.100.0"}}


def task(revision: str, digest: str | None) -> dict[str, Any]:
    container = {"name": "go-api"} | ({"imageDigest": digest} if digest else {})
    sidecar = {"name": "proxy", "imageDigest": f"sha256:{'3' * 64}"}
    return {"taskDefinitionArn": revision, "platformVersion": "1.4.0", "containers": [sidecar, container]}


def refuse(**_: object) -> None:
    raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeImages")


def pushed(**wanted: object) -> dict[str, Any]:
    ids = {"registryId": "111111111111", "repositoryName": "team/go-api", "imageIds": [{"imageTag": "v1"}]}
    assert wanted == ids
    return {"imageDetails": [{"imageDigest": PUSHED}]}


def target(
    folder: Path,
    *,
    image: str = f"{REPOSITORY}:v1",
    labels: dict[str, str] | None = None,
    tasks: tuple[dict[str, Any], ...] = (),
    describe_images: Callable[..., object] = pushed,
    local_aws: LocalAws | None = None,
) -> ServiceUnderTest:
    (folder / "cdk.tf.json").write_text(json.dumps({"//": {"metadata": {"version": "0.21.0"}}}))
    environment = SimpleNamespace(
        settings=SimpleNamespace(name="dev", account_id="111111111111", region="eu-west-1"),
        local_aws=local_aws,
        client=lambda _: SimpleNamespace(describe_images=describe_images),
        stack=SimpleNamespace(folder=folder, terraform=Terraform(folder)),
    )
    made = SimpleNamespace(
        environment=environment,
        service=SimpleNamespace(tasks=lambda: list(tasks)),
        found={"taskDefinition": "api:2"},
        container={"name": "go-api", "image": image} | ({"dockerLabels": labels} if labels else {}),
    )
    return cast("ServiceUnderTest", made)


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What git and terraform print; a test changes it."""
    said = {"rev-parse": "3f9c2e1\n", "status": "", "version": json.dumps(VERSIONS)}

    def read(command: Command, **_: object) -> str:
        for verb, output in said.items():
            if verb in command.arguments:
                return output
        raise StepFailedError("it", returncode=128, output="not a git repository")

    monkeypatch.setattr(progress, "read", read)
    monkeypatch.setattr(
        "operate.terraform_cli.terraform.program", lambda: Program("terraform", "terraform", "Terraform")
    )
    return said


def test_where_and_with_what(tmp_path: Path) -> None:
    """Of a real account: no MiniStack, and Fargate for an engine."""
    found = provenance.read(target(tmp_path, tasks=(task("api:2", RUNNING),)))
    assert (found.environment, found.account_id, found.region) == ("dev", "111111111111", "eu-west-1")
    assert (found.image, found.image_tag) == (f"{REPOSITORY}:v1", "v1")
    assert (found.git_commit, found.uncommitted_changes) == ("3f9c2e1", False)
    assert found.versions == {
        "Terraform": "1.11.4",
        "AWS provider": "5.100.0",
        "cdktf": "0.21.0",
        "container engine": "Fargate 1.4.0",
    }


def test_uncommitted_changes_are_told(tmp_path: Path, programs: dict[str, str]) -> None:
    """The commit alone would be a lie."""
    programs["status"] = " M main.py\n"
    assert provenance.read(target(tmp_path)).uncommitted_changes


@pytest.mark.parametrize(
    ("image", "tasks", "digest"),
    [
        (f"{REPOSITORY}:v1", (task("api:1", "sha256:0"), task("api:2", RUNNING)), RUNNING),
        (f"{REPOSITORY}:v1", (task("api:2", RUNNING), task("api:2", PUSHED)), f"{RUNNING}, {PUSHED}"),
        (f"{REPOSITORY}:v1", (task("api:2", None),), PUSHED),
        (f"{REPOSITORY}@{RUNNING}", (), RUNNING),
        ("public.ecr.aws/team/go-api:v1", (), UNKNOWN),
        (REPOSITORY.replace("eu-west-1", "us-east-1"), (), UNKNOWN),
    ],
)
def test_the_digest_is_what_runs(image: str, tasks: tuple[dict[str, Any], ...], digest: str, tmp_path: Path) -> None:
    """ECS's word for the deployed revision's container; else the reference's own, else what the tag names in ECR."""
    assert provenance.read(target(tmp_path, image=image, tasks=tasks)).image_digest == digest


def test_the_tag_of_a_digest_is_in_the_label(tmp_path: Path) -> None:
    """So the report names both."""
    labels = {"org.opencontainers.image.ref.name": "v7"}
    found = provenance.read(target(tmp_path, image=f"{REPOSITORY}@{RUNNING}", labels=labels))
    assert (found.image, found.image_tag, found.image_digest) == (f"{REPOSITORY}:v7@{RUNNING}", "v7", RUNNING)


def test_what_can_not_be_read_is_unknown(tmp_path: Path, programs: dict[str, str]) -> None:
    """Permission, repository, tasks, emulator or Terraform: the run is made all the same."""
    programs.clear()
    asked = target(tmp_path, describe_images=refuse, local_aws=LocalAws(port=1, directory=tmp_path))
    (tmp_path / "cdk.tf.json").write_text("{}")
    found = provenance.read(asked)
    assert (found.image_digest, found.git_commit, found.uncommitted_changes) == (UNKNOWN, UNKNOWN, False)
    unknown = {name: version for name, version in found.versions.items() if version == UNKNOWN}
    assert unknown.keys() >= {"Terraform", "AWS provider", "cdktf", "MiniStack"}


@pytest.mark.parametrize(
    ("text", "host", "name", "tag", "digest"),
    [
        ("nginx", "", "nginx", "latest", None),
        ("library/nginx:1.27", "", "library/nginx", "1.27", None),
        ("localhost:5000/api", "localhost:5000", "api", "latest", None),
        (f"{REPOSITORY}:v1@{RUNNING}", HOST, "team/go-api", "v1", RUNNING),
        (f"{REPOSITORY}@{RUNNING}", HOST, "team/go-api", None, RUNNING),
    ],
)
def test_an_image_reference(text: str, host: str, name: str, tag: str | None, digest: str | None) -> None:
    """A port is no tag, and a digest stands for the tag that is not there."""
    assert ImageReference.of(text) == ImageReference(host, name, tag, digest)
    assert ImageReference.of(str(ImageReference.of(text))) == ImageReference(host, name, tag, digest)
