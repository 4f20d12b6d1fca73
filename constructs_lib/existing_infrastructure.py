"""What the team already runs: values of its networking, security and load balancing, checked at plan time.

Each construct reads through data sources what the specification assumes ("Assumptions") and refuses what cannot
work. It lets pass what it cannot be certain of, such as where a rule's CIDR leads. What works but is unwise is a
warning, a Terraform ``check`` block.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

from cdktf import (
    Postcondition,
    TerraformIterator,
    TerraformLocal,
    TerraformResourceLifecycle,
    Token,
)
from cdktf_cdktf_provider_aws.data_aws_lb_target_group import DataAwsLbTargetGroup
from cdktf_cdktf_provider_aws.data_aws_network_interfaces import (
    DataAwsNetworkInterfaces,
    DataAwsNetworkInterfacesFilter,
)
from cdktf_cdktf_provider_aws.data_aws_route_table import DataAwsRouteTable
from cdktf_cdktf_provider_aws.data_aws_route_tables import DataAwsRouteTables
from cdktf_cdktf_provider_aws.data_aws_security_group import DataAwsSecurityGroup
from cdktf_cdktf_provider_aws.data_aws_subnet import DataAwsSubnet
from cdktf_cdktf_provider_aws.data_aws_vpc_security_group_rule import DataAwsVpcSecurityGroupRule
from cdktf_cdktf_provider_aws.data_aws_vpc_security_group_rules import (
    DataAwsVpcSecurityGroupRules,
    DataAwsVpcSecurityGroupRulesFilter,
)
from constructs import Construct

from constructs_lib.check import Check

if TYPE_CHECKING:
    from collections.abc import Sequence


_EACH = "${each.value}"


class Networking(Construct):
    """The VPC's public subnets (FR-007). Refuses a subnet of another VPC, and one with no way to reach ECR."""

    def __init__(self, scope: Construct, id_: str, *, vpc_id: str, public_subnet_ids: Sequence[str]) -> None:
        super().__init__(scope, id_)
        self.vpc_id = vpc_id
        self.public_subnet_ids = public_subnet_ids
        self._routes = self._read_routes()
        subnets = DataAwsSubnet(
            self,
            "subnet",
            for_each=TerraformIterator.from_list(list(public_subnet_ids)),
            id=_EACH,
            lifecycle=TerraformResourceLifecycle(postcondition=[self._in_vpc(), self._way_out()]),
        )
        addresses = subnets.fqn
        self._warn_of_private_subnets(addresses)
        self._warn_of_one_zone(addresses)

    def _read_routes(self) -> str:
        """The address of a map of subnet ids to their own table's routes; "main" is every subnet without one."""
        table_ids = TerraformIterator.from_list(DataAwsRouteTables(self, "route_tables", vpc_id=self.vpc_id).ids)
        tables = DataAwsRouteTable(self, "route_table", for_each=table_ids, route_table_id=_EACH).fqn
        subnet = 'association.main ? "main" : coalesce(association.subnet_id, association.gateway_id, "none")'
        routes = f"{{for association in table.associations : ({subnet}) => table.routes}}"
        return TerraformLocal(self, "routes", f"${{merge([for table in {tables} : {routes}]...)}}").fqn

    def _routes_of(self, subnet_id: str) -> str:
        return f'try({self._routes}[{subnet_id}], {self._routes}["main"], [])'

    def _in_vpc(self) -> Postcondition:
        return Postcondition(
            condition=f"${{self.vpc_id == {_hcl(self.vpc_id)}}}",
            error_message=(
                f"Subnet ${{self.id}} is in VPC ${{self.vpc_id}}, not in {self.vpc_id}: "
                "public_subnet_ids and vpc_id have to name the same network."
            ),
        )

    def _way_out(self) -> Postcondition:
        """The provider lists neither local nor endpoint routes, so that a VPC with interface endpoints has to pass."""
        endpoints = DataAwsNetworkInterfaces(
            self,
            "interface_endpoints",
            filter=[
                DataAwsNetworkInterfacesFilter(name="vpc-id", values=[self.vpc_id]),
                DataAwsNetworkInterfacesFilter(name="interface-type", values=["vpc_endpoint"]),
            ],
        )
        foreign = f"self.vpc_id != {_hcl(self.vpc_id)}"
        routes = f"length({self._routes_of('self.id')})"
        return Postcondition(
            condition=f"${{{foreign} || {routes} > 0 || length({endpoints.fqn}.ids) > 0}}",
            error_message=(
                "Subnet ${self.id} has no way out of its VPC: its route table has only the local route and the VPC no "
                "interface endpoints, so a task could never pull its image. It needs a route to an internet gateway."
            ),
        )

    def _warn_of_private_subnets(self, subnets: str) -> None:
        to_gateway = 'startswith(route.gateway_id, "igw-")'
        everywhere = 'contains(["0.0.0.0/0", "::/0"], try(coalesce(route.cidr_block, route.ipv6_cidr_block), ""))'
        private = TerraformLocal(
            self,
            "private_subnet_ids",
            f"${{[for id, subnet in {subnets} : id if !anytrue("
            f"[for route in {self._routes_of('id')} : try({to_gateway} && {everywhere}, false)])]}}",
        ).fqn
        Check(
            self,
            "public_subnets",
            condition=f"length({private}) == 0",
            message=(
                f'No internet gateway is the default route of ${{join(", ", {private})}}: a public IP is of no use '
                "there, and a task pulls its image only if another route leads to ECR."
            ),
        )

    def _warn_of_one_zone(self, subnets: str) -> None:
        zones = f"distinct([for subnet in {subnets} : subnet.availability_zone])"
        Check(
            self,
            "zones",
            condition=f"length({zones}) > 1",
            message=(
                f'All public subnets (${{join(", ", keys({subnets}))}}) are in one availability zone, '
                f'${{join(", ", {zones})}}: the API is gone when that zone is. Use subnets in two zones or more.'
            ),
        )


class Security(Construct):
    """The application's security group (FR-006). Refuses one of another VPC, and one that shuts the container in."""

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
        rules = DataAwsVpcSecurityGroupRule(self, "rule", security_group_rule_id=_EACH)
        # Of a group without rules the provider says null, which neither for_each nor a CDKTF iterator takes.
        rules.add_override("for_each", f"${{toset(coalesce({ids.fqn}.ids, []))}}")
        return rules

    @staticmethod
    def _in_vpc(vpc_id: str) -> Postcondition:
        return Postcondition(
            condition=f"${{self.vpc_id == {_hcl(vpc_id)}}}",
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


class LoadBalancing(Construct):
    """The target group of the load balancer that the team has (FR-003). Refuses one that no Fargate task can join.

    A Lambda function's has neither protocol nor VPC nor port, and Terraform evaluates even the message of a condition
    that holds.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        target_group_arn: str,
        alb_dns_name: str,
        vpc_id: str,
        container_port: int,
        stop_timeout_seconds: int,
    ) -> None:
        super().__init__(scope, id_)
        self.target_group_arn = target_group_arn
        self.alb_dns_name = alb_dns_name
        self._address = DataAwsLbTargetGroup(
            self,
            "Default",
            arn=target_group_arn,
            lifecycle=TerraformResourceLifecycle(
                postcondition=[
                    self._takes_ip_targets(),
                    self._speaks_tcp(),
                    self._in_vpc(vpc_id),
                    self._on_port(container_port),
                    self._behind_load_balancer(),
                ]
            ),
        ).fqn
        self._warn_of_long_drain(stop_timeout_seconds)
        self._warn_of_other_health_check_port(container_port)

    @property
    def health_check_path(self) -> str:
        """Where the target group asks for health, ``/`` included."""
        return f"${{{self._address}.health_check[0].path}}"

    @staticmethod
    def _takes_ip_targets() -> Postcondition:
        return Postcondition(
            condition='${self.target_type == "ip"}',
            error_message=(
                'Target group ${self.name} has target_type "${self.target_type}": a Fargate task has an IP address of '
                'its own and no instance, and joins only a target group of type "ip".'
            ),
        )

    @staticmethod
    def _speaks_tcp() -> Postcondition:
        """A service for TCP may join a group of TCP_UDP or TCP_QUIC, half of which another service serves.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html
        """
        return Postcondition(
            condition='${!contains(["UDP", "QUIC", "GENEVE"], coalesce(self.protocol, "none"))}',
            error_message=(
                'Target group ${self.name} has protocol "${coalesce(self.protocol, "none")}": no request to an API on '
                "TCP ever reaches its targets. It has to be HTTP, HTTPS, TCP or TLS."
            ),
        )

    @staticmethod
    def _in_vpc(vpc_id: str) -> Postcondition:
        return Postcondition(
            condition=f'${{self.target_type == "lambda" || self.vpc_id == {_hcl(vpc_id)}}}',
            error_message=(
                f'Target group ${{self.name}} is in VPC ${{coalesce(self.vpc_id, "none")}}, not in {vpc_id}, where the '
                "tasks are: they could not register in it."
            ),
        )

    @staticmethod
    def _on_port(port: int) -> Postcondition:
        return Postcondition(
            condition=f'${{self.target_type == "lambda" || self.port == {port}}}',
            error_message=(
                f'Target group ${{self.name}} is for port ${{coalesce(self.port, "none")}}, '
                f"the container listens on {port}. "
                "Set container.port to the target group's, or give the target group the container's."
            ),
        )

    @staticmethod
    def _behind_load_balancer() -> Postcondition:
        return Postcondition(
            condition='${self.target_type == "lambda" || length(self.load_balancer_arns) > 0}',
            error_message=(
                "Target group ${self.name} hangs on no load balancer: ECS refuses a service for it. "
                "Let a listener forward to it first."
            ),
        )

    def _warn_of_long_drain(self, stop_timeout_seconds: int) -> None:
        group = self._address
        Check(
            self,
            "drain",
            condition=f"tonumber({group}.deregistration_delay) <= {stop_timeout_seconds}",
            message=(
                f"Target group ${{{group}.name}} drains for ${{{group}.deregistration_delay}} s, the container's stop "
                f"timeout is {stop_timeout_seconds} s: a request may take longer than a stopping task is given to end "
                "it, and each replaced task adds the drain to a deployment."
            ),
        )

    def _warn_of_other_health_check_port(self, container_port: int) -> None:
        port = f'try({self._address}.health_check[0].port, "traffic-port")'
        Check(
            self,
            "health_check_port",
            condition=f'contains(["traffic-port", "{container_port}"], {port})',
            message=(
                f"Target group ${{{self._address}.name}} checks health on port ${{{port}}}, the container's port is "
                f"{container_port}: a task is healthy only if it listens on both."
            ),
        )


def _some_rule_covers(rules: str, port: int, *, egress: bool) -> str:
    """Whether any of the security group rules lets TCP through on ``port``, wherever to or from."""
    direction = "rule.is_egress" if egress else "!rule.is_egress"
    ports = f'rule.ip_protocol == "-1" || try(rule.from_port <= {port} && rule.to_port >= {port}, false)'
    protocol = 'contains(["-1", "tcp", "6"], rule.ip_protocol)'
    return f"anytrue([for rule in {rules} : {direction} && {protocol} && ({ports})])"


@functools.cache
def _hcl(value: str) -> str:
    """A string as it stands inside an expression, where CDKTF puts the reference itself for a token."""
    return value if Token.is_unresolved(value) else json.dumps(value)
