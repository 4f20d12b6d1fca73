"""What is said beside Terraform's own words, where these leave out what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from operate.progress import StepFailedError
from operate.terraform_cli import terraform_errors
from stacks.settings import Image, LocalBackend, RemoteBackend

REMOTE_EXECUTION = """\
╷
│ Error: Saving a generated plan is currently not supported
│
│ The "remote" backend does not support saving the generated execution
│ plan locally at this time.
╵
"""


def test_a_workspace_that_runs_terraform_remotely() -> None:
    """One line says what to set and where, after Terraform's own; a state file has no such setting.

    https://github.com/hashicorp/terraform/blob/v1.11.4/internal/backend/remote/backend_plan.go
    """
    error = StepFailedError("terraform plan", returncode=1, output=REMOTE_EXECUTION)
    backend = RemoteBackend(organization="example", workspace="orders", hostname="tfe.example.com")
    said = terraform_errors.explained(error, folder=Path(), own=backend)
    ours = said.removeprefix(f"{error}\n\n")
    assert ours.startswith("The workspace tfe.example.com/example/orders runs Terraform remotely, ")
    assert "set its Execution Mode to Local" in ours
    assert ours.endswith("https://tfe.example.com/app/example/workspaces/orders/settings/general")
    assert "\n" not in ours
    assert terraform_errors.explained(error, folder=Path(), own=LocalBackend(path="a")) == str(error)


REFUSED = "operation error ECR: DescribeImages, https response error StatusCode: 400, RequestID: , api error"
DENIED = f"{REFUSED} AccessDeniedException: User: u is not authorized to perform: ecr:DescribeImages on resource: r"
NO_IMAGE = "has no image with the tag v1: push it, or name another tag."


def of_the_image(said: str, image: Image) -> str:
    """What is said beside it. As provider 5.100 prints it."""
    output = f"""\
╷
│ Error: {said}
│
│   with data.aws_ecr_image.pushed_image["go-api:v1"],
│   on cdk.tf.json line 32, in data.aws_ecr_image.pushed_image:
╵
"""
    error = StepFailedError("terraform plan", returncode=1, output=output)
    explained = terraform_errors.explained(error, folder=Path(), own=LocalBackend(path="a"), image=image)
    return explained.removeprefix(str(error)).strip()


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ({}, "The ECR repository go-api"),
        ({"region": "eu-west-2"}, "ECR has no repository go-api in eu-west-2, or it"),
        ({"registry_id": "2" * 12}, f"ECR has no repository go-api in account {'2' * 12}, or it"),
    ],
)
def test_an_image_that_is_not_there(place: dict[str, Any], told: str) -> None:
    """A repository that is looked up by itself is there by then."""
    image = Image(repository="go-api", **place)
    assert of_the_image("reading ECR Images: couldn't find resource", image) == f"{told} {NO_IMAGE}"
    assert of_the_image("Your query returned no results. Please change your search", image) == f"{told} {NO_IMAGE}"


def test_an_image_that_may_not_be_looked_up() -> None:
    """In the account's own registry."""
    said = of_the_image(f"reading ECR Images: {DENIED}", Image(repository="go-api"))
    assert said == "The image go-api:v1 may not be looked up, which takes ecr:DescribeImages."


@pytest.mark.parametrize(
    "said",
    [
        f"reading ECR Images: {REFUSED} ExpiredTokenException: The security token included in the request is expired",
        "reading ECR Images: request send failed: lookup api.ecr.eu-west-1.amazonaws.com: no such host",
        f"reading ECR Images: couldn't find resource\n\nError: reading ECR Images: {REFUSED} ThrottlingException",
    ],
)
def test_another_error_of_the_image_stands_as_it_is(said: str) -> None:
    """Nobody is told to push an image that may be there; another error's words are not the image's."""
    assert of_the_image(said, Image(repository="go-api")) == ""


def test_a_repository_that_is_not_there() -> None:
    error = StepFailedError(
        "terraform plan",
        returncode=1,
        output="Error: reading ECR Repository (go-api): couldn't find resource\n\n"
        "  with data.aws_ecr_repository.repository,",
    )
    image = Image(repository="go-api")
    said = terraform_errors.explained(error, folder=Path(), own=LocalBackend(path="a"), image=image)
    assert said.endswith(
        "ECR has no repository go-api: create it and push the image, or name another in image.repository."
    )
