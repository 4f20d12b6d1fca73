"""Which part of another module's outputs is meant, in Terraform's own words. No cdktf."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

_NAME = r"[^\W\d][\w-]*"
_STRING = r'"(?:[^"\\\n$%]|[$%](?!\{)|\\(?:[nrt"\\]|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}))*"'
_STEPS = rf"(?:\s*\.\s*{_NAME}|\s*\[\s*(?:[0-9]+|{_STRING}|\*)\s*\])*"
_PATH = re.compile(rf"\s*({_NAME}){_STEPS}\s*")
_CALL = re.compile(
    rf"\s*(?:split\s*\(\s*{_STRING}\s*,|(?:values|keys|flatten|tolist)\s*\()(.*)\){_STEPS}\s*", re.DOTALL
)
_CANONICAL = re.compile(rf"({_STRING})|\s+|\.\s*({_NAME})")
_OF_A_STATE = re.compile(
    rf"(?<![\w.\"-])(?:data\.terraform_remote_state\.{_NAME}\.outputs|module\.{_NAME}|outputs?)\.(?={_NAME})"
)
_LONGEST: Final = 1000
_REMEDY: Final = (
    'must be the name of an output, which .name, ["key"], [0] and [*] may follow, also within values(…), keys(…), '
    'flatten(…), tolist(…) and split(",", …)'
)


@dataclass(frozen=True)
class OutputExpression:
    """An output of another module, or what is found in it: ``target_groups["api"].arn``, ``split(",", subnets)[0]``.

    An output's name, attributes, indices, ``[*]``, and the functions ``values``, ``keys``, ``flatten``, ``tolist`` and
    ``split``, which change its shape. There is no operator, no other function and no second output;
    nor is there ``${`` or ``%{`` in a key.

    - ``text``: the expression, without ``${}``. No default.

    Raises ValueError, which says what would be right, for any other text.

    https://developer.hashicorp.com/terraform/language/expressions/references
    """

    text: str

    def __post_init__(self) -> None:
        if not self._place:
            raise ValueError(_remedy(self.text))

    @property
    def output(self) -> str:
        """The output's own name."""
        start, end = self._place
        return self.text[start:end]

    @property
    def is_name(self) -> bool:
        """Whether it is the whole output."""
        return self.output == self.text

    @property
    def canonical(self) -> str:
        """The same for two texts that mean the same: without spaces, and ``a["b"]`` for ``a.b``."""
        return _CANONICAL.sub(lambda found: found[1] or (f'["{found[2]}"]' if found[2] else ""), self.text)

    def within(self, outputs: str) -> str:
        """As an expression of Terraform's, where ``outputs`` is the one of all outputs, such as ``self.outputs``."""
        start, end = self._place
        return f"{self.text[:start]}{outputs}[{json.dumps(self.output, ensure_ascii=False)}]{self.text[end:]}"

    @property
    def _place(self) -> tuple[int, ...]:
        return _place_of_name(self.text)


def _place_of_name(text: str) -> tuple[int, ...]:
    """Where the output's name begins and ends; empty if the text is no such expression."""
    if len(text) > _LONGEST or _OF_A_STATE.search(text):
        return ()
    start, inner = 0, text
    while call := _CALL.fullmatch(inner):
        start, inner = start + call.start(1), call[1]
    path = _PATH.fullmatch(inner)
    return (start + path.start(1), start + path.end(1)) if path else ()


def _remedy(text: str) -> str:
    found = re.fullmatch(r"\s*\$\{(.*)\}\s*", text, re.DOTALL)
    bare = _OF_A_STATE.sub("", found[1] if found else text).strip()
    if bare != text and _place_of_name(bare):
        return f"must be written as that state has the output, without ${{}}, data., module. and output.: {bare}"
    return _REMEDY
