"""The subnets that a team's networking module has, checked at plan time.

What the specification assumes ("Assumptions") is read through data sources, and what cannot work is refused. What is
uncertain, such as where a route leads, passes. What works but is unwise is a warning, a Terraform ``check`` block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf import Postcondition, TerraformLocal
from cdktf_cdktf_provider_aws.data_aws_network_interfaces import (
    DataAwsNetworkInterfaces,
    DataAwsNetworkInterfacesFilter,
)
from constructs import Construct

from constructs_lib.check import Check
from constructs_lib.hcl import hcl
from constructs_lib.subnets import read_route_tables, read_subnets, warn_of_one_zone

if TYPE_CHECKING:
    from collections.abc import Sequence


class Networking(Construct):
    """The VPC's public subnets (FR-007). Refuses a subnet of another VPC, and one with no way to reach ECR.

    - ``vpc_id``: the VPC that the subnets have to be in. No default.
    - ``public_subnet_ids``: where tasks are to run. No default.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html
    """

    def __init__(self, scope: Construct, id_: str, *, vpc_id: str, public_subnet_ids: Sequence[str]) -> None:
        super().__init__(scope, id_)
        self.vpc_id = vpc_id
        self._routes = read_route_tables(self, "routes", vpc_id=vpc_id, of_table="table.routes")
        subnets = read_subnets(
            self, vpc_id=vpc_id, subnet_ids=public_subnet_ids, output="public_subnet_ids", way_out=self._way_out()
        )
        self._warn_of_private_subnets(subnets)
        warn_of_one_zone(self, subnets, kind="public")

    def _routes_of(self, subnet_id: str) -> str:
        return f'try({self._routes}[{subnet_id}], {self._routes}["main"], [])'

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
        foreign = f"self.vpc_id != {hcl(self.vpc_id)}"
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
