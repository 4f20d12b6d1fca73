"""Text of the settings is text: where one holds what Terraform would evaluate, it arrives as it was written."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

import pytest
from cdktf import Testing
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from operate.terraform_cli.terraform import Terraform
from stacks.fargate_api_stack import FargateApiStack
from stacks.settings import Environment, verbatim
from stacks.settings.base import Settings
from tests.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Place = tuple[str | int, ...]

ACCOUNT, REGION = "111111111111", "eu-west-1"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/12345678-1234-4234-9234-123456789012"
S3 = {
    "type": "s3",
    "bucket": "states",
    "key": "a/b",
    "region": REGION,
    "kms_key_id": KEY_ARN,
    "profile": "a",
    "role_arn": f"arn:aws:iam::{ACCOUNT}:role/a/reader",
}
PARAMETER = "/a/b"
EVERY_SETTING: dict[str, Any] = {
    "name": "dev",
    "account_id": ACCOUNT,
    "region": REGION,
    "provider": {
        "profile": "a",
        "assume_role_arn": f"arn:aws:iam::{ACCOUNT}:role/a/deployer",
        "external_id": "ab",
        "session_name": "ab",
    },
    "tags": {"team": "a"},
    "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/a/boundary",
    "service": {"name": "go-api", "api_url": "http://a"},
    "image": {"repository": "go-api", "registry_id": "222222222222", "region": "eu-central-1", "default_tag": "v1"},
    "container": {
        "user": "1",
        "command": ["a"],
        "entry_point": ["a"],
        "working_directory": "/a",
        "docker_labels": {"a": "b"},
        "scratch_volumes": ["/a"],
        "efs_volumes": [
            {"file_system_id": "fs-01234567", "access_point_id": "fsap-01234567", "mount_path": "/b"},
        ],
        "health_check": {"command": ["CMD", "a"]},
        "environment": {"A": "a", "P": "p"},
        "plain": ["P"],
        "secrets": {"B": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:a-AbCdEf:a::"},
        "secrets_kms_key_arns": [KEY_ARN],
        "depends_on": {"r": "START"},
        "awsfirelens": {"options": {"a": "b", "q": "r"}, "plain": ["q"], "secret_options": {"c": PARAMETER}},
        "sidecars": [
            {
                "name": "r",
                "image": "r",
                "user": "1",
                "command": ["a"],
                "entry_point": ["a"],
                "working_directory": "/a",
                "scratch_volumes": ["/a"],
                "depends_on": {"h": "START"},
                "environment": {"A": "a", "P": "p"},
                "plain": ["P"],
                "secrets": {"B": PARAMETER},
                "health_check": {"command": ["CMD", "a"]},
            },
            {"name": "h", "image": "h", "firelens": {"type": "fluentbit", "options": {"a": "b"}}},
        ],
    },
    "scaling": {
        "schedule": [
            {
                "name": "a",
                "expression": "rate(1 day)",
                "time_zone": "Europe/Berlin",
                "min_capacity": 1,
                "start_time": "2030-01-31T06:00:00Z",
                "end_time": "2031-01-31T06:00:00Z",
            }
        ]
    },
    "release": {"before": ["a"]},
    "task_role": {
        "statements": [
            {
                "sid": "A",
                "actions": ["s3:Get*"],
                "resources": ["arn:aws:s3:::a/b"],
                "conditions": {"StringLike": {"aws:RequestTag/a": ["b"]}},
            }
        ]
    },
    "logs": {"group": "apis", "kms_key_arn": KEY_ARN},
    "cluster": {"name": "shared"},
    "alarms": {
        "enabled": True,
        "notify": f"arn:aws:sns:{REGION}:{ACCOUNT}:a",
        "leave_out": ["cpu"],
        "roll_back": ["latency"],
        "roll_back_alarm_names": ["a"],
    },
    "backend": S3,
    "remote_state": {
        "networking": {"backend": {"type": "local", "path": "a/b"}, "outputs": {"vpc_id": "vpc"}},
        "security": {
            "backend": {"type": "remote", "organization": "a", "workspace": "b", "hostname": "a"},
        },
        "loadbalancing": {"backend": S3 | {"key": "c"}, "workspace": "blue"},
    },
}
TERRAFORMS_OWN = ("${terraform.workspace}", "%{ if true }a%{ endif }", "${", "%{", "$${a}", "%%{", '${"a"}', "\\${a}")
STAND_IN = "zqz"


def _texts(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every text of a value, and the place that it has; that of a table's key ends in "[key]"."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield (*place, key, "[key]"), key
            yield from _texts(inner, (*place, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _texts(inner, (*place, at))


def _everywhere(positions: dict[Place, int], text: str) -> dict[str, Any]:
    """Every setting, with `text` inserted into the text at each place. A key is the last to change at its place."""
    changed = deepcopy(EVERY_SETTING)
    for place in sorted(positions, key=lambda place: place[-1] == "[key]"):
        _insert(changed, place, positions[place], text)
    return changed


def _insert(changed: dict[str, Any], place: Place, position: int, text: str) -> None:
    *path, last = place[:-1] if place[-1] == "[key]" else place
    holder: Any = changed
    for step in path:
        holder = holder[step]
    if place[-1] == "[key]":
        assert isinstance(last, str)
        items = [(key[:position] + text + key[position:] if key == last else key, holder[key]) for key in holder]
        holder.clear()
        holder.update(items)
    else:
        holder[last] = holder[last][:position] + text + holder[last][position:]


def _takes(changed: dict[str, Any]) -> bool:
    try:
        Environment.model_validate(changed)
    except ValidationError:
        return False
    return True


def _take(positions: dict[Place, int], text: str) -> bool:
    """Whether `text` may stand there, and a word in its stead."""
    return all(_takes(_everywhere(positions, inserted)) for inserted in (text, STAND_IN))


@cache
def _places_that_take(text: str) -> dict[Place, list[int]]:
    """Where in the settings `text` may stand, with the positions in what stands there."""
    places = {
        place: [position for position in range(len(old) + 1) if _take({place: position}, text)]
        for place, old in _texts(EVERY_SETTING)
    }
    return {place: positions for place, positions in places.items() if positions}


def _text_fields(model: type[Settings]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        types = list(_types(field.annotation))
        if str in types:
            yield f"{model.__name__}.{name}"
        for inner in types:
            if isinstance(inner, type) and issubclass(inner, Settings):
                yield from _text_fields(inner)


def _types(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in get_args(annotation):
        yield from _types(argument)


def _text_fields_set(value: Any) -> Iterator[str]:
    if isinstance(value, Settings):
        for name, inner in value:
            if inner:
                yield f"{type(value).__name__}.{name}"
            yield from _text_fields_set(inner)
    elif isinstance(value, (dict, tuple)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _text_fields_set(inner)


def test_every_text_setting_is_tried_here() -> None:
    """A setting that is new in the model has to be in `EVERY_SETTING` as well."""
    outputs = {f"{module}State.outputs" for module in ("Security", "LoadBalancing", "Cluster")}  # as networking's
    elsewhere = {f"{module}State.workspace" for module in ("Networking", "Security", "Cluster")}  # only S3 takes it
    fields = set(_text_fields(Environment)) - outputs - elsewhere
    assert fields - set(_text_fields_set(Environment.model_validate(EVERY_SETTING))) == set()


def test_these_settings_take_templates_as_text() -> None:
    """What the other tests here are about, by name: nothing else can hold an expression."""
    places = _places_that_take("${terraform.workspace}")
    statement, sidecar, router = (
        ("task_role", "statements", 0),
        ("container", "sidecars", 0),
        ("container", "sidecars", 1),
    )
    states = ("remote_state", "loadbalancing", "backend", "key"), ("remote_state", "networking", "backend", "path")
    assert set(places) == {
        ("permissions_boundary_arn",),
        ("provider", "profile"),
        ("provider", "assume_role_arn"),
        ("container", "user"),
        ("container", "command", 0),
        ("container", "entry_point", 0),
        ("container", "working_directory"),
        ("container", "docker_labels", "a"),
        ("container", "scratch_volumes", 0),
        ("container", "efs_volumes", 0, "mount_path"),
        ("container", "docker_labels", "a", "[key]"),
        ("container", "health_check", "command", 1),
        ("container", "environment", "A"),
        ("container", "environment", "A", "[key]"),
        ("container", "environment", "P"),
        ("container", "secrets", "B"),
        ("container", "secrets", "B", "[key]"),
        ("container", "awsfirelens", "options", "a"),
        ("container", "awsfirelens", "options", "a", "[key]"),
        ("container", "awsfirelens", "options", "q"),
        ("container", "awsfirelens", "secret_options", "c", "[key]"),
        (*sidecar, "user"),
        (*sidecar, "command", 0),
        (*sidecar, "entry_point", 0),
        (*sidecar, "working_directory"),
        (*sidecar, "scratch_volumes", 0),
        (*sidecar, "environment", "A"),
        (*sidecar, "environment", "A", "[key]"),
        (*sidecar, "environment", "P"),
        (*sidecar, "secrets", "B", "[key]"),
        (*sidecar, "health_check", "command", 1),
        (*router, "firelens", "options", "a"),
        (*router, "firelens", "options", "a", "[key]"),
        ("scaling", "schedule", 0, "name"),
        ("release", "before", 0),
        ("alarms", "roll_back_alarm_names", 0),
        (*statement, "resources", 0),
        (*statement, "conditions", "StringLike", "aws:RequestTag/a", "[key]"),
        (*statement, "conditions", "StringLike", "aws:RequestTag/a", 0),
        ("backend", "key"),
        ("backend", "profile"),
        ("backend", "role_arn"),
        ("remote_state", "loadbalancing", "backend", "profile"),
        ("remote_state", "loadbalancing", "backend", "role_arn"),
        *states,
    }


def _evaluated(template: str) -> Any:
    """As Terraform reads it, where an expression's `${` becomes a character that no text has; JSON is parsed."""

    def read(match: re.Match[str]) -> str:
        return match[0][1:] if match[0] in {"$${", "%%{"} else "\ue000"

    text = re.sub(r"\$\$\{|%%\{|\$\{|%\{", read, template)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _mapped(value: Any, change: Callable[[str], Any]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): _mapped(inner, change) for key, inner in value.items()}
    return [_mapped(inner, change) for inner in value] if isinstance(value, list) else value


def _by_name(value: Any) -> Any:
    """With lists of what has a name in the order of the names, which another word changes, as it does addresses."""
    if isinstance(value, dict):
        addressed = {key: inner for key, inner in value.items() if key != "//"}
        return {re.sub(r"(schedule)-.*", r"\1", key): _by_name(inner) for key, inner in addressed.items()}
    if isinstance(value, list) and all(isinstance(inner, dict) and "name" in inner for inner in value):
        return sorted(map(_by_name, value), key=lambda inner: str(inner["name"]))
    return [_by_name(inner) for inner in value] if isinstance(value, list) else value


def _read_by_terraform(document: dict[str, Any]) -> dict[str, Any]:
    """Neither the `terraform` block nor a variable's default and description is evaluated."""
    literal = {"terraform", "variable"}
    return {block: content if block in literal else _mapped(content, _evaluated) for block, content in document.items()}


def _synthesized(changed: dict[str, Any]) -> dict[str, Any]:
    environment = Environment.model_validate(changed)
    return Template.of(FargateApiStack(Testing.app(), environment.name_prefix, environment=environment)).json


@pytest.mark.parametrize("texts", [*map(st.just, TERRAFORMS_OWN), st.text('${}%"\\~a', min_size=1, max_size=5)])
@given(data=st.data())
@settings(max_examples=2, deadline=None, phases=[Phase.reuse, Phase.generate])
def test_text_arrives_as_it_was_written(texts: st.SearchStrategy[str], data: st.DataObject) -> None:
    """Once evaluated, the stack is that of settings with a plain word in the text's place, the word replaced."""
    text = data.draw(texts)
    drawn = {place: data.draw(st.sampled_from(at)) for place, at in _places_that_take("${").items()}
    positions = {place: position for place, position in drawn.items() if _take({place: position}, text)}
    with_text, with_word = (_everywhere(positions, inserted) for inserted in (text, STAND_IN))
    arrived = _read_by_terraform(_synthesized(with_text))
    expected = _mapped(_read_by_terraform(_synthesized(with_word)), lambda old: old.replace(STAND_IN, text))
    assert _by_name(arrived) == _by_name(expected)


def test_a_backend_block_is_left_as_it_is() -> None:
    """Terraform evaluates nothing in it, so that an escape would become part of the key."""
    key = "${terraform.workspace}/a%{b"
    document = _synthesized(EVERY_SETTING | {"backend": S3 | {"key": key}})
    assert document["terraform"]["backend"]["s3"]["key"] == key


def test_an_outputs_name_stands_in_an_expression_as_it_is() -> None:
    """HCL has no escape for half of a character, which JSON has two of for `\U00010400`."""
    name = "vpc-\U00010400"
    changed = deepcopy(EVERY_SETTING)
    changed["remote_state"]["networking"]["outputs"] = {"vpc_id": name}
    postconditions = _synthesized(changed)["data"]["terraform_remote_state"]["networking"]["lifecycle"]["postcondition"]
    assert f'self.outputs["{name}"]' in postconditions[0]["condition"]
    assert f'self.outputs["{name}"]' in postconditions[0]["error_message"]


def test_terraform_itself_reads_the_texts_so(tmp_path: Path) -> None:
    """Real Terraform: in an attribute, as a key, and in a backend block."""
    texts = [before + text + after for text in TERRAFORMS_OWN for before in ("", "$", "%", "$$") for after in ("", "{")]
    path = "${terraform.workspace}-a%{b.tfstate"
    environment = Environment.model_validate(
        EVERY_SETTING
        | {
            "container": {"environment": {f"T{at}": text for at, text in enumerate(texts)}},
        }
    )
    escaped = list(verbatim(environment).container.environment.values())
    document = {
        "terraform": {"backend": {"local": {"path": path}}},
        "output": {"texts": {"value": escaped}, "keys": {"value": dict.fromkeys(escaped, 1)}},
    }
    (tmp_path / "main.tf.json").write_text(json.dumps(document), "utf-8")
    terraform = Terraform(tmp_path, {})
    terraform.init()
    terraform.run("apply", "-auto-approve")
    outputs = json.loads((tmp_path / path).read_text("utf-8"))["outputs"]
    assert outputs["texts"]["value"] == texts
    assert set(outputs["keys"]["value"]) == set(texts)
