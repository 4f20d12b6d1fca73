"""The AWS that an environment lives in: the embedded one, or the caller's own, with the caller's credentials."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from operate import callers_variables, embedded_aws, generator
from operate.errors import OperateError
from operate.stack import LOCAL_ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.instance import Client, LocalAws
    from stacks.settings import Environment

_CONNECT_TIMEOUT_SECONDS = 10
_READ_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Aws:
    """`local_aws` is None where the environment is in a real AWS account."""

    settings: Environment
    local_aws: LocalAws | None = None

    def client(self, service: str) -> Client:
        if self.local_aws:
            return self.local_aws.client(service)
        import boto3  # noqa: PLC0415 - a second that the other verbs can spare
        from botocore.config import Config  # noqa: PLC0415

        config = Config(connect_timeout=_CONNECT_TIMEOUT_SECONDS, read_timeout=_READ_TIMEOUT_SECONDS)
        client: Client = boto3.client(service, region_name=self.settings.region, config=config)  # type: ignore[call-overload]
        return client

    def check_caller(self) -> None:
        """Raises OperateError, in one line, for missing or refused credentials and for those of another account."""
        name, wanted = self.settings.name, self.settings.account_id
        with answering(f"No way into AWS account {wanted} of {name!r}"):
            found = self.client("sts").get_caller_identity()["Account"]
        if found != wanted:
            raise OperateError(
                f"Your credentials are of AWS account {found}, and environments/{name}.toml says account_id "
                f"{wanted!r}: use that account's."
            )


def connect(environment: str) -> Aws:
    """Starts nothing: the embedded AWS has to run for anything to be asked of it."""
    callers_variables.refuse_what_changes_a_plan(os.environ)
    settings = generator.settings_of(environment)
    return Aws(settings, embedded_aws.configured() if environment == LOCAL_ENVIRONMENT else None)


@contextlib.contextmanager
def answering(otherwise: str) -> Iterator[None]:
    """Raises OperateError, `otherwise` and AWS's own words in one line, where AWS does not answer or refuses."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise OperateError(f"{otherwise}: {_one_line(error)}") from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") + "."
