"""The modules that teams have, in the variants of `examples/infrastructure_variants`, and our stack planned on each.

Real Terraform and the real provider apply them all together, on an embedded AWS.
"""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import Testing

from operate import paths
from operate.local import sample_infrastructure
from operate.plan import plan_changes
from operate.terraform_cli.terraform import Terraform
from stacks.fargate_api_stack import FargateApiStack
from stacks.settings import Environment, load_environment
from tests.conftest import overlaid
from tests.dashboard_bodies import assert_taken
from tests.plan.terraform_folder import write_stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.instance import LocalAws

    Tree = dict[str, Any]

SOURCES = paths.EXISTING_INFRASTRUCTURE.parent / "infrastructure_variants"
BACKEND = paths.EXISTING_INFRASTRUCTURE / "local.s3.tfbackend"
STATE = {
    "type": "s3",
    "bucket": "terraform-state",
    "key": "variants.tfstate",
    "region": "us-east-1",
    "use_path_style": True,
}


@dataclass(frozen=True)
class Infrastructure:
    """All variants, applied."""

    local_aws: LocalAws
    terraform: Terraform
    outputs: Tree


@pytest.fixture(scope="module")
def infrastructure(empty_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Infrastructure:
    sample_infrastructure.prepare_account(empty_aws)
    folder = tmp_path_factory.mktemp("variants")
    for source in (*SOURCES.glob("*.tf"), BACKEND):
        shutil.copy(source, folder)
    init = {"TF_CLI_ARGS_init": f"-backend-config={BACKEND.name}"}
    terraform = Terraform(folder, empty_aws.environment_variables() | init)
    terraform.init()
    terraform.apply()
    return Infrastructure(empty_aws, terraform, terraform.output())


@dataclass(frozen=True)
class Variant:
    """What our settings call the outputs that say it, and what a plan warns of."""

    subnets: str = "public_subnet_ids"
    group: str = "many_peers_security_group_id"
    target_groups: tuple[str, ...] = ("by_rules_target_group_arn",)
    dns_name: str = "shared_dns_name"
    assign_public_ip: bool = True
    warnings: tuple[str, ...] = ()

    @property
    def settings(self) -> Tree:
        kind = "public_subnet_ids" if self.assign_public_ip else "private_subnet_ids"
        groups = self.target_groups[0] if len(self.target_groups) == 1 else self.target_groups
        outputs: Tree = {
            "networking": {kind: self.subnets},
            "security": {"app_security_group_id": self.group},
            "loadbalancing": {"target_group_arn": groups, "alb_dns_name": self.dns_name},
        }
        states = {name: {"backend": STATE, "outputs": named} for name, named in outputs.items()}
        network = {"assign_public_ip": self.assign_public_ip}
        return {"network": network, "remote_state": states, "dashboard": {"enabled": True}}

    @property
    def read(self) -> set[str]:
        return {self.subnets, self.group, *self.target_groups, self.dns_name}


VARIANTS = {
    "a_public_ip_behind_nat": Variant(
        subnets="nat_subnet_ids", warnings=("No internet gateway is the default route of",)
    ),
    "several_peers_and_a_rule_by_host_and_path": Variant(),
    "nat_mixed_rules_and_a_weight": Variant(
        subnets="nat_subnet_ids",
        group="mixed_rules_security_group_id",
        target_groups=("by_weight_target_group_arn",),
        assign_public_ip=False,
    ),
    "endpoints_and_a_network_load_balancer": Variant(
        subnets="endpoint_subnet_ids",
        target_groups=("tcp_target_group_arn",),
        dns_name="network_dns_name",
        assign_public_ip=False,
    ),
    "a_public_and_an_internal_load_balancer": Variant(
        target_groups=("by_rules_target_group_arn", "internal_target_group_arn"),
    ),
}


@pytest.fixture(scope="module")
def plan(infrastructure: Infrastructure, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Tree], Tree]:
    """The plan, as JSON, of `local` with changes."""
    local = load_environment(paths.REPOSITORY / "environments" / "local.toml").model_dump(exclude_unset=True)

    def make(changes: Tree) -> Tree:
        environment = Environment.model_validate(overlaid(local, changes))
        stack = FargateApiStack(Testing.app(), environment.name_prefix, environment=environment)
        folder = write_stack(tmp_path_factory.mktemp("stack"), stack)
        terraform = Terraform(folder, infrastructure.local_aws.environment_variables())
        terraform.init()
        terraform.plan(out=folder / "plan")
        return terraform.show_json(folder / "plan")

    return make


@pytest.fixture(scope="module")
def planned(plan: Callable[[Tree], Tree]) -> Callable[[str], Tree]:
    """Each variant's plan, made once."""
    return cache(lambda name: plan(VARIANTS[name].settings))


def test_nothing_of_a_variant_is_planned_twice(infrastructure: Infrastructure) -> None:
    """What the embedded AWS answers is what was asked of it: each of these modules is in use at somebody's."""
    infrastructure.terraform.run("plan", "-detailed-exitcode")


@pytest.mark.parametrize("name", VARIANTS)
def test_our_stack_is_planned_on_a_variant(
    infrastructure: Infrastructure, planned: Callable[[str], Tree], name: str
) -> None:
    """Nothing is refused, the service is where the variant says, and warned of is what is unwise alone."""
    variant, outputs = VARIANTS[name], infrastructure.outputs
    document = planned(name)
    (service,) = [each["change"]["after"] for each in document["resource_changes"] if each["type"] == "aws_ecs_service"]
    (network,) = service["network_configuration"]
    joined = {balancer["target_group_arn"] for balancer in service["load_balancer"]}
    assert sorted(network["subnets"]) == sorted(outputs[variant.subnets])
    assert network["assign_public_ip"] is variant.assign_public_ip
    assert network["security_groups"] == [outputs[variant.group]]
    assert joined == {outputs[output] for output in variant.target_groups}
    url = document["planned_values"]["outputs"]["health_url"]["value"]
    assert url == f"http://{outputs[variant.dns_name]}/health"
    warnings = plan_changes.warnings(document)
    assert len(warnings) == len(variant.warnings), warnings
    assert [text for text in variant.warnings if not any(text in warning for warning in warnings)] == []


@pytest.mark.parametrize("name", VARIANTS)
def test_the_dashboard_names_what_cloudwatch_has(
    infrastructure: Infrastructure, planned: Callable[[str], Tree], name: str
) -> None:
    """Each group under its own load balancer, and in the namespace of that one's kind; all of it known at plan."""
    (found,) = [
        change["change"]["after"]
        for change in planned(name)["resource_changes"]
        if change["type"] == "aws_cloudwatch_dashboard"
    ]
    body = json.loads(found["dashboard_body"])
    assert_taken(body)
    (targets,) = [widget["properties"] for widget in body["widgets"] if widget["properties"].get("title") == "Targets"]
    shown = {(namespace, dimensions[1], dimensions[3]) for namespace, _, *dimensions, _options in targets["metrics"]}
    arns = [infrastructure.outputs[output] for output in VARIANTS[name].target_groups]
    with closing(infrastructure.local_aws.client("elbv2")) as balancing:
        groups = balancing.describe_target_groups(TargetGroupArns=arns)["TargetGroups"]
    assert shown == {
        (
            "AWS/NetworkELB" if ":loadbalancer/net/" in group["LoadBalancerArns"][0] else "AWS/ApplicationELB",
            group["TargetGroupArn"].rpartition(":")[2],
            group["LoadBalancerArns"][0].partition(":loadbalancer/")[2],
        )
        for group in groups
    }


def test_each_variant_is_planned(infrastructure: Infrastructure) -> None:
    """Each output is read by the settings of some variant."""
    assert set(infrastructure.outputs) == {"vpc_id", *(name for variant in VARIANTS.values() for name in variant.read)}
