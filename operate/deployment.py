"""An environment's stack, deployed with `cdktf deploy` and taken away again."""

from __future__ import annotations

import contextlib
import re
import shutil
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from operate import aws, first_answer, generator, images, progress, registry, rollout, stack
from operate.errors import OperateError
from operate.local_cloud import container_engine, lifecycle, state_lock
from operate.progress import StepFailedError
from operate.rollout import Outcome
from operate.service import Service, id_of
from operate.terraform import provider_variables

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from operate.aws import Aws
    from operate.local_cloud.cloud import Client, LocalCloud
    from operate.stack import Stack

_ANY_TAG = "0000000"  # the variable needs a value, which nothing looks at
_UNCHECKED = "-refresh=false"  # what is to go needs neither its image nor sound networks: nothing is looked up
_TERMINAL_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def service_of(connected: Aws) -> Service:
    """By the name that the stack gives to cluster and service alike."""
    name = connected.settings.name_prefix
    return Service(connected, cluster=name, name=name)


def deploy(environment: str, *, image_tag: str | None) -> Service:
    """Returns once the new version serves. On the embedded AWS the sample API is built, under the tag, before.

    Raises OperateError that says why where ECS rolled back, or where nothing came into service.
    """
    connected = aws.connect(environment)
    with exclusively(connected):
        return _deploy(connected, image_tag=image_tag)


def exclusively(connected: Aws) -> AbstractContextManager[None]:
    """One command at a time on what is deployed in the embedded AWS; elsewhere Terraform's lock does that."""
    return lifecycle.deployment_lock(connected.local_cloud) if connected.local_cloud else contextlib.nullcontext()


def prepare(connected: Aws) -> Stack:
    """Synthesized and initialized, with its state free of what a killed command has left in the embedded AWS."""
    prepared, backend = stack.prepare(connected.settings.name), connected.settings.backend
    prepared.terraform.init()
    if connected.local_cloud and backend.type == "s3":
        state_lock.free(connected.local_cloud, prepared.terraform, key=backend.key)
    return prepared


def plan(environment: str, *, image_tag: str | None) -> tuple[Stack, dict[str, Any]]:
    """The plan's document is `terraform show -json`'s; needs no more of the caller than Terraform does."""
    connected = aws.connect(environment)
    with exclusively(connected):
        prepared = prepare(connected)
        return prepared, prepared.plan(image_tag=image_tag)


def _deploy(connected: Aws, *, image_tag: str | None) -> Service:
    moved = False
    if connected.local_cloud:
        lifecycle.up_with_containers(connected.local_cloud)
        image_tag = image_tag or connected.settings.image.default_tag or "v1"
        moved = _publish_sample(connected, connected.local_cloud, tag=image_tag)
    else:
        connected.check_caller()
    prepared, service = prepare(connected), service_of(connected)
    began = datetime.now(timezone.utc)
    with first_answer.recorded(service):
        before = service.find()
        _apply(prepared, service, image_tag=image_tag, began=began)
        if moved and before and before["taskDefinition"] == service.read()["taskDefinition"]:
            service.ecs.update_service(cluster=service.cluster, service=service.name, forceNewDeployment=True)
        _await_completion(service, began=began)
    return service


def _publish_sample(connected: Aws, cloud: LocalCloud, *, tag: str) -> bool:
    """Whether the tag, if it was there before, names another image now: Terraform can't see that."""
    engine = container_engine.running(cloud)
    if engine is None:
        progress.console.print(
            f"{container_engine.why_none()} Tasks are only bookkeeping: nothing will answer.", style="yellow"
        )
        if shutil.which("go") is None:
            return False
    ecr = connected.client("ecr")
    repository = registry.repository(ecr, connected.settings.image.repository, endpoint=cloud.endpoint)
    before = _digest(ecr, repository.name, tag)
    architecture = connected.settings.container.cpu_architecture
    image = images.build(version=tag, architecture=architecture, engine=engine)
    return registry.push(image, repository, tag=tag) != before


def _digest(ecr: Client, repository: str, tag: str) -> str | None:
    found = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])["images"]
    return str(found[0]["imageId"]["imageDigest"]) if found else None


def _apply(prepared: Stack, service: Service, *, image_tag: str | None, began: datetime) -> None:
    try:
        _cdktf("deploy", prepared, image_tag=image_tag)
    except OperateError as error:
        why = rollout.explain(service, since=began)
        raise OperateError("\n\n".join(filter(None, (str(error), why)))) from None


def _cdktf(verb: str, prepared: Stack, *, image_tag: str | None, **variables: str) -> None:
    """`variables` are laid over the environment. What it raises has Terraform's own words."""
    environment = {**prepared.terraform.environment, **variables}
    tag = ["--var", f"image_tag={image_tag}"] if image_tag else []
    command = generator.cdktf(
        *(verb, prepared.folder.name, "--auto-approve", "--skip-synth", "--skip-provider-lock", *tag),
        environment={**environment, **provider_variables(environment)},
    )
    try:
        progress.run(f"cdktf {verb} {prepared.folder.name}", command)
    except StepFailedError as error:
        raise OperateError(stack.explained(terraform_errors(error))) from None


def terraform_errors(error: StepFailedError) -> str:
    """Terraform's errors without cdktf's margin; what cdktf says itself where Terraform said nothing."""
    lines = [_TERMINAL_COLOURS.sub("", line) for line in error.standard_output.splitlines()]
    bare = [re.sub(r"^(?:\S+ )?\s*(?=[╷│╵])", "", line) for line in lines]
    boxed = [line.lstrip("│ ") for line in bare if line.startswith("│")]
    return "\n".join(boxed).strip() if any(line.startswith("Error:") for line in boxed) else str(error)


def _await_completion(service: Service, *, began: datetime) -> None:
    """The provider calls a first deployment stable as soon as its tasks run, healthy or not."""
    revision = service.read()["taskDefinition"]
    minutes = service.aws.settings.deployment.steady_state_timeout_minutes
    with progress.step(f"waiting until {id_of(revision)} serves"):
        outcome = rollout.await_outcome(service, revision, within_seconds=minutes * 60)
    if outcome is not Outcome.COMPLETED:
        explained = rollout.explain(service, since=began)
        raise OperateError(explained or f"{id_of(revision)} did not come into service: its rollout is {outcome.value}.")


def destroy(environment: str) -> list[str]:
    """Also the revisions that the stack keeps for a rollback, whose ARNs are returned; nothing of anybody else's."""
    connected = aws.connect(environment)
    if connected.local_cloud is None:
        connected.check_caller()
    with exclusively(connected):
        prepared, service = prepare(connected), service_of(connected)
        _cdktf("destroy", prepared, image_tag=_ANY_TAG, TF_CLI_ARGS_destroy=_UNCHECKED)
        revisions = service.revisions()
        for revision in revisions:
            service.ecs.deregister_task_definition(taskDefinition=revision)
    return revisions


def deployed_image_tag(service: Service) -> str | None:
    found = service.find()
    if found is None:
        return None
    image: str = service.task_definition(found["taskDefinition"])["containerDefinitions"][0]["image"]
    return image.rpartition(":")[2]
