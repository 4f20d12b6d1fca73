"""Puts an image into a repository of the embedded ECR, over the protocol that all registries speak.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpx

from operate import progress
from operate.errors import OperateError
from operate.image_tags import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_ecr import ECRClient

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Image:
    """What a registry stores of an image: its configuration, and its layers as gzipped tar archives."""

    config: bytes
    layers: tuple[bytes, ...]


@dataclass(frozen=True)
class Repository:
    """`uri` is what a task definition calls it, without a tag; `endpoint` is where its registry answers."""

    name: str
    uri: str
    endpoint: str
    authorization: str = field(repr=False)


def repository(ecr: ECRClient, name: str, *, endpoint: str, registry: Registry | None = None) -> Repository:
    """Reads it from the embedded ECR; `endpoint` stands for the registry's own, which is AWS's."""
    try:
        (found,) = ecr.describe_repositories(repositoryNames=[name], **(registry or Registry()))["repositories"]
    except ecr.exceptions.RepositoryNotFoundException as error:
        raise OperateError(f"There is no ECR repository to push to. {error.response['Error']['Message']}") from None
    (token,) = ecr.get_authorization_token()["authorizationData"]
    return Repository(
        name=name,
        uri=found["repositoryUri"],
        endpoint=endpoint,
        authorization=f"Basic {token['authorizationToken']}",
    )


def push(image: Image, to: Repository, *, tag: str) -> str:
    """The digest that the tag names from now on."""
    with progress.step(f"pushing {to.name}:{tag}"), _said_by(to), _client(to) as client:
        layers = [_upload(client, layer) | {"mediaType": _LAYER} for layer in image.layers]
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _upload(client, image.config) | {"mediaType": _CONFIG},
            "layers": layers,
        }
        content = json.dumps(manifest).encode()
        answer = client.put(f"manifests/{tag}", content=content, headers={"Content-Type": _MANIFEST})
        answer.raise_for_status()
    return _digest(content)


def _client(to: Repository) -> httpx.Client:
    return httpx.Client(
        base_url=f"{to.endpoint}/v2/{to.name}/",
        headers={"Authorization": to.authorization},
        timeout=_TIMEOUT_SECONDS,
        trust_env=False,  # no proxy of the shell's leads to this machine
    )


def _upload(client: httpx.Client, content: bytes) -> dict[str, object]:
    """A blob that the registry has already is not sent again."""
    digest = _digest(content)
    if client.head(f"blobs/{digest}").status_code != httpx.codes.OK:
        session = client.post("blobs/uploads/")
        session.raise_for_status()
        place = httpx.URL(urljoin(str(session.url), session.headers["Location"]))
        headers = {"Content-Type": "application/octet-stream"}
        sent = client.put(place.copy_merge_params({"digest": digest}), content=content, headers=headers)
        sent.raise_for_status()
    return {"digest": digest, "size": len(content)}


@contextlib.contextmanager
def _said_by(to: Repository) -> Iterator[None]:
    try:
        yield
    except httpx.HTTPStatusError as error:
        raise OperateError(f"{to.uri} refused the image: {_reason(error.response)}") from None
    except httpx.TransportError as error:
        raise OperateError(f"{to.endpoint} did not take the image: {error}") from None


def _reason(response: httpx.Response) -> str:
    with contextlib.suppress(ValueError, KeyError, IndexError, TypeError):
        return str(response.json()["errors"][0]["message"])
    return f"HTTP {response.status_code}"


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
