"""One environment's settings: what its TOML file may hold, and the rules across its tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, ValidationInfo, field_validator, model_validator

from constructs_lib.container_logging import AwsLogs
from stacks.settings import task_containers
from stacks.settings.aws_values import (
    AccountId,
    PolicyArn,
    Region,
    is_arn,
    is_in_partition,
    partition_remedy,
    region_of,
    resource_remedy,
    service_of,
)
from stacks.settings.base import Refusal, Settings, matching, refusal, refuse_all
from stacks.settings.names import Names
from stacks.settings.regions import PARTITION_OF_REGION
from stacks.settings.sizes import too_large_for_ecs, too_many_secrets_for_iam, too_many_statements_for_iam
from stacks.settings.tables.alarms import OF_TARGET_GROUP, OF_TASK_COUNT, OF_UTILIZATION, Alarms
from stacks.settings.tables.backend import Backend
from stacks.settings.tables.cluster import Cluster
from stacks.settings.tables.container import Container
from stacks.settings.tables.dashboard import Dashboard
from stacks.settings.tables.deployment import Deployment
from stacks.settings.tables.image import Image
from stacks.settings.tables.logs import Logs
from stacks.settings.tables.network import Network
from stacks.settings.tables.provider import Provider
from stacks.settings.tables.release import Release
from stacks.settings.tables.remote_state import RemoteStates
from stacks.settings.tables.scaling import Scaling
from stacks.settings.tables.service import Service
from stacks.settings.tables.tags import OUR_TAGS, Tags, with_owners
from stacks.settings.tables.task_role import TaskRole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EXECUTE_COMMAND_SID: Final = "ExecuteCommand"
"""What `constructs_lib.task_role` calls the statement that it adds for ECS Exec."""


class Environment(Settings):
    """All that one stack is built from. A rule across tables hangs on the table that comes later here."""

    name: Annotated[
        str,
        matching(
            r"[A-Za-z0-9_][A-Za-z0-9_-]*",
            "the file's name must have only letters, digits, - and _, and not begin with -, such as dev.toml",
        ),
    ]
    """The file's name without `.toml`, and no key in it."""
    account_id: AccountId
    """The AWS account of everything that is created; credentials of another one are refused."""
    region: Region
    """The region of everything that is created."""
    provider: Provider = Provider()
    """With which credentials AWS is reached: a profile, a role that is assumed."""
    tags: Tags = Field(default_factory=dict)
    """Tags on everything, beside `environment`, `service` and `managed-by`, or in place of one of them, in any case."""
    permissions_boundary_arn: PolicyArn | None = None
    """A policy that limits what the two roles can grant."""
    service: Service
    """What the service is called, its share of Spot, ECS Exec, a URL of its own."""
    image: Image
    """Which image runs by default, and whether tags must be commits."""
    container: Container = Container()
    """CPU and memory of a task; port, variables, secrets, user and architecture of its container; further ones."""
    network: Network = Network()
    """Whether the tasks run in the public subnets, with a public IP."""
    task_role: TaskRole = TaskRole()
    """What the container may do in AWS."""
    scaling: Scaling = Scaling()
    """How far it scales, at which CPU, memory and requests, and by the clock."""
    deployment: Deployment = Deployment()
    """How a deployment proceeds."""
    release: Release = Release()
    """What runs before a release, such as a migration."""
    logs: Logs = Logs()
    """How long logs are kept, and the key that encrypts them."""
    cluster: Cluster = Cluster()
    """Which metrics CloudWatch collects."""
    dashboard: Dashboard = Dashboard()
    """A CloudWatch dashboard: requests, errors, latency, CPU, memory, tasks."""
    alarms: Alarms = Alarms()
    """What CloudWatch watches, who is told, and what rolls a deployment back."""
    backend: Backend
    """Where this stack's own state is kept."""
    remote_state: RemoteStates
    """Where the states of the existing modules are, and what they call their outputs."""

    @property
    def names(self) -> Names:
        return Names(self.service.name, self.name)

    @property
    def name_prefix(self) -> str:
        """Begins the name of all that is created, and is the stack's id."""
        return self.names.prefix

    @property
    def image_region(self) -> str:
        """Of the image's repository."""
        return self.image.region or self.region

    @property
    def image_registry_id(self) -> str:
        """The account of the image's repository."""
        return self.image.registry_id or self.account_id

    @property
    def secret_places(self) -> set[tuple[str, str]]:
        """Region and service of what holds the container's secrets: `secretsmanager` or `ssm`."""
        return places_of_secrets(self.container, self.region)

    @property
    def cluster_name(self) -> str | None:
        """None where only another module's state says it."""
        return None if self.remote_state.cluster else self.cluster.name or self.names.ecs

    @property
    def has_own_cluster(self) -> bool:
        return self.cluster.name is None and self.remote_state.cluster is None

    @property
    def log_group_name(self) -> str:
        return self.logs.group or self.names.log_group

    @property
    def log_stream_prefix(self) -> str:
        """In a group that others write to as well, the container's name alone would not tell whose a stream is."""
        return self.names.ecs if self.logs.group else self.service.name

    @property
    def alarm_names(self) -> tuple[str, ...]:
        """Of the stack's own alarms."""
        return self._alarm_names(self.alarms.made((*OF_TARGET_GROUP, *OF_UTILIZATION, *OF_TASK_COUNT)))

    @property
    def deployment_alarm_names(self) -> tuple[str, ...]:
        """Of the alarms that roll a deployment back, others' own included."""
        return (*self._alarm_names(self.alarms.roll_back), *self.alarms.roll_back_alarm_names)

    def _alarm_names(self, kinds: Iterable[str]) -> tuple[str, ...]:
        groups = range(1, len(self.remote_state.loadbalancing.target_groups) + 1)
        return tuple(
            self.names.alarm(kind, group=group)
            for kind in kinds
            for group in (groups if kind in OF_TARGET_GROUP else (1,))
        )

    @property
    def own_tags(self) -> dict[str, str]:
        """What the stack tags everything with, if by ``tags``: what carries them all is this stack's."""
        return with_owners(dict(zip(OUR_TAGS, (self.name, self.service.name, "terraform"), strict=True)), self.tags)

    @field_validator("provider")
    @classmethod
    def role_is_of_this_account(cls, provider: Provider, info: ValidationInfo) -> Provider:
        """Whose credentials the provider then has; it takes no other account's."""
        region: str | None = cls.earlier(info, "region")
        own_account: str | None = cls.earlier(info, "account_id")
        arn, remedy = provider.assume_role_arn, None
        if arn and region and not is_in_partition(arn, region):
            remedy = partition_remedy(region)
        elif arn and own_account and arn.split(":")[4] != own_account:
            remedy = f"must be a role of the account that is deployed to, {own_account}"
        if remedy:
            refuse_all([Refusal(("assume_role_arn",), arn, remedy)])
        return provider

    @field_validator("permissions_boundary_arn")
    @classmethod
    def boundary_is_of_this_account(cls, arn: str | None, info: ValidationInfo) -> str | None:
        region: str | None = cls.earlier(info, "region")
        own_account: str | None = cls.earlier(info, "account_id")
        if arn and region and not is_in_partition(arn, region):
            raise refusal(partition_remedy(region))
        if arn and own_account and arn.split(":")[4] not in {"aws", own_account}:
            raise refusal(f"must be a policy of the roles' own account, {own_account}, or one of AWS")
        return arn

    @field_validator("service")
    @classmethod
    def names_are_not_too_long(cls, service: Service, info: ValidationInfo) -> Service:
        name: str | None = cls.earlier(info, "name")
        if name:
            refuse_all(_names_too_long(Names(service.name, name)))
        return service

    @field_validator("image")
    @classmethod
    def repository_is_in_partition(cls, image: Image, info: ValidationInfo) -> Image:
        """No other partition's registry can be reached with this one's credentials."""
        region: str | None = cls.earlier(info, "region")
        if image.region and region and PARTITION_OF_REGION[image.region] != PARTITION_OF_REGION[region]:
            remedy = f"must be a region of the partition {PARTITION_OF_REGION[region]}, as {region} is"
            refuse_all([Refusal(("region",), image.region, remedy)])
        return image

    @field_validator("container")
    @classmethod
    def secrets_are_not_too_many(cls, container: Container) -> Container:
        refuse_all(too_many_secrets_for_iam(container))
        return container

    @field_validator("container")
    @classmethod
    def containers_go_together(cls, container: Container, info: ValidationInfo) -> Container:
        service: Service | None = cls.earlier(info, "service")
        if service:
            refuse_all(task_containers.problems(container, service))
        return container

    @field_validator("container")
    @classmethod
    def images_are_in_partition(cls, container: Container, info: ValidationInfo) -> Container:
        region: str | None = cls.earlier(info, "region")
        if region:
            refuse_all(task_containers.images_elsewhere(container, region))
        return container

    @field_validator("container")
    @classmethod
    def plain_names_variables(cls, container: Container) -> Container:
        refuse_all(task_containers.plain_without_variable(container))
        return container

    @field_validator("container")
    @classmethod
    def secrets_are_in_partition(cls, container: Container, info: ValidationInfo) -> Container:
        region: str | None = cls.earlier(info, "region")
        if region:
            refuse_all(
                Refusal(place, None, partition_remedy(region))
                for place, arn in container.secrets_by_place.items()
                if is_arn(arn) and not is_in_partition(arn, region)
            )
        return container

    @field_validator("container")
    @classmethod
    def keys_are_of_secrets(cls, container: Container, info: ValidationInfo) -> Container:
        """A key decrypts what is in its own region: AWS KMS Developer Guide, "kms:ViaService"."""
        region: str | None = cls.earlier(info, "region")
        if region:
            regions = {place for place, _ in places_of_secrets(container, region)}
            refuse_all(
                Refusal(("secrets_kms_key_arns", at), key, remedy)
                for at, key in enumerate(container.secrets_kms_key_arns)
                if (remedy := _key_remedy(key, region, regions))
            )
        return container

    @field_validator("task_role")
    @classmethod
    def policy_is_not_too_large(cls, task_role: TaskRole) -> TaskRole:
        refuse_all(too_many_statements_for_iam(task_role))
        return task_role

    @field_validator("task_role")
    @classmethod
    def sid_is_not_that_of_exec(cls, task_role: TaskRole, info: ValidationInfo) -> TaskRole:
        """Within one policy IAM takes a sid once."""
        service: Service | None = cls.earlier(info, "service")
        if service and service.enable_execute_command:
            remedy = "must not be the sid of ECS Exec's own statement (service.enable_execute_command = true)"
            refuse_all(
                Refusal(("statements", at, "sid"), statement.sid, remedy)
                for at, statement in enumerate(task_role.statements)
                if statement.sid == EXECUTE_COMMAND_SID
            )
        return task_role

    @field_validator("task_role")
    @classmethod
    def resources_are_in_partition(cls, task_role: TaskRole, info: ValidationInfo) -> TaskRole:
        region: str | None = cls.earlier(info, "region")
        if region:
            refuse_all(
                Refusal(("statements", at, "resources", which), resource, remedy)
                for at, statement in enumerate(task_role.statements)
                for which, resource in enumerate(statement.resources)
                if (remedy := resource_remedy(resource, region))
            )
        return task_role

    @field_validator("deployment")
    @classmethod
    def rollout_can_proceed(cls, deployment: Deployment, info: ValidationInfo) -> Deployment:
        scaling: Scaling | None = cls.earlier(info, "scaling")
        if scaling is None:
            return deployment
        tasks = scaling.least_running
        key = "scaling.min_capacity" if tasks == (scaling.min_capacity or 1) else "min_capacity in scaling.schedule"
        if remedy := deployment.stuck_rollout_remedy(tasks, key=key):
            refuse_all([Refusal(("maximum_percent",), deployment.maximum_percent, remedy)])
        return deployment

    @field_validator("logs")
    @classmethod
    def log_key_is_in_region(cls, logs: Logs, info: ValidationInfo) -> Logs:
        region: str | None = cls.earlier(info, "region")
        if logs.kms_key_arn and region and region_of(logs.kms_key_arn) != region:
            remedy = f"must be a key of the logs' own region, {region}"
            refuse_all([Refusal(("kms_key_arn",), logs.kms_key_arn, remedy)])
        return logs

    @field_validator("alarms")
    @classmethod
    def topic_is_in_region(cls, alarms: Alarms, info: ValidationInfo) -> Alarms:
        """Amazon CloudWatch API Reference, PutMetricAlarm, AlarmActions. Another account's topic takes alarms too."""
        region: str | None = cls.earlier(info, "region")
        if alarms.notify and region and region_of(alarms.notify) != region:
            refuse_all([Refusal(("notify",), alarms.notify, f"must be a topic of the alarms' own region, {region}")])
        return alarms

    @field_validator("alarms")
    @classmethod
    def tasks_can_be_missing(cls, alarms: Alarms, info: ValidationInfo) -> Alarms:
        """Without Container Insights nothing says how many tasks are desired at the time."""
        scaling: Scaling | None = cls.earlier(info, "scaling")
        cluster: Cluster | None = cls.earlier(info, "cluster")
        made = alarms.made(OF_TASK_COUNT)
        if scaling and cluster and made and not scaling.least_capacity and cluster.container_insights == "disabled":
            remedy = (
                f"must have {' and '.join(made)}: scaling goes down to no task, and without"
                " cluster.container_insights no number of tasks is too small"
            )
            refuse_all([Refusal(("leave_out",), alarms.leave_out, remedy)])
        return alarms

    @field_validator("remote_state")
    @classmethod
    def own_state_is_not_a_modules(cls, remote_state: RemoteStates, info: ValidationInfo) -> RemoteStates:
        own: Backend | None = cls.earlier(info, "backend")
        if own:
            remedy = "is this stack's own state too, and would be overwritten: each needs its own"
            modules = remote_state.by_module.items()
            refuse_all(
                Refusal((name, "backend"), None, f"{module.address} {remedy}")
                for name, module in modules
                if module.address == own.address
            )
        return remote_state

    @field_validator("remote_state")
    @classmethod
    def cluster_is_named_once(cls, remote_state: RemoteStates, info: ValidationInfo) -> RemoteStates:
        cluster: Cluster | None = cls.earlier(info, "cluster")
        if cluster and cluster.name and remote_state.cluster:
            remedy = f"says which cluster it is, and so does cluster.name = {json.dumps(cluster.name)}: remove one"
            refuse_all([Refusal(("cluster",), None, remedy)])
        return remote_state

    @field_validator("remote_state")
    @classmethod
    def private_subnets_are_read(cls, remote_state: RemoteStates, info: ValidationInfo) -> RemoteStates:
        network: Network | None = cls.earlier(info, "network")
        outputs = remote_state.networking.outputs
        if network and network.assign_public_ip and "private_subnet_ids" in outputs and network.subnets not in outputs:
            remedy = "is read only with network.assign_public_ip = false: set that, or name public_subnet_ids"
            place = ("networking", "outputs", "private_subnet_ids")
            refuse_all([Refusal(place, outputs["private_subnet_ids"], remedy)])
        return remote_state

    @model_validator(mode="after")
    def task_is_not_too_large(self) -> Environment:
        """By all that is in it, which only settings without another problem say."""
        refuse_all(
            too_large_for_ecs(
                self.container,
                self.service,
                registry_id=self.image_registry_id,
                region=self.image_region,
                repository=self.image.repository,
                awslogs=AwsLogs(group=self.log_group_name, region=self.region, stream_prefix=self.log_stream_prefix),
            )
        )
        return self


def places_of_secrets(container: Container, region: str) -> set[tuple[str, str]]:
    """A parameter that goes by its name is one of `region`."""
    secrets = container.secrets_by_place.values()
    return {(region_of(each), service_of(each)) if is_arn(each) else (region, "ssm") for each in secrets}


def _key_remedy(key: str, region: str, regions_of_secrets: set[str]) -> str | None:
    if not is_in_partition(key, region):
        return partition_remedy(region)
    if region_of(key) not in regions_of_secrets:
        return f"there is no secret in {region_of(key)}, the key's region, under [container.secrets]: remove it"
    return None


def _names_too_long(names: Names) -> Iterator[Refusal]:
    for kind, name, limit in names.limits:
        if len(name) > limit:
            excess = f"{kind} would be {name}, {len(name)} characters, and AWS allows {limit}"
            remedy = f"{excess}: shorten this, or the file's name, by {len(name) - limit}"
            yield Refusal(("name",), names.service, remedy)
