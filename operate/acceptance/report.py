"""The report: acceptance-report.json for programs, acceptance-report.html for people who look rather than read."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from operate.acceptance.chart_styles import Styles
from operate.acceptance.charts import REQUESTS_HEIGHT, TASKS_HEIGHT, Chart, chart
from operate.acceptance.criteria import exit_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operate.acceptance.criteria import Result
    from operate.acceptance.provenance import Provenance
    from operate.acceptance.timeline import Timeline


@dataclass(frozen=True)
class Section:
    """One chart, and the criteria that were judged by it."""

    id: str
    chart: Chart
    results: list[Result]


def write(provenance: Provenance, results: Sequence[Result], *, folder: Path) -> tuple[Path, Path]:
    """The HTML and the JSON file."""
    written_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    html, document = folder / "acceptance-report.html", folder / "acceptance-report.json"
    html.write_text(render(provenance, results, written_at=written_at), encoding="utf-8")
    content = {
        "environment": provenance.environment,
        "written_at": written_at,
        "passed": exit_code(results) == 0,
        "provenance": asdict(provenance),
        "results": [_plain(result) for result in results],
    }
    document.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return html, document


def _plain(result: Result) -> dict[str, Any]:
    timeline = result.timeline
    return {
        **asdict(result.criterion),
        "verdict": result.verdict.value,
        "measured": result.measured,
        "figures": result.figures,
        "seconds": round(result.seconds, 1),
        "requests": asdict(timeline.summary) if timeline else None,
        "events": [asdict(event) for event in timeline.events] if timeline else [],
        "running_tasks": [asdict(snapshot) for snapshot in timeline.snapshots] if timeline else [],
    }


def render(provenance: Provenance, results: Sequence[Result], *, written_at: str) -> str:
    """Well-formed XML too; it loads nothing."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    template = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    timelines = _timelines(results)
    styles = Styles.of(timelines)
    sections = [
        Section(f"chart-{number}", chart(timeline, styles), [one for one in results if one.timeline is timeline])
        for number, timeline in enumerate(timelines, start=1)
    ]
    return template.get_template("report.html.j2").render(
        provenance=provenance,
        written_at=written_at,
        results=results,
        counted=Counter(result.verdict.value for result in results),
        styles=styles.all(),
        sections=sections,
        section_of={result.criterion.id: section.id for section in sections for result in section.results},
        requests_height=REQUESTS_HEIGHT,
        tasks_height=TASKS_HEIGHT,
    )


def _timelines(results: Sequence[Result]) -> list[Timeline]:
    """Two criteria may be judged by the same one."""
    return list({id(result.timeline): result.timeline for result in results if result.timeline}.values())
