"""One environment's synthesized stack, and the AWS that it goes to."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local_aws import lifecycle
from operate import embedded_aws, generator, terraform_errors
from operate.errors import OperateError
from operate.progress import StepFailedError
from operate.terraform import Terraform
from operate.terraform_state import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from stacks.settings import Environment

LOCAL_ENVIRONMENT = "local"

_ANY_TAG = "0000000"  # the variable needs a value, which nothing looks at


@dataclass(frozen=True)
class Stack:
    """What it raises of Terraform's errors has Terraform's own words, and what they mean where they don't say it."""

    folder: Path
    terraform: Terraform
    settings: Environment

    @property
    def plan_file(self) -> Path:
        return self.folder / "plan"

    @property
    def plan_document(self) -> Path:
        return self.folder / "plan.json"

    def init(self) -> None:
        with self._explained():
            self.terraform.init()

    def state(self) -> State:
        """As the backend has it; one without resources where it has none."""
        with self._explained():
            content = self.terraform.state()
        state = State.read(content) if content.strip() else State(lineage="", serial=0)
        if state is None:
            raise OperateError(f"Terraform did not show the state at {self.settings.backend.address}, but: {content}")
        return state

    def plan(self, *, image_tag: str | None) -> dict[str, Any]:
        """Leaves both files or none, so that what a failed plan leaves is never taken for its result."""
        unfinished = self.plan_document.with_suffix(".unfinished")
        for stale in (self.plan_file, self.plan_document, unfinished):
            stale.unlink(missing_ok=True)
        self.init()
        try:
            with self._explained():
                variables = {} if image_tag is None else {"image_tag": image_tag}
                self.terraform.plan(out=self.plan_file, variables=variables)
            document = self.terraform.show_json(self.plan_file)
        except BaseException:
            self.plan_file.unlink(missing_ok=True)
            raise
        unfinished.write_text(json.dumps(document, indent=2))
        unfinished.replace(self.plan_document)
        return document

    def apply(self, *, image_tag: str) -> None:
        with self._explained():
            self.terraform.apply(variables={"image_tag": image_tag})

    def destroy(self) -> None:
        """Looks nothing up: what is to go needs neither its image nor sound networks."""
        with self._explained():
            self.terraform.run("destroy", "-auto-approve", "-refresh=false", f"-var=image_tag={_ANY_TAG}")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except StepFailedError as error:
            said = terraform_errors.explained(
                error, folder=self.folder, own=self.settings.backend, read=self.settings.remote_state
            )
            raise OperateError(said) from None


def prepare(environment: str) -> Stack:
    """Synthesized and ready for Terraform; for the local environment the embedded AWS runs afterwards."""
    folder, settings = generator.stack_folder(environment), generator.settings_of(environment)
    generator.synthesize(environment)  # before anything is started: what it refuses, it refuses at no cost
    return Stack(folder, Terraform(folder, _variables(environment)), settings)


def _variables(environment: str) -> dict[str, str]:
    if environment == LOCAL_ENVIRONMENT:
        return embedded_aws.up().environment_variables()
    cloud, endpoints = (
        embedded_aws.configured(),
        {n: v for n, v in os.environ.items() if n.startswith("AWS_ENDPOINT_URL")},
    )
    misleading = [name for name, url in endpoints.items() if cloud.is_at(url)]
    if misleading:
        raise OperateError(
            f"{misleading[0]} points at the embedded AWS, where {environment!r} isn't. "
            "What `cloud-env` has set is in this shell: use another one."
        )
    return {}


def running_cloud_variables() -> Mapping[str, str]:
    """What points a tool at the embedded AWS; an empty value takes a variable of the caller's away."""
    cloud = embedded_aws.configured()
    if not lifecycle.status(cloud).running:
        raise OperateError("The embedded AWS is not running: `make cloud-up` starts it.")
    return cloud.environment_variables()


def state_files() -> list[Path]:
    """Terraform states that a local backend keeps among what was synthesized."""
    found = generator.SYNTHESIZED.rglob("*.tfstate")
    return sorted(path for path in found if ".terraform" not in path.parts)
