"""[backend], of this stack and of each existing module: where Terraform keeps a state."""

from __future__ import annotations

import posixpath
import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from stacks.settings.aws_values import (
    KmsKey,
    ProfileName,
    Region,
    RoleArn,
    is_in_partition,
    partition_remedy,
    region_of,
    regional_arn,
)
from stacks.settings.base import Settings, matching, readable, refusal, with_port
from stacks.settings.characters import but_not_ascii

_FIRST_REGION: Final = "us-east-1"
_MOST_BYTES_OF_A_KEY: Final = 1024


def _can_be_a_bucket(name: str, region: str | None) -> bool:
    """Amazon S3 User Guide, "General purpose bucket naming rules": until 2018 us-east-1 had rules of its own."""
    if region in {_FIRST_REGION, None} and re.fullmatch(r"[A-Za-z0-9._-]{3,255}", name):
        return True
    is_shaped = re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name)
    return bool(is_shaped) and ".." not in name and not re.fullmatch(r"\d+(\.\d+){3}", name)


def object_key(key: str) -> str:
    """Terraform's S3 backend refuses a slash at either end; Amazon S3 User Guide, "Naming Amazon S3 objects"."""
    if not key.strip() or key.startswith("/") or key.endswith("/"):
        raise refusal('must be the key of an object, with no slash at either end, such as "go-api/terraform.tfstate"')
    if (size := len(key.encode())) > _MOST_BYTES_OF_A_KEY:
        raise refusal(f"has {size} bytes, and S3 allows {_MOST_BYTES_OF_A_KEY}")
    return key


def state_file(path: str) -> str:
    """Nothing stands for a home or a drive: Terraform would take either for a folder's name."""
    if not path.strip() or path.endswith("/") or re.match(r"[\\~]|[A-Za-z]:", path):
        raise refusal("must be the path of a file, absolute or relative to the repository's root")
    return path


HcpName = Annotated[str, matching(r"[A-Za-z0-9_-]{1,90}", "must be 1 to 90 letters, digits, hyphens and underscores")]


class S3Backend(Settings):
    """A state in a bucket, locked by a lock file beside it."""

    type: Literal["s3"] = "s3"
    """The kind of backend."""
    region: Region
    """Region of the bucket."""
    bucket: str
    """The bucket that the state is in."""
    key: Annotated[str, AfterValidator(object_key), AfterValidator(readable)]
    """Key of the state's object."""
    use_path_style: bool = False
    """Whether the bucket is in the path of a request, not in its host name."""
    kms_key_id: KmsKey | None = None
    """KMS key that encrypts the state, in place of the bucket's default; of the bucket's region."""
    profile: ProfileName | None = None
    """Profile of the AWS configuration files whose credentials reach the state, in place of the caller's own."""
    role_arn: RoleArn | None = None
    """Role that Terraform assumes to reach the state."""

    @field_validator("bucket")
    @classmethod
    def bucket_can_exist(cls, bucket: str, info: ValidationInfo) -> str:
        if not _can_be_a_bucket(bucket, cls.earlier(info, "region")):
            raise refusal(
                "must be the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or"
                f" a digit at both ends, no two dots in a row, and not an IP address{but_not_ascii(bucket)}"
            )
        return bucket

    @field_validator("kms_key_id")
    @classmethod
    def key_is_in_region(cls, key: str | None, info: ValidationInfo) -> str | None:
        """Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys"."""
        region: str | None = cls.earlier(info, "region")
        if key and key.startswith("arn:") and region:
            regional_arn(key)
            if region_of(key) != region:
                raise refusal(f"must be a key of the bucket's region, {region}, not of {region_of(key)}")
        return key

    @field_validator("role_arn")
    @classmethod
    def role_is_in_partition(cls, arn: str | None, info: ValidationInfo) -> str | None:
        region: str | None = cls.earlier(info, "region")
        if arn and region and not is_in_partition(arn, region):
            raise refusal(partition_remedy(region))
        return arn

    @property
    def address(self) -> str:
        return self.address_in(None)

    def address_in(self, workspace: str | None) -> str:
        """Terraform keeps a workspace's state under `env:/`."""
        prefix = f"env:/{workspace}/" if workspace else ""
        return f"s3://{self.bucket}/{prefix}{self.key}"


class LocalBackend(Settings):
    """A state in a file; `path` is relative to the repository's root, or absolute."""

    type: Literal["local"] = "local"
    """The kind of backend."""
    path: Annotated[str, AfterValidator(state_file), AfterValidator(readable)]
    """Path of the state's file."""

    @property
    def address(self) -> str:
        return posixpath.normpath(self.path)


class RemoteBackend(Settings):
    """A workspace of HCP Terraform or Terraform Enterprise."""

    type: Literal["remote"] = "remote"
    """The kind of backend."""
    organization: HcpName
    """Organization in HCP Terraform or Terraform Enterprise."""
    workspace: HcpName
    """The workspace that the state is in."""
    hostname: Annotated[
        str,
        matching(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::\d{1,5})?", 'must be a host name, such as "app.terraform.io"'),
        AfterValidator(with_port),
    ] = "app.terraform.io"
    """Host name of HCP Terraform, or of a Terraform Enterprise."""

    @property
    def address(self) -> str:
        return f"{self.hostname}/{self.organization}/{self.workspace}"


Backend = Annotated[S3Backend | LocalBackend | RemoteBackend, Field(discriminator="type")]
