"""The existing Terraform modules, applied to the embedded AWS as their team would apply them."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from operate import terraform_errors
from operate.errors import OperateError
from operate.local_cloud import state_lock
from operate.local_cloud.account import STATE_BUCKET
from operate.local_cloud.cloud import REGION, REPOSITORY, LocalCloud
from operate.progress import StepFailedError
from operate.terraform import Terraform
from stacks.settings import S3Backend

if TYPE_CHECKING:
    from pathlib import Path

# Each reads the states of those before it.
NAMES = ("networking", "security", "loadbalancing")

_SOURCES = REPOSITORY / "examples" / "existing_infrastructure"
_BACKEND = _SOURCES / "local.s3.tfbackend"


@dataclass(frozen=True)
class Module:
    """Runs in a copy, so that the examples stay as they are in git."""

    cloud: LocalCloud
    name: str

    @property
    def state_key(self) -> str:
        return f"{self.name}.tfstate"

    @property
    def _folder(self) -> Path:
        return self.cloud.directory / "existing_infrastructure" / self.name

    @property
    def _mark(self) -> Path:
        return self._folder / "applied"

    def is_applied(self) -> bool:
        """As it reads now, and the state is still there; Terraform isn't asked, which would take seconds."""
        marked = self._mark.is_file() and self._mark.read_text() == self._fingerprint()
        return marked and self.cloud.holds_object(STATE_BUCKET, self.state_key)

    def apply(self) -> None:
        self._copy_sources()
        terraform = self._terraform()
        try:
            terraform.init()
            state_lock.free(self.cloud, terraform, key=self.state_key)
            terraform.apply()
        except StepFailedError as error:
            own = S3Backend(bucket=STATE_BUCKET, key=self.state_key, region=REGION)
            raise OperateError(terraform_errors.explained(error, own=own)) from None
        self._mark.write_text(self._fingerprint())

    def doubt(self) -> None:
        """The next `up` lets Terraform look again."""
        self._mark.unlink(missing_ok=True)

    def _terraform(self) -> Terraform:
        init = {"TF_CLI_ARGS_init": f"-backend-config={_BACKEND.name}"}
        return Terraform(self._folder, self.cloud.environment_variables() | init)

    def _copy_sources(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for stale in self._folder.glob("*.tf"):
            stale.unlink()
        for source in (*self._sources(), _BACKEND):
            shutil.copy(source, self._folder)

    def _sources(self) -> list[Path]:
        return sorted((_SOURCES / self.name).glob("*.tf"))

    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        for source in (*self._sources(), _BACKEND):
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
        return digest.hexdigest()


def all_of(cloud: LocalCloud) -> list[Module]:
    return [Module(cloud, name) for name in NAMES]
