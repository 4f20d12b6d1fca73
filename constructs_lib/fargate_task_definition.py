"""An ECS task definition for Fargate."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Literal

from cdktf_cdktf_provider_aws.ecs_task_definition import (
    EcsTaskDefinition,
    EcsTaskDefinitionEphemeralStorage,
    EcsTaskDefinitionRuntimePlatform,
    EcsTaskDefinitionVolume,
    EcsTaskDefinitionVolumeEfsVolumeConfiguration,
    EcsTaskDefinitionVolumeEfsVolumeConfigurationAuthorizationConfig,
)
from constructs import Construct

from constructs_lib import container_group, defaults
from constructs_lib.check import Check
from constructs_lib.container_logging import AwsLogs
from constructs_lib.fargate_sizes import check_fargate_size
from constructs_lib.quotas import containers_remedy
from constructs_lib.task_volumes import EfsVolume, ScratchVolume, volumes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs_lib.container_definition import ContainerDefinition
    from constructs_lib.sidecar import Sidecar


class FargateTaskDefinition(Construct):
    """Containers, their size, roles and where they log (FR-002, FR-010). Each change registers a new revision.

    - ``family``: the name that the revisions have in common, 1 to 255 letters, digits, - and _. No default.
    - ``container``: the application's, with which the task ends. No default.
    - ``execution_role_arn``: with which ECS pulls the image, writes the logs and reads the secrets. No default.
    - ``task_role_arn``: what the container itself may do in AWS. No default.
    - ``log_group_name``: the group that ``awslogs`` writes to. No default; as a literal it is known at plan.
    - ``log_region``: the group's region. No default.
    - ``log_stream_prefix``: begins the names of its streams in that group; the container's name by default. What shares
      a group with others needs one of its own.
    - ``sidecars``: further containers, which log to the same group, if not to a log router; none by default.
    - ``cpu``: CPU units of the task, 1024 of which are one vCPU; 256 by default.
    - ``memory_mib``: memory of the task in MiB, one of the sizes that go with ``cpu``; 512 by default.
    - ``cpu_architecture``: ``X86_64`` or ``ARM64``, the image's; ``X86_64`` by default.
    - ``ephemeral_storage_gib``: disk of the task for images and volumes together, 21 to 200 GiB; Fargate's own 20 by
      default.

    Raises ValueError for a size that Fargate does not offer, for containers that are too large for ECS, for two volumes
    of one name, and for what ECS refuses of several containers together. A port below 1024 for a user who is not root
    is a warning at plan.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        family: str,
        container: ContainerDefinition,
        execution_role_arn: str,
        task_role_arn: str,
        log_group_name: str,
        log_region: str,
        log_stream_prefix: str | None = None,
        sidecars: Sequence[Sidecar] = (),
        cpu: int = defaults.CPU,
        memory_mib: int = defaults.MEMORY_MIB,
        cpu_architecture: Literal["X86_64", "ARM64"] = defaults.CPU_ARCHITECTURE,
        ephemeral_storage_gib: int | None = None,
    ) -> None:
        super().__init__(scope, id_)
        check_fargate_size(cpu=cpu, memory_mib=memory_mib)
        for problem in container_group.problems(container, sidecars, cpu=cpu, memory_mib=memory_mib):
            raise ValueError(str(problem))
        containers: list[ContainerDefinition | Sidecar] = [container, *sidecars]
        awslogs = AwsLogs(group=log_group_name, region=log_region, stream_prefix=log_stream_prefix or container.name)
        definitions = [each.document(awslogs=awslogs) for each in containers]
        if remedy := containers_remedy(definitions):
            raise ValueError(remedy)
        mount_points = [mount_point for each in containers for mount_point in each.mount_points]
        self.resource = EcsTaskDefinition(
            self,
            "Default",
            family=family,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(cpu),
            memory=str(memory_mib),
            runtime_platform=EcsTaskDefinitionRuntimePlatform(
                cpu_architecture=cpu_architecture, operating_system_family="LINUX"
            ),
            ephemeral_storage=(
                EcsTaskDefinitionEphemeralStorage(size_in_gib=ephemeral_storage_gib) if ephemeral_storage_gib else None
            ),
            volume=[_volume(each) for each in volumes_of(mount_points)] or None,
            execution_role_arn=execution_role_arn,
            task_role_arn=task_role_arn,
            container_definitions=_known_to_cdktf(json.dumps(definitions, sort_keys=True)),
            # A revision that Terraform deregistered is one that ECS cannot roll back to.
            skip_destroy=True,
        )
        self._warn_of_privileged_port(container, alone=not sidecars)

    def _warn_of_privileged_port(self, container: ContainerDefinition, *, alone: bool) -> None:
        """The provider sorts the containers by their names."""
        if not container.lacks_privilege_for_port:
            return
        planned = f"jsondecode({self.resource.fqn}.container_definitions)"
        own = "[0]" if alone else f'[index({planned}[*].name, "{container.name}")]'
        port = f"{planned}{own}.portMappings[0].containerPort"
        Check(
            self,
            "privileged_port",
            condition=f"{port} >= 1024",
            message=(
                f"The container is to listen on port {container.port} as user {container.user}, and below 1024 Linux "
                "lets only root, or a program with the capability cap_net_bind_service (setcap in the image). Let it "
                "listen on 1024 or above, such as 8080: what clients ask is the load balancer's port, and stays. Or "
                'run it as user "0".'
            ),
        )

    @property
    def arn(self) -> str:
        """The ARN of the revision that this plan or apply registered."""
        return self.resource.arn


def _volume(volume: ScratchVolume | EfsVolume) -> EcsTaskDefinitionVolume:
    if isinstance(volume, ScratchVolume):
        return EcsTaskDefinitionVolume(name=volume.name)
    return EcsTaskDefinitionVolume(
        name=volume.name,
        efs_volume_configuration=EcsTaskDefinitionVolumeEfsVolumeConfiguration(
            file_system_id=volume.file_system_id,
            transit_encryption="ENABLED",
            authorization_config=EcsTaskDefinitionVolumeEfsVolumeConfigurationAuthorizationConfig(
                access_point_id=volume.access_point_id, iam="ENABLED"
            ),
        ),
    )


def _known_to_cdktf(document: str) -> str:
    """JSON in which an escaped ``${`` of a text has no token after it, unless a ``}`` comes before the token.

    CDKTF would take the token for a part of an expression that the ``${`` begins, and leave its own ``${`` out.
    """
    return re.sub(r"\$\$\{(?=[^}]*\$\{TfToken\[)", r"\\u0024{", document)
