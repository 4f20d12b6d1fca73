"""What is on this machine is reached past the proxies of the caller's shell, as boto3 and Terraform reach it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from local_aws.instance import LocalAws
from operate import paths
from operate.environment import Environment
from operate.local import image_push
from operate.local.image_push import Image, Repository
from operate.plan import image_configuration
from operate.running import startup_time
from operate.service import Service
from stacks.settings import load_environment
from tests.unit import fake_service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = b'{"architecture": "arm64"}'


class Yes(BaseHTTPRequestHandler):
    """To whatever is asked."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(CONTENT)

    do_HEAD = do_PUT = do_GET  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(params=["http://127.0.0.1:9", "socks5://127.0.0.1:9"])
def local(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    """The environment, in a shell with a proxy at which nothing answers."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, request.param)
    with ThreadingHTTPServer(("127.0.0.1", 0), Yes) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        settings = load_environment(fake_service.ROOT / "environments" / "local.toml")
        yield Environment(settings, LocalAws(port=server.server_port))
        server.shutdown()


def test_an_image_is_pushed(local: Environment) -> None:
    assert local.local_aws
    to = Repository("go-api", "example/go-api", local.local_aws.endpoint, "Basic x")
    assert image_push.push(Image(config=b"{}", layers=()), to, tag="v1").startswith("sha256:")


def test_an_image_is_asked_for_its_platform(local: Environment) -> None:
    manifest = '{"config": {"digest": "sha256:c", "size": 99}}'
    ecr: Any = SimpleNamespace(
        batch_get_image=lambda **_: {"images": [{"imageManifest": manifest}]},
        get_download_url_for_layer=lambda **_: {"downloadUrl": "https://layers.example/x"},
    )
    assert image_configuration.architectures(local, ecr, "v1") == ["arm64"]


def test_a_new_service_is_asked_for_its_health(
    local: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert local.local_aws
    monkeypatch.setattr(paths, "LOCAL", tmp_path)
    monkeypatch.setattr(Service, "health_url", f"{local.local_aws.endpoint}/health")
    monkeypatch.setattr(Service, "request_headers", {})
    aws, service = fake_service.install(monkeypatch), Service.of(local)
    made, aws.service = {**(aws.service or {}), "createdAt": fake_service.NOW}, None
    with startup_time.recorded(service):
        aws.service = made
    assert startup_time.read(service)
