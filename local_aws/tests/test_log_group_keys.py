"""A log group's KMS key can be changed, and has to be a key that encrypts.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from local_aws.instance import Client, LocalAws

_groups = (f"/ecs/keys/{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def logs(local_aws: LocalAws) -> Client:
    return local_aws.client("logs")


@pytest.fixture(scope="module")
def key(local_aws: LocalAws) -> str:
    return str(local_aws.client("kms").create_key()["KeyMetadata"]["Arn"])


@pytest.fixture
def group(logs: Client) -> dict[str, Any]:
    """As it is described, with its name and its ARN."""
    name = next(_groups)
    logs.create_log_group(logGroupName=name)
    return described(logs, name)


def described(logs: Client, name: str) -> dict[str, Any]:
    return logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]


def test_a_key_comes_and_goes(logs: Client, group: dict[str, Any], key: str) -> None:
    """By the group's name or its ARN, and nothing else of the group changes."""
    for target in ({"logGroupName": group["logGroupName"]}, {"resourceIdentifier": group["logGroupArn"]}):
        logs.associate_kms_key(kmsKeyId=key, **target)
        assert described(logs, group["logGroupName"]) == {**group, "kmsKeyId": key}
        logs.disassociate_kms_key(**target)
        assert described(logs, group["logGroupName"]) == group


def test_a_key_survives_another_change(logs: Client, group: dict[str, Any], key: str) -> None:
    """Retention and key are the provider's two calls for one resource."""
    name = group["logGroupName"]
    logs.associate_kms_key(logGroupName=name, kmsKeyId=key)
    logs.put_retention_policy(logGroupName=name, retentionInDays=7)
    assert (described(logs, name)["kmsKeyId"], described(logs, name)["retentionInDays"]) == (key, 7)


def test_a_key_that_cannot_encrypt_is_refused(local_aws: LocalAws, logs: Client, group: dict[str, Any]) -> None:
    """One that is not there, and one that is disabled; at the group's creation too."""
    kms = local_aws.client("kms")
    disabled = kms.create_key()["KeyMetadata"]["Arn"]
    kms.disable_key(KeyId=disabled)
    for unusable in (disabled, f"{disabled[:-12]}000000000000"):
        with pytest.raises(logs.exceptions.InvalidParameterException, match="does not exist or is not allowed"):
            logs.associate_kms_key(logGroupName=group["logGroupName"], kmsKeyId=unusable)
        with pytest.raises(logs.exceptions.InvalidParameterException, match="does not exist or is not allowed"):
            logs.create_log_group(logGroupName="/ecs/never", kmsKeyId=unusable)
    assert described(logs, group["logGroupName"]) == group


def test_a_key_of_another_account_is_taken(logs: Client, group: dict[str, Any]) -> None:
    """What is in another account can't be known here."""
    key = "arn:aws:kms:us-east-1:111111111111:key/00000000-0000-0000-0000-000000000000"
    logs.associate_kms_key(logGroupName=group["logGroupName"], kmsKeyId=key)
    assert described(logs, group["logGroupName"])["kmsKeyId"] == key


def test_a_group_that_is_not_there_is_named(logs: Client, key: str) -> None:
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log group does not exist"):
        logs.associate_kms_key(logGroupName="/ecs/absent", kmsKeyId=key)
