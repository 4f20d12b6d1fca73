"""Prefix lists of the account's own.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateManagedPrefixList.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ministack.services import ec2

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.ministack_types import Answer, Parameters


def create(original: Callable[[Parameters], Answer], parameters: Parameters) -> Answer:
    """With the tags that it is created with, which MiniStack drops."""
    answer = original(parameters)
    for id_ in re.findall(r"<prefixListId>(.+?)<", answer[2].decode()):
        ec2._parse_tag_specs(parameters, "prefix-list", id_)
    return answer
