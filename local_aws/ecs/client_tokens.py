"""Which requests are the same one, sent again: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local_aws.ministack_types import Record


def identity(request: Record) -> Record:
    """What the record of something new remembers of the request that made it."""
    if not request.get("clientToken"):
        return {}
    return {"_client_token": request["clientToken"], "_request": json.dumps(request, sort_keys=True)}


def is_repeated(request: Record, record: Record) -> bool:
    own = identity(request)
    return bool(own) and own == {name: record.get(name) for name in own}
