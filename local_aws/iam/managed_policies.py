"""Which managed policies IAM takes, for a role's boundary or to be attached, where MiniStack takes any.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ministack.core.arn import ArnParseError, parse_arn
from ministack.services import iam

if TYPE_CHECKING:
    from local_aws.ministack_types import Action, Answer, Parameters


_AWS_MANAGED = re.compile(r"arn:aws[a-z-]*:iam::aws:policy/.+")  # there are more than MiniStack knows


def boundary_refusal(_original: object, arn: str) -> Answer | None:
    """Stands for `iam._boundary_policy_error`, which looks only where policies are enforced."""
    return _refusal(arn, f"Scope ARN: {arn} does not exist or is not attachable.")


def no_boundary_refusal(_original: object, entity: dict[str, object], principal_id: str) -> Answer | None:
    """Stands for `iam._absent_boundary_error`, likewise."""
    if entity.get("PermissionsBoundary"):
        return None
    return _error(404, "NoSuchEntity", f"Principal {principal_id} does not have scope")


def attach(original: Action, parameters: Parameters) -> Answer:
    """Stands for `iam._attach_role_policy`."""
    arn = iam._p(parameters, "PolicyArn")
    known = iam._p(parameters, "RoleName") in iam._roles  # else MiniStack says so
    refused = _refusal(arn, f"Policy {arn} does not exist or is not attachable.") if known else None
    return refused or original(parameters)


def delete_policy(original: Action, parameters: Parameters) -> Answer:
    """Stands for `iam._delete_policy`, which lets a boundary go that is in use."""
    if iam._boundary_usage_counts().get(iam._p(parameters, "PolicyArn")):
        return _error(409, "DeleteConflict", "Cannot delete a policy attached to entities.")
    return original(parameters)


def _refusal(arn: str, message: str) -> Answer | None:
    try:
        parse_arn(arn)
    except ArnParseError:
        return _error(400, "ValidationError", "Invalid ARN:  Could not be parsed!")
    known = _AWS_MANAGED.fullmatch(arn) or arn in iam._policies
    return None if known else _error(404, "NoSuchEntity", message)


def _error(status: int, code: str, message: str) -> Answer:
    return iam._error(status, code, message, ns="iam")
