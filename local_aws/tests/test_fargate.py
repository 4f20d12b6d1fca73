"""The embedded ECS refuses what Fargate refuses, in AWS's words.

Which members: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
"""

from __future__ import annotations

import http.client
import itertools
import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from local_aws.tests.containers.stage import wait_until

if TYPE_CHECKING:
    from local_aws.instance import Client, LocalAws
    from local_aws.ministack_types import Record


NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
ROLE = "arn:aws:iam::000000000000:role/execution"
UNSUPPORTED = "Fargate compatible task definitions do not support "
_families = (f"family-{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def ecs(local_aws: LocalAws) -> Client:
    client = local_aws.client("ecs")
    client.create_cluster(clusterName="default", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    return client


def definition(container: Record | None = None, **task: object) -> Record:
    """A request that Fargate takes, with changes; a member of the task that is None is left out."""
    request = {
        "family": next(_families),
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "api", "image": "api", **(container or {})}],
        **task,
    }
    return {name: value for name, value in request.items() if value is not None}


def linux(**parameters: object) -> Record:
    return {"linuxParameters": parameters}


def logging(driver: str) -> Record:
    options = {"awslogs-group": "/ecs/api", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "api"}
    return {"logConfiguration": {"logDriver": driver, "options": options}}


TASKS: list[tuple[Record, str]] = [
    ({"networkMode": "host"}, "Fargate only supports network mode"),
    ({"networkMode": None}, "Fargate only supports network mode"),
    ({"pidMode": "host"}, "Tasks using the Fargate launch type do not support pidMode 'host'."),
    ({"ipcMode": "host"}, UNSUPPORTED + "ipcMode"),
    ({"placementConstraints": [{"type": "memberOf", "expression": "x"}]}, UNSUPPORTED + "constraints"),
    ({"volumes": [{"name": "root", "host": {"sourcePath": "/"}}]}, UNSUPPORTED + "sourcePath"),
    (
        {"volumes": [{"name": "v", "dockerVolumeConfiguration": {"scope": "task"}}]},
        UNSUPPORTED + "dockerVolumeConfiguration",
    ),
    ({"cpu": None}, "Fargate requires that 'cpu' be defined at the task level."),
    ({"memory": None}, "Fargate requires that 'memory' be defined at the task level."),
    ({"cpu": "300"}, "No Fargate configuration exists for given values: 300 CPU, 512 memory"),
    ({"cpu": "512"}, "No Fargate configuration exists for given values: 512 CPU, 512 memory"),
    ({"ephemeralStorage": {"sizeInGiB": 20}}, "EphemeralStorage size should be at least 21"),
    ({"ephemeralStorage": {"sizeInGiB": 201}}, "EphemeralStorage size should be at most 200"),
]
CONTAINERS: list[tuple[Record, str]] = [
    ({"privileged": True}, "Fargate requires that the 'privileged' setting be 'false'"),
    ({"dockerSecurityOptions": ["apparmor:unconfined"]}, UNSUPPORTED + "dockerSecurityOptions"),
    ({"mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]}, "Unknown volume 'v'."),
    ({"links": ["db"]}, "Links are not supported when networkMode=awsvpc"),
    ({"extraHosts": [{"hostname": "db", "ipAddress": "10.0.0.1"}]}, "Extra hosts are not supported on container"),
    ({"dnsServers": ["10.0.0.2"]}, "DNS servers are not supported on container when networkMode=awsvpc"),
    ({"hostname": "api"}, "hostname is not supported on container when networkMode=awsvpc"),
    ({"disableNetworking": True}, "Disable Networking is not supported on container when networkMode=awsvpc"),
    ({"portMappings": [{"containerPort": 80, "hostPort": 8080}]}, "the host ports and container ports"),
    ({"resourceRequirements": [{"type": "GPU", "value": "1"}]}, "do not support GPU resource requirements"),
    ({"stopTimeout": 121}, "a container stop timeout of less than 120 seconds"),
    (linux(devices=[{"hostPath": "/dev/kvm"}]), UNSUPPORTED + "devices"),
    (linux(sharedMemorySize=64), UNSUPPORTED + "sharedMemorySize"),
    (linux(maxSwap=0), UNSUPPORTED + "maxSwap"),
    (linux(swappiness=60), UNSUPPORTED + "swappiness"),
    (linux(capabilities={"add": ["SYS_ADMIN"]}), "SYS_ADMIN is not allowed on Fargate."),
    (logging("syslog"), "syslog is not a valid log driver. Must be one of [awslogs, splunk, awsfirelens]"),
    (logging("awslogs"), "to have execution role ARN to support log driver awslogs."),
    ({"image": "000000000000.dkr.ecr.us-east-1.amazonaws.com/api"}, "execution role ARN to support ECR images."),
    ({"secrets": [{"name": "KEY", "valueFrom": "/key"}]}, "you must also specify a value for 'executionRoleArn'."),
]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        *((definition(**task), message) for task, message in TASKS),
        *((definition(one), text) for one, text in CONTAINERS),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_registering_what_fargate_refuses(ecs: Client, request_: Record, message: str) -> None:
    """RegisterTaskDefinition answers with its ClientException, and nothing is registered."""
    with pytest.raises(ecs.exceptions.ClientException) as refused:
        ecs.register_task_definition(**request_)
    assert message in refused.value.response["Error"]["Message"]
    assert ecs.list_task_definitions(familyPrefix=request_["family"])["taskDefinitionArns"] == []


@pytest.mark.parametrize(
    "request_",
    [
        definition(),
        definition(cpu="32768", memory="61440"),
        definition(pidMode="task", ephemeralStorage={"sizeInGiB": 21}, volumes=[{"name": "scratch", "host": {}}]),
        definition({"portMappings": [{"containerPort": 80, "hostPort": 80}], "stopTimeout": 120, "privileged": False}),
        definition(linux(capabilities={"add": ["SYS_PTRACE"], "drop": ["ALL"]}, devices=[], initProcessEnabled=True)),
        definition(linux(tmpfs=[{"containerPath": "/tmp", "size": 64, "mountOptions": ["noexec"]}])),
        definition(logging("awslogs"), executionRoleArn=ROLE),
        definition({"privileged": True}, requiresCompatibilities=None, networkMode="host", pidMode="host"),
        definition(
            {"privileged": True}, requiresCompatibilities=["EC2"], volumes=[{"name": "v", "host": {"sourcePath": "/"}}]
        ),
    ],
)
def test_registering_what_aws_takes(ecs: Client, request_: Record) -> None:
    """Fargate's limits themselves, and anything for instances: a definition does nothing until it runs."""
    assert ecs.register_task_definition(**request_)["taskDefinition"]["status"] == "ACTIVE"


def test_sizes_are_stored_in_units(ecs: Client) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#task_size."""
    stored = ecs.register_task_definition(**definition(cpu=".25 vCPU", memory="0.5GB"))["taskDefinition"]
    assert (stored["cpu"], stored["memory"]) == ("256", "512")


@pytest.fixture
def of_instances(ecs: Client) -> str:
    """The family of a definition that asks for this machine."""
    request = definition({"privileged": True}, requiresCompatibilities=["EC2"], pidMode="host")
    ecs.register_task_definition(**request)
    return str(request["family"])


@pytest.mark.parametrize(
    "choice", [{"launchType": "FARGATE"}, {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]}]
)
def test_a_definition_for_instances_does_not_run_on_fargate(ecs: Client, of_instances: str, choice: Record) -> None:
    """Neither as a task nor as a service."""
    request = {"taskDefinition": of_instances, "networkConfiguration": NETWORK, **choice}
    for ask, named in ((ecs.run_task, {}), (ecs.create_service, {"serviceName": of_instances})):
        with pytest.raises(ecs.exceptions.InvalidParameterException, match="does not support launch_type FARGATE"):
            ask(**named, **request)
    assert ecs.list_tasks(family=of_instances)["taskArns"] == []


@pytest.mark.parametrize("choice", [{}, {"launchType": "EC2"}, {"launchType": "EXTERNAL"}])
def test_there_are_no_instances(ecs: Client, of_instances: str, choice: Record) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshooting.html: no instance, no task."""
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="No Container Instances were found"):
        ecs.run_task(taskDefinition=of_instances, **choice)


def test_a_service_for_instances_places_no_task(ecs: Client, of_instances: str) -> None:
    """AWS takes it, and says so in the service's events."""
    name = of_instances
    ecs.create_service(serviceName=name, taskDefinition=name, launchType="EC2", desiredCount=1)

    def events() -> list[str]:
        found = ecs.describe_services(services=[name])["services"][0]["events"]
        return [event["message"] for event in found]

    reason = "was unable to place a task. Reason: No Container Instances were found in your cluster."
    wait_until(lambda: any(reason in event for event in events()), show=events)
    assert ecs.list_tasks(serviceName=name)["taskArns"] == []


def test_a_service_is_not_updated_to_a_definition_for_instances(ecs: Client, of_instances: str) -> None:
    """UpdateService refuses it as CreateService does, and the service keeps the one that it has."""
    fit = definition()
    ecs.register_task_definition(**fit)
    name, first = fit["family"], {"taskDefinition": fit["family"], "networkConfiguration": NETWORK}
    ecs.create_service(serviceName=name, launchType="FARGATE", desiredCount=0, **first)
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="does not support launch_type FARGATE"):
        ecs.update_service(service=name, taskDefinition=of_instances)
    kept = ecs.update_service(service=name, taskDefinition=fit["family"])["service"]["taskDefinition"]
    assert kept.endswith(f"/{name}:1")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "Network Configuration must be provided when networkMode 'awsvpc' is specified."),
        (
            {"networkConfiguration": NETWORK, "placementConstraints": [{"type": "distinctInstance"}]},
            "Placement constraints are not supported with FARGATE launch type.",
        ),
        (
            {"networkConfiguration": NETWORK, "placementStrategy": [{"type": "random"}]},
            "Placement strategies are not supported with FARGATE launch type.",
        ),
    ],
)
def test_running_what_fargate_refuses(ecs: Client, request_: Record, message: str) -> None:
    """A task of Fargate has an interface of its own and no choice of a machine."""
    fit = definition()
    ecs.register_task_definition(**fit)
    with pytest.raises(ecs.exceptions.InvalidParameterException) as refused:
        ecs.run_task(taskDefinition=fit["family"], launchType="FARGATE", **request_)
    assert refused.value.response["Error"]["Message"] == message


def test_a_malformed_definition_is_told_as_before(local_aws: LocalAws) -> None:
    """A program without an SDK may leave anything out; the emulator's own checks still answer."""
    connection = http.client.HTTPConnection("127.0.0.1", local_aws.port, timeout=10)
    headers = {"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition"}
    request = {"family": "f", "requiresCompatibilities": ["FARGATE"], "containerDefinitions": [{"name": "api"}]}
    with closing(connection):
        connection.request("POST", "/", body=json.dumps(request), headers=headers)
        answer = json.loads(connection.getresponse().read())
    assert "image is required" in answer["message"]
