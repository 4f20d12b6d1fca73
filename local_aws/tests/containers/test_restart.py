"""What is left of a service when the embedded AWS ends: all of it after an orderly stop, nothing after a kill."""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from local_aws import container_engine, lifecycle
from local_aws import server_process as process
from local_aws.tests.containers.stage import embedded_aws, publish_probe, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.instance import LocalAws
    from local_aws.ministack_types import Record
    from local_aws.tests.containers.stage import Stage


@pytest.fixture(scope="module")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """Of this module's own: its end is nobody else's."""
    with embedded_aws(tmp_path_factory.mktemp("restarted")) as local_aws:
        yield local_aws


@pytest.fixture(scope="module")
def image(local_aws: LocalAws, probe: bytes) -> str:
    return publish_probe(local_aws, probe)


def has_ended(local_aws: LocalAws) -> bool:
    """A killed process's threads hold its port a moment longer than its id."""
    with socket.socket() as probe:
        return process.running(local_aws) is None and probe.connect_ex(("127.0.0.1", local_aws.port)) != 0


def containers(stage: Stage) -> dict[str, str]:
    """State of each of the stage's containers, by task ARN."""
    engine = container_engine.running(stage.local_aws)
    assert engine
    with engine.client() as client:
        label = f"com.amazonaws.ecs.task-definition-family={stage.name}"
        found: list[Record] = client.api.containers(all=True, filters={"label": label})
    return {one["Labels"]["com.amazonaws.ecs.task-arn"]: one["State"] for one in found}


def end(local_aws: LocalAws, number: signal.Signals) -> None:
    record = process.running(local_aws)
    assert record
    os.kill(record.pid, number)
    wait_until(lambda: has_ended(local_aws))


def test_a_service_comes_back_after_an_orderly_stop(stage: Stage) -> None:
    """The old task is on record as stopped, a new one serves, and it alone has a container and a target."""
    stage.create_service(stage.register())
    stage.wait_steady()
    old = stage.tasks()[0]["taskArn"]
    end(stage.local_aws, signal.SIGTERM)
    assert containers(stage) == {}
    lifecycle.up(stage.local_aws)
    wait_until(lambda: stage.get("/version").status == 200, show=lambda: stage.service)
    new = stage.tasks()[0]["taskArn"]
    assert new != old
    assert containers(stage) == {new: "running"}
    wait_until(lambda: stage.target_health == [("healthy", "")], show=lambda: stage.target_health)


def test_a_kill_leaves_no_container(stage: Stage, probe: bytes) -> None:
    """What was left of it is removed at the next start, which is empty and works."""
    stage.create_service(stage.register())
    stage.wait_steady()
    end(stage.local_aws, signal.SIGKILL)
    assert list(containers(stage).values()) == ["running"]
    assert lifecycle.up(stage.local_aws) is True
    assert containers(stage) == {}
    assert stage.client("ecs").list_clusters()["clusterArns"] == []
    publish_probe(stage.local_aws, probe)


def test_without_an_engine_tasks_are_bookkeeping(stage: Stage) -> None:
    """Where no container engine answers, a service reaches its steady state on paper, and nothing answers."""
    record = process.running(stage.local_aws)
    assert record
    process.stop(record)
    container_engine.stop(stage.local_aws)
    process.start(stage.local_aws)
    stage.create_service(stage.register())
    stage.wait_steady()
    assert stage.service["runningCount"] == 1
    assert stage.target_health == []
    assert stage.get("/version").status == 503
    stage.client("ecs").stop_task(cluster=stage.name, task=stage.tasks()[0]["taskArn"])
    wait_until(lambda: len(stage.tasks("STOPPED")) == 1 and len(stage.tasks()) == 1)
