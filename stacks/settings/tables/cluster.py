"""[cluster]: the ECS cluster."""

from __future__ import annotations

from typing import Literal

from stacks.settings.base import Settings


class Cluster(Settings):
    container_insights: Literal["disabled", "enabled", "enhanced"] = "disabled"
