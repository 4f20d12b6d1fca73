"""What a plan of the deployed stack shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operate.acceptance.checks.check import judges
from operate.acceptance.criteria import Criterion, Finding

if TYPE_CHECKING:
    from operate.acceptance.service_under_test import ServiceUnderTest

_TYPES = (
    "aws_ecs_cluster",
    "aws_ecs_task_definition",
    "aws_ecs_service",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_iam_role_policies_exclusive",
    "aws_iam_role_policy_attachments_exclusive",
    "aws_cloudwatch_log_group",
    "aws_appautoscaling_target",
    "aws_appautoscaling_policy",
)


@judges(
    Criterion("SC-006", "The plan shows every ECS resource", "all of them, no errors"),
    disruptive=False,
    needs_containers=False,
)
def every_resource(tested: ServiceUnderTest) -> list[Finding]:
    """Every type of resource of the specification is in it, but for what is somebody else's; changes are counted."""
    image = tested.service.image()
    document = tested.environment.stack.plan(image_tag=image.tag if image else None)
    resources = document["planned_values"]["root_module"].get("resources", [])
    managed = [resource["type"] for resource in resources if resource["mode"] == "managed"]
    missing = [type_ for type_ in _TYPES if type_ not in managed and type_ not in _others(tested)]
    pending = sum(change["change"]["actions"] not in (["no-op"], ["read"]) for change in document["resource_changes"])
    measured = f"{len(managed)} resources, {pending} to change, no errors"
    if missing:
        measured = f"missing: {', '.join(missing)}"
    return [Finding(not missing, measured, {"resources": len(managed), "to_change": pending})]


def _others(tested: ServiceUnderTest) -> set[str]:
    settings = tested.environment.settings
    kinds = {"aws_ecs_cluster": settings.cluster.name, "aws_cloudwatch_log_group": settings.logs.group}
    return {type_ for type_, name in kinds.items() if name}
