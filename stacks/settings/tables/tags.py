"""[tags]: what an environment adds to the three tags that the stack sets on everything, or puts in their place."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator

from stacks.settings.base import Refusal, refusal, refuse_all
from stacks.settings.characters import named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OUR_TAGS: Final = ("environment", "service", "managed-by")
RELEASE_VERDICT_TAG: Final = "release-verdict"
"""The tag of a task definition's revision that says what became of it; ``operate`` writes it, Terraform ignores it."""
MOST_TAGS: Final = 50

_LONGEST_KEY: Final = 128
_LONGEST_VALUE: Final = 256


def tags_fit_aws(tags: dict[str, str]) -> dict[str, str]:
    """ECS, API Reference, Tag; and IAM, for which keys that differ only by case are one key."""
    refuse_all(_tag_refusals(tags))
    added = [key for key in (*OUR_TAGS, RELEASE_VERDICT_TAG) if key not in map(str.lower, tags)]
    if len(tags) > MOST_TAGS - len(added):
        raise refusal(
            f"must have {MOST_TAGS - len(added)} tags at most, not {len(tags)}: AWS allows {MOST_TAGS} of a resource,"
            f" to which the stack adds {', '.join(added)}"
        )
    return tags


def with_owners(ours: Mapping[str, str], tags: Mapping[str, str]) -> dict[str, str]:
    """Ours, but with the owner's key and value where `tags` has the same key in whatever case: IAM takes one of them.

    IAM User Guide, "Tags for AWS Identity and Access Management resources".
    """
    owners = {key.lower(): (key, value) for key, value in tags.items()}
    return dict(owners.get(key, (key, value)) for key, value in ours.items())


def _tag_refusals(tags: dict[str, str]) -> Iterator[Refusal]:
    seen: set[str] = set()
    for key, value in tags.items():
        if key.lower() == RELEASE_VERDICT_TAG:
            yield Refusal((key,), value, "is the tag in which a deployment notes what became of it: remove it")
        elif key.lower().startswith("aws:") or value.lower().startswith("aws:"):
            yield Refusal((key,), value, "the prefix aws: is reserved for AWS: remove it")
        elif key == "__proto__":
            yield Refusal((key,), value, "the name of a tag must not be __proto__, which Node uses itself")
        elif key.lower() in seen:
            yield Refusal(
                (key,), value, "another tag differs only in upper and lower case, and IAM allows only one of them"
            )
        elif not 1 <= len(key) <= _LONGEST_KEY or len(value) > _LONGEST_VALUE:
            yield Refusal(
                (key,),
                value,
                f"must have a key of 1 to {_LONGEST_KEY} and a value of 0 to {_LONGEST_VALUE} characters",
            )
        elif refused := next((each for each in key + value if not _is_tag_character(each)), None):
            remedy = f"a tag must have only letters, digits, spaces and _ . : / = + - @, not {named(refused)}"
            yield Refusal((key,), value, remedy)
        seen.add(key.lower())


def _is_tag_character(character: str) -> bool:
    return character in "_.:/=+-@" or unicodedata.category(character)[0] in "LZN"


Tags = Annotated[dict[str, str], AfterValidator(tags_fit_aws)]
