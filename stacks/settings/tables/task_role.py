"""[[task_role.statements]]: what the container may do in AWS."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from stacks.settings.base import Refusal, Settings, matching, refusal, refuse_all, refuse_repeated
from stacks.settings.characters import but_not_ascii, named

_EVERY_ACTION = frozenset({"*", "*:*"})
_CONDITION_OPERATOR = re.compile(
    r"(?:ForAllValues:|ForAnyValue:)?"
    r"(?:String(?:Not)?(?:Equals(?:IgnoreCase)?|Like)"
    r"|(?:Numeric|Date)(?:(?:Not)?Equals|(?:Less|Greater)Than(?:Equals)?)"
    r"|Arn(?:Not)?(?:Equals|Like)|(?:Not)?IpAddress|Bool|BinaryEquals)(?:IfExists)?"
    r"|Null",
    re.IGNORECASE | re.ASCII,
)


def granted_action(action: str) -> str:
    """IAM tells no upper from lower case. Every action is refused where it is granted (FR-005); see `Statement`."""
    if action not in _EVERY_ACTION and not re.fullmatch(r"[A-Za-z0-9-]+:[A-Za-z0-9*?]+", action):
        remedy = "must be an action, <service>:<Action>, where * and ? may stand for a part, such as s3:Get*"
        raise refusal(remedy + but_not_ascii(action))
    return action


def granted_resource(resource: str) -> str:
    if resource != "*" and not re.fullmatch(r"arn:[a-z*?-]{1,64}:[a-z0-9*?-]+:[^:\s]*:[^:\s]*:\S(?:.*\S)?", resource):
        raise refusal('must be an ARN, in which * and ? may stand for a part, or "*"')
    return resource


def policy_text(text: str) -> str:
    """IAM API Reference, PutRolePolicy, PolicyDocument."""
    if found := re.search(r"[^\t\n\r\x20-\xff]", text):
        raise refusal(f"must have only characters that IAM takes in a policy, U+0020 to U+00FF, not {named(found[0])}")
    return text


PolicyText = Annotated[str, AfterValidator(policy_text)]
_Strings = Annotated[tuple[PolicyText, ...], Field(strict=False, min_length=1)]


class Statement(Settings):
    sid: Annotated[str, matching(r"[A-Za-z0-9]+", "must have only letters and digits")] | None = None
    """The statement's id, once within the policy."""
    effect: Literal["Allow", "Deny"] = "Allow"
    """Whether the statement allows or denies."""
    actions: Annotated[tuple[Annotated[str, AfterValidator(granted_action)], ...], Field(strict=False, min_length=1)]
    """Actions of AWS services, such as `s3:GetObject`; `*` alone only to deny."""
    resources: Annotated[
        tuple[Annotated[PolicyText, AfterValidator(granted_resource)], ...], Field(strict=False, min_length=1)
    ]
    """ARNs of the region's own partition, or `*`."""
    conditions: dict[str, Annotated[dict[PolicyText, _Strings], Field(min_length=1)]] = Field(default_factory=dict)
    """Conditions: operator, then condition key, then a list of values."""

    @field_validator("actions")
    @classmethod
    def not_every_action_is_allowed(cls, actions: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if cls.earlier(info, "effect") == "Allow":
            remedy = "must not be every action: list those that the application needs (least privilege)"
            refuse_all(Refusal((at,), action, remedy) for at, action in enumerate(actions) if action in _EVERY_ACTION)
        return actions

    @field_validator("conditions")
    @classmethod
    def operators_exist(
        cls, conditions: dict[str, dict[str, tuple[str, ...]]]
    ) -> dict[str, dict[str, tuple[str, ...]]]:
        remedy = "must be a condition operator of IAM, such as StringEquals, ArnLike or Bool"
        refuse_all(
            Refusal((name,), None, remedy + but_not_ascii(name))
            for name in conditions
            if not _CONDITION_OPERATOR.fullmatch(name)
        )
        return conditions


class TaskRole(Settings):
    statements: Annotated[tuple[Statement, ...], Field(strict=False)] = ()
    """Of the role's only policy."""

    @field_validator("statements")
    @classmethod
    def sids_differ(cls, statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
        sids = [statement.sid for statement in statements]
        refuse_repeated(sids, "must differ from the sid of every other statement", key="sid")
        return statements
