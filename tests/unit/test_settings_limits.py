"""Every setting at the edge of what it takes, and the whole message beyond it; all defaults; what is given is kept."""

from __future__ import annotations

import json
import re
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from stacks.settings import Environment, schedule_expressions
from stacks.settings.messages import problems_of

KEY_ID = "01239abc-0912-4912-8912-0123456789ab"
KEY = f"arn:aws:kms:eu-west-1:111111111111:key/{KEY_ID}"
ROLE = "arn:aws:iam::111111111111:role/"
POLICY = "arn:aws:iam::111111111111:policy/"
TOPIC = "arn:aws:sns:eu-west-1:111111111111:ops"
SECRET = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:"  # noqa: S105 - where one is, not what
PARAMETER = "arn:aws:ssm:eu-west-1:111111111111:parameter/"
S3 = {"type": "s3", "bucket": "states", "key": "own.tfstate", "region": "eu-west-1"}
LOCAL = {"type": "local", "path": "own.tfstate"}
REMOTE = {"type": "remote", "organization": "example", "workspace": "own"}
MINIMAL: dict[str, Any] = {
    "name": "dev",
    "account_id": "111111111111",
    "region": "eu-west-1",
    "service": {"name": "go-api"},
    "image": {"repository": "go-api"},
    "backend": S3,
    "remote_state": {
        module: {"backend": S3 | {"key": f"{module}.tfstate"}} for module in ("networking", "security", "loadbalancing")
    },
}
STATEMENT = {"actions": ["s3:Get*"], "resources": ["*"]}
EFS = {"file_system_id": "fs-0123456789abcdef0", "access_point_id": "fsap-0123456789abcdef0", "mount_path": "/data"}

Change = tuple[str, Any]


def changed(*changes: Change) -> dict[str, Any]:
    """The minimal settings with values at dotted paths."""

    def with_one(settings: dict[str, Any], change: Change) -> dict[str, Any]:
        path, value = change
        key, _, rest = path.partition(".")
        return settings | {key: with_one(settings.get(key, {}), (rest, value)) if rest else value}

    return reduce(with_one, changes, MINIMAL)


def told(*changes: Change) -> list[str]:
    """Each problem as `key = value: remedy`."""
    try:
        Environment.model_validate(changed(*changes))
    except ValidationError as error:
        problems = problems_of(error, file=Path("dev.toml"), model=Environment)
        return [f"{each.key}{f' = {each.value}' if each.value else ''}: {each.remedy}" for each in problems]
    return []


def test_defaults() -> None:
    """FR-005, FR-008, FR-009 and the specification's assumptions; nothing else is on."""
    state = {"use_path_style": False, "kms_key_id": None, "profile": None, "role_arn": None}
    assert Environment.model_validate(MINIMAL).model_dump() == MINIMAL | {
        "provider": {"profile": None, "assume_role_arn": None, "external_id": None, "session_name": None},
        "tags": {},
        "permissions_boundary_arn": None,
        "service": {
            "name": "go-api",
            "fargate_spot_percent": 0,
            "enable_execute_command": False,
            "api_url": None,
        },
        "image": {
            "repository": "go-api",
            "registry_id": None,
            "region": None,
            "require_commit_sha_tag": False,
            "default_tag": None,
        },
        "container": {
            "port": 8080,
            "cpu": 256,
            "memory_mib": 512,
            "cpu_architecture": "X86_64",
            "user": "65532",
            "readonly_root_filesystem": True,
            "stop_timeout_seconds": 30,
            "command": (),
            "entry_point": (),
            "working_directory": None,
            "start_timeout_seconds": None,
            "ephemeral_storage_gib": None,
            "scratch_volumes": (),
            "docker_labels": {},
            "secrets": {},
            "secrets_kms_key_arns": (),
            "plain": (),
            "environment": {},
            "ulimits": (),
            "health_check": None,
            "efs_volumes": (),
            "depends_on": {},
            "awsfirelens": None,
            "sidecars": (),
        },
        "network": {"assign_public_ip": True},
        "task_role": {"statements": ()},
        "scaling": {
            "min_capacity": 1,
            "max_capacity": 4,
            "cpu_target_percent": 70,
            "memory_target_percent": None,
            "requests_per_target": None,
            "scale_in_cooldown_seconds": 300,
            "scale_out_cooldown_seconds": 60,
            "schedule": (),
        },
        "deployment": {
            "minimum_healthy_percent": 100,
            "maximum_percent": 200,
            "health_check_grace_period_seconds": 60,
            "steady_state_timeout_minutes": 20,
        },
        "release": {"before": (), "before_timeout_seconds": 900},
        "logs": {"group": None, "retention_days": 30, "kms_key_arn": None},
        "cluster": {"name": None, "container_insights": "disabled"},
        "dashboard": {"enabled": False},
        "alarms": {
            "enabled": False,
            "notify": None,
            "leave_out": (),
            "roll_back": (),
            "roll_back_alarm_names": (),
            "server_errors_percent": 5,
            "latency_seconds": 2,
            "least_requests": 20,
            "shared_load_balancer": False,
            "unhealthy_targets": 1,
            "cpu_percent": 90,
            "memory_percent": 90,
            "evaluation_periods": 5,
            "datapoints_to_alarm": 3,
        },
        "backend": S3 | state,
        "remote_state": {
            module: {"backend": S3 | {"key": f"{module}.tfstate"} | state, "workspace": None, "outputs": {}}
            for module in ("networking", "security", "loadbalancing")
        }
        | {"cluster": None},
    }


def test_what_is_given_is_kept() -> None:
    """No rule changes a value, or loses it."""
    given = MINIMAL | {
        "provider": {
            "profile": "team a",
            "assume_role_arn": f"{ROLE}deploy",
            "external_id": "a:b/c",
            "session_name": "ci@main",
        },
        "tags": {"team": "a", "cost centre": "12"},
        "permissions_boundary_arn": f"{POLICY}boundary",
        "service": {
            "name": "orders",
            "fargate_spot_percent": 40,
            "enable_execute_command": True,
            "api_url": "https://api.example.com:8443/v1",
        },
        "image": {
            "repository": "team/orders",
            "registry_id": "222222222222",
            "region": "us-east-1",
            "require_commit_sha_tag": True,
            "default_tag": "3f9c2e1",
        },
        "container": {
            "port": 9000,
            "cpu": 1024,
            "memory_mib": 3072,
            "cpu_architecture": "ARM64",
            "user": "nobody:nogroup",
            "readonly_root_filesystem": False,
            "stop_timeout_seconds": 90,
            "command": ("serve", ""),
            "entry_point": ("/api",),
            "working_directory": "/srv/a b",
            "start_timeout_seconds": 120,
            "ephemeral_storage_gib": 200,
            "scratch_volumes": ("/tmp", "/var/cache"),
            "docker_labels": {"team": "a", "": ""},
            "secrets": {"DB": f"{SECRET}database-AbCdEf"},
            "secrets_kms_key_arns": (KEY,),
            "plain": ("LEVEL",),
            "environment": {"LEVEL": "debug"},
            "ulimits": ({"name": "nofile", "hard_limit": 9, "soft_limit": 8},),
            "health_check": {
                "command": ("CMD-SHELL", "exit 0"),
                "interval_seconds": 10,
                "timeout_seconds": 4,
                "retries": 2,
                "start_period_seconds": 20,
            },
            "efs_volumes": (EFS | {"read_only": True},),
            "depends_on": {"router": "START"},
            "awsfirelens": {
                "secret_options": {"key": f"{SECRET}logs"},
                "plain": ("Name",),
                "options": {"Name": "http"},
            },
            "sidecars": (
                {
                    "name": "router",
                    "image": "222222222222.dkr.ecr.eu-west-1.amazonaws.com/a/b:c",
                    "essential": False,
                    "cpu": 32,
                    "memory_mib": 64,
                    "memory_reservation_mib": 32,
                    "ports": (24224,),
                    "udp_ports": (24224,),
                    "user": "0:0",
                    "readonly_root_filesystem": False,
                    "stop_timeout_seconds": 0,
                    "start_timeout_seconds": 2,
                    "command": ("",),
                    "entry_point": ("/router",),
                    "working_directory": "/",
                    "scratch_volumes": ("/tmp",),
                    "depends_on": {},
                    "secrets": {"KEY": "/router/key"},
                    "plain": ("A",),
                    "environment": {"A": ""},
                    "health_check": None,
                    "firelens": {"type": "fluentd", "options": {"config-file-type": "file"}},
                },
            ),
        },
        "network": {"assign_public_ip": False},
        "task_role": {
            "statements": (
                {
                    "sid": "A1",
                    "effect": "Deny",
                    "actions": ("*",),
                    "resources": ("arn:aws:s3:::a/*", "*"),
                    "conditions": {"Bool": {"aws:SecureTransport": ("false",)}},
                },
            )
        },
        "scaling": {
            "min_capacity": 2,
            "max_capacity": 9,
            "cpu_target_percent": 55,
            "memory_target_percent": 66.6,
            "requests_per_target": 0.5,
            "scale_in_cooldown_seconds": 400,
            "scale_out_cooldown_seconds": 30,
            "schedule": (
                {
                    "name": "a night",
                    "expression": "cron(0 20 ? * MON-FRI *)",
                    "time_zone": "Europe/Berlin",
                    "min_capacity": 0,
                    "max_capacity": None,
                    "start_time": "2030-01-31T06:00:00Z",
                    "end_time": "2031-01-31T06:00:00Z",
                },
            ),
        },
        "deployment": {
            "minimum_healthy_percent": 50,
            "maximum_percent": 150,
            "health_check_grace_period_seconds": 15,
            "steady_state_timeout_minutes": 11,
        },
        "release": {"before": ("/api", "migrate"), "before_timeout_seconds": 60},
        "logs": {"group": "shared-apis", "retention_days": 90, "kms_key_arn": KEY},
        "cluster": {"name": None, "container_insights": "enhanced"},
        "dashboard": {"enabled": True},
        "alarms": {
            "enabled": True,
            "notify": TOPIC,
            "leave_out": ("crash_loop", "memory"),
            "roll_back": ("server_errors", "cpu"),
            "roll_back_alarm_names": ("checkout fails",),
            "server_errors_percent": 0.5,
            "latency_seconds": 0.25,
            "least_requests": 1,
            "shared_load_balancer": True,
            "unhealthy_targets": 2,
            "cpu_percent": 99.5,
            "memory_percent": 80,
            "evaluation_periods": 10,
            "datapoints_to_alarm": 10,
        },
        "backend": S3 | {"use_path_style": True, "kms_key_id": KEY_ID, "profile": "ci", "role_arn": f"{ROLE}state"},
        "remote_state": {
            "networking": {
                "backend": S3
                | {"key": "n", "use_path_style": False, "kms_key_id": KEY, "profile": None, "role_arn": None},
                "workspace": "blue",
                "outputs": {"vpc_id": "vpc", "private_subnet_ids": ("a", 'b["c"].id')},
            },
            "security": {"backend": LOCAL, "workspace": None, "outputs": {}},
            "loadbalancing": {"backend": REMOTE | {"hostname": "tfe.example.com"}, "workspace": None, "outputs": {}},
            "cluster": {"backend": LOCAL, "workspace": None, "outputs": {"cluster_name": "ecs[0].arn"}},
        },
    }
    assert Environment.model_validate(given).model_dump() == given


MAX_INT32 = 2_147_483_647
NUMBERS: list[tuple[str, int, int, str]] = [
    ("service.fargate_spot_percent", 0, 100, "from 0 to 100"),
    ("container.port", 1, 65535, "from 1 to 65535"),
    ("container.stop_timeout_seconds", 0, 120, "from 0 to 120"),
    ("container.start_timeout_seconds", 2, 120, "from 2 to 120"),
    ("container.ephemeral_storage_gib", 21, 200, "from 21 to 200"),
    ("scaling.scale_in_cooldown_seconds", 0, MAX_INT32, "of 0 or more"),
    ("scaling.scale_out_cooldown_seconds", 0, MAX_INT32, "of 0 or more"),
    ("deployment.minimum_healthy_percent", 0, 100, "from 0 to 100"),
    ("deployment.health_check_grace_period_seconds", 0, MAX_INT32, "of 0 or more"),
    ("deployment.steady_state_timeout_minutes", 1, 10080, "from 1 to 10080"),
    ("release.before_timeout_seconds", 1, MAX_INT32, "of 1 or more"),
    ("alarms.least_requests", 1, MAX_INT32, "of 1 or more"),
    ("alarms.unhealthy_targets", 1, MAX_INT32, "of 1 or more"),
]


@pytest.mark.parametrize(("path", "low", "high", "limits"), NUMBERS)
def test_a_number_from_its_least_to_its_greatest(path: str, low: int, high: int, limits: str) -> None:
    """Both included; one less or one more is told with the limits."""
    assert told((path, low)) == told((path, high)) == []
    assert told((path, low - 1)) == [f"{path} = {low - 1}: must be an integer {limits}"]
    above = f"from {low} to {high}" if high == MAX_INT32 else limits
    assert told((path, high + 1)) == [f"{path} = {high + 1}: must be an integer {above}"]


def test_numbers_that_hang_together() -> None:
    """A least and a greatest number of tasks, and percents between which a rollout can move."""
    most = ("scaling.max_capacity", 5000)
    assert told(("scaling.min_capacity", 5000), most) == []
    assert told(("scaling.min_capacity", 5001), most) == [
        "scaling.min_capacity = 5001: must be an integer from 0 to 5000"
    ]
    assert told(("scaling.max_capacity", 5001)) == ["scaling.max_capacity = 5001: must be an integer from 0 to 5000"]
    assert told(("scaling.min_capacity", 0), ("scaling.max_capacity", 0)) == told(("scaling.min_capacity", 0)) == []
    assert told(("scaling.min_capacity", -1)) == ["scaling.min_capacity = -1: must be an integer from 0 to 5000"]
    assert told(("scaling.max_capacity", 0)) == [
        "scaling.max_capacity = 0: must be 1 or more, since scaling.min_capacity = 1"
    ]
    assert told(("scaling.min_capacity", 4)) == []
    assert told(("scaling.min_capacity", 5)) == [
        "scaling.max_capacity = 4: must be 5 or more, since scaling.min_capacity = 5"
    ]
    assert told(("scaling.min_capacity", 0), ("deployment.maximum_percent", 100)) == [
        (
            "deployment.maximum_percent = 100: with 1 task (scaling.min_capacity) no rollout can proceed: 1 must stay "
            "and at most 1 may run. Set deployment.maximum_percent to at least 200, or "
            "deployment.minimum_healthy_percent to at most 0"
        )
    ]
    half = ("deployment.minimum_healthy_percent", 0)
    assert told(("deployment.maximum_percent", 100), half) == told(("deployment.maximum_percent", MAX_INT32)) == []
    assert told(("deployment.maximum_percent", 99), half) == [
        "deployment.maximum_percent = 99: must be an integer of 100 or more"
    ]
    assert told(("deployment.maximum_percent", 100)) == [
        (
            "deployment.maximum_percent = 100: with 1 task (scaling.min_capacity) no rollout can proceed: 1 must stay "
            "and at most 1 may run. Set deployment.maximum_percent to at least 200, or "
            "deployment.minimum_healthy_percent to at most 0"
        )
    ]
    assert told(("deployment.maximum_percent", 120), ("scaling.min_capacity", 3)) == [
        (
            "deployment.maximum_percent = 120: with 3 tasks (scaling.min_capacity) no rollout can proceed: 3 must stay "
            "and at most 3 may run. Set deployment.maximum_percent to at least 134, or "
            "deployment.minimum_healthy_percent to at most 66"
        )
    ]


@pytest.mark.parametrize("percent", [0.1, 1, 62.5, 99.9, 100])
def test_a_target_is_any_part_of_the_cpu(percent: float) -> None:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html"""
    assert told(("scaling.cpu_target_percent", percent)) == []


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        *((value, f" = {value}: must be a number above 0, up to 100") for value in (0, -1, 100.1, 101, 1e9)),
        (float("nan"), " = nan: must be a number above 0, up to 100"),
        (float("inf"), " = inf: must be a number above 0, up to 100"),
        (True, " = true: must be a number, without quotes"),
        ("70", ' = "70": must be a number, without quotes'),
    ],
)
def test_no_target(value: object, problem: str) -> None:
    for key in ("scaling.cpu_target_percent", "scaling.memory_target_percent"):
        assert told((key, value)) == [f"{key}{problem}"]


def test_requests_per_target() -> None:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html"""
    for number in (1e-9, 0.5, 1, 500, 2.0**360):
        assert told(("scaling.requests_per_target", number)) == []
    for number, shown in ((0, "0"), (-1, "-1"), (2.0**361, str(2.0**361)), (float("inf"), "inf")):
        assert told(("scaling.requests_per_target", number)) == [
            f"scaling.requests_per_target = {shown}: must be a number above 0, such as 500"
        ]


NIGHT = {"name": "night", "expression": "cron(0 20 ? * MON-FRI *)", "min_capacity": 0, "max_capacity": 0}


def told_of_schedules(*changes: dict[str, Any], **scaling: Any) -> list[str]:
    """Of schedules that are as `NIGHT` but for what is given, where None leaves a key out; `scaling` is besides."""
    names = [{"name": f"night {at}"} if at else {} for at in range(len(changes))]
    schedules = [NIGHT | name | change for name, change in zip(names, changes, strict=True)]
    schedule = [{key: value for key, value in each.items() if value is not None} for each in schedules]
    return told(("scaling", {**scaling, "schedule": schedule}))


@pytest.mark.parametrize(
    "expression",
    [
        *("rate(1 minute)", "rate(5 minutes)", "rate(1 hour)", "rate(36 hours)", "rate(1 day)", "rate(7 days)"),
        *("at(2030-01-31T06:00:00)", "at(2028-02-29T23:59:59)"),
        *("cron(0 10 * * ? *)", "cron(15 12 * * ? *)", "cron(0 18 ? * MON-FRI *)", "cron(0 8 1 * ? *)"),
        *("cron(0/15 * * * ? *)", "cron(0/5 8-17 ? * MON-FRI *)", "cron(0/30 20-2 ? * MON-FRI *)"),
        *("cron(5,35 14 * * ? *)", "cron(15 10 ? * 6L 2019-2022)", "cron(30 6 ? * mon *)", "cron(0 0 L * ? *)"),
        *("cron(0 0 LW * ? *)", "cron(0 0 3W * ? *)", "cron(0 0 ? * 3#2 *)", "cron(0 0 ? * TUE#5 *)"),
        *(
            "cron(0 0 ? JAN,FEB,12 SAT-SUN *)",
            "cron(0 0 1,15 * ? 2030/2)",
            "cron(30 0 8 * * ? *)",
            "cron(0 0 L-3 * ? *)",
        ),
    ],
)
def test_when_a_schedule_acts(expression: str) -> None:
    """AWS's own examples and each of its wildcards, names in either case, and the seconds that may come first."""
    assert told_of_schedules({"expression": expression}) == []


_SIX = "must have six fields in cron(…): minute, hour, day of the month, month, day of the week, year, such as"
_QUESTION = "must have ? as the day of the month or as the day of the week, and not as both"
_RATE = "must have a positive integer and minute(s), hour(s) or day(s) in rate(…): rate(1 hour), rate(5 minutes)"


@pytest.mark.parametrize(
    ("expression", "remedy"),
    [
        ("0 20 * * ? *", "must be cron(…), rate(…) or at(…), such as cron(0 20 ? * MON-FRI *)"),
        ("cron(0 20 * * ? *", "must be cron(…), rate(…) or at(…), such as cron(0 20 ? * MON-FRI *)"),
        ("every(1 day)", "must be cron(…), rate(…) or at(…), such as cron(0 20 ? * MON-FRI *)"),
        ("cron(0 20 * * *)", f"{_SIX} cron(0 20 ? * MON-FRI *); 5 are given"),
        ("cron()", f"{_SIX} cron(0 20 ? * MON-FRI *); 0 are given"),
        ("cron(60 20 * * ? *)", "the minute must be from 0 to 59, with , - * /, not 60"),
        ("cron(0 24 * * ? *)", "the hour must be from 0 to 23, with , - * /, not 24"),
        ("cron(0 20 32 * ? *)", "the day of the month must be from 1 to 31, with , - * / ? L W, not 32"),
        ("cron(0 20 32W * ? *)", "the day of the month must be from 1 to 31, with , - * / ? L W, not 32W"),
        ("cron(0 20 * MAI ? *)", "the month must be from 1 to 12 or JAN to DEC, with , - * /, not MAI"),
        ("cron(0 20 * ? ? *)", "the month must be from 1 to 12 or JAN to DEC, with , - * /, not ?"),
        ("cron(0 20 ? * 0 *)", "the day of the week must be from 1 to 7 or SUN to SAT, with , - * / ? L #, not 0"),
        ("cron(0 20 ? * 3#6 *)", "the day of the week must be from 1 to 7 or SUN to SAT, with , - * / ? L #, not 3#6"),
        ("cron(0 20 * * ? 1969)", "the year must be from 1970 to 2199, with , - * /, not 1969"),
        ("cron(0/0 20 * * ? *)", "the minute must be from 0 to 59, with , - * /, not 0/0"),
        ("cron(0, 20 * * ? *)", "the minute must be from 0 to 59, with , - * /, not nothing"),
        ("cron(61 0 20 * * ? *)", "the second must be from 0 to 59, with , - * /, not 61"),
        ("cron(0 20 * * * *)", _QUESTION),
        ("cron(0 20 ? * ? *)", _QUESTION),
        ("cron(0 20 ? * 3#1,6#3 *)", "must have one day of the week where # says which of the month"),
        *((f"rate({text})", _RATE) for text in ("0 minutes", "1 minutes", "5 minute", "5", "2 weeks", "-1 day")),
        ("at(2030-01-31)", "must have a date and time in at(…): at(2030-01-31T06:00:00)"),
        ("at(2030-01-31T06:00:00Z)", "must have a date and time in at(…): at(2030-01-31T06:00:00)"),
    ],
)
def test_no_schedule_expression(expression: str, remedy: str) -> None:
    """The part that is wrong is named, with what it can be."""
    key = f'scaling.schedule[0].expression = "{expression}"'
    assert told_of_schedules({"expression": expression}) == [f"{key}: {remedy}"]


def test_a_day_that_is_none() -> None:
    (said,) = told_of_schedules({"expression": "at(2030-02-30T06:00:00)"})
    assert "must have a date and time in at(…): at(2030-01-31T06:00:00) (day is out of range" in said


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+9", "US/Pacific"])
def test_time_zones(zone: str) -> None:
    assert told_of_schedules({"time_zone": zone}) == []


@pytest.mark.parametrize(
    ("zone", "meant"),
    [
        ("Europe/Berln", "; did you mean Europe/Berlin?"),
        ("Berlin", "; did you mean Europe/Berlin?"),
        ("europe/berlin", "; did you mean Europe/Berlin?"),
        ("+02:00", ""),
    ],
)
def test_no_time_zone(zone: str, meant: str) -> None:
    (said,) = told_of_schedules({"time_zone": zone})
    remedy = f"must be a time zone of the IANA database, such as Europe/Berlin{meant}"
    assert said == f'scaling.schedule[0].time_zone = "{zone}": {remedy}'


def test_time_zones_on_a_machine_that_knows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS decides then; what is no name of a zone is still none."""
    monkeypatch.setattr(schedule_expressions, "_zones", frozenset)
    assert told_of_schedules({"time_zone": "Pacific/Tahiti"}) == []
    (said,) = told_of_schedules({"time_zone": "Berlin, please"})
    assert "must be a time zone of the IANA database" in said


def test_bounds_of_a_schedule() -> None:
    """One is enough; both have to agree; and one alone has to go with some other bound of the file."""
    assert told_of_schedules({"min_capacity": 2, "max_capacity": 4}, {"max_capacity": None}) == []
    assert told_of_schedules({"min_capacity": None, "max_capacity": 1}) == []
    assert told_of_schedules({"min_capacity": None, "max_capacity": None}) == [
        "scaling.schedule[0].max_capacity: must be given, or min_capacity: a schedule without either changes nothing"
    ]
    assert told_of_schedules({"min_capacity": 3, "max_capacity": 2}) == [
        "scaling.schedule[0].max_capacity = 2: must be 3 or more, since min_capacity = 3"
    ]
    assert told_of_schedules({"min_capacity": 5001, "max_capacity": None}) == [
        "scaling.schedule[0].min_capacity = 5001: must be an integer from 0 to 5000"
    ]
    (said,) = told_of_schedules({"min_capacity": 5, "max_capacity": None})
    assert "min_capacity = 5: must be at most 4, beyond which no max_capacity goes, or have a max_capacity" in said
    assert told_of_schedules({"min_capacity": 5, "max_capacity": None}, {"max_capacity": 5}) == []
    (said,) = told_of_schedules({"min_capacity": None, "max_capacity": 0})
    assert "max_capacity = 0: must be at least 1, beyond which no min_capacity goes, or have a min_capacity" in said


def test_names_of_schedules() -> None:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html"""
    for name in ("n", "a night, in two words", "n" * 256, "Nächte"):
        assert told_of_schedules({"name": name}) == []
    for name in ("", "n" * 257, " n", "n ", "a:b", "a/b", "a|b"):
        (said,) = told_of_schedules({"name": name})
        assert "must have 1 to 256 characters, none of them a colon, a slash, a bar or a control character" in said
    assert told_of_schedules({}, {"name": "night"}) == [
        'scaling.schedule[1].name = "night": must differ from the name of every other schedule'
    ]


def test_start_and_end_of_a_schedule() -> None:
    """Any offset is taken, and turned into UTC, as AWS answers; the end comes later."""
    assert told_of_schedules({"start_time": "2030-01-31T06:00:00+02:00", "end_time": "2030-01-31T04:00:01Z"}) == []
    schedule = [NIGHT | {"start_time": "2030-01-31T01:00:00+02:00"}]
    settings = Environment.model_validate(MINIMAL | {"scaling": {"schedule": schedule}})
    assert settings.scaling.schedule[0].start_time == "2030-01-30T23:00:00Z"
    edges = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00")
    for text in ("2030-01-31", "2030-01-31T06:00:00", "2030-02-30T06:00:00Z", "tomorrow", *edges):
        (said,) = told_of_schedules({"end_time": text})
        remedy = "must be a date and time with its offset, such as 2030-01-31T06:00:00Z"
        assert said == f'scaling.schedule[0].end_time = "{text}": {remedy}'
    assert told_of_schedules({"start_time": "2030-01-31T06:00:00Z", "end_time": "2030-01-31T06:00:00Z"}) == [
        'scaling.schedule[0].end_time = "2030-01-31T06:00:00Z": must be later than start_time, 2030-01-31T06:00:00Z'
    ]


def test_a_rollout_has_to_proceed_at_each_hour_of_the_schedule() -> None:
    """With the least number of tasks that it asks for, but for none at all."""
    deployment = ("deployment", {"minimum_healthy_percent": 75, "maximum_percent": 100})
    day = {"min_capacity": 4, "max_capacity": 8}
    scaling = {**day, "schedule": [NIGHT, NIGHT | day | {"name": "day"}]}
    assert told(("scaling", scaling), deployment) == []
    (said,) = told(("scaling", {**scaling, "schedule": [NIGHT | {"min_capacity": 1, "max_capacity": 8}]}), deployment)
    assert "with 1 task (min_capacity in scaling.schedule) no rollout can proceed: 1 must stay" in said


def test_retention() -> None:
    """Each of CloudWatch's, one by one, and 0 for ever."""
    offered = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400]
    offered += [545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
    around = sorted({days + by for days in (0, *offered) for by in (-1, 0, 1)})
    taken = [days for days in around if not told(("logs.retention_days", days))]
    assert taken == [0, *offered]
    listed = ", ".join(map(str, offered))
    assert told(("logs.retention_days", 2)) == [f"logs.retention_days = 2: must be {listed}, or 0 for ever"]


TAG = "must be a tag: 1 to 128 letters, digits, . _ and -, beginning with a letter, a digit or _"
REPOSITORY = (
    "must be the name of an ECR repository, without registry and tag: 2 to 256 lower-case letters and digits, with "
    ". _ - or / between them"
)
URL = (
    "must be a URL of a host, a port or a path, without a slash or a $ at its end, such as https://api.example.com or "
    "https://example.com/orders"
)
USER = 'must be a user, such as "65532", "65532:65532", "name" or "name:group"'
BUCKET = (
    "must be the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or a digit at "
    "both ends, no two dots in a row, and not an IP address"
)
OBJECT = 'must be the key of an object, with no slash at either end, such as "go-api/terraform.tfstate"'
FILE = "must be the path of a file, absolute or relative to the repository's root"
HCP = "must be 1 to 90 letters, digits, hyphens and underscores"
HOST = 'must be a host name, such as "app.terraform.io"'
POLICY_WANTED = "must be the ARN of an IAM policy, arn:aws:iam::<account>:policy/<name>"
ROLE_WANTED = "must be the ARN of an IAM role, arn:aws:iam::<account>:role/<name>"
KEY_WANTED = "must be the ARN of a KMS key, not of an alias: arn:aws:kms:<region>:<account>:key/<key id>"
ANY_KEY = "must be the id or the ARN of a KMS key, or an alias, alias/<name>, or its ARN"
SERVICE = "must be a name of letters, digits, - and _, not beginning with -"
TEXTS: list[tuple[str, list[str], list[str], str]] = [
    (
        "name",
        ["d", "dev2", "a9-9b-9", "1d", "d-", "d--v", "D", "d_v", "_"],
        ["", "-d", "d v", "d.v"],
        "the file's name must have only letters, digits, - and _, and not begin with -, such as dev.toml",
    ),
    (
        "account_id",
        ["0" * 12],
        ["1" * 11, "1" * 13, "11111111111a"],
        "must be an AWS account id: 12 digits in quotes",
    ),
    (
        "permissions_boundary_arn",
        [
            f"{POLICY}{'a' * 128}",
            f"{POLICY}a/b!/x",
            f"{POLICY}a//b",
            "arn:aws:iam::aws:policy/job-function/x",
            f"{POLICY}a+=,.@-_",
        ],
        [
            f"{POLICY}{'a' * 129}",
            POLICY,
            f"{POLICY}a/",
            f"{POLICY}a b",
            f"{POLICY}a b/c",
            f"{POLICY}/b",
            POLICY.replace("1", "", 1) + "x",
            POLICY.replace("iam::", "iam:x:") + "x",
            f"{ROLE}x",
            "arn:was:iam::111111111111:policy/x",
            "arn:aws-:iam::111111111111:policy/x",
        ],
        POLICY_WANTED,
    ),
    ("service.name", ["a", "Go_Api-9", "1a", "_a"], ["", "-a", "a.b", "a b"], SERVICE),
    (
        "service.api_url",
        [
            *(
                "http://a",
                "https://a-1.b2.example",
                "https://my_api.example",
                "https://A:1",
                "https://999.999.9-9:65535",
                "https://a:09999",
            ),
            *("https://a/b", "http://a.b:1/c/d", "https://a/~b._-$&'()*+,;=:@!/%2f", "https://a/.b/..c/..."),
        ],
        [
            "a",
            "ftp://a",
            "httpss://a",
            "https://",
            "https://-a",
            "https://a-",
            "https://a..b",
            "https://a.",
            "https://a/",
            "https://a/b$",
            "https://a/b/",
            "https://a//b",
            "https://a/b/../c",
            "https://a/.",
            "https://a/b?c",
            "https://a/b#c",
            "https://a/b c",
            "https://a/%2",
            "https://a:",
            "https://a:123456",
            "https://a.-b",
            "xhttps://a",
        ],
        URL,
    ),
    (
        "backend.profile",
        ["a", "team a"],
        ["", " a"],
        "must be the name of a profile in the AWS configuration files, without spaces at its ends",
    ),
    (
        "provider.profile",
        ["a", "team a", "a/b.c@d", "größe"],
        ["", " ", " a", "a ", "a]", "[a", "a[b"],
        "must be the name of a profile in the AWS configuration files, without spaces at its ends",
    ),
    (
        "image.repository",
        ["a" * 2, "a" * 256, "9.9", "a.b", "a_b", "a__b", "a-b", "a---b", "a/b/c1"],
        ["a", "a" * 257, "A1", "a..b", "a___b", "a._b", "-ab", "ab-", "a//b", "/ab", "ab/", "a:b", "a/-b"],
        REPOSITORY,
    ),
    ("image.default_tag", ["a", "_" * 128, "A.b-c_1", "99"], ["", "a" * 129, ".a", "-a", "a b", "a:b"], TAG),
    (
        "container.user",
        ["0", "a", "_a.b-c$", "A1:2", "1:b$", "Z99", "1a", "a$b", ".a", "a@b"],
        ["", ":", "a:", ":a", "-a", "-1", "a:-1", "a:b:c", "a b"],
        USER,
    ),
    (
        "backend.bucket",
        ["abc", "a" * 63, "1.2.3", "999", "a-b.c", "1.2.3.4.5", "1.2.3.a"],
        ["ab", "a" * 64, "Abc", "a_b", "a..b", "-ab", "ab-", ".ab", "ab.", "1.2.3.4", "12.34.56.789"],
        BUCKET,
    ),
    ("backend.key", ["a", "a/b c", "a//b", "k" * 1024], ["", " ", "/a", "a/"], OBJECT),
    (
        "backend.kms_key_id",
        [
            KEY_ID,
            f"mrk-{'0123456789abcdef' * 2}",
            KEY,
            KEY.replace(KEY_ID, f"mrk-{'0' * 32}"),
            "alias/states",
            KEY.replace(f"key/{KEY_ID}", "alias/teams/states_1-a"),
        ],
        [
            "",
            KEY_ID[:-1],
            KEY_ID + "0",
            KEY_ID.upper(),
            KEY_ID.replace("-4912-", "-491-"),
            KEY_ID[1:],
            f"mrk-{'0' * 31}",
            f"mrk-{'0' * 33}",
            KEY_ID.replace("-4912-", "-0912-"),
            KEY_ID.replace("-8912-", "-0912-"),
            KEY.replace("key/", ""),
            "alias/",
            "alias/a b",
            KEY.replace("1" * 12, "1" * 11),
            KEY.replace("eu-west-1", ""),
            KEY.replace("eu-west-1", "eu-1"),
            KEY.replace("eu-west-1", "e-west-1"),
            KEY.replace("eu-west-1", "eu-west-"),
        ],
        ANY_KEY,
    ),
    (
        "backend.role_arn",
        [f"{ROLE}{'a' * 64}", f"{ROLE}a/b/c", f"{ROLE}a+=,.@-_"],
        [f"{ROLE}{'a' * 65}", ROLE, f"{ROLE}a/", f"{ROLE}a b", f"{POLICY}x", "arn:aws:iam::aws:role/x"],
        ROLE_WANTED,
    ),
    (
        "logs.kms_key_arn",
        [KEY, KEY.replace("1" * 12, "2" * 12)],
        [KEY_ID, KEY.replace("key/", "alias/"), KEY + "0", KEY.replace("arn:aws", "arn:was")],
        KEY_WANTED,
    ),
]


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, taken, *_ in TEXTS for value in taken], ids=lambda value: value[:60]
)
def test_text_is_taken(path: str, value: str) -> None:
    assert told((path, value)) == []


@pytest.mark.parametrize(
    ("path", "value", "remedy"),
    [(path, value, remedy) for path, _, refused, remedy in TEXTS for value in refused],
    ids=lambda value: value[:60],
)
def test_text_is_refused(path: str, value: str, remedy: str) -> None:
    """With the same words, whatever is wrong with it."""
    (problem,) = told((path, value))
    assert problem.startswith(path)
    assert problem.endswith(f": {remedy}")


OF_BACKENDS: list[tuple[dict[str, Any], str, list[str], list[str], str]] = [
    (LOCAL, "path", ["a", "./a/b", "a b", "/a", "../a"], ["", " ", "a/", "~/a", "C:a", "c:\\a", "\\a"], FILE),
    (REMOTE, "organization", ["9", "A-b_1", "a" * 90], ["", "a" * 91, "a b", "a."], HCP),
    (REMOTE, "workspace", ["9", "A-b_1", "a" * 90], ["", "a" * 91, "a/b"], HCP),
    (
        REMOTE,
        "hostname",
        ["a", "tfe-1.example.com", "9.9", "a:1", "a:65535"],
        ["", "https://a", "a.", "a..b", ".a", "a/", "a:", "a:123456", "a_b"],
        HOST,
    ),
]


@pytest.mark.parametrize(("backend", "key", "taken", "refused", "remedy"), OF_BACKENDS)
def test_text_of_a_backend(
    backend: dict[str, Any], key: str, taken: list[str], refused: list[str], remedy: str
) -> None:
    """Of the kinds that the minimal settings have not."""
    assert [value for value in taken if told(("backend", backend | {key: value}))] == []
    for value in refused:
        (problem,) = told(("backend", backend | {key: value}))
        assert problem.startswith(f"backend.{key} = ")
        assert problem.endswith(f": {remedy}")


@pytest.mark.parametrize("tag", ["3f9c2e1", "0" * 7, "f" * 40])
def test_a_commit_sha(tag: str) -> None:
    assert told(("image.default_tag", tag), ("image.require_commit_sha_tag", True)) == []


@pytest.mark.parametrize("tag", ["f" * 6, "f" * 41, "3F9C2E1", "g" * 7, "latest"])
def test_no_commit_sha(tag: str) -> None:
    """Only where one is required."""
    assert told(("image.default_tag", tag)) == []
    assert told(("image.default_tag", tag), ("image.require_commit_sha_tag", True)) == [
        (
            f'image.default_tag = "{tag}": must be a commit SHA, 7 to 40 of 0-9 and a-f, or left out, since '
            "image.require_commit_sha_tag = true"
        )
    ]


SECRETS = [
    f"{SECRET}a-AbCd12",
    f"{SECRET}rds!a/b_c+d=e.f@g-AbCdEf",
    f"{SECRET}a-AbCdEf:key:stage:version",
    f"{SECRET}a-AbCdEf:::",
    f"{SECRET}a-AbCdEf:a b::",
    f"{SECRET}AbCdEf",
    f"{SECRET}prod/orders",
    f"{SECRET}a-AbCdE",
    f"{SECRET}a:key::",
    f"{PARAMETER}a",
    f"{PARAMETER}a/b_c.d-e",
    "/a",
    "/go-api/dev/a_b.c-d",
]
NO_SECRETS = [
    "x",
    "a/b",
    "/",
    "/a/",
    "//a",
    "/a b",
    SECRET,
    f"{SECRET}a#b",
    f"{SECRET}a b-AbCdEf",
    f"{SECRET}a-AbCdEf:key",
    f"{SECRET}a-AbCdEf:key:",
    f"{SECRET}a-AbCdEf:key:a:b:c",
    f"{SECRET}a-AbCdEf::a b:",
    f"{SECRET}a-AbCdEf:::a b",
    PARAMETER,
    f"{PARAMETER}a b",
    PARAMETER.replace("1" * 12, "1" * 11) + "a",
    SECRET.replace("1" * 12, "1" * 13) + "a-AbCdEf",
]


@pytest.mark.parametrize("arn", SECRETS)
def test_a_secret(arn: str) -> None:
    assert told(("container.secrets", {"A": arn})) == []


@pytest.mark.parametrize("arn", NO_SECRETS)
def test_no_secret(arn: str) -> None:
    """The value is not repeated: somebody may have put the secret itself there."""
    assert told(("container.secrets", {"A": arn})) == [
        (
            "container.secrets.A: must be the ARN of a secret, "
            "arn:aws:secretsmanager:<region>:<account>:secret:<name>, which "
            ":<json key>:<version stage>:<version id> may follow (all three colons), or of a parameter, "
            "arn:aws:ssm:<region>:<account>:parameter/<name>, or the path of a parameter, such as /go-api/database"
        )
    ]


ACTIONS = ["s3:Get*", "a-9:B?9", "ecr:*", "S3:GetObject", "s3:getobject"]
NO_ACTIONS = ["", "s3", "s3:", ":Get", "s3*:Get", "s3:Get Object", "s3:a:b", "s3:Get-x", "s 3:Get"]
RESOURCES = [
    "*",
    f"arn:{'*' * 64}:s3:::b",
    "arn:aws:a-9:::b",
    "arn:*:s3:::b",
    "arn:aws:*:*:*:*",
    "arn:aws:s?:eu-west-1:111111111111:a/b:c",
    "arn:aws:s3:::a b/c  d/*",
]
NO_RESOURCES = ["", "b", "arn:aws:s3:::", "arn:aws:s3::b", "arn:AWS:s3:::b", "arn:aws:S3:::b", "arn:aws:s3:a b::c"]
NO_RESOURCES += [
    f"arn:{'*' * 65}:s3:::b",
    "arn::s3:::b",
    "arn:aws::::b",
    "arn:aws:s3::a b:c",
    "arn:aws:s3::: ",
    "arn:aws:s3:::a ",
    "arn:aws:s3::: a",
    "xarn:aws:s3:::b",
]


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action(action: str) -> None:
    assert told(("task_role.statements", [STATEMENT | {"actions": [action]}])) == []


@pytest.mark.parametrize("action", NO_ACTIONS)
def test_no_action(action: str) -> None:
    assert told(("task_role.statements", [STATEMENT | {"actions": ["s3:Get*", action]}])) == [
        (
            f'task_role.statements[0].actions[1] = "{action}": must be an action, <service>:<Action>, where * and ? '
            "may stand for a part, such as s3:Get*"
        )
    ]


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_resource(resource: str) -> None:
    assert told(("task_role.statements", [STATEMENT | {"resources": [resource]}])) == []


@pytest.mark.parametrize("resource", NO_RESOURCES)
def test_no_resource(resource: str) -> None:
    assert told(("task_role.statements", [STATEMENT, STATEMENT | {"resources": [resource]}])) == [
        (
            f'task_role.statements[1].resources[0] = "{resource}": must be an ARN, in which * and ? may stand for a '
            'part, or "*"'
        )
    ]


OPERATORS = [
    *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike"),
    *("StringNotLike", "NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals"),
    *("NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateNotEquals", "DateLessThan"),
    *("DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress"),
    *("NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"),
]
NO_OPERATORS = ["", "Equals", "StringLikes", "StringLikeIgnoreCase", "NumericLike", "NullIfExists", "If"]
NO_OPERATORS += ["ForAllValues:", "ForSomeValues:StringLike", "ForAllValues:Null", "NumericThan", "NotBool", "ArnIs"]


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_of_iam(operator: str) -> None:
    """IAM User Guide, "IAM JSON policy elements: Condition operators"."""
    every = [operator, f"{operator}IfExists", f"ForAllValues:{operator}", f"ForAnyValue:{operator}IfExists", "Null"]
    assert told(("task_role.statements", [STATEMENT | {"conditions": {each: {"a": ["b"]} for each in every}}])) == []


@pytest.mark.parametrize("operator", NO_OPERATORS)
def test_no_operator_of_iam(operator: str) -> None:
    (problem,) = told(("task_role.statements", [STATEMENT | {"conditions": {operator: {"a": ["b"]}}}]))
    assert problem.endswith("must be a condition operator of IAM, such as StringEquals, ArnLike or Bool")


ELSEWHERE = KEY.replace("eu-west-1", "eu-west-2")
IN_CHINA = KEY.replace("aws", "aws-cn").replace("eu-west-1", "cn-north-1")
HOST_OF_ECR = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
ALONE = (
    "must be the repository's name alone, such as {}, without the registry's host, for which there are "
    "image.registry_id, 111111111111, and image.region, {}"
)
A = "U+0430 CYRILLIC SMALL LETTER A"
NOFILE = {"name": "nofile", "soft_limit": 1, "hard_limit": 1024}
HOW = 'must be "CMD", with a program and its arguments after it, or "CMD-SHELL", with a line for a shell'
PATH = (
    "must be an absolute path of the container below /, without a slash at its end and without . and .. in it, such as"
    " /tmp"
)
FILE_SYSTEM = "must be the id of a file system of Amazon EFS, such as fs-0123456789abcdef0"
TOO_SOFT = "must not be above hard_limit, 1024: Linux refuses it, and the container does not start"
OF_THE_PROCESS: list[tuple[list[Change], str]] = [
    (
        [("container.command", ["serve", "a\0"])],
        (
            'container.command[1] = "a\\u0000": must not contain U+0000 CONTROL CHARACTER, which ends every argument '
            "of a command"
        ),
    ),
    ([("container.entry_point", "/api")], 'container.entry_point = "/api": must be a list in square brackets'),
    (
        [("container.working_directory", "srv")],
        'container.working_directory = "srv": must be an absolute path of the container, beginning with /',
    ),
    (
        [("container.docker_labels", {"org.opencontainers.image.ref.name": "v1"})],
        (
            'container.docker_labels."org.opencontainers.image.ref.name" = "v1": is set by the deployment, to the '
            "image's tag: remove it here"
        ),
    ),
    *(
        ([("container.scratch_volumes", ["/a", wrong])], f'container.scratch_volumes[1] = "{wrong}": {PATH}')
        for wrong in ("tmp", "/", "", "/tmp/", "//tmp", "/a//b", "/a/../b", "/.", "/a/..")
    ),
    (
        [("container.scratch_volumes", ["/a", "/b", "/a"])],
        'container.scratch_volumes[2] = "/a": is there twice: remove it',
    ),
    (
        [("container.scratch_volumes", ["/data"]), ("container.efs_volumes", [EFS])],
        'container.efs_volumes[0].mount_path = "/data": is mounted twice: give each volume a path of its own',
    ),
    (
        [("container.efs_volumes", [EFS, EFS])],
        'container.efs_volumes[1].mount_path = "/data": is mounted twice: give each volume a path of its own',
    ),
    *(
        (
            [("container.efs_volumes", [EFS | {"file_system_id": wrong}])],
            f'container.efs_volumes[0].file_system_id = "{wrong}": {FILE_SYSTEM}',
        )
        for wrong in ("fs-0123456", f"fs-{'0' * 41}", "fs-0123456G", "fsap-0123456789abcdef0")
    ),
    (
        [("container.efs_volumes", [EFS | {"access_point_id": "fs-0123456789abcdef0"}])],
        (
            'container.efs_volumes[0].access_point_id = "fs-0123456789abcdef0": must be the id of an EFS access point, '
            "such as fsap-0123456789abcdef0"
        ),
    ),
    (
        [("container.efs_volumes", [{"file_system_id": "fs-01234567", "mount_path": "/data"}])],
        ('container.efs_volumes[0].access_point_id: is required, such as access_point_id = "fsap-0123456789abcdef0"'),
    ),
    (
        [("container.ulimits", [NOFILE, {"name": "core", "soft_limit": 0, "hard_limit": 0}, NOFILE])],
        'container.ulimits[2].name = "nofile": is there twice: remove one of the two',
    ),
    (
        [("container.ulimits", [NOFILE | {"soft_limit": 1025}])],
        f"container.ulimits[0].soft_limit = 1025: {TOO_SOFT}",
    ),
    (
        [("container.ulimits", [NOFILE | {"soft_limit": -1}])],
        f"container.ulimits[0].soft_limit = -1: {TOO_SOFT}",
    ),
    (
        [("container.ulimits", [NOFILE | {"hard_limit": -2}])],
        "container.ulimits[0].hard_limit = -2: must be an integer of -1 or more",
    ),
    (
        [("container.ulimits", [{"soft_limit": 1, "hard_limit": 1}])],
        'container.ulimits[0].name: is required, such as name = "nofile"',
    ),
    (
        [("container.health_check", {})],
        'container.health_check.command: is required, such as command = ["CMD", "/api", "health"]',
    ),
    (
        [("container.health_check", {"command": []})],
        "container.health_check.command = [ … ]: must have at least one entry",
    ),
    ([("container.health_check", {"command": ["/api"]})], f'container.health_check.command[0] = "/api": {HOW}'),
    (
        [("container.health_check", {"command": ["CMD"]})],
        'container.health_check.command = [ … ]: must go on after "CMD", such as ["CMD", "/api", "health"]',
    ),
    *(
        (
            [("container.health_check", {"command": ["CMD", "a"], key: wrong})],
            f"container.health_check.{key} = {wrong}: must be an integer from {low} to {high}",
        )
        for key, low, high in (
            ("interval_seconds", 5, 300),
            ("timeout_seconds", 2, 60),
            ("retries", 1, 10),
            ("start_period_seconds", 0, 300),
        )
        for wrong in (low - 1, high + 1)
    ),
]
MESSAGES: list[tuple[list[Change], str]] = [
    ([("service.api_url", "https://a:0")], 'service.api_url = "https://a:0": the port must be from 1 to 65535, not 0'),
    (
        [("service.api_url", "https://a:65536")],
        'service.api_url = "https://a:65536": the port must be from 1 to 65535, not 65536',
    ),
    (
        [("backend", REMOTE | {"hostname": "a:65536"})],
        'backend.hostname = "a:65536": the port must be from 1 to 65535, not 65536',
    ),
    (
        [("image.repository", f"{HOST_OF_ECR}/a")],
        f'image.repository = "{HOST_OF_ECR}/a": {ALONE.format("a", "eu-west-1")}',
    ),
    ([("image.repository", HOST_OF_ECR)], f'image.repository = "{HOST_OF_ECR}": {ALONE.format("go-api", "eu-west-1")}'),
    (
        [("image.repository", "111111111111.dkr-ecr-fips.a/b/c")],
        f'image.repository = "111111111111.dkr-ecr-fips.a/b/c": {ALONE.format("b/c", "a")}',
    ),
    (
        [("image.repository", f"https://{HOST_OF_ECR}/b/c:1.2@sha256:{'0' * 64}")],
        (
            f'image.repository = "https://{HOST_OF_ECR}/b/c:1.2@sha256:{"0" * 11}…: '
            f"{ALONE.format('b/c', 'eu-west-1')}; the tag is for image.default_tag, 1.2"
        ),
    ),
    ([("account_id", 123456789012)], 'account_id = 123456789012: must be text in quotes, "123456789012"'),
    ([("image.default_tag", 20251125)], 'image.default_tag = 20251125: must be text in quotes, "20251125"'),
    ([("image.default_tag", 1.1)], "image.default_tag = 1.1: must be text in quotes"),
    (
        [("container.environment", {"A": "x\0y"})],
        "container.environment.A: must not contain U+0000 CONTROL CHARACTER, which ends every environment variable",
    ),
    (
        [("container.environment", {"\u0430": "x"})],
        (
            'container.environment."\u0430": the name must have only printable characters of ASCII, without spaces and '
            f"=, not {A}"
        ),
    ),
    (
        [
            ("service.enable_execute_command", True),
            ("task_role.statements", [STATEMENT, STATEMENT | {"sid": "ExecuteCommand"}]),
        ],
        (
            'task_role.statements[1].sid = "ExecuteCommand": must not be the sid of ECS Exec\'s own statement '
            "(service.enable_execute_command = true)"
        ),
    ),
    (
        [("task_role.statements", [STATEMENT, STATEMENT | {"resources": ["*", "arn:aws-cn:s3:::b"]}])],
        (
            'task_role.statements[1].resources[1] = "arn:aws-cn:s3:::b": must begin with arn:aws:, as every ARN in '
            "eu-west-1"
        ),
    ),
    (
        [("task_role.statements", [STATEMENT | {"resources": ["arn:aws:sqs:cn-north-1:111111111111:q"]}])],
        (
            'task_role.statements[0].resources[0] = "arn:aws:sqs:cn-north-1:111111111111:q": must be the ARN of a '
            "region of the partition aws, not of cn-north-1"
        ),
    ),
    (
        [("task_role.statements", [STATEMENT | {"resources": ["arn:aws:sqs:eu-wets-1:111111111111:q"]}])],
        (
            'task_role.statements[0].resources[0] = "arn:aws:sqs:eu-wets-1:111111111111:q": must be the ARN of a '
            "region of the partition aws, not of eu-wets-1; did you mean eu-west-1?"
        ),
    ),
    (
        [("task_role.statements", [STATEMENT | {"resources": ["arn:aws:s3:::\u0100"]}])],
        (
            'task_role.statements[0].resources[0] = "arn:aws:s3:::\u0100": must have only characters that IAM takes in '
            "a policy, U+0020 to U+00FF, not U+0100 LATIN CAPITAL LETTER A WITH MACRON"
        ),
    ),
    (
        [("task_role.statements", [STATEMENT | {"actions": ["s3:G\u0430t"]}])],
        (
            'task_role.statements[0].actions[0] = "s3:G\u0430t": must be an action, <service>:<Action>, where * and '
            f"? may stand for a part, such as s3:Get*, not {A}"
        ),
    ),
    (
        [("task_role.statements", [STATEMENT | {"conditions": {"Bo\u0430l": {"a": ["b"]}}}])],
        (
            'task_role.statements[0].conditions."Bo\u0430l": must be a condition operator of IAM, such as '
            f"StringEquals, ArnLike or Bool, not {A}"
        ),
    ),
    (
        [("region", "eu-wets-1")],
        'region = "eu-wets-1": must be the name of an AWS region; did you mean eu-west-1?',
    ),
    (
        [("region", " EU-WEST-1 ")],
        'region = " EU-WEST-1 ": must be the name of an AWS region; did you mean eu-west-1 or us-west-1 or eu-west-3?',
    ),
    ([("region", "Ireland")], 'region = "Ireland": must be the name of an AWS region, such as eu-west-1'),
    (
        [("region", "eu-w\u0435st-1")],
        (
            'region = "eu-w\u0435st-1": must be the name of an AWS region, not U+0435 CYRILLIC SMALL '
            "LETTER IE; did you mean eu-west-1?"
        ),
    ),
    (
        [("container.secrets", {"A": SECRETS[0].replace("eu-west-1", "eu-wets-1")})],
        ("container.secrets.A: must be the ARN of an AWS region, not of eu-wets-1; did you mean eu-west-1?"),
    ),
    (
        [("container.secrets", {"A": SECRETS[0].replace("eu-west-1", "cn-north-1")})],
        "container.secrets.A: must begin with arn:aws-cn:, as every ARN in cn-north-1",
    ),
    (
        [("container.secrets", {"A": SECRETS[0].replace("eu-west-1", "cn-north-1").replace("aws", "aws-cn")})],
        "container.secrets.A: must begin with arn:aws:, as every ARN in eu-west-1",
    ),
    (
        [("backend.kms_key_id", ELSEWHERE)],
        f'backend.kms_key_id = "{ELSEWHERE}": must be a key of the bucket\'s region, eu-west-1, not of eu-west-2',
    ),
    (
        [("backend.role_arn", ROLE.replace("aws", "aws-cn") + "x")],
        f'backend.role_arn = "{ROLE.replace("aws", "aws-cn")}x": must begin with arn:aws:, as every ARN in eu-west-1',
    ),
    (
        [("backend.key", "\u0430pi")],
        f'backend.key = "\u0430pi": must not contain {A}, which looks like another character or like none',
    ),
    (
        [("backend", LOCAL | {"path": "a\u200b"})],
        (
            'backend.path = "a\u200b": must not contain U+200B ZERO WIDTH SPACE, which looks like another character or '
            "like none"
        ),
    ),
    (
        [("backend.key", "\u00fc" * 513)],
        f'backend.key = "{"ü" * 79}…: has 1026 bytes, and S3 allows 1024',
    ),
    ([("backend.bucket", "b\u0430d")], f'backend.bucket = "b\u0430d": {BUCKET}, not {A}'),
    ([("service.name", "\u0430")], f'service.name = "\u0430": {SERVICE}, not {A}'),
    (
        [("tags", {"__proto__": "x"})],
        'tags.__proto__ = "x": the name of a tag must not be __proto__, which Node uses itself',
    ),
    (
        [("task_role.statements", [STATEMENT | {"actions": ["s3:Get*", "*"]}])],
        (
            'task_role.statements[0].actions[1] = "*": must not be every action: list those that the application needs '
            "(least privilege)"
        ),
    ),
    (
        [("task_role.statements", [STATEMENT | {"actions": ["*:*"]}])],
        (
            'task_role.statements[0].actions[0] = "*:*": must not be every action: list those that the application '
            "needs (least privilege)"
        ),
    ),
    (
        [("task_role.statements", [STATEMENT | {"sid": "A"}, STATEMENT, STATEMENT | {"sid": "A"}])],
        'task_role.statements[2].sid = "A": must differ from the sid of every other statement',
    ),
    (
        [("task_role.statements", [STATEMENT | {"sid": "a-b"}])],
        'task_role.statements[0].sid = "a-b": must have only letters and digits',
    ),
    (
        [("task_role.statements", [STATEMENT | {"effect": "allow"}])],
        'task_role.statements[0].effect = "allow": must be "Allow" or "Deny"',
    ),
    (
        [("task_role.statements", [STATEMENT | {"resources": []}])],
        "task_role.statements[0].resources = [ … ]: must have at least one entry",
    ),
    (
        [("task_role.statements", [STATEMENT | {"conditions": {"Bool": {}}}])],
        "task_role.statements[0].conditions.Bool = { … }: must have at least one entry",
    ),
    (
        [("task_role.statements", [STATEMENT | {"conditions": {"Bool": {"a": []}}}])],
        "task_role.statements[0].conditions.Bool.a = [ … ]: must have at least one entry",
    ),
    (
        [("container.environment", {"PORT": "1"})],
        "container.environment.PORT: is set by container.port: remove it here, and set that",
    ),
    (
        [("container.environment", {"A=B": "1"})],
        'container.environment."A=B": the name must have only printable characters of ASCII, without spaces and =',
    ),
    (
        [("container.secrets", {"A B": SECRETS[0]})],
        'container.secrets."A B": the name must have only printable characters of ASCII, without spaces and =',
    ),
    (
        [("container.environment", {"DB_PASSWORD": "x"})],
        (
            "container.environment.DB_PASSWORD: looks like a secret: put it into Secrets Manager or SSM, and its ARN "
            'under [container.secrets]; if it is none, name it in [container]: plain = ["DB_PASSWORD"]'
        ),
    ),
    (
        [("container", {"environment": {"A_TOKEN": "x", "B_TOKEN": "y"}, "plain": ["A_TOKEN"]})],
        (
            "container.environment.B_TOKEN: looks like a secret: put it into Secrets Manager or SSM, and its ARN "
            'under [container.secrets]; if it is none, name it in [container]: plain = ["A_TOKEN", "B_TOKEN"]'
        ),
    ),
    (
        [("container", {"environment": {"A_TOKEN": "true"}, "plain": ["A_TOKENS"]})],
        (
            'container.plain[0] = "A_TOKENS": must be the name of a variable in container.environment; did you mean '
            "A_TOKEN?"
        ),
    ),
    (
        [("container.environment", {"A": "1"}), ("container.secrets", {"A": SECRETS[0]})],
        "container.environment.A: is in [container.secrets] too: remove one of the two",
    ),
    (
        [("container.cpu", 300)],
        (
            "container.cpu = 300: Fargate offers 256, 512, 1024, 2048, 4096, 8192, 16384 or 32768 CPU units (1024 are "
            "one vCPU)"
        ),
    ),
    (
        [("container.memory_mib", 4096)],
        (
            "container.memory_mib = 4096: 256 CPU units go with 512, 1024 or 2048 MiB; 4096 MiB goes with 512, 1024 or "
            "2048 CPU units"
        ),
    ),
    (
        [("container.cpu_architecture", "arm64")],
        'container.cpu_architecture = "arm64": must be "X86_64" or "ARM64"',
    ),
    *((changes, message) for changes, message in OF_THE_PROCESS),
    ([("release.before", "migrate")], 'release.before = "migrate": must be a list in square brackets'),
    ([("release.before", ["migrate", 1])], 'release.before[1] = 1: must be text in quotes, "1"'),
    (
        [("release.before", ["a\0b"])],
        (
            'release.before[0] = "a\\u0000b": must not contain U+0000 CONTROL CHARACTER, which ends every argument '
            "of a command"
        ),
    ),
    (
        [("cluster.container_insights", "on")],
        'cluster.container_insights = "on": must be "disabled", "enabled" or "enhanced"',
    ),
    (
        [("permissions_boundary_arn", POLICY.replace("1", "2") + "x")],
        (
            f'permissions_boundary_arn = "{POLICY.replace("1", "2")}x": must be a policy of the roles\' own account, '
            "111111111111, or one of AWS"
        ),
    ),
    (
        [("permissions_boundary_arn", POLICY.replace("aws", "aws-cn") + "x")],
        (
            f'permissions_boundary_arn = "{POLICY.replace("aws", "aws-cn")}x": must begin with arn:aws:, as every ARN '
            "in eu-west-1"
        ),
    ),
    (
        [("logs.kms_key_arn", KEY.replace("eu-west-1", "eu-west-2"))],
        (
            f'logs.kms_key_arn = "{KEY.replace("eu-west-1", "eu-west-2")}": must be a key of the logs\' own region, '
            "eu-west-1"
        ),
    ),
    (
        [("backend", S3 | {"key": "security.tfstate"})],
        (
            "remote_state.security.backend: s3://states/security.tfstate is this stack's own state too, and would be "
            "overwritten: each needs its own"
        ),
    ),
    (
        [("remote_state.security.workspace", "a"), ("remote_state.security.backend", REMOTE)],
        (
            'remote_state.security.workspace = "a": a remote backend names its workspace itself, as backend.workspace: '
            "remove this key"
        ),
    ),
    (
        [("remote_state.security.workspace", "a"), ("remote_state.security.backend", LOCAL | {"path": "b"})],
        (
            'remote_state.security.workspace = "a": only an S3 backend has workspaces: remove this key, and let '
            "backend.path name the file"
        ),
    ),
    (
        [("remote_state.security.outputs", {"app_security_group": "x"})],
        (
            'remote_state.security.outputs.app_security_group = "x": is not read from this module, only '
            "app_security_group_id and app_security_group_ids; did you mean app_security_group_id?"
        ),
    ),
    (
        [("remote_state.loadbalancing.outputs", {"x": "y"})],
        (
            'remote_state.loadbalancing.outputs.x = "y": is not read from this module, only target_group_arn and '
            "alb_dns_name"
        ),
    ),
    (
        [("remote_state.networking.outputs", {"x": "y"})],
        (
            'remote_state.networking.outputs.x = "y": is not read from this module, only vpc_id, public_subnet_ids and '
            "private_subnet_ids"
        ),
    ),
    (
        [("remote_state.security.outputs", {"app_security_group_id": "a + b"})],
        (
            'remote_state.security.outputs.app_security_group_id = "a + b": must be the name of an output, which '
            '.name, ["key"], [0] and [*] may follow, also within values(…), keys(…), flatten(…), tolist(…) and '
            'split(",", …)'
        ),
    ),
    (
        [("remote_state.networking.outputs", {"private_subnet_ids": "a"})],
        (
            'remote_state.networking.outputs.private_subnet_ids = "a": is read only with network.assign_public_ip = '
            "false: set that, or name public_subnet_ids"
        ),
    ),
    (
        [
            ("cluster", {"name": "shared"}),
            ("remote_state.cluster", {"backend": {"type": "local", "path": "compute.tfstate"}}),
        ],
        'remote_state.cluster: says which cluster it is, and so does cluster.name = "shared": remove one',
    ),
    (
        [("remote_state.security.outputs", {"app_security_group_id": "a", "app_security_group_ids": "b"})],
        (
            'remote_state.security.outputs.app_security_group_id = "a": is not read beside app_security_group_ids: '
            "name the group there, or remove that"
        ),
    ),
    (
        [("service.api_url", "https://a:99999/b")],
        'service.api_url = "https://a:99999/b": the port must be from 1 to 65535, not 99999',
    ),
    (
        [("provider.assume_role_arn", f"{ROLE}ci".replace("1", "2"))],
        (
            'provider.assume_role_arn = "arn:aws:iam::222222222222:role/ci": must be a role of the account that is '
            "deployed to, 111111111111"
        ),
    ),
    (
        [("provider.assume_role_arn", f"{ROLE}ci".replace("aws", "aws-cn"))],
        (
            'provider.assume_role_arn = "arn:aws-cn:iam::111111111111:role/ci": must begin with arn:aws:, as every ARN '
            "in eu-west-1"
        ),
    ),
    (
        [("provider.assume_role_arn", "ci")],
        'provider.assume_role_arn = "ci": must be the ARN of an IAM role, arn:aws:iam::<account>:role/<name>',
    ),
    (
        [("provider.external_id", "a1")],
        'provider.external_id = "a1": is of no use without provider.assume_role_arn: name the role, or remove this',
    ),
    (
        [("provider.session_name", "a1")],
        'provider.session_name = "a1": is of no use without provider.assume_role_arn: name the role, or remove this',
    ),
    (
        [("container.secrets_kms_key_arns", [KEY])],
        (
            f'container.secrets_kms_key_arns[0] = "{KEY}": there is no secret in eu-west-1, the key\'s region, under '
            "[container.secrets]: remove it"
        ),
    ),
    (
        [("container.secrets", {"DB": f"{PARAMETER}db"}), ("container.secrets_kms_key_arns", [IN_CHINA])],
        f'container.secrets_kms_key_arns[0] = "{IN_CHINA}": must begin with arn:aws:, as every ARN in eu-west-1',
    ),
    (
        [("container.secrets", {"DB": f"{PARAMETER}db"}), ("container.secrets_kms_key_arns", [KEY, KEY])],
        f'container.secrets_kms_key_arns[1] = "{KEY}": is there twice: remove it',
    ),
    (
        [("container.secrets_kms_key_arns", ["alias/secrets"])],
        (
            'container.secrets_kms_key_arns[0] = "alias/secrets": must be the ARN of a KMS key, not of an alias: '
            "arn:aws:kms:<region>:<account>:key/<key id>"
        ),
    ),
    (
        [("image.registry_id", "12345")],
        'image.registry_id = "12345": must be an AWS account id: 12 digits in quotes',
    ),
    (
        [("image.region", "eu-wets-1")],
        'image.region = "eu-wets-1": must be the name of an AWS region; did you mean eu-west-1?',
    ),
    (
        [("image.region", "cn-north-1")],
        'image.region = "cn-north-1": must be a region of the partition aws, as eu-west-1 is',
    ),
    (
        [("network.assign_public_ip", "no")],
        'network.assign_public_ip = "no": must be true or false, without quotes',
    ),
    (
        [("tags", {"Release-Verdict": "x"})],
        'tags.Release-Verdict = "x": is the tag in which a deployment notes what became of it: remove it',
    ),
    (
        [("tags", {"Environment": "x", "environment": "y"})],
        'tags.environment = "y": another tag differs only in upper and lower case, and IAM allows only one of them',
    ),
    ([("tags", {"a": "AWS:x"})], 'tags.a = "AWS:x": the prefix aws: is reserved for AWS: remove it'),
    ([("tags", {"aws:a": "x"})], 'tags."aws:a" = "x": the prefix aws: is reserved for AWS: remove it'),
    (
        [("tags", {"a": "x", "A": "y"})],
        'tags.A = "y": another tag differs only in upper and lower case, and IAM allows only one of them',
    ),
    ([("tags", {"": "x"})], 'tags."" = "x": must have a key of 1 to 128 and a value of 0 to 256 characters'),
    (
        [("tags", {"k" * 129: "x"})],
        f'tags.{"k" * 80}… = "x": must have a key of 1 to 128 and a value of 0 to 256 characters',
    ),
    (
        [("tags", {"k": "v" * 257})],
        f'tags.k = "{"v" * 79}…: must have a key of 1 to 128 and a value of 0 to 256 characters',
    ),
    (
        [("tags", {f"k{at}": "x" for at in range(47)})],
        (
            "tags = { … }: must have 46 tags at most, not 47: AWS allows 50 of a resource, to which the stack adds "
            "environment, service, managed-by, release-verdict"
        ),
    ),
    (
        [("tags", {f"k{at}": "x" for at in range(48)} | {"Service": "x", "MANAGED-BY": "y"})],
        (
            "tags = { … }: must have 48 tags at most, not 50: AWS allows 50 of a resource, to which the stack adds "
            "environment, release-verdict"
        ),
    ),
    (
        [("service.name", "a" * 51)],
        (
            f'service.name = "{"a" * 51}": the IAM role would be {"a" * 51}-dev-execution, 65 characters, and AWS '
            "allows 64: shorten this, or the file's name, by 1"
        ),
    ),
]


@pytest.mark.parametrize(("changes", "message"), MESSAGES, ids=[message[:60] for _, message in MESSAGES])
def test_message(changes: list[Change], message: str) -> None:
    """Where, what, and what would be right, in one sentence that can be acted on."""
    assert told(*changes) == [message]


ALARMS: Change = ("alarms.enabled", True)
NIGHT = {"name": "night", "expression": "cron(0 20 ? * MON-FRI *)", "min_capacity": 0}
NO_TASKS: Change = ("scaling.min_capacity", 0)
OF_A_TOPIC = "must be the ARN of an SNS topic, arn:aws:sns:<region>:<account>:<name>"
NO_TOPIC = f"{OF_A_TOPIC}, and of no FIFO topic, which takes no alarms"
NO_ALARM = "must be the name of an alarm, 1 to 255 characters"
OF_ALARMS: list[tuple[list[Change], str]] = [
    ([("alarms.notify", "ops")], f'alarms.notify = "ops": {NO_TOPIC}'),
    ([("alarms.notify", f"{TOPIC}.fifo")], f'alarms.notify = "{TOPIC}.fifo": {NO_TOPIC}'),
    ([("alarms.notify", f"{TOPIC}:9-9")], f'alarms.notify = "{TOPIC}:9-9": {NO_TOPIC}'),
    (
        [("alarms.notify", TOPIC.replace("eu-west-1", "eu-west-2"))],
        (
            f'alarms.notify = "{TOPIC.replace("eu-west-1", "eu-west-2")}": must be a topic of the alarms\' own region, '
            "eu-west-1"
        ),
    ),
    (
        [("alarms.notify", TOPIC.replace("aws", "aws-cn"))],
        f'alarms.notify = "{TOPIC.replace("aws", "aws-cn")}": must begin with arn:aws:, as every ARN in eu-west-1',
    ),
    (
        [("alarms.roll_back", ["latency"])],
        "alarms.roll_back = [ … ]: needs the stack's own alarms: set alarms.enabled = true, or remove this",
    ),
    (
        [ALARMS, ("alarms.leave_out", ["latency"]), ("alarms.roll_back", ["cpu", "latency"])],
        'alarms.roll_back[1] = "latency": is among alarms.leave_out: remove it there or here',
    ),
    ([("alarms.roll_back_alarm_names", [""])], f'alarms.roll_back_alarm_names[0] = "": {NO_ALARM}'),
    (
        [("alarms.roll_back_alarm_names", ["a" * 256])],
        f'alarms.roll_back_alarm_names[0] = "{"a" * 79}…: {NO_ALARM}',
    ),
    (
        [("alarms.roll_back_alarm_names", ["a\tb"])],
        (
            'alarms.roll_back_alarm_names[0] = "a\\tb": must not contain U+0009 CONTROL CHARACTER, which no alarm\'s '
            "name has"
        ),
    ),
    (
        [("alarms.roll_back_alarm_names", ["a\x7f"])],
        (
            'alarms.roll_back_alarm_names[0] = "a\x7f": must not contain U+007F CONTROL CHARACTER, which no alarm\'s '
            "name has"
        ),
    ),
    ([("alarms.server_errors_percent", 0)], "alarms.server_errors_percent = 0: must be a number above 0, up to 100"),
    ([("alarms.cpu_percent", 100.5)], "alarms.cpu_percent = 100.5: must be a number above 0, up to 100"),
    ([("alarms.memory_percent", -1)], "alarms.memory_percent = -1: must be a number above 0, up to 100"),
    ([("alarms.latency_seconds", 0)], f"alarms.latency_seconds = 0: must be a number above 0, up to {MAX_INT32}"),
    (
        [("alarms.latency_seconds", MAX_INT32 + 1)],
        f"alarms.latency_seconds = {MAX_INT32 + 1}: must be a number above 0, up to {MAX_INT32}",
    ),
    ([("alarms.datapoints_to_alarm", 0)], "alarms.datapoints_to_alarm = 0: must be an integer from 1 to 1440"),
    (
        [("alarms.datapoints_to_alarm", 1441)],
        "alarms.datapoints_to_alarm = 1441: must be an integer from 1 to 1440",
    ),
    (
        [("alarms.evaluation_periods", 0), ("alarms.datapoints_to_alarm", 1)],
        "alarms.evaluation_periods = 0: must be an integer from 1 to 1440",
    ),
    ([("alarms.evaluation_periods", 1441)], "alarms.evaluation_periods = 1441: must be an integer from 1 to 1440"),
    (
        [("alarms.datapoints_to_alarm", 6)],
        "alarms.datapoints_to_alarm = 6: must be 5 or less, since alarms.evaluation_periods = 5",
    ),
    (
        [ALARMS, NO_TASKS, ("alarms.leave_out", ["crash_loop"])],
        (
            "alarms.leave_out = [ … ]: must have missing_tasks: scaling goes down to no task, and without "
            "cluster.container_insights no number of tasks is too small"
        ),
    ),
    (
        [ALARMS, ("scaling.schedule", [NIGHT]), ("alarms.leave_out", ["missing_tasks"])],
        (
            "alarms.leave_out = [ … ]: must have crash_loop: scaling goes down to no task, and without "
            "cluster.container_insights no number of tasks is too small"
        ),
    ),
]


@pytest.mark.parametrize(("changes", "message"), OF_ALARMS, ids=[message[:60] for _, message in OF_ALARMS])
def test_alarms_that_are_refused(changes: list[Change], message: str) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    assert told(*changes) == [message]


@pytest.mark.parametrize("kind", ["missing_tasks", "server-errors"])
def test_what_takes_a_deployment_back(kind: str) -> None:
    """An alarm of the list; how many tasks run is the circuit breaker's business."""
    (problem,) = told(ALARMS, ("alarms.roll_back", [kind]))
    assert problem.startswith(f'alarms.roll_back[0] = "{kind}": ')


OTHERS_KEY = KEY.replace("111111111111", "222222222222")
EXTERNAL_ID = "must be 2 to 1224 letters, digits and _ + = , . @ : / -"
SESSION_NAME = "must be 2 to 64 letters, digits and _ + = , . @ -"
WITH_ROLE = ("provider.assume_role_arn", f"{ROLE}ci")
PRIVATE = ("network.assign_public_ip", False)
OF_A_ROLE = [
    *(("external_id", value, EXTERNAL_ID) for value in ("", "a", "a" * 1225, "a b", "a*", "é1")),
    *(("session_name", value, SESSION_NAME) for value in ("", "a", "a" * 65, "a b", "a/b", "a:b")),
]


@pytest.mark.parametrize(("key", "value", "remedy"), OF_A_ROLE)
def test_what_goes_with_a_role_is_refused(key: str, value: str, remedy: str) -> None:
    """AWS Security Token Service API Reference, AssumeRole."""
    (problem,) = told(WITH_ROLE, (f"provider.{key}", value))
    assert problem.startswith(f"provider.{key} = ")
    assert f": {remedy}" in problem


TAKEN: list[list[Change]] = [
    [("container.ulimits", [{"name": "memlock", "soft_limit": -1, "hard_limit": -1}])],
    [("container.ulimits", [{"name": "memlock", "soft_limit": 5, "hard_limit": -1}])],
    [("container.ulimits", [NOFILE | {"soft_limit": 1024}, NOFILE | {"name": "stack"}])],
    [("container.health_check", {"command": ["CMD", "", "a"], "interval_seconds": 5, "timeout_seconds": 60})],
    [("container.health_check", {"command": ["CMD-SHELL", "a", "b"], "interval_seconds": 300, "timeout_seconds": 2})],
    [("container.health_check", {"command": ["CMD", "a"], "retries": 1, "start_period_seconds": 300})],
    [("container.health_check", {"command": ["CMD", "a"], "retries": 10, "start_period_seconds": 0})],
    [WITH_ROLE, ("provider.external_id", "a" * 2), ("provider.session_name", "a" * 64)],
    [WITH_ROLE, ("provider.external_id", "a" * 1224), ("provider.session_name", "a" * 2)],
    [WITH_ROLE, ("provider.external_id", "aZ0_+=,.@:/-"), ("provider.session_name", "aZ0_+=,.@-")],
    [("container.secrets", {"DB": f"{PARAMETER}db"}), ("container.secrets_kms_key_arns", [KEY, OTHERS_KEY])],
    [PRIVATE],
    [PRIVATE, ("remote_state.networking.outputs", {"private_subnet_ids": "a"})],
    [PRIVATE, ("remote_state.networking.outputs", {"public_subnet_ids": "a"})],
    [("remote_state.networking.outputs", {"private_subnet_ids": "a", "public_subnet_ids": "b"})],
    [("remote_state.security.outputs", {"app_security_group_ids": ["a", "b.c"]})],
    [("tags", {"k" * 128: "v" * 256, "é": "ü 1", "_.:/=+-@": "_.:/=+-@", "a": ""})],
    [("tags", {f"k{at}": "x" for at in range(46)})],
    [("tags", {f"k{at}": "x" for at in range(46)} | {"Environment": "x", "Service": "y", "managed-by": "z"})],
    [("service.name", "a" * 50)],
    [("task_role.statements", [STATEMENT | {"sid": "A9"}, STATEMENT | {"sid": "a9"}, STATEMENT, STATEMENT])],
    [("task_role.statements", [STATEMENT | {"effect": "Deny", "actions": ["*"]}])],
    [("container.environment", {"_": "1", "A_1": "", "a": "x", "Z9": "y", "1A": "1", "-": "1", '!"~': "1"})],
    [("remote_state.security.outputs", {"app_security_group_id": "a-b_1"})],
    [("remote_state.security.outputs", {"app_security_group_id": 'groups["app"].id'})],
    [("remote_state.security.workspace", "blue")],
    [("service.enable_execute_command", True), ("container.readonly_root_filesystem", False)],
    [("service.enable_execute_command", True), ("container.scratch_volumes", ["/var/lib/amazon/ssm"])],
    [("container.scratch_volumes", ["/tmp", "/a b/..c/.d", "/tmp/a"]), ("container.efs_volumes", [EFS])],
    [("container.efs_volumes", [EFS, EFS | {"mount_path": "/other", "read_only": True}])],
    [("container.efs_volumes", [EFS | {"file_system_id": "fs-01234567", "access_point_id": f"fsap-{'f' * 40}"}])],
    [
        (
            "container",
            {"environment": {"A_TOKEN": "x", "KEY": f"-----BEGIN {''}PRIVATE KEY-----"}, "plain": ["A_TOKEN", "KEY"]},
        )
    ],
    [("permissions_boundary_arn", "arn:aws:iam::aws:policy/x")],
    [("release.before", ["/api", "", "ü $(x) ${y}", "*"])],
    [("alarms.notify", TOPIC.replace("111111111111", "222222222222"))],
    [("alarms.notify", f"{TOPIC}-_{'x' * 251}")],
    [("alarms.roll_back_alarm_names", ["a", "a" * 255, "ü ${x} %{y}", "~ a"])],
    [ALARMS, ("alarms.roll_back", ["server_errors", "latency", "unhealthy_targets", "cpu", "memory"])],
    [
        ALARMS,
        (
            "alarms.leave_out",
            ["server_errors", "latency", "unhealthy_targets", "cpu", "memory", "missing_tasks", "crash_loop"],
        ),
    ],
    [("alarms.evaluation_periods", 1), ("alarms.datapoints_to_alarm", 1), ("alarms.latency_seconds", MAX_INT32)],
    [("alarms.evaluation_periods", 1440), ("alarms.datapoints_to_alarm", 1440)],
    [("alarms.latency_seconds", 0.001), ("alarms.cpu_percent", 100)],
    [ALARMS, NO_TASKS, ("cluster.container_insights", "enabled")],
    [ALARMS, NO_TASKS, ("alarms.leave_out", ["missing_tasks", "crash_loop"])],
    [("alarms.enabled", False), NO_TASKS],
]


@pytest.mark.parametrize("changes", TAKEN, ids=lambda changes: changes[0][0])
def test_what_is_taken(changes: list[Change]) -> None:
    """At the edge, and nothing is told."""
    assert told(*changes) == []


IAM_QUOTA = "characters without white space, and IAM allows 10240 of all inline policies of a role"
ECS_QUOTA = "bytes, and ECS allows 65536 of a task definition"


def test_more_secrets_than_a_policy_can_name() -> None:
    """White space is not counted, nor a second key of the same secret; the message has what was found and the limit.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    names = [f"orders/{'x' * 20}/{at:03}" for at in range(110)]
    assert told(("container.secrets", {f"S{name[-3:]}": f"{SECRET}{name}-AbCdEf:key::" for name in names[:90]})) == []
    assert told(("container.secrets", {f"S{at}": f"{SECRET}one-AbCdEf:key{at}::" for at in range(200)})) == []
    assert told(("container.secrets", {f"S{name[-3:]}": f"{SECRET}{name}-AbCdEf" for name in names})) == [
        (
            f"container.secrets: the list of 110 secrets in the execution role's policy has 10341 {IAM_QUOTA}: several "
            "values can be keys of one secret, <ARN>:<key>::"
        )
    ]


def test_more_statements_than_a_policy_can_have() -> None:
    """By what they name; Terraform counts the whole policy at plan."""
    statement = STATEMENT | {"resources": [f"arn:aws:s3:::{'b' * 87}"]}
    assert told(("task_role.statements", [statement] * 80)) == []
    (problem,) = told(("task_role.statements", [statement] * 100))
    assert problem.startswith("task_role.statements: what the statements name in the task role's policy has 12")
    assert IAM_QUOTA in problem
    for text in (" " * 20_000, "\u00fc" * 9_000):  # white space does not count, and a letter is one character
        assert told(("task_role.statements", [STATEMENT | {"conditions": {"Bool": {"a": [text]}}}])) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("environment", {"A": "\u00fc" * 33_000}), ("secrets", {f"{'S' * 1000}{at}": SECRETS[0] for at in range(66)})],
)
def test_a_container_that_no_task_definition_can_hold(key: str, value: dict[str, str]) -> None:
    """In bytes, not characters, and by the larger of the two; what is just below may pass.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
    """
    (problem,) = told((f"container.{key}", value))
    assert re.match(rf"container\.{key}: the container alone takes [67]\d{{4}} bytes", problem)
    assert problem.endswith(ECS_QUOTA)
    assert told(("container.environment", {"A": "u" * 64_900})) == []


LONG = "x" * 66_000


@pytest.mark.parametrize(
    ("key", "container"),
    [
        ("docker_labels", {"docker_labels": {"a": LONG}}),
        ("command", {"command": [LONG]}),
        ("entry_point", {"entry_point": [LONG]}),
        ("working_directory", {"working_directory": f"/{LONG}"}),
        ("health_check", {"health_check": {"command": ["CMD", LONG]}}),
        ("scratch_volumes", {"scratch_volumes": [f"/{LONG}"]}),
        ("efs_volumes", {"efs_volumes": [EFS | {"mount_path": f"/{LONG}"}]}),
        (
            "awsfirelens",
            {
                "awsfirelens": {"options": {"a": LONG}},
                "sidecars": [{"name": "r", "image": "r", "firelens": {"type": "fluentbit"}}],
            },
        ),
        (
            "sidecars[0].firelens",
            {
                "awsfirelens": {},
                "sidecars": [{"name": "r", "image": "r", "firelens": {"type": "fluentbit", "options": {"a": LONG}}}],
            },
        ),
        (
            "sidecars[0].health_check",
            {"sidecars": [{"name": "r", "image": "r", "health_check": {"command": ["CMD", LONG]}}]},
        ),
    ],
)
def test_what_makes_a_container_too_large(key: str, container: dict[str, Any]) -> None:
    """Whatever it is, it is the key to shorten."""
    (problem,) = told(("container", container))
    assert re.match(rf"container\.{re.escape(key)}: the containers? alone takes? 6\d{{4}} bytes", problem)


def test_how_large_a_container_is() -> None:
    """As ECS gets it: with the whole name of its image, whose digest and tag are known only at plan."""
    digest = f"sha256:{'0' * 64}"
    document = {
        "name": "go-api",
        "image": f"111111111111.dkr.ecr.eu-west-1.amazonaws.com/go-api@{digest}",
        "essential": True,
        "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
        "environment": [{"name": "A", "value": LONG}, {"name": "PORT", "value": "8080"}],
        "user": "65532",
        "readonlyRootFilesystem": True,
        "stopTimeout": 30,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": "/ecs/go-api-dev",
                "awslogs-region": "eu-west-1",
                "awslogs-stream-prefix": "go-api",
            },
        },
        "dockerLabels": {"org.opencontainers.image.ref.name": "1"},
    }
    (problem,) = told(("container.environment", {"A": LONG}))
    assert f"takes {len(json.dumps(document, separators=(',', ':')))} bytes" in problem


@pytest.mark.parametrize("character", ["*", "#", "\t", "\u00a9", "€", "…"])
def test_a_tag_has_only_some_characters(character: str) -> None:
    """In its key and in its value."""
    for tags in ({character: "x"}, {"x": character}):
        (problem,) = told(("tags", tags))
        assert problem.startswith("tags.")
        assert ": a tag must have only letters, digits, spaces and _ . : / = + - @, not U+" in problem
