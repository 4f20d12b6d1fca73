"""Runs the checks against one environment, and leaves it as it was."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from operate import progress
from operate.acceptance import checks, provenance, revisions
from operate.acceptance.board import Board
from operate.acceptance.criteria import NotRunError, Result, Verdict
from operate.acceptance.service_under_test import ServiceUnderTest
from operate.errors import OperateError
from operate.local import deployment_lock, embedded_aws
from operate.service import Service, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from operate.acceptance.checks.check import Check
    from operate.environment import Environment

_COMES_UP_SECONDS = 90
_UNMEASURED = (OperateError, LookupError, BotoCoreError, ClientError, httpx.HTTPError, ImportError)
"""The last of a SOCKS proxy, for which httpx needs a package that is not installed."""


@dataclass(frozen=True)
class Options:
    """`disruptive` None: on the embedded AWS only. `only` empty: every criterion."""

    disruptive: bool | None = None
    only: frozenset[str] = frozenset()

    def chosen(self) -> list[Check]:
        unknown = sorted(self.only - set(checks.criterion_ids()))
        if unknown:
            raise OperateError(
                f"There is no criterion {', '.join(unknown)}. There are: {', '.join(checks.criterion_ids())}."
            )
        return [
            check
            for check in checks.CHECKS
            if not self.only or any(criterion.id in self.only for criterion in check.criteria)
        ]


def run(environment: Environment, options: Options) -> Board:
    """The judged criteria. Raises OperateError, in one line, where there is nothing that could be judged."""
    chosen = options.chosen()
    with deployment_lock.held(environment.local_aws), environment.answering():
        tested = _tested(environment)
        disruptive = tested.is_local if options.disruptive is None else options.disruptive
        return _Runner(tested, chosen, disruptive=disruptive).run()


def _tested(environment: Environment) -> ServiceUnderTest:
    local_aws = environment.local_aws
    if local_aws and embedded_aws.was_started(local_aws):
        embedded_aws.up(local_aws, containers=True)
    service = Service.deployed(environment)
    environment.prepare_stack(containers=True)
    return ServiceUnderTest(environment, service, service.read())


class _Runner:
    def __init__(self, tested: ServiceUnderTest, checks: Sequence[Check], *, disruptive: bool) -> None:
        self._tested = tested
        self._checks = checks
        self._disruptive = disruptive
        self._stuck: str | None = None

    def run(self) -> Board:
        """Also when interrupted, the service is put back."""
        disturbs = self._may_disturb() and any(check.disruptive for check in self._checks)
        if disturbs:
            self._prepare()
        criteria = [criterion for check in self._checks for criterion in check.criteria]
        self._board = Board(criteria, provenance.read(self._tested))
        try:
            with self._board.shown():
                for check in self._checks:
                    self._board.begin(check)
                    for result in self._judged(check):
                        self._board.add(result)
                    self._put_back(check)
        except KeyboardInterrupt:
            progress.console.print("Interrupted: the service is put back as it was found.")
            raise
        finally:
            if disturbs:
                self._clean_up()
        return self._board

    def _prepare(self) -> None:
        with progress.step("waiting until every task is healthy"):
            wait_until(self._tested.is_whole, within_seconds=_COMES_UP_SECONDS)
        self._tested.take_over()
        revisions.publish_images(self._tested.environment)

    def _clean_up(self) -> None:
        try:
            with progress.step("leaving the service as it was found"):
                self._tested.restore()
                revisions.withdraw_images(self._tested.environment)
        except _UNMEASURED as error:
            self._board.trouble = f"The service is not as it was found: {error}"

    def _judged(self, check: Check) -> Iterator[Result]:
        began = time.monotonic()
        try:
            self._require(check)
            findings = check.run(self._tested)
        except NotRunError as reason:
            yield from (Result(criterion, Verdict.NOT_RUN, str(reason)) for criterion in check.criteria)
        except _UNMEASURED as error:
            measured = f"could not be measured: {error}"
            yield from (Result(criterion, Verdict.FAIL, measured) for criterion in check.criteria)
        else:
            seconds = time.monotonic() - began
            for criterion, finding in zip(check.criteria, findings, strict=True):
                yield Result.of(criterion, finding, seconds=seconds)

    def _require(self, check: Check) -> None:
        if check.disruptive and not self._disruptive:
            raise NotRunError("it disturbs what is deployed: --disruptive runs it")
        if check.needs_containers and (reason := self._why_no_containers()):
            raise NotRunError(reason)
        if check.disruptive and self._stuck:
            raise NotRunError(self._stuck)
        if check.disruptive and not self._tested.is_whole():
            raise NotRunError("not every task was healthy to begin with")

    def _may_disturb(self) -> bool:
        return self._disruptive and not self._why_no_containers()

    def _why_no_containers(self) -> str | None:
        return embedded_aws.why_no_containers(self._tested.environment.local_aws)

    def _put_back(self, check: Check) -> None:
        """Each check begins where the one before began."""
        if check.disruptive and self._may_disturb() and not self._stuck:
            with suppress(*_UNMEASURED):
                self._tested.restore()
                return
            self._stuck = "the service did not come back from the check before"
