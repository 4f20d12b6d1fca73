"""What MiniStack's functions take and give: records and requests are untyped, an answer is status, headers and body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Record = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[Record], Answer]
Parameters = dict[str, list[str]]
"""A form's, each with its values."""
Action = Callable[[Parameters], Answer]
