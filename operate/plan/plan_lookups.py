"""What a plan names and Terraform does not look up: secrets, the image's platform, somebody else's cluster.

What cannot work is refused, as an image that was never pushed is. What the caller may not ask AWS is not checked, and
the plan says so. All of it is asked while Terraform plans.
"""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from operate.environment import NotToldError, answering
from operate.plan import cluster_capacity, image_configuration
from operate.plan.image_configuration import ARCHITECTURES
from stacks.settings import is_arn
from stacks.settings.messages import dotted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient

    from operate.environment import Environment

_AT_ONCE: Final = 8
_NAMES_AT_ONCE: Final = 25  # half of what a filter takes: a parameter's name may have a slash in front, or none
_PARTS_OF_AN_ARN: Final = 7


@dataclass(frozen=True)
class Findings:
    """Sentences: what cannot work, and what could not be asked, or is not there yet."""

    wrong: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()

    def __add__(self, other: Findings) -> Findings:
        return Findings(self.wrong + other.wrong, self.not_checked + other.not_checked)


@dataclass(frozen=True)
class Secret:
    """`id_` is its ARN, without what may follow it in a container definition, or the path of a parameter.

    `key` is the setting that names it.
    """

    id_: str
    key: str
    service: str
    region: str
    is_foreign: bool

    def __str__(self) -> str:
        return f"{self.id_} ({self.key})"


@contextlib.contextmanager
def beside(environment: Environment, *, image_tag: str) -> Iterator[Callable[[], Findings]]:
    """Asks while the body runs; what it gives waits for the answers. An error of the body waits for nothing."""
    yield _begun(partial(_findings, environment, image_tag)).result


def _begun(work: Callable[[], Findings]) -> Future[Findings]:
    """In a thread that ends with the process: Python waits at its exit for those of a ThreadPoolExecutor."""
    future = Future[Findings]()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _findings(environment: Environment, image_tag: str) -> Findings:
    try:
        with answering("Not checked: whether the secrets exist, and which platform the image is built for"):
            checks = [*_checks(environment, image_tag)]  # boto3 makes its clients in one thread only
    except NotToldError as error:
        return Findings(not_checked=(str(error),))
    at_once = threading.Semaphore(_AT_ONCE)
    answers = [_begun(partial(_answer, check, at_once)) for check in checks]
    return sum((answer.result() for answer in answers), Findings())


def _answer(check: Callable[[], Findings], at_once: threading.Semaphore) -> Findings:
    try:
        with at_once:
            return check()
    except NotToldError as error:
        return Findings(not_checked=(str(error),))


def _checks(environment: Environment, image_tag: str) -> Iterator[Callable[[], Findings]]:
    if not environment.settings.has_own_cluster:
        yield partial(_of_cluster, environment, environment.client("ecs"))
    if environment.settings.alarms.notify:
        yield partial(_of_topic, environment.settings.alarms.notify, environment.client("sns"))
    if environment.settings.alarms.roll_back_alarm_names:
        names = environment.settings.alarms.roll_back_alarm_names
        yield partial(_of_alarms, names, environment.client("cloudwatch"))
    ecr = environment.client("ecr")
    yield partial(_of_platform, environment, ecr, image_tag)
    if environment.settings.container.scratch_volumes and not _is_root(environment.settings.container.user):
        yield partial(_of_volumes, environment, ecr, image_tag)
    secrets = sorted(_secrets(environment), key=lambda one: (one.service, one.region, one.id_))
    for (service, region), of_place in groupby(secrets, key=lambda one: (one.service, one.region)):
        if service == "secretsmanager":
            manager = environment.client("secretsmanager", region=region)
            yield from (partial(_of_secret, manager, secret) for secret in of_place)
        else:
            store, parameters = environment.client("ssm", region=region), [*of_place]
            for at in range(0, len(parameters), _NAMES_AT_ONCE):
                yield partial(_of_parameters, store, parameters[at : at + _NAMES_AT_ONCE])


def _secrets(environment: Environment) -> Iterator[Secret]:
    """Each once, whatever is read of it, under the first of its keys."""
    settings, seen = environment.settings, set[str]()
    for place, value in sorted(settings.container.secrets_by_place.items()):
        id_ = ":".join(value.split(":")[:_PARTS_OF_AN_ARN])
        if id_ not in seen:
            seen.add(id_)
            _, _, service, region, account, *_ = (
                id_.split(":") if is_arn(id_) else ("", "", "ssm", settings.region, settings.account_id)
            )
            yield Secret(id_, dotted(("container", *place)), service, region, is_foreign=account != settings.account_id)


def _of_secret(manager: SecretsManagerClient, secret: Secret) -> Findings:
    """By its description, which has no value in it. Of another account AWS may deny what is there."""
    with answering(f"Not checked: whether there is a secret {secret}"):
        try:
            found = manager.describe_secret(SecretId=secret.id_)
        except manager.exceptions.ResourceNotFoundException:
            if secret.is_foreign:
                raise
            return Findings(wrong=(f"There is no secret {secret}.",))
    deleted = found.get("DeletedDate") is not None
    return Findings(wrong=(f"The secret {secret} is to be deleted, and cannot be read.",) if deleted else ())


def _of_parameters(store: SSMClient, parameters: Sequence[Secret]) -> Findings:
    """By their descriptions. Another account's are in none, and an ARN does not tell whether a name begins with /."""
    foreign = tuple(
        f"Not checked: whether there is a parameter {one}, since it is another account's."
        for one in parameters
        if one.is_foreign
    )
    names = {one: one.id_.rpartition(":parameter/")[2].removeprefix("/") for one in parameters if not one.is_foreign}
    if not names:
        return Findings(not_checked=foreign)
    values = [form for name in names.values() for form in (name, f"/{name}")]
    with answering(f"Not checked: whether there are the parameters {', '.join(map(str, names))}"):
        pages = store.get_paginator("describe_parameters").paginate(
            ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": values}]
        )
        found = {parameter["Name"].removeprefix("/") for page in pages for parameter in page["Parameters"]}
    missing = tuple(f"There is no parameter {one}." for one, name in names.items() if name not in found)
    return Findings(missing, foreign)


def _of_cluster(environment: Environment, ecs: ECSClient) -> Findings:
    name = environment.cluster_name
    with answering(f"Not checked: which capacity providers the cluster {name} has"):
        lack = cluster_capacity.lacks(environment, ecs)
    return Findings(wrong=(lack,) if lack else ())


def _of_topic(arn: str, sns: Any) -> Findings:  # noqa: ANN401 - its types are not installed
    """CloudWatch takes a topic that is not there, and tells nobody."""
    with answering(f"Not checked: whether there is a topic {arn} (alarms.notify)"):
        try:
            sns.get_topic_attributes(TopicArn=arn)
        except sns.exceptions.NotFoundException:
            return Findings(not_checked=(f"There is no topic {arn} (alarms.notify) yet: until then nobody is told.",))
    return Findings()


def _of_alarms(names: Sequence[str], cloudwatch: CloudWatchClient) -> Findings:
    """ECS takes names of alarms that are not there, and looks at nothing."""
    with answering(f"Not checked: whether there are the alarms {', '.join(names)} (alarms.roll_back_alarm_names)"):
        pages = cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        found = {one["AlarmName"] for page in pages for one in (*page["MetricAlarms"], *page["CompositeAlarms"])}
    return Findings(
        not_checked=tuple(
            f"There is no alarm {name} (alarms.roll_back_alarm_names) yet: until then it rolls no deployment back."
            for name in names
            if name not in found
        )
    )


def _of_platform(environment: Environment, ecr: ECRClient, tag: str) -> Findings:
    settings = environment.settings
    image, wanted = f"{settings.image.repository}:{tag}", settings.container.cpu_architecture
    with answering(f"Not checked: whether the image {image} is built for {wanted}"):
        built_for = [ARCHITECTURES.get(one, one) for one in image_configuration.architectures(environment, ecr, tag)]
    if not built_for or wanted in built_for:
        return Findings()
    other = f', or set container.cpu_architecture = "{built_for[0]}"' if built_for[0] in ARCHITECTURES.values() else ""
    built = f"The image {image} is built for {' and '.join(built_for)}"
    return Findings(wrong=(f"{built}, and container.cpu_architecture is {wanted}: build it for that{other}.",))


def _is_root(user: str) -> bool:
    return user.partition(":")[0].strip("0") in {"", "root"}


def _of_volumes(environment: Environment, ecr: ECRClient, tag: str) -> Findings:
    """Amazon ECS Developer Guide, "Use bind mounts"."""
    image, container = f"{environment.settings.image.repository}:{tag}", environment.settings.container
    with answering(f"Not checked: which volumes the image {image} declares"):
        declared = image_configuration.volumes(environment, ecr, tag)
    return Findings(
        not_checked=tuple(
            f"The image {image} declares no VOLUME {path} (container.scratch_volumes): the volume is root's then, and"
            f" the user {container.user} cannot write to it. docs/container.md has the lines for its Dockerfile."
            for path in container.scratch_volumes
            if declared is not None and path not in declared
        )
    )
