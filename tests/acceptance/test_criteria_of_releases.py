"""The criteria that release something else: new versions, broken ones, and one without an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.conftest import Environment, Result, assert_all_pass, broken, judged, serving

if TYPE_CHECKING:
    import pytest

CRITERIA = ("SC-004", "US3.2", "EC-4", "US3.3a", "US3.3b", "EC-1")


def test_the_criteria_of_releases_pass(deployed: tuple[Environment, Result]) -> None:
    """No request fails, and a rollout takes about as long as was predicted, be the machine a busy one."""
    environment, _ = deployed
    results = assert_all_pass(environment, CRITERIA)
    assert results["SC-004"]["figures"]["failed"] == 0
    for figures in (results[id_]["figures"] for id_ in ("SC-004", "EC-4")):
        assert 0.5 < figures["predicted_seconds"] / figures["seconds"] < 1.1, figures


def test_without_graceful_shutdown_it_fails(
    deployed: tuple[Environment, Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that dies of SIGTERM is no gracefully drained one."""
    environment, _ = deployed
    broken(monkeypatch, "abrupt-exit")
    assert environment.operate("acceptance", "local", "--only", "US3.2").exit_code == 1
    assert judged(environment)["US3.2"]["verdict"] == "FAIL"
    assert "did not shut down gracefully" in judged(environment)["US3.2"]["measured"]
    assert serving(environment) == "v1"
