"""Rules of security groups, as the provider's resources and data sources see them.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html: a rule has one CIDR, prefix list or
group. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html: an entry has any number.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.instance import Client, LocalAws

    Group = Callable[[], str]

_numbers = itertools.count()


@pytest.fixture
def ec2(local_aws: LocalAws) -> Client:
    return local_aws.client("ec2")


@pytest.fixture
def group(ec2: Client) -> Group:
    """Makes a group without rules."""
    vpc_id = ec2.create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]

    def make() -> str:
        name = f"rules{next(_numbers)}"
        id_: str = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc_id)["GroupId"]
        everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ec2.revoke_security_group_egress(GroupId=id_, IpPermissions=[everything])
        return id_

    return make


def entry(port: int = 8080, **peers: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peers}


def rules(ec2: Client, group_id: str) -> list[dict[str, Any]]:
    return ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])["SecurityGroupRules"]


def test_the_default_egress_rule_can_be_revoked(ec2: Client) -> None:
    """As the provider does it for every new group: all protocols, with ports 0 to 0."""
    vpc_id = ec2.create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    id_ = ec2.create_security_group(GroupName="app", Description="app", VpcId=vpc_id)["GroupId"]
    everything = {"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}

    ec2.revoke_security_group_egress(GroupId=id_, IpPermissions=[everything])

    assert rules(ec2, id_) == []


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_each_peer_of_an_entry_is_a_rule(ec2: Client, group: Group, direction: str) -> None:
    """With an id and a description of its own, in the answer as in the list; the group still shows one entry."""
    id_, others = group(), [group(), group()]
    lists = [
        ec2.create_managed_prefix_list(PrefixListName=f"list{next(_numbers)}", MaxEntries=1, AddressFamily="IPv4")
        for _ in range(2)
    ]
    list_ids = [made["PrefixList"]["PrefixListId"] for made in lists]
    asked = entry(
        IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "the office"}, {"CidrIp": "172.16.0.0/12"}],
        Ipv6Ranges=[{"CidrIpv6": "2001:db8::/32"}],
        PrefixListIds=[{"PrefixListId": list_ids[0], "Description": "a list"}, {"PrefixListId": list_ids[1]}],
        UserIdGroupPairs=[{"GroupId": other} for other in others],
    )

    authorize = getattr(ec2, f"authorize_security_group_{direction}")
    answered = authorize(GroupId=id_, IpPermissions=[asked])["SecurityGroupRules"]

    found = rules(ec2, id_)
    assert found == answered
    assert len({rule["SecurityGroupRuleId"] for rule in found}) == len(found) == 7
    assert {rule["IsEgress"] for rule in found} == {direction == "egress"}
    assert {(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in found} == {("tcp", 8080, 8080)}
    assert [rule["CidrIpv4"] for rule in found if "CidrIpv4" in rule] == ["10.0.0.0/8", "172.16.0.0/12"]
    assert [rule["CidrIpv6"] for rule in found if "CidrIpv6" in rule] == ["2001:db8::/32"]
    assert [rule["PrefixListId"] for rule in found if "PrefixListId" in rule] == list_ids
    assert [rule["ReferencedGroupInfo"]["GroupId"] for rule in found if "ReferencedGroupInfo" in rule] == others
    assert [rule.get("Description") for rule in found] == ["the office", None, None, "a list", None, None, None]
    (shown,) = ec2.describe_security_groups(GroupIds=[id_])["SecurityGroups"]
    (permission,) = shown["IpPermissionsEgress" if direction == "egress" else "IpPermissions"]
    assert [len(permission[peers]) for peers in ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")] == [
        2,
        1,
        2,
        2,
    ]


def test_a_rule_is_found_and_revoked_by_its_id(ec2: Client, group: Group) -> None:
    """Alone: the others of its entry stay, as `aws_vpc_security_group_ingress_rule` counts on."""
    id_ = group()
    asked = entry(IpRanges=[{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "172.16.0.0/12"}])
    ec2.authorize_security_group_ingress(GroupId=id_, IpPermissions=[asked])
    first, second = rules(ec2, id_)

    by_id = ec2.describe_security_group_rules(SecurityGroupRuleIds=[first["SecurityGroupRuleId"]])
    assert by_id["SecurityGroupRules"] == [first]
    ec2.revoke_security_group_ingress(GroupId=id_, SecurityGroupRuleIds=[first["SecurityGroupRuleId"]])
    assert rules(ec2, id_) == [second]


def test_part_of_an_entry_is_revoked(ec2: Client, group: Group) -> None:
    """The way in which `aws_security_group` takes one CIDR of several out of its block."""
    id_ = group()
    asked = entry(IpRanges=[{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "172.16.0.0/12"}])
    ec2.authorize_security_group_ingress(GroupId=id_, IpPermissions=[asked])

    ec2.revoke_security_group_ingress(GroupId=id_, IpPermissions=[entry(IpRanges=[{"CidrIp": "172.16.0.0/12"}])])

    assert [rule["CidrIpv4"] for rule in rules(ec2, id_)] == ["10.0.0.0/8"]


@pytest.mark.parametrize("direction", ["ingress", "egress"])
@pytest.mark.parametrize("again", ["10.0.0.0/8", "10.1.2.3/8"])
def test_a_rule_that_is_there_is_refused(ec2: Client, group: Group, direction: str, again: str) -> None:
    """However its CIDR is written and described, and nothing of the request is done.

    Two resources of Terraform's that declare the same rule fail on AWS.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html, CidrIp
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html, InvalidPermission.Duplicate
    """
    id_, authorize = group(), getattr(ec2, f"authorize_security_group_{direction}")
    authorize(GroupId=id_, IpPermissions=[entry(IpRanges=[{"CidrIp": "10.0.0.0/8"}])])

    both = entry(IpRanges=[{"CidrIp": "172.16.0.0/12"}, {"CidrIp": again, "Description": "again"}])
    with pytest.raises(
        ec2.exceptions.ClientError, match=r"InvalidPermission\.Duplicate.*10\.0\.0\.0/8.*already exists"
    ):
        authorize(GroupId=id_, IpPermissions=[both])

    assert [rule["CidrIpv4"] for rule in rules(ec2, id_)] == ["10.0.0.0/8"]


def test_the_same_peer_may_have_another_port_or_direction(ec2: Client, group: Group) -> None:
    id_ = group()
    for port in (80, 443):
        ec2.authorize_security_group_ingress(
            GroupId=id_, IpPermissions=[entry(port, IpRanges=[{"CidrIp": "10.0.0.0/8"}])]
        )
    ec2.authorize_security_group_egress(GroupId=id_, IpPermissions=[entry(80, IpRanges=[{"CidrIp": "10.0.0.0/8"}])])
    assert len(rules(ec2, id_)) == 3
