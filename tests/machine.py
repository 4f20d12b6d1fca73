"""What the tests that run containers need of this machine."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, NoReturn

import pytest

from operate.local_cloud import container_engine

if TYPE_CHECKING:
    from operate.local_cloud.cloud import LocalCloud


def require_engine(cloud: LocalCloud) -> None:
    reason = container_engine.why_none()
    if reason and container_engine.running(cloud) is None:
        cannot_run(reason)


def require_go() -> None:
    if shutil.which("go") is None:
        cannot_run("Go is not installed: on Debian run .ci/install.")


def cannot_run(reason: str) -> NoReturn:
    """A laptop may lack an engine; the machine that decides whether a change is good may not."""
    if os.environ.get("CI", "").strip().casefold() not in {"", "0", "false", "no", "off"}:
        pytest.fail(reason)
    pytest.skip(reason)
