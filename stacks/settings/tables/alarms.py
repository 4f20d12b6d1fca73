"""[alarms]: what CloudWatch watches, who is told, and what rolls a deployment back."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from constructs_lib import defaults
from stacks.settings.aws_values import TopicArn
from stacks.settings.base import MAX_INT32, Refusal, Settings, between, refusal, refuse_all
from stacks.settings.characters import named
from stacks.settings.tables.scaling import share

OfTargetGroup = Literal["server_errors", "latency", "unhealthy_targets"]
OfUtilization = Literal["cpu", "memory"]
OfTaskCount = Literal["missing_tasks", "crash_loop"]
OfRelease = Literal[OfTargetGroup, OfUtilization]
AnyAlarm = Literal[OfTargetGroup, OfUtilization, OfTaskCount]
OF_TARGET_GROUP: Final[tuple[OfTargetGroup, ...]] = get_args(OfTargetGroup)
OF_UTILIZATION: Final[tuple[OfUtilization, ...]] = get_args(OfUtilization)
OF_TASK_COUNT: Final[tuple[OfTaskCount, ...]] = get_args(OfTaskCount)

MOST_MINUTES_OF_AN_ALARM: Final = 1440
LONGEST_ALARM_NAME: Final = 255


def positive(number: float) -> float:
    if not 0 < number <= MAX_INT32:
        raise refusal(f"must be a number above 0, up to {MAX_INT32}")
    return number


def alarm_name(text: str) -> str:
    """Amazon CloudWatch API Reference, PutMetricAlarm, AlarmName."""
    if not 1 <= len(text) <= LONGEST_ALARM_NAME:
        raise refusal(f"must be the name of an alarm, 1 to {LONGEST_ALARM_NAME} characters")
    if found := next((character for character in text if character < " " or character == "\x7f"), None):
        raise refusal(f"must not contain {named(found)}, which no alarm's name has")
    return text


class Alarms(Settings):
    """Off by default. `docs/alarms.md` says what each alarm means, and why its threshold is what it is."""

    enabled: bool = False
    """Whether the stack has alarms of its own."""
    notify: TopicArn | None = None
    """SNS topic of the region, which is told when an alarm goes into ALARM and when it is OK again."""
    leave_out: Annotated[tuple[AnyAlarm, ...], Field(strict=False)] = ()
    """Alarms that the stack does not make."""
    roll_back: Annotated[tuple[OfRelease, ...], Field(strict=False)] = ()
    """Alarms that roll a deployment back if they go into ALARM during it, or shortly after."""
    roll_back_alarm_names: Annotated[tuple[Annotated[str, AfterValidator(alarm_name)], ...], Field(strict=False)] = ()
    """Names of existing alarms, of the same account and region, that do so too, with or without `enabled`."""
    server_errors_percent: Annotated[float, AfterValidator(share)] = defaults.SERVER_ERRORS_PERCENT
    """Percent of a minute's requests answered with 5xx; more are bad."""
    latency_seconds: Annotated[float, AfterValidator(positive)] = defaults.LATENCY_SECONDS
    """Seconds that the slowest hundredth of a minute's requests (p99) may take."""
    least_requests: Annotated[int, between(1, MAX_INT32)] = defaults.LEAST_REQUESTS
    """Requests in a minute below which neither errors nor latency are looked at."""
    shared_load_balancer: bool = defaults.SHARED_LOAD_BALANCER
    """Whether other services are behind the load balancer, whose own 5xx answers then count for nobody."""
    unhealthy_targets: Annotated[int, between(1, MAX_INT32)] = defaults.UNHEALTHY_TARGETS
    """Tasks that fail their health checks at once, from which on it is bad."""
    cpu_percent: Annotated[float, AfterValidator(share)] = defaults.CPU_ALARM_PERCENT
    """Percent of the CPU that the tasks reserve; an average above it is bad."""
    memory_percent: Annotated[float, AfterValidator(share)] = defaults.MEMORY_ALARM_PERCENT
    """Percent of a task's memory; a task that uses more is bad."""
    evaluation_periods: Annotated[int, between(1, MOST_MINUTES_OF_AN_ALARM)] = defaults.EVALUATION_PERIODS
    """Minutes that an alarm looks at; `crash_loop` looks at 20."""
    datapoints_to_alarm: Annotated[int, between(1, MOST_MINUTES_OF_AN_ALARM)] = defaults.DATAPOINTS_TO_ALARM
    """Bad minutes among these that put it into ALARM; `crash_loop` takes 5."""

    @field_validator("roll_back")
    @classmethod
    def alarms_are_there(cls, roll_back: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        enabled: bool | None = cls.earlier(info, "enabled")
        left_out: tuple[str, ...] = cls.earlier(info, "leave_out") or ()
        if enabled is False and roll_back:
            raise refusal("needs the stack's own alarms: set alarms.enabled = true, or remove this")
        remedy = "is among alarms.leave_out: remove it there or here"
        refuse_all(Refusal((at,), each, remedy) for at, each in enumerate(roll_back) if each in left_out)
        return roll_back

    @field_validator("datapoints_to_alarm")
    @classmethod
    def not_more_than_are_looked_at(cls, datapoints: int, info: ValidationInfo) -> int:
        periods: int | None = cls.earlier(info, "evaluation_periods")
        if periods is not None and datapoints > periods:
            raise refusal(f"must be {periods} or less, since alarms.evaluation_periods = {periods}")
        return datapoints

    def made(self, kinds: tuple[str, ...]) -> list[str]:
        """Of these alarms the ones that the stack has."""
        return [kind for kind in kinds if self.enabled and kind not in self.leave_out]
