"""A service stays as it is on real containers: where a release is killed, and where its share of Spot changes."""

from __future__ import annotations

import contextlib
import json
from contextlib import closing
from typing import TYPE_CHECKING

import psutil

from operate.acceptance.load import Load
from operate.environment import resolve
from operate.service import wait_until
from tests.acceptance.conftest import Environment, Result, serving
from tests.conftest import ROOT

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    import pytest


def test_a_release_that_is_killed_again_and_again_converges(deployed: tuple[Environment, Result]) -> None:
    """As its apply begins, while ECS rolls, and when all is done but what became of it is not written.

    Twice Terraform goes with it, whose lock is freed as the message says. State, ECS and the list of releases agree.
    """
    environment, _ = deployed
    service, stack = environment.service, resolve("local").stack
    first = service.read()["taskDefinition"]
    stack.plan_document.unlink(missing_ok=True)
    kill(environment.start("release", "local", "--image-tag", "v2"), at=stack.plan_document.exists)
    free_lock(environment)
    kill(
        environment.start("release", "local", "--image-tag", "v2"), at=lambda: service.read()["taskDefinition"] != first
    )
    free_lock(environment)
    saved = stack.state().serial
    kill(environment.start("release", "local", "--image-tag", "v2"), at=lambda: stack.state().serial > saved)
    free_lock(environment)
    result = environment.operate("deploy", "local", "--image-tag", "v2")
    assert result.exit_code == 0, result.said
    assert environment.operate("plan", "local", "--detailed-exitcode").exit_code == 0
    newest, *others = json.loads(environment.operate("releases", "local", "--json").stdout)
    assert (newest["image"]["tag"], newest["verdict"], newest["live"]) == ("v2", "serves now", True)
    assert not any(one["live"] for one in others)
    assert service.read()["taskDefinition"] == newest["arn"] == stack.terraform.output()["task_definition_arn"]
    assert serving(environment) == "v2"


def kill(verb: subprocess.Popen[bytes], *, at: Callable[[], object]) -> None:
    """With what it has started, where that still runs: as a machine's end does."""
    assert wait_until(at, within_seconds=300, poll_seconds=0.1)
    started = [psutil.Process(verb.pid), *psutil.Process(verb.pid).children(recursive=True)]
    for process in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    verb.wait()


def free_lock(environment: Environment) -> None:
    """If it was held when its holder was killed: with the command that the next verb would print."""
    with closing(environment.local_aws.client("s3")) as s3, contextlib.suppress(s3.exceptions.NoSuchKey):
        found = s3.get_object(Bucket="terraform-state", Key="go-api/local.tfstate.tflock")["Body"].read()
        resolve("local").stack.terraform.run("force-unlock", "-force", json.loads(found)["ID"])


def test_the_share_of_spot_changes_without_a_failed_request(
    deployed: tuple[Environment, Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From 0 to 50, to 80 and back to 0, each in place, under load."""
    environment, _ = deployed
    service, settings = environment.service, (ROOT / "environments" / "local.toml").read_text()
    created_at = service.read()["createdAt"]
    monkeypatch.setenv("ENVIRONMENTS_DIR", str(tmp_path))
    with Load(service.health_url, rate_per_second=20, through_proxy=False).running() as samples:
        for percent in (50, 80, 0):
            share = f"[service]\nfargate_spot_percent = {percent}"
            (tmp_path / "local.toml").write_text(settings.replace("[service]", share))
            result = environment.operate("deploy", "local")
            assert result.exit_code == 0, result.said
            strategy = service.read()["capacityProviderStrategy"]
            weights = {one["capacityProvider"]: one["weight"] for one in strategy}
            assert weights.get("FARGATE_SPOT", 0) == percent
    assert service.read()["createdAt"] == created_at
    assert "No changes" in environment.operate("plan", "local").stdout
    assert len(samples) > 100
    assert [sample for sample in samples if not sample.ok] == []
