"""The `local` stack through the team's workflow with real Terraform: validate, plan, apply, plan again, destroy."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from operate import ejection
from operate.environment import Environment
from operate.errors import OperateError
from operate.generator import settings_of
from operate.plan import plan_changes
from operate.progress import StepFailedError
from operate.terraform_cli.stack import Stack
from operate.terraform_cli.terraform import Terraform, provider_variables, tool_variables
from tests.plan import documents, faults, requirements
from tests.plan.expectations import expected_of
from tests.plan.terraform_folder import diagnostics, texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from local_aws.instance import LocalAws

REQUIREMENTS = {requirement.__name__: requirement for requirement in requirements.REQUIREMENTS}
FAULTS = [
    pytest.param(requirement, fault, id=f"{requirement}-{fault[0]}")
    for requirement, found in faults.IN_VALUES.items()
    for fault in found
]


@dataclass(frozen=True)
class Deployment:
    local_aws: LocalAws
    terraform: Terraform

    def plan(self) -> dict[str, Any]:
        plan = self.terraform.working_directory / "plan"
        self.terraform.plan(out=plan)
        return self.terraform.show_json(plan)


@pytest.fixture(scope="module")
def deployment(team_aws: LocalAws, synthesized: Callable[[str], Path]) -> Deployment:
    terraform = Terraform(synthesized("local"), team_aws.environment_variables())
    terraform.init()
    return Deployment(team_aws, terraform)


def stack_of(deployment: Deployment) -> Stack:
    """As `operate` has it."""
    return Stack(deployment.terraform.working_directory, deployment.terraform, settings_of("local"))


@pytest.fixture(scope="module")
def document(deployment: Deployment) -> dict[str, Any]:
    """`plan.json`, before anything of ours is there."""
    deployment.terraform.run("validate")
    return deployment.plan()


def test_plan_creates_everything_and_changes_nothing_else(document: dict[str, Any]) -> None:
    """SC-006. Which resources these are is a requirement of its own."""
    changes = [change for change in document["resource_changes"] if change["mode"] == "managed"]
    assert {change["change"]["actions"][0] for change in changes} == {"create"}


def test_plan_shows_every_policy_and_container(document: dict[str, Any]) -> None:
    """Story 2 is verified by reading the plan: none of these may be "known after apply"."""
    shown = {"aws_iam_role": "assume_role_policy", "aws_iam_role_policy": "policy"}
    shown["aws_ecs_task_definition"] = "container_definitions"
    for type_, attribute in shown.items():
        for resource in documents.planned(document).all(type_):
            assert json.loads(resource[attribute]), resource.address
            assert "${" not in resource[attribute], resource.address


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_requirement_holds_in_the_plan(document: dict[str, Any], requirement: str) -> None:
    """On resolved values, as Terraform would send them to AWS."""
    REQUIREMENTS[requirement](documents.planned(document), expected_of("local"))


@pytest.mark.parametrize(("requirement", "fault"), FAULTS)
def test_requirement_sees_the_fault_in_the_plan(
    document: dict[str, Any], requirement: str, fault: faults.Fault
) -> None:
    """A check that is passed by a faulty plan would pass the faulty deployment."""
    broken = documents.planned(faults.in_plan(document, fault))
    with pytest.raises(AssertionError):
        REQUIREMENTS[requirement](broken, expected_of("local"))


def test_plan_warns_of_nothing(document: dict[str, Any]) -> None:
    """The example modules are an example: no check block objects to them."""
    assert {check["status"] for check in document["checks"]} <= {"pass", "unknown"}


BAD_TAGS = [
    ("v 1", 'image_tag is "v 1": a tag has 1 to 128'),
    ("never-pushed", 'data.aws_ecr_image.pushed_image["go-api:never-pushed"]'),
]


@pytest.mark.parametrize(("tag", "said"), BAD_TAGS, ids=[tag for tag, _ in BAD_TAGS])
def test_wrong_image_tag_fails_the_plan(deployment: Deployment, tag: str, said: str) -> None:
    """With one message that names the tag."""
    found = diagnostics(
        deployment.terraform.working_directory, deployment.local_aws.environment_variables(), f"-var=image_tag={tag}"
    )
    (error,) = texts(found, "error")
    assert said in error


def test_make_plan_says_which_image_is_missing(deployment: Deployment) -> None:
    """The provider's own words name neither repository nor tag; and no plan is left behind."""
    stack = stack_of(deployment)
    with pytest.raises(OperateError, match="The ECR repository go-api has no image with the tag never-pushed: push it"):
        stack.plan(image_tag="never-pushed")
    assert not stack.plan_file.exists()
    assert not stack.plan_document.exists()


@pytest.mark.parametrize("ruins", [b"garbage", b'{"version": 4, "terr', b"{}"])
def test_make_plan_says_which_modules_state_is_in_ruins(deployment: Deployment, ruins: bytes) -> None:
    """Terraform says what is wrong, and of none of the four states that it reads."""
    state = {"Bucket": "terraform-state", "Key": "security.tfstate"}
    s3 = deployment.local_aws.client("s3")
    whole = s3.get_object(**state)["Body"].read()
    s3.put_object(**state, Body=ruins)
    try:
        with pytest.raises(OperateError) as refused:
            stack_of(deployment).plan(image_tag=None)
    finally:
        s3.put_object(**state, Body=whole)
    assert "What is at s3://terraform-state/security.tfstate is not a Terraform state" in str(refused.value)
    assert str(refused.value).count("What is at") == 1


@pytest.mark.parametrize("ruins", [b"garbage", b"", b"{}"])
def test_make_plan_says_which_lock_is_in_ruins(deployment: Deployment, ruins: bytes) -> None:
    """As in an account of one's own, where nothing is looked at before."""
    lock = {"Bucket": "terraform-state", "Key": "go-api/local.tfstate.tflock"}
    s3 = deployment.local_aws.client("s3")
    s3.put_object(**lock, Body=ruins)
    try:
        with pytest.raises(OperateError, match=r"What is at s3://.+/local\.tfstate\.tflock should be a state's lock"):
            stack_of(deployment).plan(image_tag=None)
    finally:
        s3.delete_object(**lock)


@pytest.fixture(scope="module")
def theirs(deployment: Deployment) -> dict[str, list[str]]:
    """What the three modules had made before we came."""
    return _inventory(deployment.local_aws)


@pytest.fixture(scope="module")
def applied(deployment: Deployment, document: dict[str, Any], theirs: dict[str, list[str]]) -> dict[str, Any]:
    """The outputs of the stack as it was planned."""
    assert document
    assert theirs
    plan = deployment.terraform.working_directory / "plan"
    deployment.terraform.plan(out=plan)
    deployment.terraform.apply(plan)
    return deployment.terraform.output()


def test_apply_runs_the_service(deployment: Deployment, applied: dict[str, Any]) -> None:
    """Story 1: a service in its steady state, running the revision that was applied."""
    ecs = deployment.local_aws.client("ecs")
    (service,) = ecs.describe_services(cluster=applied["cluster_name"], services=[applied["service_name"]])["services"]
    ecs.close()
    assert (service["status"], service["runningCount"]) == ("ACTIVE", 1)
    assert service["taskDefinition"] == applied["task_definition_arn"]


def test_outputs_are_what_was_made(applied: dict[str, Any]) -> None:
    """All eleven, resolved."""
    revision = applied.pop("task_definition_arn")
    url = applied.pop("api_url")
    assert re.fullmatch("sha256:[0-9a-f]{64}", applied.pop("image_digest"))
    assert revision.startswith("arn:aws:ecs:us-east-1:000000000000:task-definition/go-api-local:")
    assert url.startswith("http://main-")
    assert applied == {
        "cluster_name": "go-api-local",
        "cluster_arn": "arn:aws:ecs:us-east-1:000000000000:cluster/go-api-local",
        "service_name": "go-api-local",
        "image_tag": "latest",
        "execution_role_arn": "arn:aws:iam::000000000000:role/go-api-local-execution",
        "task_role_arn": "arn:aws:iam::000000000000:role/go-api-local-task",
        "log_group_name": "/ecs/go-api-local",
        "health_url": f"{url}/health",
    }


@pytest.mark.usefixtures("applied")
def test_second_plan_is_empty(deployment: Deployment) -> None:
    """Nothing is planned twice, not after a scaling either: the number of tasks is autoscaling's."""
    assert _actions(deployment.plan()) == set()
    ecs = deployment.local_aws.client("ecs")
    ecs.update_service(cluster="go-api-local", service="go-api-local", desiredCount=2)
    ecs.close()
    assert _actions(deployment.plan()) == set()


@pytest.mark.usefixtures("applied")
def test_ejected_folder_plans_no_changes_with_terraform_alone(deployment: Deployment, tmp_path: Path) -> None:
    """By the commands of its README, on the state that is deployed; and its variable is still checked."""
    ejection.eject(Environment(settings_of("local"), deployment.local_aws), tmp_path / "own")
    variables = deployment.local_aws.environment_variables()
    environment = tool_variables(variables) | provider_variables(variables)

    def terraform(*words: str) -> subprocess.CompletedProcess[str]:
        command = ["terraform", *words, "-no-color", "-input=false"]
        return subprocess.run(
            command, cwd=tmp_path / "own", env=environment, capture_output=True, text=True, check=False
        )

    assert terraform("init").returncode == 0
    planned = terraform("plan", "-detailed-exitcode", "-var=image_tag=latest")
    assert (planned.returncode, "No changes." in planned.stdout) == (0, True), planned.stdout + planned.stderr
    refused = terraform("plan", "-var=image_tag=v 1")
    assert (refused.returncode, 'image_tag is "v 1": a tag has 1 to' in refused.stderr) == (1, True), refused.stderr


@pytest.mark.usefixtures("applied")
def test_plan_warns_of_a_service_that_wants_no_task(deployment: Deployment) -> None:
    """The number being autoscaling's, no change would show that somebody stopped the service by hand."""
    ecs = deployment.local_aws.client("ecs")
    ecs.update_service(cluster="go-api-local", service="go-api-local", desiredCount=0)
    document = deployment.plan()
    ecs.update_service(cluster="go-api-local", service="go-api-local", desiredCount=1)
    ecs.close()
    assert _actions(document) == set()
    (warning,) = plan_changes.warnings(document)
    assert "The desired count of go-api-local is 0: no task runs" in warning


@pytest.mark.usefixtures("applied")
def test_second_apply_at_the_same_time_is_kept_out(deployment: Deployment) -> None:
    """The lock file in S3, without a lock table; the message names who holds the lock."""
    s3 = deployment.local_aws.client("s3")
    lock = {"ID": "0a1b", "Operation": "OperationTypeApply", "Who": "somebody@elsewhere", "Version": "1.11.4"}
    key = "go-api/local.tfstate.tflock"
    s3.put_object(Bucket="terraform-state", Key=key, Body=json.dumps(lock).encode())
    with pytest.raises(StepFailedError, match="somebody@elsewhere"):
        deployment.terraform.run("plan", "-lock-timeout=0s")
    s3.delete_object(Bucket="terraform-state", Key=key)
    s3.close()


@pytest.mark.usefixtures("applied")
def test_destroy_leaves_nothing_of_ours_and_everything_of_theirs(
    deployment: Deployment, theirs: dict[str, list[str]]
) -> None:
    """But for the registered revisions, which `skip_destroy` keeps for a rollback."""
    deployment.terraform.run("destroy", "-auto-approve")
    assert _inventory(deployment.local_aws) == theirs


def _actions(document: dict[str, Any]) -> set[str]:
    return {
        action
        for change in document["resource_changes"]
        for action in change["change"]["actions"]
        if action not in {"no-op", "read"}
    }


def _inventory(local_aws: LocalAws) -> dict[str, list[str]]:
    """Names or ids of all that is there, of the kinds that we or they make."""
    services = ("ec2", "ecs", "elbv2", "iam", "logs", "application-autoscaling")
    clients = {name: local_aws.client(name) for name in services}
    ec2, ecs, elb, iam, logs, scaling = clients.values()
    clusters = [cluster for cluster in ecs.list_clusters()["clusterArns"] if not cluster.endswith("/default")]
    found = {
        "vpcs": [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]],
        "subnets": [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]],
        "groups": [group["GroupId"] for group in ec2.describe_security_groups()["SecurityGroups"]],
        "target groups": [group["TargetGroupArn"] for group in elb.describe_target_groups()["TargetGroups"]],
        "load balancers": [balancer["LoadBalancerArn"] for balancer in elb.describe_load_balancers()["LoadBalancers"]],
        "clusters": clusters,
        "roles": [role["RoleName"] for role in iam.list_roles()["Roles"]],
        "log groups": [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]],
        "targets": [
            target["ResourceId"]
            for target in scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
        ],
    }
    for client in clients.values():
        client.close()
    return {kind: sorted(names) for kind, names in found.items()}
