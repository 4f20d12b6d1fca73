"""How soon after its creation a service's `/health` answers (SC-001): measured while it is deployed, not later."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import httpx

from operate import paths
from operate.errors import OperateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from operate.service import Service

_POLL_SECONDS = 0.5
_GIVES_UP_AFTER_SECONDS = 1800
_REQUEST_TIMEOUT_SECONDS = 5
_MISSED = (OperateError, LookupError, httpx.HTTPError, ImportError, ValueError)  # the last two of a proxy


@dataclass(frozen=True)
class StartupTime:
    """Both in seconds since the epoch."""

    service_created_at: float
    answered_at: float

    @property
    def seconds(self) -> float:
        return self.answered_at - self.service_created_at


def read(service: Service) -> StartupTime | None:
    """None where this very service was not watched: another machine deployed it, or it is another one now."""
    found = service.find()
    try:
        recorded = StartupTime(**json.loads(_file(service).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return recorded if found and found["createdAt"].timestamp() == recorded.service_created_at else None


@contextmanager
def recorded(service: Service) -> Iterator[None]:
    """Watches until its end for a service that is not there yet; an older service's record stays."""
    if service.find():
        yield
        return
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(service, ended), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _watch(service: Service, ended: threading.Event) -> None:
    """Looks once more after the end: a deployment may have been quicker than two looks of a busy machine."""
    gives_up_at, is_last = time.monotonic() + _GIVES_UP_AFTER_SECONDS, False
    while not is_last and time.monotonic() < gives_up_at:
        is_last = ended.is_set()
        if measured := _look(service):
            _file(service).parent.mkdir(parents=True, exist_ok=True)
            _file(service).write_text(json.dumps(asdict(measured)))
            return
        ended.wait(_POLL_SECONDS)


def _look(service: Service) -> StartupTime | None:
    """None also where AWS refuses or something is not there yet: that is the deployment's to tell."""
    with suppress(*_MISSED), service.environment.answering():
        found = service.find()
        if found and _answers(service):
            return StartupTime(service_created_at=found["createdAt"].timestamp(), answered_at=time.time())
    return None


def _answers(service: Service) -> bool:
    url, headers = service.health_url, service.request_headers
    through_proxy = service.environment.local_aws is None
    answer = httpx.get(url, headers=headers, timeout=_REQUEST_TIMEOUT_SECONDS, trust_env=through_proxy)
    return answer.status_code == httpx.codes.OK


def _file(service: Service) -> Path:
    return paths.LOCAL / "startup-times" / f"{service.name}.json"
