"""What ECR answers about images that are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from local_aws.instance import LocalAws


def test_an_absent_image_is_named(local_aws: LocalAws) -> None:
    """As on AWS: an empty answer does not say that the tag was mistyped."""
    ecr = local_aws.client("ecr")
    ecr.create_repository(repositoryName="api")

    with pytest.raises(ecr.exceptions.ImageNotFoundException, match=r"imageTag:'v9'.*'api'"):
        ecr.describe_images(repositoryName="api", imageIds=[{"imageTag": "v9"}])

    assert ecr.describe_images(repositoryName="api")["imageDetails"] == []
