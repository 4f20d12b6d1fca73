"""Terraform's own evaluation of a stack's conditions and messages, on values that a test makes up: no AWS, no plan."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Case:
    """A template, as JSON configuration has it, and the value of each address in it.

    A value may be a template, of the addresses before it.
    """

    template: str
    values: Mapping[str, Any]


def evaluate(folder: Path, cases: list[Case]) -> list[Any]:
    """Each case's value, by one `terraform console`."""
    text = {}
    for number, case in enumerate(cases):
        names = {address: f"local.value{number}_{at}" for at, address in enumerate(case.values)}
        for address, value in case.values.items():
            text[names[address]] = _renamed(value, names) if isinstance(value, str) else value
        text[f"local.result{number}"] = _renamed(case.template, names)
    document = {"locals": {name.removeprefix("local."): value for name, value in text.items()}}
    (folder / "main.tf.json").write_text(json.dumps(document), "utf-8")
    results = ", ".join(f"local.result{number}" for number in range(len(cases)))
    console = ["terraform", "console", "-no-color"]
    done = subprocess.run(
        console, cwd=folder, input=f"jsonencode([{results}])\n", capture_output=True, text=True, check=False
    )
    line = next((line for line in done.stdout.splitlines() if line.startswith('"[')), None)
    assert line is not None, done.stdout + done.stderr
    values: list[Any] = json.loads(json.loads(line))
    return values


def _renamed(template: str, names: Mapping[str, str]) -> str:
    """`self` stands for itself, and `data.type.name` for what Terraform would have read there."""
    for address, name in names.items():
        template = re.sub(rf"(?<![\w.]){re.escape(address)}(?=[.\[ ),}}])", name, template)
    return template
