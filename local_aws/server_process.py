"""Starts and stops the embedded AWS's process."""

from __future__ import annotations

import contextlib
import errno
import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from local_aws import container_engine
from local_aws.errors import LocalAwsError
from local_aws.server_record import ServerRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.instance import LocalAws

_LOOPBACK = "127.0.0.1"
_READY_WITHIN_SECONDS = 60
_STOPS_WITHIN_SECONDS = 30
_POLL_SECONDS = 0.1
_LOG_LINES = 15
_SERVICES = "ec2,ecr,ecs,ecs-metadata,elasticloadbalancing,iam,kms,logs,monitoring,s3,secretsmanager,sns,ssm,sts"


def running(local_aws: LocalAws) -> ServerRecord | None:
    record = ServerRecord.read(local_aws.directory)
    return record if record and record.process() else None


def was_killed(local_aws: LocalAws) -> bool:
    """A record without its process: an orderly shutdown takes the record away."""
    record = ServerRecord.read(local_aws.directory)
    return record is not None and record.process() is None


def forget(local_aws: LocalAws) -> None:
    """That it was killed."""
    ServerRecord.remove(local_aws.directory)


def start(local_aws: LocalAws) -> None:
    """Returns when it answers; the caller has made sure that it isn't running."""
    _check_port_is_free(local_aws.port)
    local_aws.directory.mkdir(parents=True, exist_ok=True)
    with local_aws.log.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local_aws.server"],
            cwd=Path(__file__).resolve().parents[1],  # where `-m` finds the same package as here
            env=_server_environment(local_aws),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with _ended_on_failure(process):
        _wait_until_ready(local_aws, process)
    process.returncode = 0  # it is to outlive us; Python would warn of a child left running


@contextlib.contextmanager
def _ended_on_failure(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        process.kill()
        process.wait()
        raise


def _wait_until_ready(local_aws: LocalAws, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while not answers(local_aws):
        if process.poll() is not None:
            raise LocalAwsError(f"The embedded AWS ended while starting.{_end_of_log(local_aws)}")
        if time.monotonic() > deadline:
            raise LocalAwsError(f"The embedded AWS does not answer on {local_aws.endpoint}.{_end_of_log(local_aws)}")
        time.sleep(_POLL_SECONDS)


def _end_of_log(local_aws: LocalAws) -> str:
    lines = local_aws.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    return "\n".join(["", f"The end of {local_aws.log}:", *(f"  {line}" for line in lines)])


def answers(local_aws: LocalAws) -> bool:
    connection = http.client.HTTPConnection(_LOOPBACK, local_aws.port, timeout=5)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/_ministack/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False


def _server_environment(local_aws: LocalAws) -> dict[str, str]:
    """MiniStack reads dozens of variables: the caller's AWS_* and MINISTACK_* are not to change what it is."""
    foreign = ("AWS_", "MINISTACK_", "LOCALSTACK_", "S3_", "ECS_", "AUTH", "EDGE_PORT", "USE_SSL", "LOG_LEVEL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    s3, state = local_aws.data
    return kept | {
        "LOCAL_AWS_DIRECTORY": str(local_aws.directory.absolute()),
        "GATEWAY_PORT": str(local_aws.port),
        "MINISTACK_HOSTNAME": container_engine.owner_host(local_aws),  # in its containers' labels, and nowhere else
        "BIND_HOST": _LOOPBACK,
        "DOCKER_HOST": container_engine.address(local_aws),
        "SERVICES": _SERVICES,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(s3),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
    }


def _check_port_is_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError as error:
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
            reason = f"in use by {_owner(port)}" if error.errno == errno.EADDRINUSE else "not permitted to you"
            raise LocalAwsError(
                f"Port {port}, where the embedded AWS listens, is {reason}. "
                "Stop that process, or choose another port: LOCAL_AWS_PORT=4600 (any free port)."
            ) from None


def _owner(port: int) -> str:
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if listens and connection.pid:
                return f"process {connection.pid} ({' '.join(psutil.Process(connection.pid).cmdline())[:80]})"
    return "another process"


def stop(record: ServerRecord) -> None:
    """Ends the process and its children; the orderly shutdown saves what it knows."""
    process = record.process()
    if process is None:
        return
    family = [process, *process.children(recursive=True)]
    with contextlib.suppress(psutil.NoSuchProcess):
        process.terminate()
    _, alive = psutil.wait_procs(family, timeout=_STOPS_WITHIN_SECONDS)
    for survivor in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            survivor.kill()
    psutil.wait_procs(alive, timeout=_STOPS_WITHIN_SECONDS)
