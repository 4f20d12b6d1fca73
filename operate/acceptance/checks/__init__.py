"""The specification's success criteria, story scenarios and edge cases that are about a running system, in order."""

from operate.acceptance.checks import (
    autoscaling,
    deployment_alarms,
    health,
    logs,
    outage,
    plan,
    rollback,
    rolling_deployment,
    sidecars,
    task_replacement,
)

CHECKS = (
    health.first_answer,
    logs.first_line,
    plan.every_resource,
    sidecars.containers_beside,
    task_replacement.killed_task,
    task_replacement.crashed_container,
    task_replacement.memory_exceeded,
    rolling_deployment.there_and_back,
    rollback.crashing_version,
    rollback.unhealthy_version,
    rollback.missing_image,
    outage.every_task_unhealthy,
    autoscaling.scaled_out,
    autoscaling.scaled_out_by_memory,
    autoscaling.scaled_out_by_requests,
    autoscaling.scheduled,
    deployment_alarms.watched_versions,
)


def criterion_ids() -> list[str]:
    return [criterion.id for check in CHECKS for criterion in check.criteria]
