"""Where resources were in states that an earlier version made: Terraform moves them, and destroys nothing.

An entry stays for as long as a state may exist that was last applied before its date.

`move_from_id` would write the same, and have cdktf run `terraform version` for each stack that is synthesized, to see
whether Terraform knows `moved` blocks: `required_version` says that already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.log_group import LogGroup

if TYPE_CHECKING:
    from cdktf import TerraformResource, TerraformStack

    from constructs_lib.fargate_task_definition import FargateTaskDefinition
    from constructs_lib.log_group import ExistingLogGroup


def move_from_earlier_addresses(
    stack: TerraformStack, *, log_group: LogGroup | ExistingLogGroup, task_definition: FargateTaskDefinition
) -> None:
    """Until 2026-11-25 both were made within the construct of the service."""
    moved: dict[str, TerraformResource] = {
        "aws_ecs_task_definition.service_task_definition_149AA298": task_definition.resource
    }
    if isinstance(log_group, LogGroup):
        moved["aws_cloudwatch_log_group.service_logs_687FB03D"] = log_group.resource
    stack.add_override(
        "moved",
        [
            {"from": earlier, "to": f"{resource.terraform_resource_type}.{resource.friendly_unique_id}"}
            for earlier, resource in sorted(moved.items())
        ],
    )
