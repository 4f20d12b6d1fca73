"""A local environment of the tests' own, deployed for real: its embedded AWS, its containers, its synthesized stack."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from typer.testing import CliRunner

from local_aws import container_engine, lifecycle
from local_aws import server_process as process
from local_aws.instance import LocalAws
from local_aws.tests.machine import require_engine, reserved_port
from operate import __main__ as command_line
from operate import paths
from operate.acceptance import load
from operate.acceptance.checks import health, rolling_deployment
from operate.environment import resolve
from operate.errors import OperateError
from operate.local import embedded_aws, sample_image
from operate.service import Service
from tests import provider_process, synthesis
from tests.conftest import ROOT
from tests.plan.stand_in import furnish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from operate.local.image_push import Image
    from operate.local.sample_image import Fault


@dataclass(frozen=True)
class Result:
    """Of a verb. `said` is its error's text where it failed with one."""

    exit_code: int
    stdout: str
    said: str = ""


_PROGRAM = """
import sys
from pathlib import Path

from local_aws.instance import LocalAws
from operate import __main__, paths
from operate.local import embedded_aws

_, port, folder, *arguments = sys.argv
local_aws = LocalAws(port=int(port), directory=Path(folder) / "aws")
embedded_aws.configured = lambda: local_aws
paths.SYNTHESIZED, paths.LOCAL = Path(folder) / "cdktf.out", Path(folder)
sys.argv[1:] = arguments
__main__.main()
"""


@dataclass
class Environment:
    local_aws: LocalAws
    folder: Path

    def operate(self, *arguments: str) -> Result:
        try:
            result = CliRunner().invoke(command_line.app, list(arguments), catch_exceptions=False)
        except OperateError as error:
            return Result(1, "", str(error))
        return Result(result.exit_code, result.stdout)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A verb in a process of its own, to be killed."""
        words = [sys.executable, "-c", _PROGRAM, str(self.local_aws.port), str(self.folder), *arguments]
        return subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    @property
    def service(self) -> Service:
        return Service.of(resolve("local"))


@pytest.fixture(scope="session", autouse=True)
def shared_provider() -> Iterator[None]:
    """Each command of Terraform finds its provider running."""
    with provider_process.shared():
        yield


@pytest.fixture(scope="module", autouse=True)
def remembered_synthesis() -> Iterator[None]:
    with synthesis.remembered():
        yield


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """Not deployed yet; the verbs that take `local` work on it, and write into its folder."""
    folder = tmp_path_factory.mktemp("environment")
    local_aws = LocalAws(port=reserved_port(), directory=folder / "aws")
    with pytest.MonkeyPatch.context() as patch:
        _spare(patch)
        patch.setattr(embedded_aws, "configured", lambda: local_aws)
        patch.setattr(paths, "SYNTHESIZED", folder / "cdktf.out")
        patch.setattr(paths, "LOCAL", folder)
        patch.chdir(folder)
        try:
            container_engine.start(local_aws)
            process.start(local_aws)
            furnish(local_aws)
            _hurry(local_aws)
            yield Environment(local_aws, folder)
        finally:
            lifecycle.down(local_aws)


def _spare(patch: pytest.MonkeyPatch) -> None:
    """What a busy machine can do, in less of an idle one's time: the criteria's own figures are `make acceptance`'s.

    Minutes of metrics are seconds, and the requests are few, each with time for its answer.
    """
    patch.setattr(load, "REQUEST_TIMEOUT_SECONDS", 120)
    patch.setenv("LOCAL_AWS_METRIC_PERIOD_SECONDS", "2")
    patch.setattr(rolling_deployment, "RATE_PER_SECOND", 20)
    patch.setattr(rolling_deployment, "LEAST_RATE_PER_SECOND", 1)
    patch.setattr(health, "FIRST_ANSWER_SECONDS", 300)


def _hurry(local_aws: LocalAws) -> None:
    """Health checks every second, which AWS does not offer and boto3 would refuse, and a short drain."""
    balancing = local_aws.client("elbv2")
    (group,) = balancing.describe_target_groups()["TargetGroups"]
    arn = group["TargetGroupArn"]
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "3"}
    balancing.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[delay])
    balancing.close()
    every_second = {"HealthCheckIntervalSeconds": "1", "HealthCheckTimeoutSeconds": "30"}
    form = {"Action": "ModifyTargetGroup", "Version": "2015-12-01", "TargetGroupArn": arn, **every_second}
    scope = "Credential=test/20260101/us-east-1/elasticloadbalancing/aws4_request"
    signature = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
    httpx.post(local_aws.endpoint, data=form, headers=signature, trust_env=False).raise_for_status()


@pytest.fixture(scope="module")
def deployed(environment: Environment) -> tuple[Environment, Result]:
    """With `deploy` run once, and what it said."""
    require_engine(environment.local_aws)
    return environment, environment.operate("deploy", "local", "--image-tag", "v1")


def broken(patch: pytest.MonkeyPatch, fault: Fault) -> None:
    """From here on every good build of the sample API is broken by `fault`."""
    build = sample_image.build

    def build_broken(**arguments: object) -> Image:
        return build(**{**arguments, "fault": arguments.get("fault") or fault})  # type: ignore[arg-type]

    patch.setattr(sample_image, "build", build_broken)


def judged(environment: Environment) -> dict[str, dict[str, Any]]:
    """Of the last run: the criteria by their ids."""
    report = json.loads((environment.folder / "acceptance-report.json").read_text())
    return {result["id"]: result for result in report["results"]}


def serving(environment: Environment) -> str:
    answer = httpx.get(environment.service.health_url, trust_env=False).raise_for_status()
    return str(answer.json()["version"])


def assert_all_pass(environment: Environment, criteria: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """On real containers; the service is as it was, and a plan afterwards is empty."""
    before = environment.service.read()
    result = environment.operate("acceptance", "local", *(word for id_ in criteria for word in ("--only", id_)))
    results = judged(environment)
    assert {id_: one["verdict"] for id_, one in results.items()} == dict.fromkeys(criteria, "PASS"), results
    assert result.exit_code == 0
    after = environment.service.read()
    assert after["taskDefinition"] == before["taskDefinition"]
    assert after["deploymentConfiguration"] == before["deploymentConfiguration"]
    assert after["desiredCount"] == before["desiredCount"]
    assert environment.service.revisions() == [after["taskDefinition"]]
    return results
