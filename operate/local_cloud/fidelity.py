"""Where MiniStack's answers differ from AWS's and it shows: closed here, one function per gap.

Runs inside the emulator's process. Each patch is bound to the pinned MiniStack and has a test of its own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.services import ecs

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = tuple[int, dict[str, str], bytes]
    Action = Callable[[dict[str, Any]], Answer]


def install() -> None:
    """Patch the imported MiniStack; called once, before it serves."""
    for action in ("CreateService", "UpdateService"):
        ecs._ACTION_MAP[action] = _keeping_zone_rebalancing(ecs._ACTION_MAP[action])  # noqa: SLF001


def _keeping_zone_rebalancing(handler: Action) -> Action:
    """MiniStack forgets `availabilityZoneRebalancing`; the provider then sees drift in every plan."""

    def handle(request: dict[str, Any]) -> Answer:
        status, headers, body = handler(request)
        if status != 200:  # noqa: PLR2004
            return status, headers, body
        answer = json.loads(body)
        stored = ecs._services[answer["service"]["serviceArn"].split(":service/")[1]]  # noqa: SLF001
        value = request.get("availabilityZoneRebalancing") or stored.get("availabilityZoneRebalancing", "DISABLED")
        stored["availabilityZoneRebalancing"] = answer["service"]["availabilityZoneRebalancing"] = value
        return status, headers, json.dumps(answer).encode()

    return handle
