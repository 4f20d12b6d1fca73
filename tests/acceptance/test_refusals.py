"""`acceptance dev` where it can't begin: one line that says why, exit code 1, nothing on standard output."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local_aws import lifecycle
from local_aws import server_process as process
from local_aws.instance import LocalAws
from local_aws.tests.machine import reserved_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
ACCOUNT_OF_DEV = "111111111111"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of an AWS with nothing in it."""
    local_aws = LocalAws(port=reserved_port(), directory=tmp_path_factory.mktemp("aws"))
    process.start(local_aws)
    yield local_aws.endpoint
    lifecycle.down(local_aws)


def refusal(folder: Path, **variables: str) -> str:
    """Run as a person runs it, with no AWS settings but `variables`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": str(folder / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none")}
    result = subprocess.run(
        [sys.executable, "-m", "operate", "acceptance", "dev"],
        cwd=ROOT,
        env={**kept, **nowhere, "AWS_EC2_METADATA_DISABLED": "true", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    return line


def test_without_credentials(tmp_path: Path) -> None:
    """Which account is meant is in it."""
    said = refusal(tmp_path)
    assert said == f"No way into AWS account {ACCOUNT_OF_DEV} of 'dev': Unable to locate credentials."


def test_with_another_accounts_credentials(endpoint: str, tmp_path: Path) -> None:
    """Both accounts are in it, and where the right one is written."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    said = refusal(tmp_path, AWS_ENDPOINT_URL=endpoint, **keys)
    assert "000000000000" in said
    assert f"environments/dev.toml says account_id '{ACCOUNT_OF_DEV}'" in said


def test_with_nothing_deployed(endpoint: str, tmp_path: Path) -> None:
    """The emulator takes an access key of twelve digits for its account."""
    keys = {"AWS_ACCESS_KEY_ID": ACCOUNT_OF_DEV, "AWS_SECRET_ACCESS_KEY": "test"}
    said = refusal(tmp_path, AWS_ENDPOINT_URL=endpoint, **keys)
    assert said == "Nothing is deployed in 'dev': `make deploy ENV=dev` deploys it."


def test_where_no_aws_answers(tmp_path: Path) -> None:
    """No traceback of the network's."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_MAX_ATTEMPTS": "1"}
    assert "Could not connect" in refusal(tmp_path, AWS_ENDPOINT_URL="http://127.0.0.1:1", **keys)
