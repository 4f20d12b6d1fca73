"""What tests need of this machine: a port, a container engine, Go."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import socket
from typing import TYPE_CHECKING, NoReturn

import pytest

from local_aws import container_engine

if TYPE_CHECKING:
    from local_aws.instance import LocalAws


_LOOPBACK = "127.0.0.1"
_PORTS = range(20_000, 32_768)  # below those that Linux gives to clients
_reservations = contextlib.ExitStack()
atexit.register(_reservations.close)


def reserved_port() -> int:
    """A port of 127.0.0.1 for a server to listen on, also again after a stop; no other test run gets it meanwhile.

    A UDP socket of the same number reserves it until this process ends: TCP's stays free for the server.
    """
    for port in _PORTS:
        reservation = socket.socket(type=socket.SOCK_DGRAM)
        try:
            reservation.bind((_LOOPBACK, port))
            with socket.create_server((_LOOPBACK, port)):
                _reservations.enter_context(reservation)
                return port
        except OSError:
            reservation.close()
    raise OSError(f"no port from {_PORTS.start} to {_PORTS.stop - 1} is free")


def require_engine(local_aws: LocalAws) -> None:
    reason = container_engine.why_none()
    if reason and container_engine.running(local_aws) is None:
        cannot_run(reason)


def require_go() -> None:
    if shutil.which("go") is None:
        cannot_run("Go is not installed: on Debian run .ci/install.")


def cannot_run(reason: str) -> NoReturn:
    """A laptop may lack an engine; the machine that decides whether a change is good may not."""
    if os.environ.get("CI", "").strip().casefold() not in {"", "0", "false", "no", "off"}:
        pytest.fail(reason)
    pytest.skip(reason)
