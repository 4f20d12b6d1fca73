"""The embedded AWS as its users see it: where it listens, where it keeps its data, and how to point tools at it."""

from __future__ import annotations

import functools
import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from local_aws.errors import LocalAwsError

if TYPE_CHECKING:
    from botocore.session import Session

REGION = "us-east-1"

Client = Any
"""A boto3 client: their classes are made at run time."""

_PORT_VARIABLE = "LOCAL_AWS_PORT"
_DEFAULT_PORT = 4566
_HIGHEST_PORT = 65535
_LOOPBACK = "127.0.0.1"
_LONGEST_SHOWN = 40
# With the older names of single services', and the switches to other kinds of endpoints, such as AWS_USE_FIPS_ENDPOINT.
_ENDPOINT = re.compile("AWS_ENDPOINT_URL_[A-Z0-9_]+|(TF_)?AWS_[A-Z0-9_]+_ENDPOINT")
# What a caller's shell may hold of the real AWS, and must not reach the embedded one, nor the other way round.
_CALLERS_OWN = (
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)

_making_a_client = threading.Lock()  # which a session does not let two threads do at once


@dataclass(frozen=True)
class LocalAws:
    """`directory` holds everything it knows, and is relative to the working directory unless told otherwise."""

    port: int = _DEFAULT_PORT
    directory: Path = Path(".local") / "aws"

    @property
    def endpoint(self) -> str:
        return f"http://{_LOOPBACK}:{self.port}"

    @property
    def data(self) -> tuple[Path, Path]:
        """The two folders that hold what AWS's services know: S3's objects, and everything else."""
        return self.directory.absolute() / "s3", self.directory.absolute() / "state"

    @property
    def log(self) -> Path:
        return self.directory / "server.log"

    def is_at(self, url: str) -> bool:
        """However the loopback address is written."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        return port == self.port and (host in {"localhost", "::1"} or host.startswith("127."))

    def environment_variables(self) -> dict[str, str]:
        """What Terraform, boto3 and the AWS CLI read; the empty ones take the caller's own AWS away."""
        return dict.fromkeys(_callers_own(), "") | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            **dict.fromkeys(("NO_PROXY", "no_proxy"), _no_proxy()),
        }

    def client(self, service: str, *, region: str = REGION) -> Client:
        """A boto3 client that knows nothing of the caller's profile, credentials and endpoints."""
        from botocore.config import Config  # noqa: PLC0415 - half a second that `up` with nothing to do can't spare

        with _making_a_client:
            return _session().create_client(
                service,
                region_name=region,
                endpoint_url=self.endpoint,
                aws_access_key_id="test",
                aws_secret_access_key="test",  # noqa: S106 - the emulator takes any
                config=Config(proxies={}, s3={"addressing_style": "path"}),
            )


@functools.cache
def _session() -> Session:
    """One for all clients, since each reads AWS's descriptions of its services again: a tenth of a second."""
    import botocore.session  # noqa: PLC0415 - as above

    unset = (None, None, None, None)
    session = botocore.session.Session(session_vars={"profile": unset, "config_file": unset})
    session.set_config_variable("ignore_configured_endpoint_urls", value=True)
    return session


def _callers_own() -> list[str]:
    return [*_CALLERS_OWN, *filter(_ENDPOINT.fullmatch, os.environ)]


def _no_proxy() -> str:
    """Go prefers the name in capitals, Python the other."""
    callers = os.environ.get("NO_PROXY") or os.environ.get("no_proxy")
    return ",".join(filter(None, (callers, _LOOPBACK)))


def configured_port(*, otherwise: int = _DEFAULT_PORT) -> int:
    text = os.environ.get(_PORT_VARIABLE, str(otherwise))
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) <= _HIGHEST_PORT:
        shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
        raise LocalAwsError(f"{_PORT_VARIABLE} is {shown!r}: it must be a port, 1 to {_HIGHEST_PORT}.")
    return int(text)
