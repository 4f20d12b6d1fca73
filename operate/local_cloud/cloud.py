"""The embedded AWS as its users see it: where it listens, where it keeps its data, and how to point tools at it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from operate.errors import OperateError

REPOSITORY = Path(__file__).parents[2]

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

    port: int
    directory: Path = REPOSITORY / ".local" / "cloud"

    @property
    def endpoint(self) -> str:
        return f"http://{_LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        return self.directory / "server.log"

    def environment_variables(self) -> dict[str, str]:
        """What Terraform, boto3 and the AWS CLI read; laid over the caller's environment it hides their credentials."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": ",".join(filter(None, (os.environ.get("NO_PROXY"), _LOOPBACK))),
        }

    def environment(self) -> dict[str, str]:
        """The caller's environment, pointed at the embedded AWS."""
        kept = {name: value for name, value in os.environ.items() if not _is_of_real_aws(name)}
        return kept | self.environment_variables()


def _is_of_real_aws(name: str) -> bool:
    return name in _CALLERS_OWN or name.startswith("AWS_ENDPOINT_URL_")


def configured_port() -> int:
    text = os.environ.get(_PORT_VARIABLE, str(_DEFAULT_PORT))
    if not text.isdecimal() or not 0 < int(text) <= _HIGHEST_PORT:
        raise OperateError(f"{_PORT_VARIABLE} is {text!r}: it must be a port, 1 to {_HIGHEST_PORT}.")
    return int(text)
