"""What the emulator has acknowledged survives `kill -9`.

MiniStack writes S3 objects through, but all else (which bucket is versioned, the VPC that a Terraform state names) only
at an orderly shutdown. Here each service's state is written, atomically, before its change is answered.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from ministack import app
from ministack.core.persistence import save_state
from ministack.services import ecr

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Query = dict[str, list[str]]
    Handler = Callable[[str, str, dict[str, str], bytes, Query], Awaitable[tuple[int, dict[str, str], Any]]]

_READS = ("Describe", "List", "Get", "Head", "BatchGet", "BatchCheck", "Lookup", "Filter")
_DATA = ("PutLogEvents", "PutMetricData")  # too many to write each; the orderly shutdown writes them
_ATTEMPTS = 3

_log = logging.getLogger("durability")


def install() -> None:
    for service, handler in app.SERVICE_HANDLERS.items():
        app.SERVICE_HANDLERS[service] = _saving(app.SERVICE_REGISTRY[service]["module"], handler)
    ecr.handle_registry_request = _saving("ecr", ecr.handle_registry_request)


def _saving(module: str, handler: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Query
    ) -> tuple[int, dict[str, str], Any]:
        answer = await handler(method, path, headers, body, query)
        if changes(method, headers, body, query):
            save(module)
        return answer

    return handle


def changes(method: str, headers: dict[str, str], body: bytes, query: Query) -> bool:
    if method in {"GET", "HEAD"}:
        return False
    action = headers.get("x-amz-target", "").rpartition(".")[2] or _query_action(headers, body, query)
    return not action.startswith((*_READS, *_DATA))


def _query_action(headers: dict[str, str], body: bytes, query: Query) -> str:
    """The `Action` parameter of EC2, ELB, IAM and STS; empty for a REST call."""
    if "x-www-form-urlencoded" in headers.get("content-type", ""):
        query = {**query, **parse_qs(body.decode("utf-8", "replace"))}
    return query.get("Action", [""])[0]


def save(module: str) -> None:
    """Service threads change state meanwhile, so that a copy can fail: after some attempts the next save has to do."""
    loaded = app._get_module(module)  # noqa: SLF001
    key = next((key for key, name in app._state_map.items() if name == module), None)  # noqa: SLF001
    if key is None or not hasattr(loaded, "get_state"):
        return
    for _ in range(_ATTEMPTS):
        try:
            save_state(key, loaded.get_state())
        except RuntimeError:
            _log.debug("%s changed while it was being saved", module)
        else:
            return
