"""The embedded AWS's process: where it listens, what survives it, and that no other process is taken for it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from local_aws import instance, lifecycle
from local_aws import server_process as process
from local_aws.errors import LocalAwsError
from local_aws.instance import LocalAws, configured_port
from local_aws.server_record import ServerRecord
from local_aws.tests.containers.stage import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _kill(local_aws: LocalAws) -> None:
    record = process.running(local_aws)
    assert record
    started = psutil.Process(record.pid)
    started.kill()
    started.wait()


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is none of the embedded AWS's."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as bystander:
        yield bystander
        bystander.kill()


def test_it_listens_on_loopback_only(local_aws: LocalAws) -> None:
    """Nobody on the network can reach it."""
    record = process.running(local_aws)
    assert record

    connections = psutil.Process(record.pid).net_connections()

    listening = {connection.laddr for connection in connections if connection.status == psutil.CONN_LISTEN}
    assert listening == {("127.0.0.1", local_aws.port)}


def test_what_a_kill_leaves_is_forgotten(empty_local_aws: LocalAws) -> None:
    """It starts empty, in both kinds of data, and says so once."""
    local_aws = empty_local_aws
    assert lifecycle.up(local_aws) is False
    local_aws.client("s3").create_bucket(Bucket="states")
    local_aws.client("ecs").create_cluster(clusterName="main")
    _kill(local_aws)
    assert lifecycle.up(local_aws) is True
    assert local_aws.client("s3").list_buckets()["Buckets"] == []
    assert local_aws.client("ecs").list_clusters()["clusterArns"] == []
    assert lifecycle.up(local_aws) is False


def test_scaling_activities_outlive_an_orderly_stop(empty_local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, and in their region alone."""
    monkeypatch.setenv("LOCAL_AWS_METRIC_PERIOD_SECONDS", "0.2")
    local_aws = empty_local_aws
    lifecycle.up(local_aws)
    ecs, autoscaling = local_aws.client("ecs"), local_aws.client("application-autoscaling")
    ecs.create_cluster(clusterName="main")
    ecs.register_task_definition(family="api", containerDefinitions=[{"name": "api", "image": "api", "memory": 64}])
    ecs.create_service(cluster="main", serviceName="api", taskDefinition="api", desiredCount=0)
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/main/api",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    autoscaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=4)
    action = {**target, "ScheduledActionName": "often"}
    bounds = {"MinCapacity": 0, "MaxCapacity": 3}
    autoscaling.put_scheduled_action(**action, Schedule="rate(1 minute)", ScalableTargetAction=bounds)

    def activities(region: str = "us-east-1") -> list[str]:
        client = local_aws.client("application-autoscaling", region=region)
        return [one["ActivityId"] for one in client.describe_scaling_activities(**target)["ScalingActivities"]]

    wait_until(lambda: len(activities()) > 2)
    autoscaling.delete_scheduled_action(**action)
    before = activities()
    lifecycle.down(local_aws)
    lifecycle.up(local_aws)
    assert activities()[-len(before) :] == before
    assert activities("eu-west-1") == []


def test_an_orderly_stop_keeps_everything(empty_local_aws: LocalAws) -> None:
    """Terraform's states and what they describe: a bucket's versions, a network, a scalable target."""
    local_aws = empty_local_aws
    lifecycle.up(local_aws)
    s3, ec2, ecs = local_aws.client("s3"), local_aws.client("ec2"), local_aws.client("ecs")
    s3.create_bucket(Bucket="states")
    s3.put_bucket_versioning(Bucket="states", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="states", Key="networking.tfstate", Body=b"first")
    s3.put_object(Bucket="states", Key="networking.tfstate", Body=b"second")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ecs.create_cluster(clusterName="main")
    ecs.register_task_definition(family="api", containerDefinitions=[{"name": "api", "image": "api", "memory": 64}])
    ecs.create_service(cluster="main", serviceName="api", taskDefinition="api", desiredCount=0)
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/main/api",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    autoscaling = local_aws.client("application-autoscaling")
    autoscaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)

    lifecycle.down(local_aws)
    lifecycle.up(local_aws)

    versions = s3.list_object_versions(Bucket="states")["Versions"]
    bodies = [
        s3.get_object(Bucket="states", Key=version["Key"], VersionId=version["VersionId"])["Body"].read()
        for version in versions
    ]
    assert sorted(bodies) == [b"first", b"second"]
    assert s3.get_bucket_versioning(Bucket="states")["Status"] == "Enabled"
    assert ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
    (found,) = autoscaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert found["ResourceId"] == target["ResourceId"]


def test_stopping_leaves_no_process_and_keeps_the_data(empty_local_aws: LocalAws) -> None:
    """And a port that is free again."""
    local_aws = empty_local_aws
    process.start(local_aws)
    record = process.running(local_aws)
    assert record
    local_aws.client("s3").create_bucket(Bucket="states")

    lifecycle.down(local_aws)

    assert not psutil.pid_exists(record.pid)
    assert not process.answers(local_aws)
    assert not lifecycle.status(local_aws).running
    process.start(local_aws)
    assert [bucket["Name"] for bucket in local_aws.client("s3").list_buckets()["Buckets"]] == ["states"]


def test_deleting_leaves_no_data(empty_local_aws: LocalAws) -> None:
    """`down(delete=True)`: what AWS's services know is gone."""
    process.start(empty_local_aws)

    lifecycle.down(empty_local_aws, delete=True)

    assert not any(folder.exists() for folder in empty_local_aws.data)


def test_a_recycled_pid_is_left_alone(empty_local_aws: LocalAws, bystander: subprocess.Popen[bytes]) -> None:
    """A record whose pid another process has by now is of a killed emulator."""
    empty_local_aws.directory.mkdir(parents=True)
    started_at = psutil.Process(bystander.pid).create_time()
    for recorded in (started_at, started_at - 3600):
        ServerRecord(pid=bystander.pid, port=empty_local_aws.port, started_at=recorded).write(empty_local_aws.directory)

        assert process.was_killed(empty_local_aws)
        lifecycle.down(empty_local_aws)

        assert bystander.poll() is None
        assert ServerRecord.read(empty_local_aws.directory) is None


def test_a_port_in_use_is_named_with_its_process(empty_local_aws: LocalAws) -> None:
    """And with what to do; nothing is started."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", empty_local_aws.port))
        listener.listen()

        with pytest.raises(LocalAwsError) as error:
            process.start(empty_local_aws)

    message = str(error.value)
    assert f"Port {empty_local_aws.port}" in message
    assert f"process {os.getpid()}" in message
    assert "LOCAL_AWS_PORT=" in message
    assert not empty_local_aws.directory.exists()


def test_a_failing_start_shows_the_log(empty_local_aws: LocalAws) -> None:
    """What the server said last, and where the rest is."""
    (empty_local_aws.directory / "server.json").mkdir(parents=True)

    with pytest.raises(LocalAwsError, match="ended while starting") as error:
        process.start(empty_local_aws)

    assert "IsADirectoryError" in str(error.value)
    assert str(empty_local_aws.log) in str(error.value)


@pytest.mark.parametrize("text", ["", "http", "0", "65536", "-1", "4566.0", "1" * 5000, "٤٥٦٦", "45\n"])
def test_a_bad_port_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The message names the variable and the range."""
    monkeypatch.setenv("LOCAL_AWS_PORT", text)

    with pytest.raises(LocalAwsError, match=r"LOCAL_AWS_PORT is .{2,60}: it must be a port, 1 to 65535"):
        configured_port()


def test_it_hides_the_callers_own_aws(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a profile nor an endpoint of the caller's reaches a tool, nor our own clients."""
    mine = {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "of-production",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
        "AWS_STS_ENDPOINT": "http://127.0.0.1:9",
        "TF_AWS_IAM_ENDPOINT": "http://127.0.0.1:9",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "absent"),
    }
    for name, value in mine.items():
        monkeypatch.setenv(name, value)
    instance._session.cache_clear()  # one that was made before would not have seen them

    variables = local_aws.environment_variables()

    assert {name: variables[name] for name in mine} == dict.fromkeys(mine, "")
    assert variables["AWS_ENDPOINT_URL"] == local_aws.endpoint
    assert local_aws.client("s3").list_buckets()["Buckets"] is not None


def test_the_servers_own_environment_is_ours(empty_local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that MiniStack would read changes nothing: here, the account that it is."""
    monkeypatch.setenv("MINISTACK_ACCOUNT_ID", "111122223333")
    process.start(empty_local_aws)

    assert empty_local_aws.client("sts").get_caller_identity()["Account"] == "000000000000"


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_stands_before_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever name a tool reads, and whichever the caller has set, whose own exceptions stay."""
    for each in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(name, "intranet")

    variables = LocalAws().environment_variables()

    assert (variables["NO_PROXY"], variables["no_proxy"]) == ("intranet,127.0.0.1", "intranet,127.0.0.1")
