"""The tables of an environment's file, but for the backends. Defaults are the specification's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from constructs_lib.fargate_sizes import cpu_remedy, memory_remedy
from stacks.aws_values import IMAGE_TAG, KmsKeyArn, SecretArn
from stacks.characters import but_not_ascii, named
from stacks.secret_names import looks_secret
from stacks.settings import (
    MAX_INT32,
    MAX_PORT,
    Refusal,
    Settings,
    between,
    matching,
    refusal,
    refuse_all,
    with_port,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMIT_SHA: Final = re.compile(r"[0-9a-f]{7,40}")
MOST_TASKS_OF_A_SERVICE: Final = 5000
NEVER_EXPIRE: Final = 0
NUL: Final = "\0"
RETENTION_DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400),
    *(545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)  # CloudWatch Logs, PutRetentionPolicy

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ECR_HOST = re.compile(r"\d{12}\.dkr[.-]ecr(?:-fips)?\..+")
_USER = r"(?:[A-Za-z_][A-Za-z0-9_.-]*\$?|\d+)"
_NAME_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_CONDITION_OPERATOR = re.compile(
    r"(?:ForAllValues:|ForAnyValue:)?"
    r"(?:String(?:Not)?(?:Equals(?:IgnoreCase)?|Like)"
    r"|(?:Numeric|Date)(?:(?:Not)?Equals|(?:Less|Greater)Than(?:Equals)?)"
    r"|Arn(?:Not)?(?:Equals|Like)|(?:Not)?IpAddress|Bool|BinaryEquals)(?:IfExists)?"
    r"|Null"
)


class Service(Settings):
    name: Annotated[
        str,
        matching(r"[A-Za-z][A-Za-z0-9_-]*", "a name of letters, digits, - and _ is wanted, beginning with a letter"),
    ]
    fargate_spot_percent: Annotated[int, between(0, 100)] = 0
    enable_execute_command: bool = False
    api_url: (
        Annotated[
            str,
            matching(
                rf"https?://{_LABEL}(?:\.{_LABEL})*(?::\d{{1,5}})?",
                "a URL is wanted that ends with the host or the port, such as https://api.example.com",
            ),
            AfterValidator(with_port),
        ]
        | None
    ) = None
    """Where the API is reached, when that is not http:// and the load balancer's own name."""


def without_registry(repository: str) -> str:
    """ECR would take the host for a part of the name."""
    host, _, name = repository.partition("/")
    if _ECR_HOST.fullmatch(host):
        raise refusal(f"must be the repository's name alone, such as {name or 'go-api'}, without the registry's host")
    return repository


class Image(Settings):
    repository: Annotated[
        str,
        matching(
            rf"(?=.{{2,256}}\Z){_NAME_PART}(?:/{_NAME_PART})*",
            "the name of an ECR repository, without registry and tag, is wanted: 2 to 256 lower-case letters and"
            " digits, with . _ - or / between them",
        ),
        AfterValidator(without_registry),
    ]
    require_commit_sha_tag: bool = False
    default_tag: (
        Annotated[
            str,
            matching(
                IMAGE_TAG,
                "a tag is wanted: 1 to 128 letters, digits, . _ and -, beginning with a letter, a digit or _",
            ),
        ]
        | None
    ) = None

    @field_validator("default_tag")
    @classmethod
    def default_tag_is_commit_sha(cls, tag: str | None, info: ValidationInfo) -> str | None:
        if tag and info.data.get("require_commit_sha_tag") and not COMMIT_SHA.fullmatch(tag):
            raise refusal(
                "with image.require_commit_sha_tag = true a commit SHA is wanted, 7 to 40 of 0-9 and a-f,"
                " or no default tag at all"
            )
        return tag


class Container(Settings):
    """`stop_timeout_seconds`: 120 is Fargate's limit, and AWS names no least value."""

    port: Annotated[int, between(1, MAX_PORT)] = 8080
    cpu: int = 256
    memory_mib: int = 512
    cpu_architecture: Literal["X86_64", "ARM64"] = "X86_64"
    user: Annotated[
        str,
        matching(rf"{_USER}(?::{_USER})?", 'a user is wanted: "65532", "65532:65532", "name" or "name:group"'),
    ] = "65532"
    readonly_root_filesystem: bool = True
    stop_timeout_seconds: Annotated[int, between(0, 120)] = 30
    secrets: dict[str, SecretArn] = Field(default_factory=dict)
    environment: dict[str, str] = Field(default_factory=dict)

    @field_validator("cpu")
    @classmethod
    def cpu_is_offered(cls, cpu: int) -> int:
        if remedy := cpu_remedy(cpu):
            raise refusal(remedy)
        return cpu

    @field_validator("memory_mib")
    @classmethod
    def memory_goes_with_cpu(cls, memory_mib: int, info: ValidationInfo) -> int:
        if "cpu" in info.data and (remedy := memory_remedy(cpu=info.data["cpu"], memory_mib=memory_mib)):
            raise refusal(remedy)
        return memory_mib

    @field_validator("secrets")
    @classmethod
    def secrets_have_names(cls, secrets: dict[str, str]) -> dict[str, str]:
        refuse_all(_wrong_names(secrets))
        return secrets

    @field_validator("environment")
    @classmethod
    def environment_is_plain(cls, variables: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        secrets = info.data.get("secrets", {})
        refuse_all(
            [
                *_wrong_names(variables),
                *_with_nul(variables),
                *_secrets_in_the_open(variables),
                *_set_twice(variables, secrets),
            ]
        )
        return variables


def _wrong_names(variables: dict[str, str]) -> Iterator[Refusal]:
    for name in variables:
        if name == "PORT":
            yield Refusal((name,), None, "PORT follows container.port: take it out, and set container.port")
        elif not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            remedy = "an environment variable's name has letters, digits and _, and begins with no digit"
            yield Refusal((name,), None, remedy + but_not_ascii(name))


def _with_nul(variables: dict[str, str]) -> Iterator[Refusal]:
    remedy = f"must not contain {named(NUL)}, which ends every environment variable"
    return (Refusal((name,), None, remedy) for name, value in variables.items() if NUL in value)


def _secrets_in_the_open(variables: dict[str, str]) -> Iterator[Refusal]:
    remedy = "looks like a secret: put it into Secrets Manager or SSM, and its ARN under [container.secrets]"
    return (Refusal((name,), None, remedy) for name, value in variables.items() if looks_secret(name, value))


def _set_twice(variables: dict[str, str], secrets: dict[str, str]) -> Iterator[Refusal]:
    remedy = "is in [container.secrets] too: one of the two is wanted"
    return (Refusal((name,), None, remedy) for name in variables if name in secrets)


def granted_action(action: str) -> str:
    """`*` alone is refused where it is granted (FR-005); see `Statement`."""
    if action != "*" and not re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9*?]+", action):
        remedy = "an action is wanted: <service>:<Action>, where * and ? may stand for a part, such as s3:Get*"
        raise refusal(remedy + but_not_ascii(action))
    return action


def granted_resource(resource: str) -> str:
    if resource != "*" and not re.fullmatch(r"arn:[a-z*?-]{1,64}:[a-z0-9*?-]+:[^:\s]*:[^:\s]*:\S+", resource):
        raise refusal('an ARN, in which * and ? may stand for a part, or "*" is wanted')
    return resource


def policy_text(text: str) -> str:
    """IAM API Reference, PutRolePolicy, PolicyDocument."""
    if found := re.search(r"[^\t\n\r\x20-\xff]", text):
        raise refusal(f"must have only characters that IAM takes in a policy, U+0020 to U+00FF, not {named(found[0])}")
    return text


PolicyText = Annotated[str, AfterValidator(policy_text)]
_Strings = Annotated[tuple[PolicyText, ...], Field(strict=False, min_length=1)]


class Statement(Settings):
    sid: Annotated[str, matching(r"[A-Za-z0-9]+", "letters and digits are wanted")] | None = None
    effect: Literal["Allow", "Deny"] = "Allow"
    actions: Annotated[tuple[Annotated[str, AfterValidator(granted_action)], ...], Field(strict=False, min_length=1)]
    resources: Annotated[
        tuple[Annotated[PolicyText, AfterValidator(granted_resource)], ...], Field(strict=False, min_length=1)
    ]
    conditions: dict[str, dict[PolicyText, _Strings]] = Field(default_factory=dict)

    @field_validator("actions")
    @classmethod
    def grants_not_everything(cls, actions: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if info.data.get("effect") == "Allow":
            remedy = "least privilege: the actions that the application needs are wanted, not every action"
            refuse_all(Refusal((at,), "*", remedy) for at, action in enumerate(actions) if action == "*")
        return actions

    @field_validator("conditions")
    @classmethod
    def operators_exist(
        cls, conditions: dict[str, dict[str, tuple[str, ...]]]
    ) -> dict[str, dict[str, tuple[str, ...]]]:
        remedy = "is no condition operator of IAM, such as StringEquals, ArnLike or Bool"
        refuse_all(
            Refusal((name,), None, remedy + but_not_ascii(name))
            for name in conditions
            if not _CONDITION_OPERATOR.fullmatch(name)
        )
        return conditions


class TaskRole(Settings):
    statements: Annotated[tuple[Statement, ...], Field(strict=False)] = ()

    @field_validator("statements")
    @classmethod
    def sids_differ(cls, statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
        sids = [statement.sid for statement in statements]
        remedy = "another statement has this sid; each is wanted once"
        refuse_all(Refusal((at, "sid"), sid, remedy) for at, sid in enumerate(sids) if sid and sid in sids[:at])
        return statements


class Scaling(Settings):
    """`min_capacity` is 1 at least: with no task there is no CPU metric, and target tracking would stay at 0."""

    min_capacity: Annotated[int, between(1, MOST_TASKS_OF_A_SERVICE)] = 1
    max_capacity: Annotated[int, between(1, MOST_TASKS_OF_A_SERVICE)] = 4
    cpu_target_percent: Annotated[int, between(1, 100)] = 70
    scale_in_cooldown_seconds: Annotated[int, between(0, MAX_INT32)] = 300
    scale_out_cooldown_seconds: Annotated[int, between(0, MAX_INT32)] = 60

    @field_validator("max_capacity")
    @classmethod
    def max_is_not_below_min(cls, max_capacity: int, info: ValidationInfo) -> int:
        least = info.data.get("min_capacity", 1)
        if max_capacity < least:
            raise refusal(f"{least} or more is wanted, since scaling.min_capacity = {least}")
        return max_capacity


class Deployment(Settings):
    """FR-008. The percents are of the desired count."""

    minimum_healthy_percent: Annotated[int, between(0, 100)] = 100
    maximum_percent: Annotated[int, between(100, MAX_INT32)] = 200
    health_check_grace_period_seconds: Annotated[int, between(0, MAX_INT32)] = 60
    steady_state_timeout_minutes: Annotated[int, between(1, 120)] = 20

    def wedge_remedy(self, tasks: int) -> str | None:
        """What would let a rollout of `tasks` tasks move; None when it moves as it is.

        ECS keeps ceil(minimum) tasks and runs at most floor(maximum). What moves with few tasks
        moves with more, so the least desired count is the one to ask about.
        """
        kept = -(-self.minimum_healthy_percent * tasks // 100)
        most = self.maximum_percent * tasks // 100
        if most > tasks or kept < tasks:
            return None
        count = "1 task" if tasks == 1 else f"{tasks} tasks"
        return (
            f"with {count} (scaling.min_capacity) no rollout can move: {kept} must stay and at most {most} may run. "
            f"deployment.maximum_percent = {100 - -100 // tasks} or more works,"
            f" or deployment.minimum_healthy_percent = {100 * (tasks - 1) // tasks} or less"
        )


class Logs(Settings):
    """`retention_days` = 0 keeps logs for ever, as the AWS provider has it. The key must be in the logs' region."""

    retention_days: int = 30
    kms_key_arn: KmsKeyArn | None = None

    @field_validator("retention_days")
    @classmethod
    def retention_is_offered(cls, days: int) -> int:
        if days not in (NEVER_EXPIRE, *RETENTION_DAYS):
            offered = ", ".join(map(str, RETENTION_DAYS))
            raise refusal(f"CloudWatch offers {offered} days, and {NEVER_EXPIRE} for ever")
        return days


class Cluster(Settings):
    container_insights: Literal["disabled", "enabled", "enhanced"] = "disabled"
