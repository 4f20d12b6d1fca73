"""Every function of MiniStack that is corrected, and by what: the one place where the embedded AWS changes MiniStack.

Each correction is called in the function's place, with the function itself as an additional first argument.
"""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from ministack import app
from ministack.services import alb, cloudwatch, cloudwatch_logs, ec2, ecr, ecs, iam

from local_aws.cloudwatch import alarm_requests, alarms, application_load_balancers, log_events, log_groups
from local_aws.ec2 import describe_filters, prefix_lists, routes, security_group_rules, vpc_endpoints
from local_aws.ecr import describe_images
from local_aws.ecs import (
    clusters,
    containers,
    deployments,
    engine_client,
    run_task,
    scheduler,
    services,
    task_definitions,
    tasks,
)
from local_aws.elasticloadbalancing import listener_rules, load_balancers, target_groups, targets
from local_aws.errors import LocalAwsError
from local_aws.iam import managed_policies

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

VERSION = "1.5.33"

# The scheduler's loop does what these did, each at its own moment
_LEFT_TO_THE_SCHEDULER = (
    "_maybe_mark_stopped",
    "_reconcile_service_tasks",
    "_record_service_task_failure",
    "_refresh_service_state",
    "_sync_service_targets",
)
PATCHES: tuple[tuple[ModuleType, str, Callable[..., object]], ...] = (
    (alb, "_action_xml", listener_rules.action_xml),
    (alb, "_condition_xml", listener_rules.condition_xml),
    (alb, "_create_lb", load_balancers.create),
    (alb, "_create_listener", load_balancers.create_listener),
    (alb, "_create_rule", listener_rules.create),
    (alb, "_create_tg", target_groups.create),
    (alb, "_describe_target_health", targets.describe_target_health),
    (alb, "_describe_tgs", target_groups.describe),
    (alb, "_execute_actions", listener_rules.execute_actions),
    (alb, "_forward_to_tg", targets.forward),
    (alb, "_lb_xml", load_balancers.xml),
    (alb, "_match_condition", listener_rules.matches),
    (alb, "_modify_listener", load_balancers.modify_listener),
    (alb, "_modify_rule", listener_rules.modify),
    (alb, "_parse_actions", listener_rules.parse_actions),
    (alb, "_parse_conditions", listener_rules.parse_conditions),
    (alb, "_proxy_http_target", application_load_balancers.proxy),
    (alb, "_set_rule_priorities", listener_rules.set_priorities),
    (alb, "_tg_xml", target_groups.xml),
    (alb, "dispatch_request", application_load_balancers.dispatch),
    (app, "_handle_alb_request", targets.dispatch),
    (app, "_reaper_docker_client", engine_client.get),
    (app, "_stop_docker_containers", scheduler.close),
    (cloudwatch, "_describe_alarms", alarm_requests.describe),
    (cloudwatch, "_evaluate_alarm", alarms.not_yet),
    (cloudwatch, "_put_metric_alarm", alarm_requests.put),
    (cloudwatch_logs, "_create_log_group", log_groups.create),
    (cloudwatch_logs, "_filter_log_events", log_events.filtered),
    (cloudwatch_logs, "handle_request", log_groups.handle),
    (ec2, "_authorize_sg_egress", security_group_rules.authorize_egress),
    (ec2, "_authorize_sg_ingress", security_group_rules.authorize_ingress),
    (ec2, "_create_managed_prefix_list", prefix_lists.create),
    (ec2, "_create_route", routes.create),
    (ec2, "_create_vpc_endpoint", vpc_endpoints.create),
    (ec2, "_delete_route", routes.delete),
    (ec2, "_delete_vpc_endpoints", vpc_endpoints.delete),
    (ec2, "_describe_network_interfaces", describe_filters.network_interfaces),
    (ec2, "_describe_route_tables", describe_filters.route_tables),
    (ec2, "_describe_security_groups", describe_filters.security_groups),
    (ec2, "_describe_vpc_endpoints", describe_filters.vpc_endpoints),
    (ec2, "_modify_vpc_endpoint", vpc_endpoints.modify),
    (ec2, "_parse_ip_permissions", security_group_rules.parse),
    (ec2, "_replace_route", routes.replace),
    (ec2, "_sg_rule_xml", security_group_rules.rule_xml),
    (ec2, "_sg_xml", security_group_rules.group_xml),
    (ec2, "_vpce_fields_xml", vpc_endpoints.fields_xml),
    (ecr, "_describe_images", describe_images.describe),
    *((ecs, name, scheduler.act_soon) for name in _LEFT_TO_THE_SCHEDULER),
    (ecs, "_create_service", services.create),
    (ecs, "_delete_cluster", clusters.delete),
    (ecs, "_delete_service", services.delete),
    (ecs, "_describe_services", services.describe),
    (ecs, "_get_docker", engine_client.get),
    (ecs, "_make_deployment", deployments.make),
    (ecs, "_register_task_definition", task_definitions.register),
    (ecs, "_remove_docker_container", containers.remove_started),
    (ecs, "_resolve_td_key", task_definitions.resolve),
    (ecs, "_run_task", run_task.run_task),
    (ecs, "_run_task_worker", tasks.run),
    (ecs, "_stop_task", tasks.stop_task),
    (ecs, "_ts_to_epoch", services.epoch_seconds),
    (ecs, "_update_service", services.update),
    (iam, "_absent_boundary_error", managed_policies.no_boundary_refusal),
    (iam, "_attach_role_policy", managed_policies.attach),
    (iam, "_boundary_policy_error", managed_policies.boundary_refusal),
    (iam, "_delete_policy", managed_policies.delete_policy),
)
_TABLES = ("_ACTION_MAP", "_IAM_HANDLERS")  # where a module looks its own functions up


def install() -> None:
    """Corrects the imported MiniStack; called once, before it serves. Raises LocalAwsError if it is another version."""
    found = version("ministack")
    if found != VERSION:
        raise LocalAwsError(f"The embedded AWS corrects MiniStack {VERSION}, and {found} is installed.")
    for module, name, correction in PATCHES:
        _replace(module, name, partial(correction, getattr(module, name)))


def _replace(module: ModuleType, name: str, correction: Callable[..., object]) -> None:
    original = getattr(module, name)
    setattr(module, name, correction)
    for actions in (getattr(module, table, {}) for table in _TABLES):
        actions.update({action: correction for action, handler in actions.items() if handler is original})
