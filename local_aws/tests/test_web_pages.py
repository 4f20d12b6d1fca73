"""A web page that a browser of this machine shows can do nothing with the embedded AWS; programs can do everything."""

from __future__ import annotations

import http.client
import http.server
import json
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from local_aws.tests.containers.stage import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from local_aws.instance import LocalAws

FOREIGN = "http://evil.example"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Protocol": "mqtt",
    "Sec-WebSocket-Version": "13",
}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def cors(self) -> dict[str, str]:
        return {name: value for name, value in self.headers.items() if name.startswith("access-control-")}


def ask(
    local_aws: LocalAws, path: str = "/", *, method: str = "GET", body: str | None = None, **headers: str
) -> Answer:
    """A header's name is written with underscores; the Host is the embedded AWS's own unless it is given."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", local_aws.port, timeout=10)
    with closing(connection):
        connection.request(method, path, body=body, headers=named)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read().decode(errors="replace"))


def users(local_aws: LocalAws) -> set[str]:
    return {user["UserName"] for user in local_aws.client("iam").list_users()["Users"]}


@pytest.mark.parametrize("origin", [FOREIGN, "null", "http://localhost:3000", "https://127.0.0.1"])
def test_a_foreign_origin_is_forbidden(local_aws: LocalAws, origin: str) -> None:
    """Neither the emulator's own paths nor AWS's APIs do what a page asks for, and the answer names the header."""
    local_aws.client("s3").create_bucket(Bucket="kept")
    for path in ("/_ministack/reset", "/_ministack/health", "/kept", "/v2/"):
        answer = ask(local_aws, path, method="POST", Origin=origin)
        assert (answer.status, answer.cors) == (403, {})
        assert f"the header Origin is '{origin}'" in json.loads(answer.body)["message"]
    assert ask(local_aws, "/kept").status == 200


def test_a_form_of_a_foreign_page_changes_nothing(local_aws: LocalAws) -> None:
    """A form needs no preflight, and the query APIs take one; so does the path of no load balancer."""
    form = urlencode({"Action": "CreateUser", "UserName": "intruder", "Version": "2010-05-08"})
    for path, status in (("/", 403), ("/_alb/nobody/", 404)):
        assert ask(local_aws, path, method="POST", body=form, Origin=FOREIGN, **FORM).status == status
    assert "intruder" not in users(local_aws)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_an_image_of_a_foreign_page_changes_nothing(local_aws: LocalAws, site: str) -> None:
    """A GET has no Origin, but a browser says that another site's page sends it."""
    action = "/?" + urlencode({"Action": "CreateUser", "UserName": "image", "Version": "2010-05-08"})
    assert ask(local_aws, action, Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors").status == 403
    assert "image" not in users(local_aws)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "localhost.evil.example", "0.0.0.0:{port}", "[::ffff:127.0.0.1]", "["],
)
def test_a_foreign_host_is_forbidden(local_aws: LocalAws, host: str) -> None:
    """After DNS rebinding a page's origin is its own, and its name is not one of this machine's; 0.0.0.0 is."""
    host = host.format(port=local_aws.port)
    for path in ("/_ministack/health", "/_alb/any/"):
        answer = ask(local_aws, path, Host=host, Origin=f"http://{host}", Sec_Fetch_Site="same-origin")
        assert (answer.status, answer.cors) == (403, {})


def test_a_preflight_gets_no_permission(local_aws: LocalAws) -> None:
    """Without CORS headers a browser doesn't send the request that it asks for."""
    asked = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Private_Network": "true"}
    answer = ask(local_aws, method="OPTIONS", Origin=FOREIGN, **asked)
    assert (answer.status, answer.cors) == (403, {})


def test_a_websocket_of_a_foreign_page_is_forbidden(local_aws: LocalAws) -> None:
    """The same-origin policy does not hold for websockets, which MiniStack has for IoT, whatever services it runs."""
    headers = {name.replace("-", "_"): value for name, value in UPGRADE.items()}
    host = f"iot.us-east-1.localhost:{local_aws.port}"
    assert ask(local_aws, "/mqtt", Host=host, Origin=FOREIGN, **headers).status == 403
    assert ask(local_aws, "/mqtt", Host=host, **headers).status == 101


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "localhost:{port}"},
        {"Host": "[::1]:{port}"},
        {"Host": "127.0.0.2"},
        {"Host": "bucket.localhost:{port}"},
        {"Host": "000000000000.dkr.ecr.us-east-1.amazonaws.com"},
        {"Host": "localhost:{port}", "Origin": "http://localhost:{port}", "Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "none", "Sec_Fetch_Mode": "navigate"},
    ],
)
def test_this_machine_is_answered(local_aws: LocalAws, headers: dict[str, str]) -> None:
    """Programs by every name that is this machine's, a person's address bar, and the emulator's own pages."""
    own = {name: value.format(port=local_aws.port) for name, value in headers.items()}
    for path in ("/_ministack/health", "/v2/"):
        answer = ask(local_aws, path, **own)
        assert (answer.status, answer.cors) == (200, {})


def test_virtual_hosted_buckets_are_answered(local_aws: LocalAws) -> None:
    """As SDKs address them where the endpoint is a name and not an address."""
    local_aws.client("s3").create_bucket(Bucket="virtual")
    assert (
        ask(local_aws, "/key", method="PUT", body="content", Host=f"virtual.localhost:{local_aws.port}").status == 200
    )
    assert local_aws.client("s3").get_object(Bucket="virtual", Key="key")["Body"].read() == b"content"


class Application(http.server.BaseHTTPRequestHandler):
    """Answers with the Origin that it was sent, and allows one origin to read it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "https://app.example")
        self.end_headers()
        self.wfile.write(self.headers.get("Origin", "none").encode())

    do_OPTIONS = do_GET  # noqa: N815 - http.server's name

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def balanced_application(local_aws: LocalAws, name: str) -> Iterator[None]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    elb = local_aws.client("elbv2")
    group = elb.create_target_group(
        Name=name, Protocol="HTTP", Port=80, VpcId="vpc-1", TargetType="ip", HealthCheckIntervalSeconds=5
    )["TargetGroups"][0]["TargetGroupArn"]
    balancer = elb.create_load_balancer(Name=name, Subnets=["subnet-1", "subnet-2"])["LoadBalancers"][0]
    forward = {"Type": "forward", "TargetGroupArn": group}
    elb.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[forward])
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "127.0.0.1", "Port": server.server_port}])
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_a_load_balancer_leaves_origins_to_its_application(local_aws: LocalAws, method: str) -> None:
    """As AWS's passes them on: the application sees the Origin, and its CORS headers are the only ones."""
    name = f"app-{method.lower()}"
    with balanced_application(local_aws, name):
        wait_until(lambda: ask(local_aws, f"/_alb/{name}/").status == 200)
        answer = ask(local_aws, f"/_alb/{name}/", method=method, Origin=FOREIGN, Sec_Fetch_Site="cross-site")
    assert (answer.status, answer.body) == (200, FOREIGN)
    assert answer.cors == {"access-control-allow-origin": "https://app.example"}


def test_a_bucket_is_no_load_balancer(local_aws: LocalAws) -> None:
    """A virtual-hosted bucket can have an object of any key."""
    answer = ask(
        local_aws, "/_alb/key", method="PUT", body="x", Host=f"bucket.localhost:{local_aws.port}", Origin=FOREIGN
    )
    assert answer.status == 403
