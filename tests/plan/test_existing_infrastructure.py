"""What a plan says of existing infrastructure: what cannot work is refused, what is unwise warned of, no more.

All cases are constructs in one stack, with plain values as another team's stack would give them, and one plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import LocalBackend, TerraformStack, Testing
from cdktf_cdktf_provider_aws.provider import AwsProvider

from constructs_lib.load_balancing import LoadBalancing
from constructs_lib.networking import Networking
from constructs_lib.security_group import SecurityGroup
from tests.plan.infrastructure import EVERYWHERE, Infrastructure
from tests.plan.terraform_folder import diagnostics, texts, write_stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.instance import LocalAws

ALL = {"IpProtocol": "-1", "IpRanges": EVERYWHERE}


def tcp(first: int, last: int | None = None, **source: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": first, "ToPort": last or first, **(source or {"IpRanges": EVERYWHERE})}


@dataclass
class Site:
    """Sound infrastructure, and the stack in which cases judge it and variations of it."""

    make: Infrastructure
    stack: TerraformStack
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.vpc_id, self.other_vpc_id = self.make.vpc(), self.make.vpc()
        self.subnet_ids = [self.make.subnet(self.vpc_id), self.make.subnet(self.vpc_id, zone="us-east-1b")]
        self.load_balancer = self.make.load_balancer(self.subnet_ids)

    def networking(self, case: str, subnet_ids: list[str], vpc_id: str | None = None) -> None:
        Networking(self.stack, case, vpc_id=vpc_id or self.vpc_id, public_subnet_ids=subnet_ids)

    def security(self, case: str, *, inbound: list[Any], outbound: list[Any], vpc_id: str | None = None) -> None:
        group_id = self.make.security_group(vpc_id or self.vpc_id, inbound=inbound, outbound=outbound)
        self.names[case] = group_id
        SecurityGroup(self.stack, case, security_group_id=group_id, vpc_id=self.vpc_id, container_port=8080)

    def loadbalancing(self, case: str, *, behind: bool = True, vpc_id: str | None = None, **changes: Any) -> None:
        listener_on = self.load_balancer if behind else None
        arn = self.make.target_group(vpc_id or self.vpc_id, listener_on=listener_on, **changes)
        self.names[case] = arn.split("/")[1]
        self.judge(case, arn)

    def function(self, case: str) -> str:
        """The name of a group of a Lambda function, which has no port, no protocol and no VPC."""
        group = self.make.elb.create_target_group(Name=case.replace("_", "-"), TargetType="lambda")["TargetGroups"][0]
        self.judge(case, group["TargetGroupArn"])
        return str(group["TargetGroupName"])

    def judge(self, case: str, arn: str) -> None:
        LoadBalancing(
            self.stack,
            case,
            target_group_arn=arn,
            alb_dns_name="api.example.com",
            vpc_id=self.vpc_id,
            container_port=8080,
            stop_timeout_seconds=30,
        )


def network_cases(site: Site) -> None:
    make, vpc_id = site.make, site.vpc_id
    site.networking("sound", site.subnet_ids)
    site.names["foreign_subnet"] = make.subnet(site.other_vpc_id)
    site.networking("foreign_subnet", [site.subnet_ids[0], site.names["foreign_subnet"]])
    site.names["shut_in"] = make.subnet(vpc_id)
    make.own_route_table(site.names["shut_in"], vpc_id)
    site.networking("shut_in", [site.subnet_ids[1], site.names["shut_in"]])
    site.names["by_nat"] = make.subnet(vpc_id)
    nat = make.ec2.create_nat_gateway(SubnetId=site.subnet_ids[0], ConnectivityType="private")["NatGateway"]
    table_id = make.own_route_table(site.names["by_nat"], vpc_id)
    make.ec2.create_route(RouteTableId=table_id, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat["NatGatewayId"])
    site.networking("by_nat", [site.subnet_ids[1], site.names["by_nat"]])
    own = make.subnet(vpc_id, zone="us-east-1b")
    make.route_to_internet(make.own_route_table(own, vpc_id), vpc_id)
    site.networking("own_table", [site.subnet_ids[0], own])
    site.names["one_zone"] = make.subnet(vpc_id)
    site.networking("one_zone", [site.subnet_ids[0], site.names["one_zone"]])


def security_cases(site: Site) -> None:
    https = [tcp(443)]
    site.security("no_rules", inbound=[], outbound=[])
    site.security("other_port", inbound=[tcp(80)], outbound=https)
    site.security("udp_only", inbound=[{**tcp(8080), "IpProtocol": "udp"}], outbound=https)
    site.security("no_https", inbound=[tcp(8080)], outbound=[tcp(80)])
    site.security("foreign_group", inbound=[ALL], outbound=[ALL], vpc_id=site.other_vpc_id)
    other = site.make.security_group(site.vpc_id, inbound=[], outbound=[])
    site.security("from_group", inbound=[tcp(8080, UserIdGroupPairs=[{"GroupId": other}])], outbound=https)
    site.security("range", inbound=[tcp(8000, 9000)], outbound=[tcp(1, 65535)])
    site.security("everything", inbound=[ALL], outbound=[ALL])
    site.security("narrow", inbound=[tcp(8080, IpRanges=[{"CidrIp": "10.9.0.0/16"}])], outbound=https)
    prefix_list = site.make.ec2.create_managed_prefix_list(
        PrefixListName="registries", MaxEntries=1, AddressFamily="IPv4"
    )["PrefixList"]["PrefixListId"]
    to_prefix_list = tcp(443, PrefixListIds=[{"PrefixListId": prefix_list}])
    site.security("prefix_list", inbound=[tcp(8080)], outbound=[to_prefix_list])


def target_group_cases(site: Site) -> None:
    site.loadbalancing("sound_group")
    site.loadbalancing("instances", TargetType="instance")
    site.names["a_function"] = site.function("a_function")
    site.loadbalancing("udp_group", Protocol="UDP")
    site.loadbalancing("geneve_group", Protocol="GENEVE")
    for protocol in ("HTTPS", "TCP", "TLS", "TCP_UDP"):
        site.loadbalancing(f"{protocol.lower()}_group", Protocol=protocol)
    site.loadbalancing("foreign_vpc", vpc_id=site.other_vpc_id)
    site.loadbalancing("default_port_of_the_cdk", Port=80)
    site.loadbalancing("no_balancer", behind=False)
    site.loadbalancing("other_check_port", HealthCheckPort="9999")
    site.loadbalancing("long_drain")
    drain = {"Key": "deregistration_delay.timeout_seconds", "Value": "300"}
    (group,) = site.make.elb.describe_target_groups(Names=[site.names["long_drain"]])["TargetGroups"]
    site.make.elb.modify_target_group_attributes(TargetGroupArn=group["TargetGroupArn"], Attributes=[drain])


@dataclass(frozen=True)
class Verdict:
    errors: list[str]
    warnings: list[str]
    names: dict[str, str]
    vpc_id: str
    other_vpc_id: str


@pytest.fixture(scope="module")
def verdict(empty_cloud: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    stack = TerraformStack(Testing.app(), "judged")
    LocalBackend(stack, path="own.tfstate")
    AwsProvider(stack, "aws", region="us-east-1")
    make = Infrastructure(empty_cloud)
    try:
        site = Site(make, stack)
        for cases in (network_cases, security_cases, target_group_cases):
            cases(site)
    finally:
        make.close()
    folder = write_stack(tmp_path_factory.mktemp("judged"), stack)
    found = diagnostics(folder, empty_cloud.environment_variables())
    return Verdict(texts(found, "error"), texts(found, "warning"), site.names, site.vpc_id, site.other_vpc_id)


REFUSED: list[tuple[str, Callable[[Verdict, str], str]]] = [
    ("foreign_subnet", lambda at, name: f"Subnet {name} is in VPC {at.other_vpc_id}, not in {at.vpc_id}"),
    ("shut_in", lambda _, name: f"Subnet {name} has no way out of its VPC"),
    ("no_rules", lambda _, name: f"Security group {name} has no inbound rule for TCP port 8080"),
    ("no_rules", lambda _, name: f"Security group {name} has no outbound rule for TCP port 443"),
    ("other_port", lambda _, name: f"Security group {name} has no inbound rule for TCP port 8080"),
    ("udp_only", lambda _, name: f"Security group {name} has no inbound rule for TCP port 8080"),
    ("no_https", lambda _, name: f"Security group {name} has no outbound rule for TCP port 443"),
    ("foreign_group", lambda at, name: f"Security group {name} is in VPC {at.other_vpc_id}, not in {at.vpc_id}"),
    ("instances", lambda _, name: f'Target group {name} has target_type "instance"'),
    ("a_function", lambda _, name: f'Target group {name} has target_type "lambda"'),
    ("udp_group", lambda _, name: f'Target group {name} has protocol "UDP"'),
    ("geneve_group", lambda _, name: f'Target group {name} has protocol "GENEVE"'),
    ("foreign_vpc", lambda at, name: f"Target group {name} is in VPC {at.other_vpc_id}, not in {at.vpc_id}"),
    ("no_balancer", lambda _, name: f"Target group {name} hangs on no load balancer"),
]
WARNED: list[tuple[str, Callable[[Verdict, str], str]]] = [
    ("by_nat", lambda _, name: f"No internet gateway is the default route of {name}"),
    ("one_zone", lambda _, name: name),
    ("long_drain", lambda _, name: f"Target group {name} drains for 300 s"),
    ("other_check_port", lambda _, name: f"Target group {name} checks health on port 9999"),
]


@pytest.mark.parametrize(("case", "text"), REFUSED, ids=[case for case, _ in REFUSED])
def test_what_cannot_work_is_refused(verdict: Verdict, case: str, text: Callable[[Verdict, str], str]) -> None:
    """In words that name what is wrong and what it is on."""
    wanted = text(verdict, verdict.names[case])
    assert [error for error in verdict.errors if wanted in error], verdict.errors


@pytest.mark.parametrize(("case", "text"), WARNED, ids=[case for case, _ in WARNED])
def test_what_is_unwise_is_warned_of(verdict: Verdict, case: str, text: Callable[[Verdict, str], str]) -> None:
    """A check block, which lets the plan go on."""
    wanted = text(verdict, verdict.names[case])
    assert [warning for warning in verdict.warnings if wanted in warning], verdict.warnings


def test_nothing_else_is_refused(verdict: Verdict) -> None:
    """Neither a rule whose reach is uncertain (a CIDR, a group, a prefix list), nor NAT, nor a table of one's own.

    Nor any protocol over TCP: a group of TCP_UDP takes a service for TCP beside one for UDP.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/nlb.html
    """
    assert len(verdict.errors) == len(REFUSED), "\n".join(verdict.errors)


def test_nothing_else_is_warned_of(verdict: Verdict) -> None:
    assert len(verdict.warnings) == len(WARNED), verdict.warnings
