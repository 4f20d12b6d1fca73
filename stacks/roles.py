"""The two roles of this deployment's tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.data_aws_partition import DataAwsPartition

from constructs_lib.iam_policy import AwsLocation, PolicyStatement
from constructs_lib.task_execution_role import TaskExecutionRole
from constructs_lib.task_role import TaskRole
from stacks.settings import ecr_repository, is_arn

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from stacks.settings import Environment


@dataclass(frozen=True)
class Roles:
    execution: TaskExecutionRole
    task: TaskRole


def declare_roles(stack: TerraformStack, environment: Environment, *, repository_arn: str) -> Roles:
    partition = DataAwsPartition(stack, "partition")
    location = AwsLocation(
        partition=partition.partition,
        region=environment.region,
        account_id=environment.account_id,
        dns_suffix=partition.dns_suffix,
    )
    execution = TaskExecutionRole(
        stack,
        "execution_role",
        name=environment.names.execution_role,
        location=location,
        repository_arn=repository_arn,
        sidecar_repository_arns=_sidecar_repositories(environment, partition.partition),
        log_group_name=environment.log_group_name,
        secret_arns=[
            secret if is_arn(secret) else location.arn("ssm", f"parameter{secret}")
            for secret in environment.container.secrets_by_place.values()
        ],
        secrets_kms_key_arns=environment.container.secrets_kms_key_arns,
        permissions_boundary_arn=environment.permissions_boundary_arn,
    )
    task = TaskRole(
        stack,
        "task_role",
        name=environment.names.task_role,
        location=location,
        statements=[*_statements(environment), *_file_systems(environment, location)],
        enable_execute_command=environment.service.enable_execute_command,
        permissions_boundary_arn=environment.permissions_boundary_arn,
    )
    return Roles(execution=execution, task=task)


def _sidecar_repositories(environment: Environment, partition: str) -> list[str]:
    """ARNs of those in ECR."""
    found = [ecr_repository(sidecar.image) for sidecar in environment.container.sidecars]
    return [f"arn:{partition}:ecr:{one.region}:{one.account_id}:repository/{one.name}" for one in found if one]


def _statements(environment: Environment) -> list[PolicyStatement]:
    return [
        PolicyStatement(
            sid=statement.sid,
            effect=statement.effect,
            actions=statement.actions,
            resources=statement.resources,
            conditions=statement.conditions,
        )
        for statement in environment.task_role.statements
    ]


def _file_systems(environment: Environment, location: AwsLocation) -> list[PolicyStatement]:
    """Amazon EFS User Guide, "Using IAM to control access to file systems"."""
    return [
        PolicyStatement(
            actions=(
                "elasticfilesystem:ClientMount",
                *(() if volume.read_only else ("elasticfilesystem:ClientWrite",)),
            ),
            resources=[location.arn("elasticfilesystem", f"file-system/{volume.file_system_id}")],
            conditions={
                "StringEquals": {
                    "elasticfilesystem:AccessPointArn": [
                        location.arn("elasticfilesystem", f"access-point/{volume.access_point_id}")
                    ]
                }
            },
        )
        for volume in environment.container.efs_volumes
    ]
