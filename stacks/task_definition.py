"""What a task is: the API's container, those beside it, its size and its roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.container_definition import ContainerDefinition, Ulimit
from constructs_lib.fargate_task_definition import FargateTaskDefinition
from stacks.settings import IMAGE_TAG_LABEL, task_containers
from stacks.volumes import mount_points

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from stacks.image import PushedImage
    from stacks.roles import Roles
    from stacks.settings import Environment


def declare_task_definition(
    stack: TerraformStack, environment: Environment, *, image: PushedImage, roles: Roles
) -> FargateTaskDefinition:
    container = ContainerDefinition(
        name=environment.service.name,
        image=image.uri,
        port=environment.container.port,
        environment=environment.container.environment,
        secrets=environment.container.secrets,
        user=environment.container.user,
        readonly_root_filesystem=environment.container.readonly_root_filesystem,
        stop_timeout_seconds=environment.container.stop_timeout_seconds,
        init_process_enabled=environment.service.enable_execute_command,
        docker_labels={**environment.container.docker_labels, IMAGE_TAG_LABEL: image.tag},
        command=environment.container.command,
        entry_point=environment.container.entry_point,
        working_directory=environment.container.working_directory,
        ulimits=[
            Ulimit(name=limit.name, soft_limit=limit.soft_limit, hard_limit=limit.hard_limit)
            for limit in environment.container.ulimits
        ],
        start_timeout_seconds=environment.container.start_timeout_seconds,
        health_check=task_containers.health_check(environment.container.health_check),
        cpu=task_containers.cpu_share(environment.container),
        depends_on=environment.container.depends_on,
        awsfirelens=task_containers.awsfirelens(environment.container.awsfirelens),
        mount_points=mount_points(environment),
    )
    return FargateTaskDefinition(
        stack,
        "task_definition",
        family=environment.names.ecs,
        container=container,
        sidecars=task_containers.sidecars(environment.container),
        execution_role_arn=roles.execution.arn,
        task_role_arn=roles.task.arn,
        log_group_name=environment.log_group_name,
        log_region=environment.region,
        # In a group that others write to as well, the container's name alone would not tell whose a stream is
        log_stream_prefix=environment.names.ecs if environment.logs.group else None,
        cpu=environment.container.cpu,
        memory_mib=environment.container.memory_mib,
        cpu_architecture=environment.container.cpu_architecture,
        ephemeral_storage_gib=environment.container.ephemeral_storage_gib,
    )
