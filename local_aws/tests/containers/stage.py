"""What the tests of the embedded ECS share: one load balancer and one service per test, driven with boto3."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.utils import parse_timestamp

from local_aws import container_engine, lifecycle
from local_aws.instance import LocalAws
from local_aws.tests.machine import require_engine, reserved_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from docker.models.containers import Container

    from local_aws.ministack_types import Record


PORT = 8080
_LABELS = "com.amazonaws.ecs"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_POLL_SECONDS = 0.1
_NEVER_AFTER_SECONDS = 120
_EXECUTION_ROLE = "arn:aws:iam::000000000000:role/probe-execution"


@contextmanager
def embedded_aws(directory: Path) -> Iterator[LocalAws]:
    """With a container engine; both end with the block."""
    local_aws = LocalAws(port=reserved_port(), directory=directory)
    require_engine(local_aws)
    try:
        lifecycle.up(local_aws, containers=True)
        assert container_engine.running(local_aws), container_engine.why_none()
        yield local_aws
    finally:
        lifecycle.down(local_aws)


def create_repository(local_aws: LocalAws) -> str:
    """Its address."""
    with closing(local_aws.client("ecr")) as ecr:
        return str(ecr.create_repository(repositoryName="probe")["repository"]["repositoryUri"])


def publish_probe(local_aws: LocalAws, program: bytes) -> str:
    """The address of its repository, in which it has the tag v1."""
    address = create_repository(local_aws)
    push_probe(local_aws, program)
    return address


def push_probe(
    local_aws: LocalAws, program: bytes, *, tag: str = "v1", build: str = "1", volumes: Sequence[str] = ()
) -> str:
    """The digest of an image that is another one for each build. Everybody may write its /tmp, which has a file."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as layer:
        entry = tarfile.TarInfo("server")
        entry.mode, entry.size = 0o755, len(program)
        layer.addfile(entry, io.BytesIO(program))
        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
        layer.addfile(folder)
        layer.addfile(tarfile.TarInfo("tmp/of-the-image"))
    config = {
        "architecture": "amd64",
        "os": "linux",
        "author": build,
        "config": {"User": "65532:65532", "Entrypoint": ["/server"], "Volumes": {path: {} for path in volumes}},
        "rootfs": {"type": "layers", "diff_ids": [_digest(archive.getvalue())]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _upload(local_aws, "config.v1+json", json.dumps(config).encode()),
        "layers": [_upload(local_aws, "layer.v1.tar+gzip", gzip.compress(archive.getvalue(), 1, mtime=0))],
    }
    content = json.dumps(manifest).encode()
    _send(f"{local_aws.endpoint}/v2/probe/manifests/{tag}", content, method="PUT", content_type=_MANIFEST)
    return _digest(content)


def _upload(local_aws: LocalAws, media_type: str, blob: bytes) -> dict[str, Any]:
    """In one request: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#single-post."""
    digest = _digest(blob)
    address = f"{local_aws.endpoint}/v2/probe/blobs/uploads/?{urllib.parse.urlencode({'digest': digest})}"
    _send(address, blob, method="POST", content_type="application/octet-stream")
    return {"mediaType": f"application/vnd.oci.image.{media_type}", "digest": digest, "size": len(blob)}


def _send(address: str, content: bytes, *, method: str, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    with urllib.request.urlopen(urllib.request.Request(address, content, headers, method=method)):  # noqa: S310
        pass


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True)
class Answer:
    status: int
    body: str


@dataclass
class Stage:
    """`image` without its tag. The health check runs every second, and waits long for the answer of a busy machine."""

    local_aws: LocalAws
    image: str
    name: str
    deregistration_delay_seconds: int = 1
    unhealthy_threshold: int = 2
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = self.local_aws.client(service)
        return self.clients[service]

    @cached_property
    def log_group(self) -> str:
        name = f"/ecs/{self.name}"
        self.client("logs").create_log_group(logGroupName=name)
        return name

    @cached_property
    def group_arn(self) -> str:
        elb = self.client("elbv2")
        group = elb.create_target_group(
            Name=self.name,
            Protocol="HTTP",
            Port=PORT,
            VpcId="vpc-1",
            TargetType="ip",
            HealthCheckPath="/health",
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=self.unhealthy_threshold,
        )["TargetGroups"][0]["TargetGroupArn"]
        delay = {"Key": "deregistration_delay.timeout_seconds", "Value": str(self.deregistration_delay_seconds)}
        elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=[delay])
        self._check_every_second(str(group))
        return str(group)

    def _check_every_second(self, group_arn: str) -> None:
        """AWS's least is 5 seconds, and boto3 knows it; the emulator takes what it is given."""
        wanted = {"HealthCheckIntervalSeconds": "1", "HealthCheckTimeoutSeconds": "30"}
        form = {"Action": "ModifyTargetGroup", "Version": "2015-12-01", "TargetGroupArn": group_arn, **wanted}
        self._ask("elasticloadbalancing", urllib.parse.urlencode(form).encode())

    def ask_ecs(self, action: str, request: Record) -> Record:
        """Without an SDK, which checks what it sends."""
        target = f"AmazonEC2ContainerServiceV20141113.{action}"
        return json.loads(self._ask("ecs", json.dumps(request).encode(), **{"X-Amz-Target": target}))

    def _ask(self, service: str, body: bytes, **headers: str) -> bytes:
        scope = f"Credential=test/20260101/us-east-1/{service}/aws4_request"
        request = urllib.request.Request(  # noqa: S310 - our own address
            self.local_aws.endpoint,
            data=body,
            headers={"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0", **headers},
        )
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - our own address
            content: bytes = response.read()
        return content

    @cached_property
    def balancer_arn(self) -> str:
        elb = self.client("elbv2")
        balancer = elb.create_load_balancer(Name=self.name, Subnets=["subnet-1", "subnet-2"])["LoadBalancers"][0]
        forward = {"Type": "forward", "TargetGroupArn": self.group_arn}
        elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[forward]
        )
        return str(balancer["LoadBalancerArn"])

    def register(
        self,
        *,
        version: str = "v1",
        fault: str = "",
        tag: str = "v1",
        task: Record | None = None,
        sidecars: Sequence[Record] = (),
        **container: object,
    ) -> str:
        """A task definition's ARN; `task` and the rest are its own and its container's further members.

        `sidecars` are further containers of the same image, each with its name at least.
        """
        environment = [{"name": "VERSION", "value": version}, {"name": "FAULT", "value": fault}]
        definition = {
            "name": "probe",
            "image": f"{self.image}:{tag}",
            "portMappings": [{"containerPort": PORT}],
            "environment": environment,
            "stopTimeout": 3,
            **container,
        }
        registered = self.client("ecs").register_task_definition(
            family=self.name,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            containerDefinitions=[definition, *({"image": definition["image"], **one} for one in sidecars)],
            **{"cpu": "512", "memory": "1024", "executionRoleArn": _EXECUTION_ROLE, **(task or {})},
        )
        return str(registered["taskDefinition"]["taskDefinitionArn"])

    def create_service(self, definition: str, *, desired: int = 1, grace_seconds: int = 0, **more: object) -> None:
        assert self.balancer_arn
        self.client("ecs").create_cluster(clusterName=self.name)
        self.client("ecs").create_service(
            cluster=self.name,
            serviceName=self.name,
            taskDefinition=definition,
            desiredCount=desired,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
            loadBalancers=[{"targetGroupArn": self.group_arn, "containerName": "probe", "containerPort": PORT}],
            healthCheckGracePeriodSeconds=grace_seconds,
            deploymentConfiguration={
                "maximumPercent": 200,
                "minimumHealthyPercent": 100,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            },
            **more,
        )

    def run_task(self, definition: str, **request: object) -> str:
        """A task of no service; its ARN."""
        ecs = self.client("ecs")
        ecs.create_cluster(clusterName=self.name)
        (task,) = ecs.run_task(
            cluster=self.name,
            taskDefinition=definition,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
            **request,
        )["tasks"]
        return str(task["taskArn"])

    def task(self, arn: str) -> Record:
        (found,) = self.client("ecs").describe_tasks(cluster=self.name, tasks=[arn])["tasks"]
        return found

    def stop_task(self, arn: str) -> None:
        self.client("ecs").stop_task(cluster=self.name, task=arn)
        wait_until(lambda: self.task(arn)["lastStatus"] == "STOPPED", show=lambda: self.task(arn))

    def update_service(self, **changes: object) -> None:
        self.client("ecs").update_service(cluster=self.name, service=self.name, **changes)

    def delete_service(self) -> Record:
        """As it was when its deletion began."""
        return self.client("ecs").delete_service(cluster=self.name, service=self.name, force=True)["service"]

    @property
    def service(self) -> Record:
        described: Record = self.client("ecs").describe_services(cluster=self.name, services=[self.name])
        return described["services"][0]

    @property
    def events(self) -> list[str]:
        return [event["message"] for event in self.service["events"]]

    @property
    def rollout(self) -> tuple[int, str]:
        """How many deployments are listed, and the state of the primary one."""
        listed = self.service["deployments"]
        return len(listed), next(one["rolloutState"] for one in listed if one["status"] == "PRIMARY")

    def tasks(self, status: str = "RUNNING") -> list[Record]:
        ecs = self.client("ecs")
        arns = ecs.list_tasks(cluster=self.name, serviceName=self.name, desiredStatus=status)["taskArns"]
        return ecs.describe_tasks(cluster=self.name, tasks=arns)["tasks"] if arns else []

    def stopped_tasks(self) -> list[Record]:
        """In the order in which they ended; one that is still being stopped is none of them."""
        ended = [task for task in self.tasks("STOPPED") if task["lastStatus"] == "STOPPED"]
        return sorted(ended, key=lambda task: task["stoppedAt"])

    def stopped_task(self) -> Record:
        """The first to end, once it has; the next ones may have ended since."""
        wait_until(self.stopped_tasks, show=lambda: self.service)
        return self.stopped_tasks()[0]

    @contextmanager
    def engine_container(self, task_arn: str | None = None) -> Iterator[Container]:
        """The one container of that task, or of the service's one task, as the engine knows it."""
        engine = container_engine.running(self.local_aws)
        assert engine
        with engine.client() as client:
            label = f"{_LABELS}.task-arn={task_arn or self.tasks()[0]['taskArn']}"
            (container,) = client.containers.list(filters={"label": label})
            yield container

    def engine_states(self, task: Record) -> dict[str, dict[str, Any]]:
        """Of a task's containers, also ended ones, by name: what the engine says of their run, to the microsecond."""
        engine = container_engine.running(self.local_aws)
        assert engine
        with engine.client() as client:
            found = client.containers.list(all=True, filters={"label": f"{_LABELS}.task-arn={task['taskArn']}"})
            states = {one.labels.get(f"{_LABELS}.container-name"): one.attrs["State"] for one in found}
        return {
            name: {**state, **{at: parse_timestamp(state[at]) for at in ("StartedAt", "FinishedAt")}}
            for name, state in states.items()
            if name  # what holds the task's network has none
        }

    def engine_containers(self, name: str) -> list[str]:
        """Those, also ended ones, with this in their names."""
        engine = container_engine.running(self.local_aws)
        assert engine
        with engine.client() as client:
            # docker-py's own list looks at each in a second request, when podman may be removing it
            found: list[Record] = client.api.containers(all=True, filters={"name": name})
        return [one["Names"][0].removeprefix("/") for one in found]

    @property
    def target_health(self) -> list[tuple[str, str]]:
        """State and reason of each target."""
        described = self.client("elbv2").describe_target_health(TargetGroupArn=self.group_arn)
        healths = [one["TargetHealth"] for one in described["TargetHealthDescriptions"]]
        return sorted((health["State"], health.get("Reason", "")) for health in healths)

    def log_messages(self, task: Record, container: str = "probe") -> list[str]:
        """Of one task only: the lines of the next one come between them."""
        return [event["message"] for event in self.log_events(task, container)]

    def log_events(self, task: Record, container: str) -> list[Record]:
        stream = f"probe/{container}/{task['taskArn'].rpartition('/')[2]}"
        logs = self.client("logs")
        with suppress(logs.exceptions.ResourceNotFoundException):  # nothing is written yet
            return logs.get_log_events(logGroupName=self.log_group, logStreamName=stream, startFromHead=True)["events"]
        return []

    def get(self, path: str, *, timeout_seconds: float = 60) -> Answer:
        """Through the load balancer."""
        request = f"{self.local_aws.endpoint}/_alb/{self.name}{path}"
        try:
            with urllib.request.urlopen(request, timeout=timeout_seconds) as response:  # noqa: S310 - our own address
                return Answer(response.status, response.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read().decode())

    def wait_steady(self) -> None:
        wait_until(lambda: self.rollout == (1, "COMPLETED"), show=lambda: self.service)


def wait_until(condition: Callable[[], object], *, show: Callable[[], object] = lambda: "") -> None:
    """No measure of speed: what has not come after minutes, even on a busy machine, never comes."""
    deadline = time.monotonic() + _NEVER_AFTER_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {_NEVER_AFTER_SECONDS} s: {show()}"
        time.sleep(_POLL_SECONDS)
