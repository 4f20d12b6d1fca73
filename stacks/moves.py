"""Where resources were in states that an earlier version made: Terraform moves them, and destroys nothing.

An entry stays for as long as a state may exist that was last applied before its date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.log_group import LogGroup

if TYPE_CHECKING:
    from constructs_lib.fargate_task_definition import FargateTaskDefinition
    from constructs_lib.log_group import ExistingLogGroup


def move_from_earlier_addresses(
    *, log_group: LogGroup | ExistingLogGroup, task_definition: FargateTaskDefinition
) -> None:
    """Until 2026-11-25 both were made within the construct of the service."""
    if isinstance(log_group, LogGroup):
        log_group.resource.move_from_id("aws_cloudwatch_log_group.service_logs_687FB03D")
    task_definition.resource.move_from_id("aws_ecs_task_definition.service_task_definition_149AA298")
