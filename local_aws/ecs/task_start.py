"""A task's containers start, each as soon as those that it depends on have come so far."""
# ruff: noqa: SLF001

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ministack.core.concurrency import resource_lock
from ministack.services import ecs

from local_aws.ecs import (
    awslogs,
    container_secrets,
    containers,
    dependencies,
    image_digests,
    records,
    task_network,
    task_volumes,
)
from local_aws.ecs.dependencies import NeverMetError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from docker import DockerClient
    from docker.models.containers import Container

    from local_aws.ministack_types import Record

_POLL_SECONDS = 0.1
_NEVER_STARTED = 143  # the exit code that AWS's agent gives a container whose dependencies can't be met


class EssentialNeverStartsError(Exception):
    """An essential container's dependencies can't be met."""


@dataclass
class TaskStart:
    """`started` is called with each container that runs, as the task's record and the engine have it."""

    task: Record
    definition: Record
    overrides: list[Record]
    client: DockerClient
    started: Callable[[Record, str], None]
    network_holder: Container | None = None

    def run(self) -> None:
        """Returns once all run, or the task was told to stop. Raises what keeps a container from starting."""
        arn = self.task["taskArn"]
        if not (ecs._mark_task_pending(arn, self.task) and ecs._mark_task_activating(arn, self.task)):
            return
        try:
            self._start_all()
        finally:
            if self.task["lastStatus"] == "STOPPED":  # meanwhile: nobody else closes what was opened since
                task_network.close(self.task, self.client)
                task_volumes.remove(self.task, self.client)
        ecs._mark_task_running(arn, self.task)

    def _start_all(self) -> None:
        digests = image_digests.pinned(self.task, self.definition)
        waiting = {one["name"]: one for one in self.definition["containerDefinitions"]}
        while waiting and records.is_alive(self.task):
            ready = [name for name in waiting if self._is_ready(name)]
            for name in ready:
                container = waiting.pop(name)
                if self._states[name]["lastStatus"] != "STOPPED" and records.is_alive(self.task):
                    self._start(container, digests)
            if not ready:
                time.sleep(_POLL_SECONDS)

    @property
    def _states(self) -> dict[str, Record]:
        return {one["name"]: one for one in self.task["containers"]}

    def _is_ready(self, name: str) -> bool:
        """To start, or to be left out: one that can't start is STOPPED from then on."""
        definitions = self.definition["containerDefinitions"]
        container = next(one for one in definitions if one["name"] == name)
        try:
            return dependencies.are_met(container, definitions, self._states)
        except NeverMetError as error:
            reason = f"CannotStartContainerError: {error}"
            self._states[name].update(lastStatus="STOPPED", exitCode=_NEVER_STARTED, reason=reason)
            if container.get("essential", True):
                raise EssentialNeverStartsError from error
            return True

    def _start(self, definition: Record, digests: Mapping[str, str] | None) -> None:
        state = self._states[definition["name"]]
        override = ecs._container_override_for(self.overrides, definition["name"])
        asked_for = {**_pinned(definition, state, digests), **_own(override, "command")}
        token, asked = self._prepare(definition, asked_for, override)
        container = containers.run(self.client, asked_for, asked)
        index = self.task["containers"].index(state)
        if not ecs._attach_started_container(self.task, container, index, token, None):
            containers.remove(self.client, container)
            return
        awslogs.start(container, asked_for, records.id_of(self.task))
        state["_started_at"] = time.monotonic()
        self.started(state, str(container.id))

    def _prepare(self, definition: Record, asked_for: Record, override: Record) -> tuple[str, Record]:
        """The token of its metadata, and what the engine is asked for."""
        task, arn = self.task, self.task["taskArn"]
        environment = {
            **{one["name"]: one["value"] for one in definition.get("environment") or []},
            **container_secrets.values(definition),
            **{one["name"]: one["value"] for one in override.get("environment") or []},
        }
        token = ecs._register_metadata(
            arn, task["clusterArn"], self.definition, definition, task["launchType"], environment, None, None
        )
        with resource_lock("ecs-task", arn):
            task.setdefault("_metadata_tokens", []).append(token)
        return token, self._in_network(containers.run_options(task, self.definition, asked_for, environment))

    def _in_network(self, asked: Record) -> Record:
        """A container that is alone has a network of its own."""
        if len(self.definition["containerDefinitions"]) == 1:
            return asked
        if self.network_holder is None:
            self.network_holder = task_network.open_for(self.task, self.client)
            ecs._record_task_ip(self.task, self.network_holder, None)
        return {**asked, "network_mode": f"container:{self.network_holder.id}"}


def _pinned(definition: Record, state: Record, digests: Mapping[str, str] | None) -> Record:
    """With the digest that the deployment runs, which the task shows."""
    _, at, digest = definition["image"].partition("@")
    known = (digests or {}).get(definition["name"])
    if digests is not None and (at or known):
        state["imageDigest"] = digest = digest or known
        return {**definition, "image": f"{ecs._image_repository(definition['image'])}@{digest}"}
    return definition


def _own(override: Record, name: str) -> Record:
    return {name: override[name]} if name in override else {}
