"""Private subnets that a team's networking module has, checked at plan time.

A task without a public IP needs another way to AWS: a route that is no internet gateway's, or endpoints in its VPC.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cdktf import Postcondition, TerraformIterator
from cdktf_cdktf_provider_aws.data_aws_network_interface import DataAwsNetworkInterface
from cdktf_cdktf_provider_aws.data_aws_network_interfaces import (
    DataAwsNetworkInterfaces,
    DataAwsNetworkInterfacesFilter,
)
from cdktf_cdktf_provider_aws.data_aws_prefix_list import DataAwsPrefixList
from cdktf_cdktf_provider_aws.data_aws_route_tables import DataAwsRouteTables, DataAwsRouteTablesFilter
from cdktf_cdktf_provider_aws.data_aws_vpc_endpoint import DataAwsVpcEndpoint
from constructs import Construct

from constructs_lib.hcl import hcl
from constructs_lib.subnets import EACH, read_route_tables, read_subnets, warn_of_one_zone

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENDPOINT_ID = '"vpce-[0-9a-f]+"'


class PrivateNetworking(Construct):
    """Subnets for tasks without a public IP. Refuses a subnet of another VPC, and one with no way to what a task needs.

    A way is a route for IPv4 that is no internet gateway's, wherever it leads, such as a NAT gateway's; or an endpoint
    in the VPC for each of the services. What another account's VPC has cannot be seen, and passes.

    - ``vpc_id``: the VPC that the subnets have to be in. No default.
    - ``private_subnet_ids``: where tasks are to run. No default.
    - ``region``: of the VPC. No default.
    - ``account_id``: of the tasks, 12 digits. No default.
    - ``endpoint_services``: what a task needs to reach, as the names of their endpoints end, such as ``ecr.api``; for
      ``s3`` a gateway endpoint in the subnet's route table does too. No default.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc_id: str,
        private_subnet_ids: Sequence[str],
        region: str,
        account_id: str,
        endpoint_services: Sequence[str],
    ) -> None:
        super().__init__(scope, id_)
        self.vpc_id = vpc_id
        self._region = region
        self._account_id = account_id
        self._services = sorted(endpoint_services)
        of_table = "{id = table.route_table_id, routes = table.routes}"
        self._tables = read_route_tables(self, "tables", vpc_id=vpc_id, of_table=of_table)
        subnets = read_subnets(
            self, vpc_id=vpc_id, subnet_ids=private_subnet_ids, output="private_subnet_ids", way_out=self._way_out()
        )
        warn_of_one_zone(self, subnets, kind="private")

    def _table(self, attribute: str, otherwise: str) -> str:
        """Of the subnet that ``self`` is."""
        return f'try({self._tables}[self.id].{attribute}, {self._tables}["main"].{attribute}, {otherwise})'

    def _tables_with_route(self, id_: str, filter_: str, value: str) -> str:
        """Ids of the tables with such a route, which the data source of a single table does not show."""
        filters = [DataAwsRouteTablesFilter(name=filter_, values=[value])]
        return DataAwsRouteTables(self, id_, vpc_id=self.vpc_id, filter=filters).fqn

    def _way_out(self) -> Postcondition:
        missing = self._missing_endpoints()
        table_id = self._table("id", '"none"')
        propagated = self._tables_with_route("propagated_routes", "route.origin", "EnableVgwRoutePropagation")
        passes = (
            f"self.vpc_id != {hcl(self.vpc_id)}",
            f"self.owner_id != {hcl(self._account_id)}",
            f"anytrue([for route in {self._table('routes', '[]')} : {_leads_somewhere('route')}])",
            f"contains({propagated}.ids, {table_id})",
            f"length({missing}) == 0",
        )
        return Postcondition(
            condition=f"${{{' || '.join(passes)}}}",
            error_message=(
                "Subnet ${self.id} has no way to what a task without a public IP needs: its route table has no route "
                "for IPv4 but to an internet gateway, and the VPC has no endpoint for "
                f'${{join(", ", {missing})}}. It needs a route to a NAT gateway, or these endpoints.'
            ),
        )

    def _missing_endpoints(self) -> str:
        """Those of the services that neither an endpoint nor a route of the subnet that ``self`` is leads to.

        No data source lists endpoints, and the one that finds an endpoint by its service fails where there is none. An
        endpoint whose network interface does not name it may be any.
        """
        interfaces = self._endpoint_interfaces()
        there = DataAwsVpcEndpoint(self, "endpoint", id=EACH)
        named = f"[for each in {interfaces} : regex({_ENDPOINT_ID}, each.description) if {_names_endpoint('each')}]"
        there.add_override("for_each", f"${{toset({named})}}")
        prefix_list = DataAwsPrefixList(self, "s3_prefix_list", name=f"com.amazonaws.{self._region}.s3")
        gateways = self._tables_with_route("s3_routes", "route.destination-prefix-list-id", prefix_list.id)
        unnamed = f"anytrue([for each in {interfaces} : !{_names_endpoint('each')}])"
        reached = (
            f'anytrue([for each in {there.fqn} : endswith(each.service_name, format(".%s", service))])',
            f'service == "s3" && contains({gateways}.ids, {self._table("id", _NONE)})',
            unnamed,
        )
        return f"[for service in {json.dumps(self._services)} : service if !({' || '.join(reached)})]"

    def _endpoint_interfaces(self) -> str:
        """Those of this account: others' endpoints in a shared VPC cannot be read."""
        filters = {"vpc-id": self.vpc_id, "interface-type": "vpc_endpoint", "owner-id": self._account_id}
        ids = DataAwsNetworkInterfaces(
            self,
            "interface_endpoints",
            filter=[DataAwsNetworkInterfacesFilter(name=name, values=[value]) for name, value in filters.items()],
        ).ids
        return DataAwsNetworkInterface(
            self, "interface_endpoint", for_each=TerraformIterator.from_list(ids), id=EACH
        ).fqn


_NONE = '"none"'


def _leads_somewhere(route: str) -> str:
    """Whether a route takes IPv4 anywhere but to an internet gateway, for which a task needs a public IP."""
    for_ipv4 = f'try(coalesce({route}.cidr_block, {route}.destination_prefix_list_id), "") != ""'
    return f'{for_ipv4} && !startswith(try(coalesce({route}.gateway_id), ""), "igw-")'


def _names_endpoint(interface: str) -> str:
    return f"can(regex({_ENDPOINT_ID}, {interface}.description))"
