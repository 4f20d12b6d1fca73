"""The modules that a team already has, as `examples/` has them: applied to the embedded AWS as to AWS."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import itertools
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from local_aws.instance import REGION
from operate import paths
from operate.errors import OperateError
from operate.progress import StepFailedError
from operate.terraform_cli import provider_process, terraform_errors
from operate.terraform_cli.terraform import Terraform
from stacks.settings import S3Backend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_s3 import S3Client

    from local_aws.instance import LocalAws
    from operate.terraform_cli.provider_process import ProviderProcess

STATE_BUCKET = "terraform-state"
IMAGE_REPOSITORY = "go-api"

# Each reads the states of those before it.
NAMES = ("networking", "security", "loadbalancing")

_BACKEND = paths.EXISTING_INFRASTRUCTURE / "local.s3.tfbackend"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Module:
    """Runs in a copy, so that the examples stay as they are in git."""

    local_aws: LocalAws
    name: str

    @property
    def state_key(self) -> str:
        return f"{self.name}.tfstate"

    @property
    def _folder(self) -> Path:
        return self.local_aws.directory / "existing_infrastructure" / self.name

    @property
    def _mark(self) -> Path:
        return self._folder / "applied"

    def is_applied(self) -> bool:
        """As it reads now, and the state is still there; Terraform isn't asked, which would take seconds."""
        marked = self._mark.is_file() and self._mark.read_text() == self._fingerprint()
        return marked and _has_object(self.local_aws, STATE_BUCKET, self.state_key)

    @property
    def terraform(self) -> Terraform:
        init = {"TF_CLI_ARGS_init": f"-backend-config={_BACKEND.name}"}
        return Terraform(self._folder, self.local_aws.environment_variables() | init)

    def init(self) -> None:
        self._copy_sources()
        with self._explained():
            self.terraform.init()

    def apply(self, provider: ProviderProcess | None) -> None:
        with self._explained():
            (provider.attached(self.terraform) if provider else self.terraform).apply()
        self._mark.write_text(self._fingerprint())

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except StepFailedError as error:
            own = S3Backend(bucket=STATE_BUCKET, key=self.state_key, region=REGION)
            raise OperateError(terraform_errors.explained(error, folder=self._folder, own=own, embedded=True)) from None

    def _copy_sources(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for stale in self._folder.glob("*.tf"):
            stale.unlink()
        for source in (*self._sources(), _BACKEND):
            shutil.copy(source, self._folder)

    def _sources(self) -> list[Path]:
        return sorted((paths.EXISTING_INFRASTRUCTURE / self.name).glob("*.tf"))

    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        for source in (*self._sources(), _BACKEND):
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
        return digest.hexdigest()


def modules(local_aws: LocalAws) -> list[Module]:
    return [Module(local_aws, name) for name in NAMES]


def apply(local_aws: LocalAws) -> None:
    """Well under a second when all is there; a module that is to be applied takes those that read it along."""
    outdated = list(itertools.dropwhile(Module.is_applied, modules(local_aws)))
    if not outdated:
        return
    prepare_account(local_aws)
    for module in outdated:
        module.init()
    with provider_process.beside(outdated[0].terraform) as provider:
        for module in outdated:
            module.apply(provider)


def prepare_account(local_aws: LocalAws) -> None:
    """What an account has before any Terraform runs: the states' bucket, and a repository with an image.

    Does nothing twice, and never replaces an image that is there.
    """
    s3: S3Client = local_aws.client("s3")
    ecr: ECRClient = local_aws.client("ecr")
    s3.create_bucket(Bucket=STATE_BUCKET)
    s3.put_bucket_versioning(Bucket=STATE_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    try:
        ecr.create_repository(repositoryName=IMAGE_REPOSITORY)
    except ecr.exceptions.RepositoryAlreadyExistsException:
        return
    ecr.put_image(
        repositoryName=IMAGE_REPOSITORY,
        imageTag="latest",
        imageManifest=_empty_image(),
        imageManifestMediaType=_MANIFEST_TYPE,
    )


def _empty_image() -> str:
    """Something for the tag to name until a real image is pushed."""
    configuration = b"{}"
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST_TYPE,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": f"sha256:{hashlib.sha256(configuration).hexdigest()}",
                "size": len(configuration),
            },
            "layers": [],
        }
    )


def _has_object(local_aws: LocalAws, bucket: str, key: str) -> bool:
    """Without boto3, whose import alone takes as long as all the rest of an `apply` with nothing to do."""
    connection = http.client.HTTPConnection(urlsplit(local_aws.endpoint).netloc, timeout=10)
    with contextlib.closing(connection):
        connection.request("HEAD", f"/{bucket}/{key}")
        return connection.getresponse().status == http.HTTPStatus.OK
