"""Node starts and loads its packages while Python goes on importing; the first construct waits for both."""

from __future__ import annotations

import warnings
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from jsii._kernel.providers.base import BaseProvider
    from jsii._kernel.types import LoadRequest, LoadResponse


class BackgroundLoads:
    """jsii's connection to Node, with `load` moved to one thread. Anything else first waits for every load.

    A load's error is raised by the first call that waits for it, not by the import that asked for it.
    """

    def __init__(self, provider: BaseProvider) -> None:
        self._provider = provider
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jsii-load")
        self._loads: list[Future[LoadResponse]] = []

    def load(self, request: LoadRequest) -> None:
        self._loads.append(self._thread.submit(self._provider.load, request))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever jsii's own has under this name
        for load in self._loads:
            load.result()
        return getattr(self._provider, name)


def enable() -> None:
    try:
        from jsii._runtime import kernel  # noqa: PLC0415 - costs 60 ms, and nothing if the switch is off

        provider = kernel.provider
    except (ImportError, AttributeError) as error:
        warnings.warn(f"Node is not started in the background: {error}.", RuntimeWarning, stacklevel=3)
        return
    if not isinstance(provider, BackgroundLoads):
        kernel.provider = cast("BaseProvider", BackgroundLoads(provider))
