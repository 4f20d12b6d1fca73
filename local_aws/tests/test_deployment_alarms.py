"""The embedded ECS rolls a deployment back when one of its alarms is raised, as AWS documents.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
"""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from local_aws import server_process
from local_aws.cloudwatch import alarms, data_points
from local_aws.ecs import deployment_alarms
from local_aws.instance import LocalAws
from local_aws.tests.containers.stage import wait_until
from local_aws.tests.machine import reserved_port
from local_aws.tests.test_ecs_requests import NETWORK, create, described, end, register

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.instance import Client
    from local_aws.ministack_types import Record

PERIOD_SECONDS = 0.5
_names = (f"alarmed-{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def hurried_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """Its minute is half a second; tasks are bookkeeping, and healthy as soon as they run."""
    local_aws = LocalAws(port=reserved_port(), directory=tmp_path_factory.mktemp("aws"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCAL_AWS_METRIC_PERIOD_SECONDS", str(PERIOD_SECONDS))
        server_process.start(local_aws)
    yield local_aws
    if record := server_process.running(local_aws):
        server_process.stop(record)


@pytest.fixture(scope="module")
def ecs(hurried_aws: LocalAws) -> Iterator[Client]:
    client = hurried_aws.client("ecs")
    yield client
    client.close()


@pytest.fixture(scope="module")
def watch(hurried_aws: LocalAws) -> Iterator[Client]:
    client = hurried_aws.client("cloudwatch")
    yield client
    client.close()


@pytest.fixture
def name(ecs: Client, watch: Client) -> Iterator[str]:
    """Of a service that is deployed, and of its alarm, which looks back over six minutes."""
    name = next(_names)
    ecs.create_cluster(clusterName=name, capacityProviders=["FARGATE"])
    register(ecs, name)
    watch.put_metric_alarm(
        AlarmName=name,
        Namespace="orders",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=6,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",  # its state is what a test says
    )
    configured = {"enable": True, "rollback": True, "alarmNames": [name]}
    create(ecs, name, deploymentConfiguration={"alarms": configured})
    wait_until(lambda: states(ecs, name) == ["COMPLETED"])
    yield name
    end(ecs, name)


def states(ecs: Client, name: str) -> list[str]:
    return [one["rolloutState"] for one in described(ecs, name)["deployments"]]


def release(ecs: Client, name: str) -> tuple[str, str]:
    """The revision before, and the one that is deployed now."""
    before = described(ecs, name)["taskDefinition"]
    ecs.update_service(cluster=name, service=name, taskDefinition=register(ecs, name))
    return before, described(ecs, name)["taskDefinition"]


def running(ecs: Client, name: str) -> Record:
    """By revision."""
    return {one["taskDefinition"]: one["runningCount"] for one in described(ecs, name)["deployments"]}


def set_state(watch: Client, name: str, state: str) -> None:
    watch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test says so")


def test_a_raised_alarm_takes_a_deployment_back(ecs: Client, watch: Client, name: str) -> None:
    """Though its tasks serve, and no old one is left: those are started anew, and ECS says why."""
    old, new = release(ecs, name)
    wait_until(lambda: running(ecs, name) == {old: 0, new: 1})
    assert states(ecs, name) == ["IN_PROGRESS", "COMPLETED"]
    set_state(watch, name, "ALARM")
    wait_until(lambda: described(ecs, name)["taskDefinition"] == old)
    failed = next(one for one in described(ecs, name)["deployments"] if one["taskDefinition"] == new)
    assert failed["rolloutState"] == "FAILED"
    assert failed["rolloutStateReason"] == "ECS deployment failed: alarm detected."
    wait_until(lambda: states(ecs, name) == ["COMPLETED"] and running(ecs, name) == {old: 1})
    said = [event["message"].partition(") ")[2] for event in described(ecs, name)["events"]]
    assert f"(deployment {failed['id']}) deployment failed: alarm detected." in said
    assert any(message.startswith("rolling back to deployment ") for message in said)


def test_a_rollback_restores_the_network(ecs: Client, watch: Client, name: str) -> None:
    """And all else of the last service revision: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-revision.html."""
    elsewhere = {"awsvpcConfiguration": {"subnets": ["subnet-2"]}}
    ecs.update_service(cluster=name, service=name, networkConfiguration=elsewhere, platformVersion="1.4.0")
    assert [one["networkConfiguration"] for one in described(ecs, name)["deployments"]] == [elsewhere, NETWORK]
    wait_until(lambda: described(ecs, name)["deployments"][0]["runningCount"] == 1)
    set_state(watch, name, "ALARM")
    wait_until(lambda: states(ecs, name) == ["COMPLETED"])
    service = described(ecs, name)
    assert (service["networkConfiguration"], service["platformVersion"]) == (NETWORK, "")
    assert service["deployments"][0]["networkConfiguration"] == NETWORK


def test_a_deployment_without_an_alarm_is_watched_for_the_bake_time(ecs: Client, name: str) -> None:
    """Six periods after its tasks have replaced the others; the old deployment is listed until then."""
    old, new = release(ecs, name)
    wait_until(lambda: running(ecs, name) == {old: 0, new: 1})
    began = time.monotonic()
    wait_until(lambda: states(ecs, name) == ["COMPLETED"])
    assert time.monotonic() - began > 5 * PERIOD_SECONDS
    assert running(ecs, name) == {new: 1}


def test_an_alarm_after_the_bake_time_is_no_deployments(ecs: Client, watch: Client, name: str) -> None:
    _, new = release(ecs, name)
    wait_until(lambda: states(ecs, name) == ["COMPLETED"])
    set_state(watch, name, "ALARM")
    time.sleep(2)
    assert running(ecs, name) == {new: 1}
    assert states(ecs, name) == ["COMPLETED"]


def test_one_that_begins_in_an_alarm_is_not_watched(ecs: Client, watch: Client, name: str) -> None:
    """It may be the cure: it is completed as soon as its tasks have replaced the others."""
    set_state(watch, name, "ALARM")
    old, new = release(ecs, name)
    wait_until(lambda: running(ecs, name) == {new: 1})
    assert states(ecs, name) == ["COMPLETED"]
    assert old != new


def test_without_rollback_it_fails_where_it_is(ecs: Client, watch: Client, name: str) -> None:
    configured = {"enable": True, "rollback": False, "alarmNames": [name]}
    ecs.update_service(cluster=name, service=name, deploymentConfiguration={"alarms": configured})
    _, new = release(ecs, name)
    wait_until(lambda: running(ecs, name).get(new) == 1)
    set_state(watch, name, "ALARM")
    wait_until(lambda: "FAILED" in states(ecs, name))
    assert described(ecs, name)["taskDefinition"] == new


def test_on_a_busy_machine_a_bake_takes_as_many_periods(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long each of them is: by the clock alone it would be over before the alarms were looked at."""
    monkeypatch.setattr(data_points, "PERIOD_SECONDS", 0)
    monkeypatch.setattr(deployment_alarms, "_bake_periods", lambda _: 3)
    deployment: Record = {"_alarms": ["errors"]}
    assert deployment_alarms.is_watched(deployment)
    deployment_alarms.bake(deployment)
    watched = []
    for _ in range(4):
        watched.append(deployment_alarms.is_watched(deployment))
        alarms.end_period()
    assert watched == [True, True, True, False]
