"""An environment's stack, deployed and taken away again: Terraform does it, and ECS says whether it is so."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from local_aws import container_engine
from operate import (
    aws,
    deployment_lock,
    embedded_aws,
    first_answer,
    image_tags,
    images,
    progress,
    registry,
    rollout,
    stack,
)
from operate.errors import OperateError
from operate.image_reference import ImageReference
from operate.rollout import Outcome
from operate.service import Service, id_of
from operate.terraform import shown
from operate.terraform_errors import how_to_restore

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from local_aws.instance import Client, LocalAws
    from operate.aws import Aws
    from operate.image_tags import ImageTag
    from operate.stack import Stack


@dataclass(frozen=True)
class Planned:
    """`document` is `terraform show -json`'s; `warning` is what is wrong with the state that it was planned on."""

    stack: Stack
    document: dict[str, Any]
    image_tag: ImageTag
    warning: str | None


@dataclass(frozen=True)
class Deployed:
    """`why_nothing_answers` where the embedded AWS has no container engine, and tasks are bookkeeping."""

    service: Service
    image_tag: ImageTag
    why_nothing_answers: str | None


@dataclass(frozen=True)
class Destroyed:
    """`resources` is how many Terraform managed, `revisions` are ARNs of the stack's task definition."""

    resources: int
    revisions: list[str]


def service_of(connected: Aws) -> Service:
    """By the name that the stack gives to cluster and service alike."""
    name = connected.settings.name_prefix
    return Service(connected, cluster=name, name=name)


def deploy(environment: str, *, image_tag: str | None) -> Deployed:
    """Returns once that image serves. On the embedded AWS the sample API is built, under the tag, before.

    Raises OperateError that says why where ECS rolled back, or where nothing came into service.
    """
    connected = aws.connect(environment)
    with exclusively(connected), aws.answering(f"AWS did not answer for {environment!r}"):
        return _deploy(connected, asked=image_tag)


def exclusively(connected: Aws) -> AbstractContextManager[None]:
    """One command at a time on what is deployed in the embedded AWS; elsewhere Terraform's lock does that."""
    return deployment_lock.held(connected.local_aws) if connected.local_aws else contextlib.nullcontext()


def prepare(connected: Aws) -> Stack:
    prepared = stack.prepare(connected.settings.name)
    prepared.init()
    return prepared


def plan(environment: str, *, image_tag: str | None) -> Planned:
    """Needs no more of the caller than Terraform does: where ECS can't be asked, it says so and plans on."""
    connected = aws.connect(environment)
    with exclusively(connected):
        prepared, service = prepare(connected), service_of(connected)
        image = _image_if_told(service)
        tag = image_tags.choose(image_tag, deployed_image=image, settings=connected.settings)
        warning = _unknown_to_state(prepared, service, image) if image else None
        return Planned(prepared, prepared.plan(image_tag=tag.name), tag, warning)


def _image_if_told(service: Service) -> str | None:
    try:
        with aws.answering(f"ECS did not say which image {service.name} runs, which the plan may change"):
            return service.image()
    except OperateError as error:
        progress.console.print(str(error), style="yellow")
        return None


def _unknown_to_state(prepared: Stack, service: Service, image: str) -> str | None:
    """What is wrong where the stack's service runs `image`, and its state does not know it; None where it does."""
    state, settings = prepared.state(), prepared.settings
    if state.knows_service(service.name):
        return None
    where, name = f"The state at {settings.backend.address}", service.name
    backend = f"Is [backend] in environments/{settings.name}.toml the right one?"
    if not state.managed:
        return (
            f"{where} knows nothing, but the service {name} runs {image}. {backend} {how_to_restore(settings.backend)}"
        )
    take_over = f"terraform -chdir={shown(prepared.folder)} import -var image_tag={ImageReference.of(image).tag}"
    return (
        f"{where} does not know the service {name}, which runs {image}. {backend} If the service is this stack's: "
        f"{take_over} aws_ecs_service.service {service.cluster}/{name}"
    )


def _require_known(prepared: Stack, service: Service, image: str | None) -> None:
    wrong = _unknown_to_state(prepared, service, image) if image else None
    if wrong:
        raise OperateError(f"Nothing was changed. {wrong}")


def _deploy(connected: Aws, *, asked: str | None) -> Deployed:
    cloud = connected.local_aws
    if cloud:
        embedded_aws.up(cloud, containers=True)
    else:
        connected.check_caller()
    prepared, service = prepare(connected), service_of(connected)
    image = service.image()
    tag = image_tags.choose(asked, deployed_image=image, settings=connected.settings)
    progress.console.print(str(tag))
    _require_known(prepared, service, image)
    moved = cloud is not None and _publish_sample(connected, cloud, tag=tag.name)
    began = datetime.now(timezone.utc)
    with first_answer.recorded(service):
        before = service.find()
        _apply(prepared, service, image_tag=tag.name, began=began)
        _require_asked(service, image_tag=tag.name, began=began)
        if moved and before and before["taskDefinition"] == service.read()["taskDefinition"]:
            service.ecs.update_service(cluster=service.cluster, service=service.name, forceNewDeployment=True)
        _await_completion(service, began=began)
    return Deployed(service, tag, _why_nothing_answers(cloud) if cloud else None)


def _why_nothing_answers(cloud: LocalAws) -> str | None:
    if container_engine.running(cloud):
        return None
    return container_engine.why_none() or "The container engine does not answer."


def _publish_sample(connected: Aws, cloud: LocalAws, *, tag: str) -> bool:
    """Whether the tag, if it was there before, names another image now: Terraform can't see that."""
    engine = container_engine.running(cloud)
    if engine is None and shutil.which("go") is None:
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


def _apply(prepared: Stack, service: Service, *, image_tag: str, began: datetime) -> None:
    try:
        prepared.apply(image_tag=image_tag)
    except OperateError as error:
        raise _with_reasons(str(error), service, began) from None


def _require_asked(service: Service, *, image_tag: str, began: datetime) -> None:
    """Whatever Terraform says: what ECS runs is what counts."""
    repository, image = service.aws.settings.image.repository, service.image()
    found = ImageReference.of(image) if image else None
    if found is None or (found.name, found.tag) != (repository, image_tag):
        said = (
            f"{repository}:{image_tag} was asked for, and {service.name} runs {image or 'nothing'}. See that nothing "
            "else deploys it at the same time, and deploy again."
        )
        raise _with_reasons(said, service, began)


def _with_reasons(said: str, service: Service, began: datetime) -> OperateError:
    return OperateError("\n\n".join(filter(None, (said, rollout.explain(service, since=began)))))


def _await_completion(service: Service, *, began: datetime) -> None:
    """The provider calls a first deployment stable as soon as its tasks run, healthy or not."""
    revision = service.read()["taskDefinition"]
    minutes = service.aws.settings.deployment.steady_state_timeout_minutes
    with progress.step(f"waiting for the rollout of {id_of(revision)}"):
        outcome = rollout.await_outcome(service, revision, within_seconds=minutes * 60)
    if outcome is not Outcome.COMPLETED:
        explained = rollout.explain(service, since=began)
        raise OperateError(explained or f"{id_of(revision)} did not come into service: its rollout is {outcome.value}.")


def destroy(environment: str) -> Destroyed:
    """Also the revisions that the stack keeps for a rollback; nothing of anybody else's."""
    connected = aws.connect(environment)
    with exclusively(connected), aws.answering(f"AWS did not answer for {environment!r}"):
        if connected.local_aws is None:
            connected.check_caller()
        prepared, service = prepare(connected), service_of(connected)
        _require_known(prepared, service, service.image())
        resources = prepared.state().managed
        prepared.destroy()
        _require_gone(prepared, service)
        revisions = service.revisions()
        for revision in revisions:
            service.ecs.deregister_task_definition(taskDefinition=revision)
    return Destroyed(len(resources), revisions)


def _require_gone(prepared: Stack, service: Service) -> None:
    """Whatever Terraform says: its state is empty, and ECS has no such service."""
    left = [f"{resource.type}.{resource.name}" for resource in prepared.state().managed]
    if left:
        raise OperateError(f"{service.name} is not destroyed, its state still has {', '.join(left)}: destroy it again.")
    if service.find():
        raise OperateError(f"{service.name} still runs in ECS, though Terraform destroyed all that it knew.")
