"""Whether the containers beside the API run in its tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operate.acceptance.checks.check import judges
from operate.acceptance.criteria import Criterion, Finding, NotRunError
from operate.service import short_id

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ContainerTypeDef

    from operate.acceptance.service_under_test import ServiceUnderTest


@judges(Criterion("SIDECAR-1", "The containers beside the API run", "or have ended with 0"), disruptive=False)
def containers_beside(tested: ServiceUnderTest) -> list[Finding]:
    """In each running task of the deployed revision; what has ended there is not essential, or the task would end."""
    own, revision = tested.container["name"], tested.definition["taskDefinitionArn"]
    if len(tested.definition["containerDefinitions"]) == 1:
        raise NotRunError("the task has no other container")
    tasks = [
        task
        for task in tested.service.tasks()
        if (task["taskDefinitionArn"], task["lastStatus"]) == (revision, "RUNNING")
    ]
    others = [(task, one) for task in tasks for one in task["containers"] if one["name"] != own]
    wrong = [f"{one['name']} of task {short_id(task['taskArn'])}" for task, one in others if not _is_well(one)]
    if not others:
        return [Finding(passed=False, measured="no task runs")]
    measured = f"not well: {', '.join(wrong)}" if wrong else f"{len(others)} in {len(tasks)} tasks"
    return [Finding(passed=not wrong, measured=measured)]


def _is_well(container: ContainerTypeDef) -> bool:
    if container.get("lastStatus") == "STOPPED":
        return container.get("exitCode") == 0
    return container.get("lastStatus") == "RUNNING" and container.get("healthStatus") != "UNHEALTHY"
