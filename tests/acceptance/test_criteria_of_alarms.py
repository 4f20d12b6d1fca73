"""Deployments under alarms, on real containers and under load: what is bad is rolled back, and what is good is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local_aws.tests.machine import require_engine
from operate.acceptance.load import Load
from tests.acceptance.conftest import Environment, assert_all_pass, broken, serving
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

ALARMS = """
[alarms]
enabled = true
roll_back = ["server_errors", "latency", "unhealthy_targets"]
latency_seconds = 30  # a busy machine is slow
"""


@pytest.fixture(scope="module")
def alarmed(environment: Environment) -> Iterator[Environment]:
    """Deployed with alarms of its own."""
    require_engine(environment.local_aws)
    folder = environment.folder / "environments"
    folder.mkdir()
    (folder / "local.toml").write_text((ROOT / "environments" / "local.toml").read_text() + ALARMS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENVIRONMENTS_DIR", str(folder))
        assert environment.operate("deploy", "local", "--image-tag", "v1").exit_code == 0
        yield environment


def under_load(environment: Environment) -> Load:
    return Load(
        f"{environment.service.url}/version",
        rate_per_second=20,
        headers=environment.service.request_headers,
        through_proxy=False,
    )


def test_the_criteria_pass(alarmed: Environment) -> None:
    """ALARM-1 and ALARM-2; the service is as it was in the end."""
    results = assert_all_pass(alarmed, ("ALARM-1", "ALARM-2"))
    assert results["ALARM-1"]["figures"]["failed"] == 0
    assert results["ALARM-2"]["figures"]["failed"] > 0
    assert "go-api-local-server-errors: Threshold Crossed: " in results["ALARM-2"]["measured"]


def test_a_bad_release_fails_with_the_alarms_name(alarmed: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what it saw; what was deployed serves, and status says so too."""
    broken(monkeypatch, "server-errors")
    with under_load(alarmed).running():
        result = alarmed.operate("release", "local", "--image-tag", "bad")
    assert result.exit_code == 1
    assert (
        "Which alarm took it back, and what it saw:\n  go-api-local-server-errors: Threshold Crossed: " in result.said
    )
    assert "were greater than the threshold (5.0)." in result.said
    assert "Or one of these alarms was raised: go-api-local-server-errors, " in " ".join(result.said.split())
    assert serving(alarmed) == "v1"
    assert "go-api-local-server-errors: Threshold Crossed: " in alarmed.operate("status", "local").stdout


def test_a_good_release_comes_into_service(alarmed: Environment) -> None:
    """Under the same alarms, be one of them raised still: the plan says which are looked at."""
    with under_load(alarmed).running():
        result = alarmed.operate("release", "local", "--image-tag", "v2")
    assert result.exit_code == 0, result.said
    assert serving(alarmed) == "v2"
    assert "ECS looks at go-api-local-latency, go-api-local-server-errors" in " ".join(result.stdout.split())
