"""A stack that scales by several targets and by a schedule, deployed, at night, and planned again: real Terraform."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from operate.plan import plan_changes, plan_effects
from operate.progress import StepFailedError
from stacks.settings import load_environment
from tests.plan.infrastructure import Infrastructure
from tests.plan.test_changes import Deployment, synthesized
from tests.plan.transitions import ROOT, overlaid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.instance import LocalAws

    Tree = dict[str, Any]

NAME = "scaled-local"
TARGET = {
    "ServiceNamespace": "ecs",
    "ResourceId": f"service/{NAME}/{NAME}",
    "ScalableDimension": "ecs:service:DesiredCount",
}
LATER = "at(2099-01-31T20:00:00)"
SCHEDULE = [
    {"name": "night", "expression": LATER, "min_capacity": 0, "max_capacity": 0},
    {"name": "morning", "expression": LATER, "time_zone": "Europe/Berlin", "min_capacity": 2, "max_capacity": 4},
]


def settings(**scaling: Any) -> Tree:
    base = load_environment(ROOT / "environments" / "local.toml").model_dump(exclude_unset=True)
    own = {"service": {"name": "scaled"}, "backend": {"key": "scaled/local.tfstate"}, "scaling": scaling}
    return overlaid(base, own)


SCALED = settings(memory_target_percent=80, requests_per_target=500, schedule=SCHEDULE)


@pytest.fixture(scope="module")
def deployment(stand_in_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Each apply is followed by a plan that has to be empty."""
    deployment = Deployment(stand_in_aws, tmp_path_factory.mktemp("scaling") / "stack", settings=SCALED)
    deployment.apply(SCALED)
    yield deployment
    deployment.terraform.run("destroy", "-auto-approve")


def change(deployment: Deployment, desired: int, **bounds: int) -> None:
    """As a scheduled action does it, or somebody by hand."""
    client = deployment.local_aws.client
    with closing(client("application-autoscaling")) as scaling, closing(client("ecs")) as ecs:
        scaling.register_scalable_target(**TARGET, **bounds)
        ecs.update_service(cluster=NAME, service=NAME, desiredCount=desired)


def bounds(deployment: Deployment) -> tuple[int, int]:
    with closing(deployment.local_aws.client("application-autoscaling")) as scaling:
        ids = [TARGET["ResourceId"]]
        (found,) = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=ids)["ScalableTargets"]
    return found["MinCapacity"], found["MaxCapacity"]


def running(deployment: Deployment) -> Tree:
    with closing(deployment.local_aws.client("ecs")) as ecs:
        (service,) = ecs.describe_services(cluster=NAME, services=[NAME])["services"]
    return dict(service)


def planned(deployment: Deployment) -> tuple[set[str], list[str]]:
    """Which types of resources change, and what is warned of."""
    plan = deployment.folder / "plan"
    deployment.terraform.plan(out=plan)
    document = deployment.terraform.show_json(plan)
    return {one.type for one in plan_changes.changes(document)}, plan_changes.warnings(document)


def test_what_aws_has(deployment: Deployment) -> None:
    """The policies on their metrics, requests by load balancer and target group, and the two actions."""
    with (
        closing(deployment.local_aws.client("application-autoscaling")) as scaling,
        closing(deployment.local_aws.client("elbv2")) as elb,
    ):
        policies = scaling.describe_scaling_policies(**TARGET)["ScalingPolicies"]
        actions = scaling.describe_scheduled_actions(**TARGET)["ScheduledActions"]
        arn = running(deployment)["loadBalancers"][0]["targetGroupArn"]
        (group,) = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    (balancer_arn,) = group["LoadBalancerArns"]
    label = f"{balancer_arn.partition(':loadbalancer/')[2]}/{arn.rpartition(':')[2]}"
    tracked = [one["TargetTrackingScalingPolicyConfiguration"] for one in policies]
    assert [(one["TargetValue"], one["PredefinedMetricSpecification"]) for one in tracked] == [
        (70, {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}),
        (80, {"PredefinedMetricType": "ECSServiceAverageMemoryUtilization"}),
        (500, {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}),
    ]
    assert [(one["ScheduledActionName"], one["Timezone"], one["ScalableTargetAction"]) for one in actions] == [
        ("morning", "Europe/Berlin", {"MinCapacity": 2, "MaxCapacity": 4}),
        ("night", "UTC", {"MinCapacity": 0, "MaxCapacity": 0}),
    ]


def test_the_plan_at_night_is_empty_and_warns_of_nothing(deployment: Deployment) -> None:
    """Nor does it undo the morning's bounds."""
    for desired, low, high in ((0, 0, 0), (2, 2, 4)):
        change(deployment, desired, MinCapacity=low, MaxCapacity=high)
        assert planned(deployment) == (set(), [])


def test_a_service_that_was_stopped_by_hand_is_warned_of(deployment: Deployment) -> None:
    """In the hours in which the schedule wants tasks."""
    change(deployment, 0, MinCapacity=2, MaxCapacity=4)
    types, (warning,) = planned(deployment)
    assert types == set()
    assert f"The desired count of {NAME} is 0" in warning


def test_a_deployment_at_night_starts_nothing_and_leaves_the_night_alone(deployment: Deployment) -> None:
    """The new revision is in place for the morning, and the scaling target, though something else of it changes too."""
    change(deployment, 0, MinCapacity=0, MaxCapacity=0)
    before = running(deployment)["taskDefinition"]
    changed = {"container": {"environment": {"LEVEL": "debug"}}, "tags": {"team": "night"}}
    deployment.apply(overlaid(SCALED, changed))
    after = running(deployment)
    assert after["taskDefinition"] != before
    assert (after["desiredCount"], bounds(deployment)) == (0, (0, 0))
    change(deployment, 2, MinCapacity=2, MaxCapacity=4)
    assert running(deployment)["desiredCount"] == 2


def scaling_effects(deployment: Deployment, settings: Tree) -> list[str]:
    deployment.write(synthesized(settings))
    plan = deployment.folder / "plan"
    deployment.terraform.plan(out=plan)
    effects = plan_effects.effects(deployment.terraform.show_json(plan))
    return sorted(effect.text for effect in effects if effect.kind == "scaling")


def test_the_plan_says_what_a_schedule_does(deployment: Deployment) -> None:
    """One that is new, one that is changed, one that goes."""
    night, _ = SCHEDULE
    changed = [
        {**night, "min_capacity": 1, "max_capacity": 1},
        {"name": "noon", "expression": LATER, "max_capacity": 3},
    ]
    assert scaling_effects(deployment, settings(schedule=changed)) == [
        "the schedule morning acts no more",
        f"the schedule night sets at least 1 and at most 1 tasks at {LATER} (UTC)",
        f"the schedule noon sets at most 3 tasks at {LATER} (UTC)",
    ]


def test_without_the_schedule_the_bounds_are_the_files(deployment: Deployment) -> None:
    """From the next apply on."""
    change(deployment, 2, MinCapacity=2, MaxCapacity=3)
    deployment.apply(settings())
    assert bounds(deployment) == (1, 4)


def test_requests_of_a_network_load_balancer_are_refused(
    stand_in_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It knows none: the plan says so, before AWS does in an apply."""
    with closing(Infrastructure(stand_in_aws)) as make, closing(stand_in_aws.client("s3")) as s3:
        state = json.loads(s3.get_object(Bucket="terraform-state", Key="loadbalancing.tfstate")["Body"].read())
        balancer = make.elb.create_load_balancer(Name="network", Type="network", Subnets=["subnet-1"])
        balancer_arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
        ours = state["outputs"]["target_group_arn"]["value"]
        (group,) = make.elb.describe_target_groups(TargetGroupArns=[ours])["TargetGroups"]
        made = make.elb.create_target_group(
            Name="network", Protocol="TCP", Port=8080, VpcId=group["VpcId"], TargetType="ip"
        )
        arn = made["TargetGroups"][0]["TargetGroupArn"]
        forward = [{"Type": "forward", "TargetGroupArn": arn}]
        make.elb.create_listener(LoadBalancerArn=balancer_arn, Protocol="TCP", Port=80, DefaultActions=forward)
        state["outputs"]["target_group_arn"]["value"] = arn
        s3.put_object(Bucket="terraform-state", Key="network.tfstate", Body=json.dumps(state))
    read = {"remote_state": {"loadbalancing": {"backend": {"key": "network.tfstate"}}}}
    deployment = Deployment(stand_in_aws, tmp_path_factory.mktemp("network") / "stack")
    deployment.write(synthesized(overlaid(settings(requests_per_target=500), read)))
    with pytest.raises(StepFailedError) as refused:
        deployment.terraform.run("plan")
    said = " ".join(refused.value.output.replace("│", " ").split())
    assert "Requests per target are counted by an application load balancer, and net/network/" in said
    assert "is of another kind: a network load balancer knows no requests. Scale by CPU or memory." in said
