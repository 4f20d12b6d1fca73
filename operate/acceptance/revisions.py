"""The revisions of the task definition that the checks release: a good one, and each kind of broken one.

On the embedded AWS they are images of the sample API, built here. In a real account they are made of the very image
that is deployed, by its container's settings: whatever the API is, it can't serve on another port.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal

from local_aws import container_engine
from operate import images, registry

if TYPE_CHECKING:
    from operate.aws import Aws

    Record = dict[str, Any]

Kind = Literal["next", "crash-at-start", "unhealthy", "missing-image"]

_FAULTS: dict[Kind, images.Fault | None] = {"next": None, "crash-at-start": "crash-at-start", "unhealthy": "unhealthy"}
_OTHER_PORT_OFFSET = 1
_READ_ONLY = frozenset(
    {
        "taskDefinitionArn",
        "revision",
        "status",
        "requiresAttributes",
        "compatibilities",
        "registeredAt",
        "registeredBy",
        "deregisteredAt",
        "deregisteredBy",
    }
)


def tag_of(kind: Kind) -> str:
    return f"acceptance-{kind}"


def publish_images(aws: Aws) -> None:
    """Pushes the sample API's versions to the embedded ECR; a real registry is not touched."""
    if aws.local_aws is None:
        return
    name = aws.settings.image.repository
    repository = registry.repository(aws.client("ecr"), name, endpoint=aws.local_aws.endpoint)
    engine, architecture = container_engine.running(aws.local_aws), aws.settings.container.cpu_architecture
    for kind, fault in _FAULTS.items():
        image = images.build(version=tag_of(kind), fault=fault, architecture=architecture, engine=engine)
        registry.push(image, repository, tag=tag_of(kind))


def withdraw_images(aws: Aws) -> None:
    if aws.local_aws:
        tags = [{"imageTag": tag_of(kind)} for kind in _FAULTS]
        aws.client("ecr").batch_delete_image(repositoryName=aws.settings.image.repository, imageIds=tags)


def request(definition: Record, kind: Kind, *, built: bool) -> Record:
    """RegisterTaskDefinition's members for the definition, as DescribeTaskDefinition answers it, changed to `kind`.

    `built` says that `publish_images` has put an image of that kind into the repository.
    """
    first, *others = definition["containerDefinitions"]
    kept = {name: value for name, value in definition.items() if name not in _READ_ONLY}
    return {**kept, "containerDefinitions": [{**first, **_changes(first, kind, built=built)}, *others]}


def _changes(container: Record, kind: Kind, *, built: bool) -> Record:
    repository = container["image"].partition("@")[0].rpartition(":")[0]
    if built or kind == "missing-image":
        return {"image": f"{repository}:{tag_of(kind)}"}
    if kind == "crash-at-start":
        return {"entryPoint": ["/there-is-no-such-program"]}
    if kind == "unhealthy":
        port = container["portMappings"][0]["containerPort"] + _OTHER_PORT_OFFSET
        return {"environment": _with(container, "PORT", str(port))}
    return {"environment": _with(container, "ACCEPTANCE_RUN", str(int(time.time())))}


def _with(container: Record, name: str, value: str) -> list[Record]:
    others = [one for one in container.get("environment", []) if one["name"] != name]
    return [*others, {"name": name, "value": value}]
