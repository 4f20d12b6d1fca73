"""How soon a new service answers is watched beside its deployment, which the watcher does not disturb."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from operate import paths
from operate.environment import Environment
from operate.errors import OperateError
from operate.running import startup_time
from operate.service import Service, wait_until
from stacks.settings import load_environment
from tests.unit import fake_service

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.fake_service import FakeService


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeService:
    """With a service that answers as soon as it is there."""
    monkeypatch.setattr(paths, "LOCAL", tmp_path)
    monkeypatch.setattr(startup_time, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(Service, "health_url", "http://example.com/health")
    monkeypatch.setattr(Service, "request_headers", {})
    monkeypatch.setattr(httpx, "get", lambda *_, **__: httpx.Response(200))
    return fake_service.install(monkeypatch)


@pytest.fixture
def service() -> Service:
    return Service.of(Environment(load_environment(fake_service.ROOT / "environments" / "dev.toml")))


@pytest.mark.parametrize(
    "error",
    [
        ClientError({}, "DescribeTargetGroups"),
        EndpointConnectionError(endpoint_url="https://example.com"),
        OperateError("It is gone."),
        IndexError(),
        httpx.ReadTimeout("slow"),
        httpx.DecodingError("no gzip"),
        ImportError("Using SOCKS proxy, but the 'socksio' package is not installed."),
        ValueError("Unknown scheme for proxy URL"),
    ],
)
def test_a_look_that_fails_is_one_look_less(
    aws: FakeService, service: Service, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is: no traceback comes between the deployment's lines, and the next look counts."""
    errors = [error]

    def url(_: Service) -> str:
        if errors:
            raise errors.pop()
        return "http://example.com/health"

    monkeypatch.setattr(Service, "health_url", property(url))
    made, aws.service = {**(aws.service or {}), "createdAt": fake_service.NOW}, None
    with startup_time.recorded(service):
        aws.service = made
        assert wait_until(lambda: startup_time.read(service), within_seconds=10, poll_seconds=0.01)
    assert not errors
