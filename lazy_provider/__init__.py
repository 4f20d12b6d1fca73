"""The prebuilt AWS provider, loaded on demand.

Stock, `cdktf_cdktf_provider_aws` imports its 1,500 submodules, and Node requires their 1,500 counterparts, before the
first construct exists; its successor `cdktn_provider_aws` does so in Node alone. `enable()`, called before the
provider's first import, makes both sides of either load what a program uses.
Where something isn't as expected it warns and leaves the stock behaviour, which is slower and otherwise the same.
"""

from __future__ import annotations

import os
import warnings

from lazy_provider import node, python_package

SWITCH = "LAZY_PROVIDER"

_ON = ("", "on", "1", "true", "yes")
_OFF = ("off", "0", "false", "no")


def enable() -> bool:
    """Whether the provider loads on demand from here on: not if LAZY_PROVIDER says off, 0, false or no."""
    node.use_bundled()
    if not _is_switched_on():
        node.disable()
        return False
    if not python_package.stand_in():
        return False
    node.enable()
    return True


def _is_switched_on() -> bool:
    value = os.environ.get(SWITCH, "").strip().casefold()
    if value not in {*_ON, *_OFF}:
        message = f"the provider is not loaded on demand: {SWITCH} is {value!r}, which is neither on nor off."
        warnings.warn(message, RuntimeWarning, stacklevel=3)
    return value in _ON
