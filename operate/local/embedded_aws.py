"""The embedded AWS of this checkout: `local_aws`, with the existing infrastructure in it."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from local_aws import container_engine, lifecycle
from operate import paths, progress
from operate.errors import OperateError
from operate.local import deployment_lock, sample_infrastructure
from operate.terraform_cli.terraform import executable
from operate.terraform_cli.terraform_state import Lock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from local_aws.instance import LocalAws

NOT_RUNNING = "The embedded AWS is not running: `make cloud-up` starts it."

_POLL_SECONDS = 0.5
_LOCK_SUFFIX = ".tflock"


def configured() -> LocalAws:
    """On the port that LOCAL_AWS_PORT says, or else the one that it runs on."""
    return lifecycle.configured(paths.LOCAL / "aws")


def up(local_aws: LocalAws | None = None, *, containers: bool = False) -> LocalAws:
    """With the existing infrastructure; with `containers`, also a container engine where this machine has one."""
    executable()  # no process is started where no module could be applied
    local_aws = local_aws or configured()
    if lifecycle.up(local_aws, containers=containers, step=progress.step):
        progress.console.print("The embedded AWS was not stopped in an orderly way: it starts empty.", style="yellow")
    sample_infrastructure.apply(local_aws)
    return local_aws


def was_started(local_aws: LocalAws) -> bool:
    """Whether it can hold anything that was deployed."""
    return (local_aws.directory / "existing_infrastructure").exists()


def is_running(local_aws: LocalAws) -> bool:
    return lifecycle.status(local_aws).running


def running_variables() -> dict[str, str]:
    """What points a tool at the embedded AWS; an empty value takes a variable of the caller's away."""
    local_aws = configured()
    if not is_running(local_aws):
        raise OperateError(NOT_RUNNING)
    return local_aws.environment_variables()


def why_no_containers(local_aws: LocalAws | None) -> str | None:
    """None where tasks run in containers, or in AWS."""
    if local_aws is None or container_engine.running(local_aws):
        return None
    return container_engine.why_none() or "The container engine does not answer."


def down(local_aws: LocalAws | None = None, *, at_once: bool = False) -> None:
    """Waits for what is at work on it, unless `at_once`: then it starts empty the next time, as after a kill."""
    local_aws = local_aws or configured()
    if at_once:
        _down_at_once(local_aws)
        return
    _wait(local_aws)
    with deployment_lock.held(local_aws):
        lifecycle.down(local_aws, step=progress.step)


def _down_at_once(local_aws: LocalAws) -> None:
    at_work = _at_work(local_aws)
    lifecycle.down(local_aws, delete=bool(at_work), step=progress.step)
    if at_work:
        progress.console.print(f"It was stopped although {at_work[0]}: it starts empty the next time.", style="yellow")


def _wait(local_aws: LocalAws) -> None:
    while at_work := _at_work(local_aws):
        progress.console.print("`make cloud-down NOW=1` does not wait, and loses what is deployed.")
        with progress.step(f"waiting, since {at_work[0]}"):
            while at_work[0] in _at_work(local_aws):
                time.sleep(_POLL_SECONDS)


def _at_work(local_aws: LocalAws) -> list[str]:
    """A command of ours, and any Terraform, whoever runs it and wherever, each in a clause."""
    return [*filter(None, [deployment_lock.holder(local_aws)]), *_terraforms(local_aws)]


def _terraforms(local_aws: LocalAws) -> list[str]:
    """Those that hold the lock of a state in the embedded S3."""
    if not lifecycle.status(local_aws).running:
        return []
    with contextlib.closing(local_aws.client("s3")) as s3:
        buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        found = [(name, one["Key"]) for name in buckets for one in s3.list_objects_v2(Bucket=name).get("Contents", [])]
        locks = [(name, key) for name, key in found if key.endswith(_LOCK_SUFFIX)]
        return [_clause(s3, bucket, key) for bucket, key in locks]


def _clause(s3: S3Client, bucket: str, key: str) -> str:
    try:
        content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        content = b""
    lock = Lock.read(content)
    if lock is None:
        return f"there is a lock s3://{bucket}/{key}"
    since = f" since {lock.created[:19]}" if lock.created else ""
    return f"{lock.holder} has held s3://{bucket}/{key}{since}"
