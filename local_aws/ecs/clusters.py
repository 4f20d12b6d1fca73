"""Requests about clusters."""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import ecs

from local_aws.ecs import records, refusals

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.ministack_types import Answer, Record


def delete(original: Callable[[Record], Answer], request: Record) -> Answer:
    """Stands for `ecs._delete_cluster`, which deletes one that has services or tasks.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html
    """
    with records.LOCK:
        cluster = ecs._clusters.get(ecs._resolve_cluster_name(request.get("cluster") or "default"))
        arn = cluster and cluster["clusterArn"]
        if any(one["clusterArn"] == arn and one["status"] == "ACTIVE" for one in ecs._services.values()):
            message = "The Cluster cannot be deleted while Services are active."
            return refusals.refusal(message, "ClusterContainsServicesException")
        if any(one["clusterArn"] == arn and one["lastStatus"] != "STOPPED" for one in ecs._tasks.values()):
            message = "The Cluster cannot be deleted while Tasks are active."
            return refusals.refusal(message, "ClusterContainsTasksException")
        return original(request)
