"""The checks: all of them in their order, and what can be proven of the first answer and of the logs."""

from __future__ import annotations

import importlib
import pkgutil
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest

from operate.acceptance import checks
from operate.acceptance.checks import CHECKS, autoscaling, criterion_ids, health, logs, sidecars
from operate.acceptance.checks.check import Check
from operate.acceptance.criteria import NotRunError
from operate.acceptance.service_under_test import ServiceUnderTest
from operate.environment import Environment
from operate.running import startup_time
from operate.running.startup_time import StartupTime
from operate.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable

    from stacks.settings import Environment as Settings

CREATED = datetime(2030, 1, 1, tzinfo=timezone.utc)
STEADY, FAILED = "has reached a steady state.", "(deployment 1) deployment failed: tasks failed to start."


def target(*events: tuple[int, str], status: int = 200) -> ServiceUnderTest:
    """With a service whose events came so many seconds after its creation."""
    messages = [{"createdAt": CREATED + timedelta(seconds=after), "message": text} for after, text in events]
    service = SimpleNamespace(read=lambda: {"createdAt": CREATED, "events": messages})
    return cast("ServiceUnderTest", SimpleNamespace(service=service, ask=lambda: SimpleNamespace(status_code=status)))


def test_they_run_in_the_specifications_order() -> None:
    """What disturbs nothing first, and what leaves the most behind last; each criterion once."""
    assert criterion_ids() == [
        *("SC-001", "SC-002", "SC-006", "SIDECAR-1", "SC-003", "US1.3", "EC-3", "SC-004", "US3.2", "EC-4"),
        *("US3.3a", "US3.3b", "EC-1", "EC-2"),
        *("SC-005", "SC-005.memory", "SC-005.requests", "SC-005.schedule", "ALARM-1", "ALARM-2"),
    ]
    disruptive = [check.disruptive for check in CHECKS]
    assert disruptive == sorted(disruptive)


def test_no_check_is_left_out() -> None:
    """One that is written beside its criterion and not listed would never be run."""
    files = pkgutil.iter_modules(checks.__path__, f"{checks.__name__}.")
    written = {
        name: member
        for file in files
        for name, member in vars(importlib.import_module(file.name)).items()
        if isinstance(member, Check)
    }
    assert {name for name, check in written.items() if check not in CHECKS} == set()


@pytest.fixture(autouse=True)
def watched(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the deployment's watcher wrote down: nothing, unless a test says so."""
    record: dict[str, Any] = {"answer": None}
    monkeypatch.setattr(startup_time, "read", lambda _: record["answer"])
    return record


@pytest.mark.parametrize(("seconds", "passed"), [(30, True), (31, False)])
def test_the_watched_answer_counts(watched: dict[str, Any], seconds: int, *, passed: bool) -> None:
    """To the second; the events are not asked."""
    watched["answer"] = StartupTime(service_created_at=1000, answered_at=1000 + seconds)
    assert health.first_answer.run(target())[0].passed is passed


@pytest.mark.parametrize(("seconds", "passed"), [(12, True), (45, False)])
def test_else_the_first_steady_state_counts(seconds: int, *, passed: bool) -> None:
    """Later ones are other deployments'."""
    (finding,) = health.first_answer.run(target((300, STEADY), (seconds, STEADY), (200, FAILED)))
    assert finding.passed is passed
    assert finding.figures == {"seconds": seconds}


def test_an_api_that_does_not_answer_now_fails(watched: dict[str, Any]) -> None:
    """Whatever was written down when it did."""
    watched["answer"] = StartupTime(service_created_at=1000, answered_at=1001)
    assert not health.first_answer.run(target((1, STEADY), status=503))[0].passed


def test_health_is_asked_below_a_base_path(
    environment: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, watched: dict[str, Any]
) -> None:
    """The target group's path has the base path already, which the URL has too."""
    watched["answer"] = StartupTime(service_created_at=1000, answered_at=1001)
    monkeypatch.setattr(Service, "url", "https://example.com/shop")
    monkeypatch.setattr(Service, "target_groups", [{"HealthCheckPath": "/shop/health"}])
    health_url = "https://example.com/shop/health"
    monkeypatch.setattr(httpx, "get", lambda url, **_: httpx.Response(200 if url == health_url else 404))
    resolved = Environment(environment(service={"api_url": "https://example.com/shop"}))
    tested = ServiceUnderTest(resolved, Service.of(resolved), cast("Any", {}))
    assert health.first_answer.run(tested)[0].passed


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([], "has not been steady yet"),
        ([(90, STEADY), (30, FAILED)], "first deployment failed"),
        ([(number, STEADY) for number in range(100)], "older than ECS's events"),
    ],
)
def test_where_nothing_can_be_proven_it_is_not_run(events: list[tuple[int, str]], why: str) -> None:
    """Neither passed nor failed by what happens to be left."""
    with pytest.raises(NotRunError, match=why):
        health.first_answer.run(target(*events))


def scaled(*metrics: str, is_local: bool = True) -> ServiceUnderTest:
    """With a policy on each of these metrics."""
    policies = [
        {
            "TargetTrackingScalingPolicyConfiguration": {
                "PredefinedMetricSpecification": {"PredefinedMetricType": metric}
            }
        }
        for metric in metrics
    ]
    answers = {"ScalingPolicies": [{"PolicyType": "StepScaling"}, *policies]}
    client = SimpleNamespace(describe_scaling_policies=lambda **_: answers)
    environment = SimpleNamespace(client=lambda _: client)
    service = SimpleNamespace(scalable_resource="service/a/b")
    return cast("ServiceUnderTest", SimpleNamespace(environment=environment, service=service, is_local=is_local))


@pytest.mark.parametrize(
    ("check", "setting"),
    [
        (autoscaling.scaled_out, "cpu_target_percent"),
        (autoscaling.scaled_out_by_memory, "memory_target_percent"),
        (autoscaling.scaled_out_by_requests, "requests_per_target"),
    ],
)
def test_scaling_is_judged_where_the_service_scales_by_it(check: Check, setting: str) -> None:
    """Another policy does not count, be it of another kind."""
    others = {"ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"}
    found = others - {f"ECSServiceAverage{word}Utilization" for word in ("CPU", "Memory") if word.lower() in setting}
    with pytest.raises(NotRunError, match=rf"no scaling policy for it \(scaling\.{setting}\)"):
        check.run(scaled(*found))


def test_the_clock_is_judged_where_nobody_is_disturbed() -> None:
    with pytest.raises(NotRunError, match="only on the embedded AWS"):
        autoscaling.scheduled.run(scaled(is_local=False))


@pytest.mark.parametrize("tasks", [[], [{"taskArn": "a", "lastStatus": "PENDING"}]], ids=["none", "pending"])
def test_no_logs_without_a_running_task(tasks: list[dict[str, Any]]) -> None:
    """In words, whatever the list lacks."""
    service = SimpleNamespace(tasks=lambda: tasks)
    (finding,) = logs.first_line.run(cast("ServiceUnderTest", SimpleNamespace(service=service)))
    assert (finding.passed, finding.measured) == (False, "no task runs")


def beside(*states: dict[str, Any], definitions: int = 2) -> ServiceUnderTest:
    """With a task that has the application's container and one in each of these states, and one of an old revision."""
    old = {"taskArn": "task/old", "taskDefinitionArn": "old", "lastStatus": "RUNNING", "containers": [{"name": "gone"}]}
    containers = [{"name": "api", "lastStatus": "RUNNING"}, *({"name": "proxy", **state} for state in states)]
    new = {**old, "taskArn": "task/0123456789", "taskDefinitionArn": "new", "containers": containers}
    definition = {"taskDefinitionArn": "new", "containerDefinitions": [{}] * definitions}
    tasks = [old, new] if states else [old]
    service = SimpleNamespace(tasks=lambda: tasks)
    return cast("ServiceUnderTest", SimpleNamespace(container={"name": "api"}, definition=definition, service=service))


@pytest.mark.parametrize(
    ("state", "passed"),
    [
        ({"lastStatus": "RUNNING"}, True),
        ({"lastStatus": "RUNNING", "healthStatus": "HEALTHY"}, True),
        ({"lastStatus": "STOPPED", "exitCode": 0}, True),
        ({"lastStatus": "RUNNING", "healthStatus": "UNHEALTHY"}, False),
        ({"lastStatus": "STOPPED", "exitCode": 1}, False),
        ({"lastStatus": "PENDING"}, False),
    ],
)
def test_a_sidecar_that_does_not_run_fails(state: dict[str, Any], *, passed: bool) -> None:
    """Unless it has ended well; which one it is is said."""
    (finding,) = sidecars.containers_beside.run(beside({"lastStatus": "RUNNING"}, state))
    assert (finding.passed, finding.measured) == (
        (True, "2 in 1 tasks") if passed else (False, "not well: proxy of task 01234567")
    )


def test_without_sidecars_or_tasks_there_is_nothing_to_judge() -> None:
    """The one is no failure, the other is."""
    with pytest.raises(NotRunError, match="no other container"):
        sidecars.containers_beside.run(beside(definitions=1))
    assert not sidecars.containers_beside.run(beside())[0].passed


def test_logs_of_a_log_router_are_not_judged() -> None:
    """They are not in the log group."""
    container = {"logConfiguration": {"logDriver": "awsfirelens", "options": {}}}
    service = SimpleNamespace(tasks=lambda: [{"startedAt": CREATED}])
    tested = cast("ServiceUnderTest", SimpleNamespace(container=container, service=service))
    with pytest.raises(NotRunError, match="log router"):
        logs.first_line.run(tested)
