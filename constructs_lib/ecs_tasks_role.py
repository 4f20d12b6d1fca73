"""An IAM role that only ECS tasks can assume, and that has no policy but its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf import Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policies_exclusive import IamRolePoliciesExclusive
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachments_exclusive import IamRolePolicyAttachmentsExclusive
from constructs import Construct

from constructs_lib.iam_policy import AwsLocation, PolicyStatement, ecs_tasks_trust_json, policy_json
from constructs_lib.quotas import ROLE_POLICY_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Sequence


class EcsTasksRole(Construct):
    """What the two roles of a task have in common. Policies that were added by hand are a change in the next plan.

    - ``name``: 1 to 64 letters, digits and +=,.@_-. No default.
    - ``description``: at most 1000 characters. No default.
    - ``location``: partition, region and account of the tasks that may assume the role. No default.
    - ``policy_name``: of the role's only policy, an inline one. No default.
    - ``statements``: of this policy, which is left out where there are none, and refused at plan where IAM would refuse
      its length. No default.
    - ``permissions_boundary_arn``: a policy that limits what the role's own can grant; none by default.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-ecs-iam-role-overview.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        description: str,
        location: AwsLocation,
        policy_name: str,
        statements: Sequence[PolicyStatement],
        permissions_boundary_arn: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.resource = IamRole(
            self,
            "Default",
            name=name,
            description=description,
            assume_role_policy=ecs_tasks_trust_json(location),
            permissions_boundary=permissions_boundary_arn,
            # IAM keeps a role that has a policy which someone attached by hand.
            force_detach_policies=True,
        )
        role_name = self.resource.name
        self.policy: IamRolePolicy | None = None
        if statements:
            self.policy = IamRolePolicy(
                self,
                "policy",
                name=policy_name,
                role=role_name,
                policy=policy_json(statements),
                lifecycle=TerraformResourceLifecycle(postcondition=[_fits_iam()]),
            )
        policy_names = [self.policy.name] if self.policy else []
        IamRolePoliciesExclusive(self, "policies", role_name=role_name, policy_names=policy_names)
        IamRolePolicyAttachmentsExclusive(self, "attachments", role_name=role_name, policy_arns=[])

    @property
    def arn(self) -> str:
        return self.resource.arn


def _fits_iam() -> Postcondition:
    """In Terraform, which knows what the ARNs are; the role has no other inline policy."""
    characters = 'length(replace(self.policy, "/[[:space:]]/", ""))'
    return Postcondition(
        condition=f"${{{characters} <= {ROLE_POLICY_CHARACTERS}}}",
        error_message=(
            f"The policy ${{self.name}} of the role ${{self.role}} has ${{{characters}}} characters without white "
            f"space, and IAM allows {ROLE_POLICY_CHARACTERS} of all inline policies of a role. Name fewer resources: "
            "several values can be keys of one secret, whose ARN counts once, and * can stand for a part of a name."
        ),
    )
