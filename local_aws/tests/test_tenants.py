"""The background threads outlive what goes wrong in one of their turns."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from ministack.core.responses import AccountRegionScopedDict, get_region, request_scope

from local_aws.tenants import for_each_tenant
from local_aws.tests.containers.stage import wait_until
from local_aws.tests.test_ecs_requests import create, described, end, register

if TYPE_CHECKING:
    import pytest

    from local_aws.instance import LocalAws


def test_one_tenants_trouble_is_not_the_others(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the next region has its turn."""
    store, seen = AccountRegionScopedDict(), []
    for region in ("eu-west-1", "eu-west-2"):
        with request_scope("111111111111", region):
            store["service"] = {}

    def act() -> None:
        seen.append(get_region())
        if seen == ["eu-west-1"]:
            raise ValueError("no number")

    for_each_tenant((store,), act)
    assert seen == ["eu-west-1", "eu-west-2"]
    assert "failed in account 111111111111, region eu-west-1" in caplog.text
    assert "no number" in caplog.text


def test_the_scheduler_outlives_an_attribute_that_is_no_number(local_aws: LocalAws) -> None:
    """A target that drains for "abc" seconds keeps no service from being deployed."""
    with closing(local_aws.client("elbv2")) as elb, closing(local_aws.client("ecs")) as ecs:
        group = elb.create_target_group(Name="abc", Protocol="HTTP", Port=80, VpcId="vpc-1", TargetType="ip")
        arn = {"TargetGroupArn": group["TargetGroups"][0]["TargetGroupArn"]}
        delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "abc"}
        elb.modify_target_group_attributes(**arn, Attributes=[delay])
        elb.register_targets(**arn, Targets=[{"Id": "10.0.0.1"}])

        def reason() -> str:
            (target,) = elb.describe_target_health(**arn, Targets=[{"Id": "10.0.0.1"}])["TargetHealthDescriptions"]
            return str(target["TargetHealth"]["Reason"])

        wait_until(lambda: reason() == "Target.NotInUse")
        elb.deregister_targets(**arn, Targets=[{"Id": "10.0.0.1"}])
        wait_until(lambda: reason() == "Target.NotRegistered")
        ecs.create_cluster(clusterName="abc", capacityProviders=["FARGATE"])
        register(ecs, "abc")
        create(ecs, "abc")
        wait_until(lambda: described(ecs, "abc")["deployments"][0]["rolloutState"] == "COMPLETED")
        end(ecs, "abc")
