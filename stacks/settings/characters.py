"""Characters that a person can't tell from others, or can't see, by name."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SCRIPTS_LIKE_LATIN: Final = (
    "ARMENIAN",
    "CHEROKEE",
    "COPTIC",
    "CYRILLIC",
    "FULLWIDTH",
    "GREEK",
    "LISU",
    "MATHEMATICAL",
)
_BLANK_LETTERS: Final = "\u115f\u1160\u3164\uffa0"  # Hangul fillers
_JOINERS: Final = "\u200c\u200d"  # which Persian, Hindi and emoji are written with
_WORD: Final = re.compile(r"[^\W\d_]+")


def named(character: str) -> str:
    """`U+0430 CYRILLIC SMALL LETTER A`."""
    nameless = "CONTROL CHARACTER" if unicodedata.category(character) == "Cc" else "WITHOUT A NAME"
    return f"U+{ord(character):04X} {unicodedata.name(character, nameless)}"


def printable(text: str) -> str:
    """With an escape for what a terminal would obey or not show."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def but_not_ascii(text: str, *, before: str = ", not ") -> str:
    """Ends the remedy of a rule that takes only ASCII, where `text` has something else: `, not U+0430 …`."""
    found = next((character for character in text if not " " <= character <= "~"), None)
    return f"{before}{named(found)}" if found else ""


def misleading(text: str) -> str | None:
    """The first invisible character, or the first letter of another script within a Latin word."""
    invisible = next((character for character in text if _is_invisible(character)), None)
    mixed = (word for word in _WORD.findall(text) if re.search("[A-Za-z]", word))
    return invisible or next((letter for word in mixed for letter in word if _looks_latin(letter)), None)


def _is_invisible(character: str) -> bool:
    if character in _JOINERS or character == " ":
        return False
    return character in _BLANK_LETTERS or unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp", "Zs"}


def _looks_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(_SCRIPTS_LIKE_LATIN)
