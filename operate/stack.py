"""One environment's synthesized stack, and the AWS that it goes to."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operate import generator
from operate.errors import OperateError
from operate.local_cloud import lifecycle
from operate.progress import StepFailedError
from operate.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOCAL_ENVIRONMENT = "local"

_MISSING_IMAGE = re.compile(r'with data\.aws_ecr_image\.pushed_image(?: \(\w+\))?\["([^"]+):([^":]+)"\]')


@dataclass(frozen=True)
class Stack:
    folder: Path
    terraform: Terraform

    @property
    def plan_file(self) -> Path:
        return self.folder / "plan"

    @property
    def plan_document(self) -> Path:
        return self.folder / "plan.json"

    def plan(self, *, image_tag: str | None) -> dict[str, Any]:
        """Leaves both files or none, so that what a failed plan leaves is never taken for its result."""
        unfinished = self.plan_document.with_suffix(".unfinished")
        for stale in (self.plan_file, self.plan_document, unfinished):
            stale.unlink(missing_ok=True)
        self.terraform.init()
        try:
            self._run_plan(image_tag)
            document = self.terraform.show_json(self.plan_file)
        except BaseException:
            self.plan_file.unlink(missing_ok=True)
            raise
        unfinished.write_text(json.dumps(document, indent=2))
        unfinished.replace(self.plan_document)
        return document

    def _run_plan(self, image_tag: str | None) -> None:
        try:
            self.terraform.plan(out=self.plan_file, variables={} if image_tag is None else {"image_tag": image_tag})
        except StepFailedError as error:
            raise OperateError(explained(str(error))) from None


def prepare(environment: str) -> Stack:
    """Synthesized and ready for Terraform; for the local environment the embedded AWS runs afterwards."""
    folder = generator.stack_folder(environment)
    generator.synthesize(environment)  # before anything is started: what it refuses, it refuses at no cost
    return Stack(folder=folder, terraform=Terraform(folder, _variables(environment)))


def _variables(environment: str) -> dict[str, str]:
    if environment == LOCAL_ENVIRONMENT:
        return lifecycle.up().environment_variables()
    cloud, endpoints = lifecycle.default(), {n: v for n, v in os.environ.items() if n.startswith("AWS_ENDPOINT_URL")}
    misleading = [name for name, url in endpoints.items() if cloud.is_at(url)]
    if misleading:
        raise OperateError(
            f"{misleading[0]} points at the embedded AWS, where {environment!r} isn't. "
            "What `cloud-env` has set is in this shell: use another one."
        )
    return {}


def explained(said: str) -> str:
    """Terraform's errors, with what they mean: of a tag without an image the provider only says that nothing is found.

    `cdktf` names an element in parentheses too.
    """
    missing = _MISSING_IMAGE.search(said)
    if not missing:
        return said
    repository, tag = missing.groups()
    return f"{said}\n\nThe ECR repository {repository} has no image with the tag {tag}: push it, or name another tag."


def running_cloud_variables() -> Mapping[str, str]:
    """What points a tool at the embedded AWS; an empty value takes a variable of the caller's away."""
    if not lifecycle.status().running:
        raise OperateError("The embedded AWS is not running: `make cloud-up` starts it.")
    return lifecycle.default().environment_variables()


def state_files() -> list[Path]:
    """Terraform states that a local backend keeps among what was synthesized."""
    found = generator.SYNTHESIZED.rglob("*.tfstate")
    return sorted(path for path in found if ".terraform" not in path.parts)
