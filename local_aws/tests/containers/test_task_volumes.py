"""The embedded ECS gives a task volumes as Fargate does: whose they are, who shares them, and that they go with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local_aws import container_engine
from local_aws.tests.containers.stage import push_probe, wait_until

if TYPE_CHECKING:
    from local_aws.instance import LocalAws
    from local_aws.ministack_types import Record
    from local_aws.tests.containers.stage import Stage

SCRATCH = {"name": "scratch"}
ON_TMP = [{"sourceVolume": "scratch", "containerPath": "/tmp"}]
USERS = "65532"


@pytest.fixture(scope="session")
def declaring(image: str, local_aws: LocalAws, probe: bytes) -> str:
    """The tag of an image with `VOLUME /tmp`, beside v1."""
    assert image.endswith("/probe")
    push_probe(local_aws, probe, tag="declaring", volumes=["/tmp"])
    return "declaring"


def run(
    stage: Stage, *, tag: str, user: str = USERS, volume: Record = SCRATCH, mounts: list[Record] = ON_TMP
) -> list[str]:
    """What a container with a read-only root may do: its user, whether it may write there, and to /tmp."""
    task, container = {"volumes": [volume]}, {"user": user, "readonlyRootFilesystem": True, "mountPoints": mounts}
    stage.create_service(stage.register(tag=tag, task=task, **container))  # type: ignore[arg-type]
    stage.wait_steady()
    return stage.get("/given").body.split()


def volumes(stage: Stage) -> list[str]:
    engine = container_engine.running(stage.local_aws)
    assert engine
    with engine.client() as client:
        return [volume.name for volume in client.volumes.list() if volume.name.endswith("-scratch")]


def test_a_declared_volume_is_a_copy_of_the_images_folder(stage: Stage, declaring: str) -> None:
    """The user writes to /tmp under a read-only root; the volume is the task's alone, and goes with it."""
    assert run(stage, tag=declaring) == [USERS, "false", "true"]
    assert stage.get("/files?in=/tmp").body == "0 1777 of-the-image probe"
    first = volumes(stage)
    stage.get("/exit")
    stage.stopped_task()
    wait_until(lambda: len(volumes(stage)) == 1 and volumes(stage) != first, show=lambda: volumes(stage))
    wait_until(lambda: stage.get("/files?in=/tmp").body == "0 1777 of-the-image")


@pytest.mark.parametrize(("user", "may_write"), [(USERS, "false"), ("0", "true")])
def test_an_undeclared_volume_is_roots(stage: Stage, user: str, may_write: str) -> None:
    """Empty, with the mode 0755, whatever the image has there: Amazon ECS Developer Guide, "Bind mounts"."""
    assert run(stage, tag="v1", user=user) == [user, "false", may_write]
    assert stage.get("/files?in=/tmp").body == f"0 755{' probe' if user == '0' else ''}"


def test_a_mount_may_be_for_reading_alone(stage: Stage, declaring: str) -> None:
    """Of a volume that the other containers may write."""
    assert run(stage, tag=declaring, mounts=[{**ON_TMP[0], "readOnly": True}]) == [USERS, "false", "false"]


def test_a_tmpfs_is_the_containers_own(stage: Stage) -> None:
    """Under a read-only root too, as large as it says, and with its options."""
    tmpfs = [{"containerPath": "/tmp", "size": 1, "mountOptions": ["noexec"]}]
    container: Record = {"user": USERS, "readonlyRootFilesystem": True, "linuxParameters": {"tmpfs": tmpfs}}
    stage.create_service(stage.register(**container))
    stage.wait_steady()
    assert stage.get("/given").body.split() == [USERS, "false", "true"]
    with stage.engine_container() as running:
        assert {"size=1m", "noexec"} <= {*running.attrs["HostConfig"]["Tmpfs"]["/tmp"].split(",")}


def test_containers_share_a_volume_by_its_name(stage: Stage, declaring: str) -> None:
    """At whatever path each has it."""
    writer = {
        "name": "writer",
        "essential": False,
        "command": ["write", "/shared/by-the-writer"],
        "user": "0",
        "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/shared"}],
    }
    definition = stage.register(tag=declaring, task={"volumes": [SCRATCH]}, sidecars=[writer], mountPoints=ON_TMP)
    stage.create_service(definition)
    stage.wait_steady()
    wait_until(lambda: "by-the-writer" in stage.get("/files?in=/tmp").body)


def test_a_file_system_of_efs_is_an_empty_volume(stage: Stage) -> None:
    """Which every user may write, as an access point's own user lets it be, and which ends with the task."""
    efs = {"name": "scratch", "efsVolumeConfiguration": {"fileSystemId": "fs-01234567"}}
    assert run(stage, tag="v1", volume=efs) == [USERS, "false", "true"]
    assert stage.get("/files?in=/tmp").body == "0 777 probe"
