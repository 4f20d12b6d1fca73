"""Where a load balancer is: in the VPC and the zones of its subnets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from local_aws.instance import LocalAws


@pytest.mark.parametrize("by", ["Subnets", "SubnetMappings"])
def test_a_load_balancer_is_in_its_subnets_vpc(local_aws: LocalAws, by: str) -> None:
    """And in each subnet's own zone; the provider names subnets either way.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AvailabilityZone.html
    """
    ec2 = local_aws.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
    zones = ("us-east-1a", "us-east-1b")
    ids = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.5.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones)
    ]
    mappings = [{"SubnetId": id_} for id_ in ids]
    subnets = {"Subnets": ids} if by == "Subnets" else {"SubnetMappings": mappings}

    created = local_aws.client("elbv2").create_load_balancer(Name=f"in-vpc-by-{by.lower()}", **subnets)

    (balancer,) = created["LoadBalancers"]
    assert balancer["VpcId"] == vpc_id
    found = [(zone["SubnetId"], zone["ZoneName"]) for zone in balancer["AvailabilityZones"]]
    assert found == list(zip(ids, zones, strict=True))
