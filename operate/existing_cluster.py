"""What a cluster of somebody else's has to have before the service can run in it: the AWS provider does not tell it.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

    from stacks.settings import Environment as Settings


def lacks(ecs: ECSClient, settings: Settings) -> str | None:
    """Which capacity providers the service needs and the cluster has not; None of a cluster that is not there."""
    for cluster in ecs.describe_clusters(clusters=[settings.cluster_name])["clusters"]:
        missing = sorted(_needed(settings) - {*cluster["capacityProviders"]})
        if missing:
            there = ", ".join(sorted(cluster["capacityProviders"])) or "none"
            return (
                f"The cluster {settings.cluster_name} (cluster.name) has the capacity providers {there}, and with "
                f"service.fargate_spot_percent = {settings.service.fargate_spot_percent} the service needs "
                f"{' and '.join(missing)} too: the cluster's owner adds them (put-cluster-capacity-providers)."
            )
    return None


def _needed(settings: Settings) -> set[str]:
    shares = {"FARGATE": 100 - settings.service.fargate_spot_percent}
    shares["FARGATE_SPOT"] = settings.service.fargate_spot_percent
    return {provider for provider, share in shares.items() if share}
