"""What the runner does around a check: whether it runs at all, and that the service is put back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from local_aws import container_engine
from local_aws.instance import LocalAws
from operate.acceptance import revisions
from operate.acceptance.checks.check import Check
from operate.acceptance.criteria import Criterion, Finding, Verdict
from operate.acceptance.run import _Runner
from operate.errors import OperateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from operate.acceptance.provenance import Provenance
    from operate.acceptance.service_under_test import ServiceUnderTest

FINE = Finding(passed=True, measured="fine")


class Fake:
    """A target that counts how often it was put back."""

    def __init__(self, *, local: bool = False, whole: bool = True, restores: bool = True) -> None:
        self.environment = SimpleNamespace(local_aws=LocalAws() if local else None)
        self.whole, self.restores, self.restored = whole, restores, 0

    def is_whole(self) -> bool:
        return self.whole

    def take_over(self) -> None:
        """Nothing was left."""

    def restore(self) -> None:
        self.restored += 1
        if not self.restores:
            raise OperateError("stuck")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, provenance: Provenance) -> None:
    monkeypatch.setattr("operate.acceptance.run._COMES_UP_SECONDS", 0)
    monkeypatch.setattr(revisions, "publish_images", lambda _: None)
    monkeypatch.setattr(revisions, "withdraw_images", lambda _: None)
    monkeypatch.setattr("operate.acceptance.provenance.read", lambda _: provenance)


def check(
    id_: str, run: Callable[[ServiceUnderTest], list[Finding]] = lambda _: [FINE], *, disruptive: bool = True
) -> Check:
    return Check((Criterion(id_, "it holds", "always"),), run, disruptive=disruptive)


def run(fake: Fake, *checks: Check, disruptive: bool = True) -> dict[str, tuple[Verdict, str]]:
    board = _Runner(cast("ServiceUnderTest", fake), checks, disruptive=disruptive).run()
    return {id_: (result.verdict, result.measured) for id_, result in board.results.items()}


def test_without_leave_to_disturb_only_the_quiet_ones_run() -> None:
    """And nothing is put back, for nothing was touched."""
    fake = Fake()
    results = run(fake, check("A"), check("B", disruptive=False), disruptive=False)
    assert results["A"] == (Verdict.NOT_RUN, "it disturbs what is deployed: --disruptive runs it")
    assert results["B"] == (Verdict.PASS, "fine")
    assert fake.restored == 0


def test_without_containers_nothing_that_needs_them_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the embedded AWS, where tasks are then only bookkeeping; the reason is the engine's own."""
    monkeypatch.setattr(container_engine, "running", lambda _: None)
    monkeypatch.setattr(container_engine, "why_none", lambda: "There is no engine.")
    with monkeypatch.context() as patch:
        patch.setattr(revisions, "publish_images", lambda _: pytest.fail("built images that nothing will run"))
        assert run(Fake(local=True), check("A"))["A"] == (Verdict.NOT_RUN, "There is no engine.")
    assert run(Fake(), check("A"))["A"][0] is Verdict.PASS


def test_an_unhealthy_service_is_not_disturbed() -> None:
    """It would be judged for what was wrong before."""
    assert run(Fake(whole=False), check("A"))["A"][0] is Verdict.NOT_RUN


@pytest.mark.parametrize("error", [OperateError("AccessDenied"), ImportError("Using SOCKS proxy")])
def test_what_can_not_be_measured_fails(error: Exception) -> None:
    """AWS's refusal in the middle of a check is no reason to call it not run, nor a proxy that cannot be used."""

    def refuse(_: ServiceUnderTest) -> list[Finding]:
        raise error

    assert run(Fake(), check("A", refuse))["A"] == (Verdict.FAIL, f"could not be measured: {error}")


def test_where_the_service_does_not_come_back_no_more_is_done_to_it() -> None:
    """The first keeps its verdict, and the run ends in trouble."""
    fake = cast("ServiceUnderTest", Fake(restores=False))
    board = _Runner(fake, [check("A"), check("B")], disruptive=True).run()
    assert [result.verdict for result in board.results.values()] == [Verdict.PASS, Verdict.NOT_RUN]
    assert board.trouble == "The service is not as it was found: stuck"


def test_an_interrupt_puts_the_service_back() -> None:
    """Before it goes on its way."""

    def interrupt(_: ServiceUnderTest) -> list[Finding]:
        raise KeyboardInterrupt

    fake = Fake()
    with pytest.raises(KeyboardInterrupt):
        run(fake, check("A", interrupt))
    assert fake.restored == 1
