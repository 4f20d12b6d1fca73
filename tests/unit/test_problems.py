"""Every kind of problem in words, of a model made up here, so that each word of it is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from stacks.settings.base import Refusal, Settings, refuse_all
from stacks.settings.messages import Problem, SettingsError, dotted, problems_of

FILE = Path("folder/dev.toml")


class Cup(Settings):
    type: Literal["cup"] = "cup"
    size: int = 1


class Plate(Settings):
    type: Literal["plate"] = "plate"
    colour: Literal["red", "blue"] = "red"


class Drawer(Settings):
    label: str = ""
    locked: bool = False


class Table(Settings):
    name: str = "dev"
    legs: int = 4
    drawers: tuple[Drawer, ...] = ()
    top: Drawer = Drawer()
    labels: dict[str, str] = Field(default_factory=dict)
    sizes: Annotated[tuple[int, ...], Field(strict=False, min_length=1)] = (1,)
    set_for: Annotated[Cup | Plate, Field(discriminator="type")] = Cup()
    container: dict[str, Any] = Field(default_factory=dict)


class Required(Settings):
    account_id: str
    region: str
    name: str
    repository: str
    bucket: str
    key: str
    path: str
    organization: str
    workspace: str
    actions: str
    resources: str
    backend: str
    drawer: Drawer


def problems(content: dict[str, Any], model: type[Settings] = Table) -> list[Problem]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(content)
    return list(problems_of(caught.value, file=FILE, model=model))


def told(content: dict[str, Any], model: type[Settings] = Table) -> list[tuple[str, str, str]]:
    return [(each.key, each.value, each.remedy) for each in problems(content, model)]


TOLD: list[tuple[dict[str, Any], tuple[str, str, str]]] = [
    ({"legs": "4"}, ("legs", '"4"', "must be an integer, without quotes")),
    ({"legs": 4.5}, ("legs", "4.5", "must be an integer, without quotes")),
    ({"legs": True}, ("legs", "true", "must be an integer, without quotes")),
    ({"legs": {}}, ("legs", "{ … }", "must be an integer, without quotes")),
    ({"legs": []}, ("legs", "[ … ]", "must be an integer, without quotes")),
    ({"legs": ()}, ("legs", "[ … ]", "must be an integer, without quotes")),
    ({"labels": {"a": 1}}, ("labels.a", "1", 'must be text in quotes, "1"')),
    ({"labels": {"a b": 1}}, ('labels."a b"', "1", 'must be text in quotes, "1"')),
    ({"labels": {"A_9-": 1}}, ("labels.A_9-", "1", 'must be text in quotes, "1"')),
    ({"labels": "é"}, ("labels", '"é"', "must be a table")),
    ({"top": "x"}, ("top", '"x"', "must be a table")),
    ({"top": {"locked": 1}}, ("top.locked", "1", "must be true or false, without quotes")),
    ({"drawers": "x"}, ("drawers", '"x"', "must be a list in square brackets")),
    ({"drawers": ({}, {"label": 1})}, ("drawers[1].label", "1", 'must be text in quotes, "1"')),
    ({"sizes": []}, ("sizes", "[ … ]", "must have at least one entry")),
    (
        {"set_for": {"type": "fork"}},
        ("set_for.type", '"fork"', 'must be "s3", "local" or "remote"'),
    ),
    ({"set_for": {}}, ("set_for.type", "", 'must be "s3", "local" or "remote"')),
    ({"set_for": {"type": "cup", "size": "x"}}, ("set_for.size", '"x"', "must be an integer, without quotes")),
    (
        {"set_for": {"type": "plate", "colour": "green"}},
        ("set_for.colour", '"green"', 'must be "red" or "blue"'),
    ),
    ({"set_for": {"type": "plate", "size": 1}}, ("set_for.size", "1", "no such key; the keys here are type, colour")),
    ({"set_for": {"type": "cup", "sise": 1}}, ("set_for.sise", "1", "no such key; did you mean size?")),
    ({"legz": 4}, ("legz", "4", "no such key; did you mean legs?")),
    ({"label": "x"}, ("label", '"x"', "no such key; did you mean labels?")),
    ({"locked": True}, ("locked", "true", "no such key here; there is drawers.locked and top.locked")),
    ({"lables": {}}, ("lables", "{ … }", "no such key; did you mean labels or legs?")),
    (
        {"zzz": None},
        ("zzz", "", "no such key; the keys here are legs, drawers, top, labels, sizes, set_for, container"),
    ),
    ({"top": {"zzz": 1}}, ("top.zzz", "1", "no such key; the keys here are label, locked")),
    ({"top": {"legs": 1}}, ("top.legs", "1", "no such key; the keys here are label, locked")),
    ({"legs": "v" * 78}, ("legs", f'"{"v" * 78}"', "must be an integer, without quotes")),
    ({"legs": "v" * 79}, ("legs", f'"{"v" * 79}"', "must be an integer, without quotes")),
    ({"legs": "v" * 80}, ("legs", f'"{"v" * 79}…', "must be an integer, without quotes")),
    ({"labels": {"k" * 81: 1}}, (f"labels.{'k' * 81}", "1", 'must be text in quotes, "1"')),
    ({"labels": {"k" * 82: 1}}, (f"labels.{'k' * 80}…", "1", 'must be text in quotes, "1"')),
]


@pytest.mark.parametrize(("content", "expected"), TOLD, ids=[str(content)[:50] for content, _ in TOLD])
def test_problem(content: dict[str, Any], expected: tuple[str, str, str]) -> None:
    """The key's path and the value as TOML has them, and what would be right."""
    assert [(key, value, remedy) for key, value, remedy in told(content)] == [expected]


def test_a_list_is_not_called_empty_for_its_wrong_entries() -> None:
    """Each entry is told, and not that there must be one."""
    wrong = told({"sizes": ["a"], "container": 1})
    assert [(key, value) for key, value, _ in wrong] == [("sizes[0]", '"a"'), ("container", "1")]


class Alike(Settings):
    size_a: int = 1
    size_b: int = 1
    size_c: int = 1


def test_two_of_several_keys_that_are_near() -> None:
    """A list of all would be no answer."""
    ((_, _, remedy),) = told({"size_d": 1}, Alike)
    assert remedy.count("size_") == 2


def test_what_is_required() -> None:
    """With an example of it, or the table that it is in."""
    assert [(key, remedy.removeprefix("is required, such as ")) for key, _, remedy in told({}, Required)] == [
        ("account_id", 'account_id = "123456789012"'),
        ("region", 'region = "eu-west-1"'),
        ("name", 'name = "go-api"'),
        ("repository", 'repository = "go-api"'),
        ("bucket", 'bucket = "my-terraform-state"'),
        ("key", 'key = "go-api/terraform.tfstate"'),
        ("path", 'path = "state/networking.tfstate"'),
        ("organization", 'organization = "my-organization"'),
        ("workspace", 'workspace = "networking-dev"'),
        ("actions", 'actions = ["s3:GetObject"]'),
        ("resources", 'resources = ["arn:aws:s3:::my-bucket/*"]'),
        ("backend", 'backend = { type = "s3", bucket = "…", key = "…", region = "…" }'),
        ("drawer", "the table [drawer] is required"),
    ]
    assert all(each.value == "" for each in problems({}, Required))


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ({"container": 1}, "1"),
        ({"labels": {"db_password": 1}}, ""),
        ({"labels": {"password_length": 1}}, "1"),
        ({"legs": "postgres://user:x@db/name"}, ""),
        ({"legs": "postgres://db/name"}, '"postgres://db/name"'),
    ],
)
def test_nothing_secret_is_shown(content: dict[str, Any], value: str) -> None:
    """Neither under a name that says so nor by what the value is."""
    assert [each.value for each in problems(content)] == [value]


def refused(*refusals: Refusal) -> list[tuple[str, str, str]]:
    with pytest.raises(ValidationError) as caught:
        refuse_all(refusals)
    return [(each.key, each.value, each.remedy) for each in problems_of(caught.value, file=FILE, model=Table)]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("container", "environment", "A"), ""),
        (("container", "secrets", "A"), ""),
        (("container", "secrets"), ""),
        (("container", "port"), '"x"'),
        (("environment", "A"), '"x"'),
    ],
)
def test_no_value_of_a_variable_is_shown(path: tuple[str, ...], value: str) -> None:
    """It may be the secret itself, whatever its name."""
    assert refused(Refusal(path, "x", "remedy")) == [(".".join(path), value, "remedy")]


def test_what_is_wrong_with_a_hundred_values_is_enough() -> None:
    """The rest is counted."""
    hundred = refused(*(Refusal(("legs",), 1, "x") for _ in range(100)))
    assert hundred == [("legs", "1", "x")] * 100
    more = refused(*(Refusal(("legs",), 1, "x") for _ in range(102)))
    assert more == [*hundred, ("", "", "there are 2 more problems")]


def test_letters_that_are_none_of_ours_are_named() -> None:
    """A Cyrillic letter in a key, in a choice and in a backend's type."""
    named = "U+0430 CYRILLIC SMALL LETTER A"
    assert [remedy for _, _, remedy in told({"l\u0430bels": {}})] == [
        f"no such key; it has {named}; did you mean labels or legs?"
    ]
    assert [remedy for _, _, remedy in told({"set_for": {"type": "pl\u0430te"}})] == [
        f'must be "s3", "local" or "remote", not {named}'
    ]
    assert [remedy for _, _, remedy in told({"set_for": {"type": "plate", "colour": "\u0430"}})] == [
        f'must be "red" or "blue", not {named}'
    ]


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem(FILE, "do"), "folder/dev.toml\n    do"),
        (Problem(FILE, "do", key="a.b"), "folder/dev.toml: a.b\n    do"),
        (Problem(FILE, "do", key="a.b", value='"x"'), 'folder/dev.toml: a.b = "x"\n    do'),
        (Problem(Path("a\x1bb"), "d\no", key="\x07"), "a\\x1bb: \\x07\n    d\\no"),
    ],
)
def test_a_problem_as_a_person_reads_it(problem: Problem, text: str) -> None:
    """File, key, value; and beneath them what to do. Nothing that a terminal would obey."""
    assert str(problem) == text
    assert str(SettingsError([problem, problem])) == f"{text}\n{text}"
    assert SettingsError([problem]).problems == (problem,)


def test_whom_a_problem_concerns() -> None:
    """Its own file, the other one of a collision, and everybody if it is the folder's."""
    collision = Problem(FILE, "x", other=Path("folder/qa.toml"))
    assert [collision.concerns(Path(f"folder/{name}.toml")) for name in ("dev", "qa", "prod")] == [True, True, False]
    assert Problem(Path("folder"), "x").concerns(FILE)
    assert not Problem(Path("other"), "x").concerns(FILE)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("a", "b"), "a.b"),
        (("a", 0, "b", 12), "a[0].b[12]"),
        (("a.b",), '"a.b"'),
        (("ü", ""), '"ü".""'),
        (("Aa0_-Zz9",), "Aa0_-Zz9"),
    ],
)
def test_a_path_as_toml_writes_it(path: tuple[str | int, ...], text: str) -> None:
    assert dotted(path) == text


class Inner(Settings):
    bucket: str
    secrets: dict[str, str] = Field(default_factory=dict)


class Outer(Settings):
    inner: Inner
    container: Inner = Inner(bucket="b")


class House(Settings):
    outer: Outer


def test_a_key_that_is_missing_in_a_table() -> None:
    """The example is the missing key's, not the table's."""
    (problem,) = problems({"inner": {}}, Outer)
    assert (problem.key, problem.remedy) == ("inner.bucket", 'is required, such as bucket = "my-terraform-state"')


def test_a_key_that_stands_two_tables_deeper() -> None:
    """Its whole path is told."""
    found = problems({"outer": {"inner": {"bucket": "b"}}, "bucket": "b"}, House)
    assert [problem.remedy for problem in found] == [
        "no such key here; there is outer.inner.bucket and outer.container.bucket"
    ]


def test_a_key_of_another_script() -> None:
    """Where it is like none of the keys, its first letter is named too."""
    (problem,) = problems({"Ж": 1, "inner": {"bucket": "b"}}, Outer)
    assert (
        problem.remedy == "no such key; it has U+0416 CYRILLIC CAPITAL LETTER ZHE; the keys here are inner, container"
    )


def test_the_value_of_a_secret_is_not_shown() -> None:
    """Under whatever name it stands in [container.secrets]."""
    (problem,) = problems({"inner": {"bucket": "b"}, "container": {"bucket": "b", "secrets": {"FOO": 5}}}, Outer)
    assert (problem.key, problem.value) == ("container.secrets.FOO", "")
