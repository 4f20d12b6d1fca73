"""Existing infrastructure for a plan to judge, made with boto3: quicker than Terraform, and as wrong as wanted."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local_aws.instance import Client, LocalAws

EVERYWHERE = [{"CidrIp": "0.0.0.0/0"}]


@dataclass
class Infrastructure:
    """Makes VPCs, subnets, security groups and target groups; each call makes another one and returns its id."""

    local_aws: LocalAws
    _numbers: Any = field(default_factory=count)

    def __post_init__(self) -> None:
        self.ec2: Client = self.local_aws.client("ec2")
        self.elb: Client = self.local_aws.client("elbv2")

    def close(self) -> None:
        self.ec2.close()
        self.elb.close()

    def vpc(self, *, internet_gateway: bool = True) -> str:
        """Its main route table leads to the internet, unless it is not to."""
        vpc_id: str = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        if internet_gateway:
            self.route_to_internet(self.main_route_table(vpc_id), vpc_id)
        return vpc_id

    def main_route_table(self, vpc_id: str) -> str:
        tables = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["RouteTables"]
        (main,) = [table for table in tables if any(link["Main"] for link in table["Associations"])]
        return str(main["RouteTableId"])

    def route_to_internet(self, table_id: str, vpc_id: str) -> None:
        gateway_id = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc_id)
        self.ec2.create_route(RouteTableId=table_id, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway_id)

    def own_route_table(self, subnet_id: str, vpc_id: str) -> str:
        """A table of the subnet's own, with the local route only."""
        table_id: str = self.ec2.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=table_id, SubnetId=subnet_id)
        return table_id

    def endpoint(self, vpc_id: str, service: str, *, subnet_id: str | None = None, table_id: str | None = None) -> None:
        """An interface endpoint in a subnet, or a gateway endpoint in a route table."""
        kind = {"SubnetIds": [subnet_id]} if subnet_id else {"RouteTableIds": [table_id]}
        self.ec2.create_vpc_endpoint(
            VpcId=vpc_id,
            ServiceName=f"com.amazonaws.us-east-1.{service}",
            VpcEndpointType="Interface" if subnet_id else "Gateway",
            **kind,
        )

    def subnet(self, vpc_id: str, *, zone: str = "us-east-1a") -> str:
        block = f"10.0.{next(self._numbers)}.0/24"
        subnet = self.ec2.create_subnet(VpcId=vpc_id, CidrBlock=block, AvailabilityZone=zone)
        return str(subnet["Subnet"]["SubnetId"])

    def private_subnet(self, vpc_id: str, *, zone: str = "us-east-1a") -> str:
        """With a NAT gateway of its own."""
        subnet_id = self.subnet(vpc_id, zone=zone)
        nat = self.ec2.create_nat_gateway(SubnetId=subnet_id, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
        table_id = self.own_route_table(subnet_id, vpc_id)
        self.ec2.create_route(RouteTableId=table_id, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
        return subnet_id

    def security_group(self, vpc_id: str, *, inbound: list[dict[str, Any]], outbound: list[dict[str, Any]]) -> str:
        """Rules as EC2's API has them; a new group's own rule, which lets everything out, is taken away."""
        name = f"group{next(self._numbers)}"
        group_id: str = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc_id)["GroupId"]
        self.ec2.revoke_security_group_egress(
            GroupId=group_id, IpPermissions=[{"IpProtocol": "-1", "IpRanges": EVERYWHERE}]
        )
        if inbound:
            self.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=inbound)
        if outbound:
            self.ec2.authorize_security_group_egress(GroupId=group_id, IpPermissions=outbound)
        return group_id

    def target_group(self, vpc_id: str, *, listener_on: str | None, **changes: Any) -> str:
        """``listener_on`` is the ARN of the load balancer that forwards to it."""
        settings = {"Protocol": "HTTP", "Port": 8080, "VpcId": vpc_id, "TargetType": "ip", **changes}
        created = self.elb.create_target_group(Name=f"targets{next(self._numbers)}", **settings)
        arn: str = created["TargetGroups"][0]["TargetGroupArn"]
        drain = {"Key": "deregistration_delay.timeout_seconds", "Value": "20"}
        self.elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[drain])
        if listener_on:
            self.elb.create_listener(
                LoadBalancerArn=listener_on,
                Protocol="HTTP",
                Port=next(self._numbers) + 1000,
                DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
            )
        return arn

    def load_balancer(self, subnet_ids: list[str]) -> str:
        created = self.elb.create_load_balancer(Name=f"balancer{next(self._numbers)}", Subnets=subnet_ids)
        return str(created["LoadBalancers"][0]["LoadBalancerArn"])
