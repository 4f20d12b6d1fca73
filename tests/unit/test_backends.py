from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from stacks.settings import Backend, LoadBalancingState, LocalBackend, NetworkingState, RemoteBackend, S3Backend

BACKEND: TypeAdapter[Backend] = TypeAdapter(Backend)
S3 = {"type": "s3", "bucket": "terraform-state", "key": "a/b.tfstate", "region": "eu-west-1"}
LOCAL = {"type": "local", "path": "state/networking.tfstate"}
REMOTE = {"type": "remote", "organization": "acme", "workspace": "networking"}
KEY_ID = "12345678-1234-4234-9234-123456789012"


@pytest.mark.parametrize(
    ("settings", "kind", "address"),
    [
        (S3, S3Backend, "s3://terraform-state/a/b.tfstate"),
        (LOCAL, LocalBackend, "state/networking.tfstate"),
        (LOCAL | {"path": "./state/../state/networking.tfstate"}, LocalBackend, "state/networking.tfstate"),
        (REMOTE, RemoteBackend, "app.terraform.io/acme/networking"),
        (REMOTE | {"hostname": "tfe.example.com:8443"}, RemoteBackend, "tfe.example.com:8443/acme/networking"),
    ],
)
def test_the_type_chooses_the_backend_and_its_address(settings: dict[str, Any], kind: type, address: str) -> None:
    """An address names the state in messages, and equal states have equal addresses."""
    backend = BACKEND.validate_python(settings)
    assert isinstance(backend, kind)
    assert backend.address == address


@pytest.mark.parametrize(
    "change",
    [
        {"bucket": "abc"},
        {"bucket": "my.bucket.example"},
        {"bucket": "b" * 63},
        {"bucket": "10.0.0.1a"},
        {"key": "terraform.tfstate"},
        {"region": "cn-north-1"},
        {"kms_key_id": KEY_ID},
        {"kms_key_id": "mrk-" + "0" * 32},
        {"kms_key_id": f"arn:aws:kms:eu-west-1:111111111111:key/{KEY_ID}"},
        {"role_arn": "arn:aws:iam::111111111111:role/path/state-reader"},
        {"region": "cn-north-1", "role_arn": "arn:aws-cn:iam::111111111111:role/x"},
        {"key": "größe/проект/状態-state/\u2764\ufe0f\u200d\U0001f525"},
    ],
)
def test_s3_accepts_what_works(change: dict[str, str]) -> None:
    """No false rejection."""
    BACKEND.validate_python(S3 | change)


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        (S3 | {"bucket": "ab"}, "3 to 63 lower-case letters"),
        (S3 | {"bucket": "b" * 64}, "3 to 63"),
        (S3 | {"bucket": "My-Bucket"}, "lower-case"),
        (S3 | {"bucket": "my_bucket"}, "hyphens"),
        (S3 | {"bucket": "a..b"}, "no two dots"),
        (S3 | {"bucket": "-ab"}, "at both ends"),
        (S3 | {"bucket": "192.168.0.1"}, "not an IP address"),
        (S3 | {"key": ""}, "key of an object"),
        (S3 | {"key": "/a"}, "no slash at either end"),
        (S3 | {"key": "a/"}, "no slash at either end"),
        (S3 | {"region": "eu-wets-1"}, "did you mean eu-west-1?"),
        (S3 | {"kms_key_id": "alias/"}, "or an alias"),
        (S3 | {"role_arn": "arn:aws:iam::1:role/x"}, "arn:aws:iam::<account>:role/<name>"),
        (S3 | {"key": "go-\u0430pi/x"}, "must not contain U+0430 CYRILLIC SMALL LETTER A"),
        (S3 | {"key": "go-api\u200b/x"}, "must not contain U+200B ZERO WIDTH SPACE"),
        (S3 | {"key": "a\x00b"}, "must not contain U+0000 CONTROL CHARACTER"),
        (S3 | {"bucket": "st\u0430tes"}, "not U+0430 CYRILLIC SMALL LETTER A"),
        (
            S3 | {"kms_key_id": f"arn:aws:kms:us-east-1:111111111111:key/{KEY_ID}"},
            "region, eu-west-1, not of us-east-1",
        ),
        (
            S3 | {"kms_key_id": f"arn:aws:kms:eu-wets-1:111111111111:key/{KEY_ID}"},
            "not of eu-wets-1; did you mean eu-west-1?",
        ),
        (S3 | {"kms_key_id": f"arn:aws-cn:kms:eu-west-1:111111111111:key/{KEY_ID}"}, "begin with arn:aws:"),
        (S3 | {"role_arn": "arn:aws-cn:iam::111111111111:role/x"}, "begin with arn:aws:"),
        (S3 | {"region": "cn-north-1", "role_arn": "arn:aws:iam::111111111111:role/x"}, "begin with arn:aws-cn:"),
        (LOCAL | {"path": "state/\ufeffa"}, "must not contain U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        (LOCAL | {"path": "~/state"}, "relative"),
        (LOCAL | {"path": "C:\\state"}, "relative"),
        (LOCAL | {"path": "\\\\host\\state"}, "relative"),
        (LOCAL | {"path": "state/"}, "the path of a file"),
        (LOCAL | {"path": " "}, "the path of a file"),
        (REMOTE | {"organization": "a b"}, "letters, digits, hyphens and underscores"),
        (REMOTE | {"workspace": ""}, "letters, digits"),
        (REMOTE | {"hostname": "https://tfe.example.com"}, "must be a host name"),
        (REMOTE | {"hostname": "tfe.example.com:0"}, "the port must be from 1 to 65535, not 0"),
        (REMOTE | {"hostname": "tfe.example.com:99999"}, "the port must be from 1 to 65535, not 99999"),
    ],
)
def test_a_backend_refuses_what_cannot_work(settings: dict[str, str], remedy: str) -> None:
    """Each rule's message says what would be right."""
    with pytest.raises(ValidationError) as caught:
        BACKEND.validate_python(settings)
    assert remedy in str(caught.value)


def test_an_output_goes_by_the_modules_own_name() -> None:
    """Where none is given, ours is theirs."""
    module = NetworkingState.model_validate({"backend": S3, "outputs": {"public_subnet_ids": "öffentlich-подсети"}})
    assert module.output("public_subnet_ids") == "öffentlich-подсети"
    assert module.output("vpc_id") == "vpc_id"


def test_an_output_can_be_a_part_of_one() -> None:
    """In Terraform's words; and the subnets can be put together of several."""
    outputs = {"vpc_id": 'network["main"].vpc_id', "public_subnet_ids": ["subnet_a_id", 'subnets["b"].id']}
    module = NetworkingState.model_validate({"backend": S3, "outputs": outputs})
    assert module.output("vpc_id") == 'network["main"].vpc_id'
    assert module.output("public_subnet_ids") == ("subnet_a_id", 'subnets["b"].id')


@pytest.mark.parametrize(
    ("subnets", "place", "remedy"),
    [
        (["a", "b + c"], ("outputs", "public_subnet_ids", 1), "must be the name of an output, which .name"),
        (["a", "b\u200b"], ("outputs", "public_subnet_ids", 1), "must not contain U+200B ZERO WIDTH SPACE"),
        (["a", 5], ("outputs", "public_subnet_ids", 1), "must be the name of an output, in quotes"),
        ([], ("outputs", "public_subnet_ids"), "in quotes, or a list of such names"),
        ({"a": "b"}, ("outputs", "public_subnet_ids"), "in quotes, or a list of such names"),
        (5, ("outputs", "public_subnet_ids"), "in quotes, or a list of such names"),
    ],
)
def test_a_list_of_outputs_is_checked_one_by_one(subnets: object, place: tuple[str | int, ...], remedy: str) -> None:
    """The message is about the entry."""
    with pytest.raises(ValidationError) as caught:
        NetworkingState.model_validate({"backend": S3, "outputs": {"public_subnet_ids": subnets}})
    (error,) = caught.value.errors()
    assert error["loc"] == place
    assert remedy in error["msg"]


@pytest.mark.parametrize(
    ("outputs", "remedy"),
    [
        ({"target_group": "x"}, "did you mean target_group_arn?"),
        ({"vpc_id": "x"}, "is not read from this module, only target_group_arn and alb_dns_name"),
        ({"alb_dns_name": "alb_dns_n\u0430me"}, "must not contain U+0430 CYRILLIC SMALL LETTER A"),
        ({"alb_dns_name": "alb_dns_name\u3164"}, "must not contain U+3164 HANGUL FILLER"),
        ({"alb_dns_name": "1st"}, "the name of an output"),
        ({"alb_dns_name": "a + b"}, "the name of an output"),
        ({"alb_dns_name": ""}, "the name of an output"),
        ({"alb_dns_name": "-x"}, "the name of an output"),
        ({"alb_dns_name": ["a", "b"]}, "must be one output, not a list of several"),
        ({"target_group_arn": []}, "must be the name of an output, in quotes, or a list of such names"),
        ({"target_group_arn": ["a", "1st"]}, "the name of an output"),
        (
            {"target_group_arn": ["a.b", 'a["b"]']},
            "must differ from every other one: a service joins a target group once",
        ),
        ({"target_group_arn": list("abcdef")}, "must name 5 outputs at most"),
    ],
)
def test_outputs_are_ours_and_named_as_terraform_can(outputs: dict[str, object], remedy: str) -> None:
    """A name that we never read, or that no output can have, is refused."""
    with pytest.raises(ValidationError) as caught:
        LoadBalancingState.model_validate({"backend": S3, "outputs": outputs})
    assert remedy in str(caught.value)


@pytest.mark.parametrize("groups", [["a"], list("abcde"), ['groups["a"]', 'groups["b"]']])
def test_target_groups_are_a_list_of_up_to_five(groups: list[str]) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html, loadBalancers."""
    state = LoadBalancingState.model_validate({"backend": S3, "outputs": {"target_group_arn": groups}})
    assert state.target_groups == tuple(groups)


@pytest.mark.parametrize(
    ("backend", "workspace", "address"),
    [
        (S3, "blue", "s3://terraform-state/env:/blue/a/b.tfstate"),
        (S3, "default", "s3://terraform-state/a/b.tfstate"),
    ],
)
def test_a_workspaces_state_has_an_address_of_its_own(backend: dict[str, str], workspace: str, address: str) -> None:
    """Terraform's own layout, so that equal addresses are equal states."""
    assert NetworkingState.model_validate({"backend": backend, "workspace": workspace}).address == address


@pytest.mark.parametrize(
    ("backend", "remedy"), [(REMOTE, "names its workspace itself"), (LOCAL, "let backend.path name the file")]
)
def test_only_s3_takes_a_workspace(backend: dict[str, str], remedy: str) -> None:
    """A remote backend has one already, and a local one would ignore the path."""
    with pytest.raises(ValidationError, match=remedy):
        NetworkingState.model_validate({"backend": backend, "workspace": "blue"})
