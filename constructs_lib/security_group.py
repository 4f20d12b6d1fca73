"""The security groups that a team has for its application, checked at plan time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf import Postcondition, TerraformIterator, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_security_group import DataAwsSecurityGroup
from cdktf_cdktf_provider_aws.data_aws_security_groups import DataAwsSecurityGroups, DataAwsSecurityGroupsFilter
from cdktf_cdktf_provider_aws.data_aws_vpc_security_group_rule import DataAwsVpcSecurityGroupRule
from cdktf_cdktf_provider_aws.data_aws_vpc_security_group_rules import (
    DataAwsVpcSecurityGroupRules,
    DataAwsVpcSecurityGroupRulesFilter,
)
from constructs import Construct

from constructs_lib.hcl import hcl

if TYPE_CHECKING:
    from collections.abc import Sequence


class SecurityGroup(Construct):
    """The application's security group (FR-006). Refuses one of another VPC, and one that shuts the container in.

    Where a rule's CIDR leads, and what its prefix list holds, is uncertain, and passes.

    - ``security_group_id``: of the group. No default.
    - ``vpc_id``: the VPC of the subnets. No default.
    - ``container_port``: the TCP port that has to be let in, 1 to 65535. No default.

    https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
    """

    def __init__(self, scope: Construct, id_: str, *, security_group_id: str, vpc_id: str, container_port: int) -> None:
        super().__init__(scope, id_)
        rules = _read_rules(self, [security_group_id])
        DataAwsSecurityGroup(
            self,
            "Default",
            id=security_group_id,
            lifecycle=TerraformResourceLifecycle(
                postcondition=[
                    _in_vpc(vpc_id),
                    _lets_in("Security group ${self.id} has", rules, container_port),
                    _lets_out("Security group ${self.id} has", rules),
                ]
            ),
        )


class SecurityGroups(Construct):
    """Several groups, whose rules count together. Refuses one of another VPC, and those that shut the container in.

    - ``security_group_ids``: of the groups, at most 5. No default.
    - ``vpc_id``: the VPC of the subnets. No default.
    - ``container_port``: the TCP port that has to be let in, 1 to 65535. No default.

    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
    """

    def __init__(
        self, scope: Construct, id_: str, *, security_group_ids: Sequence[str], vpc_id: str, container_port: int
    ) -> None:
        super().__init__(scope, id_)
        rules = _read_rules(self, security_group_ids)
        DataAwsSecurityGroup(
            self,
            "group",
            for_each=TerraformIterator.from_list(list(security_group_ids)),
            id="${each.value}",
            lifecycle=TerraformResourceLifecycle(postcondition=[_in_vpc(vpc_id)]),
        )
        groups = 'Security groups ${join(", ", self.ids)} have'
        DataAwsSecurityGroups(
            self,
            "Default",
            filter=[DataAwsSecurityGroupsFilter(name="group-id", values=list(security_group_ids))],
            lifecycle=TerraformResourceLifecycle(
                postcondition=[_lets_in(groups, rules, container_port), _lets_out(groups, rules)]
            ),
        )


def _read_rules(scope: Construct, security_group_ids: Sequence[str]) -> str:
    ids = DataAwsVpcSecurityGroupRules(
        scope,
        "rules",
        filter=[DataAwsVpcSecurityGroupRulesFilter(name="group-id", values=list(security_group_ids))],
    )
    rules = DataAwsVpcSecurityGroupRule(scope, "rule", security_group_rule_id="${each.value}")
    # Of groups without rules the provider says null, which neither for_each nor a CDKTF iterator takes.
    rules.add_override("for_each", f"${{toset(coalesce({ids.fqn}.ids, []))}}")
    return rules.fqn


def _in_vpc(vpc_id: str) -> Postcondition:
    return Postcondition(
        condition=f"${{self.vpc_id == {hcl(vpc_id)}}}",
        error_message=(
            f"Security group ${{self.id}} is in VPC ${{self.vpc_id}}, not in {vpc_id}: "
            "ECS takes only a group of the subnets' own VPC."
        ),
    )


def _lets_in(subject: str, rules: str, port: int) -> Postcondition:
    return Postcondition(
        condition=f"${{{_some_rule_covers(rules, port, egress=False)}}}",
        error_message=(
            f"{subject} no inbound rule for TCP port {port}, the container's: "
            f"the load balancer could never reach a task. Let the load balancer's group in on {port}."
        ),
    )


def _lets_out(subject: str, rules: str) -> Postcondition:
    return Postcondition(
        condition=f"${{{_some_rule_covers(rules, 443, egress=True)}}}",
        error_message=(
            f"{subject} no outbound rule for TCP port 443: a task could neither pull its image "
            "nor write its logs. Let HTTPS out."
        ),
    )


def _some_rule_covers(rules: str, port: int, *, egress: bool) -> str:
    """Whether any of the security group rules lets TCP through on ``port``, wherever to or from."""
    direction = "rule.is_egress" if egress else "!rule.is_egress"
    ports = f'rule.ip_protocol == "-1" || try(rule.from_port <= {port} && rule.to_port >= {port}, false)'
    protocol = 'contains(["-1", "tcp", "6"], rule.ip_protocol)'
    return f"anytrue([for rule in {rules} : {direction} && {protocol} && ({ports})])"
