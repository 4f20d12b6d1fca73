"""What of MiniStack is corrected, and for which version."""

from __future__ import annotations

import pytest

from local_aws import patches
from local_aws.errors import LocalAwsError


def test_another_ministack_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is changed: corrections written for one version may do harm in another."""
    monkeypatch.setattr(patches, "version", lambda _: "9.9.9")
    monkeypatch.setattr(patches, "_replace", lambda *_: pytest.fail("changed it"))
    with pytest.raises(LocalAwsError, match=rf"^The embedded AWS corrects MiniStack {patches.VERSION}, and 9\.9\.9 is"):
        patches.install()


def test_each_function_is_there_and_corrected_once() -> None:
    """A second correction of one function would wrap the first."""
    named = [(module.__name__, name) for module, name, _ in patches.PATCHES]
    assert len(named) == len(set(named))
    assert [name for module, name, _ in patches.PATCHES if not callable(getattr(module, name, None))] == []
