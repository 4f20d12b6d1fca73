"""The application-autoscaling API, spoken to as its users do: by boto3, over HTTP."""

from __future__ import annotations

import functools
import itertools
from contextlib import closing
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from ministack.core.responses import request_scope

from local_aws.application_autoscaling import api
from local_aws.tests.containers.stage import wait_until

if TYPE_CHECKING:
    from local_aws.instance import Client, LocalAws

_SERVICE = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
_CPU = "ECSServiceAverageCPUUtilization"
_names = itertools.count()


@pytest.fixture
def autoscaling(local_aws: LocalAws) -> Client:
    return local_aws.client("application-autoscaling")


@pytest.fixture
def service(local_aws: LocalAws) -> dict[str, Any]:
    """An ECS service's resource id, with the namespace and the dimension that go with it everywhere."""
    return _service(local_aws.client("ecs"), desired=0)


def _service(ecs: Client, *, desired: int) -> dict[str, Any]:
    name = f"api-{next(_names)}"
    ecs.create_cluster(clusterName="scaled")
    container = {"name": "api", "image": "api", "essential": True, "memory": 128}
    ecs.register_task_definition(family=name, containerDefinitions=[container])
    ecs.create_service(cluster="scaled", serviceName=name, taskDefinition=name, desiredCount=desired)
    return {**_SERVICE, "ResourceId": f"service/scaled/{name}"}


@pytest.fixture
def target(autoscaling: Client, service: dict[str, Any]) -> dict[str, Any]:
    """A service that is registered, for one to four tasks."""
    autoscaling.register_scalable_target(**service, MinCapacity=1, MaxCapacity=4)
    return service


def _described(autoscaling: Client, target: dict[str, Any]) -> dict[str, Any]:
    ids = [target["ResourceId"]]
    (found,) = autoscaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=ids)["ScalableTargets"]
    return dict(found)


def _tracking(metric: str = _CPU, value: float = 70.0, **predefined: str) -> dict[str, Any]:
    return {
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": value,
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric, **predefined},
        },
    }


def _policies(autoscaling: Client, target: dict[str, Any]) -> list[dict[str, Any]]:
    return list(autoscaling.describe_scaling_policies(**target)["ScalingPolicies"])


def test_a_target_is_kept_as_registered(autoscaling: Client, service: dict[str, Any]) -> None:
    """What is described is what was registered, with AWS's ARN, role and defaults."""
    arn = autoscaling.register_scalable_target(**service, MinCapacity=1, MaxCapacity=4)["ScalableTargetARN"]

    found = _described(autoscaling, service)

    assert found.pop("CreationTime")
    assert found == {
        **service,
        "MinCapacity": 1,
        "MaxCapacity": 4,
        "ScalableTargetARN": arn,
        "RoleARN": "arn:aws:iam::000000000000:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
        "AWSServiceRoleForApplicationAutoScaling_ECSService",
        "SuspendedState": {
            "DynamicScalingInSuspended": False,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": False,
        },
    }
    assert arn.startswith("arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target/")


def test_registering_again_changes_only_what_is_given(autoscaling: Client, target: dict[str, Any]) -> None:
    """A partial update keeps the other capacity, the ARN and the other suspensions."""
    before = _described(autoscaling, target)

    autoscaling.register_scalable_target(**target, MaxCapacity=6, SuspendedState={"DynamicScalingInSuspended": True})

    suspended = before["SuspendedState"] | {"DynamicScalingInSuspended": True}
    assert _described(autoscaling, target) == before | {"MaxCapacity": 6, "SuspendedState": suspended}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"MinCapacity": 5, "MaxCapacity": 4}, "cannot be less than minimum"),
        ({"MinCapacity": -1, "MaxCapacity": 4}, "greater than or equal to 0"),
        ({"MinCapacity": 1}, "Both MinCapacity and MaxCapacity"),
        ({"ScalableDimension": "ecs:service:Tasks"}, "Member must satisfy enum value set"),
        ({"ServiceNamespace": "fargate"}, "Member must satisfy enum value set"),
        ({"ScalableDimension": "dynamodb:table:ReadCapacityUnits"}, "Unsupported service namespace"),
        ({"ServiceNamespace": "dynamodb"}, "Unsupported service namespace"),
        ({"ResourceId": "api"}, "Unsupported service namespace"),
        ({"ResourceId": "service/api"}, "Unsupported service namespace"),
        ({"ResourceId": "service/scaled/absent"}, "ECS service doesn't exist: service/scaled/absent"),
    ],
)
def test_registration_is_refused(
    autoscaling: Client, service: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    """What AWS would not register isn't registered here either."""
    capacity = {} if "MinCapacity" in change else {"MinCapacity": 1, "MaxCapacity": 4}

    with pytest.raises(ClientError, match=message) as error:
        autoscaling.register_scalable_target(**(service | capacity | change))

    assert error.value.response["Error"]["Code"] == "ValidationException"
    ids = [service["ResourceId"]]
    assert not autoscaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=ids)["ScalableTargets"]


def test_a_refused_update_leaves_the_target_alone(autoscaling: Client, target: dict[str, Any]) -> None:
    """A new minimum over the old maximum is refused whole."""
    with pytest.raises(ClientError, match="cannot be less than minimum"):
        autoscaling.register_scalable_target(**target, MinCapacity=9)

    assert _described(autoscaling, target)["MinCapacity"] == 1


def test_answers_are_paged(autoscaling: Client, target: dict[str, Any]) -> None:
    """Pages of one hold one each and end, and a made-up token is refused."""
    for metric in (_CPU, "ECSServiceAverageMemoryUtilization"):
        autoscaling.put_scaling_policy(**target, PolicyName=metric, **_tracking(metric))

    paginator = autoscaling.get_paginator("describe_scaling_policies")
    pages = list(paginator.paginate(**target, PaginationConfig={"PageSize": 1}))

    assert [[policy["PolicyName"] for policy in page["ScalingPolicies"]] for page in pages] == [
        [_CPU],
        ["ECSServiceAverageMemoryUtilization"],
    ]
    with pytest.raises(autoscaling.exceptions.InvalidNextTokenException):
        autoscaling.describe_scalable_targets(ServiceNamespace="ecs", NextToken="made-up")


def test_deregistering_takes_the_policies_along(autoscaling: Client, target: dict[str, Any]) -> None:
    """As on AWS; registered again the target has none, and a second deregistration finds nothing."""
    autoscaling.put_scaling_policy(**target, PolicyName="cpu", **_tracking())

    autoscaling.deregister_scalable_target(**target)

    with pytest.raises(autoscaling.exceptions.ObjectNotFoundException, match="No scalable target registered"):
        autoscaling.deregister_scalable_target(**target)
    autoscaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)
    assert _policies(autoscaling, target) == []


def test_a_target_tracking_policy_is_kept(autoscaling: Client, target: dict[str, Any]) -> None:
    """Its configuration comes back to the letter, with the two alarms that AWS would create."""
    tracking = _tracking()
    tracking["TargetTrackingScalingPolicyConfiguration"] |= {"ScaleInCooldown": 300, "ScaleOutCooldown": 60}

    put = autoscaling.put_scaling_policy(**target, PolicyName="cpu", **tracking)

    (found,) = _policies(autoscaling, target)
    assert found.pop("CreationTime")
    assert found == {**target, **tracking, "PolicyName": "cpu", "PolicyARN": put["PolicyARN"], "Alarms": put["Alarms"]}
    assert put["PolicyARN"].endswith(f":resource/ecs/{target['ResourceId']}:policyName/cpu")
    assert ["High" in alarm["AlarmName"] for alarm in put["Alarms"]] == [True, False]


def test_a_policy_is_replaced_under_its_name(autoscaling: Client, target: dict[str, Any]) -> None:
    """It keeps its ARN and its alarms."""
    first = autoscaling.put_scaling_policy(**target, PolicyName="cpu", **_tracking(value=70.0))

    second = autoscaling.put_scaling_policy(**target, PolicyName="cpu", **_tracking(value=50.0))

    (found,) = _policies(autoscaling, target)
    assert found["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 50.0
    assert (second["PolicyARN"], second["Alarms"]) == (first["PolicyARN"], first["Alarms"])


def test_a_step_policy_is_kept(autoscaling: Client, target: dict[str, Any]) -> None:
    """Its alarms are the caller's to create."""
    steps = {
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
    }

    put = autoscaling.put_scaling_policy(
        **target, PolicyName="steps", PolicyType="StepScaling", StepScalingPolicyConfiguration=steps
    )

    (found,) = _policies(autoscaling, target)
    assert found["StepScalingPolicyConfiguration"] == steps
    assert put["Alarms"] == []


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (_tracking("CPUUtilization"), "Member must satisfy enum value set"),
        (_tracking("DynamoDBReadCapacityUtilization"), "not supported for the service namespace ecs"),
        (_tracking("ALBRequestCountPerTarget"), "ResourceLabel is required"),
        ({"PolicyType": "TargetTrackingScaling"}, "TargetTrackingScalingPolicyConfiguration is required"),
        ({"PolicyType": "StepScaling"}, "StepScalingPolicyConfiguration is required"),
        ({"PolicyType": "Scaling"}, "Member must satisfy enum value set"),
        (
            {"PolicyType": "StepScaling", "StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity"}},
            "at least one step adjustment",
        ),
        (
            {
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0},
            },
            "Exactly one of a predefined and a customized metric",
        ),
    ],
)
def test_a_policy_is_refused(autoscaling: Client, target: dict[str, Any], policy: dict[str, Any], message: str) -> None:
    """What AWS would not keep isn't kept here either."""
    with pytest.raises(ClientError, match=message) as error:
        autoscaling.put_scaling_policy(**target, PolicyName="bad", **policy)

    assert error.value.response["Error"]["Code"] == "ValidationException"
    assert _policies(autoscaling, target) == []


def test_two_policies_cannot_track_one_metric(autoscaling: Client, target: dict[str, Any]) -> None:
    """They would fight; on another metric a second one is welcome."""
    autoscaling.put_scaling_policy(**target, PolicyName="cpu", **_tracking())

    with pytest.raises(ClientError, match="Only one TargetTrackingScaling policy"):
        autoscaling.put_scaling_policy(**target, PolicyName="cpu-again", **_tracking())
    label = "app/main/1/targetgroup/app/2"
    autoscaling.put_scaling_policy(
        **target, PolicyName="requests", **_tracking("ALBRequestCountPerTarget", ResourceLabel=label)
    )

    assert [policy["PolicyName"] for policy in _policies(autoscaling, target)] == ["cpu", "requests"]


def test_a_policy_wants_a_registered_target(autoscaling: Client, service: dict[str, Any]) -> None:
    """An ECS service that nobody registered has no policies."""
    with pytest.raises(autoscaling.exceptions.ObjectNotFoundException, match="No scalable target registered"):
        autoscaling.put_scaling_policy(**service, PolicyName="cpu", **_tracking())


def test_a_policy_is_deleted(autoscaling: Client, target: dict[str, Any]) -> None:
    """Once: a second time there is none."""
    autoscaling.put_scaling_policy(**target, PolicyName="cpu", **_tracking())

    autoscaling.delete_scaling_policy(**target, PolicyName="cpu")

    assert _policies(autoscaling, target) == []
    with pytest.raises(autoscaling.exceptions.ObjectNotFoundException):
        autoscaling.delete_scaling_policy(**target, PolicyName="cpu")


def _scheduled(autoscaling: Client, target: dict[str, Any]) -> list[dict[str, Any]]:
    return list(autoscaling.describe_scheduled_actions(**target)["ScheduledActions"])


def test_a_scheduled_action_is_kept(autoscaling: Client, target: dict[str, Any]) -> None:
    """What is left out is as it was on an update, but for start and end, which go."""
    times = {
        "StartTime": datetime(2030, 1, 1, tzinfo=timezone.utc),
        "EndTime": datetime(2031, 1, 1, tzinfo=timezone.utc),
    }
    night = {"Schedule": "cron(0 20 * * ? *)", "Timezone": "Europe/Berlin", "ScalableTargetAction": {"MinCapacity": 0}}

    autoscaling.put_scheduled_action(**target, ScheduledActionName="night", **night, **times)

    (found,) = _scheduled(autoscaling, target)
    assert found.pop("CreationTime")
    arn = found.pop("ScheduledActionARN")
    assert arn.endswith(f":resource/ecs/{target['ResourceId']}:scheduledActionName/night")
    assert found == {**target, **night, **times, "ScheduledActionName": "night"}
    autoscaling.put_scheduled_action(**target, ScheduledActionName="night", Schedule="rate(1 hour)")
    (updated,) = _scheduled(autoscaling, target)
    assert (updated["ScheduledActionARN"], updated["Schedule"], updated["Timezone"]) == (
        arn,
        "rate(1 hour)",
        "Europe/Berlin",
    )
    assert not {"StartTime", "EndTime"} & updated.keys()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Schedule": "cron(0 20 * * *)"}, "Invalid schedule expression"),
        ({"Schedule": "rate(99999999999999 days)"}, "Invalid schedule expression"),
        ({"Timezone": "Berlin"}, "'Berlin' is no time zone"),
        ({"ScalableTargetAction": {}}, "At least one of minimum capacity and maximum capacity"),
        ({"ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 2}}, "cannot be less than minimum"),
        ({"ScalableTargetAction": {"MinCapacity": -1}}, "greater than or equal to 0"),
        ({"StartTime": 2_000_000_000, "EndTime": 1_900_000_000}, "later than start time"),
    ],
)
def test_a_scheduled_action_is_refused(
    autoscaling: Client, target: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    """What could never act, or changes nothing."""
    night = {"Schedule": "cron(0 20 * * ? *)", "ScalableTargetAction": {"MinCapacity": 0}} | change

    with pytest.raises(ClientError, match=message) as error:
        autoscaling.put_scheduled_action(**target, ScheduledActionName="night", **night)

    assert error.value.response["Error"]["Code"] == "ValidationException"
    assert _scheduled(autoscaling, target) == []


def test_a_scheduled_action_goes_alone_and_with_its_target(autoscaling: Client, target: dict[str, Any]) -> None:
    """Deleted once, a second time there is none; and the others go where the target is deregistered."""
    night = {"Schedule": "cron(0 20 * * ? *)", "ScalableTargetAction": {"MaxCapacity": 0}}
    for name in ("night", "noon"):
        autoscaling.put_scheduled_action(**target, ScheduledActionName=name, **night)
    autoscaling.delete_scheduled_action(**target, ScheduledActionName="noon")
    with pytest.raises(autoscaling.exceptions.ObjectNotFoundException, match="scheduled action name: noon"):
        autoscaling.delete_scheduled_action(**target, ScheduledActionName="noon")
    autoscaling.deregister_scalable_target(**target)
    with pytest.raises(autoscaling.exceptions.ObjectNotFoundException, match="No scalable target registered"):
        autoscaling.put_scheduled_action(**target, ScheduledActionName="night", **night)
    autoscaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)
    assert _scheduled(autoscaling, target) == []


def test_nights_at_none_and_mornings_at_two(quick_local_aws: LocalAws) -> None:
    """Bounds and desired count follow the schedule, whose day is four seconds here; where suspended, they stay."""
    with (
        closing(quick_local_aws.client("ecs")) as ecs,
        closing(quick_local_aws.client("application-autoscaling")) as autoscaling,
    ):
        scheduled, suspended = (_service(ecs, desired=1) for _ in range(2))
        suspension = {"SuspendedState": {"ScheduledScalingSuspended": True}}
        for target, more in ((suspended, suspension), (scheduled, {})):
            autoscaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4, **more)
            put = functools.partial(autoscaling.put_scheduled_action, **target)
            day = {"MinCapacity": 2, "MaxCapacity": 4}
            put(ScheduledActionName="night", Schedule="cron(0/4 * * * ? *)", ScalableTargetAction=dict.fromkeys(day, 0))
            put(ScheduledActionName="morning", Schedule="cron(2/4 * * * ? *)", ScalableTargetAction=day)

        def seen(target: dict[str, Any]) -> tuple[int, int, int]:
            _, cluster, name = target["ResourceId"].split("/")
            (service,) = ecs.describe_services(cluster=cluster, services=[name])["services"]
            described = _described(autoscaling, target)
            return described["MinCapacity"], described["MaxCapacity"], service["desiredCount"]

        for expected in ((0, 0, 0), (2, 4, 2), (0, 0, 0)):
            wait_until(lambda expected=expected: seen(scheduled) == expected)  # type: ignore[misc]
        assert seen(suspended) == (1, 4, 1)
        said = [one["Cause"] for one in autoscaling.describe_scaling_activities(**scheduled)["ScalingActivities"]]
        assert {
            "scheduled action name night was triggered",
            "maximum capacity was set to 0",
            "minimum capacity was set to 2",
        } <= set(said)
        for target in (scheduled, suspended):
            autoscaling.deregister_scalable_target(**target)


def test_tags_are_kept(autoscaling: Client, service: dict[str, Any]) -> None:
    """The provider reads them in every refresh."""
    registered = autoscaling.register_scalable_target(
        **service, MinCapacity=1, MaxCapacity=4, Tags={"environment": "local", "team": "api"}
    )
    arn = registered["ScalableTargetARN"]

    autoscaling.tag_resource(ResourceARN=arn, Tags={"team": "platform", "service": "go-api"})
    autoscaling.untag_resource(ResourceARN=arn, TagKeys=["environment"])

    assert autoscaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "platform", "service": "go-api"}


def test_tags_want_a_target(autoscaling: Client) -> None:
    """An ARN of nothing has no tags."""
    arn = "arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target/none"

    with pytest.raises(autoscaling.exceptions.ResourceNotFoundException):
        autoscaling.list_tags_for_resource(ResourceARN=arn)


def test_the_newest_activities_are_kept() -> None:
    """A hundred of a region, newest first."""
    with request_scope("111111111111", "eu-west-3"):
        for number in range(101):
            api.record_activity("service/main/api", description=str(number), cause="")
        found = api.describe_scaling_activities({"ServiceNamespace": "ecs", "MaxResults": 200})["ScalingActivities"]
        api.reset()
    assert [one["Description"] for one in found] == [str(number) for number in range(100, 0, -1)]


def test_nothing_has_scaled(autoscaling: Client, target: dict[str, Any]) -> None:
    """It stores, it does not scale: the list of activities is there and empty."""
    assert autoscaling.describe_scaling_activities(**target)["ScalingActivities"] == []
