"""How long a rolling deployment takes, and how many tasks serve meanwhile, by the numbers that the plan knows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class HealthCheck:
    """The target group's, and its drain: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/

    An Application Load Balancer calls a new target healthy after one passed check; the healthy threshold is for one
    that has become unhealthy meanwhile. For a Network Load Balancer its threshold counts.
    """

    protocol: str
    interval_seconds: int
    healthy_threshold: int
    unhealthy_threshold: int
    drain_seconds: int

    def seconds_until_healthy(self, *, listen_seconds: float = 0, first_check_seconds: float | None = None) -> float:
        """Of a task that runs, and listens after `listen_seconds`; a check that comes before that is in vain.

        The first one comes an interval later where nothing else is said.
        """
        first = self.interval_seconds if first_check_seconds is None else first_check_seconds
        in_vain = math.ceil(max(0.0, listen_seconds - first) / self.interval_seconds)
        asks_once = self.protocol in {"HTTP", "HTTPS"} and in_vain < self.unhealthy_threshold
        passed = 1 if asks_once else self.healthy_threshold
        return first + (in_vain + passed - 1) * self.interval_seconds


@dataclass(frozen=True)
class TaskTimes:
    """Of one task, and known to no plan: until it runs, from then until it answers, from SIGTERM to its end."""

    start_seconds: float = 0
    listen_seconds: float = 0
    end_seconds: float = 0


@dataclass(frozen=True)
class RollingDeployment:
    """The percents are of the desired count: the minimum rounded up, the maximum down, as ECS does it.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
    """

    desired_count: int
    minimum_healthy_percent: int
    maximum_percent: int

    @property
    def least_serving(self) -> int:
        return min(self.desired_count, math.ceil(self.desired_count * self.minimum_healthy_percent / 100))

    @property
    def most_running(self) -> int:
        return self.desired_count * self.maximum_percent // 100

    @property
    def proceeds(self) -> bool:
        """Whether the percents let ECS stop or start anything."""
        return self._waves is not None

    def seconds(
        self, check: HealthCheck, times: TaskTimes | None = None, *, first_check_seconds: float = 0
    ) -> float | None:
        """Until the new tasks are healthy and the last old one has ended; None where it does not proceed.

        Each wave takes a task's start and its first health; drain and end follow the last stop, and go on beside them.
        The load balancer's first check of a task comes at once, or up to an interval later.
        """
        if self._waves is None:
            return None
        waves, waves_before_last_stop = self._waves
        one = times or TaskTimes()
        wave_seconds = one.start_seconds + check.seconds_until_healthy(
            listen_seconds=one.listen_seconds, first_check_seconds=first_check_seconds
        )
        stop_seconds = check.drain_seconds + one.end_seconds
        return max(waves * wave_seconds, waves_before_last_stop * wave_seconds + stop_seconds)

    @cached_property
    def _waves(self) -> tuple[int, int] | None:
        """How often ECS starts tasks and waits for their health, and how often before it stops the last old one.

        It stops what the healthy ones can spare, starts what there is room for, and does so again once those are
        healthy. A task that drains takes no room any more.
        """
        old, new, waves, last_stop = self.desired_count, 0, 0, 0
        while new < self.desired_count or old:
            stopped = min(old, max(0, old + new - self.least_serving))
            old, last_stop = old - stopped, waves
            started = min(self.desired_count - new, max(0, self.most_running - old - new))
            if not started and not stopped:
                return None
            new, waves = new + started, waves + bool(started)
        return waves, last_stop
