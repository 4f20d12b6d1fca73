"""The existing modules' life in the embedded AWS, shown on a module that needs no provider."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from operate.errors import OperateError
from operate.local_cloud import lifecycle, modules, process, state_lock
from operate.local_cloud.account import STATE_BUCKET
from operate.local_cloud.cloud import REPOSITORY
from operate.terraform import executable

if TYPE_CHECKING:
    from pathlib import Path

    from operate.local_cloud.cloud import LocalCloud

_HCL = """
terraform {{
  backend "s3" {{
    key          = "networking.tfstate"
    use_lockfile = true
  }}
}}

resource "terraform_data" "only" {{
  input = "{value}"

  provisioner "local-exec" {{
    command = "exec sleep {seconds}"
  }}
}}

output "value" {{
  value = terraform_data.only.output
}}
"""
_UP = """
import sys
from pathlib import Path
from operate.local_cloud import lifecycle, modules
from operate.local_cloud.cloud import LocalCloud
modules.NAMES, modules._SOURCES = ("networking",), Path(sys.argv[1])
lifecycle.up(LocalCloud(port=int(sys.argv[2]), directory=Path(sys.argv[3])))
"""


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The modules' folder, with one module in it."""
    folder = tmp_path / "sources"
    (folder / "networking").mkdir(parents=True)
    monkeypatch.setattr(modules, "NAMES", ("networking",))
    monkeypatch.setattr(modules, "_SOURCES", folder)
    _write(folder, "first")
    return folder


def _write(sources: Path, value: str, *, seconds: int = 0) -> None:
    (sources / "networking" / "main.tf").write_text(_HCL.format(value=value, seconds=seconds))


def _state(cloud: LocalCloud) -> tuple[int, str]:
    """The state's serial number, and the value that the module was applied with."""
    state = json.loads(cloud.read_object(STATE_BUCKET, "networking.tfstate") or b"null")
    return state["serial"], state["outputs"]["value"]["value"]


def _eventually_locked(cloud: LocalCloud) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.answers(cloud) and cloud.holds_object(STATE_BUCKET, "networking.tfstate.tflock"):
            return True
        time.sleep(0.1)
    return False


def _terraforms_of(cloud: LocalCloud) -> list[psutil.Process]:
    folder = str(modules.all_of(cloud)[0]._folder.resolve())
    return [one for one in psutil.process_iter() if state_lock.is_terraform_in(one, folder)]


def test_up_applies_once(empty_cloud: LocalCloud, sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second `up` needs no Terraform; a changed module is applied again."""
    lifecycle.up(empty_cloud)
    first = _state(empty_cloud)
    with monkeypatch.context() as patch:
        patch.setattr(modules.Module, "apply", lambda _: pytest.fail("applied again"))
        lifecycle.up(empty_cloud)
    assert _state(empty_cloud) == first
    assert lifecycle.status(empty_cloud).applied_modules == ("networking",)
    _write(sources, "second")
    assert lifecycle.status(empty_cloud).applied_modules == ()
    lifecycle.up(empty_cloud)
    assert _state(empty_cloud)[1] == "second"


@pytest.mark.usefixtures("sources")
def test_without_terraform_nothing_is_started(
    empty_cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process is left behind by what could never have worked."""
    monkeypatch.setenv("PATH", str(tmp_path))
    executable.cache_clear()
    with pytest.raises(OperateError, match="there is no terraform on PATH"):
        lifecycle.up(empty_cloud)
    assert process.running(empty_cloud) is None


@pytest.mark.usefixtures("sources")
def test_an_orderly_restart_needs_no_terraform(empty_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """`down` then `up` is as quick as starting the process."""
    lifecycle.up(empty_cloud)
    lifecycle.down(empty_cloud)
    monkeypatch.setattr(modules.Module, "apply", lambda _: pytest.fail("applied again"))

    lifecycle.up(empty_cloud)

    assert lifecycle.status(empty_cloud).applied_modules == ("networking",)


@pytest.mark.usefixtures("sources")
def test_a_lost_state_is_made_again(empty_cloud: LocalCloud) -> None:
    """The mark of an applied module is worth nothing without its state."""
    lifecycle.up(empty_cloud)
    empty_cloud.client("s3").delete_object(Bucket=STATE_BUCKET, Key="networking.tfstate")

    lifecycle.up(empty_cloud)

    assert _state(empty_cloud)[1] == "first"


@pytest.mark.usefixtures("sources")
def test_after_a_kill_terraform_looks_again(empty_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules that were applied to a killed emulator are compared with what it still knows."""
    lifecycle.up(empty_cloud)
    record = process.running(empty_cloud)
    assert record
    psutil.Process(record.pid).kill()
    psutil.Process(record.pid).wait()
    applied: list[str] = []
    monkeypatch.setattr(modules.Module, "apply", lambda module: applied.append(module.name))

    lifecycle.up(empty_cloud)

    assert applied == ["networking"]


def _kill_an_up(cloud: LocalCloud, sources: Path) -> None:
    """Its Terraform is at work then, holds the lock, and lives on."""
    _write(sources, "first", seconds=60)
    arguments = [str(sources), str(cloud.port), str(cloud.directory)]
    with subprocess.Popen([sys.executable, "-c", _UP, *arguments], cwd=REPOSITORY, start_new_session=True) as up:
        locked = _eventually_locked(cloud)
        os.kill(up.pid, signal.SIGKILL)
    assert locked
    assert _terraforms_of(cloud)


def test_a_killed_up_is_cleaned_up_after(empty_cloud: LocalCloud, sources: Path) -> None:
    """Its Terraform is ended; its lock is given up; the module is applied."""
    _kill_an_up(empty_cloud, sources)
    _write(sources, "second")

    lifecycle.up(empty_cloud)

    assert _terraforms_of(empty_cloud) == []
    assert _state(empty_cloud)[1] == "second"


def test_a_killed_up_is_cleaned_up_by_down(empty_cloud: LocalCloud, sources: Path) -> None:
    """Its Terraform ends before the embedded AWS does, so that it gives up its lock and loses no state."""
    _kill_an_up(empty_cloud, sources)

    lifecycle.down(empty_cloud)

    assert _terraforms_of(empty_cloud) == []
    assert not process.answers(empty_cloud)
    process.start(empty_cloud)
    assert not empty_cloud.holds_object(STATE_BUCKET, "networking.tfstate.tflock")
    assert list(empty_cloud.directory.rglob("errored.tfstate")) == []


@pytest.mark.usefixtures("sources")
@pytest.mark.parametrize(
    ("ahead", "lineage", "is_taken", "stays"),
    [(1, None, True, False), (0, None, False, False), (1, "another", False, True)],
)
def test_a_state_that_could_not_be_saved_is_saved_now(
    empty_cloud: LocalCloud,
    *,
    ahead: int,
    lineage: str | None,
    is_taken: bool,
    stays: bool,
) -> None:
    """What Terraform leaves as errored.tfstate, where it is newer; another state's is nobody's to take or to delete."""
    lifecycle.up(empty_cloud)
    (module,) = modules.all_of(empty_cloud)
    state = json.loads(empty_cloud.read_object(STATE_BUCKET, module.state_key) or b"null")
    state["serial"] += ahead
    state["lineage"] = lineage or state["lineage"]
    state["outputs"]["value"]["value"] = "unsaved"
    unsaved = module._folder / "errored.tfstate"
    unsaved.write_text(json.dumps(state))

    state_lock.free(empty_cloud, module._terraform(), key=module.state_key)

    assert (_state(empty_cloud)[1] == "unsaved", unsaved.exists()) == (is_taken, stays)


@pytest.mark.usefixtures("sources")
def test_a_lock_that_nobody_holds_is_given_up(empty_cloud: LocalCloud) -> None:
    """What is left when Terraform itself was killed."""
    process.start(empty_cloud)
    lock = {"ID": "9e9d4b5c-6a59-4a3a-8a9e-0f4ad2d1a111", "Operation": "OperationTypeApply", "Who": "someone@here"}
    s3 = empty_cloud.client("s3")
    s3.create_bucket(Bucket=STATE_BUCKET)
    s3.put_object(Bucket=STATE_BUCKET, Key="networking.tfstate.tflock", Body=json.dumps(lock).encode())

    lifecycle.up(empty_cloud)

    assert _state(empty_cloud)[1] == "first"
    assert not empty_cloud.holds_object(STATE_BUCKET, "networking.tfstate.tflock")
