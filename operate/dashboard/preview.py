"""The page of an environment's dashboard: of samples offline, of measurements where its AWS is asked."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from operate import generator, progress
from operate.dashboard import curves, page
from operate.dashboard.body import Synthesized, TargetGroup
from operate.errors import OperateError
from operate.local import embedded_aws
from operate.service import Service, balancer_arn_of

if TYPE_CHECKING:
    from pathlib import Path

    from operate.dashboard.curves import Curves
    from operate.environment import Environment


def write(environment: Environment, file: Path, *, measured: bool | None) -> Curves:
    """What is in the page that is written.

    With `measured` None, the embedded AWS is asked where the service runs in it, and nobody else's. Raises OperateError
    where the environment has no dashboard, or with `measured` where nothing is deployed.
    """
    settings = environment.settings
    if not settings.dashboard.enabled:
        raise OperateError(
            f"{settings.name} has no dashboard: set enabled = true under [dashboard] in environments/{settings.name}"
            ".toml, and look again. That creates nothing before the next deploy."
        )
    generator.synthesize(settings.name)
    synthesized = Synthesized.read(environment.stack.folder / "cdk.tf.json")
    service = _service(environment, measured=measured)
    if service:
        with progress.said_if_slow("asking CloudWatch"), environment.answering():
            dashboard = synthesized.resolved(_groups(service), cluster=service.cluster)
            shown = curves.measured(service, dashboard, until=datetime.now(timezone.utc))
    else:
        count = range(1, synthesized.group_count + 1)
        groups = [TargetGroup(f"target group {number}", "", "app/") for number in count]
        dashboard = synthesized.resolved(groups, cluster=settings.cluster_name or "of another module")
        shown = curves.sample(dashboard)
    text = page.render(dashboard, shown, environment=settings.name, region=settings.region)
    file.write_text(text, encoding="utf-8")
    return shown


def _service(environment: Environment, *, measured: bool | None) -> Service | None:
    if measured:
        return Service.deployed(environment)
    local_aws = environment.local_aws
    if measured is False or local_aws is None or not embedded_aws.is_running(local_aws):
        return None
    service = Service.of(environment)
    return service if service.find() else None


def _groups(service: Service) -> list[TargetGroup]:
    return [
        TargetGroup(
            name=group["TargetGroupName"],
            arn_suffix=group["TargetGroupArn"].rpartition(":")[2],
            load_balancer_arn_suffix=balancer_arn_of(group).partition(":loadbalancer/")[2],
        )
        for group in service.target_groups
    ]
