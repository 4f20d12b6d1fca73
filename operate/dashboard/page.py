"""The page: one file that loads nothing, for light and dark, and for narrow windows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup

from operate.dashboard.body import Graph
from operate.dashboard.plots import COLOURS, WIDTH, Plot, plot

if TYPE_CHECKING:
    from operate.dashboard.body import Dashboard, Place
    from operate.dashboard.curves import Curves


@dataclass(frozen=True)
class Drawing:
    """One widget: `text` is HTML, of a text's Markdown; a graph has a plot in its place."""

    place: Place
    text: Markup | None = None
    graph: Graph | None = None
    plot: Plot | None = None


def render(dashboard: Dashboard, curves: Curves, *, environment: str, region: str) -> str:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    template = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    markdown = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True})
    return template.get_template("page.html.j2").render(
        dashboard=dashboard,
        curves=curves,
        environment=environment,
        region=region,
        drawings=[
            Drawing(widget.place, graph=widget, plot=plot(widget, curves))
            if isinstance(widget, Graph)
            else Drawing(widget.place, text=Markup(markdown.render(widget.markdown)))  # noqa: S704 - it escapes HTML
            for widget in dashboard.widgets
        ],
        colours=COLOURS,
        width=WIDTH,
    )
