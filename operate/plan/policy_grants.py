"""What an IAM policy document allows and denies, one action on one resource at a time.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, order=True)
class Grant:
    """`action` and `target` may have `*` and `?`; `target` is a resource, in a trust policy who may assume the role.

    `conditions` is empty where there are none.
    """

    effect: str
    action: str
    target: str
    conditions: str = ""

    def __str__(self) -> str:
        said = f"{self.action} on {self.target}" if self.target else self.action
        denied = "" if self.effect == "Allow" else f"{self.effect} "
        return f"{denied}{said}{f', if {self.conditions}' if self.conditions else ''}"

    def covers(self, other: Grant) -> bool:
        """Whether `other` adds nothing to this one, as far as the two texts can say."""
        return (
            self.effect == other.effect
            and self.conditions in {"", other.conditions}
            and _matches(self.action.lower(), other.action.lower())
            and _matches(self.target, other.target)
        )


def grants(document: dict[str, Any]) -> set[Grant]:
    return {grant for statement in _several(document.get("Statement")) for grant in _of(statement)}


def grants_in(text: str | None) -> set[Grant]:
    """Of a policy in JSON; nothing of what is none."""
    try:
        document = json.loads(text or "{}")
    except ValueError:
        return set()
    return grants(document) if isinstance(document, dict) else set()


def gained(before: Iterable[Grant], after: Iterable[Grant]) -> list[str]:
    """What was not allowed before, and what was denied and is not any more, in words."""
    old, new = set(before), set(after)
    allowed = _uncovered([one for one in new if one.effect == "Allow"], by=old)
    no_longer_denied = _uncovered([one for one in old if one.effect == "Deny"], by=new)
    return [*map(str, sorted(allowed)), *(f"{one} no more" for one in sorted(no_longer_denied))]


def _uncovered(some: list[Grant], *, by: set[Grant]) -> list[Grant]:
    return [one for one in some if not any(other.covers(one) for other in by)]


def _of(statement: dict[str, Any]) -> Iterator[Grant]:
    actions = _named(statement, "Action", "NotAction", every="all actions")
    targets = [*_named(statement, "Resource", "NotResource", every="all resources"), *_principals(statement)]
    for action, target in product(actions, targets or [""]):
        yield Grant(statement.get("Effect", "Allow"), action, target, _conditions(statement))


def _named(statement: dict[str, Any], key: str, but: str, *, every: str) -> list[str]:
    if but in statement:
        return [f"{every} but {', '.join(sorted(map(str, _several(statement[but]))))}"]
    return [str(one) for one in _several(statement.get(key))]


def _principals(statement: dict[str, Any]) -> list[str]:
    found = []
    for key, prefix in (("Principal", ""), ("NotPrincipal", "all but ")):
        principals = statement.get(key) or {}
        kinds = principals.items() if isinstance(principals, dict) else [("AWS", principals)]
        found += [f"behalf of {prefix}{kind} {one}" for kind, some in kinds for one in _several(some)]
    return found


def _conditions(statement: dict[str, Any]) -> str:
    return " and ".join(
        f"{operator} {key} {', '.join(sorted(map(str, _several(values))))}"
        for operator, tests in sorted((statement.get("Condition") or {}).items())
        for key, values in sorted(tests.items())
    )


def _matches(pattern: str, text: str) -> bool:
    """A `*` of `text` stands for any text, which a `?` of the pattern does not take."""
    wild = {"*": ".*", "?": "[^*]"}
    return re.fullmatch("".join(wild.get(one) or re.escape(one) for one in pattern), text, re.DOTALL) is not None


def _several(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """IAM takes one for a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
