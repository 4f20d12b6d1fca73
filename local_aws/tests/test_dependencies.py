"""What the embedded ECS refuses of a task with several containers.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from local_aws.instance import Client, LocalAws
    from local_aws.ministack_types import Record

CHECK = {"healthCheck": {"command": ["CMD", "/server"]}}
ROUTED = {"logConfiguration": {"logDriver": "awsfirelens"}}
ROUTER = {"firelensConfiguration": {"type": "fluentbit"}}
OPTIONAL = {"essential": False}
NAMES = ("api", "proxy", "init")


@pytest.fixture(scope="module")
def ecs(local_aws: LocalAws) -> Client:
    return local_aws.client("ecs")


def on(name: str, condition: str) -> Record:
    return {"dependsOn": [{"containerName": name, "condition": condition}]}


def register(ecs: Client, *members: Record, size: int = 512) -> None:
    """Containers called api, proxy and init, as many as there are members."""
    containers = [{"name": name, "image": "any", **more} for name, more in zip(NAMES, members, strict=False)]
    ecs.register_task_definition(
        family="several",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory=str(size),
        containerDefinitions=containers,
    )


@pytest.mark.parametrize(
    "members",
    [
        ({}, {}),
        (on("proxy", "START"), {}),
        (on("proxy", "HEALTHY"), {**CHECK}),
        (on("proxy", "COMPLETE"), {**OPTIONAL}),
        (on("proxy", "SUCCESS"), {**OPTIONAL, **on("init", "SUCCESS")}, OPTIONAL),
        (ROUTED, ROUTER),
        (ROUTED, {**ROUTER, **on("api", "START")}),
        ({"cpu": 200, "memory": 256}, {"cpu": 56, "memory": 600, "memoryReservation": 256}),
    ],
)
def test_accepted(ecs: Client, members: tuple[Record, ...]) -> None:
    """Every condition where it holds, and shares that are the whole task."""
    register(ecs, *members)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ((on("nobody", "START"), {}), "container 'nobody', which does not exist"),
        ((on("api", "START"), {}), "must not form a cycle"),
        ((on("proxy", "START"), on("init", "START"), on("api", "START")), "must not form a cycle"),
        ((on("proxy", "COMPLETE"), {}), "condition COMPLETE, which can't be set on an essential container"),
        ((on("proxy", "SUCCESS"), {}), "condition SUCCESS, which can't be set on an essential container"),
        ((on("proxy", "HEALTHY"), {}), "has no health check"),
        ((on("proxy", "RUNNING"), {}), "condition RUNNING, which must be one of START, COMPLETE"),
        ((OPTIONAL, OPTIONAL), "must be essential"),
        (({"cpu": 200}, {"cpu": 57}), "reserve 257 of cpu, and the task has 256"),
        (({"memory": 256}, {"memoryReservation": 257}), "reserve 513 of memory, and the task has 512"),
        ((ROUTED, {}), "no container has a firelensConfiguration"),
        ((ROUTER, {}), "at least one container has to be configured with the awsfirelens log driver"),
        ((ROUTED, ROUTER, ROUTER), "Only one container may have a firelensConfiguration"),
        (({**ROUTED, **on("proxy", "START")}, {**ROUTER, **on("api", "START")}), "must not form a cycle"),
        (({}, {"name": "api"}), "must be unique"),
    ],
)
def test_refused(ecs: Client, members: tuple[Record, ...], reason: str) -> None:
    """With the names that it is about."""
    with pytest.raises(ecs.exceptions.ClientException, match=reason):
        register(ecs, *members)
