"""What each setting does to a stack that runs is what `docs/changes.toml` says, in real Terraform on the embedded AWS.

The stack is deployed once. Of each key the next row of the table is planned alone, then all of them are applied
together, until no row is left; a second plan after each apply is empty.
"""

from __future__ import annotations

import copy
import json
from contextlib import closing
from dataclasses import dataclass, field
from functools import reduce
from itertools import count, product
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import Testing

from operate.progress import StepFailedError
from operate.terraform_cli.terraform import Terraform
from stacks.fargate_api_stack import FargateApiStack
from stacks.settings import Environment
from tests.plan import transitions
from tests.plan.infrastructure import EVERYWHERE, Infrastructure
from tests.plan.transitions import Change, overlaid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from local_aws.instance import LocalAws

    Tree = dict[str, Any]

pytestmark = pytest.mark.timeout(2700)  # the one walk takes three minutes, and several times that on a busy machine

NAME = "orders-local"
PROFILE = "[profile ci]\naws_access_key_id = test\naws_secret_access_key = test\n"
CHANGES = {f"row_{number}": change for number, change in enumerate(transitions.changes())}
PLANNED = {row: change for row, change in CHANGES.items() if change.plan is not None}
REFUSED = {row: change for row, change in CHANGES.items() if change.error}
ELSEWHERE = {row: change for row, change in CHANGES.items() if change.state}


def said(change: Change) -> str:
    return f"{change.key} {change.before} {change.after}"


def rows(changes: dict[str, Change]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", changes, ids=[said(change) for change in changes.values()])


def synthesized(settings: Tree) -> Tree:
    environment = Environment.model_validate(settings)
    stack = FargateApiStack(Testing.app(), environment.name_prefix, environment=environment)
    document: Tree = json.loads(Testing.synth(stack, True))  # noqa: FBT003 - jsii takes it by position
    return document


def with_launch_type(document: Tree) -> Tree:
    """The stack as it was until 2026-11-25, where no task was on Spot."""
    earlier = copy.deepcopy(document)
    del earlier["resource"]["aws_ecs_cluster_capacity_providers"]
    service = earlier["resource"]["aws_ecs_service"]["service"]
    for since in ("capacity_provider_strategy", "force_new_deployment"):
        del service[since]
    service["lifecycle"].pop("create_before_destroy", None)
    service["launch_type"] = "FARGATE"
    service["depends_on"] = [each for each in service["depends_on"] if "capacity_providers" not in each]
    return earlier


@dataclass
class Deployment:
    """A stack beside whatever else the tests deploy; `settings` are those that are applied."""

    local_aws: LocalAws
    folder: Path
    settings: Tree = field(default_factory=transitions.base)

    @property
    def variables(self) -> dict[str, str]:
        """With a profile, which the settings can name."""
        return self.local_aws.environment_variables() | {"AWS_CONFIG_FILE": str(self.folder.parent / "config")}

    @property
    def terraform(self) -> Terraform:
        return Terraform(self.folder, self.variables)

    def write(self, document: Tree) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder.parent / "config").write_text(PROFILE)
        (self.folder / "cdk.tf.json").write_text(json.dumps(document))
        self.terraform.init()

    def plan(self, settings: Tree, *, refresh: bool = True) -> dict[str, str]:
        """Types to what happens to them, as `docs/changes.toml` calls it."""
        self.write(synthesized(settings))
        plan = self.folder.parent / "plan"
        self.terraform.run("plan", f"-out={plan}", f"-refresh={str(refresh).lower()}")
        return actions(self.terraform.show_json(plan)["resource_changes"])

    def apply(self, settings: Tree) -> None:
        """Whatever is planned after that, be it an output, is a failure."""
        self.write(synthesized(settings))
        self.terraform.apply()
        self.terraform.run("plan", "-detailed-exitcode")
        self.settings = settings

    def service(self) -> Tree:
        with closing(self.local_aws.client("ecs")) as ecs:
            (found,) = ecs.describe_services(cluster=NAME, services=[NAME])["services"]
        service: Tree = found
        return service


def actions(changes: list[Tree]) -> dict[str, str]:
    """https://developer.hashicorp.com/terraform/internals/json-format#change-representation."""
    found: dict[str, set[str]] = {}
    for change in changes:
        if {*change["change"]["actions"]} not in ({"no-op"}, {"read"}):
            found.setdefault(change["type"], set()).add(_action(**change["change"]))
    return {type_: " and ".join(sorted(said)) for type_, said in found.items()}


def _action(*, actions: list[str], before: Tree | None, after: Tree | None, **change: Any) -> str:
    if len(actions) > 1:
        return "replace"
    if actions != ["update"]:
        return actions[0]
    old, new = before or {}, {**(after or {}), **change["after_unknown"]}
    changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
    return "tag" if changed <= {"tags", "tags_all"} else "update"


@pytest.fixture(scope="module")
def launched(stand_in_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """By a version that gave the service a launch type."""
    furnish(stand_in_aws)
    deployment = Deployment(stand_in_aws, tmp_path_factory.mktemp("changes") / "stack")
    deployment.write(with_launch_type(synthesized(deployment.settings)))
    deployment.terraform.apply()
    return deployment


def furnish(local_aws: LocalAws) -> None:
    """Images, copies of networking's state, and more outputs in all three."""
    for region in ("us-east-1", "us-west-2"):
        _push(local_aws, region, repositories=("orders", "invoices"), tags=("3f9c2e1", "8b1d0aa"))
    with closing(local_aws.client("s3")) as s3:

        def read(key: str) -> Tree:
            state: Tree = json.loads(s3.get_object(Bucket="terraform-state", Key=key)["Body"].read())
            return state

        states = {name: read(f"{name}.tfstate") for name in ("networking", "security", "loadbalancing")}
        with closing(Infrastructure(local_aws, count(100))) as make:  # other addresses than those that are there
            _add_outputs(make, states)
        s3.create_bucket(Bucket="other-terraform-state")
        buckets, prefixes = ("terraform-state", "other-terraform-state"), ("", "env:/copy/")
        copies = [(*place, "networking", "copy.tfstate") for place in product(buckets, prefixes)]
        originals = [(*place, name, f"{name}.tfstate") for *place, name in product(buckets, prefixes, states)]
        for bucket, prefix, name, key in [*copies, *originals]:
            s3.put_object(Bucket=bucket, Key=f"{prefix}{key}", Body=json.dumps(states[name]))


def _push(local_aws: LocalAws, region: str, *, repositories: tuple[str, ...], tags: tuple[str, ...]) -> None:
    with closing(local_aws.client("ecr")) as own, closing(local_aws.client("ecr", region=region)) as ecr:
        (image,) = own.batch_get_image(repositoryName="go-api", imageIds=[{"imageTag": "latest"}])["images"]
        for repository in repositories:
            ecr.create_repository(repositoryName=repository)
            for tag in tags:
                ecr.put_image(repositoryName=repository, imageTag=tag, imageManifest=image["imageManifest"])


def _add_outputs(make: Infrastructure, states: dict[str, Tree]) -> None:
    vpc_id = states["networking"]["outputs"]["vpc_id"]["value"]
    subnet_ids = [make.subnet(vpc_id), make.subnet(vpc_id, zone="us-east-1b")]
    private_ids = [make.private_subnet(vpc_id, zone=f"us-east-1{zone}") for zone in "ab"]
    balancer_arn = make.load_balancer(subnet_ids)
    port = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": EVERYWHERE}
    https, ports = {**port, "FromPort": 443, "ToPort": 443}, {**port, "ToPort": 9000}
    added: dict[str, Tree] = {
        "networking": {
            "other_subnet_ids": subnet_ids,
            "joined_subnet_ids": ",".join(subnet_ids),
            "private_subnet_ids": private_ids,
        },
        "security": {
            "other_security_group_id": make.security_group(vpc_id, inbound=[port], outbound=[https]),
            "wide_security_group_id": make.security_group(vpc_id, inbound=[ports], outbound=[https]),
        },
        "loadbalancing": {
            "other_target_group_arn": make.target_group(vpc_id, listener_on=balancer_arn),
        },
    }
    for name, outputs in added.items():
        for output, value in outputs.items():
            type_: Any = "string" if isinstance(value, str) else ["list", "string"]
            states[name]["outputs"][output] = {"value": value, "type": type_}
    states["networking"]["outputs"]["clusters"] = {
        "value": {"shared": {"arn": "arn:aws:ecs:us-east-1:000000000000:cluster/shared"}},
        "type": ["map", ["object", {"arn": "string"}]],
    }
    group = {"other": {"arn": added["loadbalancing"]["other_target_group_arn"]}}
    states["loadbalancing"]["outputs"]["target_groups"] = {
        "value": group,
        "type": ["map", ["object", {"arn": "string"}]],
    }


@dataclass(frozen=True)
class Move:
    """From the launch type: what was planned before and after the commands, and what an apply came to before."""

    deployment: Deployment
    planned: dict[str, str]
    refusal: str
    before: Tree
    after: Tree
    planned_then: dict[str, str]


@pytest.fixture(scope="module")
def move(launched: Deployment) -> Move:
    """Before today's version has changed anything else."""
    before, planned = launched.service(), launched.plan(launched.settings)
    with pytest.raises(StepFailedError) as failed:
        launched.apply(launched.settings)
    after = launched.service()
    with closing(launched.local_aws.client("ecs")) as ecs:
        strategy = [{"capacityProvider": "FARGATE", "weight": 100}]
        ecs.update_service(cluster=NAME, service=NAME, capacityProviderStrategy=strategy, forceNewDeployment=True)
    planned_then = launched.plan(launched.settings)
    launched.apply(launched.settings)
    return Move(launched, planned, failed.value.output, before, after, planned_then)


def test_a_service_with_a_launch_type_outlives_an_apply(move: Move) -> None:
    """The plan would replace it; ECS takes no second service of its name, and the first is destroyed only then."""
    assert move.planned == {"aws_ecs_cluster_capacity_providers": "create", "aws_ecs_service": "replace"}
    assert "Creation of service was not idempotent" in move.refusal
    assert move.after == move.before


def test_a_service_with_a_launch_type_is_moved_once(launched: Deployment, move: Move) -> None:
    """By the documented command: it is the same service, and the plan after the next apply is empty."""
    assert move.planned_then == {"aws_ecs_service": "update"}
    assert launched.service()["createdAt"] == move.before["createdAt"]


@dataclass
class Walk:
    """`planned` is by row; `others` are those that were still to be planned when no plan was left to be applied."""

    planned: dict[str, dict[str, str]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    there: Tree = field(default_factory=dict)
    back: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def made(launched: Deployment) -> Callable[[Change], Change]:
    """A row with the ARNs of what it names, which is made."""
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    trust = {**document, "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}
    with closing(launched.local_aws.client("iam")) as iam, closing(launched.local_aws.client("kms")) as kms:
        policy = iam.create_policy(PolicyName="boundary", PolicyDocument=json.dumps(document))["Policy"]
        role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        key = kms.create_key()["KeyMetadata"]
    with closing(launched.local_aws.client("logs")) as logs, closing(launched.local_aws.client("ecs")) as ecs:
        logs.create_log_group(logGroupName="shared-apis")
        ecs.create_cluster(clusterName="shared", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    arns = {"<ARN of a policy>": policy["Arn"], "<ARN of a role>": role["Arn"], "<ARN of a KMS key>": key["Arn"]}
    return lambda change: Change(**{**vars(change), "after": arns.get(str(change.after), change.after)})


@pytest.fixture(scope="module")
def walk(move: Move, made: Callable[[Change], Change]) -> Walk:
    """From the move on, through all rows, and back to where it began."""
    walk, deployment = Walk(), move.deployment
    first = deployment.settings

    def changed(change: Change) -> Tree:
        return overlaid(deployment.settings, change.overlay(after=True))

    for row, change in REFUSED.items():
        with pytest.raises(StepFailedError) as failed:
            deployment.plan(changed(change))
        walk.refused[row] = failed.value.output
    while step := _next_rows(deployment.settings, walk, made):
        # the state is what there is: the plan after the apply has just shown that
        walk.planned |= {row: deployment.plan(changed(change), refresh=False) for row, change in step.items()}
        if any(walk.planned[row] != CHANGES[row].plan for row in step):
            break  # else an apply that fails hides which of them it was
        applied = sorted((one for one in step.values() if one.is_applied), key=lambda one: bool(one.with_))
        deployment.apply(reduce(overlaid, (one.overlay(after=True) for one in applied), deployment.settings))
    walk.others = [said(change) for row, change in PLANNED.items() if row not in walk.planned]
    walk.there = deployment.service()
    none = {"alarms": {"alarmNames": [], "enable": False, "rollback": False}}
    with closing(deployment.local_aws.client("ecs")) as ecs:  # the provider cannot take the last one away
        ecs.update_service(cluster=NAME, service=NAME, deploymentConfiguration=none)
    walk.back = deployment.plan(first)
    deployment.apply(first)
    return walk


def _next_rows(settings: Tree, walk: Walk, made: Callable[[Change], Change]) -> dict[str, Change]:
    """Of each key the first row that is left, where it begins with the value that is applied."""
    environment, by_key = Environment.model_validate(settings), dict[str, dict[str, Change]]()
    remaining = {row: change for row, change in PLANNED.items() if row not in walk.planned}
    turn = min(map(_turn, remaining.values()), default=None)
    for row, change in remaining.items():
        if _turn(change) == turn:
            by_key.setdefault(change.key, {})[row] = made(change)
    found: dict[str, Change] = {}
    for left in by_key.values():
        row, change = next(iter(left.items()))
        if overlaid(settings, change.given) == settings and _starts_with(environment, change):
            found[row] = change
    return found


def _turn(change: Change) -> tuple[bool, bool]:
    """A second configuration of the provider comes after all: from then on each command starts it for itself."""
    return change.key == "image.region", change.last


def _starts_with(environment: Environment, change: Change) -> bool:
    try:
        return bool(transitions.value_at(environment, change.key) == change.before)
    except IndexError:  # of a list that has no member yet
        return False


@rows(PLANNED)
def test_a_change_is_planned_as_the_table_says(walk: Walk, row: str) -> None:
    """Which resources are changed, and how."""
    assert walk.planned.get(row) == CHANGES[row].plan


@rows(REFUSED)
def test_a_refused_change_is_refused(walk: Walk, row: str) -> None:
    """By the plan, in these words."""
    assert (CHANGES[row].error or "") in walk.refused[row]


@rows(ELSEWHERE)
def test_another_address_of_a_state_changes_nothing_else(row: str) -> None:
    """Of what is synthesized: the stack's own backend, or the data source of one module's state."""
    change = CHANGES[row]
    before, after = (synthesized(overlaid(transitions.base(), change.overlay(after=late))) for late in (False, True))
    module = change.key.split(".")[1]
    for document in (before, after):
        if change.state == "own":
            del document["terraform"]["backend"]
        else:
            del document["data"]["terraform_remote_state"][module]
    assert before == after


def test_every_row_begins_where_another_ends(walk: Walk) -> None:
    """Else it was never planned."""
    assert walk.others == []


def test_it_is_the_same_service_and_keeps_its_circuit_breaker(move: Move, walk: Walk) -> None:
    """After all changes but those that replace it; the provider sends what has changed of the configuration alone."""
    assert walk.there["createdAt"] == move.before["createdAt"]
    found = walk.there["deploymentConfiguration"]
    found["alarms"]["alarmNames"].sort()
    assert found == {
        "maximumPercent": 300,
        "minimumHealthyPercent": 50,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "alarms": {
            "enable": True,
            "rollback": True,
            "alarmNames": ["checkout", f"{NAME}-latency", f"{NAME}-latency-2"],
        },
    }


def test_all_of_it_goes_back_in_place(walk: Walk) -> None:
    """Keys, boundaries, insights, ECS Exec and a role's policy are taken away again, and nothing is replaced."""
    assert [type_ for type_, action in walk.back.items() if action == "replace"] == [transitions.TASK_DEFINITION]
    assert "create" not in walk.back.values()
