"""Text of the settings, written so that Terraform reads it as the text that it is."""

from __future__ import annotations

import re
from typing import Final, TypeVar, cast

from stacks.settings.base import Settings

_MARK_OF_CDKTF: Final = re.compile(r"TfToken\[|\A(?:String|Any) Map Token Value\Z")

SettingsT = TypeVar("SettingsT", bound=Settings)


def verbatim(settings: SettingsT) -> SettingsT:
    """A copy in which Terraform takes no text, keys of tables included, for a template.

    `${aws:username}` is IAM's to resolve, and `a%{b` is the key of an object. Not for a `backend` block: Terraform
    evaluates nothing there.
    """
    return cast("SettingsT", _verbatim(settings))


def _verbatim(value: object) -> object:
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, dict):
        return {_verbatim(key): _verbatim(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(map(_verbatim, value))
    if isinstance(value, Settings):
        written = {name: _verbatim(inner) for name, inner in value}
        # What a file left out stays left out: no default has such text
        return value.model_copy(update={name: text for name, text in written.items() if text != getattr(value, name)})
    return value


def mark_of_cdktf(text: str) -> str | None:
    """The part of it that CDKTF would replace as one of its own tokens: no escape helps."""
    found = _MARK_OF_CDKTF.search(text)
    return found[0] if found else None
