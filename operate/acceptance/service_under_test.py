"""The deployed environment under test: what the checks may do to it, and how it is put back."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx

from operate import rollout
from operate.acceptance import revisions, timeline
from operate.acceptance.criteria import NotRunError
from operate.errors import OperateError
from operate.rollout import Outcome
from operate.service import id_of, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from operate.acceptance.timeline import Timeline
    from operate.service import Service
    from operate.stack import Stack

    Record = dict[str, Any]

_MARK = "acceptance"
_TASK_START_SECONDS = 120
_LEAD_SECONDS = 2
_FIRST_SAMPLE_SECONDS = 30
_REQUEST_TIMEOUT_SECONDS = 30


@dataclass
class ServiceUnderTest:
    """`found` is the service as DescribeServices answered before anything was done to it."""

    service: Service
    stack: Stack
    found: Record
    _registered: list[str] = field(default_factory=list)

    @property
    def is_local(self) -> bool:
        return self.service.aws.local_aws is not None

    @property
    def task_start_seconds(self) -> float:
        """The longest that one task may take from its start to ECS's word on its health."""
        check = self.service.target_group
        unhealthy_after = check["HealthCheckIntervalSeconds"] * (check["UnhealthyThresholdCount"] + 1)
        return float(_TASK_START_SECONDS + self.found.get("healthCheckGracePeriodSeconds", 0) + unhealthy_after)

    @property
    def drain_seconds(self) -> float:
        """The longest that a task may take to end: deregistration delay, then the stop timeout."""
        container = self.definition["containerDefinitions"][0]
        return float(self.service.drain_seconds + (container.get("stopTimeout") or 30) + 30)

    @property
    def rollout_seconds(self) -> float:
        """The longest that a rollout may take, a failing one (three tasks, one after the other) included."""
        return 3 * self.task_start_seconds + self.drain_seconds

    @cached_property
    def definition(self) -> Record:
        return self.service.task_definition(self.found["taskDefinition"])

    @contextmanager
    def watched(self, title: str, *, rate_per_second: float) -> Iterator[Timeline]:
        with timeline.recorded(self.service, title, rate_per_second=rate_per_second) as record:
            wait_until(lambda: record.samples, within_seconds=_FIRST_SAMPLE_SECONDS)
            time.sleep(_LEAD_SECONDS)
            yield record
            time.sleep(_LEAD_SECONDS)

    def register(self, kind: revisions.Kind) -> str:
        """The ARN of a revision made of the deployed one; it is deregistered in the end."""
        wanted = revisions.request(self.definition, kind, built=self.is_local and kind != "missing-image")
        tags = [{"key": _MARK, "value": kind}]
        registered = self.service.ecs.register_task_definition(**wanted, tags=tags)["taskDefinition"]
        arn = str(registered["taskDefinitionArn"])
        self._registered.append(arn)
        return arn

    def update(self, **changes: object) -> None:
        self.service.ecs.update_service(cluster=self.service.cluster, service=self.service.name, **changes)

    def await_outcome(self, revision: str) -> Outcome:
        return rollout.await_outcome(self.service, revision, within_seconds=self.rollout_seconds)

    def await_stopped(self, arns: Iterable[str]) -> list[Record]:
        """The tasks once they have stopped, or as they are when that takes too long."""
        wanted = list(arns)

        def stopped() -> bool:
            return all(task["lastStatus"] == "STOPPED" for task in self.service.describe_tasks(wanted))

        wait_until(stopped, within_seconds=self.drain_seconds)
        return self.service.describe_tasks(wanted)

    def stopped_of(self, revision: str) -> list[Record]:
        return [task for task in self.service.tasks(stopped=True) if task["taskDefinitionArn"] == revision]

    def is_whole(self) -> bool:
        """All its tasks run, and the load balancer calls them healthy."""
        found = self.service.read()
        return bool(found["runningCount"] >= found["desiredCount"] <= self.service.healthy_targets())

    def ask(self, path: str) -> httpx.Response | None:
        """One request past the health path; None where the connection broke, as it does when the task dies."""
        direct = self.service.aws.local_aws is not None
        try:
            return httpx.get(f"{self.service.url}{path}", timeout=_REQUEST_TIMEOUT_SECONDS, trust_env=not direct)
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
            deployed = self.stack.terraform.output().get("task_definition_arn")
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
        if now["taskDefinition"] != wanted or _rollout_settings(now) != _rollout_settings(self.found):
            self.update(taskDefinition=wanted, deploymentConfiguration=_rollout_settings(self.found))
        outcome = self.await_outcome(wanted)
        for arn in self._registered:
            self.service.ecs.deregister_task_definition(taskDefinition=arn)
        self._registered.clear()
        if outcome is not Outcome.COMPLETED:
            raise OperateError(
                f"{self.service.name} was put back to {id_of(wanted)}, whose rollout is {outcome.value}."
            )


def _rollout_settings(service: Record) -> Record:
    kept = ("maximumPercent", "minimumHealthyPercent", "deploymentCircuitBreaker")
    return {name: value for name, value in service["deploymentConfiguration"].items() if name in kept}
