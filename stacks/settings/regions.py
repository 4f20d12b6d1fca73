"""The AWS regions, and the partition of each.

A region that is not here is refused, as a typing error would be. A test compares the table with botocore's and fails
when AWS has opened a region.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_REGIONS_BY_PARTITION: Final = {
    "aws": (
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-central-1",
        "ca-west-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ),
    "aws-cn": (
        "cn-north-1",
        "cn-northwest-1",
    ),
    "aws-us-gov": (
        "us-gov-east-1",
        "us-gov-west-1",
    ),
    "aws-iso": (
        "us-iso-east-1",
        "us-iso-west-1",
    ),
    "aws-iso-b": (
        "us-isob-east-1",
        "us-isob-west-1",
    ),
    "aws-iso-e": ("eu-isoe-west-1",),
    "aws-iso-f": (
        "us-isof-east-1",
        "us-isof-south-1",
    ),
    "aws-eusc": ("eusc-de-east-1",),
}

PARTITION_OF_REGION: Final[Mapping[str, str]] = MappingProxyType(
    {region: partition for partition, regions in _REGIONS_BY_PARTITION.items() for region in regions}
)
"""Region -> partition: eu-west-1 -> aws."""

RECENT_REGIONS: Final = frozenset(
    {"ap-east-2", "ap-southeast-6", "ap-southeast-7", "eusc-de-east-1", "mx-central-1", "us-isob-west-1"}
)
"""Opened since Terraform 1.10: its S3 backend or the pinned provider refuses some, unless it skips that check."""
