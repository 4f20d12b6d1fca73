"""An embedded AWS, a podman and the sample API of the tests' own: nothing of this checkout's is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local_aws import container_engine
from local_aws import server_process as process
from local_aws.instance import LocalAws
from local_aws.tests.machine import require_engine, require_go, reserved_port
from operate.local import image_push, sample_image, sample_infrastructure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.container_engine import Engine


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    local_aws = LocalAws(port=reserved_port(), directory=tmp_path_factory.mktemp("aws"))
    process.start(local_aws)
    try:
        sample_infrastructure.prepare_account(local_aws)
        yield local_aws
    finally:
        record = process.running(local_aws)
        assert record, "the embedded AWS ended while the tests ran"
        process.stop(record)


@pytest.fixture(scope="session")
def repository(local_aws: LocalAws) -> image_push.Repository:
    return image_push.repository(
        local_aws.client("ecr"), sample_infrastructure.IMAGE_REPOSITORY, endpoint=local_aws.endpoint
    )


@pytest.fixture(scope="session")
def sample() -> image_push.Image:
    require_go()
    return sample_image.build(version="v1")


@pytest.fixture(scope="session")
def sample_reference(sample: image_push.Image, repository: image_push.Repository) -> str:
    """The sample API in the embedded ECR."""
    image_push.push(sample, repository, tag="v1")
    return f"{repository.uri}:v1"


@pytest.fixture
def engine(local_aws: LocalAws) -> Iterator[Engine]:
    require_engine(local_aws)
    engine = container_engine.start(local_aws)
    assert engine
    yield engine
    container_engine.stop(local_aws)
