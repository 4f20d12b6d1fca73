"""One ECS service behind its load balancer, as AWS's APIs show it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from local_aws.instance import Client
    from operate.aws import Aws

    Record = dict[str, Any]

_DESCRIBED_AT_ONCE = 100


@dataclass(frozen=True)
class Service:
    """What it reads is fresh each time; only its load balancer is remembered."""

    aws: Aws
    cluster: str
    name: str

    @cached_property
    def ecs(self) -> Client:
        return self.aws.client("ecs")

    @cached_property
    def balancing(self) -> Client:
        return self.aws.client("elbv2")

    @cached_property
    def logs(self) -> Client:
        return self.aws.client("logs")

    def find(self) -> Record | None:
        """As DescribeServices answers; None where there is no active service of this name."""
        try:
            found = self.ecs.describe_services(cluster=self.cluster, services=[self.name])["services"]
        except self.ecs.exceptions.ClusterNotFoundException:
            return None
        return next((one for one in found if one["status"] == "ACTIVE"), None)

    def read(self) -> Record:
        """`find`, for callers that know it is there; raises LookupError once it isn't."""
        found = self.find()
        if found is None:
            raise LookupError(f"the service {self.name} is gone from the cluster {self.cluster}")
        return found

    def image(self) -> str | None:
        """What its newest deployment runs, after a rollback the one that ECS went back to; None without a service."""
        found = self.find()
        if found is None:
            return None
        image: str = self.task_definition(found["taskDefinition"])["containerDefinitions"][0]["image"]
        return image

    def tasks(self, *, stopped: bool = False) -> list[Record]:
        """Newest first. ECS lists a stopped task for about an hour."""
        status = "STOPPED" if stopped else "RUNNING"
        answer = self.ecs.list_tasks(cluster=self.cluster, serviceName=self.name, desiredStatus=status)
        found = self.describe_tasks(answer["taskArns"])
        return sorted(found, key=lambda task: task["createdAt"], reverse=True)

    def describe_tasks(self, arns: Iterable[str]) -> list[Record]:
        wanted = list(arns)[:_DESCRIBED_AT_ONCE]
        if not wanted:
            return []
        described: list[Record] = self.ecs.describe_tasks(cluster=self.cluster, tasks=wanted)["tasks"]
        return described

    @cached_property
    def target_group(self) -> Record:
        arn = self.read()["loadBalancers"][0]["targetGroupArn"]
        (group,) = self.balancing.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
        found: Record = group
        return found

    def healthy_targets(self) -> int:
        answer = self.balancing.describe_target_health(TargetGroupArn=self.target_group["TargetGroupArn"])
        return sum(one["TargetHealth"]["State"] == "healthy" for one in answer["TargetHealthDescriptions"])

    @cached_property
    def drain_seconds(self) -> int:
        answer = self.balancing.describe_target_group_attributes(TargetGroupArn=self.target_group["TargetGroupArn"])
        attributes = {one["Key"]: one["Value"] for one in answer["Attributes"]}
        return int(attributes.get("deregistration_delay.timeout_seconds", 300))

    @cached_property
    def url(self) -> str:
        """The API as this machine reaches it: the embedded load balancer's name resolves nowhere."""
        arns = self.target_group["LoadBalancerArns"]
        (balancer,) = self.balancing.describe_load_balancers(LoadBalancerArns=arns[:1])["LoadBalancers"]
        if self.aws.local_aws:
            return f"{self.aws.local_aws.endpoint}/_alb/{balancer['LoadBalancerName']}"
        return self.aws.settings.service.api_url or f"http://{balancer['DNSName']}"

    @cached_property
    def health_url(self) -> str:
        return f"{self.url}{self.target_group['HealthCheckPath']}"

    def task_definition(self, arn: str) -> Record:
        described: Record = self.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        return described

    def revisions(self) -> list[str]:
        """ARNs of the family's active revisions, newest first."""
        pages = self.ecs.get_paginator("list_task_definitions").paginate(familyPrefix=self.name, sort="DESC")
        arns: list[str] = [arn for page in pages for arn in page["taskDefinitionArns"]]
        return [arn for arn in arns if arn.rpartition("/")[2].rpartition(":")[0] == self.name]

    def last_log_lines(self, task: Record, *, most: int = 10) -> list[str]:
        """Of the task's first container; none where it has no awslogs, or never wrote."""
        container = self.task_definition(task["taskDefinitionArn"])["containerDefinitions"][0]
        stream = log_stream(container, task)
        if stream is None:
            return []
        try:
            events = self.logs.get_log_events(**stream, limit=most, startFromHead=False)["events"]
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"].rstrip() for event in events]


def log_stream(container: Record, task: Record) -> dict[str, str] | None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html, "awslogs-stream-prefix"."""
    configured = (container.get("logConfiguration") or {}).get("options") or {}
    if "awslogs-stream-prefix" not in configured:
        return None
    stream = f"{configured['awslogs-stream-prefix']}/{container['name']}/{id_of(task['taskArn'])}"
    return {"logGroupName": configured["awslogs-group"], "logStreamName": stream}


def id_of(arn: str) -> str:
    """What a person calls it: a task's id, a task definition's family and revision."""
    return arn.rpartition("/")[2]


def wait_until(condition: Callable[[], object], *, within_seconds: float, poll_seconds: float = 0.5) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + within_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(poll_seconds)
    return True
