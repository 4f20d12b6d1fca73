"""The embedded AWS as its users see it: where it listens, where it keeps its data, and how to point tools at it."""

from __future__ import annotations

import contextlib
import http.client
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operate.errors import OperateError

REPOSITORY = Path(__file__).resolve().parents[2]
REGION = "us-east-1"

Client = Any
"""A boto3 client: their classes are made at run time."""

_PORT_VARIABLE = "LOCAL_CLOUD_PORT"
_DEFAULT_PORT = 4566
_HIGHEST_PORT = 65535
_LOOPBACK = "127.0.0.1"
# What a caller's shell may hold of the real AWS, and must not reach the embedded one, nor the other way round.
_CALLERS_OWN = (
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULT_PROFILE",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)


@dataclass(frozen=True)
class LocalCloud:
    """`directory` holds everything it knows: deleting it is a factory reset."""

    port: int = _DEFAULT_PORT
    directory: Path = REPOSITORY / ".local" / "cloud"

    @property
    def endpoint(self) -> str:
        return f"http://{_LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        return self.directory / "server.log"

    def environment_variables(self) -> dict[str, str]:
        """What Terraform, boto3 and the AWS CLI read; the empty ones take the caller's own AWS away."""
        return dict.fromkeys(_callers_own(), "") | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": ",".join(filter(None, (os.environ.get("NO_PROXY"), _LOOPBACK))),
        }

    def client(self, service: str) -> Client:
        """A boto3 client that knows nothing of the caller's profile, credentials and endpoints."""
        import botocore.session  # noqa: PLC0415 - half a second that `up` with nothing to do can't spare
        from botocore.config import Config  # noqa: PLC0415

        unset = (None, None, None, None)
        session = botocore.session.Session(session_vars={"profile": unset, "config_file": unset})
        session.set_config_variable("ignore_configured_endpoint_urls", value=True)
        return session.create_client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the emulator takes any
            config=Config(proxies={}, s3={"addressing_style": "path"}),
        )

    def holds_object(self, bucket: str, key: str) -> bool:
        return self._object("HEAD", bucket, key) is not None

    def read_object(self, bucket: str, key: str) -> bytes | None:
        return self._object("GET", bucket, key)

    def _object(self, method: str, bucket: str, key: str) -> bytes | None:
        """Without boto3, whose import alone takes as long as all the rest of an `up` with nothing to do."""
        connection = http.client.HTTPConnection(_LOOPBACK, self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request(method, f"/{bucket}/{key}")
            response = connection.getresponse()
            return response.read() if response.status == http.HTTPStatus.OK else None


def _callers_own() -> list[str]:
    return [*_CALLERS_OWN, *(name for name in os.environ if name.startswith("AWS_ENDPOINT_URL_"))]


def configured_port(*, otherwise: int = _DEFAULT_PORT) -> int:
    text = os.environ.get(_PORT_VARIABLE, str(otherwise))
    if not text.isdecimal() or not 0 < int(text) <= _HIGHEST_PORT:
        raise OperateError(f"{_PORT_VARIABLE} is {text!r}: it must be a port, 1 to {_HIGHEST_PORT}.")
    return int(text)
