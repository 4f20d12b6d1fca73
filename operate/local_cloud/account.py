"""What an AWS account has before any Terraform runs: the state bucket, and a repository with an image."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from operate.local_cloud.cloud import LocalCloud

STATE_BUCKET = "terraform-state"
IMAGE_REPOSITORY = "go-api"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def prepare(cloud: LocalCloud) -> None:
    """Does nothing twice, and never replaces an image that is there."""
    s3, ecr = cloud.client("s3"), cloud.client("ecr")
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
