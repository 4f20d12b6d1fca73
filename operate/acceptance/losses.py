"""Checks that take a task away and watch ECS replace it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operate import rollout
from operate.acceptance.findings import Finding
from operate.service import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from operate.acceptance.target import Target
    from operate.acceptance.timeline import Timeline

    Record = dict[str, Any]

REPLACED_SECONDS = 120
_RATE_PER_SECOND = 10
_OVER_THE_LIMIT = 2
_POLL_SECONDS = 0.25


@dataclass(frozen=True)
class _Loss:
    """`seconds` from the loss until a new task serves and the API answers; None where the limit passed first."""

    seconds: float | None
    lost: list[Record]
    timeline: Timeline

    def finding(self, *, passed: bool = True, remark: str = "") -> Finding:
        silence = self.timeline.summary.silence_seconds
        if self.seconds is None:
            return Finding(passed=False, measured=f"not replaced within {REPLACED_SECONDS} s", timeline=self.timeline)
        measured = f"replaced after {self.seconds:.1f} s, {silence:.1f} s without an answer{remark}"
        figures = {"seconds": round(self.seconds, 2), "silence_seconds": round(silence, 2)}
        return Finding(passed, measured, figures, self.timeline)


def killed_task(target: Target) -> list[Finding]:
    def kill(tasks: list[Record]) -> None:
        reason = "acceptance: killed, to see it replaced"
        target.service.ecs.stop_task(cluster=target.service.cluster, task=tasks[0]["taskArn"], reason=reason)

    return [_lose(target, "A task is killed", kill).finding()]


def crashed_container(target: Target) -> list[Finding]:
    loss = _lose(target, "A container crashes", lambda _: target.require("/crash"))
    return [_ended_by(loss, lambda task: _exit_codes(task) - {0})]


def memory_exceeded(target: Target) -> list[Finding]:
    """SIGKILL's exit code is how it shows where the engine does not say that memory was the reason."""
    mib = int(target.definition["memory"]) * _OVER_THE_LIMIT
    loss = _lose(target, "The memory limit is exceeded", lambda _: target.require(f"/allocate?mib={mib}"))
    return [_ended_by(loss, lambda task: "OutOfMemory" in rollout.reason_of(task) or 137 in _exit_codes(task))]  # noqa: PLR2004


def _ended_by(loss: _Loss, is_why: Callable[[Record], object]) -> Finding:
    why = "; ".join(sorted({rollout.reason_of(task) for task in loss.lost}))
    return loss.finding(passed=any(is_why(task) for task in loss.lost), remark=f"; {why}")


def _exit_codes(task: Record) -> set[int]:
    return {container["exitCode"] for container in task["containers"] if container.get("exitCode") is not None}


def _lose(target: Target, title: str, cause: Callable[[list[Record]], None]) -> _Loss:
    with target.watched(title, rate_per_second=_RATE_PER_SECOND) as timeline:
        before = target.service.tasks()
        began = timeline.mark(title)
        cause(before)
        known = {task["taskArn"] for task in before}

        def replaced() -> bool:
            running = {task["taskArn"] for task in target.service.tasks()}
            return bool(running - known and known - running) and target.is_whole() and timeline.answers()

        in_time = wait_until(replaced, within_seconds=REPLACED_SECONDS, poll_seconds=_POLL_SECONDS)
        seconds = timeline.mark("replaced, and the API answers") - began if in_time else None
        time.sleep(1)
    gone = known - {task["taskArn"] for task in target.service.tasks()}
    return _Loss(seconds, target.service.describe_tasks(gone), timeline)
