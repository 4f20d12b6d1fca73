"""Values inside Terraform's expressions."""

from __future__ import annotations

import functools
import json

from cdktf import Token


@functools.cache
def hcl(value: str) -> str:
    """A string as it stands inside an expression, where CDKTF puts the reference itself for a token."""
    return value if Token.is_unresolved(value) else json.dumps(value)
