"""What becomes of a service whose container engine ends, and comes back."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psutil
import pytest
from botocore.exceptions import ClientError

from local_aws import container_engine, lifecycle
from local_aws.podman import Podman
from local_aws.tests.containers.processes import processes_of
from local_aws.tests.containers.stage import embedded_aws, publish_probe, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local_aws.instance import LocalAws
    from local_aws.tests.containers.stage import Stage


@pytest.fixture(scope="module")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """With podman, whose end is nobody else's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DOCKER_HOST", raising=False)
        patch.setattr(container_engine, "_DOCKER_SOCKET", "unix:///nowhere/docker.sock")
        with embedded_aws(tmp_path_factory.mktemp("aws")) as local_aws:
            yield local_aws


@pytest.fixture(scope="module")
def image(local_aws: LocalAws, probe: bytes) -> str:
    return publish_probe(local_aws, probe)


def kill_engine(local_aws: LocalAws) -> None:
    """Its service, then what watches over the containers, then these."""
    engine = container_engine.running(local_aws)
    assert engine
    with engine.client() as client:
        pids = [one.attrs["State"]["Pid"] for one in client.containers.list()]
    watchers = sorted(
        processes_of(Podman(local_aws.directory)), key=lambda one: one.cmdline()[-1] != engine.docker_host
    )
    for process in [*watchers, *(psutil.Process(pid) for pid in pids)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
            process.wait(timeout=60)


def refusal(call: Callable[[], object]) -> str:
    """AWS's code and message; nothing where it answers."""
    try:
        call()
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    return ""


def test_a_rollout_ends_in_an_error_and_goes_on_with_the_next_engine(stage: Stage) -> None:
    """A waiter gets the error, S3 answers, no task is left half stopped; then the same revision comes into service."""
    stage.create_service(stage.register(version="v1"))
    stage.wait_steady()
    second = stage.register(version="v2")
    stage.update_service(taskDefinition=second)
    wait_until(lambda: len(stage.tasks()) == 2)
    kill_engine(stage.local_aws)
    wait_until(lambda: refusal(lambda: stage.service))
    said = refusal(lambda: stage.service)
    assert said.startswith("ClientException: The container engine at unix:///run/")
    assert "`python -m local_aws up` starts it again" in said
    assert stage.client("s3").list_buckets()["Buckets"] == []
    wait_until(lambda: stage.tasks() == [] and len(stage.stopped_tasks()) >= 2, show=lambda: stage.tasks("STOPPED"))
    assert any("The container engine at " in task["stoppedReason"] for task in stage.stopped_tasks())
    lifecycle.up(stage.local_aws, containers=True)
    wait_until(lambda: stage.get("/version").body == "v2")  # a rollout that was complete at the end is complete at once
    stage.wait_steady()
    assert stage.service["taskDefinition"] == second
    assert not any("deployment failed" in event for event in stage.events)
    wait_until(lambda: stage.target_health == [("healthy", "")])  # the old task's target may still drain


def test_without_its_engine_a_service_can_be_deleted_and_none_created(stage: Stage) -> None:
    """Nothing is begun that could not come up, and nothing that needs no container is refused."""
    definition = stage.register()
    stage.create_service(definition)
    stage.wait_steady()
    kill_engine(stage.local_aws)
    wait_until(lambda: refusal(lambda: stage.service))
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    task = {
        "cluster": stage.name,
        "taskDefinition": definition,
        "launchType": "FARGATE",
        "networkConfiguration": network,
    }
    ecs = stage.client("ecs")
    assert "container engine" in refusal(lambda: ecs.run_task(**task))
    assert "container engine" in refusal(lambda: ecs.create_service(serviceName="second", desiredCount=1, **task))
    stage.delete_service()
    wait_until(lambda: stage.service["status"] == "INACTIVE", show=lambda: stage.service)
    lifecycle.up(stage.local_aws, containers=True)
    assert refusal(lambda: ecs.create_service(serviceName="second", desiredCount=0, **task)) == ""
