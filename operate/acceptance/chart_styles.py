"""What a version, a revision and a kind of failure look like: the same in every chart of a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operate.acceptance.load import Sample
    from operate.acceptance.timeline import Timeline

SERVED_COLOURS, FAILED_COLOURS, TEXTURES = 8, 3, 6
_UNNAMED = "answered"


@dataclass(frozen=True)
class Style:
    """`colour` is one of the style sheet's, `texture` one of the page's patterns; 0 is plain, and no failure's."""

    id: str
    colour: str
    texture: int


@dataclass(frozen=True)
class Kind:
    """What became of a request: the version that answered, or how it failed."""

    name: str
    failed: bool

    @classmethod
    def of(cls, sample: Sample) -> Kind:
        if sample.ok:
            return cls(sample.version or _UNNAMED, failed=False)
        return cls(str(sample.status or (sample.error or "no answer").partition(":")[0]), failed=True)


@dataclass(frozen=True)
class Styles:
    kinds: dict[Kind, Style]
    revisions: dict[str, Style]

    @classmethod
    def of(cls, timelines: Sequence[Timeline]) -> Styles:
        """A revision looks like the version that its image's tag names, unless an earlier one does already."""
        kinds = list(dict.fromkeys(kind for timeline in timelines for kind in kinds_of(timeline)))
        versions = {kind.name: _served(number) for number, kind in enumerate(one for one in kinds if not one.failed)}
        failures = [kind for kind in kinds if kind.failed]
        tags = {name: tag for timeline in timelines for name, tag in timeline.image_tags.items()}
        revisions: dict[str, Style] = {}
        for name in dict.fromkeys(name for timeline in timelines for name in revisions_of(timeline)):
            alike = versions.get(tags.get(name) or "")
            own = _served(len({*versions.values(), *revisions.values()}))
            revisions[name] = alike if alike and alike not in revisions.values() else own
        return cls(
            {kind: versions[kind.name] for kind in kinds if not kind.failed}
            | {kind: _failed(number) for number, kind in enumerate(failures)},
            revisions,
        )

    def all(self) -> list[Style]:
        return list(dict.fromkeys([*self.kinds.values(), *self.revisions.values()]))


def kinds_of(timeline: Timeline) -> list[Kind]:
    """In the order in which they were first seen, failures last."""
    ordered = sorted(timeline.samples, key=lambda sample: sample.sent_at)
    return sorted(dict.fromkeys(map(Kind.of, ordered)), key=lambda kind: kind.failed)


def revisions_of(timeline: Timeline) -> list[str]:
    running = ((name, count) for snapshot in timeline.snapshots for name, count in snapshot.running.items())
    return list(dict.fromkeys(name for name, count in running if count))


def _served(number: int) -> Style:
    return Style(f"served-{number}", f"served-{number % SERVED_COLOURS}", number // SERVED_COLOURS % TEXTURES)


def _failed(number: int) -> Style:
    """A colour meets a texture a second time only after all have met."""
    colour = (number + number // TEXTURES) % FAILED_COLOURS
    return Style(f"failed-{number}", f"failed-{colour}", 1 + number % TEXTURES)
