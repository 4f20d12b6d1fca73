"""[cluster]: the ECS cluster."""

from __future__ import annotations

from typing import Literal

from constructs_lib import defaults
from stacks.settings.base import Settings


class Cluster(Settings):
    container_insights: Literal["disabled", "enabled", "enhanced"] = defaults.CONTAINER_INSIGHTS
    """Which metrics CloudWatch collects, and charges for."""
