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
from constructs_lib.private_networking import PrivateNetworking
from constructs_lib.security_group import SecurityGroup, SecurityGroups
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

    def private(self, case: str, subnet_ids: list[str], vpc_id: str | None = None) -> None:
        self.names[case] = subnet_ids[-1]
        PrivateNetworking(
            self.stack,
            case,
            vpc_id=vpc_id or self.vpc_id,
            private_subnet_ids=subnet_ids,
            region="us-east-1",
            account_id="000000000000",
            endpoint_services=["ecr.api", "ecr.dkr", "logs", "s3", "secretsmanager"],
        )

    def groups(self, case: str, *rules: tuple[list[Any], list[Any]], vpc_id: str | None = None) -> None:
        """Each with its inbound and outbound rules; the last may be in another VPC."""
        *vpc_ids, last = [self.vpc_id] * len(rules)
        made = zip((*vpc_ids, vpc_id or last), rules, strict=True)
        ids = [self.make.security_group(vpc, inbound=inbound, outbound=outbound) for vpc, (inbound, outbound) in made]
        self.names[case] = ids[-1]
        SecurityGroups(self.stack, case, security_group_ids=ids, vpc_id=self.vpc_id, container_port=8080)

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


def private_cases(site: Site) -> None:
    make, vpc_id = site.make, site.vpc_id
    site.names["by_nat_in_b"] = zone_b(site, vpc_id, nat_of=site.names["by_nat"])
    site.private("private_by_nat", [site.names["by_nat"], site.names["by_nat_in_b"]])
    site.private("only_an_internet_gateway", [site.names["by_nat_in_b"], site.subnet_ids[0]])
    site.private("private_in_another_vpc", [site.names["by_nat"], make.subnet(site.other_vpc_id, zone="us-east-1b")])
    site.private("private_in_one_zone", [site.names["by_nat"]])
    propagated = make.subnet(vpc_id, zone="us-east-1b")
    gateway_id = make.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    table_id = make.own_route_table(propagated, vpc_id)
    make.ec2.enable_vgw_route_propagation(RouteTableId=table_id, GatewayId=gateway_id)
    site.private("private_by_vpn", [site.names["by_nat"], propagated])


def zone_b(site: Site, vpc_id: str, *, nat_of: str) -> str:
    """A subnet there, with the route table of another one."""
    subnet_id = site.make.subnet(vpc_id, zone="us-east-1b")
    filters = [{"Name": "association.subnet-id", "Values": [nat_of]}]
    (table,) = site.make.ec2.describe_route_tables(Filters=filters)["RouteTables"]
    site.make.ec2.associate_route_table(RouteTableId=table["RouteTableId"], SubnetId=subnet_id)
    return subnet_id


def endpoint_cases(site: Site) -> None:
    """Three VPCs without a way out: endpoints for some, for all with S3's gateway in one of two tables, for all."""
    make = site.make
    some, gateway, interfaces = (make.vpc(internet_gateway=False) for _ in range(3))
    subnets = {
        vpc_id: [make.subnet(vpc_id), make.subnet(vpc_id, zone="us-east-1b")] for vpc_id in (some, gateway, interfaces)
    }
    all_services = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")
    for vpc_id, services in ((some, all_services[:2]), (gateway, all_services), (interfaces, (*all_services, "s3"))):
        for service in services:
            make.endpoint(vpc_id, service, subnet_id=subnets[vpc_id][0])
    site.private("some_endpoints", subnets[some][:1], some)
    make.endpoint(gateway, "s3", table_id=make.main_route_table(gateway))
    site.private("gateway_endpoint", subnets[gateway], gateway)
    other = make.subnet(gateway)
    make.endpoint(gateway, "dynamodb", table_id=make.own_route_table(other, gateway))
    site.private("table_without_gateway_endpoint", [subnets[gateway][1], other], gateway)
    site.private("interface_endpoints", subnets[interfaces], interfaces)


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
    site.groups("port_and_https_in_two", ([tcp(8080)], []), ([], https))
    site.groups("two_without_https", ([tcp(8080)], []), ([tcp(8080)], []))
    site.groups("two_without_the_port", ([], https), ([tcp(80)], https))
    site.groups("one_of_another_vpc", ([ALL], [ALL]), ([ALL], [ALL]), vpc_id=site.other_vpc_id)


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
def verdict(empty_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    stack = TerraformStack(Testing.app(), "judged")
    LocalBackend(stack, path="own.tfstate")
    AwsProvider(stack, "aws", region="us-east-1")
    make = Infrastructure(empty_aws)
    try:
        site = Site(make, stack)
        for cases in (network_cases, private_cases, endpoint_cases, security_cases, target_group_cases):
            cases(site)
    finally:
        make.close()
    folder = write_stack(tmp_path_factory.mktemp("judged"), stack)
    found = diagnostics(folder, empty_aws.environment_variables())
    return Verdict(texts(found, "error"), texts(found, "warning"), site.names, site.vpc_id, site.other_vpc_id)


REFUSED: list[tuple[str, Callable[[Verdict, str], str]]] = [
    ("foreign_subnet", lambda at, name: f"Subnet {name} is in VPC {at.other_vpc_id}, not in {at.vpc_id}"),
    ("shut_in", lambda _, name: f"Subnet {name} has no way out of its VPC"),
    (
        "only_an_internet_gateway",
        lambda _, name: f"Subnet {name} has no way to what a task without a public IP needs",
    ),
    ("private_in_another_vpc", lambda at, name: f"Subnet {name} is in VPC {at.other_vpc_id}, not in {at.vpc_id}"),
    ("some_endpoints", lambda _, __: "and the VPC has no endpoint for logs, s3, secretsmanager. It needs"),
    ("table_without_gateway_endpoint", lambda _, __: "and the VPC has no endpoint for s3. It needs"),
    ("two_without_https", lambda _, name: f"{name} have no outbound rule for TCP port 443"),
    ("two_without_the_port", lambda _, name: f"{name} have no inbound rule for TCP port 8080"),
    ("one_of_another_vpc", lambda at, name: f"Security group {name} is in VPC {at.other_vpc_id}, not in {at.vpc_id}"),
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
    ("private_in_one_zone", lambda _, name: f"All private subnets ({name}) are in one availability zone, us-east-1a"),
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
