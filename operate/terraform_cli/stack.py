"""One environment's synthesized stack, as Terraform has it."""

from __future__ import annotations

import contextlib
import itertools
import json
import shlex
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operate import paths, progress
from operate.errors import OperateError
from operate.progress import StepFailedError
from operate.terraform_cli import terraform_errors
from operate.terraform_cli.terraform import Terraform, program
from operate.terraform_cli.terraform_state import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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

    @property
    def _unfinished_document(self) -> Path:
        return self.plan_document.with_suffix(".unfinished")

    def init(self) -> None:
        with self._explained():
            self.terraform.init()

    def push_unsaved_state(self) -> None:
        """What Terraform could not save, as with expired credentials, where it goes on from what is saved."""
        file = self.folder / "errored.tfstate"
        if not file.is_file():
            return
        unsaved, saved = State.read(file.read_bytes()), self.state()
        if unsaved is None or saved.lineage not in {"", unsaved.lineage}:
            progress.console.print(
                f"{paths.shown(file)} is not a state of this stack, and is left alone.", style="yellow"
            )
            return
        if unsaved.serial > saved.serial:
            with self._explained():
                self.terraform.run("state push", file.name)
            progress.console.print(
                f"{paths.shown(file)}, which Terraform could not save, is saved now.", style="yellow"
            )
        elif not self._is_saved(file):
            self._keep(file, unsaved=unsaved, saved=saved)
            return
        file.unlink()

    def _is_saved(self, file: Path) -> bool:
        """Word by word: an answer of the backend was lost, and not the state."""
        with self._explained():
            saved = self.terraform.state()
        return bool(saved.strip()) and json.loads(saved) == json.loads(file.read_bytes())

    def _keep(self, file: Path, *, unsaved: State, saved: State) -> None:
        """Under a name of its own: the only record of what an apply made while somebody else saved the state."""
        suffixes = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
        names = (self.folder / f"errored.{unsaved.serial}{suffix}.tfstate" for suffix in suffixes)
        kept = next(name for name in names if not name.exists())
        file.rename(kept)
        show = f"{program().name} -chdir={shlex.quote(paths.shown(self.folder))} show {kept.name}"
        progress.console.print(
            f"{paths.shown(kept)} is a state that Terraform could not save, and another one, of serial {saved.serial}, "
            f"was saved since. What only the file names is in no state: `{show}` lists it. Import that, or delete it "
            "in AWS, and then delete the file.",
            style="yellow",
        )

    def state(self) -> State:
        """As the backend has it; one without resources where it has none."""
        with self._explained():
            content = self.terraform.state()
        state = State.read(content) if content.strip() else State(lineage="", serial=0)
        if state is None:
            raise OperateError(f"Terraform did not show the state at {self.settings.backend.address}, but: {content}")
        return state

    def read_cluster_name(self) -> str:
        """Of somebody else's cluster, which another module's state names: that state alone is read, and checked.

        Beside the stack's folder, to which the path of a state in a file is relative.
        """
        whole = json.loads((self.folder / "cdk.tf.json").read_text())
        (cluster,) = whole["data"]["aws_ecs_cluster"].values()
        name = cluster["cluster_name"]
        alone = {
            "data": {"terraform_remote_state": {"cluster": whole["data"]["terraform_remote_state"]["cluster"]}},
            "locals": {local: value for local, value in whole.get("locals", {}).items() if f"local.{local})" in name},
            "output": {"cluster_name": {"value": name}},
        }
        with self._explained(), tempfile.TemporaryDirectory(dir=self.folder.parent, prefix=".cluster-") as folder:
            Path(folder, "cdk.tf.json").write_text(json.dumps(alone))
            terraform = Terraform(Path(folder), self.terraform.environment)
            terraform.init()
            terraform.plan(out=Path(folder, "plan"))
            document = terraform.show_json(Path(folder, "plan"))
        return str(document["planned_values"]["outputs"]["cluster_name"]["value"])

    def plan(self, *, image_tag: str | None, imports: Mapping[str, str] | None = None) -> dict[str, Any]:
        """`terraform show -json`'s document. `imports` has the ids of what is to be imported, by address.

        Leaves both files or none, so that what a failed plan leaves is never taken for its result.
        """
        self.forget_plan()
        self.init()
        try:
            with self._explained(), self._importing(imports or {}):
                variables = {} if image_tag is None else {"image_tag": image_tag}
                self.terraform.plan(out=self.plan_file, variables=variables)
            document = self.terraform.show_json(self.plan_file)
            self._unfinished_document.write_text(json.dumps(document, indent=2))
            self._unfinished_document.replace(self.plan_document)
        except BaseException:
            self.forget_plan()
            raise
        return document

    def forget_plan(self) -> None:
        """For one that nobody is to apply."""
        for file in (self.plan_file, self.plan_document, self._unfinished_document):
            file.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _importing(self, ids: Mapping[str, str]) -> Iterator[None]:
        """The plan file keeps the blocks, the folder does not."""
        file = self.folder / "unrecorded.tf.json"
        file.unlink(missing_ok=True)
        if ids:
            file.write_text(json.dumps({"import": [{"to": address, "id": id_} for address, id_ in ids.items()]}))
        try:
            yield
        finally:
            file.unlink(missing_ok=True)

    def take_in(self, ids: Mapping[str, str]) -> None:
        """Imports at once, for a destruction, which plans no import.

        From a folder of its own with empty resources: the stack's own would look up its image and networks.
        """
        if not ids:
            return
        with self._explained(), tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            whole = json.loads((self.folder / "cdk.tf.json").read_text())
            empty: dict[str, dict[str, dict[str, str]]] = {
                kind: {label: {} for label in blocks} for kind, blocks in whole["resource"].items()
            }
            kept = {"terraform": whole["terraform"], "provider": whole["provider"], "resource": empty}
            (folder / "cdk.tf.json").write_text(json.dumps(kept))
            shutil.copy(self.folder / ".terraform.lock.hcl", folder)
            initialized = {"TF_DATA_DIR": str((self.folder / ".terraform").absolute())}
            terraform = Terraform(folder, {**self.terraform.environment, **initialized})
            backend = self.settings.backend  # a file's path is relative to the folder that is left here
            state = [f"-state={paths.REPOSITORY / backend.path}"] if backend.type == "local" else []
            for address, id_ in ids.items():
                terraform.run("import", *state, address, id_)

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
                error,
                folder=self.folder,
                own=self.settings.backend,
                read=self.settings.remote_state,
                image=self.settings.image,
                embedded=bool(self.terraform.environment),
            )
            raise OperateError(said) from None
