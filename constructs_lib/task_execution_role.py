"""The role with which ECS starts a task."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from constructs_lib.ecs_tasks_role import EcsTasksRole
from constructs_lib.iam_policy import AwsLocation, PolicyStatement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

_SECRETS_MANAGER = ":secretsmanager:"


class TaskExecutionRole(EcsTasksRole):
    """Pulls the image and writes the logs: FR-004's five actions, on these resources only.

    ``ecr:GetAuthorizationToken`` is on ``*`` because AWS offers no other resource for it.

    - ``name``: 1 to 64 letters, digits and +=,.@_-. No default.
    - ``location``: partition, region and account of the tasks and of the log group. No default.
    - ``repository_arn``: of the ECR repository that the image is in. No default.
    - ``log_group_name``: of the group that the containers write to. No default; as a literal it is known at plan.
    - ``sidecar_repository_arns``: of the ECR repositories that further images are in; none by default.
    - ``secret_arns``: Secrets Manager or SSM Parameter Store, as a container definition names them; each adds the read
      of that one secret. None by default.
    - ``secrets_kms_key_arns``: keys that encrypt these secrets, of any account, each in the region of one; decryption
      is granted with them alone, and through the secrets' services alone. None by default.
    - ``permissions_boundary_arn``: a policy that limits what the role's own can grant; none by default.

    Raises ValueError for a key in a region without a secret.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
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
        sidecar_repository_arns: Sequence[str] = (),
        secret_arns: Sequence[str] = (),
        secrets_kms_key_arns: Sequence[str] = (),
        permissions_boundary_arn: str | None = None,
    ) -> None:
        # Built from its name, since the log group's own ARN is unknown until it exists and a plan must show the policy.
        log_group_arn = location.arn("logs", f"log-group:{log_group_name}:*")
        super().__init__(
            scope,
            id_,
            name=name,
            description="Lets ECS pull the image and write the logs",
            location=location,
            policy_name="execution",
            statements=[
                *_pull_and_log([repository_arn, *sorted({*sidecar_repository_arns})], log_group_arn),
                *_read_secrets(secret_arns),
                *_decrypt_secrets(secrets_kms_key_arns, secret_arns, location.dns_suffix),
            ],
            permissions_boundary_arn=permissions_boundary_arn,
        )


def _pull_and_log(repository_arns: Sequence[str], log_group_arn: str) -> list[PolicyStatement]:
    return [
        PolicyStatement(sid="RegistryLogin", actions=("ecr:GetAuthorizationToken",), resources=("*",)),
        PolicyStatement(
            sid="PullImage",
            actions=("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
            resources=repository_arns,
        ),
        PolicyStatement(
            sid="WriteLogs",
            actions=("logs:CreateLogStream", "logs:PutLogEvents"),
            resources=(log_group_arn,),
        ),
    ]


def _whole(secret_arn: str) -> str:
    """With a pattern for the six characters that Secrets Manager adds to a secret's name, where they are left out."""
    return secret_arn if re.search(r"-[A-Za-z0-9]{6}$", secret_arn) else f"{secret_arn}-??????"


def _read_secrets(arns: Sequence[str]) -> list[PolicyStatement]:
    # A JSON key, version stage and version id may follow a secret's ARN in a container definition; IAM knows none.
    secrets = sorted({_whole(":".join(arn.split(":")[:7])) for arn in arns if _SECRETS_MANAGER in arn})
    parameters = sorted({arn for arn in arns if _SECRETS_MANAGER not in arn})
    statements = []
    if secrets:
        statements.append(
            PolicyStatement(sid="ReadSecrets", actions=("secretsmanager:GetSecretValue",), resources=secrets)
        )
    if parameters:
        statements.append(PolicyStatement(sid="ReadParameters", actions=("ssm:GetParameters",), resources=parameters))
    return statements


def _decrypt_secrets(key_arns: Sequence[str], secret_arns: Sequence[str], dns_suffix: str) -> list[PolicyStatement]:
    """A key is of use only to the services that hold secrets in its region.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
    """
    services = {(arn.split(":")[3], arn.split(":")[2]) for arn in secret_arns}
    statements = []
    for region in sorted({arn.split(":")[3] for arn in key_arns}):
        via = [f"{service}.{region}.{dns_suffix}" for place, service in sorted(services) if place == region]
        if not via:
            message = f"secrets_kms_key_arns: there is no secret in {region}, the region of one of the keys"
            raise ValueError(message)
        keys = sorted({arn for arn in key_arns if arn.split(":")[3] == region})
        statements.append(
            PolicyStatement(
                sid=f"DecryptSecrets{region.title().replace('-', '')}",
                actions=("kms:Decrypt",),
                resources=keys,
                conditions={"StringEquals": {"kms:ViaService": via}},
            )
        )
    return statements
