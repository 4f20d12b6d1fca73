"""The releases as a terminal shows them: of who has made one, the last part of the ARN."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from operate.release.releases import Verdict
from operate.running.status_screen import short_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operate.release.releases import Release

_STYLES = {Verdict.SERVES_NOW: "green", Verdict.ROLLED_BACK: "red", Verdict.NEVER_HEALTHY: "red"}


def of(releases: Sequence[Release]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for heading in ("REV", "TAG", "DIGEST", "REGISTERED", "BY", "VERDICT", ""):
        table.add_column(heading, overflow="fold")
    for one in releases:
        table.add_row(
            one.revision.rpartition(":")[2],
            one.image.tag or "",
            short_digest(one.image.digest),
            f"{one.registered_at.astimezone():%Y-%m-%d %H:%M}" if one.registered_at else "",
            re.split("[:/]", one.registered_by)[-1],
            Text(one.verdict.value, style=_STYLES.get(one.verdict, "")),
            "live" if one.live else "",
        )
    return table
