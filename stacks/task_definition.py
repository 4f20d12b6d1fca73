"""What a task is: the API's container, those beside it, its size and its roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.fargate_task_definition import FargateTaskDefinition
from stacks.settings import IMAGE_TAG_LABEL, task_containers

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from stacks.image import PushedImage
    from stacks.roles import Roles
    from stacks.settings import Environment


def declare_task_definition(
    stack: TerraformStack, environment: Environment, *, image: PushedImage, roles: Roles
) -> FargateTaskDefinition:
    return FargateTaskDefinition(
        stack,
        "task_definition",
        family=environment.names.ecs,
        container=task_containers.application(
            environment.container,
            environment.service,
            image=image.uri,
            docker_labels={IMAGE_TAG_LABEL: image.tag},
        ),
        sidecars=task_containers.sidecars(environment.container, environment.service),
        execution_role_arn=roles.execution.arn,
        task_role_arn=roles.task.arn,
        log_group_name=environment.log_group_name,
        log_region=environment.region,
        log_stream_prefix=environment.log_stream_prefix,
        cpu=environment.container.cpu,
        memory_mib=environment.container.memory_mib,
        cpu_architecture=environment.container.cpu_architecture,
        ephemeral_storage_gib=environment.container.ephemeral_storage_gib,
    )
