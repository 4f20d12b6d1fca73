"""What an environment's settings ask for, as plain values."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.output_expression import OutputExpression
from stacks.settings import PARTITION_OF_REGION, load_environment
from tests.plan.requirements import Expected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stacks.settings import Environment

_FOLDER = Path(__file__).parents[2] / "environments"

NAMES = tuple(sorted(file.stem for file in _FOLDER.glob("*.toml")))


@cache
def expected_of(name: str) -> Expected:
    """Of one of the repository's own environments."""
    return expected_by(load_environment(_FOLDER / f"{name}.toml"))


def expected_by(settings: Environment) -> Expected:
    """Production takes commit SHAs only, as the specification assumes, whatever its settings say."""
    name = settings.name
    modules = settings.remote_state.by_module
    own_tags = {"environment": name, "service": settings.service.name, "managed-by": "terraform"}
    replaced = {key.lower() for key in settings.tags}
    return Expected(
        name=f"{settings.service.name}-{name}",
        container_name=settings.service.name,
        partition=PARTITION_OF_REGION[settings.region],
        account_id=settings.account_id,
        region=settings.region,
        repository=settings.image.repository,
        default_tag=settings.image.default_tag,
        requires_commit_sha=settings.image.require_commit_sha_tag or name == "prod",
        cpu=settings.container.cpu,
        memory_mib=settings.container.memory_mib,
        cpu_architecture=settings.container.cpu_architecture,
        user=settings.container.user,
        stop_timeout_seconds=settings.container.stop_timeout_seconds,
        container_insights=settings.cluster.container_insights,
        health_check_grace_period_seconds=settings.deployment.health_check_grace_period_seconds,
        steady_state_timeout_minutes=settings.deployment.steady_state_timeout_minutes,
        cpu_target_percent=settings.scaling.cpu_target_percent,
        scale_in_cooldown_seconds=settings.scaling.scale_in_cooldown_seconds,
        scale_out_cooldown_seconds=settings.scaling.scale_out_cooldown_seconds,
        log_retention_days=settings.logs.retention_days,
        tags={**settings.tags, **{key: value for key, value in own_tags.items() if key not in replaced}},
        backend=settings.backend.model_dump(exclude_unset=True),
        states={module: state.backend.model_dump(exclude_unset=True) for module, state in modules.items()},
        outputs={name: _output(state.output(name)) for state in modules.values() for name in state.output_names},
    )


def _output(said: str | Sequence[str]) -> str:
    """A name, or the expression that is read in its place."""
    if not isinstance(said, str):
        return f"flatten([{', '.join(OutputExpression(each).within('{state}.outputs') for each in said)}])"
    expression = OutputExpression(said)
    return said if expression.is_name else expression.within("{state}.outputs")
