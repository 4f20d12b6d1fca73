"""Requests at a constant rate, and what became of each."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

REQUEST_TIMEOUT_SECONDS = 10
_KEPT_CONNECTIONS = 20


@dataclass(frozen=True)
class Sample:
    """One request. `status` is None where no answer came, and `error` says why; `version` is the answer's own word."""

    sent_at: float  # seconds since the epoch
    latency_seconds: float
    status: int | None
    version: str | None = None
    error: str | None = None

    @property
    def ok(self) -> bool:
        return self.status == httpx.codes.OK


@dataclass(frozen=True)
class Summary:
    sent: int
    failed: int
    rate_per_second: float
    median_ms: float
    p99_ms: float
    silence_seconds: float  # the longest stretch between two good answers with none in between
    versions: tuple[str, ...]  # in the order in which they first answered

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Summary:
        ordered = sorted(samples, key=lambda sample: sample.sent_at)
        latencies = sorted(sample.latency_seconds * 1000 for sample in ordered)
        seconds = ordered[-1].sent_at - ordered[0].sent_at if len(ordered) > 1 else 0.0
        return cls(
            sent=len(ordered),
            failed=sum(not sample.ok for sample in ordered),
            rate_per_second=(len(ordered) - 1) / seconds if seconds else 0.0,
            median_ms=_percentile(latencies, 50),
            p99_ms=_percentile(latencies, 99),
            silence_seconds=_silence(ordered),
            versions=tuple(dict.fromkeys(sample.version for sample in ordered if sample.version)),
        )


def _percentile(ordered: Sequence[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0.0


def _silence(ordered: Sequence[Sample]) -> float:
    """From the first failure of a row of them to the next good answer; to the last sample where there was none."""
    longest, since = 0.0, None
    for sample in ordered:
        if since is not None:
            longest = max(longest, sample.sent_at - since)
        if sample.ok:
            since = None
        elif since is None:
            since = sample.sent_at
    return longest


@dataclass
class Load:
    """Open loop: a slow server does not slow it down. Ends by itself after `at_most_seconds`."""

    url: str
    rate_per_second: float
    headers: Mapping[str, str] = field(default_factory=dict)
    at_most_seconds: float = 1800
    through_proxy: bool = True
    samples: list[Sample] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[list[Sample]]:
        """The samples so far; all of them once the block is left."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            sending = pool.submit(asyncio.run, self._send_all())
            try:
                yield self.samples
            finally:
                self._ended.set()
                sending.result()

    async def _send_all(self) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=_KEPT_CONNECTIONS)
        async with httpx.AsyncClient(limits=limits, trust_env=self.through_proxy, timeout=None) as client:  # noqa: S113 - see _send
            began, under_way = time.monotonic(), set()
            for number in range(int(self.rate_per_second * self.at_most_seconds)):
                await asyncio.sleep(max(0.0, began + number / self.rate_per_second - time.monotonic()))
                if self._ended.is_set():
                    break
                request = asyncio.create_task(self._send(client))
                under_way.add(request)
                request.add_done_callback(under_way.discard)
            await asyncio.gather(*under_way)

    async def _send(self, client: httpx.AsyncClient) -> None:
        sent_at, began = time.time(), time.monotonic()
        status = version = error = None
        try:
            answer = await asyncio.wait_for(client.get(self.url, headers=self.headers), REQUEST_TIMEOUT_SECONDS)
            status, version = answer.status_code, version_in(answer.content)
        except (httpx.HTTPError, asyncio.TimeoutError) as problem:
            error = _why(problem)
        self.samples.append(Sample(sent_at, time.monotonic() - began, status, version, error))


def _why(problem: Exception) -> str:
    """The kind first, up to a colon: the operating system's own word where it has one, which httpx only wraps."""
    if isinstance(problem, asyncio.TimeoutError | httpx.TimeoutException):
        return "timed out"
    root: BaseException = problem
    while below := root.__cause__ or root.__context__:
        root = below
    if isinstance(root, OSError) and root.errno:
        word = os.strerror(root.errno) if root.errno in errno.errorcode else root.strerror
        return str(word).lower()
    return f"{type(problem).__name__}: {problem}".rstrip(": ")


def version_in(body: bytes) -> str | None:
    """What a JSON answer says of its version; None where it says nothing."""
    with suppress(ValueError, AttributeError):
        version = json.loads(body).get("version")
        return None if version is None else str(version)
    return None
