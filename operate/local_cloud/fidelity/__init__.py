"""Where MiniStack's ECS and load balancer differ from AWS's and it shows: closed here, inside the emulator's process.

`scheduler` decides, `tasks` and `containers` run, `targets` and `health` check. What stays different is in the README.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ministack import app
from ministack.services import alb, cloudwatch_logs, ecs, iam, kms, secretsmanager, ssm

from operate.local_cloud.fidelity import (
    clusters,
    container_secrets,
    containers,
    deployments,
    identities,
    images,
    launches,
    log_groups,
    logs,
    pins,
    records,
    scheduler,
    services,
    targets,
    tasks,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    Functions = dict[ModuleType, dict[str, Callable[..., object]]]

_FINGERPRINTS: dict[ModuleType, dict[str, str]] = {
    alb: {
        "_describe_target_health": "d848e8a26fcb",
        "_forward_to_tg": "9a88384605d7",
        "_parse_targets_param": "b4d614094f2c",
        "_proxy_http_target": "c05100c8b201",
    },
    app: {
        "_handle_alb_request": "61a0fe6cfbbf",
        "_stop_docker_containers": "1b1e554c50c8",
    },
    cloudwatch_logs: {
        "_create_log_group": "ce6fd1931ae9",
        "_make_group_arn_no_star": "fb818eb9cab6",
        "handle_request": "e453a3f37b62",
    },
    ecs: {
        "_attach_started_container": "460d804afde7",
        "_awslogs_config": "365e078465ec",
        "_build_run_kwargs": "25f7593b8823",
        "_circuit_breaker_threshold": "6ed16b6c21e5",
        "_cleanup_task_resources": "077c78a7702a",
        "_complete_service_deployment": "4472ae6823d0",
        "_create_service": "8bc82a13551c",
        "_delete_cluster": "0ff8bca5ea39",
        "_delete_service": "3f32aa017e1f",
        "_describe_tasks": "c7057f1f0679",
        "_ensure_awslogs_stream": "0fefac5cc2fd",
        "_launch_choice": "1a004f8f789b",
        "_list_tasks": "4509b25d2bf8",
        "_make_deployment": "5660a8c0ef36",
        "_mark_task_activating": "865905b75291",
        "_mark_task_pending": "37729731ca03",
        "_mark_task_running": "42c41b2d19b9",
        "_mark_task_stopped": "09bac9c1c8d0",
        "_maybe_mark_stopped": "c9797b050da2",
        "_prepare_service_images": "609db0fe0afd",
        "_reconcile_service_tasks": "16e4d03cbf75",
        "_record_service_task_failure": "1f0fff5d229f",
        "_refresh_service_state": "5dcadfc2dcdd",
        "_register_task_definition": "824afe19e6a1",
        "_remove_docker_container": "209837990b2f",
        "_resolve_container_secrets": "7646fdec34d8",
        "_resolve_td_key": "0cd4ac5c23ce",
        "_restore_state": "cf8858705dce",
        "_run_docker_container": "9630f0c32368",
        "_run_task": "6e96d8f5a5b8",
        "_run_task_worker": "54033632b372",
        "_schedule_service_deployment_completion": "938eb06d6faf",
        "_start_awslogs_forwarder": "bc9330496ce7",
        "_start_task_worker": "73e133e6afaa",
        "_stop_task": "06eb83088bbc",
        "_sync_service_targets": "54c6f0448b05",
        "_task_capacity": "ed0b66eb4980",
        "_task_is_active": "9745462eeaeb",
        "_ts_to_epoch": "85ecc4ae4582",
        "_update_service": "bde69c11b50d",
    },
    iam: {
        "_absent_boundary_error": "30537f667e4d",
        "_attach_role_policy": "44f7952356e0",
        "_boundary_policy_error": "f466817738f7",
        "_boundary_usage_counts": "14b3d8ba34d8",
        "_delete_policy": "2d03891e332d",
    },
    kms: {"_resolve_key": "90e6b84ded7c"},
    secretsmanager: {"_get_secret_value": "faa3eb333a8b"},
    ssm: {"_get_parameter": "b442d63c5a8e"},
}
_REPLACED: Functions = {
    alb: {
        "_describe_target_health": targets.describe_target_health,
        "_forward_to_tg": targets.forward,
    },
    ecs: {
        # The scheduler's loop does what these did, each at its own moment
        "_complete_service_deployment": records.wake,
        "_maybe_mark_stopped": records.wake,
        "_reconcile_service_tasks": records.wake,
        "_record_service_task_failure": records.wake,
        "_refresh_service_state": records.wake,
        "_schedule_service_deployment_completion": records.wake,
        "_sync_service_targets": records.wake,
        "_prepare_service_images": images.pin,
        "_remove_docker_container": containers.remove,
        "_resolve_container_secrets": container_secrets.values,
        "_run_docker_container": containers.run,
        "_run_task_worker": tasks.run,
        "_start_awslogs_forwarder": logs.start,
        "_stop_task": tasks.stop_task,
    },
    iam: {
        "_absent_boundary_error": identities.no_boundary_refusal,
        "_boundary_policy_error": identities.boundary_refusal,
    },
}
_WRAPPED: Functions = {
    app: {
        "_handle_alb_request": targets.dispatch,
        "_stop_docker_containers": scheduler.close,
    },
    cloudwatch_logs: {
        "_create_log_group": log_groups.create,
        "handle_request": log_groups.handle,
    },
    ecs: {
        "_build_run_kwargs": containers.run_options,
        "_create_service": services.create,
        "_delete_cluster": clusters.delete,
        "_delete_service": services.delete,
        "_make_deployment": deployments.make,
        "_register_task_definition": launches.register,
        "_resolve_td_key": launches.resolve,
        "_run_task": launches.run_task,
        "_ts_to_epoch": services.epoch_seconds,
        "_update_service": services.update,
    },
    iam: {
        "_attach_role_policy": identities.attach,
        "_delete_policy": identities.delete_policy,
    },
}


def install() -> None:
    """Corrects the imported MiniStack; called once, before it serves. Raises OperateError if it is another one."""
    pins.check(_FINGERPRINTS)
    for module, functions in _REPLACED.items():
        for name, replacement in functions.items():
            pins.replace(module, name, replacement)
    for module, functions in _WRAPPED.items():
        for name, wrapper in functions.items():
            pins.replace(module, name, partial(wrapper, getattr(module, name)))
    scheduler.start()
