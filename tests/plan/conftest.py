"""Embedded AWSs of the tests' own: real Terraform and the real provider talk to them."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local_aws import lifecycle
from local_aws import server_process as process
from local_aws.instance import LocalAws
from local_aws.tests.machine import reserved_port
from operate.local import embedded_aws
from tests import provider_process, synthesis
from tests.plan.stand_in import furnish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]

pytest.register_assert_rewrite("tests.plan.requirements")  # a failure shows what was compared


@pytest.fixture(scope="session", autouse=True)
def shared_provider() -> Iterator[None]:
    """Each command of Terraform finds its provider running."""
    with provider_process.shared():
        yield


@pytest.fixture(scope="module", autouse=True)
def remembered_synthesis() -> Iterator[None]:
    with synthesis.remembered():
        yield


@pytest.fixture(scope="session", autouse=True)
def short_minutes() -> Iterator[None]:
    """A deployment that ECS watches by alarms ends minutes later."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCAL_AWS_METRIC_PERIOD_SECONDS", "0.2")
        yield


@pytest.fixture(scope="session")
def empty_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """With nothing in it."""
    with _own_aws(tmp_path_factory) as local_aws:
        process.start(local_aws)
        yield local_aws


@pytest.fixture(scope="session")
def team_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """With the three existing modules applied by Terraform, their states in its S3, and an image in its ECR."""
    with _own_aws(tmp_path_factory) as local_aws:
        yield embedded_aws.up(local_aws)


@pytest.fixture(scope="session")
def stand_in_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """As `team_aws`, in seconds: for tests that are not about what the modules make."""
    with _own_aws(tmp_path_factory) as local_aws:
        process.start(local_aws)
        furnish(local_aws)
        yield local_aws


@pytest.fixture
def own_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """As `stand_in_aws`, for a test that deploys by names by which others leave something there."""
    with _own_aws(tmp_path_factory) as local_aws:
        process.start(local_aws)
        furnish(local_aws)
        yield local_aws


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of an environment's stack, as `main.py` makes it of the repository's own settings."""
    out = tmp_path_factory.mktemp("cdktf.out")
    environment = {**os.environ, "CDKTF_OUTDIR": str(out)}
    subprocess.run([sys.executable, ROOT / "main.py"], cwd=ROOT, env=environment, check=True)
    return lambda name: out / "stacks" / f"go-api-{name}"


@contextmanager
def _own_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    local_aws = LocalAws(port=reserved_port(), directory=tmp_path_factory.mktemp("aws"))
    try:
        yield local_aws
    finally:
        lifecycle.down(local_aws)
