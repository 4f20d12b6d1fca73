"""`docs/changes.md` says of every setting what its change does, and says it as the table has it."""

from __future__ import annotations

from itertools import pairwise

from pydantic import create_model

from stacks.settings import Environment
from stacks.settings.base import Settings
from tests.plan import transitions
from tests.plan.transitions import Change, of_any_module


def test_every_key_of_the_settings_has_a_row() -> None:
    """And no row is about a key that is gone. A table that can be left out has one of its own."""
    told = {of_any_module(change.key) for change in transitions.changes()}
    assert told ^ {*transitions.keys()} == set()


def test_a_new_key_is_found_wherever_it_is() -> None:
    """At the top, in a table, in a list's table, in a kind of backend; a module's once for the three.

    A table that can be left out is a key itself, such as another module's state.
    """
    found = {*transitions.keys(create_model("More", __base__=Environment, more=(int, 1), table=(Table, ...)))}
    assert {
        "more",
        "table.own",
        "table.members",
        "table.members.own",
        "table.either.left",
        "table.either.right",
    } <= found
    assert not {"table", "table.either", "service", "backend", "remote_state"} & found
    assert {key.split(".")[1] for key in found if key.startswith("remote_state.")} == {"<module>", "cluster"}


class Member(Settings):
    own: int


class Left(Settings):
    left: int


class Right(Settings):
    right: dict[str, str]


class Table(Settings):
    own: str | None = None
    members: tuple[Member, ...]
    either: Left | Right


def test_each_row_says_one_thing() -> None:
    """What is planned, what is refused, or which state is another."""
    assert [change.key for change in transitions.changes() if _answers(change) != 1] == []


def _answers(change: Change) -> int:
    return sum(answer is not None for answer in (change.plan, change.error, change.state))


def test_the_rows_of_a_key_follow_each_other() -> None:
    """So that each is planned on what the one before has made."""
    pairs = [(one, next_) for one, next_ in pairwise(transitions.changes()) if one.key == next_.key]
    assert [one.key for one, next_ in pairs if one.after != next_.before] == []


def test_only_another_name_or_cluster_replaces_anything() -> None:
    """But for revisions of the task definition."""
    replacing = [change.key for change in transitions.changes() if "replaced" in change.effect]
    assert replacing == ["name", "service.name", "cluster.name", "remote_state.cluster"]


def test_the_page_is_made_of_the_table() -> None:
    """`python -m tests.plan.transitions` writes it."""
    page = transitions.page()
    assert transitions.PAGE.read_text() == page
    assert all(f"| `{change.key}` | " in page for change in transitions.changes())
