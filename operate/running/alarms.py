"""A service's CloudWatch alarms: which are raised, which rolled a deployment back, and how ECS forgets the last one."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from operate.environment import NotToldError, answering
from operate.errors import OperateError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mypy_boto3_ecs.type_defs import ServiceTypeDef

    from operate.environment import Environment
    from operate.service import Service

DETECTED: Final = "deployment failed: alarm detected"
"""In ECS's event, which names no alarm."""

_KINDS: Final[Sequence[Literal["MetricAlarm", "CompositeAlarm"]]] = ("MetricAlarm", "CompositeAlarm")
_NONE: Final = "alarms={alarmNames=[],enable=false,rollback=false}"


@dataclass(frozen=True)
class RaisedAlarm:
    name: str
    since: datetime
    reason: str


def raised(environment: Environment) -> list[RaisedAlarm] | None:
    """Of the stack's own and of those that roll a deployment back; None where there are none, or AWS did not tell."""
    names = list(dict.fromkeys((*environment.settings.alarm_names, *environment.settings.deployment_alarm_names)))
    if not names:
        return None
    try:
        with answering("CloudWatch did not say which alarms are raised"):
            answer = environment.client("cloudwatch").describe_alarms(
                AlarmNames=names, AlarmTypes=list(_KINDS), StateValue="ALARM"
            )
    except NotToldError:
        return None
    found = [*answer["MetricAlarms"], *answer["CompositeAlarms"]]
    return [RaisedAlarm(one["AlarmName"], one["StateUpdatedTimestamp"], one["StateReason"]) for one in found]


def that_rolled_back(service: Service, found: ServiceTypeDef, *, since: datetime) -> list[str]:
    """A line for each that was raised during the deployment that began then; none where ECS speaks of no alarm."""
    if not any(event["createdAt"] >= since and DETECTED in event["message"] for event in found["events"]):
        return []
    names = _names(found)
    try:
        with answering("CloudWatch did not say which of them"):
            lines = [line for name in names if (line := _raised_since(service.environment, name, since))]
    except NotToldError as error:
        return [f"one of {', '.join(names)}. {error}"]
    return lines or [f"one of {', '.join(names)}, whose history does not say so yet"]


def _raised_since(environment: Environment, name: str, since: datetime) -> str | None:
    history = environment.client("cloudwatch").describe_alarm_history(
        AlarmName=name, AlarmTypes=list(_KINDS), HistoryItemType="StateUpdate", StartDate=since
    )["AlarmHistoryItems"]
    states = [json.loads(item["HistoryData"])["newState"] for item in history]
    return next((f"{name}: {one.get('stateReason', '')}" for one in states if one["stateValue"] == "ALARM"), None)


def _names(found: ServiceTypeDef) -> list[str]:
    return list(found.get("deploymentConfiguration", {}).get("alarms", {}).get("alarmNames", []))


def left_over(service: Service) -> str | None:
    """Why no apply can take the last alarm from the service, and the command that does; None where there is none left.

    Of a block that is gone the AWS provider sends one without names, which ECS does not take.
    """
    settings = service.environment.settings
    if settings.deployment_alarm_names or not (found := service.find()) or not (names := _names(found)):
        return None
    words = ["aws", "ecs", "update-service", *service.environment.cli_options()]
    words += ["--cluster", service.cluster, "--service", service.name, "--deployment-configuration", _NONE]
    return (
        f"Deployments of {service.name} are rolled back by {', '.join(names)}, the settings name no alarm any more, "
        f"and the AWS provider cannot take the last one away. This does, and replaces no task: {shlex.join(words)}"
    )


def require_none_left_over(service: Service) -> None:
    if wrong := left_over(service):
        raise OperateError(f"Nothing was changed. {wrong}")
