"""The two roles of an ECS task: the agent's, which starts the container, and the container's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policies_exclusive import IamRolePoliciesExclusive
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachments_exclusive import IamRolePolicyAttachmentsExclusive
from constructs import Construct

from constructs_lib.iam_policy import AwsLocation, PolicyStatement, ecs_tasks_trust_json, policy_json

if TYPE_CHECKING:
    from collections.abc import Sequence

_SECRETS_MANAGER = ":secretsmanager:"

_EXECUTE_COMMAND = PolicyStatement(
    sid="ExecuteCommand",
    actions=(
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ),
    resources=("*",),
)


class ExecutionRole(Construct):
    """The role with which ECS pulls the image and writes the logs: FR-004's five actions, on these resources only.

    ``ecr:GetAuthorizationToken`` is on ``*`` because AWS offers no other resource for it. Each of ``secret_arns``
    (Secrets Manager or SSM Parameter Store) adds the read of that one secret.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        location: AwsLocation,
        repository_arn: str,
        log_group_name: str,
        secret_arns: Sequence[str] = (),
        permissions_boundary_arn: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.role = _role_of_ecs_tasks(
            self, name, "Lets ECS pull the image and write the logs", location, permissions_boundary_arn
        )
        # Built from its name, since the log group's own ARN is unknown until it exists and a plan must show the policy.
        log_group_arn = location.arn("logs", f"log-group:{log_group_name}:*")
        statements = [*_pull_and_log(repository_arn, log_group_arn), *_read_secrets(secret_arns)]
        self.policy = IamRolePolicy(
            self, "policy", name="execution", role=self.role.name, policy=policy_json(statements)
        )
        _forbid_other_policies(self, self.role, self.policy)

    @property
    def arn(self) -> str:
        return self.role.arn


class TaskRole(Construct):
    """The role that the container itself has: nothing (FR-005), unless ``statements`` grant it.

    ``enable_execute_command`` adds the four actions without which ECS Exec cannot open a session.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        location: AwsLocation,
        statements: Sequence[PolicyStatement] = (),
        enable_execute_command: bool = False,
        permissions_boundary_arn: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.role = _role_of_ecs_tasks(
            self, name, "What the container itself may do in AWS", location, permissions_boundary_arn
        )
        granted = [*statements, *([_EXECUTE_COMMAND] if enable_execute_command else [])]
        self.policy: IamRolePolicy | None = None
        if granted:
            self.policy = IamRolePolicy(self, "policy", name="task", role=self.role.name, policy=policy_json(granted))
        _forbid_other_policies(self, self.role, self.policy)

    @property
    def arn(self) -> str:
        return self.role.arn


def _role_of_ecs_tasks(
    scope: Construct, name: str, description: str, location: AwsLocation, permissions_boundary_arn: str | None
) -> IamRole:
    return IamRole(
        scope,
        "Default",
        name=name,
        description=description,
        assume_role_policy=ecs_tasks_trust_json(location),
        permissions_boundary=permissions_boundary_arn,
        # IAM keeps a role that has a policy which someone attached by hand.
        force_detach_policies=True,
    )


def _forbid_other_policies(scope: Construct, role: IamRole, policy: IamRolePolicy | None) -> None:
    """A policy that was added or attached by hand is a change in the next plan, and its apply takes it away."""
    names = [policy.name] if policy else []
    IamRolePoliciesExclusive(scope, "policies", role_name=role.name, policy_names=names)
    IamRolePolicyAttachmentsExclusive(scope, "attachments", role_name=role.name, policy_arns=[])


def _pull_and_log(repository_arn: str, log_group_arn: str) -> list[PolicyStatement]:
    return [
        PolicyStatement(sid="RegistryLogin", actions=("ecr:GetAuthorizationToken",), resources=("*",)),
        PolicyStatement(
            sid="PullImage",
            actions=("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
            resources=(repository_arn,),
        ),
        PolicyStatement(
            sid="WriteLogs",
            actions=("logs:CreateLogStream", "logs:PutLogEvents"),
            resources=(log_group_arn,),
        ),
    ]


def _read_secrets(arns: Sequence[str]) -> list[PolicyStatement]:
    # A JSON key, version stage and version id may follow a secret's ARN in a container definition; IAM knows none.
    secrets = sorted({":".join(arn.split(":")[:7]) for arn in arns if _SECRETS_MANAGER in arn})
    parameters = sorted({arn for arn in arns if _SECRETS_MANAGER not in arn})
    statements = []
    if secrets:
        statements.append(
            PolicyStatement(sid="ReadSecrets", actions=("secretsmanager:GetSecretValue",), resources=secrets)
        )
    if parameters:
        statements.append(PolicyStatement(sid="ReadParameters", actions=("ssm:GetParameters",), resources=parameters))
    return statements
