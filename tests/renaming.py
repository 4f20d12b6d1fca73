"""The worked example of docs/longevity.md, as code: before a renaming, after it, and after it with the move."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cdktf import LocalBackend, TerraformStack, Testing
from cdktf_cdktf_provider_aws.provider import AwsProvider

from stacks.versions import AWS_PROVIDER, AWS_PROVIDER_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENT = Path(__file__).parents[1] / "docs" / "longevity.md"
_SECTION = re.compile(r"^## Rename a construct and destroy nothing$(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)


class Example(NamedTuple):
    """Each makes a stack of its own; `objected` is what the document says that the test of addresses says."""

    before: Callable[[], TerraformStack]
    renamed: Callable[[], TerraformStack]
    moved: Callable[[], TerraformStack]
    objected: list[str]


def example() -> Example:
    """Fails where the section has not three blocks of Python and one of text."""
    (section,) = _SECTION.findall(DOCUMENT.read_text())
    before, renamed, moved = re.findall(r"^```python\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    (objected,) = re.findall(r"^```text\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    return Example(_stack(before), _stack(renamed), _stack(moved), objected.splitlines())


def _stack(code: str) -> Callable[[], TerraformStack]:
    def make() -> TerraformStack:
        stack = TerraformStack(Testing.app(), "orders")
        stack.add_override(
            "terraform.required_providers.aws", {"source": AWS_PROVIDER, "version": AWS_PROVIDER_VERSION}
        )
        LocalBackend(stack, path="own.tfstate")
        AwsProvider(stack, "aws", region="us-east-1")
        exec(compile(code, DOCUMENT.name, "exec"), {"stack": stack})  # noqa: S102 - it is what is tested
        return stack

    return make
