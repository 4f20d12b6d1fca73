"""What is in the place of a state, of its lock, or of one that could not be saved, and is nothing of the kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest

from operate.errors import OperateError
from operate.local_cloud import state_lock
from operate.local_cloud.cloud import LocalCloud
from operate.terraform import Terraform

if TYPE_CHECKING:
    from pathlib import Path

KEY = "go-api/local.tfstate"
WHOLE = json.dumps({"version": 4, "lineage": "a", "serial": 2}).encode()
RUINS = {
    "text": b"garbage",
    "truncated": WHOLE[:20],
    "another type": b"[]",
    "empty": b"{}",
    "null": b"null",
    "binary": b"\xff\xfe\x00",
    "wrong types": b'{"ID": 7, "lineage": [], "serial": "x"}',
    "too deep": b"[" * 100_000,
}
ruined = pytest.mark.parametrize("ruins", RUINS.values(), ids=RUINS)


@pytest.fixture
def terraform(tmp_path: Path) -> Terraform:
    return Terraform(tmp_path)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Terraform's verbs, which are not run."""
    verbs = Mock(return_value="")
    monkeypatch.setattr(Terraform, "run", verbs)
    return verbs


def hold(monkeypatch: pytest.MonkeyPatch, **objects: bytes) -> LocalCloud:
    """An embedded AWS with a `state` and a `lock`, or without."""
    held = {KEY: objects.get("state"), f"{KEY}.tflock": objects.get("lock")}
    monkeypatch.setattr(LocalCloud, "read_object", lambda _cloud, _bucket, key: held[key])
    return LocalCloud()


@ruined
def test_a_lock_in_ruins(monkeypatch: pytest.MonkeyPatch, terraform: Terraform, ran: Mock, ruins: bytes) -> None:
    """It is named, with the command that deletes it; nobody's guess takes it away."""
    cloud = hold(monkeypatch, lock=ruins)
    with pytest.raises(OperateError) as refused:
        state_lock.free(cloud, terraform, key=KEY)
    assert f"What is at s3://terraform-state/{KEY}.tflock should be a state's lock" in str(refused.value)
    assert str(refused.value).endswith(f"curl -X DELETE {cloud.endpoint}/terraform-state/{KEY}.tflock")
    ran.assert_not_called()


@ruined
def test_a_state_in_ruins(monkeypatch: pytest.MonkeyPatch, terraform: Terraform, ran: Mock, ruins: bytes) -> None:
    """What could not be saved is kept, not pushed over it: Terraform will say what is wrong."""
    unsaved = terraform.working_directory / "errored.tfstate"
    unsaved.write_bytes(WHOLE)
    state_lock.free(hold(monkeypatch, state=ruins), terraform, key=KEY)
    ran.assert_not_called()
    assert unsaved.read_bytes() == WHOLE


@ruined
def test_an_unsaved_state_in_ruins(
    monkeypatch: pytest.MonkeyPatch, terraform: Terraform, ran: Mock, capfd: pytest.CaptureFixture[str], ruins: bytes
) -> None:
    """It is left alone, and named."""
    unsaved = terraform.working_directory / "errored.tfstate"
    unsaved.write_bytes(ruins)
    state_lock.free(hold(monkeypatch, state=WHOLE), terraform, key=KEY)
    ran.assert_not_called()
    assert unsaved.read_bytes() == ruins
    assert f"{unsaved} is no Terraform state" in capfd.readouterr().err


@pytest.mark.parametrize("state", [None, b""])
def test_an_unsaved_state_is_saved_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, terraform: Terraform, ran: Mock, state: bytes | None
) -> None:
    """An empty object is none, as Terraform sees it."""
    (terraform.working_directory / "errored.tfstate").write_bytes(WHOLE)
    state_lock.free(hold(monkeypatch, **({} if state is None else {"state": state})), terraform, key=KEY)
    ran.assert_called_once_with("state push", "errored.tfstate")
