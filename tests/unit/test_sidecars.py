"""Containers beside the application's: what the settings take and refuse, and what Terraform gets.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cdktf import TerraformStack, Testing
from pydantic import ValidationError

from constructs_lib.container_definition import ContainerDefinition
from constructs_lib.container_logging import AwsFirelens
from constructs_lib.fargate_task_definition import FargateTaskDefinition
from constructs_lib.sidecar import Sidecar
from stacks.fargate_api_stack import FargateApiStack
from stacks.settings import Environment
from stacks.settings.messages import problems_of
from tests.template import Template
from tests.unit.test_settings_limits import MINIMAL

Tree = dict[str, Any]

ACCOUNT, REGION = MINIMAL["account_id"], MINIMAL["region"]
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:proxy-AbCdEf"
OTHERS_SECRET = f"arn:aws:secretsmanager:eu-west-3:{ACCOUNT}:secret:logs-AbCdEf"
KEY = f"arn:aws:kms:eu-west-3:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ECR = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
DIGEST = "sha256:" + "0a" * 32
CHECK = {"command": ["CMD", "/healthy"]}
ROUTER = {"type": "fluentbit"}


def sidecar(name: str = "proxy", **more: Any) -> Tree:
    return {"name": name, "image": "public.ecr.aws/nginx/nginx:1.27", **more}


def settings(*sidecars: Tree, **container: Any) -> Tree:
    return MINIMAL | {"container": {"sidecars": list(sidecars), **container}}


def told(*sidecars: Tree, **container: Any) -> list[str]:
    """Each problem as `key = value: remedy`, without what all keys begin with."""
    try:
        Environment.model_validate(settings(*sidecars, **container))
    except ValidationError as error:
        problems = problems_of(error, file=Path("dev.toml"), model=Environment)
        shown = [f"{each.key}{f' = {each.value}' if each.value else ''}: {each.remedy}" for each in problems]
        return [text.removeprefix("container.") for text in shown]
    return []


def synthesized(*sidecars: Tree, **container: Any) -> Template:
    environment = Environment.model_validate(settings(*sidecars, **container))
    return Template.of(FargateApiStack(Testing.app(), environment.name_prefix, environment=environment))


def containers(template: Template) -> dict[str, Tree]:
    found = json.loads(template.only("aws_ecs_task_definition")["container_definitions"])
    return {one["name"]: one for one in found}


FULL = sidecar(
    image=f"{ECR}/team/proxy@{DIGEST}",
    essential=False,
    cpu=64,
    memory_mib=128,
    memory_reservation_mib=64,
    ports=[9091, 9090],
    udp_ports=[8125],
    user="1000:1000",
    readonly_root_filesystem=False,
    stop_timeout_seconds=60,
    start_timeout_seconds=30,
    command=["--config", "${HOME}"],
    entry_point=["/proxy"],
    working_directory="/srv",
    scratch_volumes=["/var/run", "/tmp"],
    depends_on={"go-api": "START", "init": "SUCCESS"},
    secrets={"TOKEN": SECRET},
    plain=["API_KEY"],
    environment={"LEVEL": "info", "API_KEY": "none that is one"},
    health_check=CHECK,
    firelens={"type": "fluentd", "options": {"enable-ecs-log-metadata": "true"}},
)


def test_every_member() -> None:
    """In ECS's own form, sorted, and text as it is."""
    template = synthesized(FULL, sidecar("init", essential=False), scratch_volumes=["/tmp"], awsfirelens={})
    volumes = [volume["name"] for volume in template.only("aws_ecs_task_definition")["volume"]]
    assert volumes == ["scratch-0", "sidecar-0-scratch-0", "sidecar-0-scratch-1"]
    assert containers(template)["proxy"] == {
        "name": "proxy",
        "image": f"{ECR}/team/proxy@{DIGEST}",
        "essential": False,
        "cpu": 64,
        "memory": 128,
        "memoryReservation": 64,
        "portMappings": [
            {"containerPort": 9090, "hostPort": 9090, "protocol": "tcp"},
            {"containerPort": 9091, "hostPort": 9091, "protocol": "tcp"},
            {"containerPort": 8125, "hostPort": 8125, "protocol": "udp"},
        ],
        "user": "1000:1000",
        "readonlyRootFilesystem": False,
        "stopTimeout": 60,
        "startTimeout": 30,
        "command": ["--config", "$${HOME}"],
        "entryPoint": ["/proxy"],
        "workingDirectory": "/srv",
        "mountPoints": [
            {"sourceVolume": "sidecar-0-scratch-0", "containerPath": "/tmp", "readOnly": False},
            {"sourceVolume": "sidecar-0-scratch-1", "containerPath": "/var/run", "readOnly": False},
        ],
        "dependsOn": [
            {"containerName": "go-api", "condition": "START"},
            {"containerName": "init", "condition": "SUCCESS"},
        ],
        "secrets": [{"name": "TOKEN", "valueFrom": SECRET}],
        "environment": [{"name": "API_KEY", "value": "none that is one"}, {"name": "LEVEL", "value": "info"}],
        "healthCheck": {"command": ["CMD", "/healthy"], "interval": 30, "timeout": 5, "retries": 3},
        "firelensConfiguration": {"type": "fluentd", "options": {"enable-ecs-log-metadata": "true"}},
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": "/ecs/go-api-dev",
                "awslogs-region": REGION,
                "awslogs-stream-prefix": "go-api",
            },
        },
    }


def test_a_sidecar_that_says_nothing_else() -> None:
    """Essential as in ECS, no write to its files, the image's own user and programs, the task's log group."""
    found = containers(synthesized(sidecar()))
    assert {name: value for name, value in found["proxy"].items() if name != "logConfiguration"} == {
        "name": "proxy",
        "image": "public.ecr.aws/nginx/nginx:1.27",
        "essential": True,
        "readonlyRootFilesystem": True,
        "stopTimeout": 30,
    }
    assert found["go-api"] == synthesized().container()


def test_the_applications_container() -> None:
    """It has the CPU that the sidecars leave, waits for them, and sends its lines to the log router."""
    router = sidecar("router", firelens=ROUTER, cpu=32)
    awsfirelens = {"options": {"b": "2", "Name": "http"}, "secret_options": {"key": OTHERS_SECRET}}
    template = synthesized(
        sidecar(cpu=64, health_check=CHECK), router, depends_on={"proxy": "HEALTHY"}, awsfirelens=awsfirelens
    )
    assert containers(template)["router"]["user"] == "0"  # as ECS stores it
    found = containers(template)["go-api"]
    assert found["cpu"] == 256 - 64 - 32
    assert found["dependsOn"] == [{"containerName": "proxy", "condition": "HEALTHY"}]
    assert found["logConfiguration"] == {
        "logDriver": "awsfirelens",
        "options": {"Name": "http", "b": "2"},
        "secretOptions": [{"name": "key", "valueFrom": OTHERS_SECRET}],
    }


@pytest.mark.parametrize(("read_only", "count"), [(True, 3), (False, 1)])
def test_ecs_exec_can_write_in_a_sidecar(read_only: bool, count: int) -> None:  # noqa: FBT001
    """Its agent runs in each container of the task: what is read-only gets the two folders, in volumes of its own."""
    one = sidecar(readonly_root_filesystem=read_only, scratch_volumes=["/tmp"])
    service = MINIMAL["service"] | {"enable_execute_command": True}
    environment = Environment.model_validate(settings(one) | {"service": service})
    template = Template.of(FargateApiStack(Testing.app(), environment.name_prefix, environment=environment))
    paths = ["/tmp", "/var/lib/amazon/ssm", "/var/log/amazon/ssm"][:count]
    assert containers(template)["proxy"]["mountPoints"] == [
        {"sourceVolume": f"sidecar-0-scratch-{at}", "containerPath": path, "readOnly": False}
        for at, path in enumerate(paths)
    ]


def test_the_execution_role_reads_what_sidecars_need() -> None:
    """Their images in ECR, each repository once, and their secrets, with the keys; nothing for public images."""
    template = synthesized(
        sidecar(image=f"{ECR}/team/proxy:1", secrets={"TOKEN": SECRET}),
        sidecar("other", image=f"{ECR}/team/proxy:2"),
        sidecar("foreign", image="222222222222.dkr.ecr.eu-central-1.amazonaws.com/shared@" + DIGEST),
        sidecar("router", firelens=ROUTER),
        awsfirelens={"secret_options": {"key": OTHERS_SECRET}},
        secrets_kms_key_arns=[KEY],
    )
    by_sid = {one["Sid"]: one["Resource"] for one in template.policy("execution")}
    own, *others = by_sid["PullImage"]
    assert "data.aws_ecr_repository" in own
    assert others == [
        "arn:${data.aws_partition.partition.partition}:ecr:eu-central-1:222222222222:repository/shared",
        f"arn:${{data.aws_partition.partition.partition}}:ecr:{REGION}:{ACCOUNT}:repository/team/proxy",
    ]
    assert by_sid["ReadSecrets"] == sorted([SECRET, OTHERS_SECRET])
    assert by_sid["DecryptSecretsEuWest3"] == [KEY]


def test_a_privileged_port_is_found_by_the_containers_name() -> None:
    """The provider sorts containers."""
    checks = json.dumps(synthesized(sidecar("a"), port=80).json["check"])
    assert (
        '[index(jsondecode(aws_ecs_task_definition.task_definition.container_definitions)[*].name, \\"go-api\\")]'
        in checks
    )


GOOD: list[tuple[tuple[Tree, ...], Tree]] = [
    ((sidecar(image="nginx"),), {}),
    ((sidecar(image="registry.example.com:5000/a/b:c"),), {}),
    ((sidecar(cpu=256, memory_mib=512, memory_reservation_mib=511),), {}),
    ((sidecar(memory_mib=512, memory_reservation_mib=256), sidecar("b", memory_reservation_mib=256)), {}),
    (tuple(sidecar(f"s{number}") for number in range(9)), {}),
    ((sidecar(cpu=256), sidecar("b")), {}),
    ((sidecar(memory_reservation_mib=512), sidecar("b")), {}),
    ((sidecar(ports=[9000], udp_ports=[9000, 8080]),), {}),
    ((sidecar(depends_on={"go-api": "HEALTHY"}),), {"health_check": CHECK}),
    ((sidecar(environment={"PORT": "1"}),), {}),
    ((sidecar(firelens={"type": "fluentbit", "options": {"config-file-type": "file"}}),), {"awsfirelens": {}}),
    ((sidecar(firelens=ROUTER, user="65532"),), {"awsfirelens": {}}),
    ((sidecar(firelens=ROUTER, user="0:root"),), {"awsfirelens": {}}),
]


@pytest.mark.parametrize(("sidecars", "container"), GOOD)
def test_what_ecs_takes(sidecars: tuple[Tree, ...], container: Tree) -> None:
    """Is not refused."""
    assert told(*sidecars, **container) == []


BAD: list[tuple[tuple[Tree, ...], Tree, str]] = [
    (
        (sidecar("a b"),),
        {},
        'sidecars[0].name = "a b": must be a name of letters, digits, - and _',
    ),
    (
        (sidecar("go-api"),),
        {},
        (
            "sidecars[0].name = \"go-api\": must differ from every other container's name: the service's own container"
            " is called so"
        ),
    ),
    (
        (sidecar(), sidecar()),
        {},
        'sidecars[1].name = "proxy": must differ from every other container\'s name: another sidecar is called so',
    ),
    (
        tuple(sidecar(f"s{number}") for number in range(10)),
        {},
        'sidecars[9].name = "s9": ECS allows 10 containers in a task, the service\'s own among them',
    ),
    (
        (sidecar(image="https://example.com/a"),),
        {},
        'sidecars[0].image = "https://example.com/a": must be an image with a tag or a digest, such as',
    ),
    (
        (sidecar(image="111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn/a:1"),),
        {},
        (
            'sidecars[0].image = "111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn/a:1": must be in a region'
            " of the partition aws, as eu-west-1 is, not in cn-north-1"
        ),
    ),
    (
        (sidecar(cpu=200), sidecar("b", cpu=57)),
        {},
        (
            "sidecars[1].cpu: the sidecars reserve proxy 200 + b 57 = 257, and the task has container.cpu = 256:"
            " reserve less, or give it more"
        ),
    ),
    (
        (sidecar(memory_mib=300), sidecar("b", memory_mib=400, memory_reservation_mib=213)),
        {},
        "sidecars[1].memory_mib: the sidecars reserve proxy 300 + b 213 = 513, and the task has",
    ),
    (
        (sidecar(memory_mib=513),),
        {},
        "sidecars[0].memory_mib: the sidecars reserve proxy 513, and the task has",
    ),
    (
        (sidecar(memory_mib=513, memory_reservation_mib=64),),
        {},
        "sidecars[0].memory_mib = 513: must not be above the task's, container.memory_mib = 512",
    ),
    (
        (sidecar(memory_mib=64, memory_reservation_mib=64),),
        {},
        "sidecars[0].memory_reservation_mib = 64: must be below memory_mib, 64",
    ),
    ((sidecar(memory_mib=5),), {}, "sidecars[0].memory_mib = 5: must be an integer of 6 or more"),
    (
        (sidecar(ports=[9090, 8080]),),
        {},
        (
            "sidecars[0].ports[1] = 8080: is go-api's already: the containers of a task share one network, so each port"
            " is there once"
        ),
    ),
    ((sidecar(udp_ports=[1]), sidecar("b", udp_ports=[1])), {}, "sidecars[1].udp_ports[0] = 1: is proxy's already"),
    (
        (sidecar(depends_on={"go-apy": "START"}),),
        {},
        'depends_on.go-apy = "START": must be the name of another container of the task; did you mean go-api?',
    ),
    (
        (),
        {"depends_on": {"proxy": "START"}},
        'depends_on.proxy = "START": must be the name of another container of the task: there is none',
    ),
    ((sidecar(),), {"depends_on": {"go-api": "START"}}, 'depends_on.go-api = "START": must be the name of another'),
    ((sidecar(),), {"depends_on": {"proxy": "STARTED"}}, 'depends_on.proxy = "STARTED": must be "START", "COMPLETE"'),
    (
        (sidecar(),),
        {"depends_on": {"proxy": "SUCCESS"}},
        (
            'depends_on.proxy = "SUCCESS": proxy is essential, and the task ends with it: set essential = false for it,'
            " or wait for START or HEALTHY"
        ),
    ),
    ((sidecar(depends_on={"go-api": "COMPLETE"}),), {}, 'depends_on.go-api = "COMPLETE": go-api is essential'),
    (
        (sidecar(),),
        {"depends_on": {"proxy": "HEALTHY"}},
        'depends_on.proxy = "HEALTHY": proxy has no health_check, so it never is: give it one, or wait for START',
    ),
    (
        (sidecar(depends_on={"b": "START"}), sidecar("b", depends_on={"go-api": "START"})),
        {"depends_on": {"proxy": "START"}},
        "each waits for the next, so none starts: ",
    ),
    ((), {"awsfirelens": {}}, "awsfirelens: needs a log router: a sidecar with firelens, such as firelens = { type ="),
    (
        (sidecar(firelens=ROUTER),),
        {},
        "sidecars[0].firelens: is a log router that no container logs to, which ECS refuses: send the application's",
    ),
    (
        (sidecar(firelens=ROUTER, user="root"),),
        {"awsfirelens": {}},
        'sidecars[0].user = "root": must be a number for a log router, such as "0", or left out',
    ),
    (
        (sidecar(firelens=ROUTER), sidecar("b", firelens=ROUTER)),
        {"awsfirelens": {}},
        "sidecars[1].firelens: proxy is the task's log router already, and ECS allows one",
    ),
    ((sidecar(firelens={"type": "vector"}),), {}, 'firelens.type = "vector": must be "fluentbit" or "fluentd"'),
    (
        (sidecar(firelens={"type": "fluentbit", "options": {"config-file-type": "s3"}}),),
        {},
        'firelens.options.config-file-type: must be "file", with the file in the image: tasks on Fargate take no other',
    ),
    (
        (sidecar(firelens={"type": "fluentbit", "options": {"enable-ecs-log-metadata": "yes"}}),),
        {},
        'firelens.options.enable-ecs-log-metadata: must be "true" or "false", in quotes',
    ),
    (
        (sidecar(environment={"DB_PASSWORD": "hunter2hunter2"}),),
        {},
        (
            "sidecars[0].environment.DB_PASSWORD: looks like a secret: put it into Secrets Manager or SSM, and its"
            ' ARN under [container.sidecars.secrets]; if it is none, name it in [[container.sidecars]]: plain = ["DB_'
        ),
    ),
    (
        (sidecar(firelens=ROUTER),),
        {"awsfirelens": {"options": {"api_key": "0123456789abcdef0123"}}},
        (
            "awsfirelens.options.api_key: looks like a secret: put it into Secrets Manager or SSM, and its ARN under"
            " [container.awsfirelens.secret_options]"
        ),
    ),
    ((sidecar(plain=["LEVEL"]),), {}, 'sidecars[0].plain[0] = "LEVEL": must be the name of a variable in'),
    (
        (sidecar(environment={"A": "1"}, secrets={"A": SECRET}),),
        {},
        "sidecars[0].environment.A: is in [container.sidecars.secrets] too: remove one of the two",
    ),
    (
        (sidecar(secrets={"A": SECRET.replace("arn:aws:", "arn:aws-cn:").replace(REGION, "cn-north-1")}),),
        {},
        "sidecars[0].secrets.A: must begin with arn:aws:, as every ARN in eu-west-1",
    ),
    (
        (sidecar(secrets={"A": SECRET}),),
        {"secrets_kms_key_arns": [KEY]},
        "there is no secret in eu-west-3, the key's region",
    ),
    (
        (sidecar(start_timeout_seconds=1),),
        {},
        "sidecars[0].start_timeout_seconds = 1: must be an integer from 2 to 120",
    ),
    (
        (sidecar(environment={"A": "x" * 40_000}), sidecar("b", command=["y" * 30_000])),
        {},
        "sidecars[0].environment: the containers alone take",
    ),
    ((sidecar(scratch_volumes=["/tmp", "/tmp"]),), {}, 'sidecars[0].scratch_volumes[1] = "/tmp": is there twice'),
    ((sidecar(nam="a"),), {}, 'sidecars[0].nam = "a": no such key; did you mean name?'),
]


@pytest.mark.parametrize(("sidecars", "container", "expected"), BAD)
def test_what_is_refused(sidecars: tuple[Tree, ...], container: Tree, expected: str) -> None:
    """With the key, the value if it is no secret, and what would be right; nothing else is told of it."""
    (problem,) = told(*sidecars, **container)
    assert expected in problem


WHOLE: list[tuple[tuple[Tree, ...], Tree, str]] = [
    (
        (sidecar(), sidecar("other")),
        {"depends_on": {"x": "START"}},
        'depends_on.x = "START": must be the name of another container of the task: proxy, other',
    ),
    (
        (),
        {"depends_on": {"x": "START"}},
        'depends_on.x = "START": must be the name of another container of the task: there is none',
    ),
    (
        (sidecar(depends_on={"b": "START"}), sidecar("b", depends_on={"c": "START"}), sidecar("c"), sidecar("d")),
        {"depends_on": {"proxi": "START"}},
        'depends_on.proxi = "START": must be the name of another container of the task; did you mean proxy?',
    ),
    (
        (
            sidecar(depends_on={"b": "START"}),
            sidecar("b", depends_on={"c": "START"}),
            sidecar("c", depends_on={"proxy": "START"}),
        ),
        {},
        "sidecars[0].depends_on.b: each waits for the next, so none starts: proxy -> b -> c -> proxy",
    ),
    (
        (),
        {"awsfirelens": {}},
        'awsfirelens: needs a log router: a sidecar with firelens, such as firelens = { type = "fluentbit" }',
    ),
    (
        (sidecar(cpu=257), sidecar("b")),
        {},
        (
            "sidecars[1].cpu: the sidecars reserve proxy 257, and the task has container.cpu = 256: reserve less, or"
            " give it more"
        ),
    ),
    (
        (sidecar(memory_reservation_mib=513), sidecar("b")),
        {},
        (
            "sidecars[1].memory_mib: the sidecars reserve proxy 513, and the task has container.memory_mib = 512:"
            " reserve less, or give it more"
        ),
    ),
]


@pytest.mark.parametrize(("sidecars", "container", "expected"), WHOLE)
def test_the_whole_of_a_refusal(sidecars: tuple[Tree, ...], container: Tree, expected: str) -> None:
    """Who waits for whom, which names there are, and whose share is too much."""
    assert told(*sidecars, **container) == [expected]


def test_the_first_router_is_named_where_nothing_logs_to_any() -> None:
    """The second one is one too many as well."""
    first, second = told(sidecar("a"), sidecar(firelens=ROUTER), sidecar("b", firelens=ROUTER))
    assert first.startswith("sidecars[1].firelens: is a log router that no container logs to, which ECS refuses")
    assert second == "sidecars[2].firelens: proxy is the task's log router already, and ECS allows one"


@pytest.mark.parametrize(
    ("container", "sidecar_", "message"),
    [
        ({"depends_on": {"proxi": "START"}}, {}, r"container\.depends_on\.proxi = START: .* did you mean proxy\?"),
        ({}, {"name": "orders"}, r"sidecars\[0\]\.name = orders: must differ from every other container's name"),
        ({"awsfirelens": AwsFirelens()}, {}, r"container\.awsfirelens: needs a log router"),
    ],
)
def test_constructs_refuse_the_same(container: Tree, sidecar_: Tree, message: str) -> None:
    """Also for a team that uses them without the settings."""
    stack = TerraformStack(Testing.app(), "stack")
    with pytest.raises(ValueError, match=f"^{message}"):
        FargateTaskDefinition(
            stack,
            "task",
            family="orders",
            container=ContainerDefinition(name="orders", image="orders:1", port=8080, **container),
            sidecars=[Sidecar(**{"name": "proxy", "image": "proxy:1", **sidecar_})],
            execution_role_arn="execution",
            task_role_arn="task",
            log_group_name="orders",
            log_region="eu-west-1",
        )
