"""What an environment's file may be, to the byte, and what is told of one that is not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from stacks.settings.messages import SettingsError
from stacks.settings.toml_file import leaves, read_toml, reason

if TYPE_CHECKING:
    from pathlib import Path

LEVELS = "is nested too deeply: must have 30 levels at most"
DIGITS = "an integer must have 4300 digits at most"


def told(folder: Path, content: str | bytes) -> list[tuple[str, str]]:
    """Key and remedy of each problem of a file with this content."""
    file = folder / "dev.toml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    try:
        read_toml(file)
    except SettingsError as error:
        return [(problem.key, problem.remedy) for problem in error.problems if problem.file == file]
    return []


def test_what_is_read(tmp_path: Path) -> None:
    """UTF-8 with or without a byte order mark, and with any machine's ends of lines."""
    file = tmp_path / "dev.toml"
    for ends in ("\n", "\r\n", "\r"):
        for mark in (b"", b"\xef\xbb\xbf"):
            file.write_bytes(mark + ends.join(['a = "ü"', "[b]", "c = [1, { d = 2 }]", "# \u4e2d", ""]).encode())
            assert read_toml(file) == {"a": "ü", "b": {"c": [1, {"d": 2}]}}


def test_size(tmp_path: Path) -> None:
    """256 KiB, and not a byte more."""
    assert told(tmp_path, "#" * 256 * 1024) == []
    assert told(tmp_path, "#" * (256 * 1024 + 1)) == [("", "is too large: must have 256 KiB at most")]


def test_levels(tmp_path: Path) -> None:
    """Of lists, of tables, and of a key's parts, however they are quoted and wherever they stand."""
    assert told(tmp_path, f"a = {'[' * 29}{']' * 29}") == told(tmp_path, f"a = {'[' * 28}1{']' * 28}") == []
    assert told(tmp_path, f"a = {'[' * 30}{']' * 30}") == told(tmp_path, f"a = {'[' * 29}1{']' * 29}") == [("", LEVELS)]
    assert told(tmp_path, ".".join(["a"] * 29) + " = 1") == []
    assert told(tmp_path, ".".join(["a"] * 30) + " = 1") == [("", LEVELS)]
    for key in ("a", '"a.\\"b"', "'a.b'", "a-_9"):
        for text in ("{} = 1", "[{}]", "x = {{ {} = 1 }}", "x = {{ y = 1, {} = 1 }}", " \t{} = 1"):
            for dot in (".", " .\t"):
                deep = "z = 1\n" + text.format(dot.join([key] * 31))
                assert told(tmp_path, deep) == [("", f"line 2 {LEVELS}")]
    assert told(tmp_path, "a = " + "[" * 100_000) == [("", LEVELS)]


def test_digits(tmp_path: Path) -> None:
    """As many as Python reads, with or without underscores, in any base."""
    assert told(tmp_path, f"a = {'9' * 4300}") == told(tmp_path, f"a = -{'9' * 4300}") == []
    assert told(tmp_path, f"a = 1\nb = {'9' * 4301}") == [("", f"is not TOML: line 2: {DIGITS}")]
    assert told(tmp_path, f"a = {'9_' * 4300}9") == [("", f"is not TOML: line 1: {DIGITS}")]
    long = "f" * 4000
    assert told(tmp_path, f'x = {{ a = 0x{long}, b = [1, -0], "c d" = 0x{long} }}') == [
        ("x.a", DIGITS),
        ('x."c d"', DIGITS),
    ]


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        ("a = 1\nb = ?", "is not TOML: line 2, column 5: Invalid value"),
        (
            "a = 1\naccount_id = 012345678901\n",
            (
                "is not TOML: line 2, column 15: a number must not begin with 0, and text is in quotes: "
                'account_id = "012345678901"'
            ),
        ),
        (
            "service = { name = 007 }",
            'is not TOML: line 1, column 21: a number must not begin with 0, and text is in quotes: name = "007"',
        ),
        ("a = 1 2 # b = 0\n", "is not TOML: line 1, column 7: Expected newline or end of document after a statement"),
        ("a = 00:1", "is not TOML: line 1, column 6: Expected newline or end of document after a statement"),
        ('a = "x', "is not TOML: end of document: Unterminated string"),
        (b"ab\xff", "is not UTF-8 text, at byte 3: save it as UTF-8"),
    ],
)
def test_syntax(tmp_path: Path, content: str | bytes, remedy: str) -> None:
    """The place before the words."""
    assert told(tmp_path, content) == [("", remedy)]


def test_what_is_no_file(tmp_path: Path) -> None:
    """A folder, a pipe, which nobody writes to, and nothing at all."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, remedy in (
        ("folder", "cannot be read: is a directory"),
        ("pipe", "must be a regular file, not a pipe, a socket or a device"),
        ("gone", "cannot be read: no such file or directory"),
    ):
        with pytest.raises(SettingsError) as caught:
            read_toml(tmp_path / name)
        assert [problem.remedy for problem in caught.value.problems] == [remedy]


def test_leaves() -> None:
    """Values and keys with their paths, in the file's order."""
    assert list(leaves({"a": [1, {"b": None}], "c": {"d": "e"}})) == [
        (("a",), "a"),
        (("a", 0), 1),
        (("a", 1, "b"), "b"),
        (("a", 1, "b"), None),
        (("c",), "c"),
        (("c", "d"), "d"),
        (("c", "d"), "e"),
    ]
    assert list(leaves(5, "x")) == [(("x",), 5)]


def test_reason() -> None:
    """The system's words, or the error's own where there are none."""
    assert reason(FileNotFoundError(2, "No such file")) == "no such file"
    assert reason(OSError("Odd")) == "odd"


def test_the_longest_number_in_any_base(tmp_path: Path) -> None:
    """Python prints no integer of more digits, whatever the base in which it was written."""
    file = tmp_path / "dev.toml"
    file.write_text(f"a = {hex(10**4300 - 1)}")
    assert read_toml(file) == {"a": 10**4300 - 1}
    file.write_text(f"a = {hex(10**4300)}")
    with pytest.raises(SettingsError, match="an integer must have 4300 digits at most"):
        read_toml(file)


def test_a_text_with_many_dots_is_no_deep_key(tmp_path: Path) -> None:
    """Only what stands where a key stands is one."""
    file = tmp_path / "dev.toml"
    text = "x." * 40
    file.write_text(f'a = "{text}"')
    assert read_toml(file) == {"a": text}


def test_a_long_number_is_told_with_its_line_and_only_where_it_is_the_matter(tmp_path: Path) -> None:
    """Also in a file that begins with an empty line; another mistake before it comes first."""
    file = tmp_path / "dev.toml"
    number = "1" * 4301
    file.write_text(f"\na = {number}")
    with pytest.raises(SettingsError, match="line 2: an integer must have"):
        read_toml(file)
    file.write_text(f"a = \nb = {number}")
    with pytest.raises(SettingsError, match="line 1, column 5: Invalid value"):
        read_toml(file)
