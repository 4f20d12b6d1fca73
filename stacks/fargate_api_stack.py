"""The Go API on ECS Fargate, for one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.data_aws_ecr_image import DataAwsEcrImage
from cdktf_cdktf_provider_aws.data_aws_ecr_repository import DataAwsEcrRepository
from cdktf_cdktf_provider_aws.data_aws_partition import DataAwsPartition
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags

from constructs_lib.autoscaling import CpuAutoscaling
from constructs_lib.check import Check
from constructs_lib.cluster import FargateCluster
from constructs_lib.container import Container
from constructs_lib.existing_infrastructure import LoadBalancing, Networking, Security
from constructs_lib.fargate_service import FargateService, Network, Rollout
from constructs_lib.iam_policy import AwsLocation, PolicyStatement
from constructs_lib.remote_state import RemoteState
from constructs_lib.roles import ExecutionRole, TaskRole
from stacks import contracts
from stacks.image_tag import ImageTag
from stacks.outputs import declare_outputs
from stacks.settings import verbatim
from stacks.state import keep_state, read_state

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.settings import Environment

MINIMUM_TERRAFORM = ">= 1.10"  # the first with a lock file in S3


class FargateApiStack(TerraformStack):
    """Backend, provider, the existing infrastructure, and on it the cluster, roles, service and autoscaling."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_)
        keep_state(self, environment.backend)
        self._environment = environment = verbatim(environment)
        self._configure_terraform()
        self._location = self._locate()
        self._networking, self._security, self._loadbalancing = self._existing_infrastructure()
        cluster = FargateCluster(
            self,
            "cluster",
            name=environment.names.ecs,
            container_insights=environment.cluster.container_insights,
            fargate_spot=environment.service.fargate_spot_percent > 0,
        )
        repository = DataAwsEcrRepository(self, "repository", name=environment.image.repository)
        execution_role = self._execution_role(repository)
        task_role = self._task_role()
        service = self._service(cluster, repository, execution_role, task_role)
        self._autoscaling(cluster, service)
        declare_outputs(
            self,
            cluster=cluster,
            service=service,
            execution_role=execution_role,
            task_role=task_role,
            api_url=environment.service.api_url or f"http://{self._loadbalancing.alb_dns_name}",
            health_check_path=self._loadbalancing.health_check_path,
        )

    @property
    def _default_tags(self) -> dict[str, str]:
        environment = self._environment
        ours = {"environment": environment.name, "service": environment.service.name, "managed-by": "terraform"}
        return {**environment.tags, **ours}

    def _configure_terraform(self) -> None:
        environment = self._environment
        self.add_override("terraform.required_version", MINIMUM_TERRAFORM)
        AwsProvider(
            self,
            "aws",
            region=environment.region,
            allowed_account_ids=[environment.account_id],
            default_tags=[AwsProviderDefaultTags(tags=self._default_tags)],
        )

    def _locate(self) -> AwsLocation:
        return AwsLocation(
            partition=DataAwsPartition(self, "partition").partition,
            region=self._environment.region,
            account_id=self._environment.account_id,
        )

    def _existing_infrastructure(self) -> tuple[Networking, Security, LoadBalancing]:
        """What the three modules' states say, once it kept the contract, and the checks on what it names."""
        environment, modules = self._environment, self._environment.remote_state
        state = {
            name: RemoteState(read_state(self, name, module), module=name, address=module.address, contract=contract)
            for name, module, contract in (
                ("networking", modules.networking, contracts.networking(modules.networking)),
                ("security", modules.security, contracts.security(modules.security)),
                (
                    "loadbalancing",
                    modules.loadbalancing,
                    contracts.loadbalancing(
                        modules.loadbalancing, region=environment.region, account_id=environment.account_id
                    ),
                ),
            )
        }
        networking = Networking(
            self,
            "existing_networking",
            vpc_id=state["networking"].string(modules.networking.output_name("vpc_id")),
            public_subnet_ids=state["networking"].strings(modules.networking.output_name("public_subnet_ids")),
        )
        security = Security(
            self,
            "existing_security",
            security_group_id=state["security"].string(modules.security.output_name("app_security_group_id")),
            vpc_id=networking.vpc_id,
            container_port=environment.container.port,
        )
        loadbalancing = LoadBalancing(
            self,
            "existing_loadbalancing",
            target_group_arn=state["loadbalancing"].string(modules.loadbalancing.output_name("target_group_arn")),
            alb_dns_name=state["loadbalancing"].string(modules.loadbalancing.output_name("alb_dns_name")),
            vpc_id=networking.vpc_id,
            container_port=environment.container.port,
            stop_timeout_seconds=environment.container.stop_timeout_seconds,
        )
        return networking, security, loadbalancing

    def _execution_role(self, repository: DataAwsEcrRepository) -> ExecutionRole:
        return ExecutionRole(
            self,
            "execution_role",
            name=self._environment.names.execution_role,
            location=self._location,
            repository_arn=repository.arn,
            log_group_name=self._environment.names.log_group,
            secret_arns=list(self._environment.container.secrets.values()),
            permissions_boundary_arn=self._environment.permissions_boundary_arn,
        )

    def _task_role(self) -> TaskRole:
        return TaskRole(
            self,
            "task_role",
            name=self._environment.names.task_role,
            location=self._location,
            statements=[
                PolicyStatement(
                    sid=statement.sid,
                    effect=statement.effect,
                    actions=statement.actions,
                    resources=statement.resources,
                    conditions=statement.conditions,
                )
                for statement in self._environment.task_role.statements
            ],
            enable_execute_command=self._environment.service.enable_execute_command,
            permissions_boundary_arn=self._environment.permissions_boundary_arn,
        )

    def _container(self, repository: DataAwsEcrRepository) -> Container:
        environment = self._environment
        tag = ImageTag(self, "image_tag", image=environment.image, environment=environment.name)
        # Fails the plan for a tag that the repository does not have; the key puts both into the provider's message.
        pushed = DataAwsEcrImage(self, "pushed_image", repository_name=repository.name, image_tag=tag.string_value)
        pushed.add_override("for_each", f'${{toset(["{environment.image.repository}:${{var.image_tag}}"])}}')
        return Container(
            name=environment.service.name,
            image=f"{repository.repository_url}:{tag.string_value}",
            port=environment.container.port,
            log_group_name=environment.names.log_group,
            log_region=environment.region,
            environment=environment.container.environment,
            secrets=environment.container.secrets,
            user=environment.container.user,
            readonly_root_filesystem=environment.container.readonly_root_filesystem,
            stop_timeout_seconds=environment.container.stop_timeout_seconds,
            init_process_enabled=environment.service.enable_execute_command,
        )

    def _service(
        self,
        cluster: FargateCluster,
        repository: DataAwsEcrRepository,
        execution_role: ExecutionRole,
        task_role: TaskRole,
    ) -> FargateService:
        environment = self._environment
        prerequisites = [execution_role.policy, cluster.capacity_providers, task_role.policy]
        return FargateService(
            self,
            "service",
            name=environment.names.ecs,
            cluster_arn=cluster.arn,
            container=self._container(repository),
            execution_role_arn=execution_role.arn,
            task_role_arn=task_role.arn,
            network=Network(
                subnet_ids=self._networking.public_subnet_ids,
                security_group_ids=[self._security.security_group_id],
                target_group_arn=self._loadbalancing.target_group_arn,
            ),
            cpu=environment.container.cpu,
            memory_mib=environment.container.memory_mib,
            cpu_architecture=environment.container.cpu_architecture,
            desired_count=environment.scaling.min_capacity,
            rollout=self._rollout(),
            fargate_spot_percent=environment.service.fargate_spot_percent,
            enable_execute_command=environment.service.enable_execute_command,
            log_retention_days=environment.logs.retention_days,
            log_kms_key_arn=environment.logs.kms_key_arn,
            depends_on=[element for element in prerequisites if element],
        )

    def _rollout(self) -> Rollout:
        deployment = self._environment.deployment
        return Rollout(
            minimum_healthy_percent=deployment.minimum_healthy_percent,
            maximum_percent=deployment.maximum_percent,
            health_check_grace_period_seconds=deployment.health_check_grace_period_seconds,
            steady_state_timeout_minutes=deployment.steady_state_timeout_minutes,
        )

    def _autoscaling(self, cluster: FargateCluster, service: FargateService) -> None:
        scaling = self._environment.scaling
        CpuAutoscaling(
            self,
            "autoscaling",
            cluster_name=cluster.name,
            service_name=service.name,
            min_capacity=scaling.min_capacity,
            max_capacity=scaling.max_capacity,
            cpu_target_percent=scaling.cpu_target_percent,
            scale_in_cooldown_seconds=scaling.scale_in_cooldown_seconds,
            scale_out_cooldown_seconds=scaling.scale_out_cooldown_seconds,
        )
        Check(
            self,
            "tasks_are_wanted",
            condition=f"{service.service.fqn}.desired_count > 0",
            message=(
                f"The desired count of {service.name} is 0: no task runs, and autoscaling, which has no CPU to go by, "
                f"starts none. Set it: aws ecs update-service --cluster {cluster.name} --service {service.name} "
                f"--desired-count {scaling.min_capacity}"
            ),
        )
