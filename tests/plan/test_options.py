"""What an environment's options come to in a plan: where tasks run, what they pull, and exactly what a role may do."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator
from cdktf import Testing

from operate.local import sample_infrastructure
from operate.terraform_cli.terraform import Terraform
from stacks.fargate_api_stack import FargateApiStack
from stacks.settings import Environment, load_environment
from tests.plan.expressions import Case, evaluate
from tests.plan.infrastructure import EVERYWHERE, Infrastructure
from tests.plan.transitions import ROOT, overlaid

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pathlib import Path

    from local_aws.instance import LocalAws

    Tree = dict[str, Any]

ACCOUNT, OTHERS, REGION = "000000000000", "222222222222", "us-east-1"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:database-AbCdEf"
OTHERS_SECRET = f"arn:aws:secretsmanager:{REGION}:{OTHERS}:secret:shared-AbCdEf"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/licence"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/01239abc-0912-0912-0912-0123456789ab"
OTHERS_KEY = KEY.replace(ACCOUNT, OTHERS)
OPTIONS: dict[str, Tree] = {
    "nothing": {},
    "parts": {
        "remote_state": {
            "networking": {
                "outputs": {"vpc_id": "network.vpc_id", "public_subnet_ids": 'split(",", network.subnet_ids)'}
            },
            "security": {"outputs": {"app_security_group_id": 'groups["app"].id'}},
            "loadbalancing": {"outputs": {"target_group_arn": "arns[0]", "alb_dns_name": "values(names)[0]"}},
        }
    },
    "private": {
        "network": {"assign_public_ip": False},
        "remote_state": {
            "networking": {"outputs": {"private_subnet_ids": "values(private_subnets)[*].id"}},
            "security": {"outputs": {"app_security_group_ids": ["app_security_group_id", "groups.clients.id"]}},
        },
    },
    "registry": {"image": {"registry_id": OTHERS}},
    "region": {"image": {"region": "us-west-2"}},
    "keys": {
        "container": {
            "secrets": {"DATABASE": SECRET, "SHARED": f"{OTHERS_SECRET}:password::", "LICENCE": PARAMETER},
            "secrets_kms_key_arns": [OTHERS_KEY, KEY],
        }
    },
    "process": {
        "container": {
            "command": ["serve", "${HOME} ${"],
            "entry_point": ["/api"],
            "working_directory": "/srv",
            "start_timeout_seconds": 60,
            "ephemeral_storage_gib": 21,
            "docker_labels": {"team": "${"},
            "ulimits": [{"name": "nofile", "soft_limit": 1024, "hard_limit": 4096}],
            "health_check": {"command": ["CMD", "/api", "health"], "start_period_seconds": 10},
        }
    },
    "opentelemetry": tomllib.loads((ROOT / "examples/sidecars/opentelemetry.toml").read_text()),
    "firelens": tomllib.loads((ROOT / "examples/sidecars/firelens.toml").read_text()),
    "volumes": {
        "service": {"enable_execute_command": True},
        "container": {
            "scratch_volumes": ["/tmp", "/${cache}"],
            "efs_volumes": [
                {"file_system_id": "fs-01234567", "access_point_id": "fsap-01234567", "mount_path": "/data"}
            ],
        },
    },
    "role": {"provider": {"assume_role_arn": f"arn:aws:iam::{ACCOUNT}:role/planner", "session_name": "plan"}},
}


def synthesized(option: Tree) -> Tree:
    base = load_environment(ROOT / "environments" / "local.toml").model_dump(exclude_unset=True)
    states = {module: {"backend": {"key": f"options/{module}.tfstate"}} for module in sample_infrastructure.NAMES}
    settings = Environment.model_validate(overlaid(overlaid(base, {"remote_state": states}), option))
    stack = FargateApiStack(Testing.app(), settings.name_prefix, environment=settings)
    document: Tree = json.loads(Testing.synth(stack, True))  # noqa: FBT003 - jsii takes it by position
    return document


def furnish(local_aws: LocalAws) -> Tree:
    """Copies of the states, with outputs of other shapes; the outputs by module come back."""
    found: Tree = {}
    with closing(local_aws.client("s3")) as s3, closing(Infrastructure(local_aws, count(200))) as make:
        for module in sample_infrastructure.NAMES:
            state = json.loads(s3.get_object(Bucket="terraform-state", Key=f"{module}.tfstate")["Body"].read())
            plain = found[module] = {name: output["value"] for name, output in state["outputs"].items()}
            plain |= _other_shapes(make, module, found)
            state["outputs"] = {name: {"value": value, "type": _type(value)} for name, value in plain.items()}
            s3.put_object(Bucket="terraform-state", Key=f"options/{module}.tfstate", Body=json.dumps(state))
    with closing(local_aws.client("ecr")) as own, closing(local_aws.client("ecr", region="us-west-2")) as other:
        (image,) = own.batch_get_image(repositoryName="go-api", imageIds=[{"imageTag": "latest"}])["images"]
        other.create_repository(repositoryName="go-api")
        other.put_image(repositoryName="go-api", imageTag="latest", imageManifest=image["imageManifest"])
    with closing(local_aws.client("iam")) as iam:
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.create_role(RoleName="planner", AssumeRolePolicyDocument=trust)
    return found


def _other_shapes(make: Infrastructure, module: str, found: Tree) -> Tree:
    plain, vpc_id = found[module], found["networking"]["vpc_id"]
    if module == "networking":
        private = {zone: {"id": make.private_subnet(vpc_id, zone=f"{REGION}{zone}")} for zone in "ab"}
        network = {"vpc_id": vpc_id, "subnet_ids": ",".join(plain["public_subnet_ids"])}
        return {"network": network, "private_subnets": private}
    if module == "security":
        https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": EVERYWHERE}
        clients = make.security_group(vpc_id, inbound=[], outbound=[https])
        return {"groups": {"app": {"id": plain["app_security_group_id"]}, "clients": {"id": clients}}}
    return {"arns": [plain["target_group_arn"]], "names": {"main": plain["alb_dns_name"]}}


def _type(value: Any) -> Any:
    if isinstance(value, dict):
        return ["object", {key: _type(item) for key, item in value.items()}]
    return ["tuple", [_type(item) for item in value]] if isinstance(value, list) else "string"


@dataclass(frozen=True)
class Planned:
    """`outputs` are the modules' own, `resources` each option's."""

    outputs: Tree
    resources: dict[str, list[Tree]]

    def only(self, option: str, type_: str) -> Tree:
        (found,) = [each["values"] for each in self.resources[option] if each["type"] == type_]
        return dict(found)

    def network(self, option: str) -> Tree:
        (found,) = self.only(option, "aws_ecs_service")["network_configuration"]
        return {key: sorted(value) if isinstance(value, list) else value for key, value in found.items()}

    def image(self, option: str) -> str:
        (container,) = json.loads(self.only(option, "aws_ecs_task_definition")["container_definitions"])
        return str(container["image"])

    def statements(self, option: str) -> list[Tree]:
        return list(json.loads(self.only(option, "aws_iam_role_policy")["policy"])["Statement"])


@pytest.fixture(scope="module")
def planned(stand_in_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Planned:
    outputs, folder = furnish(stand_in_aws), tmp_path_factory.mktemp("options")
    terraform = Terraform(folder, stand_in_aws.environment_variables())

    def resources(option: Tree) -> list[Tree]:
        document = synthesized(option)
        document["terraform"]["backend"] = {"local": {}}
        (folder / "cdk.tf.json").write_text(json.dumps(document))
        terraform.init()
        terraform.plan(out=folder / "plan")
        found: list[Tree] = terraform.show_json(folder / "plan")["planned_values"]["root_module"]["resources"]
        return found

    return Planned(outputs, {name: resources(option) for name, option in OPTIONS.items()})


def test_a_part_of_an_output_comes_to_the_same(planned: Planned) -> None:
    """Split text, an index, a key, a map's values: the service is the one of the plain outputs."""
    plain, parts = (planned.only(option, "aws_ecs_service") for option in ("nothing", "parts"))
    assert planned.network("parts") == planned.network("nothing")
    assert parts["load_balancer"] == plain["load_balancer"]
    assert plain["load_balancer"][0]["target_group_arn"] == planned.outputs["loadbalancing"]["target_group_arn"]


def test_tasks_in_private_subnets(planned: Planned) -> None:
    """Without a public IP, in all of the groups."""
    networking, security = planned.outputs["networking"], planned.outputs["security"]
    assert planned.network("private") == {
        "assign_public_ip": False,
        "security_groups": sorted(group["id"] for group in security["groups"].values()),
        "subnets": sorted(subnet["id"] for subnet in networking["private_subnets"].values()),
    }


@pytest.mark.parametrize(
    ("option", "account", "region"), [("registry", OTHERS, REGION), ("region", ACCOUNT, "us-west-2")]
)
def test_another_registry(planned: Planned, option: str, account: str, region: str) -> None:
    """The same digest from there, and the grant to pull it follows; no other is different."""
    digest = planned.image("nothing").partition("@")[2]
    assert planned.image(option) == f"{account}.dkr.ecr.{region}.amazonaws.com/go-api@{digest}"
    repository = f"arn:aws:ecr:{region}:{account}:repository/go-api"
    assert planned.statements(option) == [
        {**each, "Resource": [repository]} if each["Sid"] == "PullImage" else each
        for each in planned.statements("nothing")
    ]


def test_the_containers_process(planned: Planned) -> None:
    """What Terraform gives ECS, with no part of a text taken for an expression, beside what is there without."""
    (plain,), (container,) = (
        json.loads(planned.only(option, "aws_ecs_task_definition")["container_definitions"])
        for option in ("nothing", "process")
    )
    assert container == plain | {
        "command": ["serve", "${HOME} ${"],
        "entryPoint": ["/api"],
        "workingDirectory": "/srv",
        "startTimeout": 60,
        "dockerLabels": {"org.opencontainers.image.ref.name": "latest", "team": "${"},
        "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}],
        "healthCheck": {
            "command": ["CMD", "/api", "health"],
            "interval": 30,
            "timeout": 5,
            "retries": 3,
            "startPeriod": 10,
        },
    }
    (storage,) = planned.only("process", "aws_ecs_task_definition")["ephemeral_storage"]
    assert storage == {"size_in_gib": 21}


def test_the_containers_volumes(planned: Planned) -> None:
    """Each that is mounted is there, and the task role may mount the file system through its access point alone."""
    definition = planned.only("volumes", "aws_ecs_task_definition")
    (container,) = json.loads(definition["container_definitions"])
    mounted = {each["containerPath"]: each["sourceVolume"] for each in container["mountPoints"]}
    assert [*mounted] == ["/${cache}", "/tmp", "/var/lib/amazon/ssm", "/var/log/amazon/ssm", "/data"]
    volumes = {each["name"]: each["efs_volume_configuration"] for each in definition["volume"]}
    assert volumes.keys() == {*mounted.values()}
    (efs,) = volumes[mounted["/data"]]
    assert efs == {
        "file_system_id": "fs-01234567",
        "root_directory": "/",
        "transit_encryption": "ENABLED",
        "transit_encryption_port": 0,
        "authorization_config": [{"access_point_id": "fsap-01234567", "iam": "ENABLED"}],
    }
    place = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}"
    policies = [each["values"] for each in planned.resources["volumes"] if each["type"] == "aws_iam_role_policy"]
    (policy,) = [json.loads(each["policy"]) for each in policies if each["name"] == "task"]
    assert [each for each in policy["Statement"] if "Condition" in each] == [
        {
            "Effect": "Allow",
            "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
            "Resource": [f"{place}:file-system/fs-01234567"],
            "Condition": {
                "StringEquals": {"elasticfilesystem:AccessPointArn": [f"{place}:access-point/fsap-01234567"]}
            },
        }
    ]


def test_keys_of_secrets(planned: Planned) -> None:
    """Exactly these, through both services, beside the reads of the secrets themselves."""
    added = [each for each in planned.statements("keys") if each not in planned.statements("nothing")]
    assert added == [
        {
            "Sid": "ReadSecrets",
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue"],
            "Resource": [SECRET, OTHERS_SECRET],
        },
        {"Sid": "ReadParameters", "Effect": "Allow", "Action": ["ssm:GetParameters"], "Resource": [PARAMETER]},
        {
            "Sid": "DecryptSecretsUsEast1",
            "Effect": "Allow",
            "Action": ["kms:Decrypt"],
            "Resource": [KEY, OTHERS_KEY],
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": [f"secretsmanager.{REGION}.amazonaws.com", f"ssm.{REGION}.amazonaws.com"]
                }
            },
        },
    ]


def awslogs(prefix: str = "go-api") -> Tree:
    options = {"awslogs-group": "/ecs/go-api-local", "awslogs-region": REGION, "awslogs-stream-prefix": prefix}
    return {"logDriver": "awslogs", "options": options}


def containers(planned: Planned, option: str) -> dict[str, Tree]:
    """By name, in a form that the API takes."""
    found = json.loads(planned.only(option, "aws_ecs_task_definition")["container_definitions"])
    shape = get_session().get_service_model("ecs").shape_for("RegisterTaskDefinitionRequest")
    report = ParamValidator().validate({"family": option, "containerDefinitions": found}, shape)
    assert not report.has_errors(), report.generate_report()
    return {one["name"]: one for one in found}


def test_an_opentelemetry_collector(planned: Planned) -> None:
    """As AWS documents it for X-Ray; the API waits for it, and has the CPU that it leaves.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/trace-data.html
    """
    found = containers(planned, "opentelemetry")
    assert found["aws-otel-collector"] == {
        "name": "aws-otel-collector",
        "image": "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3",
        "essential": False,
        "cpu": 64,
        "memoryReservation": 128,
        "command": ["--config=/etc/ecs/ecs-xray.yaml"],
        "portMappings": [
            {"containerPort": port, "hostPort": port, "protocol": protocol}
            for port, protocol in ((4317, "tcp"), (4318, "tcp"), (2000, "udp"))
        ],
        "readonlyRootFilesystem": True,
        "startTimeout": 60,
        "stopTimeout": 30,
        "healthCheck": {"command": ["CMD", "/healthcheck"], "interval": 5, "timeout": 3, "retries": 5},
        "logConfiguration": awslogs(),
    }
    own = found["go-api"]
    assert (own["cpu"], own["logConfiguration"]) == (448, awslogs())
    assert own["dependsOn"] == [{"containerName": "aws-otel-collector", "condition": "HEALTHY"}]
    policies = [one["values"] for one in planned.resources["opentelemetry"] if one["type"] == "aws_iam_role_policy"]
    assert any("xray:PutTraceSegments" in one["policy"] for one in policies if one["name"] == "task")


def test_a_log_router(planned: Planned) -> None:
    """As AWS documents FireLens: the API's lines go to the router, whose own are in the log group.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-taskdef.html
    """
    found = containers(planned, "firelens")
    router = found["log_router"]
    assert router["firelensConfiguration"] == {"type": "fluentbit", "options": {"enable-ecs-log-metadata": "true"}}
    assert (router["essential"], router["user"], router["memoryReservation"]) == (True, "0", 50)
    assert router["logConfiguration"] == awslogs()
    assert found["go-api"]["logConfiguration"] == {
        "logDriver": "awsfirelens",
        "options": {
            "Name": "firehose",
            "region": "eu-west-1",
            "delivery_stream": "go-api",
            "log-driver-buffer-limit": "2097152",
        },
    }


@pytest.mark.parametrize("option", ["parts", "private", "process", "role"])
def test_no_other_option_grants_anything(planned: Planned, option: str) -> None:
    """The five actions of FR-004, on the same resources."""
    assert planned.statements(option) == planned.statements("nothing")
    actions = [action for each in planned.statements(option) for action in each["Action"]]
    assert len(actions) == 5


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_makes_the_same_resources(planned: Planned, option: str) -> None:
    """None more, none less, none elsewhere, but for the policy of a task role that is granted something."""

    def addresses(name: str) -> list[str]:
        found = [each["address"].replace(f"module.{name}.", "") for each in planned.resources[name]]
        return [each for each in found if each != granted]

    granted = (
        "aws_iam_role_policy.task_role_policy_5F4D25EA" if option == "volumes" or "task_role" in OPTIONS[option] else ""
    )
    assert addresses(option) == addresses("nothing")
    assert not granted or granted in str(planned.resources[option])


BASE = "https://example.com/orders"
HEALTH = {
    "/health": f"{BASE}/health",
    "/": f"{BASE}/",
    "/orders/health": f"{BASE}/health",
    "/orders": f"{BASE}/",
    "/orders-health": f"{BASE}/orders-health",
    "/v1/orders/health": f"{BASE}/v1/orders/health",
}


def test_health_url_is_below_the_base_path(tmp_path: Path) -> None:
    """Of a load balancer that forwards the base path, and of a proxy that takes it away, Terraform's own value."""
    template = synthesized({"service": {"api_url": BASE}})["output"]["health_url"]["value"]
    group = "data.aws_lb_target_group.existing_loadbalancing"
    cases = [Case(template, {group: {"health_check": [{"path": path}]}}) for path in HEALTH]
    assert dict(zip(HEALTH, evaluate(tmp_path, cases), strict=True)) == HEALTH
