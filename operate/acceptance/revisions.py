"""The revisions of the task definition that the checks release: a good one, and each kind of broken one.

On the embedded AWS they are images of the sample API, built here. In a real account they are made of the very image
that is deployed, by its container's settings: whatever the API is, it can't serve on another port. To fail on
purpose while it is healthy, it has to be the sample API.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, cast

from operate.image_tags import ImageReference, registry_of
from operate.local import sample_image
from stacks.settings import IMAGE_TAG_LABEL

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import (
        ContainerDefinitionOutputTypeDef,
        KeyValuePairTypeDef,
        RegisterTaskDefinitionRequestTypeDef,
        TaskDefinitionTypeDef,
    )

    from operate.environment import Environment

Kind = Literal["next", "crash-at-start", "unhealthy", "missing-image", "server-errors"]

_FAULTS: dict[Kind, sample_image.Fault | None] = {
    "next": None,
    "crash-at-start": "crash-at-start",
    "unhealthy": "unhealthy",
    "server-errors": "server-errors",
}
_OTHER_PORT_OFFSET = 1


def tag_of(kind: Kind) -> str:
    return f"acceptance-{kind}"


def publish_images(environment: Environment) -> None:
    """Pushes the sample API's versions to the embedded ECR; a real registry is not touched."""
    for kind, fault in _FAULTS.items():
        sample_image.publish(environment, tag=tag_of(kind), fault=fault)


def withdraw_images(environment: Environment) -> None:
    if environment.local_aws:
        settings = environment.settings
        environment.client("ecr").batch_delete_image(
            repositoryName=settings.image.repository,
            imageIds=[{"imageTag": tag_of(kind)} for kind in _FAULTS],
            **registry_of(settings),
        )


def register(
    ecs: ECSClient,
    deployed: TaskDefinitionTypeDef,
    kind: Kind,
    *,
    container: ContainerDefinitionOutputTypeDef,
    built: bool,
    mark: str,
) -> str:
    """The ARN of a revision like the deployed one, but for what makes `container` of that kind; `mark` is a tag's key.

    `built` says that `publish_images` has put an image of that kind into the repository.
    """
    changed = {**container, **_changes(container, kind, built=built and kind != "missing-image")}
    others = [one for one in deployed["containerDefinitions"] if one["name"] != container["name"]]
    taken = ecs.meta.service_model.operation_model("RegisterTaskDefinition").input_shape
    kept = {name: value for name, value in deployed.items() if taken and name in taken.members}
    request = {**kept, "containerDefinitions": [changed, *others], "tags": [{"key": mark, "value": kind}]}
    registered = ecs.register_task_definition(**cast("RegisterTaskDefinitionRequestTypeDef", request))
    return registered["taskDefinition"]["taskDefinitionArn"]


def _changes(container: ContainerDefinitionOutputTypeDef, kind: Kind, *, built: bool) -> dict[str, object]:
    if built or kind == "missing-image":
        image = replace(ImageReference.of_container(container), tag=tag_of(kind), digest=None)
        return {"image": str(image), "dockerLabels": {**container.get("dockerLabels", {}), IMAGE_TAG_LABEL: image.tag}}
    if kind == "crash-at-start":
        return {"entryPoint": ["/there-is-no-such-program"]}
    if kind == "unhealthy":
        port = container["portMappings"][0]["containerPort"] + _OTHER_PORT_OFFSET
        return {"environment": _with(container, "PORT", str(port))}
    return {"environment": _with(container, "ACCEPTANCE_RUN", str(int(time.time())))}


def _with(container: ContainerDefinitionOutputTypeDef, name: str, value: str) -> list[KeyValuePairTypeDef]:
    others = [one for one in container.get("environment", []) if one["name"] != name]
    return [*others, {"name": name, "value": value}]
