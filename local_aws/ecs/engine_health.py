"""Whether the container engine that runs the tasks has ended.

Only a refused connection says so: an engine that does not answer in time may be busy.
"""

from __future__ import annotations

import os
import socket
import time
from urllib.parse import urlsplit

_CONNECT_TIMEOUT_SECONDS = 1
_ENDED_AFTER_SECONDS = 2.0

_was_there = False
_refused_since: float | None = None


class EngineEndedError(Exception):
    """Shown to the person who waits for a service."""

    def __init__(self) -> None:
        super().__init__(
            f"The container engine at {os.environ['DOCKER_HOST']} has ended, and every task with it. "
            "`python -m local_aws up` starts it again, and the services' tasks anew."
        )


def refuses() -> bool:
    """At this moment, though it was there before; false where there never was one, and tasks are bookkeeping."""
    global _was_there, _refused_since  # noqa: PLW0603 - a process has one engine
    if _connects():
        _was_there, _refused_since = True, None
    elif _refused_since is None:
        _refused_since = time.monotonic()
    return _was_there and _refused_since is not None


def has_ended() -> bool:
    """It refuses for long enough to be sure."""
    return refuses() and time.monotonic() - (_refused_since or time.monotonic()) >= _ENDED_AFTER_SECONDS


def _connects() -> bool:
    """True also where that cannot be known: after a timeout, and over SSH."""
    address = urlsplit(os.environ["DOCKER_HOST"])
    try:
        if address.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_CONNECT_TIMEOUT_SECONDS)
                connection.connect(address.path)
        elif address.scheme in {"tcp", "http", "https"} and address.hostname:
            socket.create_connection((address.hostname, address.port or 2375), _CONNECT_TIMEOUT_SECONDS).close()
    except (ConnectionRefusedError, FileNotFoundError):
        return False
    except OSError:
        return True
    return True
