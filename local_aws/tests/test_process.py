"""The embedded AWS's process: where it listens, what survives it, and that no other process is taken for it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from local_aws import lifecycle
from local_aws import server_process as process
from local_aws.errors import LocalAwsError
from local_aws.instance import LocalAws, configured_port
from local_aws.record import ServerRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _kill(cloud: LocalAws) -> None:
    record = process.running(cloud)
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


def test_it_listens_on_loopback_only(cloud: LocalAws) -> None:
    """Nobody on the network can reach it."""
    record = process.running(cloud)
    assert record

    connections = psutil.Process(record.pid).net_connections()

    listening = {connection.laddr for connection in connections if connection.status == psutil.CONN_LISTEN}
    assert listening == {("127.0.0.1", cloud.port)}


def test_what_a_kill_leaves_is_forgotten(empty_cloud: LocalAws) -> None:
    """It starts empty, in both kinds of data, and says so once."""
    cloud = empty_cloud
    assert lifecycle.up(cloud) is False
    cloud.client("s3").create_bucket(Bucket="states")
    cloud.client("ecs").create_cluster(clusterName="main")
    _kill(cloud)
    assert lifecycle.up(cloud) is True
    assert cloud.client("s3").list_buckets()["Buckets"] == []
    assert cloud.client("ecs").list_clusters()["clusterArns"] == []
    assert lifecycle.up(cloud) is False


def test_an_orderly_stop_keeps_everything(empty_cloud: LocalAws) -> None:
    """Terraform's states and what they describe: a bucket's versions, a network, a scalable target."""
    cloud = empty_cloud
    lifecycle.up(cloud)
    s3, ec2, ecs = cloud.client("s3"), cloud.client("ec2"), cloud.client("ecs")
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
    autoscaling = cloud.client("application-autoscaling")
    autoscaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)

    lifecycle.down(cloud)
    lifecycle.up(cloud)

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


def test_stopping_leaves_no_process_and_keeps_the_data(empty_cloud: LocalAws) -> None:
    """And a port that is free again."""
    cloud = empty_cloud
    process.start(cloud)
    record = process.running(cloud)
    assert record
    cloud.client("s3").create_bucket(Bucket="states")

    lifecycle.down(cloud)

    assert not psutil.pid_exists(record.pid)
    assert not process.answers(cloud)
    assert not lifecycle.status(cloud).running
    process.start(cloud)
    assert [bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]] == ["states"]


def test_deleting_leaves_no_data(empty_cloud: LocalAws) -> None:
    """`down(delete=True)`: what AWS's services know is gone."""
    process.start(empty_cloud)

    lifecycle.down(empty_cloud, delete=True)

    assert not any(folder.exists() for folder in empty_cloud.data)


def test_a_recycled_pid_is_left_alone(empty_cloud: LocalAws, bystander: subprocess.Popen[bytes]) -> None:
    """A record whose pid another process has by now is of a killed emulator."""
    empty_cloud.directory.mkdir(parents=True)
    started_at = psutil.Process(bystander.pid).create_time()
    for recorded in (started_at, started_at - 3600):
        ServerRecord(pid=bystander.pid, port=empty_cloud.port, started_at=recorded).write(empty_cloud.directory)

        assert process.was_killed(empty_cloud)
        lifecycle.down(empty_cloud)

        assert bystander.poll() is None
        assert ServerRecord.read(empty_cloud.directory) is None


def test_a_port_in_use_is_named_with_its_process(empty_cloud: LocalAws) -> None:
    """And with what to do; nothing is started."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", empty_cloud.port))
        listener.listen()

        with pytest.raises(LocalAwsError) as error:
            process.start(empty_cloud)

    message = str(error.value)
    assert f"Port {empty_cloud.port}" in message
    assert f"process {os.getpid()}" in message
    assert "LOCAL_AWS_PORT=" in message
    assert not empty_cloud.directory.exists()


def test_a_failing_start_shows_the_log(empty_cloud: LocalAws) -> None:
    """What the server said last, and where the rest is."""
    (empty_cloud.directory / "server.json").mkdir(parents=True)

    with pytest.raises(LocalAwsError, match="ended while starting") as error:
        process.start(empty_cloud)

    assert "IsADirectoryError" in str(error.value)
    assert str(empty_cloud.log) in str(error.value)


@pytest.mark.parametrize("text", ["", "http", "0", "65536", "-1", "4566.0", "1" * 5000, "٤٥٦٦", "45\n"])
def test_a_bad_port_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The message names the variable and the range."""
    monkeypatch.setenv("LOCAL_AWS_PORT", text)

    with pytest.raises(LocalAwsError, match=r"LOCAL_AWS_PORT is .{2,60}: it must be a port, 1 to 65535"):
        configured_port()


def test_it_hides_the_callers_own_aws(cloud: LocalAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
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

    variables = cloud.environment_variables()

    assert {name: variables[name] for name in mine} == dict.fromkeys(mine, "")
    assert variables["AWS_ENDPOINT_URL"] == cloud.endpoint
    assert cloud.client("s3").list_buckets()["Buckets"] is not None


def test_the_servers_own_environment_is_ours(empty_cloud: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that MiniStack would read changes nothing: here, the account that it is."""
    monkeypatch.setenv("MINISTACK_ACCOUNT_ID", "111122223333")
    process.start(empty_cloud)

    assert empty_cloud.client("sts").get_caller_identity()["Account"] == "000000000000"


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_stands_before_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever name a tool reads, and whichever the caller has set, whose own exceptions stay."""
    for each in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(name, "intranet")

    variables = LocalAws().environment_variables()

    assert (variables["NO_PROXY"], variables["no_proxy"]) == ("intranet,127.0.0.1", "intranet,127.0.0.1")
