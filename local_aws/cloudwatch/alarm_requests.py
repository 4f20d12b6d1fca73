"""Alarms as they are put and described: with metric math, which MiniStack drops, and all that a plan compares."""
# ruff: noqa: SLF001

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from ministack.services import cloudwatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.ministack_types import Answer, Parameters, Record

    Original = Callable[..., Answer]

_KEPT = ("Metrics", "EvaluateLowSampleCountPercentile", "InsufficientDataActions")
_OF_ONE_METRIC = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit")


def put(original: Original, params: Parameters, data: Record, *encodings: bool) -> Answer:
    """Stands for `cloudwatch._put_metric_alarm`. `encodings`: is it CBOR, is it JSON; otherwise it is a form."""
    answer = original(params, data, *encodings)
    given = data if any(encodings) else document(params)
    alarm = cloudwatch._alarms.get(given.get("AlarmName"))
    if alarm is None or answer[0] != HTTPStatus.OK:
        return answer
    alarm.update({name: given[name] for name in _KEPT if name in given})
    if "Metrics" in given:
        for name in _OF_ONE_METRIC:
            alarm.pop(name, None)
    return answer


def describe(original: Original, params: Parameters, data: Record, *encodings: bool) -> Answer:
    """Stands for `cloudwatch._describe_alarms`, whose XML lacks most of what an alarm has."""
    if any(encodings):
        return original(params, data, *encodings)
    status, _, body = original(params, document(params), False, True)  # noqa: FBT003 - by position, as MiniStack
    if status != HTTPStatus.OK:
        return original(params, data, *encodings)
    described = f"<DescribeAlarmsResult>{_xml(json.loads(body))}</DescribeAlarmsResult>"
    return cloudwatch._xml(status, "DescribeAlarmsResponse", described)


def document(params: Parameters) -> Record:
    """What a form's `Metrics.member.1.Id` and so on stand for."""
    tree: Record = {}
    for key in params:
        *path, last = key.split(".")
        at = tree
        for step in path:
            at = at.setdefault(step, {})
        text = cloudwatch._p(params, key)
        at[last] = text == "true" if text in {"true", "false"} else int(text) if last == "Period" else text
    return {name: _with_lists(value) for name, value in tree.items()}


def _with_lists(value: object) -> object:
    if not isinstance(value, dict):
        return value
    if set(value) == {"member"}:
        return [_with_lists(each) for _, each in sorted(value["member"].items(), key=lambda item: int(item[0]))]
    return {name: _with_lists(each) for name, each in value.items()}


def _xml(value: object, name: str = "") -> str:
    if isinstance(value, dict):
        return "".join(f"<{key}>{_xml(each, key)}</{key}>" for key, each in value.items() if each is not None)
    if isinstance(value, list):
        return "".join(f"<member>{_xml(each)}</member>" for each in value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(cloudwatch._ts_iso(value)) if name.endswith("Timestamp") else escape(str(value))
