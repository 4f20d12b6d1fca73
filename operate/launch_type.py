"""A service that an earlier version made with a launch type: the provider would replace it, and ECS moves it in place.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html, capacityProviderStrategy
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from operate.errors import OperateError
from operate.plan import cluster_capacity
from operate.running import rollout

if TYPE_CHECKING:
    from operate.service import Service

VERB: Final = "move-to-capacity-providers"

_OURS = ("FARGATE", "FARGATE_SPOT")


def service_has_launch_type(service: Service) -> bool:
    found = service.find()
    return bool(found and found.get("launchType"))


def in_the_way(service: Service) -> str | None:
    """Why no plan can change the service yet, and the command that helps; None where one can."""
    if not service_has_launch_type(service):
        return None
    return (
        f"{service.name} was made with a launch type, and a plan would replace it, which ECS refuses. "
        "Move it to capacity providers, once and with a rolling deployment: "
        f"make {VERB} ENV={service.environment.settings.name}"
    )


def require_none(service: Service) -> None:
    if wrong := in_the_way(service):
        raise OperateError(f"Nothing was changed. {wrong}")


def move_service(service: Service) -> None:
    """Returns once the tasks on capacity providers have taken over; raises OperateError with the reasons otherwise."""
    began = datetime.now(timezone.utc)
    _attach_ours(service)
    service.ecs.update_service(
        cluster=service.cluster,
        service=service.name,
        capacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 100}],
        forceNewDeployment=True,
    )
    rollout.require_completed(service, since=began)


def _attach_ours(service: Service) -> None:
    """Beside whatever the cluster has; one of somebody else's is left as it is."""
    if not service.environment.settings.has_own_cluster:
        if lack := cluster_capacity.lacks(service.environment, service.ecs):
            raise OperateError(f"Nothing was changed. {lack}")
        return
    (cluster,) = service.ecs.describe_clusters(clusters=[service.cluster])["clusters"]
    service.ecs.put_cluster_capacity_providers(
        cluster=service.cluster,
        capacityProviders=sorted({*cluster["capacityProviders"], *_OURS}),
        defaultCapacityProviderStrategy=cluster["defaultCapacityProviderStrategy"],
    )
