"""What an image in ECR says of itself: for which platforms it is built, and which paths it declares as volumes.

https://github.com/opencontainers/image-spec/blob/main/image-index.md
https://github.com/opencontainers/image-spec/blob/main/config.md
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx

from operate.environment import NotToldError
from operate.image_tags import registry_of

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef

    from operate.environment import Environment

ARCHITECTURES: Final = {"amd64": "X86_64", "arm64": "ARM64"}
"""As Docker calls them, and as ECS does."""
_TIMEOUT_SECONDS: Final = 10
_EMPTY: Final = len("{}")
_MANIFESTS: Final = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
]


def architectures(environment: Environment, ecr: ECRClient, tag: str) -> list[str]:
    """As Docker calls them; none where the image says nothing, or is not there, which Terraform tells."""
    manifest = _manifest(environment, ecr, {"imageTag": tag})
    if "manifests" in manifest:
        platforms = [entry.get("platform", {}) for entry in manifest["manifests"]]
    else:
        platforms = [_configuration(environment, ecr, manifest) or {}]
    found = (platform.get("architecture", "unknown") for platform in platforms)
    return [architecture for architecture in found if architecture != "unknown"]


def volumes(environment: Environment, ecr: ECRClient, tag: str) -> set[str] | None:
    """Of the image for the tasks' architecture; None where there is none, or it says nothing."""
    manifest = _manifest(environment, ecr, {"imageTag": tag})
    for entry in manifest.get("manifests", []):
        built_for = entry.get("platform", {}).get("architecture")
        if ARCHITECTURES.get(built_for) == environment.settings.container.cpu_architecture:
            manifest = _manifest(environment, ecr, {"imageDigest": entry["digest"]})
    configuration = _configuration(environment, ecr, manifest)
    return None if configuration is None else {*((configuration.get("config") or {}).get("Volumes") or {})}


def _manifest(environment: Environment, ecr: ECRClient, image: ImageIdentifierTypeDef) -> dict[str, Any]:
    """Empty where it is not there."""
    images = ecr.batch_get_image(
        repositoryName=environment.settings.image.repository,
        imageIds=[image],
        acceptedMediaTypes=_MANIFESTS,
        **registry_of(environment.settings),
    )["images"]
    manifest: dict[str, Any] = json.loads(images[0]["imageManifest"]) if images else {}
    return manifest


def _configuration(environment: Environment, ecr: ECRClient, manifest: dict[str, Any]) -> dict[str, Any] | None:
    """None where the manifest has none."""
    if manifest.get("config", {}).get("size", 0) <= _EMPTY:
        return None
    digest = manifest["config"]["digest"]
    name, of_registry = environment.settings.image.repository, registry_of(environment.settings)
    url = ecr.get_download_url_for_layer(repositoryName=name, layerDigest=digest, **of_registry)["downloadUrl"]
    if environment.local_aws:
        url = f"{environment.local_aws.endpoint}{urlsplit(url).path}"
    not_checked = f"Not checked: what {name}@{digest} is built for and declares, since ECR did not give it"
    try:
        answer = httpx.get(
            url, timeout=_TIMEOUT_SECONDS, follow_redirects=True, trust_env=environment.local_aws is None
        ).raise_for_status()
        configuration: dict[str, Any] = answer.json()
    except ImportError as error:  # of what httpx needs for a SOCKS proxy
        raise NotToldError(f"{not_checked}: {error}") from None
    except (httpx.HTTPError, ValueError) as error:  # whose text has the URL in it, which opens the layer
        raise NotToldError(f"{not_checked} ({type(error).__name__}).") from None
    return configuration
