"""The Python side: the provider's package is registered without running its `__init__`, which imports everything."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import warnings
from pathlib import Path
from types import ModuleType

from lazy_provider import node

PACKAGE = "cdktf_cdktf_provider_aws"
SUCCESSOR = "cdktn_provider_aws"
"""Imports a submodule when it is asked for by itself; the stand-in is for the other."""

_IMPORTS_SUBMODULES = re.compile(r"^from \. import \w+$", re.MULTILINE)
_DEFINES_MORE = re.compile(r"^(class |def __getattr__)", re.MULTILINE)


class LazyPackage(ModuleType):
    """A package that imports a submodule when its attribute is first asked for."""

    def __getattr__(self, name: str) -> object:
        if name == "__all__":
            return self.__dir__()
        submodule = f"{self.__name__}.{name}"
        # Dunder names are probed on every module by the interpreter and pytest; they are never submodules.
        if name.startswith("__") or importlib.util.find_spec(submodule) is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return importlib.import_module(submodule)

    def __dir__(self) -> list[str]:
        found = (init.parent.name for path in self.__path__ for init in Path(path).glob("*/__init__.py"))
        return sorted(name for name in found if not name.startswith("_"))


def stand_in() -> bool:
    """Put a `LazyPackage` in `sys.modules`; False, with a warning, where the stock package has to be left alone."""
    name = _installed()
    imported = sys.modules.get(name)
    if isinstance(imported, LazyPackage) or (name == SUCCESSOR and imported and node.is_enabled()):
        return True
    problem = "it was imported before lazy_provider.enable()" if imported else _unexpected_layout(name)
    if problem:
        warnings.warn(f"{name} is not loaded on demand, synthesis is slow: {problem}.", RuntimeWarning, stacklevel=3)
        return False
    if name == SUCCESSOR:
        return True
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None  # noqa: S101 - _unexpected_layout has looked
    package = importlib.util.module_from_spec(spec)
    package.__class__ = LazyPackage
    sys.modules[PACKAGE] = package
    return True


def _installed() -> str:
    both = (PACKAGE, SUCCESSOR)
    return next((name for name in both if name in sys.modules or importlib.util.find_spec(name)), PACKAGE)


def _unexpected_layout(name: str) -> str | None:
    """What about the package on disk a stand-in would hide or miss, or isn't lazy by itself; None if nothing."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return "the package is not installed"
    init = Path(spec.origin)
    if not any(init.parent.glob("_jsii/*.jsii.tgz")):
        return f"{init.parent} holds no _jsii/*.jsii.tgz"
    source = init.read_text(encoding="utf-8")
    imports, defines_more = _IMPORTS_SUBMODULES.search(source), _DEFINES_MORE.search(source)
    if name == SUCCESSOR:
        return None if defines_more and not imports else f"{init} imports what nobody has asked for"
    return f"{init} is not the list of imports it was in 20.1" if not imports or defines_more else None
