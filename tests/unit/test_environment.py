from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stacks.settings import PARTITION_OF_REGION, Environment, SettingsError, load_environment, load_environments
from stacks.settings.messages import problems_of
from stacks.settings.tables.deployment import Deployment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
ARABIC_DIGITS = "\u0661" * 12
KEY_ID = "12345678-1234-4234-9234-123456789012"
MINIMAL = """\
account_id = "111111111111"
region = "eu-west-1"
service = { name = "go-api" }
image = { repository = "go-api" }
backend = { type = "s3", bucket = "states", key = "go-api.tfstate", region = "eu-west-1" }
"""
MODULES = """
[remote_state.networking]
backend = { type = "s3", bucket = "states", key = "networking.tfstate", region = "eu-west-1" }
[remote_state.security]
backend = { type = "s3", bucket = "states", key = "security.tfstate", region = "eu-west-1" }
[remote_state.loadbalancing]
backend = { type = "s3", bucket = "states", key = "loadbalancing.tfstate", region = "eu-west-1" }
"""


def environment_file(directory: Path, text: str = "", *, name: str = "dev.toml", without: str = "\n") -> Path:
    """A valid file but for `text`; the line that begins with `without` is taken out."""
    lines = [line for line in MINIMAL.splitlines() if not line.startswith(without)]
    file = directory / name
    file.write_text("\n".join(lines) + f"\n{text}\n" + MODULES, encoding="utf-8")
    return file


def refusal_of(file: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load_environment(file)
    return str(caught.value)


@dataclass(frozen=True)
class Bad:
    """A fragment of TOML, and the problem's key, value and remedy as they must be told."""

    toml: str
    key: str
    value: str
    remedy: str
    without: str = "\n"


BAD = [
    Bad('account_id = "1111"', "account_id", '"1111"', "12 digits in quotes", "account_id"),
    Bad("account_id = 111111111111", "account_id", "111111111111", "text in quotes", "account_id"),
    Bad(f'account_id = "{ARABIC_DIGITS}"', "account_id", f'"{ARABIC_DIGITS}"', "12 digits", "account_id"),
    Bad('region = "eu-wets-1"', "region", '"eu-wets-1"', "eu-west-1", "region"),
    Bad('region = "us-esat-1"', "region", '"us-esat-1"', "us-east-1", "region"),
    Bad('region = "eu-west-11"', "region", '"eu-west-11"', "eu-west-1", "region"),
    Bad('region = "EU-WEST-1"', "region", '"EU-WEST-1"', "eu-west-1", "region"),
    Bad('region = "eu-west-1a"', "region", '"eu-west-1a"', "eu-west-1", "region"),
    Bad('region = "Ireland"', "region", '"Ireland"', "such as eu-west-1", "region"),
    Bad('tags = { "aws:team" = "a" }', 'tags."aws:team"', '"a"', "the prefix aws:"),
    Bad('tags = { "AWS:team" = "a" }', 'tags."AWS:team"', '"a"', "the prefix aws:"),
    Bad('tags = { release-verdict = "x" }', "tags.release-verdict", '"x"', "a deployment notes what became of it"),
    Bad('tags = { team = "a", Team = "b" }', "tags.Team", '"b"', "upper and lower case"),
    Bad('tags = { team = "a*b" }', "tags.team", '"a*b"', "letters, digits, spaces"),
    Bad('tags = { __proto__ = "a" }', "tags.__proto__", '"a"', "must not be __proto__"),
    Bad('tags = { team = "a\u200bb" }', "tags.team", r'"a\u200bb"', "not U+200B ZERO WIDTH SPACE"),
    Bad('tags = { "" = "a" }', 'tags.""', '"a"', "1 to 128"),
    Bad("tags = { team = 3 }", "tags.team", "3", "text in quotes"),
    Bad('tags = "team"', "tags", '"team"', "a table"),
    Bad(
        'permissions_boundary_arn = "arn:aws:iam::111111111111:role/x"',
        "permissions_boundary_arn",
        '"arn:aws:iam::111111111111:role/x"',
        ":policy/<name>",
    ),
    Bad(
        'permissions_boundary_arn = "arn:aws:iam::222222222222:policy/x"',
        "permissions_boundary_arn",
        '"arn:aws:iam::222222222222:policy/x"',
        "own account, 111111111111",
    ),
    Bad(
        'permissions_boundary_arn = "arn:aws-cn:iam::111111111111:policy/x"',
        "permissions_boundary_arn",
        '"arn:aws-cn:iam::111111111111:policy/x"',
        "begin with arn:aws:",
    ),
    Bad(
        'region = "eu\u2013west\u20131"',
        "region",
        '"eu\u2013west\u20131"',
        "such as eu-west-1, not U+2013 EN DASH",
        "region",
    ),
    Bad(
        'service = { name = "go-\u0430pi" }',
        "service.name",
        '"go-\u0430pi"',
        "not U+0430 CYRILLIC SMALL LETTER A",
        "service",
    ),
    Bad('service = { name = "" }', "service.name", '""', "not beginning with -", "service"),
    Bad('service = { name = "go api" }', "service.name", '"go api"', "letters, digits, - and _", "service"),
    Bad('service = { name = "-api" }', "service.name", '"-api"', "not beginning with -", "service"),
    Bad(
        '[service]\nname = "a"\nfargate_spot_percent = 101',
        "service.fargate_spot_percent",
        "101",
        "0 to 100",
        "service",
    ),
    Bad(
        '[service]\nname = "a"\napi_url = "api.example.com"', "service.api_url", '"api.example.com"', "a URL", "service"
    ),
    Bad(
        '[service]\nname = "a"\napi_url = "https://a.example/"',
        "service.api_url",
        '"https://a.example/"',
        "a URL",
        "service",
    ),
    Bad('image = { repository = "Go-Api" }', "image.repository", '"Go-Api"', "lower-case", "image"),
    Bad(
        '[service]\nname = "a"\napi_url = "https://a.example:0"',
        "service.api_url",
        '"https://a.example:0"',
        "the port must be from 1 to 65535, not 0",
        "service",
    ),
    Bad(
        '[service]\nname = "a"\napi_url = "https://a.example:65536"',
        "service.api_url",
        '"https://a.example:65536"',
        "the port must be from 1 to 65535, not 65536",
        "service",
    ),
    *[
        Bad(
            f'image = {{ repository = "{host}/team/go-api" }}',
            "image.repository",
            f'"{host}/team/go-api"',
            "the repository's name alone, such as team/go-api, without the registry's host",
            "image",
        )
        for host in (
            "111111111111.dkr.ecr.eu-west-1.amazonaws.com",
            "111111111111.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
            "222222222222.dkr.ecr.cn-north-1.amazonaws.com.cn",
            "111111111111.dkr-ecr.eu-west-1.on.aws",
        )
    ],
    Bad('image = { repository = "a" }', "image.repository", '"a"', "2 to 256", "image"),
    Bad(f'image = {{ repository = "{"a" * 257}" }}', "image.repository", '"' + "a" * 79, "2 to 256", "image"),
    Bad('image = { repository = "a:b" }', "image.repository", '"a:b"', "without registry and tag", "image"),
    Bad('[image]\nrepository = "go-api"\ndefault_tag = ".x"', "image.default_tag", '".x"', "1 to 128", "image"),
    Bad(
        '[image]\nrepository = "go-api"\ndefault_tag = "latest"\nrequire_commit_sha_tag = true',
        "image.default_tag",
        '"latest"',
        "must be a commit SHA",
        "image",
    ),
    Bad("[container]\nport = 0", "container.port", "0", "from 1 to 65535"),
    Bad("[container]\nport = 65536", "container.port", "65536", "from 1 to 65535"),
    Bad('[container]\nport = "8080"', "container.port", '"8080"', "an integer, without quotes"),
    Bad("[container]\nport = 8080.0", "container.port", "8080.0", "an integer"),
    Bad('[container]\ncpu = "256"', "container.cpu", '"256"', "an integer, without quotes"),
    Bad("[container]\ncpu = 300", "container.cpu", "300", "256, 512, 1024, 2048, 4096, 8192, 16384 or 32768"),
    Bad("[container]\nmemory_mib = true", "container.memory_mib", "true", "an integer"),
    Bad("[container]\ncpu = 512\nmemory_mib = 512", "container.memory_mib", "512", "1024, 2048, 3072 or 4096 MiB"),
    Bad("[container]\ncpu = 1024", "container.memory_mib", "512", "1024 CPU units go with 2048"),
    Bad('[container]\ncpu_architecture = "arm64"', "container.cpu_architecture", '"arm64"', '"X86_64" or "ARM64"'),
    Bad('[container]\nuser = "a b"', "container.user", '"a b"', '"65532:65532"'),
    Bad(
        '[container]\nreadonly_root_filesystem = "yes"', "container.readonly_root_filesystem", '"yes"', "true or false"
    ),
    Bad("[container]\nreadonly_root_filesystem = 1", "container.readonly_root_filesystem", "1", "true or false"),
    Bad("[container]\nstop_timeout_seconds = 121", "container.stop_timeout_seconds", "121", "from 0 to 120"),
    Bad("[container]\nstop_timeout_seconds = -1", "container.stop_timeout_seconds", "-1", "from 0 to 120"),
    Bad('[container.environment]\nPORT = "80"', "container.environment.PORT", "", "is set by container.port"),
    Bad('[container.environment]\n"A=B" = "80"', 'container.environment."A=B"', "", "without spaces and ="),
    Bad('[container.environment]\n"" = "80"', 'container.environment.""', "", "without spaces and ="),
    Bad('[container.environment]\n"\u0410" = "1"', 'container.environment."\u0410"', "", "not U+0410 CYRILLIC CAPITAL"),
    Bad(
        '[container.environment]\nA = "a\\u0000b"',
        "container.environment.A",
        "",
        "not contain U+0000 CONTROL CHARACTER",
    ),
    Bad("[container.environment]\nLEVEL = 3", "container.environment.LEVEL", "", "text in quotes"),
    Bad('[container.secrets]\nKEY = "plain"', "container.secrets.KEY", "", "must be the ARN of a secret"),
    Bad(
        '[container.secrets]\nPORT = "arn:aws:ssm:eu-west-1:111111111111:parameter/x"',
        "container.secrets.PORT",
        "",
        "is set by container.port",
    ),
    Bad(
        '[container.secrets]\nA = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:x-AbCdEf:user"',
        "container.secrets.A",
        "",
        "all three colons",
    ),
    Bad(
        '[container.secrets]\nA = "database"',
        "container.secrets.A",
        "",
        "the path of a parameter, such as /go-api/database",
    ),
    Bad(
        '[container.secrets]\nA = "arn:aws-cn:ssm:eu-west-1:111111111111:parameter/x"',
        "container.secrets.A",
        "",
        "begin with arn:aws:",
    ),
    Bad(
        '[container]\nenvironment = { A = "1" }\nsecrets = { A = "arn:aws:ssm:eu-west-1:111111111111:parameter/x" }',
        "container.environment.A",
        "",
        "one of the two",
    ),
    Bad(
        '[[task_role.statements]]\nactions = ["*"]\nresources = ["*"]',
        "task_role.statements[0].actions[0]",
        '"*"',
        "least privilege",
    ),
    Bad(
        '[[task_role.statements]]\nactions = ["GetObject"]\nresources = ["*"]',
        "task_role.statements[0].actions[0]",
        '"GetObject"',
        "<service>:<Action>",
    ),
    Bad(
        '[[task_role.statements]]\nactions = ["s3:GetObject"]\nresources = ["my-bucket"]',
        "task_role.statements[0].resources[0]",
        '"my-bucket"',
        "an ARN",
    ),
    Bad(
        '[[task_role.statements]]\nactions = "s3:GetObject"\nresources = ["*"]',
        "task_role.statements[0].actions",
        '"s3:GetObject"',
        "a list",
    ),
    Bad(
        '[[task_role.statements]]\nactions = []\nresources = ["*"]', "task_role.statements[0].actions", "", "one entry"
    ),
    Bad(
        '[[task_role.statements]]\nactions = ["s3:Get*"]\nresources = ["*"]\nconditions = { StringIs = { a = ["b"] } }',
        "task_role.statements[0].conditions.StringIs",
        "",
        "StringEquals",
    ),
    Bad(
        '[[task_role.statements]]\nsid = "A"\nactions = ["s3:Get*"]\nresources = ["*"]\n' * 2,
        "task_role.statements[1].sid",
        '"A"',
        "must differ from the sid of every other statement",
    ),
    Bad(
        '[service]\nname = "a"\nenable_execute_command = true\n[container]\nreadonly_root_filesystem = false\n'
        '[[task_role.statements]]\nsid = "ExecuteCommand"\nactions = ["s3:Get*"]\nresources = ["*"]',
        "task_role.statements[0].sid",
        '"ExecuteCommand"',
        "the sid of ECS Exec's own statement",
        "service",
    ),
    *[
        Bad(
            f'[[task_role.statements]]\nactions = ["s3:Get*"]\nresources = ["*", "{resource}"]',
            "task_role.statements[0].resources[1]",
            f'"{resource}"',
            remedy,
        )
        for resource, remedy in {
            "arn:aws-cn:s3:::bucket/*": "must begin with arn:aws:, as every ARN in eu-west-1",
            "arn:aws-*:s3:::bucket/*": "must begin with arn:aws:, as every ARN in eu-west-1",
            "arn:aws:sqs:eu-wets-1:111111111111:queue": "not of eu-wets-1; did you mean eu-west-1?",
            "arn:aws:sqs:cn-north-1:111111111111:queue": "a region of the partition aws, not of cn-north-1",
            "arn:aws:s3:::bu\u0441ket/*": "U+0020 to U+00FF, not U+0441 CYRILLIC SMALL LETTER ES",
        }.items()
    ],
    Bad(
        '[[task_role.statements]]\nactions = ["s3:G\u0435t*"]\nresources = ["*"]',
        "task_role.statements[0].actions[0]",
        '"s3:G\u0435t*"',
        "not U+0435 CYRILLIC SMALL LETTER IE",
    ),
    *[
        Bad(
            '[[task_role.statements]]\nactions = ["s3:Get*"]\nresources = ["*"]\n'
            f"conditions = {{ StringEquals = {{ {condition} }} }}",
            f"task_role.statements[0].conditions.StringEquals.{key}",
            "",
            "not U+0430 CYRILLIC SMALL LETTER A",
        )
        for condition, key in {
            '"\u0430ws:userid" = ["a"]': '"\u0430ws:userid"',
            'a = ["\u0430"]': "a[0]",
        }.items()
    ],
    Bad("[scaling]\nmin_capacity = -1", "scaling.min_capacity", "-1", "from 0 to 5000"),
    Bad("[scaling]\nmin_capacity = 5", "scaling.max_capacity", "4", "must be 5 or more"),
    Bad("[scaling]\ncpu_target_percent = 0", "scaling.cpu_target_percent", "0", "above 0, up to 100"),
    Bad("[scaling]\ncpu_target_percent = 101", "scaling.cpu_target_percent", "101", "above 0, up to 100"),
    Bad("[scaling]\nscale_in_cooldown_seconds = -1", "scaling.scale_in_cooldown_seconds", "-1", "of 0 or more"),
    Bad("[deployment]\nmaximum_percent = 99", "deployment.maximum_percent", "99", "of 100 or more"),
    Bad("[deployment]\nminimum_healthy_percent = 101", "deployment.minimum_healthy_percent", "101", "from 0 to 100"),
    Bad("[deployment]\nmaximum_percent = 100", "deployment.maximum_percent", "100", "to at least 200"),
    Bad(
        "scaling = { min_capacity = 3 }\n[deployment]\nmaximum_percent = 133\nminimum_healthy_percent = 67",
        "deployment.maximum_percent",
        "133",
        "Set deployment.maximum_percent to at least 134, or deployment.minimum_healthy_percent to at most 66",
    ),
    Bad(
        "[deployment]\nhealth_check_grace_period_seconds = -1",
        "deployment.health_check_grace_period_seconds",
        "-1",
        "of 0 or more",
    ),
    Bad(
        "[deployment]\nsteady_state_timeout_minutes = 0",
        "deployment.steady_state_timeout_minutes",
        "0",
        "from 1 to 10080",
    ),
    Bad("[logs]\nretention_days = 15", "logs.retention_days", "15", "14, 30, 60"),
    Bad(
        '[logs]\nkms_key_arn = "arn:aws:kms:eu-west-1:111111111111:alias/logs"',
        "logs.kms_key_arn",
        '"arn:aws:kms:eu-west-1:111111111111:alias/logs"',
        "not of an alias",
    ),
    Bad(
        f'[logs]\nkms_key_arn = "arn:aws:kms:us-east-1:111111111111:key/{KEY_ID}"',
        "logs.kms_key_arn",
        '"arn:aws:kms:us-east-1:111111111111:key/',
        "the logs' own region, eu-west-1",
    ),
    Bad('[cluster]\ncontainer_insights = "on"', "cluster.container_insights", '"on"', '"enabled" or "enhanced"'),
    Bad('cluster.container_insights = "\u0435nabled"', "cluster.container_insights", '"\u0435nabled"', "not U+0435"),
    Bad('backend = { type = "\u0455\u0417" }', "backend.type", '"\u0455\u0417"', "not U+0455 CYRILLIC", "backend"),
    Bad('backend = { type = "gcs" }', "backend.type", '"gcs"', '"s3", "local" or "remote"', "backend"),
    Bad('backend = { bucket = "states" }', "backend.type", "", '"s3", "local" or "remote"', "backend"),
    Bad('backend = "s3"', "backend", '"s3"', "a table", "backend"),
    Bad(
        'backend = { type = "s3", bucket = "states", key = "security.tfstate", region = "eu-west-1" }',
        "remote_state.security.backend",
        "",
        "s3://states/security.tfstate is this stack's own state too",
        "backend",
    ),
    *(
        Bad(
            f'backend = {{ type = "s3", bucket = "states", key = "{module}.tfstate", region = "eu-west-1" }}',
            f"remote_state.{module}.backend",
            "",
            f"s3://states/{module}.tfstate is this stack's own state too",
            "backend",
        )
        for module in ("networking", "loadbalancing")
    ),
    Bad("", "account_id", "", 'is required, such as account_id = "123456789012"', "account_id"),
    Bad("", "service", "", "the table [service] is required", "service"),
    Bad("colour = 3", "colour", "3", "no such key"),
    Bad(
        '"\u0441ontainer" = 3',
        '"\u0441ontainer"',
        "3",
        "it has U+0441 CYRILLIC SMALL LETTER ES; did you mean container?",
    ),
    Bad("[scalling]\nmin_capacity = 1", "scalling", "{ … }", "did you mean scaling?"),
    Bad("[container]\nmemory = 512", "container.memory", "512", "did you mean memory_mib?"),
    Bad("[container]\nretention_days = 1", "container.retention_days", "1", "there is logs.retention_days"),
    Bad(
        'backend = { type = "local", path = "a", bucket = "b" }',
        "backend.bucket",
        '"b"',
        "the keys here are type, path",
        "backend",
    ),
    Bad(
        '[container.environment]\nA = "a ${TfToken[TOKEN.0]}"',
        "container.environment.A",
        "",
        'must not contain "TfToken["',
    ),
    Bad(
        '[[task_role.statements]]\nactions = ["s3:Get*"]\nresources = ["*"]\n'
        'conditions = { Bool = { "#{TfToken[TOKEN.1]}" = ["b"] } }',
        'task_role.statements[0].conditions.Bool."#{TfToken[TOKEN.1]}"',
        "",
        'must not contain "TfToken["',
    ),
    Bad('tags = { team = "Any Map Token Value" }', "tags.team", "", 'must not contain "Any Map Token Value"'),
    Bad('tags = { team = "String Map Token Value" }', "tags.team", "", 'must not contain "String Map Token Value"'),
    Bad('name = "dev"', "name", "", "the environment's name is the file's, dev"),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.key + "|" + bad.toml[:40])
def test_a_wrong_value_is_refused_in_words(bad: Bad, tmp_path: Path) -> None:
    """One block, with the file, the key's path, the value and what would be right, and none of pydantic's terms."""
    file = environment_file(tmp_path, bad.toml, without=bad.without)
    text = refusal_of(file)
    shown = f"{file}: {bad.key} = {bad.value}" if bad.value else f"{file}: {bad.key}"
    assert shown in text
    assert bad.remedy in text
    assert len(text.splitlines()) == 2
    assert not re.search(r"pydantic|_type|Input should|https://errors", text)


@dataclass(frozen=True)
class ArnSetting:
    """A file with an ARN, of which one part is replaced."""

    toml: str
    without: str = "\n"
    regional: bool = True


ARN_SETTINGS = {
    "permissions_boundary_arn": ArnSetting(
        'permissions_boundary_arn = "arn:aws:iam::111111111111:policy/x"', regional=False
    ),
    "container.secrets.A": ArnSetting(
        'container.secrets.A = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:a-AbCdEf"'
    ),
    "container.secrets.B": ArnSetting('container.secrets.B = "arn:aws:ssm:eu-west-1:111111111111:parameter/x"'),
    "logs.kms_key_arn": ArnSetting(f'logs.kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:key/{KEY_ID}"'),
    "backend.role_arn": ArnSetting(
        'backend = { type = "s3", bucket = "states", key = "a", region = "eu-west-1",'
        ' role_arn = "arn:aws:iam::111111111111:role/x" }',
        "backend",
        regional=False,
    ),
    "backend.kms_key_id": ArnSetting(
        'backend = { type = "s3", bucket = "states", key = "a", region = "eu-west-1",'
        f' kms_key_id = "arn:aws:kms:eu-west-1:111111111111:key/{KEY_ID}" }}',
        "backend",
    ),
    "task_role.statements[0].resources[0]": ArnSetting(
        '[[task_role.statements]]\nactions = ["s3:Get*"]\nresources = ["arn:aws:sqs:eu-west-1:111111111111:q"]'
    ),
}


@pytest.mark.parametrize("key", ARN_SETTINGS)
def test_an_arn_is_of_this_partition_and_of_a_region_that_exists(key: str, tmp_path: Path) -> None:
    """Wherever a setting is an ARN; as it stands here, it is accepted."""
    setting = ARN_SETTINGS[key]
    load_environment(environment_file(tmp_path, setting.toml, without=setting.without))
    wrong = {"arn:aws:": ("arn:aws-cn:", "begin with arn:aws:")}
    if setting.regional:
        own = re.search(r"(\w+):eu-west-1:", setting.toml)
        assert own
        wrong[own[0]] = (f"{own[1]}:eu-wets-1:", "not of eu-wets-1; did you mean eu-west-1?")
    for right, (replacement, remedy) in wrong.items():
        toml = setting.toml.replace(right, replacement)
        text = refusal_of(environment_file(tmp_path, toml, without=setting.without))
        assert f": {key}" in text
        assert remedy in text
        assert len(text.splitlines()) == 2


GOOD = [
    "",
    'tags = { "cost centre" = "12/3 @x+y=z", "Größe" = "große" }',
    "tags = { empty = '' }",
    'permissions_boundary_arn = "arn:aws:iam::111111111111:policy/teams/boundary"',
    'permissions_boundary_arn = "arn:aws:iam::aws:policy/PowerUserAccess"',
    'container = { user = "nobody:nogroup", stop_timeout_seconds = 120, port = 65535 }',
    'container = { cpu = 16384, memory_mib = 122880, cpu_architecture = "ARM64" }',
    '[container.secrets]\nA = "arn:aws:secretsmanager:us-east-1:222222222222:secret:rds!db-1-AbCdEf:password::"',
    '[container.secrets]\nA = "arn:aws:ssm:eu-west-1:111111111111:parameter/go-api/dev/a"',
    '[[task_role.statements]]\neffect = "Deny"\nactions = ["*"]\nresources = ["*"]',
    (
        '[[task_role.statements]]\nactions = ["s3:Get*"]\nresources = ["arn:aws:s3:::b/${aws:username}/*"]\n'
        'conditions = { "ForAnyValue:StringLikeIfExists" = { "aws:PrincipalOrgPaths" = ["o-1/*"] } }'
    ),
    *[
        f'[[task_role.statements]]\nactions = ["s3:Get*"]\nresources = ["{resource}"]'
        for resource in (
            *(
                "arn:*:s3:::b/*",
                "arn:aw?:s3:::b/*",
                "arn:aws:s3:::b/*",
                "arn:aws:sqs:*:111111111111:q",
                "arn:aws:s3:::b/ö",
            ),
            *("arn:aws:sqs:us-*:222222222222:q", "arn:aws:lightsail:global:111111111111:Disk/1", "arn:aws:*:*:*:*"),
        )
    ],
    '[[task_role.statements]]\nsid = "ExecuteCommand"\nactions = ["s3:Get*"]\nresources = ["*"]',
    'container = { environment = { GREETING = "\u0430bc\u200b" } }',
    'tags = { team = "te\u0430m" }',
    "scaling = { min_capacity = 4, max_capacity = 4, scale_in_cooldown_seconds = 0 }",
    "deployment = { minimum_healthy_percent = 0, maximum_percent = 100 }",
    "scaling = { min_capacity = 2 }\ndeployment = { minimum_healthy_percent = 50, maximum_percent = 100 }",
    "logs = { retention_days = 0 }",
    f'logs = {{ kms_key_arn = "arn:aws:kms:eu-west-1:222222222222:key/mrk-{"0" * 32}" }}',
    '[container.secrets]\nA = "arn:aws:ssm:us-west-2:333333333333:parameter/a"',
    'cluster = { container_insights = "enhanced" }',
]


@pytest.mark.parametrize("toml", GOOD)
def test_what_works_is_accepted(toml: str, tmp_path: Path) -> None:
    """A false rejection is as bad as a miss."""
    load_environment(environment_file(tmp_path, toml))


@pytest.mark.parametrize(
    ("service", "image"),
    [
        ('name = "Go_Api-2"', 'repository = "team/go-api.v2"'),
        ('name = "a"\nfargate_spot_percent = 100', 'repository = "a--b__c/d"\ndefault_tag = "latest"'),
        ('name = "a"\napi_url = "https://api.example.com:8443"', 'repository = "aa"\ndefault_tag = "_x.Y-1"'),
        ('name = "a"\napi_url = "http://localhost"', 'repository = "aa"\nrequire_commit_sha_tag = true'),
        ('name = "a"', 'repository = "aa"\nrequire_commit_sha_tag = true\ndefault_tag = "3f9c2e1"'),
        ('name = "a"\napi_url = "http://a:65535"', 'repository = "docker.io/library/nginx"'),
        ('name = "a"\napi_url = "http://a:1"', 'repository = "111111111111.dkr/go-api"'),
    ],
)
def test_service_and_image_accept_what_works(service: str, image: str, tmp_path: Path) -> None:
    """Every optional key of the two, and names at the edge of what AWS allows."""
    file = environment_file(tmp_path, f"[service]\n{service}\n[image]\n{image}", without=("service"))
    file.write_text(file.read_text("utf-8").replace('image = { repository = "go-api" }\n', ""), "utf-8")
    load_environment(file)


@pytest.mark.parametrize(
    "line",
    [
        'DB_PASSWORD = "x"',
        'PGPASSWORD = "x"',
        'dbPassword = "x"',
        'MYSQL_PWD = "x"',
        'SMTP_PASS = "x"',
        'CLIENT_SECRET = "x"',
        'GITHUB_TOKEN = "x"',
        'API_TOKENS = "x"',
        'STRIPE_API_KEY = "x"',
        'STRIPE_APIKEY = "x"',
        'AWS_SECRET_ACCESS_KEY = "x"',
        'TLS_PRIVATE_KEY = "x"',
        'JWT_SIGNING_KEY = "x"',
        'GOOGLE_CREDENTIALS = "x"',
        'DB_PASSWORD_OLD = "x"',
        'SECRET = "x"',
        'DATABASE_URL = "postgres://user:x@db/name"',
    ],
)
def test_a_secret_in_the_open_is_refused_and_not_repeated(line: str, tmp_path: Path) -> None:
    """The name is told, the value never, and where it belongs is said."""
    value = "do-not-repeat-me"
    file = environment_file(tmp_path, f"[container.environment]\n{line.replace('x', value)}")
    text = refusal_of(file)
    assert f"{file}: container.environment.{line.partition(' ')[0]}\n" in text
    assert "[container.secrets]" in text
    assert value not in text


@pytest.mark.parametrize(
    "line",
    [
        'TOKEN_TTL_SECONDS = "60"',
        'SECRET_NAME = "go-api"',
        'PASSWORD_MIN_LENGTH = "12"',
        'KEYBOARD = "qwerty"',
        'PARTITION_KEY = "id"',
        'PUBLIC_KEY = "x"',
        'MAX_TOKENS = "4096"',
        'PWD = "/srv"',
        'BYPASS = "x"',
        'COMPASS = "x"',
        'REQUIRE_PASSWORD = "true"',
        'DB_PASSWORD = ""',
        'DB_SECRET = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf"',
        'GOOGLE_APPLICATION_CREDENTIALS = "/etc/google/credentials.json"',
        'API_KEY_HEADER = "X-Api-Key"',
        'DATABASE_URL = "postgres://db.internal:5432/name"',
        'AWS_REGION = "eu-west-1"',
    ],
)
def test_what_only_sounds_like_a_secret_passes(line: str, tmp_path: Path) -> None:
    """A length, a time, a name, a switch, an ARN and a path are no secrets."""
    load_environment(environment_file(tmp_path, f"[container.environment]\n{line}"))


@pytest.mark.parametrize(
    "toml",
    [
        'db_password = "do-not-repeat-me"',
        '[container.secrets]\nTHING = "do-not-repeat-me"',
        '[container.environment]\nPORT = "do-not-repeat-me"',
        '[container]\nenvironment = "do-not-repeat-me"',
        '[backend.extra]\nsecret_key = "do-not-repeat-me"',
        'homepage = "https://me:do-not-repeat-me@example.com"',
        'x = "do-not-repeat-me',
    ],
)
def test_no_error_repeats_a_secret(toml: str, tmp_path: Path) -> None:
    """Wherever it was put, and whatever else is wrong with the file."""
    assert "do-not-repeat-me" not in refusal_of(environment_file(tmp_path, toml, without="backend"))


@pytest.mark.parametrize(("own", "fits"), [(46, True), (47, False)])
def test_fifty_tags_are_the_most_with_ours(own: int, fits: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """46 of the file's, the stack's three, and the one in which a deployment notes what became of it."""
    file = environment_file(tmp_path, "[tags]\n" + "\n".join(f't{at} = "x"' for at in range(own)))
    if fits:
        load_environment(file)
    else:
        assert "46 tags at most, not 47" in refusal_of(file)


def test_the_owners_tags_win(tmp_path: Path) -> None:
    """Tag policies enforce a key's case, and IAM takes one spelling; what tells the stack's own by its tags knows it.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_tag-policies.html
    """
    environment = load_environment(
        environment_file(tmp_path, 'tags = { Environment = "production", SERVICE = "api", team = "a" }')
    )
    assert environment.own_tags == {"Environment": "production", "SERVICE": "api", "managed-by": "terraform"}


EVERY_KEY = tomllib.loads(
    MINIMAL.replace('service = { name = "go-api" }', 'service = { name = "go-api", api_url = "http://a" }') + MODULES
) | {
    "tags": {"team": "a"},
    "container": {
        "port": 8080,
        "cpu": 256,
        "memory_mib": 512,
        "user": "1",
        "environment": {"A": "1"},
        "secrets": {"B": "arn:aws:ssm:eu-west-1:111111111111:parameter/x"},
    },
    "task_role": {"statements": [{"actions": ["s3:Get*"], "resources": ["*"], "conditions": {"Bool": {"a": ["b"]}}}]},
    "scaling": {"min_capacity": 1, "max_capacity": 4},
    "deployment": {"minimum_healthy_percent": 100, "maximum_percent": 200},
    "logs": {"retention_days": 7},
}


def _places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from _places(inner, (*path, key))


def _replaced(value: Any, path: tuple[str | int, ...], new: object) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = _replaced(value[path[0]], path[1:], new)
    return copy


SCALARS = st.text() | st.integers() | st.floats() | st.booleans() | st.datetimes()


@given(
    place=st.sampled_from(list(_places(EVERY_KEY))),
    value=SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(), SCALARS, max_size=2),
)
def test_no_value_anywhere_escapes_the_words(place: tuple[str | int, ...], value: object) -> None:
    """Whatever stands in any place, the file loads or is refused in our words: no crash, and none of pydantic's."""
    try:
        Environment.model_validate(_replaced(EVERY_KEY, place, value) | {"name": "dev"})
    except ValidationError as error:
        for problem in problems_of(error, file=Path("dev.toml"), model=Environment):
            assert problem.key
            assert not re.search(r"Input should|valid|validation", problem.remedy)


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    """One run tells everything: of two files, of two tables of one, and a rule across tables beside a wrong value."""
    environment_file(tmp_path, "logs = { retention_days = 2 }\ndeployment = { maximum_percent = 100 }")
    environment_file(tmp_path, "region = 1", name="qa.toml", without="region")
    (tmp_path / "prod.toml").write_text("= 1", "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_environments(tmp_path)
    told = [(problem.file.name, problem.key) for problem in caught.value.problems]
    assert told == [
        ("dev.toml", "deployment.maximum_percent"),
        ("dev.toml", "logs.retention_days"),
        ("prod.toml", ""),
        ("qa.toml", "region"),
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a = 1\nb = \n", "line 2, column 5"),
        (b"a = 1\na = 2\n", "line 2"),
        (b'a = "x', "is not TOML: end of document"),
        (b"\xff\xfe", "is not UTF-8 text, at byte 1"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"a = 1\nb = 1_000_" + b"0" * 5000, "is not TOML: line 2: an integer must have 4300 digits at most"),
        (b".".join([b"a"] * 1500) + b" = 1", "line 1 is nested too deeply"),
        (b".".join([b"a"] * 50_000) + b" = 1", "line 1 is nested too deeply"),
        (b"a = 1\n[" + b" . ".join([b'"a b"'] * 1500) + b"]", "line 2 is nested too deeply"),
        (b"x = { " + b".".join([b"a"] * 1500) + b" = 1 }", "line 1 is nested too deeply"),
        (b"a.b.c.d.e = { " * 12 + b"}" * 12, "is nested too deeply"),
        (b"a = " + b"[" * 400 + b"]" * 400, "is nested too deeply"),
        (b"a = 1\0", "is not TOML"),
        (b'a = "\\ud800"', "is not TOML"),
        (b"#" * 300_000, "is too large: must have 256 KiB at most"),
    ],
)
def test_a_file_that_is_not_toml_is_told_with_the_place(content: bytes, told: str, tmp_path: Path) -> None:
    """No traceback: the file, and where in it the matter is."""
    file = tmp_path / "dev.toml"
    file.write_bytes(content)
    text = refusal_of(file)
    assert text.startswith(f"{file}\n")
    assert told in text


@pytest.mark.timeout(60)  # what must not happen is that it waits
@pytest.mark.parametrize(
    ("make", "told"),
    [
        (os.mkfifo, "must be a regular file, not a pipe, a socket or a device"),
        (lambda path: path.symlink_to("/dev/zero"), "must be a regular file"),
        (lambda path: path.symlink_to("/dev/null"), "must be a regular file"),
        (lambda path: path.symlink_to(path.name), "cannot be read: too many levels of symbolic links"),
        (lambda path: path.symlink_to("nowhere"), "cannot be read: no such file or directory"),
        (lambda path: path.mkdir(), "cannot be read: is a directory"),
        (lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 2**40), "is too large"),
    ],
    ids=["pipe", "endless", "device", "loop", "dangling", "folder", "huge"],
)
def test_what_is_no_file_is_refused_at_once(make: Callable[[Path], Any], told: str, tmp_path: Path) -> None:
    """A pipe would be waited for, and a device read for ever."""
    file = tmp_path / "dev.toml"
    make(file)
    assert refusal_of(file).startswith(f"{file}\n    {told}")


@pytest.mark.parametrize(
    "number",
    ["0x" + "f" * 5000, "-9" + "0" * 4000, "0b" + "1" * 20_000, "nan", "-inf", "1e999", "2020-01-01", "10:00:00"],
)
@pytest.mark.parametrize("key", ["container.port", "tags.team", "cluster.container_insights", "backend.type", "colour"])
def test_a_number_of_any_size_and_kind_is_refused_in_words(key: str, number: str, tmp_path: Path) -> None:
    """Also where Python can't write it as a decimal number."""
    text = refusal_of(environment_file(tmp_path, f"{key} = {number}", without=key.partition(".")[0]))
    assert f": {key}" in text
    assert len(text) < 600


def test_what_a_terminal_would_obey_is_shown_escaped(tmp_path: Path) -> None:
    """In the name of the file, in a key and in a value: no colour, no line of its own, no text from right to left."""
    file = environment_file(
        tmp_path, '"a\\u001b[31m\u202eb" = "c\\u0007\\n\u202e\u0085"', name="d\n\x1b[31m\udcff.toml"
    )
    with pytest.raises(SettingsError) as caught:
        load_environments(tmp_path)
    text = str(caught.value)
    assert file.exists()
    assert all(line.isprintable() for line in text.splitlines())
    assert r"d\n\x1b[31m\udcff.toml" in text
    assert r'"a\u001b[31m\u202eb" = "c\u0007\n\u202e\x85"' in text


def test_a_thousand_problems_are_counted(tmp_path: Path) -> None:
    """The first hundred are told, each of a length that can be read."""
    lines = "\n".join(f"k{at}{'x' * 200} = 1" for at in range(1000))
    file = environment_file(tmp_path, lines)
    *told, last = refusal_of(file).splitlines()
    assert last.strip() == "there are 900 more problems"
    assert len(told) == 100 * 2 + 1
    assert max(len(line) for line in told if line.startswith(str(file))) < len(str(file)) + 100


@pytest.mark.timeout(60)  # what must not happen is that it takes the square of the length
@pytest.mark.parametrize("key", ["image.repository", "service.name", "container.user", "tags.team", "colour"])
def test_a_long_text_is_refused_as_soon_as_a_short_one(key: str, tmp_path: Path) -> None:
    """Near the largest file that is read, with words that may begin anything."""
    text = refusal_of(environment_file(tmp_path, f'{key} = "{"a-" * 120_000}!"', without=key.partition(".")[0]))
    assert f': {key} = "a-a-a-' in text


@given(data=st.binary(max_size=20), at=st.integers(0, 800))
def test_no_bytes_in_a_file_crash(data: bytes, at: int) -> None:
    """Wherever they are inserted, the file loads or is refused in words."""
    whole = (MINIMAL + MODULES).encode()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "dev.toml"
        file.write_bytes(whole[:at] + data + whole[at:])
        with suppress(SettingsError):
            load_environment(file)


def test_a_byte_order_mark_is_let_pass(tmp_path: Path) -> None:
    """Some Windows editors write one."""
    file = environment_file(tmp_path)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    load_environment(file)


def _rollout_moves(tasks: int, minimum_healthy_percent: int, maximum_percent: int) -> bool:
    """Plays a rollout: starts while there is room, stops an old task while enough stay; every new task is healthy."""
    old, new = tasks, 0
    while old or new < tasks:
        if new < tasks and (old + new + 1) * 100 <= maximum_percent * tasks:
            new += 1
        elif old and (old + new - 1) * 100 >= minimum_healthy_percent * tasks:
            old -= 1
        else:
            return False
    return True


@given(
    least=st.integers(1, 40),
    more=st.integers(0, 40),
    minimum=st.integers(0, 100),
    maximum=st.integers(100, 250),
)
def test_percents_are_refused_exactly_when_a_rollout_is_stuck(
    least: int, more: int, minimum: int, maximum: int
) -> None:
    """Against a played rollout at every count from the least to the most."""
    deployment = Deployment(minimum_healthy_percent=minimum, maximum_percent=maximum)
    moves = all(_rollout_moves(tasks, minimum, maximum) for tasks in range(least, least + more + 1))
    assert (deployment.stuck_rollout_remedy(least) is None) == moves


@given(tasks=st.integers(1, 5000), minimum=st.integers(0, 100), maximum=st.integers(100, 250))
def test_the_remedy_for_a_stuck_rollout_is_the_smallest_that_works(tasks: int, minimum: int, maximum: int) -> None:
    """Each of the two percents that the message names lets the rollout move, and one less far does not."""
    remedy = Deployment(minimum_healthy_percent=minimum, maximum_percent=maximum).stuck_rollout_remedy(tasks)
    if remedy:
        more, less = (int(percent) for percent in re.findall(r"percent to at \w+ (\d+)", remedy))
        assert Deployment(minimum_healthy_percent=minimum, maximum_percent=more).stuck_rollout_remedy(tasks) is None
        assert Deployment(minimum_healthy_percent=minimum, maximum_percent=more - 1).stuck_rollout_remedy(tasks)
        assert Deployment(minimum_healthy_percent=less, maximum_percent=maximum).stuck_rollout_remedy(tasks) is None
        assert Deployment(minimum_healthy_percent=less + 1, maximum_percent=maximum).stuck_rollout_remedy(tasks)


def test_the_regions_are_botocores() -> None:
    """Fails when AWS has opened a region that the table lacks, or the table has one that is none."""
    theirs: dict[str, str] = {}
    for partition in botocore.session.get_session().get_data("endpoints")["partitions"]:
        theirs |= dict.fromkeys(partition["regions"], partition["partition"])
    assert dict(PARTITION_OF_REGION) == theirs


def test_the_shipped_environments_load() -> None:
    """And are the four that the README names."""
    environments = {environment.name: environment for environment in load_environments(ROOT / "environments")}
    assert list(environments) == ["dev", "local", "prod", "staging"]
    assert [each.name_prefix for each in environments.values()] == [f"go-api-{name}" for name in environments]
    assert environments["prod"].image.require_commit_sha_tag
    assert environments["prod"].image.default_tag is None
    assert environments["dev"].image.default_tag == "latest"


def test_prod_refuses_latest(tmp_path: Path) -> None:
    """The shipped production file, with the tag put in by hand."""
    text = (ROOT / "environments" / "prod.toml").read_text("utf-8")
    file = tmp_path / "prod.toml"
    file.write_text(text.replace("[image]", '[image]\ndefault_tag = "latest"'), "utf-8")
    assert f'{file}: image.default_tag = "latest"' in refusal_of(file)


def test_defaults_are_the_specifications(tmp_path: Path) -> None:
    """FR-008, FR-009, and the assumption of 256 CPU units and 512 MB on port 8080; no permission and no secret."""
    environment = load_environment(environment_file(tmp_path))
    assert (environment.deployment.minimum_healthy_percent, environment.deployment.maximum_percent) == (100, 200)
    assert (environment.scaling.min_capacity, environment.scaling.max_capacity) == (1, 4)
    container = environment.container
    assert (container.port, container.cpu, container.memory_mib) == (8080, 256, 512)
    assert (container.user, container.readonly_root_filesystem) == ("65532", True)
    assert (container.environment, container.secrets, environment.task_role.statements) == ({}, {}, ())


def test_an_environment_is_frozen(tmp_path: Path) -> None:
    """No layer writes back into the settings."""
    environment = load_environment(environment_file(tmp_path))
    frozen: Any = environment
    with pytest.raises(ValidationError, match="frozen"):
        frozen.scaling.min_capacity = 2
    assert isinstance(environment, Environment)


def test_reading_settings_starts_no_node() -> None:
    """A wrong file is told in a moment: neither cdktf nor jsii is imported."""
    program = (
        "import sys; from pathlib import Path; from stacks.settings import load_environments;"
        "load_environments(Path('environments'));"
        "heavy = {'cdktf', 'cdktn', 'jsii', 'constructs', 'botocore'};"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"
