"""[dashboard]: a CloudWatch dashboard of the service."""

from __future__ import annotations

from stacks.settings.base import Settings


class Dashboard(Settings):
    """Beside `cluster.name`, `cluster.container_insights` says whether the cluster has what it shows of tasks."""

    enabled: bool = False
    """Whether there is a CloudWatch dashboard of the service, called as it is."""
