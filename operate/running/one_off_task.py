"""A command in a one-off task of a service: its image, roles, network, secrets and capacity, beside its own tasks.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

from __future__ import annotations

import contextlib
import re
import shlex
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, cast

from operate import progress
from operate.errors import OperateError
from operate.local import embedded_aws
from operate.running import rollout
from operate.running.task_logs import Reader, parse_duration
from operate.service import Service, id_of, short_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_ecs.type_defs import RunTaskRequestTypeDef, TaskTypeDef

    from operate.environment import Environment
    from operate.running.task_logs import Line

TIMED_OUT = 124
"""Exit code, as timeout(1) has it."""

_POLL_SECONDS = 1
_LAST_LINES_SECONDS = 5  # that CloudWatch may take to show what a container wrote before its end
_CLOCKS_APART = timedelta(hours=1)
_STARTED_BY_CHARACTERS = 128


class GaveWayError(OperateError):
    """The task was told to stop for another one, and its end is not waited for."""


@dataclass(frozen=True)
class Asked:
    """`revision` None: the one that serves."""

    command: Sequence[str]
    revision: int | None
    timeout: timedelta


def asked(command: Sequence[str], *, command_text: str, revision: int | None, timeout: str) -> Asked:
    """`command_text` is the command in a shell's quotes. Raises OperateError, in one line, where it is none."""
    try:
        words, duration = [*command, *shlex.split(command_text)], parse_duration(timeout)
    except ValueError as error:
        raise OperateError(f"--command is {command_text!r}: {str(error).lower()}.") from None
    except OverflowError:
        duration = None
    if duration is None:
        raise OperateError(f"--timeout is {timeout!r}: it must be 30s, 10m, 2h, 1d or the like.")
    if not words or (command and command_text):
        raise OperateError("run needs one command: run ENVIRONMENT -- COMMAND…, or make run COMMAND='…'.")
    return Asked(words, revision, duration)


def run(environment: Environment, asked: Asked, *, show: Callable[[Line], None]) -> int:
    """The container's exit code, or TIMED_OUT; `show` gets each of its lines.

    An interrupt stops the task and comes through. Raises OperateError, in one line, where no container has run.
    """
    with environment.answering():
        service = Service.deployed(environment)
        if why := embedded_aws.why_no_containers(environment.local_aws):
            raise OperateError(f"Tasks are bookkeeping here, and none can run. {why}")
        number = asked.revision
        definition = service.read()["taskDefinition"] if number is None else service.active_revision(number)
        exit_code = run_task(service, definition, asked.command, timeout=asked.timeout, show=show)
        return TIMED_OUT if exit_code is None else exit_code


def run_task(
    service: Service,
    definition: str,
    command: Sequence[str],
    *,
    timeout: timedelta,
    show: Callable[[Line], None],
    on_demand: bool = False,
    must_stop: Callable[[TaskTypeDef], str | None] = lambda _: None,
) -> int | None:
    """As `run`, of the task definition with the ARN `definition`; None where the time-out has passed.

    With `on_demand` it is not on Spot, whatever the service's share of it: nothing takes its capacity away.
    `must_stop` is asked once ECS has the task; where it gives a reason, the task is stopped, and GaveWayError raised.
    """
    request = _request(service, definition, command, on_demand=on_demand)
    with contextlib.ExitStack() as until_it_ends:
        with progress.Interrupts().handled() as interrupts:  # a task that was started is known
            started = _start(service, request)
            task = _OneOffTask(service, started["taskArn"], definition)
            until_it_ends.enter_context(task.stopped_when_interrupted())
        if interrupts.received:
            raise KeyboardInterrupt
        if why := must_stop(started):
            task.stop(why)
            raise GaveWayError(why)
        return task.follow(within=timeout, show=show)


def _request(service: Service, definition: str, command: Sequence[str], *, on_demand: bool) -> RunTaskRequestTypeDef:
    found = {**service.read(), **({"launchType": "FARGATE", "capacityProviderStrategy": []} if on_demand else {})}
    override = {"name": service.container(definition)["name"], "command": list(command)}
    kept = ("networkConfiguration", "platformVersion", "capacityProviderStrategy", "launchType")
    request = {
        "cluster": service.cluster,
        "taskDefinition": definition,
        "overrides": {"containerOverrides": [override]},
        "startedBy": _operator(service.environment),
        "clientToken": str(uuid.uuid4()),  # a repeated request starts no second task
        **{name: value for name, value in found.items() if name in kept and value},
    }
    return cast("RunTaskRequestTypeDef", request)


def _operator(environment: Environment) -> str:
    """Who the caller is, as far as ECS takes it: `assumed-role/deployer/alice`."""
    arn = environment.client("sts").get_caller_identity()["Arn"]
    return re.sub(r"[^A-Za-z0-9/_-]", "_", arn.rpartition(":")[2])[:_STARTED_BY_CHARACTERS]


def _start(service: Service, request: RunTaskRequestTypeDef) -> TaskTypeDef:
    answer = service.ecs.run_task(**request)
    if answer["tasks"]:
        return answer["tasks"][0]
    reasons = "; ".join(" ".join((one["reason"], one.get("detail", ""))).strip() for one in answer["failures"])
    raise OperateError(f"ECS started no task of {id_of(request['taskDefinition'])}: {reasons}.")


@dataclass(frozen=True)
class _OneOffTask:
    service: Service
    arn: str
    task_definition: str

    @property
    def name(self) -> str:
        return f"task {short_id(self.arn)} of {id_of(self.task_definition)}"

    @cached_property
    def _reader(self) -> Reader | None:
        streams = self.service.log_streams(self.task_definition)
        if streams is None:
            progress.console.print(f"{self.name} has no awslogs: what it prints is not shown")
            return None
        since = datetime.now(timezone.utc) - _CLOCKS_APART
        return Reader(self.service.logs, streams.group, f"{streams.name}{id_of(self.arn)}", since)

    def follow(self, *, within: timedelta, show: Callable[[Line], None]) -> int | None:
        """The container's exit code; None where it was stopped, since the time has passed."""
        deadline, status = time.monotonic() + within.total_seconds(), ""
        while True:
            task = next(iter(self.service.describe_tasks([self.arn])), None)  # ECS may not know it at once
            if task and task["lastStatus"] != status:
                status = task["lastStatus"]
                progress.console.print(f"{self.name}: {status}")
            self._show_lines(show)
            if task and status == "STOPPED":
                self._show_last_lines(show)
                return self._exit_code(task)
            if time.monotonic() > deadline:
                self.stop(f"its time limit of {within.total_seconds():.0f} s has passed")
                return None
            time.sleep(_POLL_SECONDS)

    def _show_lines(self, show: Callable[[Line], None]) -> None:
        """A log group that is not there is why the task does not start, which its end tells."""
        if self._reader:
            with contextlib.suppress(self.service.logs.exceptions.ResourceNotFoundException):
                for line in self._reader.read():
                    show(line)

    def _show_last_lines(self, show: Callable[[Line], None]) -> None:
        if self.service.environment.local_aws is None:
            time.sleep(_LAST_LINES_SECONDS)
        self._show_lines(show)

    def _exit_code(self, task: TaskTypeDef) -> int:
        name, reason = self.service.container(self.task_definition)["name"], rollout.reason_of(task)
        own = [one for one in task["containers"] if one["name"] == name]
        code = next((one.get("exitCode") for one in own), None)
        # ECS gives a container whose dependencies can't be met an exit code too
        if code is None or any(one.get("reason", "").startswith("CannotStartContainerError") for one in own):
            raise OperateError(f"{self.name} did not run: {reason}")
        if code:
            progress.console.print(f"{self.name}: {reason}")
        return code

    @contextlib.contextmanager
    def stopped_when_interrupted(self) -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt:
            self.stop("interrupted")
            raise
        except OperateError:
            raise
        except Exception:
            progress.console.print(f"{self.name} may run on. This stops it: {stop_command(self.service, self.arn)}")
            raise

    def stop(self, why: str) -> None:
        """A second interrupt does not keep it from that."""
        with progress.Interrupts().handled():
            try:
                self.service.ecs.stop_task(cluster=self.service.cluster, task=self.arn, reason=f"operate run: {why}")
            except Exception:
                progress.console.print(
                    f"{self.name} could not be stopped, and runs on: {stop_command(self.service, self.arn)}"
                )
                raise
        progress.console.print(f"{self.name} was told to stop, since {why}; nothing else was.")


def stop_command(service: Service, task_arn: str) -> str:
    """The AWS CLI's."""
    where = [*service.environment.cli_options(), "--cluster", service.cluster, "--task", task_arn]
    return shlex.join(["aws", "ecs", "stop-task", *where])
