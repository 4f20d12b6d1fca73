"""What two environments must not share: names, a state, a target group."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from constructs_lib.output_expression import OutputExpression
from stacks.settings.messages import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stacks.settings.environment import Environment


def collisions(loaded: dict[Path, Environment]) -> Iterator[Problem]:
    for (first_file, first), (second_file, second) in combinations(loaded.items(), 2):
        for problem in _collisions_of_two(first_file, first, second_file, second):
            yield replace(problem, other=first_file if problem.file == second_file else second_file)


def _collisions_of_two(
    first_file: Path, first: Environment, second_file: Path, second: Environment
) -> Iterator[Problem]:
    if _names(first) == _names(second):
        yield Problem(
            second_file,
            f"everything it creates in account {second.account_id} would be called {second.name_prefix}, like what"
            f" {first_file} creates: IAM ignores region and case. Rename the service or the file",
            key="service.name",
            value=f'"{second.service.name}"',
        )
    yield from _shared_family(first_file, first, second_file, second)
    yield from _shared_family(second_file, second, first_file, first)
    if first.backend.address == second.backend.address:
        yield _shared_state(second_file, second, f"the state of {first_file}")
    for shared in sorted(_target_groups(first) & _target_groups(second)):
        yield _shared_target_group(second_file, second, first_file, *shared[-2:])
    yield from _shared_states_of_modules(first_file, first, second_file, second)
    yield from _shared_states_of_modules(second_file, second, first_file, first)


def _names(environment: Environment) -> tuple[str, str]:
    """Roles are an account's, whatever the region, and IAM tells no upper from lower case."""
    return environment.account_id, environment.name_prefix.lower()


def _shared_family(file: Path, environment: Environment, other_file: Path, other: Environment) -> Iterator[Problem]:
    if environment.account_id == other.account_id and environment.names.ecs == other.names.release_family:
        yield Problem(
            file,
            f"its task definitions would be called {environment.names.ecs}, like those with which {other_file} runs"
            " release.before. Rename the service or the file",
            key="service.name",
            value=f'"{environment.service.name}"',
        )


def _target_groups(environment: Environment) -> set[tuple[str, str, str, str]]:
    """Which outputs say them. What a state says is one account's and region's, and refused at plan elsewhere."""
    module = environment.remote_state.loadbalancing
    place = environment.account_id, environment.region, module.address
    return {(*place, OutputExpression(output).canonical) for output in module.target_groups}


def _shared_target_group(file: Path, environment: Environment, other_file: Path, address: str, output: str) -> Problem:
    own = f"{environment.name.replace('-', '_')}_target_group_arn"
    return Problem(
        file,
        f"the output {output} of {address} is the target group of {other_file} too: each of the two would get half of"
        " the other's requests. Each needs a target group of its own, from another state or another output, such as"
        f' outputs = {{ target_group_arn = "{own}" }}',
        key="remote_state.loadbalancing",
    )


def _shared_states_of_modules(
    file: Path, environment: Environment, other_file: Path, other: Environment
) -> Iterator[Problem]:
    for name, module in other.remote_state.by_module.items():
        if module.address == environment.backend.address:
            yield _shared_state(file, environment, f"the state that {other_file} reads as remote_state.{name}")


def _shared_state(file: Path, environment: Environment, whose: str) -> Problem:
    address = environment.backend.address
    return Problem(file, f"{address} is {whose} too: each needs its own", key="backend")
