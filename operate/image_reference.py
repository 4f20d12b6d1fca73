"""What a task definition calls an image."""

from __future__ import annotations

import re
from dataclasses import dataclass

_REFERENCE = re.compile(
    r"(?:(?P<host>[^/]*[.:][^/]*|localhost)/)?(?P<name>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?"
)


@dataclass(frozen=True)
class ImageReference:
    """`host/name:tag@digest`; without tag and digest it means `latest`."""

    host: str
    name: str
    tag: str | None
    digest: str | None

    @classmethod
    def of(cls, text: str) -> ImageReference:
        found = _REFERENCE.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no image reference")
        default_tag = None if found["digest"] else "latest"
        return cls(found["host"] or "", found["name"], found["tag"] or default_tag, found["digest"])
