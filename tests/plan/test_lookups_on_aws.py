"""The secrets and the image that a plan names, asked of an embedded AWS by the calls that AWS gets."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from operate.environment import Environment
from operate.local import image_push
from operate.local.image_push import Image
from operate.plan import plan_lookups
from operate.plan.plan_lookups import Findings
from stacks.settings import load_environment
from tests.plan.transitions import ROOT

if TYPE_CHECKING:
    from local_aws.instance import LocalAws

ACCOUNT = "000000000000"
REPOSITORY = "lookups"
SECRETS = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:"
PARAMETERS = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/"


def found(local_aws: LocalAws, secrets: dict[str, str], *, image_tag: str = "amd") -> Findings:
    settings = load_environment(ROOT / "environments" / "local.toml")
    container = settings.container.model_copy(update={"secrets": secrets})
    image = settings.image.model_copy(update={"repository": REPOSITORY})
    environment = Environment(settings.model_copy(update={"container": container, "image": image}), local_aws)
    with plan_lookups.beside(environment, image_tag=image_tag) as findings:
        return findings()


@pytest.fixture(scope="module")
def local_aws(empty_aws: LocalAws) -> LocalAws:
    """With images for two architectures."""
    with closing(empty_aws.client("ecr")) as ecr:
        ecr.create_repository(repositoryName=REPOSITORY)
        repository = image_push.repository(ecr, REPOSITORY, endpoint=empty_aws.endpoint)
        for tag, architecture in {"amd": "amd64", "arm": "arm64"}.items():
            configuration = json.dumps({"os": "linux", "architecture": architecture, "rootfs": {}}).encode()
            image_push.push(Image(config=configuration, layers=()), repository, tag=tag)
    return empty_aws


def test_secrets(local_aws: LocalAws) -> None:
    """By a whole ARN, by one without the six characters, with a key, by a parameter's ARN and by its path."""
    with closing(local_aws.client("secretsmanager")) as manager, closing(local_aws.client("ssm")) as store:
        arn = manager.create_secret(Name="orders/db", SecretString="x")["ARN"]
        for name in ("/orders/key", "flat"):
            store.put_parameter(Name=name, Value="x", Type="SecureString")
    there = {
        "A": f"{arn}:user::",
        "B": f"{SECRETS}orders/db",
        "C": f"{PARAMETERS}orders/key",
        "D": "/orders/key",
        "E": f"{PARAMETERS}flat",
    }
    assert found(local_aws, there) == Findings()
    gone = {"F": f"{SECRETS}orders/other-AbCdEf", "G": f"{PARAMETERS}orders/other", "H": "/orders"}
    assert found(local_aws, {**there, **gone}).wrong == (
        f"There is no secret {gone['F']} (container.secrets.F).",
        "There is no parameter /orders (container.secrets.H).",
        f"There is no parameter {gone['G']} (container.secrets.G).",
    )


def test_an_image_for_another_architecture(local_aws: LocalAws) -> None:
    """By the configuration that its manifest names."""
    assert found(local_aws, {}, image_tag="amd") == Findings()
    assert found(local_aws, {}, image_tag="not-there") == Findings()
    assert found(local_aws, {}, image_tag="arm").wrong == (
        (
            "The image lookups:arm is built for ARM64, and container.cpu_architecture is X86_64: build it for that, or "
            'set container.cpu_architecture = "ARM64".'
        ),
    )
