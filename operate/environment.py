"""An environment, resolved once when a verb begins and carried from there: its settings, its AWS and its stack."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload

from operate import credentials, generator, paths, progress
from operate.errors import OperateError
from operate.local import embedded_aws
from operate.terraform_cli import callers_variables
from operate.terraform_cli.stack import Stack
from operate.terraform_cli.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    import boto3
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

    from local_aws.instance import LocalAws
    from stacks.settings import Environment as Settings

LOCAL = "local"
"""The environment in the embedded AWS."""

_CONNECT_TIMEOUT_SECONDS = 10
_READ_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Environment:
    """`local_aws` is None where it is in a real AWS account, which the caller's own credentials open."""

    settings: Settings
    local_aws: LocalAws | None = None
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False, compare=False)
    _making_a_client: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @cached_property
    def stack(self) -> Stack:
        """Where it is synthesized to, whether it is already or not."""
        folder = paths.SYNTHESIZED / "stacks" / self.settings.name_prefix
        variables = self.local_aws.environment_variables() if self.local_aws else {}
        return Stack(folder, Terraform(folder, variables), self.settings)

    @cached_property
    def cluster_name(self) -> str:
        """Where only another module's state says it, Terraform reads that, which takes seconds."""
        return self.settings.cluster_name or self._synthesized.read_cluster_name()

    @cached_property
    def _synthesized(self) -> Stack:
        """Once for a verb, whatever asks first."""
        generator.synthesize(self.settings.name)
        return self.stack

    def prepare_stack(self, *, containers: bool = False) -> Stack:
        """Synthesized and initialized; the embedded AWS runs, with `containers` where this machine has an engine."""
        stack = self._synthesized  # before anything is started: what it refuses, it refuses at no cost
        if self.local_aws:
            embedded_aws.up(self.local_aws, containers=containers)
        stack.init()
        stack.push_unsaved_state()
        return stack

    def check_caller(self) -> None:
        """Raises OperateError, in one line, for missing or refused credentials and for those of another account."""
        if self.local_aws:
            return
        name, wanted = self.settings.name, self.settings.account_id
        with answering(f"No way into AWS account {wanted} of {name!r}"):
            found = self.client("sts").get_caller_identity()["Account"]
        if found != wanted:
            raise OperateError(
                f"Your credentials are of AWS account {found}, and environments/{name}.toml says account_id "
                f"{wanted!r}: use that account's."
            )

    def cli_options(self, *, region: str | None = None) -> list[str]:
        """Of an AWS CLI's command for a person. There is none for a role, which the CLI takes from a profile alone."""
        profile = self.settings.provider.profile
        return ["--region", region or self.settings.region, *(["--profile", profile] if profile else [])]

    def answering(self) -> AbstractContextManager[None]:
        return answering(f"AWS did not answer for {self.settings.name!r}")

    @overload
    def client(self, service: Literal["application-autoscaling"]) -> ApplicationAutoScalingClient: ...
    @overload
    def client(self, service: Literal["cloudwatch"]) -> CloudWatchClient: ...
    @overload
    def client(self, service: Literal["ecr"]) -> ECRClient: ...
    @overload
    def client(self, service: Literal["ecs"]) -> ECSClient: ...
    @overload
    def client(self, service: Literal["elbv2"]) -> ElasticLoadBalancingv2Client: ...
    @overload
    def client(self, service: Literal["iam"]) -> IAMClient: ...
    @overload
    def client(self, service: Literal["logs"]) -> CloudWatchLogsClient: ...
    @overload
    def client(self, service: Literal["secretsmanager"], *, region: str) -> SecretsManagerClient: ...
    @overload
    def client(self, service: Literal["ssm"], *, region: str) -> SSMClient: ...
    @overload
    def client(self, service: Literal["sns"]) -> Any: ...  # noqa: ANN401 - its types are not installed
    @overload
    def client(self, service: Literal["sts"]) -> STSClient: ...
    def client(self, service: Any, *, region: str | None = None) -> Any:
        """Where no region is named, in the environment's; ECR's in that of the image. Each is made once."""
        region = region or (self.settings.image_region if service == "ecr" else self.settings.region)
        with self._making_a_client:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._client(service, region)
            return self._clients[service, region]

    def load_clients(self, services: Sequence[str]) -> None:
        """Each takes boto3 a fifth of a second; what is wrong is told when it is used."""
        with contextlib.suppress(Exception):
            for service in services:
                self.client(service)  # type: ignore[call-overload]

    def _client(self, service: str, region: str) -> object:
        if self.local_aws:
            return self.local_aws.client(service, region=region)
        from botocore.config import Config  # noqa: PLC0415 - a quarter of a second that not every verb needs

        config = Config(connect_timeout=_CONNECT_TIMEOUT_SECONDS, read_timeout=_READ_TIMEOUT_SECONDS)
        session: Any = self._session
        client: object = session.client(service, region_name=region, config=config)
        return client

    @cached_property
    def _session(self) -> boto3.Session:
        """With the credentials that the stack's AWS provider has."""
        return credentials.session(self.settings.provider, name=self.settings.name_prefix, region=self.settings.region)


def resolve(name: str) -> Environment:
    """Starts nothing: the embedded AWS has to run for anything to be asked of it."""
    callers_variables.refuse_what_changes_a_plan(os.environ)
    settings, local_aws = generator.settings_of(name), embedded_aws.configured()
    if name == LOCAL:
        return Environment(settings, local_aws)
    endpoints = {key: url for key, url in os.environ.items() if key.startswith("AWS_ENDPOINT_URL")}
    misleading = [key for key, url in endpoints.items() if local_aws.is_at(url)]
    if misleading:
        raise OperateError(
            f"{misleading[0]} points at the embedded AWS, where {name!r} isn't. "
            "What `cloud-env` has set is in this shell: use another one."
        )
    return Environment(settings)


class NotToldError(OperateError):
    """AWS did not answer, or refused to."""


@contextlib.contextmanager
def answering(otherwise: str) -> Iterator[None]:
    """Raises OperateError, `otherwise` and AWS's own words in one line, where AWS does not answer or refuses."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        said = " ".join(str(error).split()).rstrip(".")
        raise NotToldError(f"{otherwise}: {said}.") from None


@contextlib.contextmanager
def said_if_not_told() -> Iterator[None]:
    """For what a verb can go on without: a NotToldError ends the block, and is a warning."""
    try:
        yield
    except NotToldError as error:
        progress.console.print(str(error), style="yellow")
