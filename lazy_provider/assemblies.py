"""Both sides of jsii at once: Node starts and loads its packages while Python goes on importing its own."""

from __future__ import annotations

import warnings
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from jsii._kernel.providers.base import BaseProvider
    from jsii._kernel.types import LoadRequest, StatsRequest


class _LoadsInBackground:
    """Stands for jsii's connection to Node: what needs an answer waits for the packages asked for before it.

    `first` has an answer that nobody needs: jsii starts Node with the first request.
    """

    def __init__(self, provider: BaseProvider, *, first: StatsRequest) -> None:
        self._provider = provider
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jsii-load")
        self._loading: deque[Future[object]] = deque([self._thread.submit(provider.stats, first)])

    def load(self, request: LoadRequest) -> None:
        """An error is raised by whatever comes next."""
        self._loading.append(self._thread.submit(self._provider.load, request))

    def __getattr__(self, name: str) -> object:
        while self._loading:
            self._loading.popleft().result()
        return getattr(self._provider, name)


def load_in_background() -> None:
    """Starts Node. Where this is not the jsii that it was written for, it warns and leaves jsii as it is."""
    try:
        from jsii import kernel  # noqa: PLC0415 - the settings are read without jsii
        from jsii._kernel.types import StatsRequest  # noqa: PLC0415

        if not isinstance(kernel.provider, _LoadsInBackground):
            kernel.provider = cast("BaseProvider", _LoadsInBackground(kernel.provider, first=StatsRequest()))
    except (ImportError, AttributeError) as error:
        message = f"Python waits while Node loads its packages: this jsii is another one ({error})."
        warnings.warn(message, RuntimeWarning, stacklevel=2)
