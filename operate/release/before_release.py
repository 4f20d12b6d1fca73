"""`[release] before`: a command in a one-off task of the image that a plan brings, before the plan is applied.

The task runs a copy of the planned task definition, of a family of its own, so that the service's has released
revisions alone. The copy is deregistered in the end.
"""

from __future__ import annotations

import contextlib
import json
import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from operate import progress
from operate.environment import answering, said_if_not_told
from operate.errors import OperateError
from operate.local import embedded_aws
from operate.plan import plan_changes
from operate.plan.plan_changes import CREATED
from operate.running import one_off_task
from operate.service import id_of, short_id, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_ecs.type_defs import RegisterTaskDefinitionRequestTypeDef, TaskTypeDef

    from operate.plan.plan_changes import Changed
    from operate.running.task_logs import Line
    from operate.service import Service
    from operate.terraform_cli.stack import Stack
    from operate.terraform_cli.terraform_state import State
    from stacks.settings import Environment as Settings

COPIED = {
    "cpu": "cpu",
    "memory": "memory",
    "network_mode": "networkMode",
    "requires_compatibilities": "requiresCompatibilities",
    "execution_role_arn": "executionRoleArn",
    "task_role_arn": "taskRoleArn",
}
"""Terraform's attributes to ECS's parameters. More are copied that differ in form."""

_TASK_DEFINITION, _SERVICE = "aws_ecs_task_definition", "aws_ecs_service"
_POLL_SECONDS = 1


@dataclass(frozen=True)
class BeforeRelease:
    """`definition` is the planned task definition's values, without those that only the apply knows.

    None where there is no service yet: neither is what the task would run in. `planned_on` is the state before the
    plan was made, None where that is not to be applied.
    """

    environment: str
    command: Sequence[str]
    timeout: timedelta
    definition: Mapping[str, Any] | None
    planned_on: State | None = None

    @property
    def effect(self) -> str:
        if self.definition is None:
            made = f"make run ENV={self.environment} COMMAND={shlex.quote(self.text)}"
            return f"`{self.text}` (release.before) is not run before the first deployment: {made} runs it afterwards"
        return f"`{self.text}` (release.before) runs first, as a task of the new image: if it fails, nothing is changed"

    @property
    def text(self) -> str:
        return shlex.join(self.command)


def planned(plan: dict[str, Any], settings: Settings, *, planned_on: State | None = None) -> BeforeRelease | None:
    """None where no command is set, or the plan has no new revision of the task definition."""
    release, changed = settings.release, plan_changes.changed(plan)
    if not release.before or not any(
        one.change.type == _TASK_DEFINITION and "create" in one.actions for one in changed
    ):
        return None
    resources = plan["planned_values"]["root_module"]["resources"]
    definition = next(one["values"] for one in resources if one["type"] == _TASK_DEFINITION)
    exists = any(one.change.type == _SERVICE and not _is_new(one) for one in changed)
    timeout = timedelta(seconds=release.before_timeout_seconds)
    return BeforeRelease(settings.name, release.before, timeout, definition if exists else None, planned_on)


def _is_new(service: Changed) -> bool:
    """Also where it takes the place of one of another name, in another cluster."""
    return service.change.action == CREATED or service.before.get("name") != service.after.get("name")


def run(service: Service, before: BeforeRelease, stack: Stack) -> None:
    """Raises OperateError, in one line, where the command did not end well; Ctrl-C stops its task and comes through."""
    if before.definition is None:
        return
    if why := embedded_aws.why_no_containers(service.environment.local_aws):
        progress.console.print(f"`{before.text}` (release.before) is not run: no task runs here. {why}", style="yellow")
        return
    with _nothing_changed(before):
        request = _request(before.definition, family=service.environment.settings.names.release_family)
        exit_code = _run_alone(service, before, request, stack)
    with said_if_not_told(), answering("What a killed release has registered is left to a later one"):
        deregister_copies(service, older_than=before.timeout)
    if exit_code != 0:
        seconds = before.timeout.total_seconds()
        ended = f"did not end in {seconds:.0f} s" if exit_code is None else f"exited with code {exit_code}"
        raise OperateError(f"Nothing was changed: `{before.text}` (release.before) {ended}.")


def _run_alone(
    service: Service, before: BeforeRelease, request: RegisterTaskDefinitionRequestTypeDef, stack: Stack
) -> int | None:
    """From the start again where it gave way: two releases that see no task of the other may both start one."""
    while True:
        _await_others(service, within=before.timeout)
        _require_same_state(stack, before)
        copy = service.ecs.register_task_definition(**request)["taskDefinition"]["taskDefinitionArn"]
        try:
            return one_off_task.run_task(
                service,
                copy,
                before.command,
                timeout=before.timeout,
                show=_print_line,
                on_demand=True,
                must_stop=partial(_older, service),
            )
        except one_off_task.GaveWayError:
            continue
        finally:
            _deregister(service, copy)


def _older(service: Service, own: TaskTypeDef) -> str | None:
    """Why `own` must stop: the older of two tasks stays, in both releases' eyes."""
    others = [task for task in _unended(service) if task["taskArn"] != own["taskArn"] and _order(task) < _order(own)]
    return f"{_named(others[0])}, is at work" if others else None


def _order(task: TaskTypeDef) -> tuple[datetime, str]:
    return task["createdAt"], task["taskArn"]


@contextlib.contextmanager
def _nothing_changed(before: BeforeRelease) -> Iterator[None]:
    try:
        with answering("AWS did not answer"):
            yield
    except OperateError as error:
        said = f"`{before.text}` (release.before) could not be run: {error}"
        raise OperateError(f"Nothing was changed: {said}") from None


def _request(definition: Mapping[str, Any], *, family: str) -> RegisterTaskDefinitionRequestTypeDef:
    wanted = (*COPIED, "container_definitions", "runtime_platform", "tags_all")
    unknown = [name for name in wanted if name not in definition]
    if unknown:
        raise OperateError(f"only the apply makes its {', '.join(unknown)}. Deploy that with release.before = [].")
    (platform,) = definition["runtime_platform"]
    request = {
        "family": family,
        **{parameter: definition[name] for name, parameter in COPIED.items()},
        "containerDefinitions": json.loads(definition["container_definitions"]),
        "runtimePlatform": {
            "cpuArchitecture": platform["cpu_architecture"],
            "operatingSystemFamily": platform["operating_system_family"],
        },
        "tags": [{"key": key, "value": value} for key, value in definition["tags_all"].items()],
        **_storage(definition),
    }
    return cast("RegisterTaskDefinitionRequestTypeDef", request)


def _storage(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Blocks that a task definition may lack."""
    disk, volumes = definition.get("ephemeral_storage"), definition.get("volume")
    return {
        **({"ephemeralStorage": {"sizeInGiB": disk[0]["size_in_gib"]}} if disk else {}),
        **({"volumes": [_volume(one) for one in volumes]} if volumes else {}),
    }


def _volume(volume: Mapping[str, Any]) -> dict[str, Any]:
    if not volume.get("efs_volume_configuration"):
        return {"name": volume["name"]}
    (efs,) = volume["efs_volume_configuration"]
    (authorization,) = efs["authorization_config"]
    configuration = {
        "fileSystemId": efs["file_system_id"],
        "transitEncryption": efs["transit_encryption"],
        "authorizationConfig": {"accessPointId": authorization["access_point_id"], "iam": authorization["iam"]},
    }
    return {"name": volume["name"], "efsVolumeConfiguration": configuration}


def _require_same_state(stack: Stack, before: BeforeRelease) -> None:
    """Else Terraform would refuse the plan, after the command has run."""
    if before.planned_on and stack.state().version != before.planned_on.version:
        raise OperateError(
            f"the state at {stack.settings.backend.address} has changed since the plan was made. Deploy again, which "
            "plans anew."
        )


def _await_others(service: Service, *, within: timedelta) -> None:
    """Another release's task, or what one left that was killed: two migrations at once may ruin each other's work."""
    seen: dict[str, TaskTypeDef] = {}

    def all_have_ended() -> bool:
        unended = {task["taskArn"]: task for task in _unended(service)}
        seen.update(unended)
        return not unended

    if all_have_ended():
        return
    task = next(iter(seen.values()))
    who = f"{_named(task)}, has been at work since {task['createdAt'].astimezone():%H:%M:%S}"
    seconds = within.total_seconds()
    with progress.step(f"waiting, since {who}"):
        ended = wait_until(all_have_ended, within_seconds=seconds, poll_seconds=_POLL_SECONDS)
    if not ended:
        command = one_off_task.stop_command(service, task["taskArn"])
        raise OperateError(f"{who}, and has not ended in {seconds:.0f} s. This stops it: {command}")
    for one in service.describe_tasks(seen):
        if _ended_well(service, one):
            raise OperateError(
                f"{_named(one)}, has ended well. Its release is applied next, and Terraform would refuse this plan "
                "afterwards. Deploy again once that is done, which plans anew."
            )


def _named(task: TaskTypeDef) -> str:
    """Ends within a clause."""
    name = f"task {short_id(task['taskArn'])} of {id_of(task['taskDefinitionArn'])}"
    return f"{name}, started by {task.get('startedBy', 'somebody')}"


def _ended_well(service: Service, task: TaskTypeDef) -> bool:
    """Not where it was told to stop, since a command may take that for a success."""
    name = service.environment.settings.service.name
    codes = [one.get("exitCode") for one in task["containers"] if one["name"] == name]
    return codes == [0] and task.get("stopCode") != "UserInitiated"


def _unended(service: Service) -> list[TaskTypeDef]:
    """The oldest first, and also those that are told to stop."""
    found: list[str] = []
    for desired in ("RUNNING", "STOPPED"):
        listed = service.ecs.list_tasks(
            cluster=service.cluster, family=service.environment.settings.names.release_family, desiredStatus=desired
        )
        found += listed["taskArns"]
    return sorted((task for task in service.describe_tasks(found) if task["lastStatus"] != "STOPPED"), key=_order)


def deregister_copies(service: Service, *, older_than: timedelta = timedelta.min) -> None:
    """Those that a killed release has left, by this stack's tags. One that is younger may be about to be started."""
    own, now = service.environment.settings.own_tags, datetime.now(timezone.utc)
    for arn in service.revisions(service.environment.settings.names.release_family):
        described = service.ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
        tags = {tag["key"]: tag["value"] for tag in described.get("tags", [])}
        if own.items() <= tags.items() and now - described["taskDefinition"]["registeredAt"] > older_than:
            service.ecs.deregister_task_definition(taskDefinition=arn)


def _deregister(service: Service, arn: str) -> None:
    with said_if_not_told(), answering(f"{id_of(arn)} is still registered, and a later release deregisters it"):
        service.ecs.deregister_task_definition(taskDefinition=arn)


def _print_line(line: Line) -> None:
    progress.console.print(f"{short_id(line.task_id)} {line.message}")
