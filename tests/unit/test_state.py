"""Every kind of backend, as this stack's own and as another module's: the exact JSON that Terraform reads."""

from __future__ import annotations

from typing import Any

import pytest
from cdktf import TerraformOutput, TerraformStack, Testing
from pydantic import TypeAdapter

from stacks.settings import Backend, NetworkingState
from stacks.state import keep_state, read_state
from tests.template import Template

ROLE = "arn:aws:iam::111111111111:role/state"
KEY_ID = "12345678-1234-4234-9234-123456789012"
S3 = {"type": "s3", "bucket": "states", "key": "a/b.tfstate", "region": "eu-west-1"}
LOCAL = {"type": "local", "path": "state/own.tfstate"}
REMOTE = {"type": "remote", "organization": "example", "workspace": "orders"}
BACKEND: TypeAdapter[Backend] = TypeAdapter(Backend)

IN_S3 = {"bucket": "states", "key": "a/b.tfstate", "region": "eu-west-1"}
IN_WORKSPACE = {"organization": "example", "workspaces": {"name": "orders"}, "hostname": "app.terraform.io"}
LOCKED = {**IN_S3, "encrypt": True, "use_lockfile": True}
BACKENDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (S3, {"s3": LOCKED}),
    (
        S3 | {"kms_key_id": KEY_ID, "profile": "ci", "role_arn": ROLE, "use_path_style": True},
        {
            "s3": {
                **LOCKED,
                "kms_key_id": KEY_ID,
                "profile": "ci",
                "assume_role": {"role_arn": ROLE},
                "use_path_style": True,
            }
        },
    ),
    (S3 | {"region": "ap-east-2"}, {"s3": {**LOCKED, "region": "ap-east-2", "skip_region_validation": True}}),
    (LOCAL, {"local": {"path": "../../../state/own.tfstate"}}),
    (LOCAL | {"path": "/srv/own.tfstate"}, {"local": {"path": "/srv/own.tfstate"}}),
    (REMOTE, {"remote": IN_WORKSPACE}),
    (REMOTE | {"hostname": "tfe.example.com"}, {"remote": {**IN_WORKSPACE, "hostname": "tfe.example.com"}}),
]
STATES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"backend": S3}, {"backend": "s3", "config": IN_S3}),
    (
        {"backend": S3 | {"profile": "ci", "role_arn": ROLE, "use_path_style": True}, "workspace": "blue"},
        {
            "backend": "s3",
            "workspace": "blue",
            "config": {**IN_S3, "profile": "ci", "assume_role": {"role_arn": ROLE}, "use_path_style": True},
        },
    ),
    ({"backend": LOCAL}, {"backend": "local", "config": {"path": "../../../state/own.tfstate"}}),
    ({"backend": REMOTE}, {"backend": "remote", "config": IN_WORKSPACE}),
    (
        {"backend": REMOTE | {"hostname": "tfe.example.com"}},
        {"backend": "remote", "config": {**IN_WORKSPACE, "hostname": "tfe.example.com"}},
    ),
]


@pytest.mark.parametrize(("settings", "expected"), BACKENDS)
def test_own_state(settings: dict[str, Any], expected: dict[str, Any]) -> None:
    """In S3 encrypted and locked, with key and role where they are asked for; a path from where Terraform runs."""
    stack = TerraformStack(Testing.app(), "orders")
    backend = keep_state(stack, BACKEND.validate_python(settings))
    assert backend.node.scope is not None
    assert Template.of(stack).json["terraform"]["backend"] == expected


@pytest.mark.parametrize(("settings", "expected"), STATES)
def test_another_modules_state(settings: dict[str, Any], expected: dict[str, Any]) -> None:
    """The same places, read."""
    stack = TerraformStack(Testing.app(), "orders")
    state = read_state(stack, "networking", NetworkingState.model_validate(settings))
    TerraformOutput(stack, "vpc_id", value=state.get_string("vpc_id"))
    document = Template.of(stack).json
    assert document["data"]["terraform_remote_state"] == {"networking": expected}
    assert document["output"]["vpc_id"]["value"] == "${data.terraform_remote_state.networking.outputs.vpc_id}"
