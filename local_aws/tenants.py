"""The accounts and regions that something is kept for, each of which the background threads look after."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ministack.core.responses import request_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ministack.core.responses import AccountRegionScopedDict

_log = logging.getLogger("local_aws")


def for_each_tenant(stores: Iterable[AccountRegionScopedDict], action: Callable[[], object]) -> None:
    """Within each account and region that one of the stores has something of. What it raises is logged, no more."""
    for account, region in sorted({key[:2] for store in stores for key, _ in store.all_items()}):
        with request_scope(account, region):
            try:
                action()
            except Exception:  # noqa: BLE001 - the thread is also the other tenants', and the next period's
                _log.exception("%r failed in account %s, region %s", action, account, region)
