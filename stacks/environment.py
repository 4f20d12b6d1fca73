"""One environment's settings, from its TOML file to a frozen, checked `Environment`. No cdktf, no Node."""

from __future__ import annotations

import os
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from stacks.aws_values import AccountId, PolicyArn, Region, partition_of, partition_remedy, region_of, resource_remedy
from stacks.backends import Backend, RemoteStates
from stacks.problems import Problem, SettingsError, dotted, problems_of
from stacks.regions import PARTITION_OF_REGION
from stacks.sections import Cluster, Container, Deployment, Image, Logs, Scaling, Service, TaskRole
from stacks.settings import Refusal, Settings, matching, refusal, refuse_all
from stacks.tags import Tags
from stacks.terraform_text import mark_of_cdktf
from stacks.toml_file import leaves, read_toml, reason

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "NAMES",
    "Environment",
    "SettingsError",
    "environments_directory",
    "load_beside_others",
    "load_environment",
    "load_environments",
]

NAMES: Final = (
    ("the IAM role", "{}-execution", 64),
    ("the IAM role", "{}-task", 64),
    ("the ECS cluster, service and task definition family", "{}", 255),
    ("the log group", "/ecs/{}", 512),
)
"""What is named after `name_prefix`: the resource, its name, and AWS's limit on the name's length."""

EXECUTE_COMMAND_SID: Final = "ExecuteCommand"
"""What `constructs_lib.roles` calls the statement that it adds for ECS Exec."""

_REPOSITORY: Final = Path(__file__).parents[1]
_LIKE_TOML: Final = 0.85  # `.tml` and `.tom` are, `.html` and `.yaml` are not


class Environment(Settings):
    """All that one stack is built from. A rule across tables hangs on the table that comes later here."""

    name: Annotated[
        str,
        matching(
            r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*",
            "the file's name is the environment's: lower-case letters, digits and single hyphens, beginning with"
            " a letter, such as dev.toml",
        ),
    ]
    account_id: AccountId
    region: Region
    tags: Tags = Field(default_factory=dict)
    permissions_boundary_arn: PolicyArn | None = None
    service: Service
    image: Image
    container: Container = Container()
    task_role: TaskRole = TaskRole()
    scaling: Scaling = Scaling()
    deployment: Deployment = Deployment()
    logs: Logs = Logs()
    cluster: Cluster = Cluster()
    backend: Backend
    remote_state: RemoteStates

    @property
    def name_prefix(self) -> str:
        """Begins the name of all that is created, and is the stack's id."""
        return f"{self.service.name}-{self.name}"

    @field_validator("permissions_boundary_arn")
    @classmethod
    def boundary_is_of_this_account(cls, arn: str | None, info: ValidationInfo) -> str | None:
        if arn and not _in_partition(arn, info):
            raise refusal(partition_remedy(info.data["region"]))
        account = arn.split(":")[4] if arn else "aws"
        if account not in {"aws", info.data.get("account_id", account)}:
            raise refusal(f"IAM takes a boundary only from the role's own account, {info.data['account_id']}")
        return arn

    @field_validator("service")
    @classmethod
    def names_fit_with_suffix(cls, service: Service, info: ValidationInfo) -> Service:
        if "name" in info.data:
            refuse_all(_length_refusals(service.name, info.data["name"]))
        return service

    @field_validator("container")
    @classmethod
    def exec_can_write(cls, container: Container, info: ValidationInfo) -> Container:
        """Amazon ECS Developer Guide, "Considerations for using ECS Exec"."""
        service = info.data.get("service")
        if service and service.enable_execute_command and container.readonly_root_filesystem:
            remedy = (
                "ECS Exec (service.enable_execute_command = true) cannot run on a read-only root file system, since its"
                " agent writes there: set this to false, or leave ECS Exec off"
            )
            refuse_all([Refusal(("readonly_root_filesystem",), value=True, remedy=remedy)])
        return container

    @field_validator("container")
    @classmethod
    def secrets_are_in_partition(cls, container: Container, info: ValidationInfo) -> Container:
        strangers = [name for name, arn in container.secrets.items() if not _in_partition(arn, info)]
        refuse_all(Refusal(("secrets", name), None, partition_remedy(info.data["region"])) for name in strangers)
        return container

    @field_validator("task_role")
    @classmethod
    def sid_is_not_execs(cls, task_role: TaskRole, info: ValidationInfo) -> TaskRole:
        """Within one policy IAM takes a sid once."""
        service = info.data.get("service")
        if service and service.enable_execute_command:
            remedy = "must not be the sid of ECS Exec's own statement (service.enable_execute_command = true)"
            refuse_all(
                Refusal(("statements", at, "sid"), statement.sid, remedy)
                for at, statement in enumerate(task_role.statements)
                if statement.sid == EXECUTE_COMMAND_SID
            )
        return task_role

    @field_validator("task_role")
    @classmethod
    def resources_are_in_partition(cls, task_role: TaskRole, info: ValidationInfo) -> TaskRole:
        region = info.data.get("region")
        if region:
            refuse_all(
                Refusal(("statements", at, "resources", which), resource, remedy)
                for at, statement in enumerate(task_role.statements)
                for which, resource in enumerate(statement.resources)
                if (remedy := resource_remedy(resource, region))
            )
        return task_role

    @field_validator("deployment")
    @classmethod
    def rollout_can_move(cls, deployment: Deployment, info: ValidationInfo) -> Deployment:
        scaling = info.data.get("scaling")
        if scaling and (remedy := deployment.wedge_remedy(scaling.min_capacity)):
            refuse_all([Refusal(("maximum_percent",), deployment.maximum_percent, remedy)])
        return deployment

    @field_validator("logs")
    @classmethod
    def log_key_is_in_region(cls, logs: Logs, info: ValidationInfo) -> Logs:
        region = info.data.get("region")
        if logs.kms_key_arn and region and region_of(logs.kms_key_arn) != region:
            remedy = f"CloudWatch Logs takes a key of its own region only, {region}"
            refuse_all([Refusal(("kms_key_arn",), logs.kms_key_arn, remedy)])
        return logs

    @field_validator("remote_state")
    @classmethod
    def own_state_is_no_modules(cls, remote_state: RemoteStates, info: ValidationInfo) -> RemoteStates:
        own = info.data.get("backend")
        if own:
            remedy = "is this stack's own state too, and would be overwritten: point [backend] somewhere else"
            modules = remote_state.by_module.items()
            refuse_all(
                Refusal((name, "backend"), None, f"{module.address} {remedy}")
                for name, module in modules
                if module.address == own.address
            )
        return remote_state


def _length_refusals(service: str, environment: str) -> Iterator[Refusal]:
    for resource, pattern, limit in NAMES:
        name = pattern.format(f"{service}-{environment}")
        if len(name) > limit:
            excess = f"{resource} would be {name}, {len(name)} characters, and AWS takes {limit}"
            yield Refusal(("name",), service, f"{excess}: shorten this, or the file's name, by {len(name) - limit}")


def _in_partition(arn: str, info: ValidationInfo) -> bool:
    region = info.data.get("region")
    return region is None or partition_of(arn) == PARTITION_OF_REGION[region]


def environments_directory() -> Path:
    """Where the files are: ENVIRONMENTS_DIR, relative to the repository, or else `environments`."""
    return _REPOSITORY / (os.environ.get("ENVIRONMENTS_DIR") or "environments")


def load_environments(directory: Path) -> tuple[Environment, ...]:
    """Each `.toml` file's environment, by name. Raises `SettingsError` with every problem of every file."""
    loaded: dict[Path, Environment] = {}
    problems: list[Problem] = []
    for file in _candidates(directory):
        try:
            loaded[file] = load_environment(file)
        except SettingsError as error:
            problems += error.problems
    problems += _collisions(loaded)
    if problems:
        raise SettingsError(problems)
    return tuple(sorted(loaded.values(), key=lambda environment: environment.name))


def load_beside_others(directory: Path, name: str) -> tuple[tuple[Environment, ...], str]:
    """Every environment; or, where others' files are wrong, the one of this name alone, and a warning that says why.

    Raises `SettingsError` with what concerns the one of this name, collisions with others included.
    """
    file = directory / f"{name}.toml"
    try:
        return load_environments(directory), ""
    except SettingsError as error:
        own = [problem for problem in error.problems if problem.concerns(file)]
        if own:
            raise SettingsError(own) from None
        return (
            load_environment(file),
        ), f"Warning: only {name} is synthesized, for others' settings are wrong:\n{error}\n"


def load_environment(path: Path) -> Environment:
    """Raises `SettingsError` with every problem of the file."""
    if path.suffix != ".toml":
        raise SettingsError([Problem(path, f"an environment's file ends in .toml: rename it to {path.stem}.toml")])
    content = read_toml(path)
    problems = [*_name_inside(path, content), *_taken_by_cdktf(path, content)]
    try:
        environment = Environment.model_validate({**content, "name": path.stem})
    except ValidationError as error:
        problems += map(_of_file, problems_of(error, file=path, model=Environment))
    if problems:
        raise SettingsError(problems)
    return environment


def _name_inside(path: Path, content: dict[str, Any]) -> list[Problem]:
    remedy = f"no such key here: the environment's name is the file's, {path.stem}. The service's is service.name"
    return [Problem(path, remedy, key="name")] if "name" in content else []


def _taken_by_cdktf(path: Path, content: dict[str, Any]) -> list[Problem]:
    remedy = 'must not contain "{}", which CDKTF takes for a mark of its own'
    return [
        Problem(path, remedy.format(mark), key=dotted(key))
        for key, leaf in leaves(content)
        if isinstance(leaf, str) and (mark := mark_of_cdktf(leaf))
    ]


def _of_file(problem: Problem) -> Problem:
    """The name is the file's, and no key in it."""
    return Problem(problem.file, problem.remedy) if problem.key == "name" else problem


def _candidates(directory: Path) -> list[Path]:
    """The files that are environments, or that somebody may take for one."""
    try:
        entries = sorted(directory.iterdir())
    except OSError as error:
        raise SettingsError([Problem(directory, f"no folder of environments: {reason(error)}")]) from None
    files = [entry for entry in entries if entry.name[0] not in ".#" and _is_like_toml(entry.suffix)]
    if not files:
        raise SettingsError([Problem(directory, "holds no environment: add one, such as dev.toml")])
    return files


def _is_like_toml(suffix: str) -> bool:
    return not suffix.endswith("~") and SequenceMatcher(None, suffix.lower(), ".toml").ratio() > _LIKE_TOML


def _collisions(loaded: dict[Path, Environment]) -> Iterator[Problem]:
    for (first_file, first), (second_file, second) in combinations(loaded.items(), 2):
        for problem in _collisions_of_two(first_file, first, second_file, second):
            yield replace(problem, other=first_file if problem.file == second_file else second_file)


def _collisions_of_two(
    first_file: Path, first: Environment, second_file: Path, second: Environment
) -> Iterator[Problem]:
    if _names(first) == _names(second):
        yield Problem(
            second_file,
            f"all that it creates in account {second.account_id} would be called {second.name_prefix}, as what"
            f" {first_file} creates: IAM knows no region and no case. Rename the service or the file",
            key="service.name",
            value=f'"{second.service.name}"',
        )
    if first.backend.address == second.backend.address:
        yield _overwritten(second_file, second, f"the state of {first_file}")
    if _target_group(first) == _target_group(second):
        yield _shared_target_group(second_file, second, first_file)
    yield from _overwritten_modules(first_file, first, second_file, second)
    yield from _overwritten_modules(second_file, second, first_file, first)


def _names(environment: Environment) -> tuple[str, str]:
    """Roles are an account's, whatever the region, and IAM tells no upper from lower case."""
    return environment.account_id, environment.name_prefix.lower()


def _target_group(environment: Environment) -> tuple[str, str, str, str]:
    """Which output says it. What a state says is one account's and region's, and refused at plan elsewhere."""
    module = environment.remote_state.loadbalancing
    return environment.account_id, environment.region, module.address, module.output_name("target_group_arn")


def _shared_target_group(file: Path, environment: Environment, other_file: Path) -> Problem:
    *_, address, output = _target_group(environment)
    own = f"{environment.name.replace('-', '_')}_target_group_arn"
    return Problem(
        file,
        f"the output {output} of {address} is the target group of {other_file} too: each of the two would get half of"
        " the other's requests. Each needs a target group of its own, from another state or another output, such as"
        f' outputs = {{ target_group_arn = "{own}" }}',
        key="remote_state.loadbalancing",
    )


def _overwritten_modules(
    file: Path, environment: Environment, other_file: Path, other: Environment
) -> Iterator[Problem]:
    for name, module in other.remote_state.by_module.items():
        if module.address == environment.backend.address:
            yield _overwritten(file, environment, f"the state that {other_file} reads as remote_state.{name}")


def _overwritten(file: Path, environment: Environment, whose: str) -> Problem:
    address = environment.backend.address
    return Problem(file, f"{address} is {whose} too: each needs its own", key="backend")
