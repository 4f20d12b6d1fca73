"""One environment's synthesized stack, as Terraform has it."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operate import paths, terraform_errors
from operate.errors import OperateError
from operate.progress import StepFailedError
from operate.terraform_state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from operate.image_tags import ImageReference
    from operate.terraform import Terraform
    from stacks.settings import Environment as Settings

_ANY_TAG = "0000000"  # the variable needs a value, which nothing looks at


@dataclass(frozen=True)
class Stack:
    """What it raises of Terraform's errors has Terraform's own words, and what they mean where they don't say it."""

    folder: Path
    terraform: Terraform
    settings: Settings

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

    def unknown_service(self, image: ImageReference | None) -> str | None:
        """What is wrong where the stack's service runs `image`, and the state does not know it; None where it does."""
        settings, name = self.settings, self.settings.name_prefix
        if image is None or (state := self.state()).knows_service(name):
            return None
        where = f"The state at {settings.backend.address}"
        backend = f"Is [backend] in environments/{settings.name}.toml the right one?"
        if not state.managed:
            restore = terraform_errors.how_to_restore(settings.backend)
            return f"{where} knows nothing, but the service {name} runs {image}. {backend} {restore}"
        return (
            f"{where} does not know the service {name}, which runs {image}. {backend} If the service is this stack's: "
            f"terraform -chdir={paths.shown(self.folder)} import -var image_tag={image.tag} "
            f"aws_ecs_service.service {name}/{name}"
        )

    def require_known_service(self, image: ImageReference | None) -> None:
        wrong = self.unknown_service(image)
        if wrong:
            raise OperateError(f"Nothing was changed. {wrong}")

    def plan(self, *, image_tag: str | None) -> dict[str, Any]:
        """`terraform show -json`'s document.

        Leaves both files or none, so that what a failed plan leaves is never taken for its result.
        """
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

    def apply(self) -> None:
        """What `plan` has planned last, and nothing else: Terraform refuses it where the state has changed since."""
        with self._explained():
            self.terraform.apply(self.plan_file)

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
