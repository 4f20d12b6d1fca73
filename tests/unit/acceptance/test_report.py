"""What the report's reader sees: what was judged, verdicts, failures and versions, in words and in the picture."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from operate.acceptance import report
from operate.acceptance.criteria import Criterion, Finding, Result, Verdict
from operate.acceptance.load import Sample
from operate.acceptance.timeline import Event, Snapshot, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from operate.acceptance.provenance import Provenance

NASTY = "<script>alert(1)</script>"


def timeline(title: str, *versions: str) -> Timeline:
    """Ten seconds at 2 a second: one version, three kinds of failure, then the other version."""
    first, second = versions
    samples = [Sample(1000 + n / 2, 0.01, 200, first if n < 10 else second) for n in range(20)]
    samples[11] = Sample(1005.5, 0.01, 503)
    samples[12] = Sample(1006.0, 0.01, 500)
    samples[13] = Sample(1006.5, 0.01, None, error="connection refused")
    snapshots = [Snapshot(1000, {"api:1": 1}), Snapshot(1005, {"api:2": 1, "api:1": 1}), Snapshot(1008, {"api:2": 1})]
    events = [Event(1001, "released api:2", ours=True), Event(1010, NASTY, ours=False)]
    return Timeline(title, 1000, 1010, samples, snapshots, events, {"api:1": "v1", "api:2": "v2"})


@pytest.fixture
def results() -> list[Result]:
    """Two criteria judged by one chart, one by another, one that was not run."""
    there, back = timeline("There", "v1", "v2"), timeline("Back", "v2", "v1")
    failed = Finding(passed=False, measured="3 of 20 failed", figures={"failed": 3}, timeline=there)
    return [
        Result.of(Criterion("SC-004", "It rolls", "no failed request"), failed, seconds=10),
        Result.of(Criterion("US3.2", "It drains", "well"), Finding(True, "it did", timeline=there), seconds=10),  # noqa: FBT003
        Result.of(Criterion("EC-4", "It changes", "well"), Finding(True, NASTY, timeline=back), seconds=10),  # noqa: FBT003
        Result(Criterion("SC-005", "It scales", "5 min"), Verdict.NOT_RUN, "no metric"),
    ]


@pytest.fixture
def text(provenance: Provenance, results: list[Result]) -> str:
    return report.render(provenance, results, written_at="now")


@pytest.fixture
def page(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own


def words(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def test_it_shows_verdicts_and_escapes_what_aws_says(text: str, page: ET.Element) -> None:
    """NOT RUN is written out; an event's text and a measurement are text."""
    for shown in ("2 PASS", "1 FAIL", "1 NOT RUN", "3 of 20 failed", "no metric", "released api:2", "5 s: 1 x 503"):
        assert shown in words(page)
    assert NASTY not in text
    assert NASTY in words(page)


def test_its_head_names_what_was_judged(page: ET.Element, provenance: Provenance) -> None:
    """Image, digest, commit, account, region, and each tool with its version."""
    head = page.find("body/dl")
    assert head is not None
    facts = dict(zip((words(one) for one in head.iter("dt")), (words(one) for one in head.iter("dd")), strict=True))
    assert facts == {
        "written": "now",
        "AWS account": "000000000000",
        "region": "us-east-1",
        "image": provenance.image,
        "image tag": "v1",
        "image digest": provenance.image_digest,
        "git commit": "3f9c2e1 with uncommitted changes",
        "Terraform": "1.11.4",
        "MiniStack": "1.5.33",
    }


def test_it_needs_no_network_and_fits_a_telephone(text: str, page: ET.Element) -> None:
    """Nothing is loaded; the window's width is the page's, and a chart's bars are in percent of it."""
    assert page.find("head/meta[@name='viewport']") is not None
    assert page.get("lang") == "en"
    assert not re.findall(r"https?://|@import|<script|<link|<img|\bsrc=|url\((?!#)", text)
    for chart in page.iterfind(".//svg[@class='chart']"):
        assert chart.get("viewBox") is None
        widths = [rect.get("width", "") for rect in chart.iter("rect")]
        assert widths
        assert all(width.endswith("%") for width in widths)


def test_rows_and_charts_link_to_each_other(page: ET.Element) -> None:
    """A row whose criterion has no chart links nowhere; every link leads somewhere."""
    ids = [one.get("id") for one in page.iter() if one.get("id")]
    assert len(set(ids)) == len(ids)
    links = {words(link): link.get("href", "")[1:] for link in page.iterfind(".//td/a")}
    assert links == {"SC-004": "chart-1", "US3.2": "chart-1", "EC-4": "chart-2"}
    back = [[link.get("href") for link in one.iterfind("ul/li/a")] for one in page.iterfind("body/section")]
    assert back == [["#SC-004", "#US3.2"], ["#EC-4"]]
    assert {link.get("href", "")[1:] for link in page.iter("a")} <= set(ids)


def looks(page: ET.Element) -> Iterator[dict[str, str]]:
    """Of each chart: legend's names to what is drawn with."""
    for section in page.iterfind("body/section"):
        swatches = [one for one in section.iterfind(".//li") if one.find("svg/rect") is not None]
        yield {words(one): one.findall("svg/rect")[0].get("fill", "") for one in swatches}


def test_a_version_keeps_its_look_and_a_failure_has_its_own(page: ET.Element) -> None:
    """Across both charts; every look is defined, and every bar has one of its chart's legend."""
    there, back = looks(page)
    assert there == back
    assert there["v1"] == there["api:1 (v1)"]
    assert len({there[name] for name in ("v1", "v2", "503", "500", "connection refused")}) == 5
    defined = {f"url(#{one.get('id')})" for one in page.iter("pattern")}
    assert set(there.values()) <= defined
    for chart in page.iterfind(".//svg[@class='chart']"):
        assert {rect.get("fill") for rect in chart.iter("rect")} == set(there.values())


def test_a_chart_is_told_in_words_too(page: ET.Element) -> None:
    """Its title and description for those who do not see it, and its figures and events as tables."""
    for section in page.iterfind("body/section"):
        chart = section.find(".//svg[@class='chart']")
        assert chart is not None
        named = [section.find(f".//*[@id='{id_}']") for id_ in chart.get("aria-labelledby", "").split()]
        title, description = (words(one) for one in named if one is not None)
        assert title == words(section.findall("h2")[0])
        assert "1 x connection refused" in description
        rows = [[words(cell) for cell in row] for row in section.iterfind("details/table/tr")]
        assert ["503", "1", "5.5 s", "5.5 s"] in rows
        assert ["1.0 s", "1", "released api:2"] in rows


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_suffices_by_day_and_by_night(text: str) -> None:
    """WCAG's 4.5 for words, on every ground they stand on, and 3 for what is drawn."""
    light, dark = (
        dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", part)) for part in text.split("@media (prefers-")[:2]
    )
    assert light.keys() == dark.keys()
    for colours in (light, dark):
        for ground, inks in (
            ("paper", ("ink", "muted", "link", "pass", "fail", "not-run")),
            ("badge", ("pass", "fail", "not-run")),
            ("target", ("ink", "muted", "link", "pass", "fail", "not-run")),
        ):
            assert min(contrast(colours[ink], colours[ground]) for ink in inks) >= 4.5
        drawn = [name for name in colours if name.startswith(("served-", "failed-")) or name == "axis"]
        assert min(contrast(colours[name], colours["paper"]) for name in drawn) >= 3


def test_the_json_holds_figures_and_fails_where_one_fails(
    results: list[Result], provenance: Provenance, tmp_path: Path
) -> None:
    """Numbers, not sentences, for what a pipeline compares; and what was judged."""
    _, path = report.write(provenance, results, folder=tmp_path)
    document = json.loads(path.read_text())
    assert document["passed"] is False
    failed, *_, not_run = document["results"]
    assert (failed["verdict"], failed["figures"], failed["requests"]["failed"]) == ("FAIL", {"failed": 3}, 3)
    assert (not_run["verdict"], not_run["requests"]) == ("NOT RUN", None)
    found = document["provenance"]
    assert (found["image_tag"], found["git_commit"], found["uncommitted_changes"]) == ("v1", "3f9c2e1", True)
    assert found["versions"] == {"Terraform": "1.11.4", "MiniStack": "1.5.33"}
