from __future__ import annotations

import dataclasses
import gzip
import json
from typing import TYPE_CHECKING

import httpx
import pytest

from operate.errors import OperateError
from operate.local import image_push, sample_image

if TYPE_CHECKING:
    from local_aws.instance import LocalAws

IMAGE = image_push.Image(config=b"{}", layers=(gzip.compress(b"layer", mtime=0),))


def test_ecr_lists_what_was_pushed(local_aws: LocalAws, repository: image_push.Repository) -> None:
    """By the tag, with the digest that the push told."""
    digest = image_push.push(IMAGE, repository, tag="listed")
    (listed,) = local_aws.client("ecr").describe_images(
        repositoryName=repository.name, imageIds=[{"imageTag": "listed"}]
    )["imageDetails"]
    assert listed["imageDigest"] == digest


def test_a_tag_moves_to_the_image_pushed_last(local_aws: LocalAws, repository: image_push.Repository) -> None:
    """As `latest` does."""
    image_push.push(IMAGE, repository, tag="moving")
    other = image_push.push(dataclasses.replace(IMAGE, config=b'{"os": "linux"}'), repository, tag="moving")
    found = local_aws.client("ecr").batch_get_image(repositoryName=repository.name, imageIds=[{"imageTag": "moving"}])
    assert [image["imageId"]["imageDigest"] for image in found["images"]] == [other]


def test_what_the_registry_has_is_not_sent_again(
    repository: image_push.Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second push of the same image sends its manifest only."""
    image_push.push(IMAGE, repository, tag="again")
    sent: list[str] = []
    send = httpx.Client.send

    def recording(client: httpx.Client, request: httpx.Request, **options: object) -> httpx.Response:
        sent.append(request.method)
        return send(client, request, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(httpx.Client, "send", recording)
    image_push.push(IMAGE, repository, tag="again")
    assert sent == ["HEAD", "HEAD", "PUT"]


def test_an_immutable_tag_is_refused(local_aws: LocalAws) -> None:
    """The message is the registry's, and names the repository."""
    ecr = local_aws.client("ecr")
    ecr.create_repository(repositoryName="immutable", imageTagMutability="IMMUTABLE")
    repository = image_push.repository(ecr, "immutable", endpoint=local_aws.endpoint)
    image_push.push(IMAGE, repository, tag="v1")
    with pytest.raises(OperateError, match=r"/immutable refused the image: .*v1.* is immutable"):
        image_push.push(dataclasses.replace(IMAGE, config=b"[]"), repository, tag="v1")


def test_a_missing_repository_is_named(local_aws: LocalAws) -> None:
    """Before anything is built or sent."""
    with pytest.raises(OperateError, match=r"no ECR repository.*'nowhere'"):
        image_push.repository(local_aws.client("ecr"), "nowhere", endpoint=local_aws.endpoint)


def test_a_registry_that_does_not_answer_is_named(repository: image_push.Repository) -> None:
    """A person reads an address and a reason, no traceback."""
    with pytest.raises(OperateError, match=r"http://127\.0\.0\.1:1 did not take the image"):
        image_push.push(IMAGE, dataclasses.replace(repository, endpoint="http://127.0.0.1:1"), tag="v1")


def test_a_token_is_not_printed(repository: image_push.Repository) -> None:
    """It opens the registry for twelve hours."""
    assert repository.authorization.startswith("Basic ")
    assert repository.authorization not in repr(repository)


def test_an_archive_saved_by_an_engine_is_read(repository: image_push.Repository) -> None:
    """A layer that the engine left uncompressed is compressed, one that it compressed is kept."""
    import io  # noqa: PLC0415
    import tarfile  # noqa: PLC0415

    contents = {
        "manifest.json": json.dumps([{"Config": "c.json", "Layers": ["plain.tar", "packed.tar"]}]).encode(),
        "c.json": b"{}",
        "plain.tar": b"layer",
        "packed.tar": gzip.compress(b"layer"),
    }
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    stream.seek(0)
    image = sample_image.read_archive(stream)
    assert [gzip.decompress(layer) for layer in image.layers] == [b"layer", b"layer"]
    assert image.layers[1] == contents["packed.tar"]
    assert image_push.push(image, repository, tag="archive").startswith("sha256:")
