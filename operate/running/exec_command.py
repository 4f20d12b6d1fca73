"""A shell in a running container, as the AWS CLI opens it, or why it can't be opened.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
"""

from __future__ import annotations

import shlex
import shutil
from typing import TYPE_CHECKING

from operate import progress
from operate.errors import OperateError
from operate.service import Service, id_of, short_id

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import TaskTypeDef

    from operate.environment import Environment

_PLUGIN = "session-manager-plugin"
_INSTALLED = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
)


def command_line(environment: Environment, *, task: str | None, container: str | None = None) -> str:
    """For the newest running task, or the one whose id begins with `task`; of its `container`. Raises OperateError."""
    with environment.answering():
        service = Service.deployed(environment)
        if environment.local_aws:
            raise OperateError("The embedded AWS has no ECS Exec: `run` starts a command in a task of its own here.")
        found = service.read()
        if not found.get("enableExecuteCommand"):
            raise OperateError(
                f"ECS Exec is off for {service.name}. Set enable_execute_command = true under [service] in "
                f"environments/{environment.settings.name}.toml and deploy it: tasks that start after that have it."
            )
        chosen = _chosen(service, task)
        name = service.container(chosen["taskDefinitionArn"], name=container)["name"]
    if shutil.which(_PLUGIN) is None:
        progress.console.print(f"The AWS CLI needs {_PLUGIN} for this, which is not on PATH: {_INSTALLED}")
    where = [*environment.cli_options(), "--cluster", service.cluster, "--task", id_of(chosen["taskArn"])]
    command = ["--container", name, "--interactive", "--command", "/bin/sh"]
    return shlex.join(["aws", "ecs", "execute-command", *where, *command])


def _chosen(service: Service, task: str | None) -> TaskTypeDef:
    running = [one for one in service.tasks() if one["lastStatus"] == "RUNNING"]
    named = [one for one in running if id_of(one["taskArn"]).startswith(id_of(task or ""))]
    if not named:
        which = f"whose id begins with {task!r} " if task else ""
        there = ", ".join(short_id(one["taskArn"]) for one in running) or "none"
        raise OperateError(f"No task of {service.name} {which}is running. Running: {there}.")
    able = [one for one in named if one.get("enableExecuteCommand")]
    if not able:
        raise OperateError(
            f"The task {short_id(named[0]['taskArn'])} started before ECS Exec was on. This replaces all tasks: "
            f"aws ecs update-service {shlex.join(service.environment.cli_options())} --cluster {service.cluster} "
            f"--service {service.name} --force-new-deployment"
        )
    return able[0]
