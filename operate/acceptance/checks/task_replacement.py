"""A task that is killed, crashes or needs too much memory, and how soon ECS replaces it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from operate.acceptance.checks.check import judges
from operate.acceptance.criteria import Criterion, Finding
from operate.running import rollout
from operate.service import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_ecs.type_defs import TaskTypeDef

    from operate.acceptance.service_under_test import ServiceUnderTest
    from operate.acceptance.timeline import Timeline

_LIMIT_SECONDS = 120
_RATE_PER_SECOND = 10
_TIMES_THE_MEMORY_LIMIT = 2
_POLL_SECONDS = 0.25
_SIGKILL_EXIT_CODE = 137


@dataclass(frozen=True)
class _Replacement:
    """`seconds` until a new task serves and the API answers; None where the limit passed first."""

    seconds: float | None
    stopped: list[TaskTypeDef]
    timeline: Timeline

    def finding(self, *, passed: bool = True, remark: str = "") -> Finding:
        silence = self.timeline.summary.silence_seconds
        if self.seconds is None:
            return Finding(passed=False, measured=f"not replaced within {_LIMIT_SECONDS} s", timeline=self.timeline)
        measured = f"replaced after {self.seconds:.1f} s, {silence:.1f} s without an answer{remark}"
        figures = {"seconds": round(self.seconds, 2), "silence_seconds": round(silence, 2)}
        return Finding(passed, measured, figures, self.timeline)

    def finding_if(self, is_why: Callable[[TaskTypeDef], object]) -> Finding:
        """Passed only where a task stopped for the reason that it should have."""
        reasons = "; ".join(sorted({rollout.reason_of(task) for task in self.stopped}))
        return self.finding(passed=any(is_why(task) for task in self.stopped), remark=f"; {reasons}")


@judges(Criterion("SC-003", "A killed task is replaced and the API answers", "within 2 min"))
def killed_task(tested: ServiceUnderTest) -> list[Finding]:
    def kill(tasks: list[TaskTypeDef]) -> None:
        reason = "acceptance: killed, to see it replaced"
        tested.service.ecs.stop_task(cluster=tested.service.cluster, task=tasks[0]["taskArn"], reason=reason)

    return [_replacement(tested, "A task is killed", kill).finding()]


@judges(Criterion("US1.3", "A crashed container is replaced", "within 2 min"))
def crashed_container(tested: ServiceUnderTest) -> list[Finding]:
    replacement = _replacement(tested, "A container crashes", lambda _: tested.require("/crash"))
    return [replacement.finding_if(lambda task: _exit_codes(task) - {0})]


@judges(Criterion("EC-3", "A task over its memory limit is killed and replaced", "within 2 min"))
def memory_exceeded(tested: ServiceUnderTest) -> list[Finding]:
    """SIGKILL's exit code is how it shows where the engine does not say that memory was the reason."""
    mib = int(tested.definition["memory"]) * _TIMES_THE_MEMORY_LIMIT
    allocate = f"/allocate?mib={mib}"
    replacement = _replacement(tested, "The memory limit is exceeded", lambda _: tested.require(allocate))
    return [
        replacement.finding_if(
            lambda task: "OutOfMemory" in rollout.reason_of(task) or _SIGKILL_EXIT_CODE in _exit_codes(task)
        )
    ]


def _exit_codes(task: TaskTypeDef) -> set[int]:
    return {container["exitCode"] for container in task["containers"] if container.get("exitCode") is not None}


def _replacement(tested: ServiceUnderTest, title: str, cause: Callable[[list[TaskTypeDef]], None]) -> _Replacement:
    with tested.watched(title, rate_per_second=_RATE_PER_SECOND) as timeline:
        before = tested.service.tasks()
        began = timeline.mark(title)
        cause(before)
        known = {task["taskArn"] for task in before}

        def replaced() -> bool:
            running = {task["taskArn"] for task in tested.service.tasks()}
            return bool(running - known and known - running) and tested.is_whole() and timeline.answers()

        in_time = wait_until(replaced, within_seconds=_LIMIT_SECONDS, poll_seconds=_POLL_SECONDS)
        seconds = timeline.mark("replaced, and the API answers") - began if in_time else None
        time.sleep(1)
    gone = known - {task["taskArn"] for task in tested.service.tasks()}
    return _Replacement(seconds, tested.service.describe_tasks(gone), timeline)
