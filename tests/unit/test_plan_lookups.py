"""What a plan says of secrets and of the image's platform: refused, not checked, or nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError, ProfileNotFound

from operate.environment import Environment
from operate.plan import plan_lookups
from operate.plan.plan_lookups import Findings
from stacks.settings import Environment as Settings
from tests.unit.fake_service import ROOT
from tests.unit.test_settings_limits import MINIMAL, PARAMETER, SECRET, TOPIC, changed

if TYPE_CHECKING:
    from collections.abc import Mapping

FOREIGN = "222222222222"
CONFIGURATION = f"sha256:{'c' * 64}"


class MissingError(ClientError):
    def __init__(self) -> None:
        super().__init__({"Error": {"Code": "ResourceNotFoundException", "Message": "none"}}, "DescribeSecret")


DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no way"}}, "Any")


class Aws:
    """Each answer may be an error, which is raised."""

    exceptions = type("Exceptions", (), {"ResourceNotFoundException": MissingError, "NotFoundException": MissingError})

    def __init__(self) -> None:
        self.secrets: dict[str, Any] = {}
        self.parameters: list[str] | Exception = []
        self.manifest: dict[str, Any] | Exception = {}
        self.of_arm64: dict[str, Any] = {}
        self.capacity_providers: list[str] | Exception | None = None
        self.topic: Any = {}
        self.alarms: list[str] | Exception = []
        self.asked: list[str] = []
        self.regions: set[tuple[str, str | None]] = set()

    def client(self, service: str, *, region: str | None = None) -> Aws:
        self.regions.add((service, region))
        return self

    def describe_clusters(self, *, clusters: list[str]) -> dict[str, Any]:
        assert clusters == ["shared"]
        providers = _answer(self.capacity_providers)
        return {"clusters": [{"capacityProviders": providers}] if providers is not None else []}

    def describe_secret(self, **request: str) -> Any:
        self.asked.append(request["SecretId"])
        return _answer(self.secrets.get(request["SecretId"], MissingError()))

    def get_topic_attributes(self, **request: str) -> Any:
        self.asked.append(request["TopicArn"])
        return _answer(self.topic)

    def get_paginator(self, operation: str) -> Aws | Alarms:
        if operation == "describe_alarms":
            return Alarms(self)
        assert operation == "describe_parameters"
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        (wanted,) = request["ParameterFilters"]
        assert len(wanted["Values"]) <= 50
        self.asked += wanted["Values"]
        return [{"Parameters": [{"Name": name}]} for name in _answer(self.parameters) if name in wanted["Values"]]

    def batch_get_image(self, **request: Any) -> dict[str, Any]:
        (image,) = request["imageIds"]
        assert image in ({"imageTag": "v1"}, {"imageDigest": "sha256:arm64"})
        manifest = _answer(self.of_arm64 if "imageDigest" in image else self.manifest)
        return {"images": [{"imageManifest": json.dumps(manifest)}] if manifest else []}

    def get_download_url_for_layer(self, **request: str) -> dict[str, str]:
        assert request["layerDigest"] == CONFIGURATION
        return {"downloadUrl": "https://layers.example/x?signature=y"}


class Alarms:
    """One of them is a composite one."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws

    def paginate(self, *, AlarmNames: list[str], AlarmTypes: list[str]) -> list[dict[str, Any]]:  # noqa: N803
        assert AlarmTypes == ["MetricAlarm", "CompositeAlarm"]
        found = [{"AlarmName": name} for name in _answer(self.aws.alarms) if name in AlarmNames]
        return [{"MetricAlarms": found[1:], "CompositeAlarms": found[:1]}]


def _answer(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    fake = Aws()
    monkeypatch.setattr(Environment, "client", lambda _, service, **region: fake.client(service, **region))
    return fake


def found(secrets: Mapping[str, str] | None = None, **container: object) -> Findings:
    settings = Settings.model_validate(changed(("container", {"secrets": secrets or {}, **container})))
    with plan_lookups.beside(Environment(settings), image_tag="v1") as findings:
        return findings()


def of_alarms(**alarms: object) -> Findings:
    settings = Settings.model_validate(changed(("alarms", alarms)))
    with plan_lookups.beside(Environment(settings), image_tag="v1") as findings:
        return findings()


def test_alarms_and_a_topic_that_are_there(aws: Aws) -> None:
    aws.alarms = ["checkout", "payment"]
    assert of_alarms(notify=TOPIC, roll_back_alarm_names=["checkout", "payment"]) == Findings()
    assert aws.asked == [TOPIC]


def test_alarms_and_a_topic_that_are_not_there_yet(aws: Aws) -> None:
    """AWS takes their names, and nothing happens: that is said, and refused it is not."""
    aws.topic, aws.alarms = MissingError(), ["payment"]
    assert of_alarms(notify=TOPIC, roll_back_alarm_names=["checkout", "payment"]) == Findings(
        not_checked=(
            f"There is no topic {TOPIC} (alarms.notify) yet: until then nobody is told.",
            "There is no alarm checkout (alarms.roll_back_alarm_names) yet: until then it rolls no deployment back.",
        )
    )


def test_alarms_and_a_topic_that_may_not_be_looked_up(aws: Aws) -> None:
    aws.topic, aws.alarms = DENIED, DENIED
    answer = of_alarms(notify=TOPIC, roll_back_alarm_names=["checkout"])
    assert [sentence.partition(": An error")[0] for sentence in answer.not_checked] == [
        f"Not checked: whether there is a topic {TOPIC} (alarms.notify)",
        "Not checked: whether there are the alarms checkout (alarms.roll_back_alarm_names)",
    ]


def test_nothing_is_said_of_what_is_there(aws: Aws) -> None:
    """Each once, whatever is read of it, in its own region; a value of none."""
    database, elsewhere = f"{SECRET}db-AbCdEf", f"{SECRET}x-AbCdEf".replace("eu-west-1", "eu-central-1")
    aws.secrets = {database: {"ARN": database}, elsewhere: {"ARN": elsewhere}}
    aws.parameters = ["/go-api/key", "flat", "/rooted"]
    secrets = {"A": f"{database}:user::", "B": f"{database}:password::", "C": elsewhere}
    paths = {"D": "/go-api/key", "E": f"{PARAMETER}go-api/key", "F": f"{PARAMETER}flat", "G": f"{PARAMETER}rooted"}
    assert found(secrets | paths) == Findings()
    assert sorted(each for each in aws.asked if ":" in each) == sorted([database, elsewhere])
    assert aws.regions == {
        ("ecr", None),
        ("secretsmanager", "eu-west-1"),
        ("secretsmanager", "eu-central-1"),
        ("ssm", "eu-west-1"),
    }


def test_a_secret_that_is_not_there(aws: Aws) -> None:
    """By its ARN and the variable; one that is about to be deleted cannot be read either."""
    gone = f"{SECRET}gone-AbCdEf"
    aws.secrets = {gone: {"ARN": gone, "DeletedDate": datetime.now(timezone.utc)}}
    aws.parameters = ["/go-api/other"]
    secrets = {"A": f"{SECRET}db-AbCdEf:key::", "B": gone, "C": f"{PARAMETER}go-api/key", "D": "/go-api/other"}
    assert found(secrets) == Findings(
        wrong=(
            f"There is no secret {SECRET}db-AbCdEf (container.secrets.A).",
            f"The secret {gone} (container.secrets.B) is to be deleted, and cannot be read.",
            f"There is no parameter {PARAMETER}go-api/key (container.secrets.C).",
        )
    )


def test_a_sidecars_secret_and_the_log_drivers_are_looked_up(aws: Aws) -> None:
    """Each under the key that names it; one that several name once."""
    router = {"name": "router", "image": "router", "firelens": {"type": "fluentbit"}, "secrets": {"T": "/router"}}
    other = {"name": "other", "image": "other", "secrets": {"T": "/router"}}
    answer = found(awsfirelens={"secret_options": {"key": "/logs"}}, sidecars=[router, other])
    assert answer.wrong == (
        "There is no parameter /logs (container.awsfirelens.secret_options.key).",
        "There is no parameter /router (container.sidecars[0].secrets.T).",
    )
    assert aws.asked.count("/router") == 1


def test_what_the_caller_may_not_see_is_not_checked(aws: Aws) -> None:
    """Of another account, where nothing there and nothing allowed are one, or by AWS's own words; the rest is."""
    own, foreign = f"{SECRET}db-AbCdEf", f"{SECRET}db-AbCdEf".replace("1" * 12, FOREIGN)
    aws.secrets, aws.parameters, aws.manifest = {own: DENIED}, ["/a"], DENIED
    elsewhere = f"{PARAMETER}b".replace("1" * 12, FOREIGN)
    answer = found({"A": own, "B": foreign, "C": "/a", "D": elsewhere, "E": "/missing"})
    assert answer.wrong == ("There is no parameter /missing (container.secrets.E).",)
    assert [sentence.partition(": An error")[0] for sentence in answer.not_checked] == [
        "Not checked: whether the image go-api:v1 is built for X86_64",
        f"Not checked: whether there is a secret {own} (container.secrets.A)",
        f"Not checked: whether there is a secret {foreign} (container.secrets.B)",
        (
            f"Not checked: whether there is a parameter {elsewhere} (container.secrets.D), since it is another "
            "account's."
        ),
    ]


def test_parameters_that_may_not_be_described(aws: Aws) -> None:
    """In as many requests as a filter's values need."""
    aws.parameters = DENIED
    answer = found({f"S{at:02}": f"/p/{at}" for at in range(60)})
    assert answer.wrong == ()
    assert len(answer.not_checked) == 3
    assert all("AccessDeniedException" in sentence for sentence in answer.not_checked)


def test_without_credentials_nothing_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence for all."""

    def refuse(*_: object, **__: object) -> None:
        raise ProfileNotFound(profile="nobody")

    monkeypatch.setattr(Environment, "client", refuse)
    assert found({"A": "/a"}) == Findings(
        not_checked=(
            (
                "Not checked: whether the secrets exist, and which platform the image is built for: The config profile "
                "(nobody) could not be found."
            ),
        )
    )


def index(*architectures: str) -> dict[str, Any]:
    return {"manifests": [{"platform": {"os": "linux", "architecture": each}} for each in architectures]}


@pytest.mark.parametrize(
    ("manifest", "wanted", "wrong"),
    [
        (index("amd64", "arm64"), "ARM64", ""),
        (index("amd64", "unknown"), "X86_64", ""),
        (index("unknown"), "X86_64", ""),
        ({"manifests": [{}]}, "X86_64", ""),
        ({}, "X86_64", ""),
        ({"config": {"digest": CONFIGURATION, "size": 2}}, "ARM64", ""),
        (
            index("arm64", "unknown"),
            "X86_64",
            (
                "built for ARM64, and container.cpu_architecture is X86_64: build it for that, or set "
                'container.cpu_architecture = "ARM64".'
            ),
        ),
        (
            index("ppc64le", "s390x"),
            "ARM64",
            "built for ppc64le and s390x, and container.cpu_architecture is ARM64: build it for that.",
        ),
    ],
)
def test_the_platforms_of_an_index(aws: Aws, manifest: dict[str, Any], wanted: str, wrong: str) -> None:
    """An image for several; what an image does not say is no fault.

    https://github.com/opencontainers/image-spec/blob/main/image-index.md
    """
    aws.manifest = manifest
    assert found(cpu_architecture=wanted).wrong == ((f"The image go-api:v1 is {wrong}",) if wrong else ())


@pytest.mark.parametrize(("architecture", "is_wrong"), [("amd64", False), ("arm64", True)])
def test_the_platform_of_a_single_image(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, architecture: str, *, is_wrong: bool
) -> None:
    """In its configuration, which ECR gives by a URL."""
    aws.manifest = {"config": {"digest": CONFIGURATION, "size": 99}}
    monkeypatch.setattr(httpx, "get", lambda *_, **__: _response(200, json={"architecture": architecture}))
    assert bool(found().wrong) == is_wrong


SINGLE = {"config": {"digest": CONFIGURATION, "size": 99}}
OF_TWO = {
    "manifests": [
        {"platform": {"architecture": "amd64"}, "digest": "sha256:amd64"},
        {"platform": {"architecture": "arm64"}, "digest": "sha256:arm64"},
        {"platform": {"architecture": "unknown"}, "digest": "sha256:provenance"},
    ]
}


@pytest.mark.parametrize(
    ("manifest", "declared", "user", "told"),
    [
        (SINGLE, {"/tmp": {}, "/cache": {}}, "65532", []),
        (SINGLE, {"/tmp/": {}, "/cache": {}}, "65532", ["/tmp"]),
        (SINGLE, None, "app:app", ["/tmp", "/cache"]),
        (SINGLE, None, "0:1000", []),
        (SINGLE, None, "root", []),
        (OF_TWO, {"/cache": {}}, "65532", ["/tmp"]),
        ({}, None, "65532", []),
    ],
)
def test_volumes_that_the_image_does_not_declare(
    aws: Aws,
    monkeypatch: pytest.MonkeyPatch,
    *,
    manifest: dict[str, Any],
    declared: dict[str, Any] | None,
    user: str,
    told: list[str],
) -> None:
    """By the image for the tasks' architecture; root may write anyway, and an image that is not there says nothing."""
    aws.manifest, aws.of_arm64 = manifest, SINGLE
    configuration = {"architecture": "arm64", "config": {"Volumes": declared}}
    monkeypatch.setattr(httpx, "get", lambda *_, **__: _response(200, json=configuration))
    answer = found(cpu_architecture="ARM64", user=user, scratch_volumes=["/tmp", "/cache"])
    assert answer == Findings(
        not_checked=tuple(
            f"The image go-api:v1 declares no VOLUME {path} (container.scratch_volumes): the volume is root's then, and"
            f" the user {user} cannot write to it. docs/container.md has the lines for its Dockerfile."
            for path in told
        )
    )


def test_a_configuration_that_cannot_be_read_is_not_checked(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its URL, which is signed."""
    aws.manifest = {"config": {"digest": CONFIGURATION, "size": 99}}
    for response in (_response(403), _response(200, text="no JSON")):
        monkeypatch.setattr(httpx, "get", lambda *_, found=response, **__: found)
        (sentence,) = found().not_checked
        assert sentence.startswith(f"Not checked: what go-api@{CONFIGURATION} is built for and declares")
        assert "signature" not in sentence


def test_a_proxy_that_cannot_be_used_is_named(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package for it is not installed, and that is what helps."""
    aws.manifest = SINGLE
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:9")
    (sentence,) = found().not_checked
    assert "since ECR did not give it: Using SOCKS proxy, but the 'socksio' package is not installed" in sentence


def _response(status: int, **content: Any) -> httpx.Response:
    return httpx.Response(status, request=httpx.Request("GET", "https://layers.example/x?signature=y"), **content)


def test_an_error_of_terraforms_waits_for_no_answer(aws: Aws) -> None:
    """It is told as it is."""
    with (
        pytest.raises(ZeroDivisionError),
        plan_lookups.beside(Environment(Settings.model_validate(MINIMAL)), image_tag="v1"),
    ):
        raise ZeroDivisionError
    assert aws.secrets == {}


ENDS_AT_ONCE = """
import threading
from pathlib import Path
from types import SimpleNamespace

from operate.plan import plan_lookups
from operate.environment import Environment
from stacks.settings import load_environment

asked = threading.Event()


def never(**_):
    asked.set()
    threading.Event().wait()


Environment.client = lambda *_, **__: SimpleNamespace(batch_get_image=never)
with plan_lookups.beside(Environment(load_environment(Path("environments/dev.toml"))), image_tag="v1"):
    asked.wait()
    raise SystemExit(3)
"""


def test_the_process_waits_for_no_answer_either() -> None:
    """With a question under way that AWS never answers."""
    ended = subprocess.run([sys.executable, "-c", ENDS_AT_ONCE], cwd=ROOT, timeout=30, check=False)
    assert ended.returncode == 3


def lacking(spot_percent: int) -> Findings:
    settings = changed(("cluster", {"name": "shared"}), ("service.fargate_spot_percent", spot_percent))
    with plan_lookups.beside(Environment(Settings.model_validate(settings)), image_tag="v1") as findings:
        return findings()


@pytest.mark.parametrize(
    ("spot_percent", "there", "missing"),
    [
        (0, ["FARGATE", "own"], ""),
        (0, ["FARGATE_SPOT"], "FARGATE"),
        (50, ["FARGATE"], "FARGATE_SPOT"),
        (50, [], "FARGATE and FARGATE_SPOT"),
        (100, ["FARGATE_SPOT"], ""),
        (100, ["FARGATE"], "FARGATE_SPOT"),
        (0, None, ""),
    ],
)
def test_a_shared_cluster_has_what_the_share_of_spot_needs(
    aws: Aws, spot_percent: int, there: list[str] | None, missing: str
) -> None:
    """And no more; one that is not there is Terraform's to refuse.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
    """
    aws.capacity_providers = there
    said = f"The cluster shared (cluster.name) has the capacity providers {', '.join(there or ['none'])}, and with "
    said += f"service.fargate_spot_percent = {spot_percent} the service needs {missing} too: the cluster's owner adds "
    wrong = (f"{said}them (put-cluster-capacity-providers).",) if missing else ()
    assert lacking(spot_percent) == Findings(wrong)


def test_a_shared_cluster_that_the_caller_may_not_see_is_not_checked(aws: Aws) -> None:
    aws.capacity_providers = DENIED
    answer = lacking(0)
    assert answer.wrong == ()
    assert [sentence.partition(": An error")[0] for sentence in answer.not_checked] == [
        "Not checked: which capacity providers the cluster shared has"
    ]
