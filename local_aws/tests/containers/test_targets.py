"""Targets of the embedded load balancer get traffic while they answer the target group's health check, as on AWS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from local_aws.tests.containers.stage import PORT, wait_until

if TYPE_CHECKING:
    from local_aws.tests.containers.stage import Stage


def test_new_target_waits_for_its_first_passed_check(stage: Stage) -> None:
    """A task that runs and does not listen yet is `initial`, gets no traffic, and is healthy after one passed check."""
    stage.unhealthy_threshold = 10
    stage.create_service(stage.register(fault="late"), grace_seconds=60)
    wait_until(lambda: stage.target_health)
    assert stage.target_health == [("initial", "Elb.InitialHealthChecking")]
    assert stage.get("/version").status == 503
    with stage.engine_container() as container:
        container.kill("SIGUSR1")
    wait_until(lambda: stage.get("/version").status == 200)
    assert stage.target_health == [("healthy", "")]
    stage.wait_steady()


def test_unhealthy_target_gets_no_traffic(stage: Stage) -> None:
    """A target that fails its check leaves the rotation; the other one serves, and nobody sees a failure."""
    stage.create_service(stage.register(), desired=2, grace_seconds=60)
    stage.wait_steady()
    stage.get("/break")
    wait_until(lambda: len(stage.target_health) == 2 and stage.target_health[1][0] == "unhealthy")
    assert stage.target_health == [("healthy", ""), ("unhealthy", "Target.ResponseCodeMismatch")]
    assert {stage.get("/health").status for _ in range(10)} == {200}


def test_draining_target_finishes_what_it_has(stage: Stage) -> None:
    """A deregistered target is `draining`: no new request, but the one in flight is answered before SIGTERM."""
    stage.deregistration_delay_seconds = 6
    stage.create_service(stage.register())
    stage.wait_steady()
    with ThreadPoolExecutor() as pool, stage.engine_container() as container:
        in_flight = pool.submit(stage.get, "/wait")
        wait_until(lambda: stage.get("/waiting").body == "1")
        stage.client("ecs").stop_task(cluster=stage.name, task=stage.tasks()[0]["taskArn"])
        assert ("draining", "Target.DeregistrationInProgress") in stage.target_health
        container.kill("SIGUSR1")
        assert in_flight.result().status == 200


def test_target_of_a_group_that_nothing_forwards_to_is_unused(stage: Stage) -> None:
    """Without a listener a target is not checked, as AWS says: unused, Target.NotInUse."""
    target = {"Id": "127.0.0.1", "Port": PORT}
    stage.client("elbv2").register_targets(TargetGroupArn=stage.group_arn, Targets=[target])
    wait_until(lambda: stage.target_health == [("unused", "Target.NotInUse")])


def test_target_that_refuses_connections_is_unhealthy(stage: Stage) -> None:
    """A target registered by hand is checked like any other; its reason is another than that of a wrong status."""
    assert stage.balancer_arn
    target = {"Id": "127.0.0.1", "Port": 1}
    stage.client("elbv2").register_targets(TargetGroupArn=stage.group_arn, Targets=[target])
    wait_until(lambda: stage.target_health == [("unhealthy", "Target.FailedHealthChecks")])
    assert stage.get("/").status == 503


def test_service_needs_a_target_group_in_use(stage: Stage) -> None:
    """CreateService refuses a target group without a load balancer, as AWS does."""
    definition = stage.register()
    assert stage.group_arn
    stage.__dict__["balancer_arn"] = "none"
    with pytest.raises(stage.client("ecs").exceptions.InvalidParameterException, match="associated load balancer"):
        stage.create_service(definition)
