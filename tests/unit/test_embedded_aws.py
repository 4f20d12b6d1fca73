"""The embedded AWS with the existing modules in it, shown on a module that needs no provider."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

from local_aws import lifecycle, server_process
from local_aws.instance import LocalAws
from local_aws.tests.machine import reserved_port
from operate import paths
from operate.errors import OperateError
from operate.local import deployment_lock, embedded_aws, sample_infrastructure
from operate.local.sample_infrastructure import STATE_BUCKET, Module
from operate.terraform_cli.terraform import executable, program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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
    command = "while [ -e {gate} ]; do sleep 0.1; done"
  }}
}}

output "value" {{
  value = terraform_data.only.output
}}
"""


@pytest.fixture
def local_aws(tmp_path: Path) -> Iterator[LocalAws]:
    """One that isn't started yet; whatever runs in it at the end is stopped."""
    local_aws = LocalAws(port=reserved_port(), directory=tmp_path / "aws")
    yield local_aws
    lifecycle.down(local_aws)


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """As long as it exists, the module's apply doesn't end."""
    return tmp_path / "gate"


@pytest.fixture(autouse=True)
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: Path) -> Path:
    """The modules' folder, with one module in it."""
    folder = tmp_path / "sources"
    (folder / "networking").mkdir(parents=True)
    monkeypatch.setattr(sample_infrastructure, "NAMES", ("networking",))
    monkeypatch.setattr(paths, "EXISTING_INFRASTRUCTURE", folder)
    _write(folder, "first", gate)
    return folder


def _write(sources: Path, value: str, gate: Path) -> None:
    (sources / "networking" / "main.tf").write_text(_HCL.format(value=value, gate=gate))


def _object(local_aws: LocalAws, key: str) -> bytes:
    content: bytes = local_aws.client("s3").get_object(Bucket=STATE_BUCKET, Key=key)["Body"].read()
    return content


def _state(local_aws: LocalAws) -> tuple[int, str]:
    """The state's serial number, and the value that the module was applied with."""
    state = json.loads(_object(local_aws, "networking.tfstate"))
    return state["serial"], state["outputs"]["value"]["value"]


def _is_applied(local_aws: LocalAws) -> bool:
    (module,) = sample_infrastructure.modules(local_aws)
    return module.is_applied()


@contextmanager
def _apply_by_hand(local_aws: LocalAws, gate: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A person's own, in the module's folder, in the middle of its work and with the lock; it ends with the gate."""
    (module,) = sample_infrastructure.modules(local_aws)
    gate.touch()
    command = [executable(), "apply", "-auto-approve", "-input=false", "-replace=terraform_data.only"]
    environment = {"PATH": "/bin:/usr/bin", **local_aws.environment_variables()}
    with subprocess.Popen(command, cwd=module._folder, env=environment, stdout=subprocess.DEVNULL) as apply:
        try:
            s3 = local_aws.client("s3")
            s3.get_waiter("object_exists").config.delay = 0.2
            s3.get_waiter("object_exists").wait(Bucket=STATE_BUCKET, Key="networking.tfstate.tflock")
            yield apply
        finally:
            gate.unlink(missing_ok=True)
            apply.wait(60)


def test_up_applies_once(local_aws: LocalAws, sources: Path, gate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second `up` needs no Terraform; a changed module is applied again."""
    embedded_aws.up(local_aws)
    first = _state(local_aws)
    with monkeypatch.context() as patch:
        patch.setattr(Module, "apply", lambda _: pytest.fail("applied again"))
        embedded_aws.up(local_aws)
    assert _state(local_aws) == first
    assert _is_applied(local_aws)
    _write(sources, "second", gate)
    assert not _is_applied(local_aws)
    embedded_aws.up(local_aws)
    assert _state(local_aws)[1] == "second"


def test_without_terraform_nothing_is_started(
    local_aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process is left behind by what could never have worked."""
    monkeypatch.setenv("PATH", str(tmp_path))
    program.cache_clear()
    with pytest.raises(OperateError, match="there is no terraform on PATH"):
        embedded_aws.up(local_aws)
    assert server_process.running(local_aws) is None


def test_an_orderly_restart_needs_no_terraform(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """`down` then `up` is as quick as starting the process."""
    embedded_aws.up(local_aws)
    embedded_aws.down(local_aws)
    monkeypatch.setattr(Module, "apply", lambda _: pytest.fail("applied again"))
    embedded_aws.up(local_aws)
    assert _is_applied(local_aws)


def test_a_lost_state_is_made_again(local_aws: LocalAws) -> None:
    """The mark of an applied module is worth nothing without its state."""
    embedded_aws.up(local_aws)
    local_aws.client("s3").delete_object(Bucket=STATE_BUCKET, Key="networking.tfstate")
    embedded_aws.up(local_aws)
    assert _state(local_aws)[1] == "first"


def test_after_a_kill_all_is_built_again(local_aws: LocalAws, capsys: pytest.CaptureFixture[str]) -> None:
    """States and what they describe are gone together: it starts empty, says so, and has the modules again."""
    embedded_aws.up(local_aws)
    local_aws.client("s3").put_object(Bucket=STATE_BUCKET, Key="go-api/local.tfstate", Body=b"{}")
    record = server_process.running(local_aws)
    assert record
    psutil.Process(record.pid).kill()
    psutil.Process(record.pid).wait()
    capsys.readouterr()
    embedded_aws.up(local_aws)
    assert "The embedded AWS was not stopped in an orderly way: it starts empty.\n" in capsys.readouterr().err
    keys = [found["Key"] for found in local_aws.client("s3").list_objects_v2(Bucket=STATE_BUCKET)["Contents"]]
    assert keys == ["networking.tfstate"]
    assert _state(local_aws)[1] == "first"


def test_a_terraform_that_a_person_runs_is_left_alone(local_aws: LocalAws, sources: Path, gate: Path) -> None:
    """It keeps its lock, nothing is written beside it, and the error says whose the lock is and how to free it."""
    embedded_aws.up(local_aws)
    (module,) = sample_infrastructure.modules(local_aws)
    with _apply_by_hand(local_aws, gate) as apply:
        _write(sources, "second", gate)
        with pytest.raises(OperateError) as refused:
            embedded_aws.up(local_aws)
        lock = json.loads(_object(local_aws, "networking.tfstate.tflock"))
        assert apply.poll() is None
    assert f"{lock['Who']} has held the state's lock since {lock['Created'][:10]}" in str(refused.value)
    assert f"terraform -chdir={module._folder} force-unlock {lock['ID']}" in str(refused.value)
    assert apply.returncode == 0
    assert _state(local_aws)[1] == "first"


def _in_background(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_down_waits_for_a_terraform(local_aws: LocalAws, gate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever runs it: it says whom it waits for, and how not to wait."""
    embedded_aws.up(local_aws)
    with _apply_by_hand(local_aws, gate) as apply:
        stopping = _in_background(lambda: embedded_aws.down(local_aws))
        said = _said(capsys, "networking.tfstate.tflock")
        assert stopping.is_alive()
        assert server_process.running(local_aws)
    stopping.join(60)
    assert apply.returncode == 0
    assert "`make cloud-down NOW=1` does not wait, and loses what is deployed.\n" in said
    assert "waiting, since a terraform apply of " in said
    assert f" has held s3://{STATE_BUCKET}/networking.tfstate.tflock since 20" in said
    assert server_process.running(local_aws) is None


def test_down_waits_for_a_command_of_ours(local_aws: LocalAws, capsys: pytest.CaptureFixture[str]) -> None:
    """Also between its Terraforms; afterwards what is deployed is still there."""
    embedded_aws.up(local_aws)
    released = threading.Event()
    held = threading.Event()

    def deploy() -> None:
        with deployment_lock.held(local_aws):
            held.set()
            released.wait(60)

    deploying = _in_background(deploy)
    assert held.wait(60)
    stopping = _in_background(lambda: embedded_aws.down(local_aws))
    _said(capsys, "(process ")
    assert stopping.is_alive()
    assert server_process.running(local_aws)
    released.set()
    stopping.join(60)
    deploying.join(60)
    assert server_process.running(local_aws) is None
    assert all(folder.is_dir() for folder in local_aws.data)


def test_down_at_once_does_not_wait(local_aws: LocalAws, capsys: pytest.CaptureFixture[str]) -> None:
    """What a command was at work on is nothing to go on with: it starts empty the next time, and says so."""
    embedded_aws.up(local_aws)
    with deployment_lock.held(local_aws):
        embedded_aws.down(local_aws, at_once=True)
    assert "it starts empty the next time.\n" in capsys.readouterr().err
    assert server_process.running(local_aws) is None
    assert not any(folder.exists() for folder in local_aws.data)


def test_down_at_once_keeps_what_nobody_works_on(local_aws: LocalAws) -> None:
    """It is as orderly as any other stop then."""
    embedded_aws.up(local_aws)
    embedded_aws.down(local_aws, at_once=True)
    assert all(folder.is_dir() for folder in local_aws.data)


def _said(capsys: pytest.CaptureFixture[str], words: str) -> str:
    """All that was said by the time that it has these words."""
    said, deadline = "", time.monotonic() + 60
    while words not in said and time.monotonic() < deadline:
        time.sleep(0.1)
        said += capsys.readouterr().err
    assert words in said
    return said
