"""What AWS's own values look like: account ids, regions, ARNs."""

from __future__ import annotations

import re
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator

from stacks.settings.base import did_you_mean, matching, refusal
from stacks.settings.characters import but_not_ascii
from stacks.settings.regions import PARTITION_OF_REGION

if TYPE_CHECKING:
    from pydantic_core import PydanticCustomError

IMAGE_TAG: Final = "[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
"""What ECR takes as a tag, from end to end."""

_ARN = r"arn:aws(?:-[a-z]+)*"
_ACCOUNT = r"\d{12}"
_REGION = r"[a-z]{2,}(?:-[a-z]+)+-\d+"
_KEY_ID = r"(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_KEY_ARN = rf"{_ARN}:kms:{_REGION}:{_ACCOUNT}:key/{_KEY_ID}"
# Terraform's S3 backend refuses a key's id that is no UUID of RFC 4122, and takes an alias.
_STATE_KEY_ID = r"(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"
_KEY_ALIAS = r"alias/[A-Za-z0-9/_-]+"
_IAM_PATH = r"(?:[\x21-\x7e]+/)?"
_SECRET = rf"{_ARN}:secretsmanager:{_REGION}:{_ACCOUNT}:secret:[\w/+=.@!-]+(?::[^:]*:[^:\s]*:[^:\s]*)?"
_PARAMETER = rf"{_ARN}:ssm:{_REGION}:{_ACCOUNT}:parameter/[\w./-]+"
_PARAMETER_PATH = r"(?:/[\w.-]+)+"


def known_region(region: str) -> str:
    if region in PARTITION_OF_REGION:
        return region
    raise _unknown_region("the name", region, but_not_ascii(region))


def _unknown_region(what: str, region: str, but: str) -> PydanticCustomError:
    suggestion = _similar_regions(region)
    example = "" if suggestion else ", such as eu-west-1"
    return refusal(f"must be {what} of an AWS region{example}{but}{suggestion}")


@cache
def _similar_regions(region: str) -> str:
    return did_you_mean(get_close_matches(region.strip().lower(), PARTITION_OF_REGION, n=3, cutoff=0.8))


def partition_of(arn: str) -> str:
    """`aws`, `aws-cn`, …: the second part of an ARN."""
    return arn.split(":")[1]


def service_of(arn: str) -> str:
    """`secretsmanager`, `ssm`, …: the third part of an ARN."""
    return arn.split(":")[2]


def region_of(arn: str) -> str:
    """The fourth part of an ARN; empty for a global service."""
    return arn.split(":")[3]


def is_in_partition(arn: str, region: str) -> bool:
    return partition_of(arn) == PARTITION_OF_REGION[region]


def partition_remedy(region: str) -> str:
    return f"must begin with arn:{PARTITION_OF_REGION[region]}:, as every ARN in {region}"


def is_arn(text: str) -> bool:
    return text.startswith("arn:")


def regional_arn(arn: str) -> str:
    """The ARN's region exists, in the ARN's partition; what is no ARN passes."""
    if not is_arn(arn):
        return arn
    region = region_of(arn)
    if region not in PARTITION_OF_REGION:
        raise _unknown_region("the ARN", region, f", not of {region}")
    if not is_in_partition(arn, region):
        raise refusal(partition_remedy(region))
    return arn


def resource_remedy(resource: str, region: str) -> str | None:
    """What is wrong with the partition or the region of a policy's resource, in either of which * and ? may stand.

    Not every service has a region there; what is shaped like one has to exist.
    """
    if resource == "*":
        return None
    partition = PARTITION_OF_REGION[region]
    if not fnmatchcase(partition, partition_of(resource)):
        return partition_remedy(region)
    named = region_of(resource)
    if not re.fullmatch(_REGION, named) or PARTITION_OF_REGION.get(named) == partition:
        return None
    suggestion = "" if named in PARTITION_OF_REGION else _similar_regions(named)
    return f"must be the ARN of a region of the partition {partition}, not of {named}{suggestion}"


AccountId = Annotated[str, matching(_ACCOUNT, "must be an AWS account id: 12 digits in quotes")]
Region = Annotated[str, AfterValidator(known_region)]
PolicyArn = Annotated[
    str,
    matching(
        rf"{_ARN}:iam::(?:{_ACCOUNT}|aws):policy/{_IAM_PATH}[\w+=,.@-]{{1,128}}",
        "must be the ARN of an IAM policy, arn:aws:iam::<account>:policy/<name>",
    ),
]
RoleArn = Annotated[
    str,
    matching(
        rf"{_ARN}:iam::{_ACCOUNT}:role/{_IAM_PATH}[\w+=,.@-]{{1,64}}",
        "must be the ARN of an IAM role, arn:aws:iam::<account>:role/<name>",
    ),
]
KmsKeyArn = Annotated[
    str,
    matching(
        _KEY_ARN,
        "must be the ARN of a KMS key, not of an alias: arn:aws:kms:<region>:<account>:key/<key id>",
    ),
    AfterValidator(regional_arn),
]
KmsKey = Annotated[
    str,
    matching(
        rf"{_STATE_KEY_ID}|{_KEY_ALIAS}|{_ARN}:kms:{_REGION}:{_ACCOUNT}:(?:key/{_STATE_KEY_ID}|{_KEY_ALIAS})",
        "must be the id or the ARN of a KMS key, or an alias, alias/<name>, or its ARN",
    ),
]
TopicArn = Annotated[
    str,
    matching(
        rf"{_ARN}:sns:{_REGION}:{_ACCOUNT}:[\w-]{{1,256}}",
        "must be the ARN of an SNS topic, arn:aws:sns:<region>:<account>:<name>, and of no FIFO topic, which takes no"
        " alarms",
    ),
    AfterValidator(regional_arn),
]
SecretReference = Annotated[
    str,
    matching(
        rf"{_SECRET}|{_PARAMETER}|{_PARAMETER_PATH}",
        "must be the ARN of a secret, arn:aws:secretsmanager:<region>:<account>:secret:<name>,"
        " which :<json key>:<version stage>:<version id> may follow (all three colons), or of a parameter,"
        " arn:aws:ssm:<region>:<account>:parameter/<name>, or the path of a parameter, such as /go-api/database",
    ),
    AfterValidator(regional_arn),
]
ProfileName = Annotated[
    str,
    matching(
        r"[^\s\[\]\x00-\x1f\x7f](?:[^\[\]\x00-\x1f\x7f]*[^\s\[\]\x00-\x1f\x7f])?",
        "must be the name of a profile in the AWS configuration files, without spaces at its ends",
    ),
]
