"""The pages of a log group's events, and streams by their prefix, neither of which MiniStack has.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from ministack.core.responses import error_response_json, json_response
from ministack.services import cloudwatch_logs

if TYPE_CHECKING:
    from local_aws.ministack_types import Answer, Handler, Record

_MOST_PER_PAGE = 5000  # half of what MiniStack answers at most: the rest is for what a page leaves out


def filtered(original: Handler, request: Record) -> Answer:
    """Stands for `cloudwatch_logs._filter_log_events`. A token is the next event's time, and how many to leave out."""
    token = re.fullmatch(r"(\d+)/(\d+)", request.get("nextToken") or f"{request.get('startTime') or 0}/0")
    prefix, names = request.get("logStreamNamePrefix"), request.get("logStreamNames")
    if token is None or (prefix and names):
        wrong = "The specified nextToken is invalid." if token is None else "Give stream names or a prefix, not both."
        return error_response_json("InvalidParameterException", wrong)
    if prefix:
        group = cloudwatch_logs._log_groups.get(cloudwatch_logs._resolve_log_group_name(request)) or {"streams": {}}
        names = [name for name in group["streams"] if name.startswith(prefix)] or ["no stream has this name"]
    start, given = int(token[1]), int(token[2])
    size = min(request.get("limit") or _MOST_PER_PAGE, _MOST_PER_PAGE)
    asked = {**request, "logStreamNames": names, "startTime": start, "limit": given + size + 1}
    status, headers, body = original(asked)
    if status != HTTPStatus.OK:
        return status, headers, body
    return _page(json.loads(body), start=start, given=given, size=size)


def _page(answer: Record, *, start: int, given: int, size: int) -> Answer:
    events = answer["events"][given : given + size]
    if len(answer["events"]) > given + size:
        last = events[-1]["timestamp"]
        alike = sum(event["timestamp"] == last for event in events) + (given if last == start else 0)
        answer["nextToken"] = f"{last}/{alike}"
    return json_response({**answer, "events": events})
