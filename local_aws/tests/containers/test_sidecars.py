"""The containers of one task, as on Fargate: one network, an order of start and stop, and what each one's end means."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from local_aws.tests.containers.stage import wait_until
from local_aws.tests.containers.test_container_health import check
from local_aws.tests.containers.test_containers import logging_to

if TYPE_CHECKING:
    from local_aws.ministack_types import Record
    from local_aws.tests.containers.stage import Stage


def sidecar(stage: Stage, name: str, *, version: str = "", fault: str = "", port: int = 0, **container: Any) -> Record:
    environment = {"VERSION": version or name, "FAULT": fault, **({"PORT": str(port)} if port else {})}
    return {
        "name": name,
        "environment": [{"name": key, "value": value} for key, value in environment.items()],
        "logConfiguration": logging_to(stage.log_group),
        "stopTimeout": 3,
        **container,
    }


def after(**conditions: str) -> Record:
    return {"dependsOn": [{"containerName": name, "condition": condition} for name, condition in conditions.items()]}


def started(stage: Stage, *sidecars: Record, overrides: Record | None = None, **container: Any) -> str:
    """The ARN of a one-off task of the probe with these beside it."""
    container["logConfiguration"] = logging_to(stage.log_group)
    return stage.run_task(stage.register(sidecars=sidecars, **container), overrides=overrides or {})


def reached(stage: Stage, arn: str, status: str) -> Record:
    wait_until(lambda: stage.task(arn)["lastStatus"] == status, show=lambda: stage.task(arn))
    return stage.task(arn)


def answer(task: Record, path: str, *, port: int) -> str:
    """Of a container of the task, at its one address."""
    (address,) = (
        detail["value"] for detail in task["attachments"][0]["details"] if detail["name"] == "privateIPv4Address"
    )
    with urllib.request.urlopen(f"http://{address}:{port}{path}", timeout=60) as response:
        return str(response.read().decode())


def is_checked_again(task: Record, *, port: int) -> bool:
    """Whether the probe has been asked for its health twice; it may not listen yet."""
    try:
        return int(answer(task, "/checks", port=port)) >= 2
    except urllib.error.URLError:
        return False


def containers_of(task: Record) -> dict[str, Record]:
    return {one["name"]: one for one in task["containers"]}


def test_one_network_and_the_end_of_a_non_essential_container(stage: Stage) -> None:
    """`localhost` is the neighbour, one address is the task's, a port is taken once, and a helper may end."""
    proxy = sidecar(stage, "proxy", port=9090)
    collision = sidecar(stage, "collision", port=9090, essential=False, **after(proxy="START"))
    helper = sidecar(stage, "helper", fault="crash", essential=False)
    probe = {"logConfiguration": logging_to(stage.log_group), **after(helper="COMPLETE")}
    definition = stage.register(sidecars=[proxy, collision, helper], **probe)
    stage.create_service(definition)
    stage.wait_steady()
    assert stage.get("/neighbour?port=9090").body == "proxy"
    (task,) = stage.tasks()
    states = containers_of(task)
    assert (states["helper"]["lastStatus"], states["helper"]["exitCode"]) == ("STOPPED", 3)
    assert {states[name]["lastStatus"] for name in ("probe", "proxy", "collision")} == {"RUNNING"}
    assert [one["type"] for one in task["attachments"]] == ["ElasticNetworkInterface"]
    taken = "listen tcp :9090: bind: address already in use"
    wait_until(lambda: taken in stage.log_messages(task, "collision") + stage.log_messages(task, "proxy"))
    runs = stage.engine_states(task)
    assert runs["helper"]["FinishedAt"] <= runs["probe"]["StartedAt"]


def test_an_essential_end_stops_the_task_in_reverse_order(stage: Stage) -> None:
    """The one that depends is gone before the other is asked to stop, after its own stopTimeout."""
    proxy = sidecar(stage, "proxy", port=9090)
    crashing = sidecar(stage, "crashing", fault="crash", **after(probe="START"))
    arn = started(stage, proxy, crashing, fault="stubborn", stopTimeout=4, **after(proxy="START"))
    task = reached(stage, arn, "STOPPED")
    assert (task["stopCode"], task["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    codes = {name: state["exitCode"] for name, state in containers_of(task).items()}
    assert codes == {"probe": 137, "crashing": 3, "proxy": 0}
    asked = {
        name: next(one["timestamp"] for one in stage.log_events(task, name) if one["message"] == "asked to stop")
        for name in ("probe", "proxy")
    }
    assert asked["proxy"] - asked["probe"] > 2000  # 4 s but for how late a line arrives


def test_what_can_not_start_any_more_stops_the_task(stage: Stage) -> None:
    """The container says why, and was never run; where it is not essential, the task runs without it."""
    failing = sidecar(stage, "failing", fault="crash", essential=False)
    optional = sidecar(stage, "optional", essential=False, **after(failing="SUCCESS"))
    task = reached(stage, started(stage, failing, optional), "RUNNING")
    state = containers_of(task)["optional"]
    assert (state["lastStatus"], state["exitCode"]) == ("STOPPED", 143)
    assert "failing" in state["reason"]
    assert state["reason"].endswith("did not exit successfully.")
    stage.stop_task(task["taskArn"])

    task = reached(stage, started(stage, failing, **after(failing="SUCCESS")), "STOPPED")
    assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", "Task failed to start")
    assert containers_of(task)["probe"]["exitCode"] == 143
    assert stage.log_messages(task) == []


def test_start_timeout(stage: Stage) -> None:
    """What waits for a container gives up when that one's startTimeout has passed, and its task ends."""
    slow = sidecar(stage, "slow", port=9090, essential=False, startTimeout=2)
    task = reached(stage, started(stage, slow, **after(slow="COMPLETE")), "STOPPED")
    assert task["stopCode"] == "TaskFailedToStart"
    assert containers_of(task)["probe"]["reason"].endswith("has timed out.")
    assert containers_of(task)["slow"]["exitCode"] == 0, "it was asked to stop"


def test_health_is_waited_for_and_limits_are_a_containers_own(stage: Stage) -> None:
    """What depends on a healthy container starts once its check has passed; one that eats too much ends alone."""
    limits: Record = {"memory": 64, "essential": False, "healthCheck": check(startPeriod=300)}
    mounted = [{"sourceVolume": "scratch", "containerPath": "/tmp"}]
    files: Record = {"readonlyRootFilesystem": True, "mountPoints": mounted}
    proxy = sidecar(stage, "proxy", port=9090, fault="failing", user="0", **limits, **files)
    arn = started(stage, proxy, task={"volumes": [{"name": "scratch"}]}, **after(proxy="HEALTHY"))
    wait_until(lambda: stage.task(arn)["attachments"])
    wait_until(lambda: is_checked_again(stage.task(arn), port=9090))
    task = stage.task(arn)
    assert (task["lastStatus"], containers_of(task)["probe"]["lastStatus"]) == ("ACTIVATING", "PENDING")
    answer(task, "/mend", port=9090)
    task = reached(stage, arn, "RUNNING")
    assert containers_of(task)["proxy"]["healthStatus"] == "HEALTHY"
    assert answer(task, "/neighbour?port=9090", port=8080) == "proxy"
    assert answer(task, "/given", port=9090) == "0 false true", "user, and whether its root and /tmp are writable"
    with pytest.raises(http.client.RemoteDisconnected):
        answer(task, "/eat", port=9090)
    wait_until(lambda: "reason" in containers_of(stage.task(arn))["proxy"], show=lambda: stage.task(arn))
    ended = containers_of(stage.task(arn))["proxy"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OutOfMemoryError: Container killed due to memory usage")
    assert stage.task(arn)["lastStatus"] == "RUNNING"
    stage.stop_task(arn)


def test_a_one_off_task_ends_with_its_own_container(stage: Stage) -> None:
    """Whose exit code it has; the others, essential or not, are told to stop and do not keep it."""
    others = [sidecar(stage, "proxy", port=9090), sidecar(stage, "helper", port=9091, essential=False)]
    environment = [{"name": "FAULT", "value": "done"}]
    override = {"containerOverrides": [{"name": "probe", "environment": environment}]}
    task = reached(stage, started(stage, *others, overrides=override, **after(proxy="START")), "STOPPED")
    assert task["stopCode"] == "EssentialContainerExited"
    assert {name: one["exitCode"] for name, one in containers_of(task).items()} == dict.fromkeys(
        ("probe", "proxy", "helper"), 0
    )


def test_nothing_is_left_of_a_task(stage: Stage) -> None:
    """Neither its containers nor what holds their network."""
    task = reached(stage, started(stage, sidecar(stage, "proxy", port=9090)), "RUNNING")
    stage.stop_task(task["taskArn"])
    name = task["taskArn"].rpartition("/")[2][:8]
    wait_until(lambda: not stage.engine_containers(name), show=lambda: json.dumps(stage.engine_containers(name)))
