"""Where things are in this checkout, and how a path is shown to a person."""

from __future__ import annotations

import contextlib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SYNTHESIZED = REPOSITORY / "cdktf.out"
LOCAL = REPOSITORY / ".local"
"""What the verbs keep between two runs."""

SAMPLE_API = REPOSITORY / "examples" / "go_api"
EXISTING_INFRASTRUCTURE = REPOSITORY / "examples" / "existing_infrastructure"


def shown(path: Path) -> str:
    """Relative to the working directory, if it is in it; that may be gone."""
    with contextlib.suppress(OSError):
        return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
    return str(path)
