"""The MiniStack functions that are replaced or relied on, each with the fingerprint of the source that was read.

An upgrade that changes one of them stops the start with its name: read it anew, adapt, and note the new fingerprint.
"""

from __future__ import annotations

import hashlib
import inspect
from typing import TYPE_CHECKING

from operate.errors import OperateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

_TABLES = ("_ACTION_MAP", "_IAM_HANDLERS")


def check(fingerprints: Mapping[ModuleType, Mapping[str, str]]) -> None:
    """Raises OperateError with one line for each function that is not the one that was read."""
    problems = [
        _problem(module, name, expected)
        for module, functions in fingerprints.items()
        for name, expected in functions.items()
    ]
    found = [problem for problem in problems if problem]
    if found:
        raise OperateError(
            "The embedded AWS's corrections were written for another MiniStack:\n"
            + "\n".join(f"  {problem}" for problem in found)
            + "\nInstall the pinned version, or read these functions anew and adapt operate/local_cloud/fidelity."
        )


def _problem(module: ModuleType, name: str, expected: str) -> str | None:
    function = getattr(module, name, None)
    if function is None:
        return f"{module.__name__}.{name} is gone"
    actual = fingerprint(function)
    return None if actual == expected else f"{module.__name__}.{name} has changed: fingerprint {actual}, not {expected}"


def fingerprint(function: Callable[..., object]) -> str:
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:12]


def replace(module: ModuleType, name: str, replacement: Callable[..., object]) -> None:
    """Also where the module's table of actions holds it."""
    original = getattr(module, name)
    setattr(module, name, replacement)
    for actions in (getattr(module, table, {}) for table in _TABLES):
        for action in [action for action, handler in actions.items() if handler is original]:
            actions[action] = replacement
