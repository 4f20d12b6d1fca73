"""A log group's events in pages, and those of some of its streams."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from local_aws.instance import Client, LocalAws

GROUP = "/ecs/events"
BEGAN = int(time.time() * 1000)


@pytest.fixture(scope="module")
def logs(local_aws: LocalAws) -> Client:
    """Two streams of one prefix, whose events are of the same three moments, and one of another."""
    client = local_aws.client("logs")
    client.create_log_group(logGroupName=GROUP)
    for stream in ("ecs/api/1", "ecs/api/2", "other/api/1"):
        client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        events = [{"timestamp": BEGAN + at // 2, "message": f"{stream} {at}"} for at in range(6)]
        client.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)
    return client


def messages(logs: Client, **asked: Any) -> list[str]:
    """Of all pages."""
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, **asked)
    found = [event for page in pages for event in page["events"]]
    times = [event["timestamp"] for event in found]
    assert times == sorted(times)
    return [event["message"] for event in found]


@pytest.mark.parametrize("limit", [1, 2, 5, 12, 100])
def test_pages_have_each_event_once(logs: Client, limit: int) -> None:
    """Also where a page ends between events of one moment."""
    expected = [f"ecs/api/{stream} {at}" for stream in (1, 2) for at in range(6)]
    assert sorted(messages(logs, logStreamNamePrefix="ecs/api/", PaginationConfig={"PageSize": limit})) == expected


def test_a_prefix_is_of_some_streams(logs: Client) -> None:
    """One that none has is of no event, and not of all."""
    assert len(messages(logs)) == 18
    assert len(messages(logs, logStreamNamePrefix="other")) == 6
    assert messages(logs, logStreamNamePrefix="ecs/none") == []


def test_a_pattern_and_a_time_hold_for_each_page(logs: Client) -> None:
    found = messages(logs, filterPattern="other", startTime=BEGAN + 1, PaginationConfig={"PageSize": 1})
    assert found == [f"other/api/1 {at}" for at in range(2, 6)]


@pytest.mark.parametrize("asked", [{"nextToken": "x"}, {"logStreamNamePrefix": "ecs", "logStreamNames": ["ecs/api/1"]}])
def test_what_aws_refuses_is_refused(logs: Client, asked: dict[str, Any]) -> None:
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.filter_log_events(logGroupName=GROUP, **asked)
