"""Whether a policy allows more than another one, as far as their texts say."""

from __future__ import annotations

from typing import Any

import pytest

from operate.plan import policy_grants

ARN = "arn:aws:s3:::example"


def statement(action: str | list[str] = "s3:GetObject", resource: str = f"{ARN}/*", **values: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **values}


def gained(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    return [
        str(one)
        for one in policy_grants.gained(*(policy_grants.grants({"Statement": each}) for each in (before, after)))
    ]


SECURE: dict[str, Any] = {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}
DENIED = {**statement("s3:*", "*"), "Effect": "Deny"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([statement()], [statement()]),
        ([statement()], []),
        ([statement()], [statement(resource=f"{ARN}/a")]),
        ([statement("s3:*")], [statement(["s3:GetObject", "S3:putobject"])]),
        ([statement("*", "*")], [statement("s3:Get*", f"{ARN}/?")]),
        ([statement()], [statement(**SECURE)]),
        ([statement()], [statement(), DENIED]),
        ([statement(["s3:GetObject", "s3:PutObject"])], [statement("s3:PutObject"), statement()]),
    ],
)
def test_nothing_is_gained(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """What was allowed already, in other words or within a wider statement, needs nobody's decision."""
    assert gained(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([], [statement()], f"s3:GetObject on {ARN}/*"),
        ([statement()], [statement("s3:Get*")], f"s3:Get* on {ARN}/*"),
        ([statement()], [statement(resource="*")], "s3:GetObject on *"),
        ([statement(resource=f"{ARN}/?")], [statement()], f"s3:GetObject on {ARN}/*"),
        ([statement(**SECURE)], [statement()], f"s3:GetObject on {ARN}/*"),
        ([statement(), DENIED], [statement()], "Deny s3:* on * no more"),
        ([], [{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}], "all actions but iam:* on *"),
        ([], [{"Effect": "Allow", "Action": "a:B", "NotResource": "c"}], "a:B on all resources but c"),
        ([], [statement(**SECURE)], f"s3:GetObject on {ARN}/*, if Bool aws:SecureTransport true"),
    ],
)
def test_what_is_gained(before: list[dict[str, Any]], after: list[dict[str, Any]], said: str) -> None:
    """A wider action or resource, a condition or a denial that falls."""
    assert gained(before, after) == [said]


def test_what_is_no_policy_grants_nothing() -> None:
    assert (
        policy_grants.grants_in("{no JSON") == policy_grants.grants_in("[]") == policy_grants.grants_in(None) == set()
    )
