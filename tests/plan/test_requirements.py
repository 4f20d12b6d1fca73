"""Every environment's synthesized stack keeps every requirement, and no seeded fault passes for one that does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.plan import documents, faults, requirements
from tests.plan.expectations import NAMES, expected_by, expected_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stacks.settings import Environment
    from tests.template import Template

REQUIREMENTS = {requirement.__name__: requirement for requirement in requirements.REQUIREMENTS}
PRODUCTION = [name for name in NAMES if expected_of(name).requires_commit_sha]


@pytest.fixture(scope="session")
def document(synthesized: Callable[[str], Path]) -> Callable[[str], dict[str, Any]]:
    """An environment's synthesized JSON, by the environment's name."""
    found = {name: json.loads((synthesized(name) / "cdk.tf.json").read_text()) for name in NAMES}
    return found.__getitem__


def judge(document: dict[str, Any], environment: str, *names: str) -> None:
    """Raises AssertionError if the environment's stack fails one of the requirements of these names."""
    expected = expected_of(environment)
    stack = documents.synthesized(document, answers=expected.answers)
    for requirement in names:
        REQUIREMENTS[requirement](stack, expected)


SEEDED = [
    pytest.param(requirement, fault, name, id=f"{requirement}-{fault[0]}-{name}")
    for table, names in (
        (faults.IN_VALUES, NAMES),
        (faults.IN_CONFIGURATION, NAMES),
        (faults.IN_PRODUCTION, PRODUCTION),
    )
    for requirement, found in table.items()
    for fault in found
    for name in names
]


@pytest.mark.parametrize("requirement", REQUIREMENTS)
@pytest.mark.parametrize("name", NAMES)
def test_requirement_holds(document: Callable[[str], dict[str, Any]], name: str, requirement: str) -> None:
    """In what is synthesized, without Terraform: the plan of all but `local` needs an account."""
    judge(document(name), name, requirement)


@pytest.mark.parametrize(("requirement", "fault", "name"), SEEDED)
def test_requirement_sees_the_fault(
    document: Callable[[str], dict[str, Any]], requirement: str, fault: faults.Fault, name: str
) -> None:
    """The check of that requirement fails, and not for want of something to look at."""
    broken = faults.in_synthesized(document(name), fault)
    with pytest.raises(AssertionError):
        judge(broken, name, requirement)


STATEMENT = {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::example/*"]}
PARAMETER = "arn:aws:ssm:eu-west-1:111111111111:parameter/token"
DEPARTURES: list[tuple[str, dict[str, Any]]] = [
    ("fr_002_task_definition", {"container": {"port": 9000}}),
    ("fr_002_task_definition", {"container": {"user": "0:0"}}),
    ("fr_002_task_definition", {"container": {"readonly_root_filesystem": False}}),
    ("fr_002_task_definition", {"container": {"environment": {"LEVEL": "debug"}}}),
    ("fr_002_task_definition", {"container": {"secrets": {"TOKEN": PARAMETER}}}),
    ("fr_002_image_tag", {"name": "prod"}),
    ("fr_003_service", {"container": {"port": 9000}}),
    ("fr_003_service", {"service": {"fargate_spot_percent": 50}}),
    ("fr_003_service", {"service": {"enable_execute_command": True}, "container": {"readonly_root_filesystem": False}}),
    ("fr_003_service", {"scaling": {"min_capacity": 2}}),
    ("fr_004_execution_role", {"container": {"secrets": {"TOKEN": PARAMETER}}}),
    ("fr_004_execution_role", {"permissions_boundary_arn": "arn:aws:iam::111111111111:policy/boundary"}),
    ("fr_004_execution_role", {"image": {"registry_id": "222222222222"}}),
    ("fr_004_execution_role", {"image": {"region": "us-east-1"}}),
    ("sc_006_place", {"provider": {"profile": "ci"}}),
    ("sc_006_place", {"provider": {"assume_role_arn": "arn:aws:iam::111111111111:role/ci"}}),
    ("fr_006_security_group", {"remote_state": {"security": {"outputs": {"app_security_group_ids": ["a", "b"]}}}}),
    ("fr_007_public_subnets", {"network": {"assign_public_ip": False}}),
    ("fr_005_task_role", {"task_role": {"statements": [STATEMENT]}}),
    ("fr_008_rolling_deployment", {"deployment": {"minimum_healthy_percent": 50}}),
    ("fr_008_rolling_deployment", {"deployment": {"maximum_percent": 300}}),
    ("fr_009_autoscaling", {"scaling": {"min_capacity": 2}}),
    ("fr_009_autoscaling", {"scaling": {"max_capacity": 8}}),
    (
        "fr_010_logs",
        {"logs": {"kms_key_arn": "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"}},
    ),
]


@pytest.mark.parametrize(("requirement", "changes"), DEPARTURES)
def test_requirement_follows_no_settings_away_from_the_specification(
    synthesize: Callable[..., Template],
    environment: Callable[..., Environment],
    requirement: str,
    changes: dict[str, Any],
) -> None:
    """What the product offers beyond the specification, the repository's own environments do not use."""

    def judged(**changes: Any) -> None:
        expected = expected_by(environment(**changes))
        stack = documents.synthesized(synthesize(**changes).json, answers=expected.answers)
        REQUIREMENTS[requirement](stack, expected)

    judged()
    with pytest.raises(AssertionError):
        judged(**changes)


PARTS = {
    "networking": {"vpc_id": "network.vpc_id", "public_subnet_ids": ["subnets[0]", "subnets[1]"]},
    "security": {"app_security_group_id": 'groups["app"].id'},
    "loadbalancing": {"target_group_arn": 'split(",", arns)[0]', "alb_dns_name": "values(names)[0]"},
}


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_a_part_of_an_output_is_no_departure(
    synthesize: Callable[..., Template], environment: Callable[..., Environment], requirement: str
) -> None:
    """The requirements are held of what is read, wherever in the module's outputs it is."""
    changes = {"remote_state": {module: {"outputs": outputs} for module, outputs in PARTS.items()}}
    expected = expected_by(environment(**changes))
    REQUIREMENTS[requirement](documents.synthesized(synthesize(**changes).json, answers=expected.answers), expected)


UNJUDGED = ("description", "error_message", "Sid")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_a_resource_goes_unjudged(document: Callable[[str], dict[str, Any]], name: str) -> None:
    """Each member of each resource, but for words to people, is one that some requirement holds to its value."""
    sound = document(name)
    found = [
        fault
        for type_, blocks in sound["resource"].items()
        for id_, block in blocks.items()
        for fault in faults.of_every_member(block, f"resource/{type_}/{id_}")
        if not fault[1].endswith(UNJUDGED)
    ]
    unseen = [fault[:2] for fault in found if _is_unseen(faults.in_synthesized(sound, fault), name)]
    assert unseen == []


def _is_unseen(document: dict[str, Any], name: str) -> bool:
    try:
        judge(document, name, *REQUIREMENTS)
    except (AssertionError, LookupError, TypeError):
        return False
    return True
