"""IAM policy documents as text, and the account and region that their ARNs name."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class AwsLocation:
    """Where resources live.

    - ``partition``: such as ``aws``, ``aws-cn`` or ``aws-us-gov``. No default.
    - ``region``: such as ``eu-west-1``. No default.
    - ``account_id``: 12 digits. No default.
    - ``dns_suffix``: of the partition's services, ``amazonaws.com`` by default; in China ``amazonaws.com.cn``.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """

    partition: str
    region: str
    account_id: str
    dns_suffix: str = "amazonaws.com"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"


@dataclass(frozen=True)
class PolicyStatement:
    """One statement of an identity policy.

    - ``actions``: such as ``s3:GetObject``; ``*`` and ``?`` stand for a part. No default.
    - ``resources``: ARNs, or ``*``. No default.
    - ``effect``: ``Allow`` or ``Deny``; ``Allow`` by default.
    - ``conditions``: operator -> condition key -> values; none by default.
    - ``sid``: letters and digits, once within a policy; none by default.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html
    """

    actions: Sequence[str]
    resources: Sequence[str]
    effect: Literal["Allow", "Deny"] = "Allow"
    conditions: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    sid: str | None = None

    def document(self) -> dict[str, Any]:
        statement: dict[str, Any] = {
            "Effect": self.effect,
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        if self.sid:
            statement["Sid"] = self.sid
        if self.conditions:
            statement["Condition"] = {
                operator: {key: list(values) for key, values in sorted(keys.items())}
                for operator, keys in sorted(self.conditions.items())
            }
        return statement


def policy_json(statements: Sequence[PolicyStatement]) -> str:
    """An identity policy, deterministic to the byte.

    Plain text rather than Terraform's ``jsonencode``: static analysers see into it, and tokens in it are the only
    thing that a plan has to resolve.
    """
    return _json([statement.document() for statement in statements])


def ecs_tasks_trust_json(location: AwsLocation) -> str:
    """Lets ECS tasks of this account and region, and nobody else, assume a role.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html (confused deputy)
    """
    return _json(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "ArnLike": {"aws:SourceArn": location.arn("ecs", "*")},
                    "StringEquals": {"aws:SourceAccount": location.account_id},
                },
            }
        ]
    )


def _json(statements: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, sort_keys=True)
