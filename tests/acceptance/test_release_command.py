"""`release.before` on real containers: what it runs, and what stays as it is where that fails."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from operate.local import sample_image
from tests.acceptance.conftest import Environment, Result, judged, serving
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from operate.local.image_push import Image

COPIES = "go-api-local_release"


@pytest.mark.parametrize(
    ("command", "seconds", "told"),
    [
        (["/go-api", "exit", "3"], 120, r"`/go-api exit 3` \(release\.before\) exited with code 3\."),
        (["/missing"], 120, r"`/missing` \(release\.before\) could not be run: .+CannotStartContainerError: .+"),
        (["/go-api"], 5, r"`/go-api` \(release\.before\) did not end in 5 s\."),
    ],
)
def test_a_release_stops_where_what_runs_before_it_fails(
    deployed: tuple[Environment, Result],
    before: Callable[[list[str], int], None],
    command: list[str],
    seconds: int,
    told: str,
) -> None:
    """In one line; what serves is as it was, and nothing is registered."""
    environment, _ = deployed
    before(command, seconds)
    service, revisions = environment.service.read(), environment.service.revisions()
    result = environment.operate("release", "local", "--image-tag", "v2")
    assert result.exit_code == 1
    assert re.fullmatch(f"Nothing was changed: {told}", result.said), result.said
    assert serving(environment) == "v1"
    assert environment.service.read()["deployments"] == service["deployments"]
    assert environment.service.revisions() == revisions
    assert environment.service.revisions(COPIES) == []


def test_a_release_follows_what_runs_well_before_it(
    deployed: tuple[Environment, Result], before: Callable[[list[str], int], None]
) -> None:
    """Which was the new version: it has logged so."""
    environment, _ = deployed
    before(["/go-api", "version"], 120)
    result = environment.operate("release", "local", "--image-tag", "v2")
    assert result.exit_code == 0, result.said
    assert serving(environment) == "v2"
    (line,) = environment.operate("logs", "local", "--since", "5m", "--grep", '"msg":"version"').stdout.splitlines()
    assert '"version":"v2"' in line
    assert environment.service.revisions(COPIES) == []
    assert "No changes" in environment.operate("plan", "local").stdout


_SIDECARS = """
[container.depends_on]
proxy   = "START"
prepare = "SUCCESS"

[[container.sidecars]]
name        = "proxy"
image       = "000000000000.dkr.ecr.us-east-1.amazonaws.com/go-api:v1"
entry_point = ["/go-api"]
ports       = [9090]
environment = { PORT = "9090" }
cpu         = 64

[[container.sidecars]]
name        = "prepare"
image       = "000000000000.dkr.ecr.us-east-1.amazonaws.com/go-api:v1"
entry_point = ["/go-api"]
command     = ["version"]
essential   = false
"""


def test_a_release_with_sidecars(
    deployed: tuple[Environment, Result], before: Callable[[list[str], int], None], tmp_path: Path
) -> None:
    """They run beside what comes before it, which ends all the same, and beside the API, each with a log of its own."""
    environment, _ = deployed
    before(["/go-api", "version"], 120)
    with (tmp_path / "local.toml").open("a") as file:
        file.write(_SIDECARS)
    result = environment.operate("release", "local", "--image-tag", "v3")
    assert result.exit_code == 0, result.said
    assert serving(environment) == "v3"
    status = json.loads(environment.operate("status", "local", "--json").stdout)
    assert [task["sidecars"] for task in status["tasks"]] == [{"prepare": "STOPPED, exit code 0", "proxy": "RUNNING"}]
    assert status["image"]["tag"] == "v3"
    logged = environment.operate("logs", "local", "--since", "5m", "--container", "proxy").stdout
    assert '"version":"v1"' in logged
    refused = environment.operate("logs", "local", "--container", "prox")
    assert "has no container called 'prox': it has go-api, prepare, proxy." in refused.said
    assert environment.operate("acceptance", "local", "--only", "SIDECAR-1").exit_code == 0
    assert judged(environment)["SIDECAR-1"]["measured"] == "2 in 1 tasks"
    assert "No changes" in environment.operate("plan", "local").stdout


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[list[str], int], None]:
    """Sets `release.before` and its seconds; the image has its program as its command, and no entry point."""
    build = sample_image.build

    def without_entry_point(**arguments: Any) -> Image:
        built = build(**arguments)
        config = json.loads(built.config)
        config["config"]["Cmd"] = config["config"].pop("Entrypoint")
        return replace(built, config=json.dumps(config).encode())

    def set_before(command: list[str], seconds: int) -> None:
        file = tmp_path / "local.toml"
        release = f"[release]\nbefore = {json.dumps(command)}\nbefore_timeout_seconds = {seconds}\n"
        file.write_text(f"{(ROOT / 'environments' / 'local.toml').read_text()}\n{release}")

    monkeypatch.setattr(sample_image, "build", without_entry_point)
    monkeypatch.setenv("ENVIRONMENTS_DIR", str(tmp_path))
    return set_before
