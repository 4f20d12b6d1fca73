"""Characters by name, and which of them a person can't see or tell from others."""

from __future__ import annotations

import pytest

from stacks.settings.characters import but_not_ascii, misleading, named, printable


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\u0430", "U+0430 CYRILLIC SMALL LETTER A"),
        ("\n", "U+000A CONTROL CHARACTER"),
        ("\ue000", "U+E000 WITHOUT A NAME"),
        ("\U0001f600", "U+1F600 GRINNING FACE"),
    ],
)
def test_name(character: str, name: str) -> None:
    assert named(character) == name


@pytest.mark.parametrize(
    ("text", "shown"),
    [("aü \U0001f600", "aü \U0001f600"), ("a\x1b[1mb", "a\\x1b[1mb"), ("\n\t", "\\n\\t"), ("\u202e", "\\u202e")],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("", ""),
        (" ~aZ09", ""),
        ("a\x1f", ", not U+001F CONTROL CHARACTER"),
        ("\x7f", ", not U+007F CONTROL CHARACTER"),
        ("aéü", ", not U+00E9 LATIN SMALL LETTER E WITH ACUTE"),
    ],
)
def test_the_first_that_is_not_ascii_is_named(text: str, ending: str) -> None:
    assert but_not_ascii(text) == ending
    assert but_not_ascii(text, before="; ") == ending.replace(", not ", "; ")


MISLEADING = {
    "Armenian": ("a\u0585", "\u0585"),
    "Cherokee": ("a\u13aa", "\u13aa"),
    "Coptic": ("a\u2c9e", "\u2c9e"),
    "Cyrillic": ("p\u0430y", "\u0430"),
    "fullwidth": ("a\uff41", "\uff41"),
    "Greek": ("\u03bfk", "\u03bf"),
    "Lisu": ("a\ua4d0", "\ua4d0"),
    "mathematical": ("a\U0001d41a", "\U0001d41a"),
    "second word": ("good b\u0430d", "\u0430"),
    "second letter": ("ab\u0430\u03bf", "\u0430"),
    "invisible before": ("\u0430b\u200b", "\u200b"),
    "control": ("a\x07", "\x07"),
    "format": ("a\u200b", "\u200b"),
    "line separator": ("a\u2028", "\u2028"),
    "paragraph separator": ("a\u2029", "\u2029"),
    "no-break space": ("a\u00a0b", "\u00a0"),
    "Hangul filler": ("\u3164", "\u3164"),
    "Hangul choseong filler": ("\u115f", "\u115f"),
    "Hangul jungseong filler": ("\u1160", "\u1160"),
    "halfwidth filler": ("\uffa0", "\uffa0"),
}


@pytest.mark.parametrize(("text", "character"), MISLEADING.values(), ids=MISLEADING)
def test_what_misleads(text: str, character: str) -> None:
    """A letter of another script within a Latin word, and whatever nobody sees."""
    assert misleading(text) == character


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "Größe",
        "привет",
        "привет world",
        "a1\u0430",
        "ελ_a",
        "\u0646\u200c\u0645",
        "\U0001f468\u200d\U0001f469",
        "日本",
    ],
)
def test_what_is_read_as_it_is(text: str) -> None:
    """Whole words of another script, and the joiners that Persian and emoji are written with."""
    assert misleading(text) is None
