"""What exists in AWS under the names of the stack's resources and is in no state: its own, or somebody else's.

Own is what carries the stack's tags: a deployment that was killed, an answer that was lost, a state that was lost or is
not the right one has left it. Terraform would refuse to create most of it again, and take a cluster over.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operate import paths
from operate.environment import answering
from operate.errors import OperateError
from operate.service import Service
from operate.terraform_cli.terraform_errors import how_to_restore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_ecs.type_defs import ServiceTypeDef

    from operate.environment import Environment
    from operate.terraform_cli.stack import Stack

    Block = Mapping[str, Any]
    Tags = Mapping[str, str]
    LookUp = Callable[[Environment, Block], "tuple[str, Tags] | None"]

_NAME_OF = re.compile(r"\$\{(?P<type>aws_\w+)\.(?P<label>\w+)\.name\}")


ASKED = ("ecs", "logs", "iam", "application-autoscaling")
"""The AWS services that a look-up asks."""


@dataclass(frozen=True)
class Unrecorded:
    """`import_id` is what `terraform import` calls it, `tags` are its own or those of what it belongs to."""

    address: str
    import_id: str
    tags: Tags

    def __str__(self) -> str:
        return f"{self.address.partition('.')[0]} {self.import_id}"


def imports(environment: Environment, stack: Stack) -> list[Unrecorded]:
    """The stack's own, for a plan to import. Raises OperateError for what is somebody else's."""
    found = list(_find(environment, stack))
    own = environment.settings.own_tags
    foreign = [one for one in found if any(one.tags.get(key) != value for key, value in own.items())]
    if foreign:
        raise OperateError(_refusal(foreign, stack))
    return found


def import_ids(found: Iterable[Unrecorded]) -> dict[str, str]:
    """By address."""
    return {one.address: one.import_id for one in found}


def warning(found: Sequence[Unrecorded], stack: Stack) -> str:
    settings = stack.settings
    restore = "" if stack.state().managed else f" {how_to_restore(settings.backend)}"
    return (
        f"{', '.join(map(str, found))}: with this stack's tags, and not in the state at {settings.backend.address}, as "
        f"after a deployment that was killed. They are imported. If another state has them: is [backend] in "
        f"environments/{settings.name}.toml the right one?{restore}"
    )


def _refusal(foreign: Sequence[Unrecorded], stack: Stack) -> str:
    """Who owns what, and the two ways out."""
    owners = [f"  {one}, {_shown(one.tags)}" for one in foreign]
    blocks = [f'import {{\n  to = {one.address}\n  id = "{one.import_id}"\n}}' for one in foreign]
    file = f"{paths.shown(stack.folder)}/imports.tf"
    return "\n".join(
        [
            "Nothing was changed. What the plan would create exists, and is not this stack's:",
            *owners,
            f"Take another name, service.name in environments/{stack.settings.name}.toml; or, if this stack is to own",
            f"it, put this into {file}:",
            *blocks,
        ]
    )


def _shown(tags: Tags) -> str:
    return f"tagged {', '.join(f'{key} = {value}' for key, value in sorted(tags.items()))}" if tags else "without tags"


def _find(environment: Environment, stack: Stack) -> Iterator[Unrecorded]:
    """A recorded one costs no question; one that somebody imports by hand is left to that."""
    resources = _synthesized(stack)
    recorded = {(resource.type, resource.name) for resource in stack.state().managed} if resources else set()
    by_hand = "".join(path.read_text() for path in stack.folder.glob("*.tf"))
    for type_, look_up in _LOOK_UPS.items():
        for label, block in resources.get(type_, {}).items():
            address = f"{type_}.{label}"
            if (type_, label) in recorded or re.search(rf"\bto\s*=\s*{re.escape(address)}\b", by_hand):
                continue
            with answering(f"AWS did not say whether there is already an {type_} of this stack's name"):
                found = look_up(environment, _with_names(block, resources))
            if found:
                yield Unrecorded(address, *found)


def _synthesized(stack: Stack) -> Mapping[str, Mapping[str, Block]]:
    file = stack.folder / "cdk.tf.json"
    resources: Mapping[str, Mapping[str, Block]] = json.loads(file.read_text()).get("resource", {})
    return resources


def _with_names(block: Block, resources: Mapping[str, Mapping[str, Block]]) -> Block:
    """With the names that it refers to in place of the references."""

    def name(match: re.Match[str]) -> str:
        return str(resources[match["type"]][match["label"]]["name"])

    return {key: _NAME_OF.sub(name, value) if isinstance(value, str) else value for key, value in block.items()}


def _cluster(environment: Environment, block: Block) -> tuple[str, Tags] | None:
    found = environment.client("ecs").describe_clusters(clusters=[block["name"]], include=["TAGS"])["clusters"]
    active = [one for one in found if one["status"] == "ACTIVE"]
    return (block["name"], _tags(active[0].get("tags", []), "key", "value")) if active else None


def _service(environment: Environment, block: Block) -> tuple[str, Tags] | None:
    found = _active_service(environment, block["name"])
    id_ = f"{environment.cluster_name}/{block['name']}"
    return (id_, _tags(found.get("tags", []), "key", "value")) if found else None


def _task_definition(environment: Environment, block: Block) -> tuple[str, Tags] | None:
    """The service's: others of the family are no more than registered."""
    found = _active_service(environment, block["family"])
    return (found["taskDefinition"], _tags(found.get("tags", []), "key", "value")) if found else None


def _active_service(environment: Environment, name: str) -> ServiceTypeDef | None:
    """With its tags. Service and family have one name."""
    return Service(environment, name).find(include=["TAGS"])


def _scalable_target(environment: Environment, block: Block) -> tuple[str, Tags] | None:
    name = block["resource_id"].rpartition("/")[2]
    service, resource_id = _service(environment, {"name": name}), f"service/{environment.cluster_name}/{name}"
    found = environment.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[resource_id]
    )["ScalableTargets"]
    return (f"ecs/{resource_id}/{block['scalable_dimension']}", service[1]) if service and found else None


def _log_group(environment: Environment, block: Block) -> tuple[str, Tags] | None:
    logs, name = environment.client("logs"), block["name"]
    groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    arn = next((group["arn"].removesuffix(":*") for group in groups if group["logGroupName"] == name), None)
    return (name, logs.list_tags_for_resource(resourceArn=arn)["tags"]) if arn else None


def _role(environment: Environment, block: Block) -> tuple[str, Tags] | None:
    iam = environment.client("iam")
    try:
        role = iam.get_role(RoleName=block["name"])["Role"]
    except iam.exceptions.NoSuchEntityException:
        return None
    return block["name"], _tags(role.get("Tags", []), "Key", "Value")


def _role_policy(environment: Environment, block: Block) -> tuple[str, Tags] | None:
    iam, role = environment.client("iam"), _role(environment, {"name": block["role"]})
    try:
        iam.get_role_policy(RoleName=block["role"], PolicyName=block["name"])
    except iam.exceptions.NoSuchEntityException:
        return None
    return (f"{block['role']}:{block['name']}", role[1]) if role else None


def _alarm(environment: Environment, block: Block) -> tuple[str, Tags] | None:
    """CloudWatch would change somebody else's of that name without a word."""
    cloudwatch, name = environment.client("cloudwatch"), block["alarm_name"]
    found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    arns = [one["AlarmArn"] for one in (*found["MetricAlarms"], *found["CompositeAlarms"])]
    if not arns:
        return None
    return name, _tags(cloudwatch.list_tags_for_resource(ResourceARN=arns[0])["Tags"], "Key", "Value")


def _dashboard(environment: Environment, block: Block) -> tuple[str, Tags] | None:
    """The provider gives it no tags: the stack's own is told by the beginning of its text."""
    cloudwatch, name = environment.client("cloudwatch"), block["dashboard_name"]
    try:
        found = cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]
    except (cloudwatch.exceptions.DashboardNotFoundError, cloudwatch.exceptions.ResourceNotFound):
        return None
    own = _beginning(found) == _beginning(block["dashboard_body"])
    return name, environment.settings.own_tags if own else {}


def _beginning(dashboard_body: str) -> str:
    """To the service's name, whatever somebody has made of it; the cluster's may be a reference of Terraform's."""
    try:
        return str(json.loads(dashboard_body)["widgets"][0]["properties"]["markdown"]).partition(" in cluster ")[0]
    except (ValueError, LookupError, TypeError):
        return ""


def _tags(tags: Sequence[Mapping[str, Any]], key: str, value: str) -> Tags:
    return {tag[key]: tag[value] for tag in tags}


# What is missing here can be created again where it exists: it says what is, and makes nothing new.
_LOOK_UPS: Mapping[str, LookUp] = {
    "aws_ecs_cluster": _cluster,
    "aws_cloudwatch_log_group": _log_group,
    "aws_iam_role": _role,
    "aws_iam_role_policy": _role_policy,
    "aws_ecs_task_definition": _task_definition,
    "aws_ecs_service": _service,
    "aws_appautoscaling_target": _scalable_target,
    "aws_cloudwatch_dashboard": _dashboard,
    "aws_cloudwatch_metric_alarm": _alarm,
}
