"""Reads and checks that public and private subnets share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf import Postcondition, TerraformIterator, TerraformLocal, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_route_table import DataAwsRouteTable
from cdktf_cdktf_provider_aws.data_aws_route_tables import DataAwsRouteTables
from cdktf_cdktf_provider_aws.data_aws_subnet import DataAwsSubnet

from constructs_lib.check import Check
from constructs_lib.hcl import hcl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

EACH = "${each.value}"


def read_route_tables(scope: Construct, id_: str, *, vpc_id: str, of_table: str) -> str:
    """The address of a map of subnet ids to ``of_table`` of their own table; "main" is every subnet without one.

    ``of_table`` is Terraform's expression for it, of a ``table``.
    """
    table_ids = TerraformIterator.from_list(DataAwsRouteTables(scope, "route_tables", vpc_id=vpc_id).ids)
    tables = DataAwsRouteTable(scope, "route_table", for_each=table_ids, route_table_id=EACH).fqn
    subnet = 'association.main ? "main" : coalesce(association.subnet_id, association.gateway_id, "none")'
    own = f"{{for association in table.associations : ({subnet}) => {of_table}}}"
    return TerraformLocal(scope, id_, f"${{merge([for table in {tables} : {own}]...)}}").fqn


def read_subnets(
    scope: Construct, *, vpc_id: str, subnet_ids: Sequence[str], output: str, way_out: Postcondition
) -> str:
    """Their address. Refuses one of another VPC; ``output`` is what the networking module calls their ids."""
    in_vpc = Postcondition(
        condition=f"${{self.vpc_id == {hcl(vpc_id)}}}",
        error_message=(
            f"Subnet ${{self.id}} is in VPC ${{self.vpc_id}}, not in {vpc_id}: "
            f"{output} and vpc_id have to name the same network."
        ),
    )
    return DataAwsSubnet(
        scope,
        "subnet",
        for_each=TerraformIterator.from_list(list(subnet_ids)),
        id=EACH,
        lifecycle=TerraformResourceLifecycle(postcondition=[in_vpc, way_out]),
    ).fqn


def warn_of_one_zone(scope: Construct, subnets: str, *, kind: str) -> None:
    """``kind`` is public or private."""
    zones = f"distinct([for subnet in {subnets} : subnet.availability_zone])"
    Check(
        scope,
        "zones",
        condition=f"length({zones}) > 1",
        message=(
            f'All {kind} subnets (${{join(", ", keys({subnets}))}}) are in one availability zone, '
            f'${{join(", ", {zones})}}: the API is gone when that zone is. Use subnets in two zones or more.'
        ),
    )
