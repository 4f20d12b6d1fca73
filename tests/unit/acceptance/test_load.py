"""The constant-rate load, against a server of the tests' own, and what is made of its samples."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from operate.acceptance.load import Load, Sample, Summary, version_in
from operate.service import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


def sample(at: float, *, status: int | None = 200, version: str | None = "v1", latency: float = 0.01) -> Sample:
    return Sample(sent_at=at, latency_seconds=latency, status=status, version=version)


class _Api(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(0.5)
        body = json.dumps({"version": "v7"}).encode()
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def loaded(url: str, *, rate: float, seconds: float) -> list[Sample]:
    load = Load(url, rate, at_most_seconds=seconds, through_proxy=False)
    with load.running() as samples:
        assert wait_until(lambda: len(samples) >= rate * seconds, within_seconds=30)
    return samples


def test_sends_at_the_rate_and_ends_by_itself(url: str) -> None:
    """Two seconds of 50 a second are 100 requests, whoever forgets to stop it."""
    samples = loaded(url, rate=50, seconds=2)
    assert len(samples) == 100
    assert Summary.of(samples).rate_per_second < 55  # a busy machine is slower, and catches up
    assert {(one.status, one.version) for one in samples} == {(200, "v7")}


def test_a_slow_server_does_not_slow_it_down(url: str) -> None:
    """Each answer takes half a second: twenty, one after the other, would be sent in ten."""
    samples = loaded(f"{url}/slow", rate=20, seconds=1)
    assert len(samples) == 20
    assert max(one.sent_at for one in samples) - min(one.sent_at for one in samples) < 5
    assert Summary.of(samples).median_ms >= 500


def test_an_error_of_the_server_is_a_failure(url: str) -> None:
    """Whatever its body says."""
    summary = Summary.of(loaded(f"{url}/broken", rate=20, seconds=0.5))
    assert summary.failed == summary.sent == 10


def test_no_answer_is_a_failure_with_its_reason() -> None:
    """Nothing listens on port 1."""
    (only,) = loaded("http://127.0.0.1:1", rate=1, seconds=1)
    assert not only.ok
    assert only.status is None
    assert only.error == "connection refused"


def test_one_failure_among_many_is_counted() -> None:
    """Nothing averages it away."""
    samples = [sample(number / 50) for number in range(500)]
    samples[250] = sample(5.0, status=502)
    assert Summary.of(samples).failed == 1


def test_silence_is_from_the_first_failure_to_the_next_good_answer() -> None:
    """The longest of several; one that never ends counts up to the last sample; samples may come in any order."""
    ends = [sample(0), sample(1, status=503), sample(2, status=None), sample(4), sample(5, status=503), sample(6)]
    assert Summary.of(ends[::-1]).silence_seconds == 3
    assert Summary.of([sample(0), sample(1, status=503), sample(9, status=503)]).silence_seconds == 8
    assert Summary.of([sample(0), sample(9)]).silence_seconds == 0


def test_latencies_and_versions() -> None:
    """The 99th percentile sees the slow ones; versions come in the order in which they answered."""
    samples = [sample(at, latency=1 if at == 7 else 0.01, version="v1" if at < 50 else "v2") for at in range(100)]
    summary = Summary.of(samples)
    assert (summary.median_ms, summary.p99_ms) == (10, 1000)
    assert summary.versions == ("v1", "v2")


def test_nothing_sent_is_no_error() -> None:
    """Interrupted before the first request."""
    assert Summary.of([]) == Summary(0, 0, 0, 0, 0, 0, ())


@pytest.mark.parametrize(
    ("body", "version"),
    [(b'{"version": "v2"}', "v2"), (b'{"version": 3}', "3"), (b"{}", None), (b"ok", None), (b"[1]", None), (b"", None)],
)
def test_the_version_in_an_answer(body: bytes, version: str | None) -> None:
    """Any API's answer is taken; only a JSON object can name a version."""
    assert version_in(body) == version
