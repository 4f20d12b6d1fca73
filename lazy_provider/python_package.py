"""The Python side: the provider's package is registered without running its `__init__`, which imports everything."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import warnings
from pathlib import Path
from types import ModuleType

PACKAGE = "cdktf_cdktf_provider_aws"

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
    imported = sys.modules.get(PACKAGE)
    if isinstance(imported, LazyPackage):
        return True
    problem = "it was imported before lazy_provider.enable()" if imported else _unexpected_layout()
    if problem:
        warnings.warn(f"{PACKAGE} is not loaded on demand, synthesis is slow: {problem}.", RuntimeWarning, stacklevel=3)
        return False
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None  # noqa: S101 - _unexpected_layout has looked
    package = importlib.util.module_from_spec(spec)
    package.__class__ = LazyPackage
    sys.modules[PACKAGE] = package
    return True


def _unexpected_layout() -> str | None:
    """What about the package on disk a stand-in would hide or miss; None if nothing."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return "the package is not installed"
    init = Path(spec.origin)
    if not any(init.parent.glob("_jsii/*.jsii.tgz")):
        return f"{init.parent} holds no _jsii/*.jsii.tgz"
    source = init.read_text(encoding="utf-8")
    if not _IMPORTS_SUBMODULES.search(source) or _DEFINES_MORE.search(source):
        return f"{init} is not the list of imports it was in 20.1"
    return None
