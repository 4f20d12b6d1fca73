"""The stack's outputs: what a person, a pipeline or another stack reads after a deployment."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from cdktf import TerraformOutput

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from constructs_lib.fargate_cluster import ExistingFargateCluster, FargateCluster
    from constructs_lib.fargate_service import FargateService
    from constructs_lib.fargate_task_definition import FargateTaskDefinition
    from constructs_lib.log_group import ExistingLogGroup, LogGroup
    from stacks.image import PushedImage
    from stacks.roles import Roles


def declare_outputs(
    stack: TerraformStack,
    *,
    cluster: FargateCluster | ExistingFargateCluster,
    service: FargateService,
    task_definition: FargateTaskDefinition,
    roles: Roles,
    log_group: LogGroup | ExistingLogGroup,
    image: PushedImage,
    api_url: str,
    base_path: str,
    health_check_path: str,
) -> None:
    """``api_url`` ends with ``base_path``, which may be empty, and no slash; ``health_check_path`` begins with one."""
    outputs = {
        "cluster_name": (cluster.name, "ECS cluster"),
        "cluster_arn": (cluster.arn, "ECS cluster"),
        "service_name": (service.name, "ECS service"),
        "task_definition_arn": (
            task_definition.arn,
            "The revision that was deployed last; after a rollback the service runs an older one",
        ),
        "image_tag": (
            image.tag,
            "Tag of the image that was deployed last; after a rollback the service runs an older one",
        ),
        "image_digest": (
            image.digest,
            "What image_tag named when it was deployed: the image in task_definition_arn's revision",
        ),
        "execution_role_arn": (roles.execution.arn, "Role with which ECS pulls the image and writes the logs"),
        "task_role_arn": (roles.task.arn, "Role that the container itself has"),
        "log_group_name": (log_group.name, "CloudWatch log group of the containers"),
        "api_url": (api_url, "The API, by service.api_url or else by the load balancer's DNS name"),
        "health_url": (
            f"{api_url}{_after(base_path, health_check_path)}",
            "The API's URL with the path that the target group asks of each task for its health",
        ),
    }
    for name, (value, description) in outputs.items():
        TerraformOutput(stack, name, value=value, description=description)


def _after(base_path: str, path: str) -> str:
    """What a target group's path is below the base: a load balancer that forwards the base path has it in there too."""
    if not base_path:
        return path
    pattern = json.dumps(f"/^{re.escape(base_path)}(/|$)/")
    return f'${{replace({path.removeprefix("${").removesuffix("}")}, {pattern}, "/")}}'
