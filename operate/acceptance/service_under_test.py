"""The deployed environment under test: what the checks may do to it, and how it is put back."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import httpx

from operate.acceptance import revisions, timeline
from operate.acceptance.criteria import NotRunError
from operate.errors import OperateError
from operate.plan.rollout_duration import HealthCheck, RollingDeployment, TaskTimes
from operate.running import rollout
from operate.running.rollout import Outcome
from operate.service import id_of, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_ecs.type_defs import (
        ContainerDefinitionOutputTypeDef,
        DeploymentCircuitBreakerTypeDef,
        DeploymentConfigurationTypeDef,
        ServiceTypeDef,
        TaskDefinitionTypeDef,
        TaskTypeDef,
    )

    from operate.acceptance.timeline import Timeline
    from operate.environment import Environment
    from operate.service import Service

_MARK = "acceptance"
_TASK_START_SECONDS = 120
_LEAD_SECONDS = 2
_FIRST_SAMPLE_SECONDS = 30
_REQUEST_TIMEOUT_SECONDS = 30
_WATCHED_SECONDS = 1800  # for which ECS may look at alarms; it does not tell how long


@dataclass
class ServiceUnderTest:
    """`found` is the service as DescribeServices answered before anything was done to it."""

    environment: Environment
    service: Service
    found: ServiceTypeDef
    _registered: list[str] = field(default_factory=list)

    @property
    def is_local(self) -> bool:
        return self.environment.local_aws is not None

    @property
    def task_start_seconds(self) -> float:
        """The longest that one task may take from its start to ECS's word on its health."""
        check = self.service.target_group
        unhealthy_after = check["HealthCheckIntervalSeconds"] * (check["UnhealthyThresholdCount"] + 1)
        return float(_TASK_START_SECONDS + self.found.get("healthCheckGracePeriodSeconds", 0) + unhealthy_after)

    @property
    def drain_seconds(self) -> float:
        """The longest that a task may take to end: deregistration delay, then the stop timeout."""
        return float(self.service.drain_seconds + (self.container.get("stopTimeout") or 30) + 30)

    @property
    def rollout_seconds(self) -> float:
        """The longest that a rollout may take, a failing one (three tasks, one after the other) included."""
        return 3 * self.task_start_seconds + self.drain_seconds + (_WATCHED_SECONDS if self.deployment_alarms else 0)

    @property
    def deployment_alarms(self) -> list[str]:
        """The names of those that roll a deployment back."""
        alarms = self.found["deploymentConfiguration"].get("alarms")
        return list(alarms["alarmNames"]) if alarms and alarms["enable"] else []

    def predicted_rollout_seconds(self, *, new: list[TaskTypeDef], replaced: list[TaskTypeDef]) -> float | None:
        """As a plan computes it, and with what these tasks took to start and to end; the API is to listen at once.

        None where the percents let nothing happen.
        """
        group, configuration = self.service.target_group, self.found["deploymentConfiguration"]
        check = HealthCheck(
            protocol=group["HealthCheckProtocol"],
            interval_seconds=group["HealthCheckIntervalSeconds"],
            healthy_threshold=group["HealthyThresholdCount"],
            unhealthy_threshold=group["UnhealthyThresholdCount"],
            drain_seconds=self.service.drain_seconds,
        )
        rolling = RollingDeployment(
            desired_count=self.service.read()["desiredCount"],
            minimum_healthy_percent=configuration["minimumHealthyPercent"],
            maximum_percent=configuration["maximumPercent"],
        )
        starts = [(one["startedAt"] - one["createdAt"]).total_seconds() for one in new if "startedAt" in one]
        stops = [(one["stoppedAt"] - one["stoppingAt"]).total_seconds() for one in replaced if "stoppedAt" in one]
        ends = [seconds - check.drain_seconds for seconds in stops]
        return rolling.seconds(check, TaskTimes(start_seconds=_mean(starts), end_seconds=_mean(ends)))

    @cached_property
    def definition(self) -> TaskDefinitionTypeDef:
        return self.service.task_definition(self.found["taskDefinition"])

    @property
    def container(self) -> ContainerDefinitionOutputTypeDef:
        """The application's."""
        return self.service.own_container(self.definition)

    @contextmanager
    def watched(self, title: str, *, rate_per_second: float, path: str | None = None) -> Iterator[Timeline]:
        with timeline.recorded(self.service, title, rate_per_second=rate_per_second, path=path) as record:
            wait_until(lambda: record.samples, within_seconds=_FIRST_SAMPLE_SECONDS)
            time.sleep(_LEAD_SECONDS)
            yield record
            time.sleep(_LEAD_SECONDS)

    def register(self, kind: revisions.Kind) -> str:
        """The ARN of a revision made of the deployed one; it is deregistered in the end."""
        arn = revisions.register(
            self.service.ecs, self.definition, kind, container=self.container, built=self.is_local, mark=_MARK
        )
        self._registered.append(arn)
        return arn

    def release(self, revision: str, *, configuration: DeploymentConfigurationTypeDef | None = None) -> None:
        self.service.ecs.update_service(
            cluster=self.service.cluster,
            service=self.service.name,
            taskDefinition=revision,
            deploymentConfiguration=configuration or _configuration(self.found),
        )

    def await_outcome(self, revision: str) -> Outcome:
        return rollout.await_outcome(self.service, revision, within_seconds=self.rollout_seconds)

    def await_stopped(self, arns: Iterable[str]) -> list[TaskTypeDef]:
        """The tasks once they have stopped, or as they are when that takes too long."""
        wanted = list(arns)

        def stopped() -> bool:
            return all(task["lastStatus"] == "STOPPED" for task in self.service.describe_tasks(wanted))

        wait_until(stopped, within_seconds=self.drain_seconds)
        return self.service.describe_tasks(wanted)

    def stopped_of(self, revision: str) -> list[TaskTypeDef]:
        return [task for task in self.service.tasks(stopped=True) if task["taskDefinitionArn"] == revision]

    def is_whole(self) -> bool:
        """All its tasks run, and the load balancer calls them healthy."""
        found = self.service.read()
        return bool(found["runningCount"] >= found["desiredCount"] <= self.service.healthy_targets())

    def ask(self, path: str | None = None) -> httpx.Response | None:
        """One request, on the health path where no other is named.

        None where the connection broke, as it does when the task dies.
        """
        url = f"{self.service.url}{path}" if path else self.service.health_url
        try:
            headers = self.service.request_headers
            return httpx.get(url, headers=headers, timeout=_REQUEST_TIMEOUT_SECONDS, trust_env=not self.is_local)
        except httpx.TransportError:
            return None

    def require(self, path: str) -> None:
        """Raises NotRunError where the deployed API has no such path: only the sample API breaks on demand."""
        answer = self.ask(path)
        if answer is not None and answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.BAD_REQUEST}:
            raise NotRunError(f"the deployed API does not do {path}, as the sample API does")

    def take_over(self) -> None:
        """Undoes what an earlier run left when it was killed, so that this one does not put *that* back."""
        leftovers = [arn for arn in self.service.revisions() if self._is_marked(arn)]
        self._registered += leftovers
        if self.found["taskDefinition"] in leftovers:
            deployed = self.environment.stack.terraform.output().get("task_definition_arn")
            if deployed is None:
                raise OperateError(
                    f"{self.service.name} runs {id_of(self.found['taskDefinition'])}, which a run that was killed "
                    "left, and Terraform's state does not say what it is to run: deploy it first."
                )
            self.found = {**self.found, "taskDefinition": deployed}
            self.restore()
            self.found = self.service.read()

    def _is_marked(self, arn: str) -> bool:
        answer = self.service.ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
        return any(tag["key"] == _MARK for tag in answer.get("tags", []))

    def restore(self) -> None:
        """As it was found. Raises OperateError where the service does not come back."""
        now, wanted = self.service.read(), self.found["taskDefinition"]
        if now["taskDefinition"] != wanted or _configuration(now) != _configuration(self.found):
            self.release(wanted)
        outcome = self.await_outcome(wanted)
        for arn in self._registered:
            self.service.ecs.deregister_task_definition(taskDefinition=arn)
        self._registered.clear()
        if outcome is not Outcome.COMPLETED:
            raise OperateError(
                f"{self.service.name} was put back to {id_of(wanted)}, whose rollout is {outcome.value}."
            )


def _mean(seconds: list[float]) -> float:
    return sum(seconds) / len(seconds) if seconds else 0.0


def _configuration(service: ServiceTypeDef) -> DeploymentConfigurationTypeDef:
    """What the checks change of it, and put back."""
    found = service["deploymentConfiguration"]
    no_circuit_breaker: DeploymentCircuitBreakerTypeDef = {"enable": False, "rollback": False}
    return {
        "maximumPercent": found["maximumPercent"],
        "minimumHealthyPercent": found["minimumHealthyPercent"],
        "deploymentCircuitBreaker": found.get("deploymentCircuitBreaker", no_circuit_breaker),
    }
