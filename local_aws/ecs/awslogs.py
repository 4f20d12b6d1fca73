"""The awslogs driver: a container's lines in its log group, as they come, and the last ones too."""
# ruff: noqa: SLF001

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from docker.errors import DockerException
from ministack.core.concurrency import spawn_background
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudwatch_logs, ecs

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Iterator

    from docker.models.containers import Container

    from local_aws.ministack_types import Record


_LAST_LINES_SECONDS = 5

_log = logging.getLogger("local_aws")
_shipping: dict[str, threading.Thread] = {}


def start(container: Container, definition: Record, task_id: str) -> None:
    config = ecs._awslogs_config(definition, task_id, container.id)
    if config:
        _shipping[str(container.id)] = spawn_background(_ship, container, config, thread_name=f"awslogs-{task_id[:8]}")


def finish(container_id: str) -> None:
    """Call it between a container's end and its removal, which would cut its last lines off."""
    thread = _shipping.pop(container_id, None)
    if thread:
        thread.join(_LAST_LINES_SECONDS)


def _ship(container: Container, config: Record) -> None:
    with request_scope(get_account_id(), config["region"] or get_region()):
        if not ecs._ensure_awslogs_stream(config):
            return
        try:
            for batch in _lines(container.logs(stream=True, follow=True)):
                _put(config, batch)
        except (DockerException, OSError) as error:
            _log.warning("the log of container %s broke off: %s", str(container.id)[:12], error)


def _lines(chunks: Iterable[bytes]) -> Iterator[list[str]]:
    """The whole lines of each chunk; a chunk may end within a line."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        if whole:
            yield [line.decode("utf-8", "replace").rstrip("\r") for line in whole]
    if rest:
        yield [rest.decode("utf-8", "replace")]


def _put(config: Record, lines: list[str]) -> None:
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines if line]
    if events:
        address = {"logGroupName": config["group"], "logStreamName": config["stream"]}
        cloudwatch_logs._put_log_events({**address, "logEvents": events})
