"""The embedded ECS answers requests about services, tasks and clusters as AWS documents, whoever sends them.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from local_aws.tests.containers.stage import wait_until

if TYPE_CHECKING:
    from local_aws.instance import Client, LocalAws
    from local_aws.ministack_types import Record


NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
_names = (f"name-{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def ecs(local_aws: LocalAws) -> Client:
    return local_aws.client("ecs")


@pytest.fixture
def name(ecs: Client) -> str:
    """Of a cluster, and of a task definition with one revision."""
    name = next(_names)
    ecs.create_cluster(clusterName=name, capacityProviders=["FARGATE", "FARGATE_SPOT"])
    register(ecs, name)
    return name


def register(ecs: Client, family: str) -> str:
    registered = ecs.register_task_definition(
        family=family,
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "api", "image": "api"}],
    )
    return str(registered["taskDefinition"]["taskDefinitionArn"])


def create(ecs: Client, name: str, **changes: object) -> Record:
    request: Record = {
        "cluster": name,
        "serviceName": name,
        "taskDefinition": name,
        "desiredCount": 1,
        "networkConfiguration": NETWORK,
        **({} if "capacityProviderStrategy" in changes else {"launchType": "FARGATE"}),
        **changes,
    }
    return ecs.create_service(**request)["service"]


def described(ecs: Client, name: str) -> Record:
    return ecs.describe_services(cluster=name, services=[name])["services"][0]


def end(ecs: Client, name: str) -> None:
    ecs.delete_service(cluster=name, service=name, force=True)
    wait_until(lambda: described(ecs, name)["status"] == "INACTIVE")


def test_a_part_of_a_deployment_configuration_leaves_the_rest(ecs: Client, name: str) -> None:
    """Terraform sends what changed; the circuit breaker has to outlive a change of the percents, and they its own."""
    breaker = {"enable": True, "rollback": True}
    create(ecs, name, deploymentConfiguration={"deploymentCircuitBreaker": breaker})
    ecs.update_service(cluster=name, service=name, deploymentConfiguration={"maximumPercent": 150})
    found = described(ecs, name)["deploymentConfiguration"]
    assert found == {"maximumPercent": 150, "minimumHealthyPercent": 100, "deploymentCircuitBreaker": breaker}
    ecs.update_service(
        cluster=name,
        service=name,
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": False, "rollback": False}},
    )
    assert described(ecs, name)["deploymentConfiguration"]["maximumPercent"] == 150


def test_an_update_keeps_what_it_is_given_and_what_it_is_not(ecs: Client, name: str) -> None:
    """Of each member that UpdateService takes."""
    create(ecs, name, enableECSManagedTags=True, propagateTags="SERVICE", healthCheckGracePeriodSeconds=30)
    given = {
        "availabilityZoneRebalancing": "ENABLED",
        "enableECSManagedTags": False,
        "enableExecuteCommand": True,
        "healthCheckGracePeriodSeconds": 60,
        "propagateTags": "TASK_DEFINITION",
    }
    before = described(ecs, name)
    for member, value in given.items():
        answer = ecs.update_service(cluster=name, service=name, **{member: value})["service"]
        assert answer[member] == value
    after = described(ecs, name)
    assert {member: after[member] for member in given} == given
    for member in ("launchType", "taskDefinition", "deploymentConfiguration", "networkConfiguration", "desiredCount"):
        assert after[member] == before[member]
    assert after["deployments"][0]["id"] == before["deployments"][0]["id"]


@pytest.mark.parametrize(
    ("change", "rolls"),
    [
        ({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-2"]}}}, True),
        ({"networkConfiguration": NETWORK}, False),
        ({"platformVersion": "1.4.0"}, True),
        ({"platformVersion": "LATEST"}, False),
        ({"desiredCount": 2}, False),
    ],
)
def test_what_starts_a_deployment(ecs: Client, name: str, change: Record, rolls: bool) -> None:  # noqa: FBT001
    """As the API reference says of each parameter; what stays as it was changes nothing."""
    first = create(ecs, name)["deployments"][0]["id"]
    ecs.update_service(cluster=name, service=name, **change)
    assert (described(ecs, name)["deployments"][0]["id"] != first) == rolls


def test_another_strategy_has_to_force_a_deployment(ecs: Client, name: str) -> None:
    """From a launch type, from another strategy, and to none; one that stays the same has not to."""
    create(ecs, name)
    spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]

    def refused(strategy: list[Record]) -> None:
        with pytest.raises(ecs.exceptions.InvalidParameterException, match="you must force a new deployment"):
            ecs.update_service(cluster=name, service=name, capacityProviderStrategy=strategy)

    refused(spot)
    assert described(ecs, name)["launchType"] == "FARGATE"
    ecs.update_service(cluster=name, service=name, capacityProviderStrategy=spot, forceNewDeployment=True)
    refused([*spot, {"capacityProvider": "FARGATE", "weight": 1}])
    refused([])
    ecs.update_service(cluster=name, service=name, capacityProviderStrategy=[{**spot[0], "base": 0}])


def test_a_service_changes_its_capacity(ecs: Client, name: str) -> None:
    """To capacity providers and back to Fargate itself; a new deployment is on what the service is on."""
    create(ecs, name)
    spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
    ecs.update_service(cluster=name, service=name, capacityProviderStrategy=spot, forceNewDeployment=True)
    found = described(ecs, name)
    assert found["capacityProviderStrategy"] == found["deployments"][0]["capacityProviderStrategy"] == spot
    assert "launchType" not in found
    ecs.update_service(cluster=name, service=name, capacityProviderStrategy=[], forceNewDeployment=True)
    found = described(ecs, name)
    assert found["launchType"] == found["deployments"][0]["launchType"] == "FARGATE"


def test_a_capacity_provider_has_to_be_the_clusters(ecs: Client) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html."""
    name = next(_names)
    ecs.create_cluster(clusterName=name)
    register(ecs, name)
    spot = [{"capacityProvider": "FARGATE_SPOT"}]
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="not associated with the cluster"):
        create(ecs, name, capacityProviderStrategy=spot)
    ecs.put_cluster_capacity_providers(
        cluster=name, capacityProviders=["FARGATE_SPOT"], defaultCapacityProviderStrategy=[]
    )
    assert create(ecs, name, capacityProviderStrategy=spot)["status"] == "ACTIVE"


def test_a_client_token_makes_one_service(ecs: Client, name: str) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html: and only for the same request."""
    first = create(ecs, name, clientToken="once")
    ecs.update_service(cluster=name, service=name, desiredCount=2)
    again = create(ecs, name, clientToken="once")
    assert (again["createdAt"], again["desiredCount"]) == (first["createdAt"], 2)
    for changes in ({"clientToken": "once", "desiredCount": 3}, {"clientToken": "twice"}, {}):
        with pytest.raises(ecs.exceptions.InvalidParameterException, match="Creation of service was not idempotent"):
            create(ecs, name, **changes)


def test_a_client_token_runs_a_task_once(ecs: Client, name: str) -> None:
    """And a conflict names the tasks that it is of."""
    request: Record = {"cluster": name, "taskDefinition": name, "launchType": "FARGATE", "clientToken": f"{name}-once"}
    first, again = (ecs.run_task(**request, networkConfiguration=NETWORK)["tasks"] for _ in range(2))
    arns = [task["taskArn"] for task in first]
    assert arns == [task["taskArn"] for task in again]
    with pytest.raises(ecs.exceptions.ConflictException) as conflict:
        ecs.run_task(**request, networkConfiguration=NETWORK, count=2)
    assert conflict.value.response["resourceIds"] == arns
    assert ecs.list_tasks(cluster=name)["taskArns"] == arns


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        ({"propagateTags": "SERVICE"}, {"owner": "service"}),
        ({"propagateTags": "TASK_DEFINITION"}, {"owner": "definition"}),
        ({"enableECSManagedTags": True}, {"aws:ecs:clusterName": "", "aws:ecs:serviceName": ""}),
    ],
)
def test_tasks_of_a_service_have_tags(ecs: Client, name: str, configured: Record, expected: dict[str, str]) -> None:
    """As the service says, and what ECS adds by itself: names of the cluster and of the service."""
    ecs.tag_resource(resourceArn=register(ecs, name), tags=[{"key": "owner", "value": "definition"}])
    tags = [{"key": "owner", "value": "service"}]
    create(ecs, name, tags=tags, **configured)
    wait_until(lambda: described(ecs, name)["runningCount"])
    tasks = ecs.describe_tasks(cluster=name, tasks=ecs.list_tasks(cluster=name)["taskArns"], include=["TAGS"])["tasks"]
    assert {tag["key"]: tag["value"] for tag in tasks[0]["tags"]} == {
        key: value or name for key, value in expected.items()
    }
    end(ecs, name)


def test_a_one_off_task_has_tags(ecs: Client, name: str) -> None:
    """Of its own, before those of the task definition."""
    definition = register(ecs, name)
    ecs.tag_resource(resourceArn=definition, tags=[{"key": key, "value": "definition"} for key in ("owner", "team")])
    (task,) = ecs.run_task(
        cluster=name,
        taskDefinition=definition,
        launchType="FARGATE",
        networkConfiguration=NETWORK,
        propagateTags="TASK_DEFINITION",
        enableECSManagedTags=True,
        tags=[{"key": "owner", "value": "me"}],
    )["tasks"]
    tags = ecs.list_tags_for_resource(resourceArn=task["taskArn"])["tags"]
    expected = {"owner": "me", "team": "definition", "aws:ecs:clusterName": name}
    assert {tag["key"]: tag["value"] for tag in tags} == expected


def test_only_a_container_that_there_is_can_be_overridden(ecs: Client, name: str) -> None:
    """A task without its command would be another one."""
    request: Record = {
        "cluster": name,
        "taskDefinition": name,
        "launchType": "FARGATE",
        "networkConfiguration": NETWORK,
    }
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="container named x is not a container in the"):
        ecs.run_task(**request, overrides={"containerOverrides": [{"name": "x", "command": ["migrate"]}]})
    (task,) = ecs.run_task(**request, overrides={"containerOverrides": [{"name": "api"}]})["tasks"]
    assert task["overrides"]["containerOverrides"] == [{"name": "api"}]


def test_a_cluster_with_services_or_tasks_stays(ecs: Client, name: str) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html: nothing is left without one."""
    create(ecs, name)
    with pytest.raises(ecs.exceptions.ClusterContainsServicesException, match="while Services are active"):
        ecs.delete_cluster(cluster=name)
    end(ecs, name)
    task = ecs.run_task(cluster=name, taskDefinition=name, launchType="FARGATE", networkConfiguration=NETWORK)["tasks"][
        0
    ]
    with pytest.raises(ecs.exceptions.ClusterContainsTasksException, match="while Tasks are active"):
        ecs.delete_cluster(cluster=name)
    ecs.stop_task(cluster=name, task=task["taskArn"])
    stopped = lambda: ecs.describe_tasks(cluster=name, tasks=[task["taskArn"]])["tasks"][0]["lastStatus"] == "STOPPED"  # noqa: E731
    wait_until(stopped)
    assert ecs.delete_cluster(cluster=name)["cluster"]["status"] == "INACTIVE"
    ecs.create_cluster(clusterName=name)
    assert create(ecs, name)["status"] == "ACTIVE"


def test_there_is_no_cluster_that_nobody_created(ecs: Client, name: str) -> None:
    """A mistyped cluster is not made up."""
    request: Record = {
        "cluster": "absent",
        "taskDefinition": name,
        "launchType": "FARGATE",
        "networkConfiguration": NETWORK,
    }
    for ask, named in ((ecs.run_task, {}), (ecs.create_service, {"serviceName": name})):
        with pytest.raises(ecs.exceptions.ClusterNotFoundException):
            ask(**request, **named)
    assert not any(arn.endswith("/absent") for arn in ecs.list_clusters()["clusterArns"])


def test_a_service_that_is_gone_is_not_updated(ecs: Client, name: str) -> None:
    """Its record stays for a while, and nothing more."""
    create(ecs, name)
    end(ecs, name)
    with pytest.raises(ecs.exceptions.ServiceNotActiveException, match="Service was not ACTIVE"):
        ecs.update_service(cluster=name, service=name, desiredCount=1)


def test_a_deregistered_revision_starts_nothing_new(ecs: Client, name: str) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html.

    What runs it goes on, and the family alone names the latest revision that is left.
    """
    first, second = f"{name}:1", register(ecs, name)
    create(ecs, name, taskDefinition=second)
    ecs.deregister_task_definition(taskDefinition=second)
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="TaskDefinition is inactive"):
        ecs.run_task(cluster=name, taskDefinition=second, launchType="FARGATE", networkConfiguration=NETWORK)
    with pytest.raises(ecs.exceptions.ClientException, match="TaskDefinition is inactive"):
        ecs.update_service(cluster=name, service=name, taskDefinition=second)
    ecs.update_service(cluster=name, service=name, desiredCount=2)
    wait_until(lambda: described(ecs, name)["runningCount"] == 2, show=lambda: described(ecs, name))
    ecs.update_service(cluster=name, service=name, taskDefinition=name)
    assert described(ecs, name)["taskDefinition"].endswith(f"/{first}")
    with pytest.raises(ecs.exceptions.ClientException, match="TaskDefinition not found"):
        ecs.update_service(cluster=name, service=name, taskDefinition="absent")
