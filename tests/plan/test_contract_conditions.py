"""What each output of the three modules may be: every condition, evaluated by Terraform itself at its edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stacks import contracts
from stacks.settings import ClusterState, LoadBalancingState, NetworkingState, SecurityState
from tests.plan.expressions import Case, evaluate

if TYPE_CHECKING:
    from pathlib import Path

    from constructs_lib.remote_state import OutputContract

BACKEND = {"type": "local", "path": "some.tfstate"}
REGION, ACCOUNT = "ap-southeast-2", "111111111111"
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster"
ARN = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup"
OUTPUTS = {
    "vpc_id": "vpc",
    "public_subnet_ids": "subnets",
    "app_security_group_id": "group",
    "target_group_arn": "targets",
    "alb_dns_name": "name",
    "cluster_name": "cluster",
}


def contract(ours: str, *, region: str = REGION) -> OutputContract:
    """Of the output that the module calls by its own name."""
    modules = {
        "networking": NetworkingState,
        "security": SecurityState,
        "loadbalancing": LoadBalancingState,
        "cluster": ClusterState,
    }
    states: dict[str, Any] = {
        module: model.model_validate(
            {"backend": BACKEND, "outputs": {key: OUTPUTS[key] for key in OUTPUTS if key in model.output_names}}
        )
        for module, model in modules.items()
    }
    found = [
        *contracts.networking(states["networking"]),
        *contracts.security(states["security"]),
        *contracts.loadbalancing(states["loadbalancing"], region=region, account_id=ACCOUNT),
        *contracts.cluster(states["cluster"], region=region, account_id=ACCOUNT),
    ]
    assert [each.output for each in found] == list(OUTPUTS.values())
    return found[list(OUTPUTS).index(ours)]


OF_AN_ID = ["0", "9f", "0a1b2c3d4e5f67890"]
OF_NO_ID = ["", "g", "0A", "0 ", "-0"]
SUBNETS = [f"subnet-{at:x}" for at in range(17)]  # one more than a service's network takes
LABEL = "a" * 63
VALUES: list[tuple[str, list[Any], list[Any], str]] = [
    (
        "vpc_id",
        [f"vpc-{each}" for each in OF_AN_ID],
        [*(f"vpc-{each}" for each in OF_NO_ID), "xvpc-0", "subnet-0", ["vpc-0"], 5],
        "the id of a VPC, a string such as vpc-0a1b2c3d4e5f67890",
    ),
    (
        "public_subnet_ids",
        [*([f"subnet-{each}"] for each in OF_AN_ID), SUBNETS[:16], [*SUBNETS[:16], SUBNETS[0]]],
        [*([f"subnet-{each}"] for each in OF_NO_ID), [], ["subnet-0", "vpc-0"], "subnet-0", SUBNETS],
        "a list of 1 to 16 subnet ids such as subnet-0a1b2c3d4e5f67890",
    ),
    (
        "app_security_group_id",
        [f"sg-{each}" for each in OF_AN_ID],
        [*(f"sg-{each}" for each in OF_NO_ID), "xsg-0", "vpc-0"],
        "the id of a security group, a string such as sg-0a1b2c3d4e5f67890",
    ),
    (
        "target_group_arn",
        [f"{ARN}/a.b/0az9"],
        [
            ARN,
            f"{ARN}/a",
            f"{ARN}/a/",
            f"{ARN}//0",
            f"{ARN}/a/b/0",
            f"{ARN}/a/A",
            f"x{ARN}/a/0",
            f"{ARN}/a/0".replace("targetgroup", "loadbalancer/app"),
            f"{ARN}/a/0".replace(REGION, "eu-west-1"),
            f"{ARN}/a/0".replace(ACCOUNT, "222222222222"),
            f"{ARN}/a/0".replace("arn:aws:", "arn:aws-cn:"),
        ],
        f"the ARN of a target group in region {REGION} of account {ACCOUNT}, {ARN}/<name>/<id>",
    ),
    (
        "alb_dns_name",
        [
            "a",
            "9",
            "_",
            "A-9_a.9.z.",
            "9-9",
            "a9",
            "a.elb.eu-1.amazonaws.com",
            f"{LABEL}.{LABEL}",
            f"a.{REGION}.elb.amazonaws.com",
            f"A.{REGION.upper()}.ELB.AMAZONAWS.COM.",
            f"a.elb.{REGION}.amazonaws.com",
            "a.elb.eu-west.amazonaws.com",
            "a.eu-west-1.elbx.amazonaws.com",
            "a.eu-west-1.elb.amazonaws.org",
            "a.eu-west-1.elb.amazonaws.com.example",
            "aeu-west-1.elb.amazonaws.com",
        ],
        [
            "",
            ".",
            "-a",
            "a-",
            "a..b",
            ".a",
            "a..",
            "a.-b",
            "a b",
            "a/b",
            "http://a",
            f"{LABEL}a",
            f"a.{LABEL}a",
            *(
                f"a.{place}.{suffix}"
                for place in (
                    "eu-west-1.elb",
                    "elb.eu-west-99",
                    "us-gov-west-12.elb",
                    "elb.EU-WEST-1",
                    "eusc-de-east-1.elb",
                )
                for suffix in ("amazonaws.com", "amazonaws.com.")
            ),
            *(
                f"a.eu-west-1.elb.{suffix}"
                for suffix in (
                    *("amazonaws.com.cn", "amazonaws.eu", "c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk"),
                    *("csp.hci.ic.gov", "csp.hci.ic.gov."),
                )
            ),
            f"a.{REGION}.elb.amazonaws.com.ab-c-1.elb.amazonaws.com",
        ],
        f"the DNS name of a load balancer in region {REGION}, without http:// and path",
    ),
    (
        "cluster_name",
        ["a", "Shared_1-x", "a" * 255, f"{CLUSTER}/a", f"{CLUSTER}/{'a' * 255}"],
        [
            *("", "a" * 256, "a.b", "a/b", "a b", f"{CLUSTER}/", f"{CLUSTER}/a/b", f"x{CLUSTER}/a", CLUSTER, ["a"]),
            f"{CLUSTER}/a".replace(REGION, "eu-west-1"),
            f"{CLUSTER}/a".replace(ACCOUNT, "222222222222"),
            f"{CLUSTER}/a".replace("cluster", "service"),
        ],
        (
            f"the name or the ARN of an ECS cluster in region {REGION} of account {ACCOUNT}, a string such as shared "
            f"or {CLUSTER}/shared"
        ),
    ),
]


@pytest.mark.parametrize(("ours", "right", "wrong", "requirement"), VALUES, ids=[each[0] for each in VALUES])
def test_output(tmp_path: Path, ours: str, right: list[Any], wrong: list[Any], requirement: str) -> None:
    """Each right value is taken, each wrong one is not, and the message says what would be right."""
    condition = contract(ours).postcondition(source="x")["condition"]
    cases = [Case(condition, {"self": {"outputs": {OUTPUTS[ours]: value}}}) for value in right + wrong]
    decided = evaluate(tmp_path, cases)
    assert [value for value, passes in zip(right, decided, strict=False) if not passes] == []
    assert [value for value, passes in zip(wrong, decided[len(right) :], strict=True) if passes] == []
    assert contract(ours).requirement == requirement


def test_a_target_group_is_of_the_regions_partition() -> None:
    """As its ARN is: in China another one."""
    assert contract("target_group_arn", region="cn-north-1").requirement == (
        f"the ARN of a target group in region cn-north-1 of account {ACCOUNT}, "
        f"arn:aws-cn:elasticloadbalancing:cn-north-1:{ACCOUNT}:targetgroup/<name>/<id>"
    )


def test_of_several_target_groups_each_is_another(tmp_path: Path) -> None:
    """ECS refuses a service that names one twice; each has a contract of its own."""
    outputs = {"target_group_arn": ["public", 'internal["api"]']}
    module = LoadBalancingState.model_validate({"backend": BACKEND, "outputs": outputs})
    public, internal, _ = contracts.loadbalancing(module, region=REGION, account_id=ACCOUNT)
    conditions = [each.postcondition(source="x")["condition"] for each in (public, internal)]

    def holds(first: str, second: str) -> list[bool]:
        found = {"self": {"outputs": {"public": first, "internal": {"api": second}}}}
        return evaluate(tmp_path, [Case(condition, found) for condition in conditions])

    assert holds(f"{ARN}/a/0", f"{ARN}/b/1") == [True, True]
    assert holds(f"{ARN}/a/0", f"{ARN}/a/0") == [True, False]
    assert holds(f"{ARN}/a/0", "arn:b") == [True, False]
    assert internal.requirement.endswith("/<name>/<id>, and another one than public")
