"""What a plan shows, what it says of the effects, and where the brake holds: on documents of real plans."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import Testing
from typer.testing import CliRunner

from operate import __main__ as command_line
from operate import generator
from operate.deployment import Planned
from operate.environment import Environment
from operate.image_tags import ImageTag
from operate.local import embedded_aws, sample_image
from operate.plan import plan_changes, plan_decisions, plan_effects, plan_report
from operate.terraform_cli.stack import Stack
from operate.terraform_cli.terraform import Terraform
from stacks.fargate_api_stack import FargateApiStack
from stacks.settings import Environment as Settings
from stacks.settings import load_environment
from tests.conftest import ROOT, overlaid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local_aws.instance import LocalAws

    Tree = dict[str, Any]
    Attributes = list[tuple[int, str, str]]
    """Where in a plan's changes, of which resource, and its name."""

NAME = "payments-local"
READ = {"sid": "Read", "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::example/*"]}
WRITE = {"sid": "Write", "actions": ["s3:PutObject"], "resources": ["arn:aws:s3:::example/in/*"]}
PARAMETER = "arn:aws:ssm:us-east-1:000000000000:parameter/payments/database"
OWN = {
    "service": {"name": "payments"},
    "backend": {"key": "payments.tfstate"},
    "container": {"environment": {"LOG_LEVEL": "info"}},
    "scaling": {"min_capacity": 2},
    "task_role": {"statements": [READ]},
}


def settings(*overlays: Tree) -> Tree:
    found = load_environment(ROOT / "environments" / "local.toml").model_dump(exclude_unset=True)
    for overlay in (OWN, *overlays):
        found = overlaid(found, overlay)
    return found


def synthesized(*overlays: Tree) -> Tree:
    environment = Settings.model_validate(settings(*overlays))
    stack = FargateApiStack(Testing.app(), environment.name_prefix, environment=environment)
    document: Tree = json.loads(Testing.synth(stack, True))  # noqa: FBT003 - jsii takes it by position
    return document


def renamed(document: Tree) -> Tree:
    """What nobody means to do: the code gives service and log group other names, and no successor first."""
    other = copy.deepcopy(document)
    service, group = other["resource"]["aws_ecs_service"]["service"], other["resource"]["aws_cloudwatch_log_group"]
    service["name"] = f"{NAME}-2"
    del service["lifecycle"]["create_before_destroy"]
    group["log_group"]["name"] += "-2"
    return other


def launched(document: Tree) -> Tree:
    """As until 2026-11-25: the provider replaces a service that gets a launch type, with its successor first."""
    other = copy.deepcopy(document)
    service = other["resource"]["aws_ecs_service"]["service"]
    del service["capacity_provider_strategy"]
    service["launch_type"] = "FARGATE"
    return other


@dataclass(frozen=True)
class Deployment:
    stack: Stack
    local_aws: LocalAws

    def write(self, document: Tree) -> None:
        (self.stack.folder / "cdk.tf.json").write_text(json.dumps(document))

    def plan(self, document: Tree) -> Tree:
        self.write(document)
        return self.stack.plan(image_tag="latest")

    def what_runs(self) -> list[Any]:
        """The state's serial, the service, and what its task role may do."""
        ecs, iam = self.local_aws.client("ecs"), self.local_aws.client("iam")
        services = ecs.describe_services(cluster=NAME, services=[NAME, f"{NAME}-2"])["services"]
        kept = [{key: one[key] for key in ("serviceName", "createdAt", "taskDefinition")} for one in services]
        policy = iam.get_role_policy(RoleName=f"{NAME}-task", PolicyName="task")["PolicyDocument"]
        ecs.close()
        iam.close()
        return [self.stack.state().serial, kept, policy]


@pytest.fixture(scope="module")
def deployed(stand_in_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("payments")
    terraform = Terraform(folder, stand_in_aws.environment_variables())
    deployment = Deployment(Stack(folder, terraform, Settings.model_validate(settings())), stand_in_aws)
    deployment.plan(synthesized())
    deployment.stack.apply()
    yield deployment
    deployment.write(synthesized())
    deployment.stack.destroy()


SECOND_SERVICE = "ECS takes no second service of the same name: the apply fails, and the old service runs on"
CHANGED: Tree = {
    "container": {"environment": {"LOG_LEVEL": "debug"}, "secrets": {"DATABASE": PARAMETER}, "memory_mib": 1024},
    "logs": {"retention_days": 3},
    "scaling": {"min_capacity": 3},
    "task_role": {"statements": [READ, WRITE]},
}


@pytest.fixture(scope="module")
def changed(deployed: Deployment) -> Tree:
    """Settings of several kinds, together."""
    return deployed.plan(synthesized(CHANGED))


def fields_of(document: Tree, type_: str, *, action: str) -> dict[str, tuple[str | None, str | None]]:
    (change,) = [one for one in plan_changes.changes(document) if (one.type, one.action) == (type_, action)]
    return {
        f"{one.path} {one.after}" if one.before is None else one.path: (one.before, one.after) for one in change.fields
    }


def texts(document: Tree) -> list[str]:
    return [effect.text for effect in plan_effects.effects(document)]


def test_a_container_is_compared_key_by_key(changed: Tree) -> None:
    """With a variable's and a secret's name, and nothing of what stays."""
    fields = fields_of(changed, "aws_ecs_task_definition", action="new revision")
    assert fields == {
        "container payments: environment LOG_LEVEL": ("info", "debug"),
        f"container payments: secrets DATABASE {PARAMETER}": (None, PARAMETER),
        "memory": ("512", "1024"),
    }


def test_a_policy_is_compared_grant_by_grant(changed: Tree) -> None:
    """One action on one resource, whatever the JSON looks like."""
    (task,) = [one for one in plan_changes.changes(changed) if one.name == f"{NAME}-task/task"]
    assert [(one.path, one.before, one.after) for one in task.fields] == [
        ("policy", None, "s3:PutObject on arn:aws:s3:::example/in/*"),
        ("policy.Sid", None, "Write"),
    ]


def test_what_is_known_after_apply_is_said(changed: Tree) -> None:
    """Of a field that the configuration sets; what AWS makes is listed apart."""
    before, after = fields_of(changed, "aws_ecs_service", action="rolling")["task_definition"]
    assert before
    assert before.rpartition("/")[2].startswith(f"{NAME}:")
    assert after == "(known after apply)"
    (revision,) = [one for one in plan_changes.changes(changed) if one.type == "aws_ecs_task_definition"]
    assert {"arn", "revision"} <= {*revision.known_after_apply}


def test_effects_are_told(changed: Tree) -> None:
    """Each by the numbers of this plan: the stand-in's group checks every 30 s and drains for 20."""
    assert texts(changed) == [
        "autoscaling holds 3 to 4 tasks and 2 are wanted now: it starts 1",
        "logs older than 3 days will expire (7 days until now)",
        "rolling deployment of 2 tasks, at least 2 serve throughout, about 20 to 50 s" + AND_STARTS,
        "permissions widened: task role gains s3:PutObject on arn:aws:s3:::example/in/*",
        f"permissions widened: execution role gains ssm:GetParameters on {PARAMETER}",
    ]


def test_a_minimum_of_nothing_costs_requests(deployed: Deployment) -> None:
    """And the old tasks drain while the new ones start; other retention, other names of statements widen nothing."""
    overlay = {
        "deployment": {"minimum_healthy_percent": 0},
        "logs": {"retention_days": 14},
        "task_role": {"statements": [{**READ, "sid": "Other", "resources": ["arn:aws:s3:::example/a"]}]},
    }
    document = deployed.plan(synthesized(overlay))
    assert texts(document) == [
        "rolling deployment of 2 tasks, none has to serve, about 20 to 30 s" + AND_STARTS,
        "a minimum of 0 percent costs requests: no task has to serve before a new one is healthy",
    ]
    assert plan_decisions.decisions(document) == []


def test_a_replaced_service_is_told(deployed: Deployment) -> None:
    """With what goes with it, and each of it needs a decision."""
    document = deployed.plan(renamed(synthesized()))
    assert texts(document) == [
        "scaling is lost meanwhile: the number of tasks stays as it is",
        f"the logs in /ecs/{NAME} are deleted",
        "the API is down until the new service is healthy",
    ]
    assert {(one.allow.value, one.what) for one in plan_decisions.decisions(document)} == {
        ("replace", f"replaces aws_ecs_service {NAME}-2"),
        ("replace", f"replaces aws_cloudwatch_log_group /ecs/{NAME}-2"),
        ("replace", f"replaces aws_appautoscaling_target service/{NAME}/{NAME}-2"),
    }


@pytest.fixture
def operate(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The command line, for this deployment, which has no containers."""
    environment = Environment(deployed.stack.settings, deployed.local_aws)
    monkeypatch.setattr(command_line, "resolve", lambda _: environment)
    monkeypatch.setattr(Environment, "stack", deployed.stack)
    monkeypatch.setattr(generator, "synthesize", lambda _: None)
    monkeypatch.setattr(embedded_aws, "up", lambda *_, **__: None)
    monkeypatch.setattr(sample_image, "publish", lambda *_, **__: None)
    return lambda *arguments: CliRunner().invoke(command_line.app, [*arguments, "local"], catch_exceptions=False)


def test_the_brake_holds(deployed: Deployment, operate: Callable[..., Any]) -> None:
    """Before a plan that would replace the service: exit code 3, one message, and nothing is changed."""
    deployed.write(launched(synthesized()))
    before = deployed.what_runs()
    with pytest.raises(plan_decisions.DecisionNeededError) as stopped:
        operate("release", "--image-tag", "latest", "--allow", "widen")
    assert stopped.value.exit_code == 3
    assert str(stopped.value).splitlines() == [
        "Nothing was changed: the plan does what needs a decision.",
        f"  replaces aws_ecs_service {NAME} (aws_ecs_service.service): {SECOND_SERVICE}.",
        "If that is what you want: --allow replace (make: ALLOW=replace).",
    ]
    assert deployed.what_runs() == before


def test_a_plan_says_what_a_pipeline_asks(deployed: Deployment, operate: Callable[..., Any]) -> None:
    """By its exit code where asked, and in a document that has nothing else beside it on standard output."""
    deployed.write(synthesized())
    assert operate("plan", "--detailed-exitcode").exit_code == 0
    deployed.write(synthesized({"scaling": {"max_capacity": 5}}))
    assert operate("plan").exit_code == 0
    assert operate("plan", "--detailed-exitcode").exit_code == 2
    deployed.write(renamed(synthesized()))
    said = operate("plan", "--detailed-exitcode", "--json")
    document = json.loads(said.stdout)
    assert said.exit_code == document["exit_code"] == 3
    assert {one["allow"] for one in document["decisions"]} == {"replace"}
    assert document["image"]["digest"].startswith("sha256:")


def test_what_is_allowed_is_done(deployed: Deployment, operate: Callable[..., Any]) -> None:
    """A wider task role is applied only when told so."""
    deployed.write(synthesized({"task_role": {"statements": [READ, WRITE]}}))
    before = deployed.what_runs()
    with pytest.raises(
        plan_decisions.DecisionNeededError, match="permissions widened: task role gains s3:PutObject on"
    ):
        operate("deploy")
    assert deployed.what_runs() == before
    assert operate("deploy", "--allow", "widen").exit_code == 0
    policy = deployed.what_runs()[-1]
    deployed.plan(synthesized())
    deployed.stack.apply()
    assert [one["Sid"] for one in policy["Statement"]] == ["Read", "Write"]


AND_STARTS = " and the time that tasks take to start and to end"


def of(document: Tree, type_: str, name: str = "") -> Tree:
    """The `change` of the plan's one resource of a type, and of a name where there are several."""
    found = [one["change"] for one in document["resource_changes"] if one["type"] == type_]
    named: list[Tree] = [one for one in found if not name or (one["after"] or {}).get("name") == name]
    (change,) = named
    return change


def without_a_health_check(document: Tree) -> None:
    for resource in document["prior_state"]["values"]["root_module"]["resources"]:
        if resource["type"] == "aws_lb_target_group":
            resource["values"]["health_check"] = []


def with_percents(document: Tree, count: int, minimum: int, maximum: int) -> None:
    after = of(document, "aws_ecs_service")["after"]
    after |= {
        "desired_count": count,
        "deployment_minimum_healthy_percent": minimum,
        "deployment_maximum_percent": maximum,
    }


def watched(document: Tree) -> None:
    block = {"alarm_names": ["slow", "errors"], "enable": True, "rollback": True}
    of(document, "aws_ecs_service")["after"]["alarms"] = [block]


def destroyed(document: Tree, type_: str) -> None:
    of(document, type_).update(actions=["delete"], after=None, after_unknown={})


def created(document: Tree, type_: str) -> None:
    of(document, type_).update(actions=["create"], before=None)


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (without_a_health_check, "rolling deployment of 2 tasks, at least 2 serve throughout"),
        (
            lambda document: with_percents(document, 4, 50, 100),
            "rolling deployment of 4 tasks, at least 2 serve throughout, about 20 to 60 s" + AND_STARTS,
        ),
        (
            lambda document: with_percents(document, 1, 100, 150),
            "the rolling deployment cannot proceed: of 1 task at least 1 must serve, and no more than 1 may run",
        ),
        (
            lambda document: with_percents(document, 0, 100, 200),
            "no task runs, so none is replaced: the desired count is 0",
        ),
        (
            watched,
            (
                "ECS looks at errors, slow meanwhile and for minutes after, unless one is raised to begin with: "
                "if one is raised, it rolls the deployment back"
            ),
        ),
        (
            lambda document: destroyed(document, "aws_ecs_service"),
            "the service is gone: the API is down, and nothing takes its place",
        ),
        (
            lambda document: created(document, "aws_ecs_service"),
            "2 tasks are started; the API answers once one is healthy, at most 30 s after it listens",
        ),
        (
            lambda document: destroyed(document, "aws_appautoscaling_target"),
            "scaling is lost: the number of tasks stays as it is",
        ),
        (
            lambda document: destroyed(document, "aws_cloudwatch_log_group"),
            f"the logs in /ecs/{NAME} are deleted",
        ),
        (
            lambda document: of(document, "aws_cloudwatch_log_group")["before"].update(retention_in_days=0),
            "logs older than 3 days will expire (never until now)",
        ),
        (lambda document: destroyed(document, "aws_ecs_cluster"), f"the cluster {NAME} goes, with whatever runs in it"),
    ],
)
def test_other_effects_are_told(changed: Tree, alter: Callable[[Tree], None], said: str) -> None:
    """Of the real plan, with one thing in it altered; what the plan does not know is left out."""
    document = copy.deepcopy(changed)
    alter(document)
    assert said not in texts(changed)
    assert said in texts(document)


SENSITIVE = "hush-hush"


POLICY = json.dumps({"Statement": [{"Action": SENSITIVE, "Resource": SENSITIVE}]})


@pytest.mark.parametrize(
    "value", [SENSITIVE, [SENSITIVE], {SENSITIVE: SENSITIVE}, POLICY], ids=["text", "list", "table", "policy"]
)
@pytest.mark.parametrize("marked", ["before_sensitive", "after_sensitive"])
def test_nothing_sensitive_is_seen(changed: Tree, marked: str, value: object) -> None:
    """Whichever attribute is marked, before or after: in no form, no effect, no name and no decision."""
    seen = []
    for attributes in _one_of_each_resource(changed):
        if _is_seen(changed, attributes, marked, value):
            seen += [one for one in attributes if _is_seen(changed, [one], marked, value)] or attributes
    assert seen == []


def _is_seen(document: Tree, attributes: Attributes, marked: str, value: object) -> bool:
    """Whether any of them shows in the report, when each has the value and is marked."""
    document = {**document, "resource_changes": [*document["resource_changes"]]}
    for at, _, attribute in attributes:
        one = document["resource_changes"][at] = copy.deepcopy(document["resource_changes"][at])
        change = one["change"]
        change["before"][attribute] = change["after"][attribute] = value
        change[marked] = {**(change[marked] or {}), attribute: True}
    environment, tag = Environment(Settings.model_validate(settings())), ImageTag("latest", "as deployed")
    report = plan_report.of(Planned(document, tag, None), environment=environment)
    return SENSITIVE in json.dumps(plan_report.as_document(report)) + plan_report.as_markdown(report)


def _one_of_each_resource(document: Tree) -> Iterator[Attributes]:
    """All attributes of all that is changed, no two of one resource together: a report takes a while."""
    of_resources = []
    for at, one in enumerate(document["resource_changes"]):
        before, after = one["change"]["before"], one["change"]["after"]
        if one["mode"] == "managed" and before and after:
            of_resources.append([(at, one["address"], attribute) for attribute in sorted({*before, *after})])
    for attributes in zip_longest(*of_resources):
        yield [one for one in attributes if one]


ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.mark.parametrize(
    ("alter", "gained"),
    [
        (
            lambda document: of(document, "aws_iam_role_policy", "task").update(
                after={"name": "task", "role": f"{NAME}-task"}, after_unknown={"policy": True}
            ),
            "a policy that the plan does not show",
        ),
        (
            lambda document: of(document, "aws_iam_role", f"{NAME}-task")["before"].update(
                permissions_boundary="arn:b"
            ),
            "what the boundary arn:b did not allow",
        ),
        (
            lambda document: of(document, "aws_iam_role", f"{NAME}-task")["after"].update(
                assume_role_policy=json.dumps({"Statement": [{"Action": "sts:AssumeRole", "Principal": "*"}]})
            ),
            "sts:AssumeRole on behalf of AWS *",
        ),
        (
            lambda document: attached(document, ADMIN),
            ADMIN,
        ),
        (
            lambda document: of(document, "aws_ecs_task_definition")["after"].update(
                task_role_arn=f"arn:aws:iam::000000000000:role/{NAME}-execution"
            ),
            "logs:PutLogEvents on arn:aws:logs:us-east-1:000000000000:log-group:/ecs/payments-local:*",
        ),
    ],
)
def test_other_ways_to_widen_need_a_decision(changed: Tree, alter: Callable[[Tree], None], gained: str) -> None:
    """A managed policy, a boundary that falls, another trust, another role."""
    document = copy.deepcopy(changed)
    alter(document)
    (before,), (decision,) = plan_decisions.decisions(changed), plan_decisions.decisions(document)
    assert gained not in before.why
    assert gained in decision.why


def attached(document: Tree, arn: str) -> None:
    for resource in document["resource_changes"]:
        after = resource["change"]["after"] or {}
        if after.get("role_name") == f"{NAME}-task" and "policy_arns" in after:
            after["policy_arns"] = [arn]


DOCUMENTED: Tree = {
    "container": {"environment": {"LOG_LEVEL": "debug"}},
    "task_role": {"statements": [READ, WRITE]},
}


def blocks(language: str) -> list[str]:
    text = (ROOT / "docs" / "plan.md").read_text()
    return re.findall(rf"^````?{language}\n(.*?)^````?$", text, flags=re.DOTALL | re.MULTILINE)


def anonymous(text: str) -> str:
    """Without what each image and each try have of their own."""
    return re.sub(rf"{NAME}:\d+", f"{NAME}:7", re.sub("sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", text))


def test_the_documented_forms_are_these(deployed: Deployment, operate: Callable[..., Any]) -> None:
    """`docs/plan.md` shows this very plan three times."""
    deployed.write(synthesized(DOCUMENTED))
    forms = {form: anonymous(operate("plan", *form.split()).stdout) for form in ("", "--json", "--markdown")}
    shown = [line.rstrip() for line in forms[""].splitlines()[:-1]]  # the last one names the folder
    assert [shown] == [block.splitlines() for block in blocks("text")]
    assert [json.loads(forms["--json"])] == [json.loads(block) for block in blocks("json")]
    assert [forms["--markdown"]] == blocks("markdown")
