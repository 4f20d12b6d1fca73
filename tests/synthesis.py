"""The generator run once for each set of settings, by all that `operate` does in this process.

A verb synthesizes anew each time, in one to two seconds of CPU; tests give the same settings to many verbs.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest import mock

from operate import generator, paths
from stacks.settings import environments_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_known: dict[object, dict[Path, bytes]] = {}
"""Files by their place among what is synthesized, by the environment that was asked for and all settings."""


@contextmanager
def remembered() -> Iterator[None]:
    """What is synthesized of them again is the same to the byte, which `tests/unit/test_main.py` shows."""
    synthesize = generator.synthesize

    def once(environment: str | None = None) -> None:
        files = sorted(file for file in environments_directory().iterdir() if file.is_file())
        settings = (environment, *((file.name, file.read_bytes()) for file in files))
        if settings not in _known:
            synthesize(environment)
            written = [paths.SYNTHESIZED / "manifest.json", *paths.SYNTHESIZED.glob("stacks/*/cdk.tf.json")]
            _known[settings] = {file.relative_to(paths.SYNTHESIZED): file.read_bytes() for file in written}
        for file, content in _known[settings].items():
            (paths.SYNTHESIZED / file).parent.mkdir(parents=True, exist_ok=True)
            (paths.SYNTHESIZED / file).write_bytes(content)

    with mock.patch.object(generator, "synthesize", once):
        yield
