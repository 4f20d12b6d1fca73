"""An environment's stack planned, deployed and taken away again: Terraform does it, and ECS says whether it is so."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from operate import image_tags, launch_type
from operate.environment import answering, said_if_not_told
from operate.errors import OperateError
from operate.image_tags import ImageReference
from operate.local import deployment_lock, embedded_aws, sample_image
from operate.plan import plan_changes, plan_decisions, plan_lookups, unrecorded
from operate.release import before_release, releases, rollback
from operate.release.releases import Verdict
from operate.running import alarms, rollout, startup_time
from operate.service import Service, id_of
from operate.terraform_cli import provider_process

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from contextlib import AbstractContextManager

    from operate.environment import Environment
    from operate.image_tags import ImageTag
    from operate.plan.plan_decisions import Allowance
    from operate.plan.unrecorded import Unrecorded
    from operate.release.before_release import BeforeRelease
    from operate.terraform_cli.provider_process import ProviderProcess
    from operate.terraform_cli.stack import Stack


@dataclass(frozen=True)
class Planned:
    """`document` is `terraform show -json`'s; `warning` is what is wrong with the state that it was planned on.

    `deployed_image` is what runs, None where nothing does or ECS did not say; `before` is what is to run first;
    `not_checked` are sentences about what the caller may not ask AWS.
    """

    document: dict[str, Any]
    image_tag: ImageTag
    deployed_image: ImageReference | None
    warning: str | None = None
    before: BeforeRelease | None = None
    not_checked: tuple[str, ...] = ()

    @property
    def image_digest(self) -> str | None:
        return plan_changes.planned_output(self.document, "image_digest")

    @property
    def moved_tag(self) -> str | None:
        """That the tag which is deployed now names another image; None where it does not."""
        tag, deployed, planned = self.image_tag.name, self.deployed_image, self.image_digest
        if deployed is None or deployed.tag != tag or deployed.digest is None or deployed.digest == planned:
            return None
        return f"{tag} now names another image: {planned} instead of {deployed.digest}, which runs"


@dataclass(frozen=True)
class Deployed:
    """`revision` (`family:number`) and `image` are what ECS says that serves.

    `why_nothing_answers` where no task is wanted, or where the embedded AWS has no container engine.
    """

    service: Service
    revision: str
    image: ImageReference
    why_nothing_answers: str | None


@dataclass(frozen=True)
class Destroyed:
    """`resources` is how many Terraform managed, `revisions` are ARNs of the stack's task definition."""

    resources: int
    revisions: list[str]


def plan(environment: Environment, *, image_tag: str | None) -> Planned:
    """Needs no more of the caller than Terraform does: where ECS can't be asked, it says so and plans on."""
    service = Service.of(environment)
    with deployment_lock.held(environment.local_aws), environment.answering(), _provider(environment) as provider:
        loading = threading.Thread(target=environment.load_clients, args=[unrecorded.ASKED], daemon=True)
        loading.start()  # while another program synthesizes
        stack = environment.prepare_stack()
        if provider:
            stack = dataclasses.replace(stack, terraform=provider.attached(stack.terraform))
        image = _image_if_told(service)
        tag = image_tags.choose(image_tag, deployed_image=image, settings=environment.settings)
        found = _unrecorded_if_told(environment, stack)
        warning = _of_unrecorded(found, stack) or (_in_the_way(service) if image else None)
        document, not_checked = _looked_up(environment, stack, tag=tag, imports=found)
        before = before_release.planned(document, environment.settings)
        return Planned(document, tag, image, warning, before, not_checked)


def _provider(environment: Environment) -> AbstractContextManager[ProviderProcess | None]:
    """For the embedded AWS alone: what a caller's own credentials and certificates need is Terraform's to care for."""
    return provider_process.beside(environment.stack.terraform) if environment.local_aws else contextlib.nullcontext()


def _looked_up(
    environment: Environment, stack: Stack, *, tag: ImageTag, imports: Sequence[Unrecorded]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The plan's document, and what could not be checked. Raises OperateError for what is wrong, and leaves no plan."""
    with plan_lookups.beside(environment, image_tag=tag.name) as findings:
        document = stack.plan(image_tag=tag.name, imports=unrecorded.import_ids(imports))
        found = findings()
    if found.wrong:
        stack.forget_plan()
        raise OperateError("\n".join(["Nothing was changed. No task could start:", *found.wrong]))
    return document, found.not_checked


def _in_the_way(service: Service) -> str | None:
    return launch_type.in_the_way(service) or alarms.left_over(service)


def _unrecorded_if_told(environment: Environment, stack: Stack) -> list[Unrecorded]:
    with said_if_not_told():
        return unrecorded.imports(environment, stack)
    return []


def _of_unrecorded(found: Sequence[Unrecorded], stack: Stack) -> str | None:
    return unrecorded.warning(found, stack) if found else None


def _image_if_told(service: Service) -> ImageReference | None:
    with said_if_not_told(), answering(f"ECS did not say which image {service.name} runs, which the plan may change"):
        return service.image()
    return None


def deploy(
    environment: Environment, *, image_tag: str | None, show: Callable[[Planned], None], allow: Collection[Allowance]
) -> Deployed:
    """Applies the plan that `show` has shown, after what `release.before` says, and returns once that image serves.

    On the embedded AWS the sample API is built, under the tag, before. Raises DecisionNeededError where the plan does
    what is not in `allow`, with nothing changed, and OperateError that says why where ECS rolled back, or where nothing
    came into service.
    """
    with _ready(environment) as (service, stack):
        image = service.image()
        tag = image_tags.choose(image_tag, deployed_image=image, settings=environment.settings)
        found = unrecorded.imports(environment, stack)
        launch_type.require_none(service)
        alarms.require_none_left_over(service)
        sample_image.publish(environment, tag=tag.name)
        planned_on = stack.state() if environment.settings.release.before else None
        document, not_checked = _looked_up(environment, stack, tag=tag, imports=found)
        before = before_release.planned(document, environment.settings, planned_on=planned_on)
        planned = Planned(document, tag, image, _of_unrecorded(found, stack), before, not_checked)
        return _applied(service, stack, planned, show=show, allow=allow)


def roll_back(
    environment: Environment, *, to: int | None, show: Callable[[Planned], None], allow: Collection[Allowance]
) -> Deployed:
    """As `deploy`, of the image that revision `to` runs, or else the last release that served.

    Nothing is built, and `release.before` is not run: it was made for a new image.
    """
    with _ready(environment) as (service, stack):
        release = rollback.target(service, to=to)
        left, image = service.read()["taskDefinition"], service.image()
        tag = rollback.image_tag(environment, release)
        found = unrecorded.imports(environment, stack)
        launch_type.require_none(service)
        alarms.require_none_left_over(service)
        document, not_checked = _looked_up(environment, stack, tag=tag, imports=found)
        planned = Planned(document, tag, image, _of_unrecorded(found, stack), not_checked=not_checked)
        deployed = _applied(service, stack, planned, show=show, allow=allow)
        if image != release.image:
            releases.write(service, left, Verdict.ROLLED_BACK)
    return deployed


@contextlib.contextmanager
def _ready(environment: Environment) -> Iterator[tuple[Service, Stack]]:
    with deployment_lock.held(environment.local_aws), environment.answering():
        environment.check_caller()
        yield Service.of(environment), environment.prepare_stack(containers=True)


def _applied(
    service: Service,
    stack: Stack,
    planned: Planned,
    *,
    show: Callable[[Planned], None],
    allow: Collection[Allowance],
) -> Deployed:
    show(planned)
    plan_decisions.require_allowed(planned.document, allow)
    if planned.before:
        before_release.run(service, planned.before, stack)
    began = datetime.now(timezone.utc)
    with releases.recorded(service), startup_time.recorded(service):
        with rollout.explained(service, since=began):
            stack.apply()
            service.require_image(planned.image_tag.name, planned.image_digest)
        rollout.require_completed(service, since=began)
    found = service.read()
    revision = found["taskDefinition"]
    serving = ImageReference.of_container(service.container(revision))
    return Deployed(service, id_of(revision), serving, _why_nothing_answers(service, desired=found["desiredCount"]))


def _why_nothing_answers(service: Service, *, desired: int) -> str | None:
    if why := embedded_aws.why_no_containers(service.environment.local_aws):
        return f"no container runs and nothing answers: tasks are bookkeeping here. {why}"
    if desired:
        return None
    return "nothing answers: the desired count is 0. Whether its tasks start shows when the next one is wanted."


def move_to_capacity_providers(environment: Environment) -> bool:
    """Whether the service had a launch type; returns once it has none, and its tasks run on capacity providers."""
    service = Service.of(environment)
    with deployment_lock.held(environment.local_aws), environment.answering():
        environment.check_caller()
        if service.find() is None:
            raise OperateError(f"There is no service {service.name}: nothing is deployed that could be moved.")
        had_one = launch_type.service_has_launch_type(service)
        if had_one:
            launch_type.move_service(service)
    return had_one


def destroy(environment: Environment) -> Destroyed:
    """Also the revisions that the stack keeps for a rollback; nothing of anybody else's."""
    service = Service.of(environment)
    with deployment_lock.held(environment.local_aws), environment.answering():
        environment.check_caller()
        stack = environment.prepare_stack()
        stack.take_in(unrecorded.import_ids(unrecorded.imports(environment, stack)))
        resources, cluster = stack.state().managed, service.cluster
        stack.destroy()
        _require_gone(stack, service, cluster)
        revisions = service.revisions()
        for revision in revisions:
            service.ecs.deregister_task_definition(taskDefinition=revision)
        before_release.deregister_copies(service)
    return Destroyed(len(resources), revisions)


def _require_gone(stack: Stack, service: Service, cluster: str) -> None:
    """Whatever Terraform says: its state is empty, and ECS has no such service."""
    left = [f"{resource.type}.{resource.name}" for resource in stack.state().managed]
    if left:
        raise OperateError(f"{service.name} is not destroyed, its state still has {', '.join(left)}: destroy it again.")
    if service.find():
        raise OperateError(
            f"{service.name} still runs in the cluster {cluster}, though Terraform destroyed all that it knew."
        )
