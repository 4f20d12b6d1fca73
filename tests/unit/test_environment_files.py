"""Everything that is told of files and of two of them together, whole: which file, which key, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stacks.settings import (
    SettingsError,
    environments_directory,
    load_beside_others,
    load_environment,
    load_environments,
)

DEV: dict[str, Any] = {
    "account_id": "111111111111",
    "region": "eu-west-1",
    "service": "go-api",
    "own": "own",
    "networking": "networking",
    "loadbalancing": "loadbalancing",
    "target_group_arn": "target_group_arn",
    "more": "",
}
TOML = """
account_id = "{account_id}"
region = "{region}"
service = {{ name = "{service}" }}
image = {{ repository = "go-api" }}
{more}
backend = {{ type = "s3", bucket = "states", key = "{own}", region = "eu-west-1" }}
[remote_state.networking]
backend = {{ type = "s3", bucket = "states", key = "{networking}", region = "eu-west-1" }}
[remote_state.security]
backend = {{ type = "s3", bucket = "states", key = "security", region = "eu-west-1" }}
[remote_state.loadbalancing]
backend = {{ type = "s3", bucket = "states", key = "{loadbalancing}", region = "eu-west-1" }}
outputs = {{ target_group_arn = "{target_group_arn}" }}
"""


def write(folder: Path, name: str, **changes: str) -> Path:
    file = folder / name
    file.write_text(TOML.format(**DEV | changes), "utf-8")
    return file


def told(folder: Path) -> list[str]:
    """Each problem without the folder's own path."""
    with pytest.raises(SettingsError) as caught:
        load_environments(folder)
    return [str(problem).replace(f"{folder}/", "").replace(str(folder), ".") for problem in caught.value.problems]


def test_two_files(tmp_path: Path) -> None:
    """Nothing is told of two that share neither names, nor a state, nor a target group; they come by name."""
    write(tmp_path, "qa.toml", own="qa", target_group_arn="qa")
    write(tmp_path, "dev-2.toml", own="dev-2", target_group_arn="dev-2")
    write(tmp_path, "dev.toml")
    loaded = load_environments(tmp_path)
    assert [environment.name for environment in loaded] == ["dev", "dev-2", "qa"]
    assert [environment.name_prefix for environment in loaded] == ["go-api-dev", "go-api-dev-2", "go-api-qa"]


def test_the_same_names(tmp_path: Path) -> None:
    """In one account, whatever the region and the case."""
    write(tmp_path, "b-c.toml", service="A", own="1", region="us-east-1")
    write(tmp_path, "c.toml", service="a-b", own="2")
    assert told(tmp_path) == [
        (
            'c.toml: service.name = "a-b"\n    everything it creates in account 111111111111 would be called a-b-c, '
            "like what b-c.toml creates: IAM ignores region and case. Rename the service or the file"
        )
    ]
    write(tmp_path, "c.toml", service="a-b", own="2", account_id="222222222222")
    assert len(load_environments(tmp_path)) == 2


def test_the_family_of_what_runs_before_a_release(tmp_path: Path) -> None:
    """Another environment's revisions would be taken for copies that a release has left."""
    write(tmp_path, "dev.toml")
    write(tmp_path, "dev_release.toml", own="2", target_group_arn="other")
    assert told(tmp_path) == [
        (
            'dev_release.toml: service.name = "go-api"\n    its task definitions would be called go-api-dev_release, '
            "like those with which dev.toml runs release.before. Rename the service or the file"
        )
    ]
    write(tmp_path, "dev_release.toml", own="2", target_group_arn="other", account_id="222222222222")
    assert len(load_environments(tmp_path)) == 2


def test_the_same_state(tmp_path: Path) -> None:
    """Each would destroy what the other made."""
    write(tmp_path, "dev.toml")
    write(tmp_path, "qa.toml", target_group_arn="qa")
    assert told(tmp_path) == ["qa.toml: backend\n    s3://states/own is the state of dev.toml too: each needs its own"]


@pytest.mark.parametrize(
    ("dev", "qa", "file", "other"), [("own", "networking", "qa", "dev"), ("networking", "own", "dev", "qa")]
)
def test_a_modules_state(tmp_path: Path, dev: str, qa: str, file: str, other: str) -> None:
    """The first may overwrite what the second reads, and the other way round."""
    write(tmp_path, "dev.toml", own=dev, networking="networking" if dev == "own" else "x")
    write(tmp_path, "qa.toml", own=qa, networking="networking" if qa == "own" else "x", target_group_arn="qa")
    assert told(tmp_path) == [
        (
            f"{file}.toml: backend\n    s3://states/networking is the state that {other}.toml reads as "
            "remote_state.networking too: each needs its own"
        )
    ]


def test_the_same_target_group(tmp_path: Path) -> None:
    """By state and output, in one account and region."""
    write(tmp_path, "dev.toml", own="1")
    write(tmp_path, "qa-2.toml", own="2")
    assert told(tmp_path) == [
        (
            "qa-2.toml: remote_state.loadbalancing\n    the output target_group_arn of s3://states/loadbalancing is "
            "the target group of dev.toml too: each of the two would get half of the other's requests. Each needs a "
            "target group of its own, from another state or another output, such as outputs = "
            '{ target_group_arn = "qa_2_target_group_arn" }'
        )
    ]
    for change in ({"loadbalancing": "qa"}, {"account_id": "222222222222"}, {"region": "us-east-1"}):
        write(tmp_path, "qa-2.toml", own="2", **change)
        assert len(load_environments(tmp_path)) == 2


def test_the_same_target_group_by_another_expression(tmp_path: Path) -> None:
    """Whatever its spelling."""
    write(tmp_path, "dev.toml", own="1", target_group_arn="groups.api.arn")
    write(tmp_path, "qa.toml", own="2", target_group_arn="groups[ 'api' ].arn".replace("'", '\\"'))
    (problem,) = told(tmp_path)
    assert problem.startswith(
        'qa.toml: remote_state.loadbalancing\n    the output groups["api"]["arn"] of s3://states/loadbalancing is the '
        "target group of dev.toml too"
    )


def test_one_of_several_target_groups_is_the_same(tmp_path: Path) -> None:
    """Whichever of the two lists it is in."""
    write(tmp_path, "dev.toml", own="1", target_group_arn="public")
    text = write(tmp_path, "qa.toml", own="2").read_text()
    (tmp_path / "qa.toml").write_text(text.replace('= "target_group_arn"', '= ["internal", "public"]'))
    (problem,) = told(tmp_path)
    assert problem.startswith(
        "qa.toml: remote_state.loadbalancing\n    the output public of s3://states/loadbalancing is the target group "
    )


def test_a_long_name_is_told_for_each_resource(tmp_path: Path) -> None:
    """With what it would be, how long that is, and by how much it is too long."""
    service = "a" * 500
    write(tmp_path, "dev.toml", service=service)
    assert [problem.remedy for problem in _problems(tmp_path)] == [
        f"{resource} would be {name}, {len(name)} characters, and AWS allows {limit}: shorten this, or the file's "
        f"name, by {len(name) - limit}"
        for resource, name, limit in (
            ("the IAM role", f"{service}-dev-execution", 64),
            ("the IAM role", f"{service}-dev-task", 64),
            ("the ECS cluster, service and task definition family", f"{service}-dev", 255),
        )
    ]
    write(tmp_path, "dev.toml", service="a" * 504)
    assert _problems(tmp_path)[-1].remedy.startswith(
        f"the log group would be /ecs/{'a' * 504}-dev, 513 characters, and"
    )
    write(tmp_path, "dev.toml", service="a" * 503)
    assert len(_problems(tmp_path)) == 3


def _problems(folder: Path) -> Any:
    with pytest.raises(SettingsError) as caught:
        load_environments(folder)
    return caught.value.problems


NAMED = "the file's name must have only letters, digits, - and _, and not begin with -, such as dev.toml"
TOLD: list[tuple[str, str, str]] = [
    ("dev.TOML", "", "dev.TOML\n    must end in .toml: rename it to dev.toml"),
    (
        "dev.toml",
        'name = "dev"',
        (
            "dev.toml: name\n    no such key: the environment's name is the file's, dev, and the service's is "
            "service.name"
        ),
    ),
    (
        "dev.toml",
        'container = { environment = { A = "x TfToken[1" } }',
        'dev.toml: container.environment.A\n    must not contain "TfToken[", which CDKTF would replace',
    ),
    ("d v.toml", "", f"d v.toml\n    {NAMED}"),
    ("d.v.toml", "", f"d.v.toml\n    {NAMED}"),
    ("-dev.toml", "", f"-dev.toml\n    {NAMED}"),
]


@pytest.mark.parametrize(("name", "more", "text"), TOLD, ids=[name for name, *_ in TOLD])
def test_one_file(tmp_path: Path, name: str, more: str, text: str) -> None:
    write(tmp_path, name, more=more)
    assert told(tmp_path) == [text]


def test_no_files(tmp_path: Path) -> None:
    assert told(tmp_path) == [".\n    has no environment: add one, such as dev.toml"]
    assert told(tmp_path / "gone") == [".\n    cannot be read as a folder of environments: no such file or directory"]


def test_odd_folders(tmp_path: Path) -> None:
    """A file in a folder's place, and a folder in a file's."""
    (tmp_path / "file").touch()
    (tmp_path / "odd" / "dev.toml").mkdir(parents=True)
    for name, text in (("file", "not a directory"), ("odd", "is a directory")):
        (problem,) = told(tmp_path / name)
        assert problem.endswith(text)


def test_every_file_that_may_be_meant_is_read(tmp_path: Path) -> None:
    """And none that is a backup, hidden or something else."""
    for name in (
        "a.tml",
        "b.tom",
        "c.TOML",
        "d.toml~",
        ".e.toml",
        "#f.toml",
        "g.html",
        "h.yaml",
        "i",
        "j.txt",
        "k.md",
        "l.toml.bak",
        ".m.toml.swp",
    ):
        write(tmp_path, name)
    assert [text.partition("\n")[0] for text in told(tmp_path)] == ["a.tml", "b.tom", "c.TOML"]


def test_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The repository's `environments`, or ENVIRONMENTS_DIR, from the repository's root."""
    root = Path(__file__).parents[2]
    monkeypatch.delenv("ENVIRONMENTS_DIR", raising=False)
    assert environments_directory() == root / "environments"
    for value, folder in (("", root / "environments"), ("a/b", root / "a/b"), ("/a", Path("/a"))):
        monkeypatch.setenv("ENVIRONMENTS_DIR", value)
        assert environments_directory() == folder


def test_one_beside_others_that_are_wrong(tmp_path: Path) -> None:
    """Its own mistakes and its collisions are told; of others' there is a warning, and it is loaded all the same."""
    write(tmp_path, "dev.toml")
    write(tmp_path, "qa.toml", own="qa", target_group_arn="qa")
    everything, nothing = load_beside_others(tmp_path, "dev")
    assert ([each.name for each in everything], nothing) == (["dev", "qa"], "")
    write(tmp_path, "qa.toml", region="x")
    alone, warning = load_beside_others(tmp_path, "dev")
    assert [each.name for each in alone] == ["dev"]
    assert warning == (
        f"Warning: only dev is synthesized, because others' settings are wrong:\n"
        f'{tmp_path / "qa.toml"}: region = "x"\n'
        "    must be the name of an AWS region, such as eu-west-1\n"
    )
    with pytest.raises(SettingsError) as caught:
        load_beside_others(tmp_path, "qa")
    assert [problem.key for problem in caught.value.problems] == ["region"]
    write(tmp_path, "qa.toml", target_group_arn="qa")
    for name in ("dev", "qa"):
        with pytest.raises(SettingsError, match="is the state of"):
            load_beside_others(tmp_path, name)


def test_a_name_that_no_file_has(tmp_path: Path) -> None:
    """Is an error that says which there are, or which is meant; so is one beside files that are wrong."""
    write(tmp_path, "dev.toml")
    write(tmp_path, "qa.toml", region="x")
    for name, remedy in (("development", ": there are dev, qa"), ("dve", "; did you mean dev?")):
        with pytest.raises(SettingsError) as caught:
            load_beside_others(tmp_path, name)
        assert str(caught.value) == f"{tmp_path}/{name}.toml\n    there is no such environment{remedy}"


def test_one_file_alone(tmp_path: Path) -> None:
    """By its path, named after it."""
    assert load_environment(write(tmp_path, "dev-9.toml")).name == "dev-9"
