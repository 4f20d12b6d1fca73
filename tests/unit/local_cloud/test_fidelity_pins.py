"""The corrections of MiniStack refuse to be laid over another MiniStack than the one they were written for."""

from __future__ import annotations

import types

import pytest

from operate.errors import OperateError
from operate.local_cloud import fidelity
from operate.local_cloud.fidelity import pins


def original() -> int:
    return 1


def changed() -> int:
    return 2


@pytest.fixture
def module() -> types.ModuleType:
    module = types.ModuleType("inside")
    module.__dict__.update(original=original, _ACTION_MAP={"Original": original, "Other": changed})
    return module


def test_every_function_that_is_replaced_is_pinned() -> None:
    """A function that we stand in for can't change unnoticed."""
    for table in (fidelity._REPLACED, fidelity._WRAPPED):
        for module, functions in table.items():
            assert functions.keys() <= fidelity._FINGERPRINTS[module].keys()


def test_pins_fit_the_installed_ministack() -> None:
    """The fingerprints are those of the pinned version; this fails when an upgrade changes a function."""
    pins.check(fidelity._FINGERPRINTS)


def test_change_is_named(module: types.ModuleType) -> None:
    """The error says which function is another one now, and its new fingerprint."""
    expected = {"original": pins.fingerprint(original), "lost": "0"}
    module.__dict__["original"] = changed
    with pytest.raises(OperateError) as error:
        pins.check({module: expected})
    assert f"inside.original has changed: fingerprint {pins.fingerprint(changed)}" in str(error.value)
    assert "inside.lost is gone" in str(error.value)


def test_replacement_reaches_the_table_of_actions(module: types.ModuleType) -> None:
    """MiniStack's dispatcher holds functions, not names."""
    pins.replace(module, "original", changed)
    assert module.original is changed
    assert list(module._ACTION_MAP.values()) == [changed, changed]
