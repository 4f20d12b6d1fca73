"""The security group that a team has for its application, checked at plan time."""

from __future__ import annotations

from cdktf import Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_security_group import DataAwsSecurityGroup
from cdktf_cdktf_provider_aws.data_aws_vpc_security_group_rule import DataAwsVpcSecurityGroupRule
from cdktf_cdktf_provider_aws.data_aws_vpc_security_group_rules import (
    DataAwsVpcSecurityGroupRules,
    DataAwsVpcSecurityGroupRulesFilter,
)
from constructs import Construct

from constructs_lib.hcl import hcl


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
        self.security_group_id = security_group_id
        rules = self._rules().fqn
        DataAwsSecurityGroup(
            self,
            "Default",
            id=security_group_id,
            lifecycle=TerraformResourceLifecycle(
                postcondition=[
                    self._in_vpc(vpc_id),
                    self._lets_in(rules, container_port),
                    self._lets_out(rules),
                ]
            ),
        )

    def _rules(self) -> DataAwsVpcSecurityGroupRule:
        ids = DataAwsVpcSecurityGroupRules(
            self,
            "rules",
            filter=[DataAwsVpcSecurityGroupRulesFilter(name="group-id", values=[self.security_group_id])],
        )
        rules = DataAwsVpcSecurityGroupRule(self, "rule", security_group_rule_id="${each.value}")
        # Of a group without rules the provider says null, which neither for_each nor a CDKTF iterator takes.
        rules.add_override("for_each", f"${{toset(coalesce({ids.fqn}.ids, []))}}")
        return rules

    @staticmethod
    def _in_vpc(vpc_id: str) -> Postcondition:
        return Postcondition(
            condition=f"${{self.vpc_id == {hcl(vpc_id)}}}",
            error_message=(
                f"Security group ${{self.id}} is in VPC ${{self.vpc_id}}, not in {vpc_id}: "
                "ECS takes only a group of the subnets' own VPC."
            ),
        )

    @staticmethod
    def _lets_in(rules: str, port: int) -> Postcondition:
        return Postcondition(
            condition=f"${{{_some_rule_covers(rules, port, egress=False)}}}",
            error_message=(
                f"Security group ${{self.id}} has no inbound rule for TCP port {port}, the container's: "
                f"the load balancer could never reach a task. Let the load balancer's group in on {port}."
            ),
        )

    @staticmethod
    def _lets_out(rules: str) -> Postcondition:
        return Postcondition(
            condition=f"${{{_some_rule_covers(rules, 443, egress=True)}}}",
            error_message=(
                "Security group ${self.id} has no outbound rule for TCP port 443: a task could neither pull its image "
                "nor write its logs. Let HTTPS out."
            ),
        )


def _some_rule_covers(rules: str, port: int, *, egress: bool) -> str:
    """Whether any of the security group rules lets TCP through on ``port``, wherever to or from."""
    direction = "rule.is_egress" if egress else "!rule.is_egress"
    ports = f'rule.ip_protocol == "-1" || try(rule.from_port <= {port} && rule.to_port >= {port}, false)'
    protocol = 'contains(["-1", "tcp", "6"], rule.ip_protocol)'
    return f"anytrue([for rule in {rules} : {direction} && {protocol} && ({ports})])"
