"""What a cluster of somebody else's has to have before the service can run in it: the AWS provider does not tell it.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

    from operate.environment import Environment
    from stacks.settings import Environment as Settings


def lacks(environment: Environment, ecs: ECSClient) -> str | None:
    """Which capacity providers the service needs and the cluster has not; None of a cluster that is not there."""
    settings, name = environment.settings, environment.cluster_name
    for cluster in ecs.describe_clusters(clusters=[name])["clusters"]:
        missing = sorted(_needed(settings) - {*cluster["capacityProviders"]})
        if missing:
            there = ", ".join(sorted(cluster["capacityProviders"])) or "none"
            return (
                f"The cluster {name} ({_key(settings)}) has the capacity providers {there}, and with "
                f"service.fargate_spot_percent = {settings.service.fargate_spot_percent} the service needs "
                f"{' and '.join(missing)} too: the cluster's owner adds them (put-cluster-capacity-providers)."
            )
    return None


def _key(settings: Settings) -> str:
    """Which says that it is this cluster."""
    return "remote_state.cluster" if settings.remote_state.cluster else "cluster.name"


def _needed(settings: Settings) -> set[str]:
    shares = {"FARGATE": 100 - settings.service.fargate_spot_percent}
    shares["FARGATE_SPOT"] = settings.service.fargate_spot_percent
    return {provider for provider, share in shares.items() if share}
