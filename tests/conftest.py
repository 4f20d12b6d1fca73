"""Fixtures for every kind of test. The provider loads on demand, as in `main.py`: half a minute less per run.

Node starts with the first import of cdktf, so that tests of settings alone never wait for it.
"""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

import lazy_provider
from stacks.settings import Environment, load_environment

lazy_provider.enable()
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell runs in the background ignores it
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # and what nohup runs ignores this one
os.environ.setdefault("GOGC", "400")  # a fifth of the time that Terraform and its provider take is their garbage's

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.template import Template

ROOT = Path(__file__).parents[1]

# What mostly waits begins first, so that the others are run meanwhile.
LONGEST_FIRST = (
    "tests/plan/test_changes.py",
    "tests/acceptance/test_criteria",
    "tests/acceptance/test_service_life.py",
    "tests/acceptance/test_service_continuity.py",
    "tests/acceptance/test_release_command.py",
    "tests/plan/test_cdktf_commands.py",
    "tests/plan/test_unrecorded.py",
    "tests/plan/test_local_workflow.py",
    "tests/unit/test_lazy_provider.py",
    "local_aws/tests/containers/",
    "tests/containers/",
    "tests/plan/",
    "",
)


EACH_TEST_ALONE = ("test_unrecorded.py", "test_embedded_aws.py")
"""Each starts an embedded AWS of its own, so that several workers can share them."""


@pytest.hookimpl(trylast=True)  # when pytest has its own folder
def pytest_configure(config: pytest.Config) -> None:
    """What Node, Terraform and the provider leave in the folder for temporary files is pytest's, which prunes its own.

    By a name that is short, since the path of a socket in it may have 107 characters.
    """
    folder = config._tmp_path_factory.getbasetemp() / "t"  # type: ignore[attr-defined]
    folder.mkdir()
    os.environ["TMPDIR"], tempfile.tempdir = str(folder), None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For --numprocesses=auto: three a core, since most of a run is waiting for what was started elsewhere."""
    return 3 * (os.cpu_count() or 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def turn(item: pytest.Item) -> int:
        file = item.path.relative_to(ROOT).as_posix()
        return next(at for at, start in enumerate(LONGEST_FIRST) if file.startswith(start))

    items.sort(key=turn)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """For --dist=loadfile: a file's tests stay together, and share what they set up, but where each has its own."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # noqa: PLC0415

    class Scheduler(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = str(super()._split_scope(nodeid))
            return nodeid if file.endswith(EACH_TEST_ALONE) else file

    return Scheduler(config, log)


def overlaid(settings: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Settings with changes laid over them, table by table."""
    merged = dict(settings)
    for key, value in changes.items():
        both_tables = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = overlaid(merged[key], value) if both_tables else value
    return merged


@pytest.fixture(scope="session")
def environment() -> Callable[..., Environment]:
    """Makes the `dev` environment with changes: `environment(scaling={"max_capacity": 8})`."""
    dev = load_environment(ROOT / "environments" / "dev.toml").model_dump(exclude_unset=True)

    def make(**changes: Any) -> Environment:
        return Environment.model_validate(overlaid(dev, changes))

    return make


@pytest.fixture(scope="session")
def synthesize(environment: Callable[..., Environment]) -> Callable[..., Template]:
    """Synthesizes `dev` with changes, validations included."""
    from cdktf import Testing  # noqa: PLC0415

    from stacks.fargate_api_stack import FargateApiStack  # noqa: PLC0415
    from tests.template import Template  # noqa: PLC0415

    def make(**changes: Any) -> Template:
        settings = environment(**changes)
        return Template.of(FargateApiStack(Testing.app(), settings.name_prefix, environment=settings))

    return make


@pytest.fixture(scope="session")
def template(synthesize: Callable[..., Template]) -> Template:
    """The stack of `dev` as it is."""
    return synthesize()
