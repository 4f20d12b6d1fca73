"""How long a rolling deployment takes, and how many tasks serve meanwhile, by the numbers that the plan knows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class HealthCheck:
    """The target group's, and its drain: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/

    An Application Load Balancer calls a new target healthy after one passed check; the threshold is for one that was
    unhealthy. A Network Load Balancer is reckoned with its threshold, and with whole intervals, as is everything here.
    """

    protocol: str
    interval_seconds: int
    healthy_threshold: int
    drain_seconds: int

    @property
    def seconds_until_healthy(self) -> int:
        """Of a task that has started."""
        checks = 1 if self.protocol in {"HTTP", "HTTPS"} else self.healthy_threshold
        return checks * self.interval_seconds


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

    def seconds(self, check: HealthCheck, *, start_seconds: float = 0) -> float | None:
        """Until the new tasks are healthy and the last old one has drained; None where it does not proceed.

        Each wave takes a task's start and its first health; the drain follows the last stop, and goes on beside them.
        `start_seconds` is from a task's start until it answers, which no plan knows.
        """
        if self._waves is None:
            return None
        waves, waves_before_last_stop = self._waves
        wave_seconds = start_seconds + check.seconds_until_healthy
        return max(waves * wave_seconds, waves_before_last_stop * wave_seconds + check.drain_seconds)

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
