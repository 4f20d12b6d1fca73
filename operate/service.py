"""One ECS service behind its load balancer, as AWS's APIs show it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from operate.errors import OperateError
from operate.image_tags import ImageReference
from operate.local import embedded_aws
from stacks.settings import HEALTH_CHECK_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.literals import ServiceFieldType
    from mypy_boto3_ecs.type_defs import (
        ContainerDefinitionOutputTypeDef,
        ServiceTypeDef,
        TaskDefinitionTypeDef,
        TaskTypeDef,
    )
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import (
        ActionOutputTypeDef,
        LoadBalancerTypeDef,
        RuleTypeDef,
        TargetGroupTypeDef,
    )
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import OutputLogEventTypeDef

    from operate.environment import Environment

_DESCRIBED_AT_ONCE = 100
_SHORT_CHARACTERS = 8
_REVISIONS_SHOWN = 5


@dataclass(frozen=True)
class LogStream:
    group: str
    name: str


@dataclass(frozen=True)
class Service:
    """What it reads is fresh each time; only its load balancer is remembered."""

    environment: Environment
    name: str

    @classmethod
    def of(cls, environment: Environment) -> Service:
        """By the name that the stack has for it."""
        return cls(environment, environment.settings.names.ecs)

    @property
    def cluster(self) -> str:
        return self.environment.cluster_name

    @cached_property
    def ecs(self) -> ECSClient:
        return self.environment.client("ecs")

    @classmethod
    def deployed(cls, environment: Environment) -> Service:
        """The one that runs there. Raises OperateError, in one line, where none does or the caller may not ask."""
        service, name, local_aws = cls.of(environment), environment.settings.name, environment.local_aws
        nothing = OperateError(f"Nothing is deployed in {name!r}: `make deploy ENV={name}` deploys it.")
        environment.check_caller()
        if local_aws and not embedded_aws.is_running(local_aws):
            raise OperateError(embedded_aws.NOT_RUNNING) if embedded_aws.was_started(local_aws) else nothing
        if service.find() is None:
            raise nothing
        return service

    @cached_property
    def balancing(self) -> ElasticLoadBalancingv2Client:
        return self.environment.client("elbv2")

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        return self.environment.client("logs")

    def find(self, *, include: Sequence[ServiceFieldType] = ()) -> ServiceTypeDef | None:
        """None where there is no active service of this name."""
        try:
            answer = self.ecs.describe_services(cluster=self.cluster, services=[self.name], include=include)
        except self.ecs.exceptions.ClusterNotFoundException:
            return None
        return next((one for one in answer["services"] if one["status"] == "ACTIVE"), None)

    def read(self) -> ServiceTypeDef:
        """`find`, for callers that know it is there; raises OperateError once it isn't."""
        found = self.find()
        if found is None:
            raise OperateError(f"The service {self.name} is gone from the cluster {self.cluster}.")
        return found

    def image(self) -> ImageReference | None:
        """What its newest deployment runs, after a rollback the one that ECS went back to; None without a service."""
        found = self.find()
        return ImageReference.of_container(self.container(found["taskDefinition"])) if found else None

    def require_image(self, tag: str, digest: str | None) -> None:
        """Whatever Terraform says: what ECS runs is what counts."""
        asked, found = ImageReference("", self.environment.settings.image.repository, tag, digest), self.image()
        if found is None or replace(found, host="") != asked:
            raise OperateError(
                f"{asked} was asked for, and {self.name} runs {found or 'nothing'}. See that nothing "
                "else deploys it at the same time, and deploy again."
            )

    def tasks(self, *, stopped: bool = False) -> list[TaskTypeDef]:
        """Newest first. ECS lists a stopped task for about an hour."""
        pages = self.ecs.get_paginator("list_tasks").paginate(
            cluster=self.cluster, serviceName=self.name, desiredStatus="STOPPED" if stopped else "RUNNING"
        )
        found = self.describe_tasks(arn for page in pages for arn in page["taskArns"])
        return sorted(found, key=lambda task: task["createdAt"], reverse=True)

    def describe_tasks(self, arns: Iterable[str]) -> list[TaskTypeDef]:
        wanted = list(arns)
        found: list[TaskTypeDef] = []
        for at in range(0, len(wanted), _DESCRIBED_AT_ONCE):
            batch = wanted[at : at + _DESCRIBED_AT_ONCE]
            found += self.ecs.describe_tasks(cluster=self.cluster, tasks=batch)["tasks"]
        return found

    @cached_property
    def target_groups(self) -> list[TargetGroupTypeDef]:
        """First the one by which the API is reached from the internet, where there are several."""
        arns = [balancer["targetGroupArn"] for balancer in self.read()["loadBalancers"]]
        groups = self.balancing.describe_target_groups(TargetGroupArns=arns)["TargetGroups"]
        return sorted(groups, key=self._is_not_public) if len(groups) > 1 else groups

    def _is_not_public(self, group: TargetGroupTypeDef) -> bool:
        return not group["LoadBalancerArns"] or self._balancer_of(group)["Scheme"] == "internal"

    def _balancer_of(self, group: TargetGroupTypeDef) -> LoadBalancerTypeDef:
        arns = [balancer_arn_of(group)]
        return self.balancing.describe_load_balancers(LoadBalancerArns=arns)["LoadBalancers"][0]

    @property
    def target_group(self) -> TargetGroupTypeDef:
        """The first, which the health URL is about."""
        return self.target_groups[0]

    def healthy_targets(self) -> int:
        return sum(state == "healthy" for state, _ in self.target_health().values())

    def target_health(self) -> dict[str, tuple[str, str]]:
        """By the target's address: its state, and the reason where it is not healthy in one of the groups."""
        found: dict[str, tuple[str, str]] = {}
        for group in self.target_groups:
            answer = self.balancing.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
            for one in answer["TargetHealthDescriptions"]:
                health = one["TargetHealth"]
                if found.get(one["Target"]["Id"], ("healthy", ""))[0] == "healthy":
                    found[one["Target"]["Id"]] = (health["State"], health.get("Description", ""))
        return found

    @property
    def scalable_resource(self) -> str:
        """Its id in Application Auto Scaling."""
        return f"service/{self.cluster}/{self.name}"

    @cached_property
    def drain_seconds(self) -> int:
        """The longest of its groups'."""
        return max(self._drain_seconds_of(group["TargetGroupArn"]) for group in self.target_groups)

    def _drain_seconds_of(self, group_arn: str) -> int:
        answer = self.balancing.describe_target_group_attributes(TargetGroupArn=group_arn)
        attributes = {one["Key"]: one["Value"] for one in answer["Attributes"]}
        return int(attributes.get("deregistration_delay.timeout_seconds", 300))

    @cached_property
    def url(self) -> str:
        """The API as this machine reaches it: the embedded load balancer's name resolves nowhere."""
        balancer = self._balancer_of(self.target_group)
        if self.environment.local_aws:
            return f"{self.environment.local_aws.endpoint}/_alb/{balancer['LoadBalancerName']}"
        return self.environment.settings.service.api_url or f"http://{balancer['DNSName']}"

    @cached_property
    def request_headers(self) -> dict[str, str]:
        """What a request to `url` needs besides: a host that the listener's rules want, since the URL has another."""
        if not self.environment.local_aws:
            return {}
        arn = self.target_group["TargetGroupArn"]
        rules = [rule for rule in self._listener_rules() if arn in _forwarded_to(rule["Actions"])]
        hosts = [_host(rule) for rule in rules]
        return {"Host": hosts[0]} if hosts and all(hosts) else {}

    def _listener_rules(self) -> Iterator[RuleTypeDef]:
        """The default actions are rules too, without a condition."""
        balancer = self._balancer_of(self.target_group)["LoadBalancerArn"]
        for listener in self.balancing.describe_listeners(LoadBalancerArn=balancer)["Listeners"]:
            yield from self.balancing.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]

    @cached_property
    def health_url(self) -> str:
        """A load balancer that forwards the URL's base path has it in the target group's path too."""
        path = self.health_check_path
        base = "" if self.environment.local_aws else self.environment.settings.service.base_path
        below = path.removeprefix(base) if f"{path}/".startswith(f"{base}/") else path
        return f"{self.url}{below or '/'}"

    @property
    def health_check_path(self) -> str:
        """Where the target group asks for health; the specification's (SC-001) where it only connects."""
        return self.target_group.get("HealthCheckPath", HEALTH_CHECK_PATH)

    def task_definition(self, arn: str) -> TaskDefinitionTypeDef:
        return self.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]

    def container(self, task_definition_arn: str, *, name: str | None = None) -> ContainerDefinitionOutputTypeDef:
        """The application's, or the one of this name. Raises OperateError where there is none."""
        definition = self.task_definition(task_definition_arn)
        if name is None:
            return self.own_container(definition)
        containers = {one["name"]: one for one in definition["containerDefinitions"]}
        if name not in containers:
            there = ", ".join(sorted(containers))
            raise OperateError(f"{id_of(task_definition_arn)} has no container called {name!r}: it has {there}.")
        return containers[name]

    def own_container(self, definition: TaskDefinitionTypeDef) -> ContainerDefinitionOutputTypeDef:
        """It is called as the service, whatever the order: the provider sorts containers by their names."""
        containers, name = definition["containerDefinitions"], self.environment.settings.service.name
        return next((one for one in containers if one.get("name") == name), containers[0])

    def revisions(self, family: str | None = None) -> list[str]:
        """ARNs of the active revisions, newest first; of the service's own family, where no other is named."""
        wanted = family or self.name
        pages = self.ecs.get_paginator("list_task_definitions").paginate(familyPrefix=wanted, sort="DESC")
        arns = [arn for page in pages for arn in page["taskDefinitionArns"]]
        return [arn for arn in arns if id_of(arn).rpartition(":")[0] == wanted]

    def active_revision(self, number: int) -> str:
        """Its ARN. Raises OperateError, with the newest that there are, where it is not active."""
        active = self.revisions()
        found = next((arn for arn in active if id_of(arn) == f"{self.name}:{number}"), None)
        if found is None:
            newest = ", ".join(id_of(arn).rpartition(":")[2] for arn in active[:_REVISIONS_SHOWN])
            others = f": its newest are {newest}" if newest else ", nor any other"
            raise OperateError(f"{self.name} has no active revision {number}{others}.")
        return found

    def log_stream(self, task: TaskTypeDef) -> LogStream | None:
        """Of the application's container; None where it has no awslogs."""
        of_revision = self.log_streams(task["taskDefinitionArn"])
        return of_revision and LogStream(of_revision.group, f"{of_revision.name}{id_of(task['taskArn'])}")

    def log_streams(self, task_definition_arn: str, *, container: str | None = None) -> LogStream | None:
        """What the names of its tasks' streams have before the task's id.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html, "awslogs-stream-prefix".
        """
        found = self.container(task_definition_arn, name=container)
        options = found.get("logConfiguration", {}).get("options", {})
        if "awslogs-stream-prefix" not in options:
            return None
        return LogStream(options["awslogs-group"], f"{options['awslogs-stream-prefix']}/{found['name']}/")

    def log_events(self, task: TaskTypeDef, *, most: int, first: bool = False) -> list[OutputLogEventTypeDef]:
        """The last ones, or the first; none where nothing was ever written."""
        stream = self.log_stream(task)
        if stream is None:
            return []
        try:
            return self.logs.get_log_events(
                logGroupName=stream.group, logStreamName=stream.name, limit=most, startFromHead=first
            )["events"]
        except self.logs.exceptions.ResourceNotFoundException:
            return []


def balancer_arn_of(group: TargetGroupTypeDef) -> str:
    """Raises OperateError where there is none: asked for an empty list of ARNs, AWS describes everybody's balancers."""
    if not group["LoadBalancerArns"]:
        raise OperateError(
            f"The target group {group['TargetGroupName']} is not attached to a load balancer: nothing reaches its "
            "targets before a listener, or one of its rules, forwards to it."
        )
    return group["LoadBalancerArns"][0]


def _forwarded_to(actions: Sequence[ActionOutputTypeDef]) -> set[str]:
    """ARNs of target groups."""
    weighted = [group for action in actions for group in action.get("ForwardConfig", {}).get("TargetGroups", [])]
    return {arn for one in (*actions, *weighted) if (arn := one.get("TargetGroupArn"))}


def _host(rule: RuleTypeDef) -> str:
    """One that the rule is for; empty where it is for any."""
    for condition in rule["Conditions"]:
        if condition.get("Field") == "host-header":
            values = condition.get("HostHeaderConfig", {}).get("Values") or condition.get("Values", [])
            return values[0].replace("*", "any").replace("?", "a")
    return ""


def id_of(arn: str) -> str:
    """What a person calls it: a task's id, a task definition's family and revision."""
    return arn.rpartition("/")[2]


def short_id(arn: str) -> str:
    """What screens and messages have of a task's id."""
    return id_of(arn)[:_SHORT_CHARACTERS]


def wait_until(condition: Callable[[], object], *, within_seconds: float, poll_seconds: float = 0.5) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + within_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(poll_seconds)
    return True
