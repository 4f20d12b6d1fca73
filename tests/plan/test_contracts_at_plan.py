"""What real Terraform says of the three modules' outputs, at plan time: each wrong one refused, each right one not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.loaders import create_loader
from cdktf import DataTerraformRemoteStateLocal, Fn, LocalBackend, TerraformLocal, TerraformStack, Testing

from constructs_lib.check import Check
from constructs_lib.remote_state import RemoteState
from stacks import contracts
from stacks.settings import LoadBalancingState, NetworkingState, SecurityState
from tests.plan.terraform_folder import diagnostics, texts, write_stack

if TYPE_CHECKING:
    from constructs_lib.remote_state import OutputContract
    from tests.plan.terraform_folder import Diagnostic

BACKEND = {"type": "local", "path": "some.tfstate"}
ACCOUNT, REGION = "111111111111", "eu-west-1"
CONTRACTS: dict[str, list[OutputContract]] = {
    "networking": contracts.networking(NetworkingState.model_validate({"backend": BACKEND})),
    "security": contracts.security(SecurityState.model_validate({"backend": BACKEND})),
    "loadbalancing": contracts.loadbalancing(
        LoadBalancingState.model_validate({"backend": BACKEND}), region=REGION, account_id=ACCOUNT
    ),
}
TARGET_GROUP = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/api/0123456789abcdef"
GOOD: dict[str, Any] = {
    "vpc_id": "vpc-0a1b2c3d4e5f67890",
    "public_subnet_ids": ["subnet-0a1b2c3d4e5f67890", "subnet-0b1b2c3d4e5f67890"],
    "app_security_group_id": "sg-0a1b2c3d4e5f67890",
    "target_group_arn": TARGET_GROUP,
    "alb_dns_name": f"api-123456789.{REGION}.elb.amazonaws.com",
}
MISSING = ...
DNS_SUFFIXES = [partition["dnsSuffix"] for partition in create_loader().load_data("endpoints")["partitions"]]

BAD: list[tuple[str, Any, str]] = [
    ("vpc_id", MISSING, "It is missing."),
    ("vpc_id", None, "It is null."),
    ("vpc_id", "", 'It is "".'),
    ("vpc_id", 5, "It is 5."),
    ("vpc_id", ["vpc-0a1b2c3d4e5f67890"], 'It is ["vpc-0a1b2c3d4e5f67890"].'),
    ("vpc_id", "subnet-0a1b2c3d4e5f67890", "the id of a VPC"),
    ("public_subnet_ids", MISSING, "It is missing."),
    ("public_subnet_ids", None, "It is null."),
    ("public_subnet_ids", [], "It is []."),
    ("public_subnet_ids", "subnet-0a1b2c3d4e5f67890", 'It is "subnet-0a1b2c3d4e5f67890".'),
    ("public_subnet_ids", ["vpc-0a1b2c3d4e5f67890"], "1 to 16 subnet ids"),
    ("public_subnet_ids", {"a": "subnet-0a1b2c3d4e5f67890"}, 'It is {"a":"subnet-0a1b2c3d4e5f67890"}.'),
    ("public_subnet_ids", [["subnet-0a1b2c3d4e5f67890"]], "a list of 1 to 16"),
    ("app_security_group_id", MISSING, "It is missing."),
    ("app_security_group_id", ["sg-0a1b2c3d4e5f67890"], "the id of a security group"),
    ("app_security_group_id", "vpc-0a1b2c3d4e5f67890", "the id of a security group"),
    ("target_group_arn", MISSING, "It is missing."),
    ("target_group_arn", TARGET_GROUP.replace("targetgroup/", "loadbalancer/app/"), "the ARN of a target group"),
    ("target_group_arn", TARGET_GROUP.replace(REGION, "us-east-1"), f"in region {REGION} of account {ACCOUNT}"),
    ("target_group_arn", TARGET_GROUP.replace(ACCOUNT, "999999999999"), f"in region {REGION} of account {ACCOUNT}"),
    ("alb_dns_name", MISSING, "It is missing."),
    ("alb_dns_name", "http://api.example.com/", "without http:// and path"),
    ("alb_dns_name", "api-123456789.us-east-1.elb.amazonaws.com", f"in region {REGION}"),
    ("alb_dns_name", TARGET_GROUP, "the DNS name of a load balancer"),
    ("target_group_arn", TARGET_GROUP.replace("arn:aws:", "arn:aws-cn:"), f"arn:aws:elasticloadbalancing:{REGION}:"),
    ("target_group_arn", TARGET_GROUP.replace("arn:aws:", "arn:aws-us-gov:"), "the ARN of a target group"),
    *(
        ("alb_dns_name", name, "the DNS name of a load balancer")
        for name in ("a..example", ".example", "-a.example", "a-.example", "a.example..", "", f"{64 * 'a'}.example")
    ),
    *(
        ("alb_dns_name", name, f"in region {REGION}")
        for name in (
            "dualstack.api-123456789.us-east-1.elb.amazonaws.com",
            "internal-api-123456789.us-east-1.elb.amazonaws.com",
            "API-123456789.US-EAST-1.ELB.AMAZONAWS.COM",
            "api-123456789.us-east-1.elb.amazonaws.com.",
            "api-0123456789abcdef.elb.us-east-1.amazonaws.com",
            "api-0123456789abcdef.ELB.us-east-1.amazonaws.com.",
            "api-123456789.cn-north-1.elb.amazonaws.com.cn",
            "api-0123456789abcdef.elb.cn-north-1.amazonaws.com.cn",
            "api-123456789.us-gov-west-1.elb.amazonaws.com",
            f"{REGION}.elb.amazonaws.com.us-east-1.elb.amazonaws.com",
            *(f"api-1.xx-other-1.elb.{suffix}" for suffix in DNS_SUFFIXES),
        )
    ),
]
RIGHT: list[tuple[str, Any]] = [
    *GOOD.items(),
    ("vpc_id", "vpc-0a1b2c3d"),  # from before 2018, and still there
    ("public_subnet_ids", ["subnet-0a1b2c3d4e5f67890"]),
    ("public_subnet_ids", ["subnet-0a1b2c3d4e5f67890"] * 2),  # a set to the provider, and so to ECS
    ("alb_dns_name", "api.example.com"),
    ("alb_dns_name", f"internal-api-123456789.{REGION}.elb.amazonaws.com"),
    *(
        ("alb_dns_name", name)
        for name in (
            f"dualstack.api-123456789.{REGION}.elb.amazonaws.com",
            f"API-123456789.{REGION.upper()}.ELB.AMAZONAWS.COM",
            f"api-123456789.{REGION}.elb.amazonaws.com.",
            f"api-0123456789abcdef.elb.{REGION}.amazonaws.com",
            "localhost",
            f"{63 * 'a'}.example",
            "my_api.example.com.",
            "api.us-east-1.elb.example.com",
            "elb.us-east-1.example.com",
        )
    ),
]

PARTS: dict[str, Any] = {
    "target_groups": {"api": {"arn": TARGET_GROUP}},
    "target_group_arns": [TARGET_GROUP, "other"],
    "network": {"vpc_id": GOOD["vpc_id"]},
    "joined": ",".join(GOOD["public_subnet_ids"]),
    "by_zone": {"a": {"id": GOOD["public_subnet_ids"][0]}, "b": {"id": GOOD["public_subnet_ids"][1]}},
    "lists": {"a": GOOD["public_subnet_ids"][:1], "b": GOOD["public_subnet_ids"][1:]},
    "known": dict.fromkeys(GOOD["public_subnet_ids"], True),
    "first": GOOD["public_subnet_ids"][0],
}
"""Outputs of other shapes than ours."""
RIGHT_PARTS: list[tuple[str, str | list[str]]] = [
    ("target_group_arn", 'target_groups["api"].arn'),
    ("target_group_arn", "target_group_arns[0]"),
    ("target_group_arn", "values(target_groups)[0].arn"),
    ("vpc_id", "network.vpc_id"),
    ("public_subnet_ids", 'split(",", joined)'),
    ("public_subnet_ids", "values(by_zone)[*].id"),
    ("public_subnet_ids", "flatten(values(lists))"),
    ("public_subnet_ids", "keys(known)"),
    ("public_subnet_ids", ["first", "by_zone.b.id"]),
    ("public_subnet_ids", ["lists.a", "lists.b"]),
]
SHAPE = json.dumps(PARTS["target_groups"], separators=(",", ":"))
BAD_PARTS: list[tuple[str, str | list[str], str, str]] = [
    ("target_group_arn", "target_groups.web.arn", "output target_groups.web.arn", f"missing: target_groups is {SHAPE}"),
    ("target_group_arn", "target_group_arns[1]", "output target_group_arns[1]", '"other"'),
    ("target_group_arn", "target_groups", 'output "target_groups"', SHAPE),
    ("vpc_id", "networks.vpc_id", "output networks.vpc_id", "missing"),
    ("public_subnet_ids", "by_zone[*].id", "output by_zone[*].id", "missing: by_zone is"),
    ("public_subnet_ids", 'split(";", joined)', 'output split(";", joined)', f'["{PARTS["joined"]}"]'),
    ("public_subnet_ids", ["first", "second"], "outputs [first, second]", f'["{PARTS["first"]}", missing]'),
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Diagnostic]:
    """One plan of one stack that reads every state, wrong and right, for Terraform reports all that it finds."""
    folder = tmp_path_factory.mktemp("contract")
    stack = TerraformStack(Testing.app(), "contract")
    LocalBackend(stack, path="own.tfstate")
    for number, (output, value, _) in enumerate(BAD):
        _read(stack, folder, f"bad{number}", output, value)
    for number, (output, value) in enumerate(RIGHT):
        _read(stack, folder, f"right{number}", output, value)
    for number, (output, part, *_) in enumerate(BAD_PARTS):
        _read_part(stack, folder, f"bad_part{number}", output, part)
    for number, (output, part) in enumerate(RIGHT_PARTS):
        state = _read_part(stack, folder, f"right_part{number}", output, part)
        value = state.strings(part) if isinstance(GOOD[output], list) else state.string(part)
        same = Fn.jsonencode(value) if isinstance(GOOD[output], str) else Fn.jsonencode(Fn.sort(value))
        local = TerraformLocal(stack, f"read{number}", same).fqn
        text = json.dumps(json.dumps(GOOD[output], separators=(",", ":")))
        Check(stack, f"check{number}", condition=f"{local} == {text}", message=f"right_part{number} is ${{{local}}}")
    return diagnostics(write_stack(folder, stack), {})


@pytest.fixture(scope="module")
def errors(found: list[Diagnostic]) -> list[str]:
    return texts(found, "error")


def _module(output: str) -> str:
    return next(module for module in CONTRACTS if output in _outputs(module))


def _outputs(module: str) -> list[str]:
    return [str(item.output) for item in CONTRACTS[module]]


def _read(stack: TerraformStack, folder: Any, name: str, output: str, value: Any) -> None:
    module = _module(output)
    outputs = {**{each: GOOD[each] for each in _outputs(module)}, output: value}
    _state(folder, name, outputs)
    _declare(stack, name, module, CONTRACTS[module])


def _read_part(stack: TerraformStack, folder: Any, name: str, output: str, part: str | list[str]) -> RemoteState:
    """A state that has no output of our own names but those beside the one that is read."""
    module = _module(output)
    model = {"networking": NetworkingState, "security": SecurityState, "loadbalancing": LoadBalancingState}[module]
    settings: Any = model.model_validate({"backend": BACKEND, "outputs": {output: part}})
    contract = {
        "networking": lambda: contracts.networking(settings),
        "security": lambda: contracts.security(settings),
        "loadbalancing": lambda: contracts.loadbalancing(settings, region=REGION, account_id=ACCOUNT),
    }[module]()
    beside = {each: GOOD[each] for each in _outputs(module) if each != output}
    _state(folder, name, {**beside, **PARTS})
    return _declare(stack, name, module, contract)


def _state(folder: Any, name: str, outputs: dict[str, Any]) -> None:
    outputs = {**outputs, "unrelated": True}
    state = {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": 1,
        "lineage": name,
        "outputs": {key: {"value": item, "type": _type(item)} for key, item in outputs.items() if item is not MISSING},
        "resources": [],
    }
    (folder / f"{name}.tfstate").write_text(json.dumps(state))


def _declare(stack: TerraformStack, name: str, module: str, contract: list[OutputContract]) -> RemoteState:
    state = DataTerraformRemoteStateLocal(stack, name, path=f"{name}.tfstate")
    return RemoteState(state, module=module, address=f"s3://states/{name}", contract=contract)


def _type(value: Any) -> Any:
    if isinstance(value, list):
        return ["tuple", [_type(item) for item in value]]
    if isinstance(value, dict):
        return ["object", {key: _type(item) for key, item in value.items()}]
    return {bool: "bool", int: "number", str: "string", type(None): "string"}[type(value)]


@pytest.mark.parametrize(
    ("number", "case"), list(enumerate(BAD)), ids=[f"{output}={value}" for output, value, _ in BAD]
)
def test_wrong_output_is_refused(errors: list[str], number: int, case: tuple[str, Any, str]) -> None:
    """The message names the module, the state's address, the output, what was there, and the outputs that exist."""
    output, _, said = case
    (error,) = [text for text in errors if f"s3://states/bad{number})" in text]
    assert f'State of the module {_module(output)} (s3://states/bad{number}): output "{output}" must be' in error
    assert said in error
    assert "unrelated" in error.partition("Outputs that are there: ")[2]


def test_right_outputs_are_not_refused(errors: list[str]) -> None:
    """A false rejection is as bad as a miss."""
    assert [text for text in errors if "s3://states/right" in text] == []


@pytest.mark.parametrize(("number", "case"), list(enumerate(BAD_PARTS)), ids=[str(part) for _, part, *_ in BAD_PARTS])
def test_a_wrong_part_of_an_output_is_refused(
    errors: list[str], number: int, case: tuple[str, str | list[str], str, str]
) -> None:
    """As a whole output is, by the expression; where it is missing, the message shows what the output is instead."""
    output, _, called, said = case
    (error,) = [text for text in errors if f"s3://states/bad_part{number})" in text]
    start = f"State of the module {_module(output)} (s3://states/bad_part{number}): {called} must be"
    assert start in error
    assert f"It is {said}" in error
    assert ", network, " in error.partition("Outputs that are there: ")[2]


def test_a_right_part_of_an_output_is_what_is_read(found: list[Diagnostic]) -> None:
    """Each shape comes to the same value as the plain output, and none is refused."""
    assert texts(found, "warning") == []


def test_there_is_one_error_for_each_wrong_output(errors: list[str]) -> None:
    """No error comes from anything but a contract."""
    assert len(errors) == len(BAD) + len(BAD_PARTS)
