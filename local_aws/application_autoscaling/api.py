"""Application Auto Scaling for ECS services, which MiniStack lacks: keeps what it is given, refuses what AWS refuses.

Shaped as a MiniStack service module: `handle_request`, `get_state`, `load_persisted_state`, `reset`.
Actions and error codes: https://docs.aws.amazon.com/autoscaling/application/APIReference/
"""

from __future__ import annotations

import copy
import functools
import json
import math
import re
import time
import uuid
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from botocore.session import Session
from ministack.core.responses import (
    AccountRegionScopedDict,
    error_response_json,
    get_account_id,
    get_region,
    json_response,
)
from ministack.services import ecs

from local_aws.application_autoscaling.schedule_expressions import Schedule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from local_aws.ministack_types import Answer

    Json = dict[str, Any]

SERVICE = "application-autoscaling"
TARGET_PREFIX = "AnyScaleFrontendService"

_DIMENSION = "ecs:service:DesiredCount"
_RESOURCE = re.compile(r"service/(?P<service>[^/]+/[^/]+)")
_METRICS = ("ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget")
_CONFIGURATIONS = {
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "StepScaling": "StepScalingPolicyConfiguration",
}
_NOT_SUSPENDED = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}

# Keyed by the resource id, or by it and the policy's or action's name: one namespace and dimension are all there is.
_targets = AccountRegionScopedDict()
_policies = AccountRegionScopedDict()
_scheduled = AccountRegionScopedDict()
_tags = AccountRegionScopedDict()
_activities = AccountRegionScopedDict()  # by their own ids, oldest first
_KEPT_ACTIVITIES = 100
_STORES = {
    "targets": _targets,
    "policies": _policies,
    "scheduled": _scheduled,
    "tags": _tags,
    "activities": _activities,
}


class Refused(Exception):  # noqa: N818 - named as it reads: `raise Refused`
    """An answer of AWS's other than success."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _invalid(message: str) -> Refused:
    return Refused("ValidationException", message)


async def handle_request(
    _method: str, _path: str, headers: dict[str, str], body: bytes, _query: dict[str, list[str]]
) -> Answer:
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    if action not in _ACTIONS:
        return _answer(error_response_json("UnknownOperationException", f"The embedded AWS does not offer {action}"))
    try:
        return _answer(json_response(_ACTIONS[action](json.loads(body or b"{}"))))
    except Refused as refused:
        return _answer(error_response_json(refused.code, str(refused)))


def _answer(response: Answer) -> Answer:
    status, headers, body = response
    return status, {**headers, "Content-Type": "application/x-amz-json-1.1"}, body


def get_state() -> Json:
    return copy.deepcopy(_STORES)


def load_persisted_state(state: Json) -> None:
    for name, store in _STORES.items():
        store.update(state.get(name, {}))


def reset() -> None:
    for store in _STORES.values():
        store.clear()


@functools.cache
def _enumeration(shape: str) -> tuple[str, ...]:
    return tuple(Session().get_service_model(SERVICE).shape_for(shape).metadata["enum"])


def _check_enumeration(request: Json, member: str, shape: str) -> None:
    value = request.get(member)
    if value is not None and value not in _enumeration(shape):
        at = member[0].lower() + member[1:]
        raise _invalid(
            f"1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(_enumeration(shape))}]"
        )


def _check_namespace(request: Json) -> None:
    _check_enumeration(request, "ServiceNamespace", "ServiceNamespace")
    _check_enumeration(request, "ScalableDimension", "ScalableDimension")
    if request.get("ServiceNamespace") != "ecs" or request.get("ScalableDimension", _DIMENSION) != _DIMENSION:
        raise _invalid("Unsupported service namespace, resource type or scalable dimension")


def _resource(request: Json) -> str:
    """The request's resource id, `service/<cluster>/<name>`."""
    _check_namespace(request)
    resource = str(request.get("ResourceId", ""))
    if not _RESOURCE.fullmatch(resource):
        raise _invalid("Unsupported service namespace, resource type or scalable dimension")
    return resource


def _registered(request: Json) -> Json:
    resource = _resource(request)
    if resource not in _targets:
        raise Refused(
            "ObjectNotFoundException",
            "No scalable target registered for service namespace: ecs, "
            f"resource ID: {resource}, scalable dimension: {_DIMENSION}",
        )
    return dict(_targets[resource])


def register_scalable_target(request: Json) -> Json:
    resource = _resource(request)
    known = _targets.get(resource)
    target = {**(known or _new_target(resource)), **_given(request, "MinCapacity", "MaxCapacity")}
    target["SuspendedState"] = {**target["SuspendedState"], **request.get("SuspendedState", {})}
    _check_capacity(target)
    _targets[resource] = target
    if known is None:
        _tags[target["ScalableTargetARN"]] = dict(request.get("Tags", {}))
    return {"ScalableTargetARN": target["ScalableTargetARN"]}


def _given(request: Json, *members: str) -> Json:
    return {member: request[member] for member in members if request.get(member) is not None}


def _new_target(resource: str) -> Json:
    service = ecs._services.get(resource.partition("/")[2])  # noqa: SLF001
    if service is None or service["status"] != "ACTIVE":
        raise _invalid(f"ECS service doesn't exist: {resource}")
    account, region = get_account_id(), get_region()
    return {
        "ServiceNamespace": "ecs",
        "ResourceId": resource,
        "ScalableDimension": _DIMENSION,
        # ECS takes this service-linked role whatever role the request names
        "RoleARN": f"arn:aws:iam::{account}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
        "AWSServiceRoleForApplicationAutoScaling_ECSService",
        "CreationTime": time.time(),
        "SuspendedState": _NOT_SUSPENDED,
        "ScalableTargetARN": f"arn:aws:application-autoscaling:{region}:{account}:scalable-target/{uuid.uuid4().hex}",
    }


def _check_capacity(target: Json) -> None:
    if "MinCapacity" not in target or "MaxCapacity" not in target:
        raise _invalid("Both MinCapacity and MaxCapacity are required to register a new scalable target")
    minimum, maximum = target["MinCapacity"], target["MaxCapacity"]
    if minimum < 0:
        raise _invalid(f"Minimum capacity must be greater than or equal to 0, and is {minimum}")
    if minimum > maximum:
        raise _invalid(f"Maximum capacity cannot be less than minimum capacity: {maximum} is less than {minimum}")


def describe_scalable_targets(request: Json) -> Json:
    _check_namespace(request)
    wanted = request.get("ResourceIds")
    found = [
        {**target, "ResourceId": resource}
        for resource, target in sorted(_targets.items())
        if not wanted or resource in wanted
    ]
    return _page(request, "ScalableTargets", found)


def deregister_scalable_target(request: Json) -> Json:
    target = _registered(request)
    resource = target["ResourceId"]
    for store in (_policies, _scheduled):
        for key in [key for key in store if key[0] == resource]:
            del store[key]
    _tags.pop(target["ScalableTargetARN"], None)
    del _targets[resource]
    return {}


def put_scaling_policy(request: Json) -> Json:
    _check_enumeration(request, "PolicyType", "PolicyType")
    target = _registered(request)
    key = (target["ResourceId"], request["PolicyName"])
    known = _policies.get(key)
    policy = _checked_policy(key, {**(known or _new_policy(key)), **_given(request, "PolicyType")}, request)
    policy["Alarms"] = (known or {}).get("Alarms") or _alarms(policy)
    _policies[key] = policy
    return {"PolicyARN": policy["PolicyARN"], "Alarms": policy["Alarms"]}


def _new_policy(key: tuple[str, str]) -> Json:
    resource, name = key
    return {
        "PolicyARN": f"arn:aws:autoscaling:{get_region()}:{get_account_id()}:scalingPolicy:{uuid.uuid4()}"
        f":resource/ecs/{resource}:policyName/{name}",
        "PolicyName": name,
        "ServiceNamespace": "ecs",
        "ResourceId": resource,
        "ScalableDimension": _DIMENSION,
        "PolicyType": "StepScaling",
        "CreationTime": time.time(),
    }


def _checked_policy(key: tuple[str, str], policy: Json, request: Json) -> Json:
    kind = policy["PolicyType"]
    if kind not in _CONFIGURATIONS:
        raise _invalid(f"The policy type {kind} is not supported for the service namespace ecs")
    member = _CONFIGURATIONS[kind]
    configuration = request.get(member)
    if not configuration:
        raise _invalid(f"{member} is required for a policy of type {kind}")
    if kind == "TargetTrackingScaling":
        _check_target_tracking(key, configuration)
    else:
        _check_steps(configuration)
    kept = {name: value for name, value in policy.items() if name not in _CONFIGURATIONS.values()}
    return {**kept, member: configuration}


def _check_target_tracking(key: tuple[str, str], configuration: Json) -> None:
    predefined = configuration.get("PredefinedMetricSpecification")
    if (predefined is None) == (configuration.get("CustomizedMetricSpecification") is None):
        raise _invalid("Exactly one of a predefined and a customized metric specification must be given")
    if predefined is None:
        return
    _check_enumeration(predefined, "PredefinedMetricType", "MetricType")
    metric = predefined.get("PredefinedMetricType")
    if metric not in _METRICS:
        raise _invalid(f"The predefined metric type {metric} is not supported for the service namespace ecs")
    if metric == "ALBRequestCountPerTarget" and not predefined.get("ResourceLabel"):
        raise _invalid(f"ResourceLabel is required for the predefined metric type {metric}")
    _check_one_policy_per_metric(key, metric)


def _check_one_policy_per_metric(key: tuple[str, str], metric: str) -> None:
    for other, policy in _policies.items():
        tracked = policy.get("TargetTrackingScalingPolicyConfiguration", {}).get("PredefinedMetricSpecification", {})
        if other[0] == key[0] and other != key and tracked.get("PredefinedMetricType") == metric:
            raise _invalid(
                "Only one TargetTrackingScaling policy for a given metric specification is allowed, "
                f"and {other[1]} tracks {metric}"
            )


def _check_steps(configuration: Json) -> None:
    _check_enumeration(configuration, "AdjustmentType", "AdjustmentType")
    if not configuration.get("AdjustmentType") or not configuration.get("StepAdjustments"):
        raise _invalid("A StepScaling policy requires an AdjustmentType and at least one step adjustment")


def _alarms(policy: Json) -> list[Json]:
    """What target tracking watches; a step policy's alarms are its owner's to create."""
    if policy["PolicyType"] != "TargetTrackingScaling":
        return []
    names = [f"TargetTracking-{policy['ResourceId']}-Alarm{side}-{uuid.uuid4()}" for side in ("High", "Low")]
    arn = f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm"
    return [{"AlarmName": name, "AlarmARN": f"{arn}:{name}"} for name in names]


def describe_scaling_policies(request: Json) -> Json:
    _check_namespace(request)
    return _page(request, "ScalingPolicies", _named(_policies, request, names=request.get("PolicyNames")))


def delete_scaling_policy(request: Json) -> Json:
    key = (_resource(request), request["PolicyName"])
    if key not in _policies:
        raise Refused(
            "ObjectNotFoundException",
            f"No scaling policy found for service namespace: ecs, resource ID: {key[0]}, "
            f"scalable dimension: {_DIMENSION}, policy name: {key[1]}",
        )
    del _policies[key]
    return {}


def put_scheduled_action(request: Json) -> Json:
    key = (_registered(request)["ResourceId"], request["ScheduledActionName"])
    known = _scheduled.get(key) or _new_scheduled_action(key)
    kept = {name: value for name, value in known.items() if name not in {"StartTime", "EndTime"}}
    given = _given(request, "Schedule", "Timezone", "StartTime", "EndTime", "ScalableTargetAction")
    action = {**kept, **given}
    _check_scheduled_action(action)
    _scheduled[key] = action
    return {}


def _new_scheduled_action(key: tuple[str, str]) -> Json:
    resource, name = key
    return {
        "ScheduledActionName": name,
        "ScheduledActionARN": f"arn:aws:autoscaling:{get_region()}:{get_account_id()}:scheduledAction:{uuid.uuid4()}"
        f":resource/ecs/{resource}:scheduledActionName/{name}",
        "ServiceNamespace": "ecs",
        "ResourceId": resource,
        "ScalableDimension": _DIMENSION,
        "Timezone": "UTC",
        "CreationTime": time.time(),
    }


def _check_scheduled_action(action: Json) -> None:
    bounds = action.get("ScalableTargetAction", {})
    if "MinCapacity" not in bounds and "MaxCapacity" not in bounds:
        raise _invalid("At least one of minimum capacity and maximum capacity should be provided")
    _check_capacity({"MinCapacity": 0, "MaxCapacity": bounds.get("MinCapacity", 0), **bounds})
    if action.get("EndTime") is not None and action["EndTime"] <= action.get("StartTime", -math.inf):
        raise _invalid("End time must be later than start time")
    created = datetime.fromtimestamp(action["CreationTime"], timezone.utc)
    try:
        Schedule(action.get("Schedule", ""), action["Timezone"], created)
    except (ValueError, OverflowError) as error:
        raise _invalid(f"Invalid schedule expression: {error}") from None


def describe_scheduled_actions(request: Json) -> Json:
    _check_namespace(request)
    return _page(request, "ScheduledActions", _named(_scheduled, request, names=request.get("ScheduledActionNames")))


def _named(store: AccountRegionScopedDict, request: Json, *, names: Sequence[str] | None) -> list[Json]:
    """Of the resource that is asked for and of these names, or of any."""
    resource = request.get("ResourceId")
    return [
        one
        for key, one in sorted(store.items())
        if (resource is None or key[0] == resource) and (not names or key[1] in names)
    ]


def delete_scheduled_action(request: Json) -> Json:
    key = (_resource(request), request["ScheduledActionName"])
    if key not in _scheduled:
        raise Refused(
            "ObjectNotFoundException",
            f"No scheduled action found for service namespace: ecs, resource ID: {key[0]}, "
            f"scalable dimension: {_DIMENSION}, scheduled action name: {key[1]}",
        )
    del _scheduled[key]
    return {}


def describe_scaling_activities(request: Json) -> Json:
    _check_namespace(request)
    resource = request.get("ResourceId")
    found = [one for one in reversed(_activities.values()) if resource in {None, one["ResourceId"]}]
    return _page(request, "ScalingActivities", found)


def set_desired_count(service: Json, count: int, *, cause: str) -> None:
    resource = f"service/{service['clusterArn'].rpartition('/')[2]}/{service['serviceName']}"
    record_activity(resource, description=f"Setting desired count to {count}.", cause=cause)
    request = {"cluster": service["clusterArn"], "service": service["serviceName"], "desiredCount": count}
    ecs._update_service(request)  # noqa: SLF001


def record_activity(resource: str, *, description: str, cause: str, status: str = "Successful") -> None:
    now = time.time()
    activity = {
        "ActivityId": str(uuid.uuid4()),
        "ServiceNamespace": "ecs",
        "ResourceId": resource,
        "ScalableDimension": _DIMENSION,
        "Description": description,
        "Cause": cause,
        "StartTime": now,
        "EndTime": now,
        "StatusCode": status,
    }
    _activities[activity["ActivityId"]] = activity
    for forgotten in _activities.keys()[:-_KEPT_ACTIVITIES]:
        _activities.pop(forgotten, None)


def _page(request: Json, member: str, found: list[Json]) -> Json:
    token = request.get("NextToken", "0")
    if not token.isdecimal():
        raise Refused("InvalidNextTokenException", "The next token supplied was invalid")
    start, size = int(token), request.get("MaxResults", 50)
    rest = {"NextToken": str(start + size)} if start + size < len(found) else {}
    return {member: found[start : start + size], **rest}


def _tagged(request: Json) -> Json:
    arn = request["ResourceARN"]
    if arn not in _tags:
        raise Refused("ResourceNotFoundException", f"No scalable target has the ARN {arn}")
    return _tags[arn]


def tag_resource(request: Json) -> Json:
    _tagged(request).update(request["Tags"])
    return {}


def untag_resource(request: Json) -> Json:
    tags = _tagged(request)
    _forget(tags, request["TagKeys"])
    return {}


def _forget(tags: Json, keys: Iterable[str]) -> None:
    for key in keys:
        tags.pop(key, None)


def list_tags_for_resource(request: Json) -> Json:
    return {"Tags": _tagged(request)}


_ACTIONS = {
    "RegisterScalableTarget": register_scalable_target,
    "DescribeScalableTargets": describe_scalable_targets,
    "DeregisterScalableTarget": deregister_scalable_target,
    "PutScalingPolicy": put_scaling_policy,
    "DescribeScalingPolicies": describe_scaling_policies,
    "DeleteScalingPolicy": delete_scaling_policy,
    "PutScheduledAction": put_scheduled_action,
    "DescribeScheduledActions": describe_scheduled_actions,
    "DeleteScheduledAction": delete_scheduled_action,
    "DescribeScalingActivities": describe_scaling_activities,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
