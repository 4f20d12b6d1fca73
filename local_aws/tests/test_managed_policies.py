"""IAM takes a managed policy that is there, as a boundary and to be attached, and lets none go that is in use.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from local_aws.instance import Client, LocalAws

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
NOTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
ABSENT = "arn:aws:iam::000000000000:policy/absent"
AWS_MANAGED = ["arn:aws:iam::aws:policy/PowerUserAccess", "arn:aws:iam::aws:policy/job-function/Billing"]
_names = (f"role-{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def iam(local_aws: LocalAws) -> Client:
    return local_aws.client("iam")


@pytest.fixture
def role(iam: Client) -> str:
    name = next(_names)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    return name


@pytest.fixture
def policy(iam: Client) -> str:
    created = iam.create_policy(PolicyName=next(_names), PolicyDocument=NOTHING)
    return str(created["Policy"]["Arn"])


def boundary(iam: Client, role: str) -> str | None:
    found = iam.get_role(RoleName=role)["Role"].get("PermissionsBoundary", {})
    return found.get("PermissionsBoundaryArn")


def test_an_absent_boundary_is_refused(iam: Client, role: str) -> None:
    """And neither is a role made nor the one that is there changed."""
    with pytest.raises(iam.exceptions.NoSuchEntityException, match=f"Scope ARN: {ABSENT} does not exist"):
        iam.create_role(RoleName="bounded", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=ABSENT)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="bounded")
    with pytest.raises(iam.exceptions.NoSuchEntityException, match=f"Scope ARN: {ABSENT} does not exist"):
        iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=ABSENT)
    assert boundary(iam, role) is None


@pytest.mark.parametrize("arn", AWS_MANAGED)
def test_aws_managed_policies_are_there(iam: Client, role: str, arn: str) -> None:
    """All of them, though the emulator knows a few by name."""
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=arn)
    assert boundary(iam, role) == arn
    iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    assert [one["PolicyArn"] for one in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]] == [arn]


def test_a_boundary_in_use_stays(iam: Client, role: str, policy: str) -> None:
    """Until the role has it no more; a role without one has none to take away."""
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=policy)
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_policy(PolicyArn=policy)
    iam.delete_role_permissions_boundary(RoleName=role)
    iam.delete_policy(PolicyArn=policy)
    with pytest.raises(iam.exceptions.NoSuchEntityException, match="does not have scope"):
        iam.delete_role_permissions_boundary(RoleName=role)


def test_an_absent_policy_is_not_attached(iam: Client, role: str, policy: str) -> None:
    """A mistyped ARN would otherwise be a role that looks as if it had the policy."""
    with pytest.raises(iam.exceptions.NoSuchEntityException, match=f"Policy {ABSENT} does not exist"):
        iam.attach_role_policy(RoleName=role, PolicyArn=ABSENT)
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    with pytest.raises(iam.exceptions.DeleteConflictException, match="must detach all policies first"):
        iam.delete_role(RoleName=role)


def test_what_is_no_arn_is_no_policy(iam: Client, role: str) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html: ValidationError."""
    with pytest.raises(iam.exceptions.ClientError, match="ValidationError"):
        iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary="policy/developers-and-others")
