"""Both sides of jsii: Node starts and loads its packages while Python goes on importing its own."""

from __future__ import annotations

import warnings
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from jsii._kernel.providers.base import BaseProvider
    from jsii._kernel.types import LoadRequest


class _LoadsInBackground:
    """Stands for jsii's connection to Node: what needs an answer waits for the packages asked for before it."""

    def __init__(self, provider: BaseProvider) -> None:
        self._provider = provider
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jsii-load")
        self._loading: deque[Future[object]] = deque()

    def load(self, request: LoadRequest) -> None:
        """An error is raised by whatever comes next."""
        self._loading.append(self._thread.submit(self._provider.load, request))

    def __getattr__(self, name: str) -> object:
        while self._loading:
            self._loading.popleft().result()
        return getattr(self._provider, name)


def load_in_background() -> None:
    try:
        from jsii import kernel  # noqa: PLC0415 - the settings are read without jsii

        if not isinstance(kernel.provider, _LoadsInBackground):
            kernel.provider = cast("BaseProvider", _LoadsInBackground(kernel.provider))
    except (ImportError, AttributeError) as error:
        message = f"Python waits while Node loads its packages: this jsii is another one ({error})."
        warnings.warn(message, RuntimeWarning, stacklevel=3)
