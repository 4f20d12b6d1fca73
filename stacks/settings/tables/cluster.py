"""[cluster]: the ECS cluster."""

from __future__ import annotations

from typing import Annotated, Literal

from constructs_lib import defaults
from stacks.settings.base import Settings, matching


class Cluster(Settings):
    """Beside `name`, `container_insights` says what that cluster should have: a plan compares it where it is set."""

    name: (
        Annotated[
            str,
            matching(
                r"[A-Za-z0-9_-]{1,255}",
                "must be the name of an ECS cluster, 1 to 255 letters, digits, - and _, such as shared",
            ),
        ]
        | None
    ) = None
    """Name of an existing cluster, which is read and never changed; by default the stack makes one of its own."""
    container_insights: Literal["disabled", "enabled", "enhanced"] = defaults.CONTAINER_INSIGHTS
    """Which metrics CloudWatch collects, and charges for."""
