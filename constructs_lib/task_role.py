"""The role that a task's container itself has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib import defaults
from constructs_lib.ecs_tasks_role import EcsTasksRole
from constructs_lib.iam_policy import AwsLocation, PolicyStatement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

_EXECUTE_COMMAND = PolicyStatement(
    sid="ExecuteCommand",
    actions=(
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ),
    resources=("*",),
)


class TaskRole(EcsTasksRole):
    """May do nothing (FR-005), unless it is granted.

    - ``name``: 1 to 64 letters, digits and +=,.@_-. No default.
    - ``location``: partition, region and account of the tasks. No default.
    - ``statements``: what the application needs; nothing by default.
    - ``enable_execute_command``: adds the four actions without which ECS Exec cannot open a session; False by default.
    - ``permissions_boundary_arn``: a policy that limits what the role's own can grant; none by default.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        location: AwsLocation,
        statements: Sequence[PolicyStatement] = (),
        enable_execute_command: bool = defaults.ENABLE_EXECUTE_COMMAND,
        permissions_boundary_arn: str | None = None,
    ) -> None:
        super().__init__(
            scope,
            id_,
            name=name,
            description="What the container itself may do in AWS",
            location=location,
            policy_name="task",
            statements=[*statements, *([_EXECUTE_COMMAND] if enable_execute_command else [])],
            permissions_boundary_arn=permissions_boundary_arn,
        )
