"""How much AWS takes of what grows with a deployment. No cdktf.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROLE_POLICY_CHARACTERS: Final = 10_240
"""Of all inline policies of a role together, white space not counted."""
TASK_DEFINITION_BYTES: Final = 65_536


def policy_characters(policy: str) -> int:
    """As IAM counts them."""
    return sum(not character.isspace() for character in policy)


def container_bytes(document: Mapping[str, Any]) -> int:
    """What a container takes of its task definition, without a space that could be left out.

    Text may be escaped for Terraform, which takes one of two $ away.
    """
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return len(text.replace("$${", "${").replace("%%{", "%{").encode())


def policy_remedy(policy: str, *, what: str) -> str | None:
    """``what`` is whose policy it is, or which part of it; None where IAM takes it."""
    found = policy_characters(policy)
    if found <= ROLE_POLICY_CHARACTERS:
        return None
    return (
        f"{what} has {found} characters without white space, and IAM allows {ROLE_POLICY_CHARACTERS} of all inline"
        " policies of a role"
    )


def containers_remedy(documents: Sequence[Mapping[str, Any]]) -> str | None:
    """None where ECS may take the containers of a task definition."""
    found = sum(map(container_bytes, documents))
    if found <= TASK_DEFINITION_BYTES:
        return None
    what = "the container alone takes" if len(documents) == 1 else "the containers alone take"
    return f"{what} {found} bytes, and ECS allows {TASK_DEFINITION_BYTES} of a task definition"
