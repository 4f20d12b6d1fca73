"""What is too large for AWS by what the settings say alone, before anything else is counted in.

The rest is known at plan, where `constructs_lib` refuses it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from constructs_lib.quotas import container_bytes, containers_remedy, policy_remedy
from stacks.settings import task_containers
from stacks.settings.base import Refusal
from stacks.settings.tables.image import IMAGE_TAG_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.container_definition import ContainerDefinition
    from constructs_lib.container_logging import AwsLogs
    from constructs_lib.sidecar import Sidecar
    from stacks.settings.tables.container import Container
    from stacks.settings.tables.service import Service
    from stacks.settings.tables.task_role import TaskRole

_UNLIMITED = (  # by themselves
    "secrets",
    "environment",
    "docker_labels",
    "command",
    "entry_point",
    "working_directory",
    "health_check",
    "awsfirelens",
    "firelens",
    "scratch_volumes",
    "efs_volumes",
)
_DIGEST = f"sha256:{'0' * 64}"
_PARTS_OF_A_SECRET = 7  # of its ARN; a JSON key, a stage and a version may follow


def too_large_for_ecs(
    container: Container, service: Service, *, registry_id: str, region: str, repository: str, awslogs: AwsLogs
) -> Iterator[Refusal]:
    """With an image's name as long as the real one; a tag is a character at least. `region` is the image's."""
    image = f"{registry_id}.dkr.ecr.{region}.amazonaws.com/{repository}@{_DIGEST}"
    main = task_containers.application(container, service, image=image, docker_labels={IMAGE_TAG_LABEL: "1"})
    containers: list[ContainerDefinition | Sidecar] = [main, *task_containers.sidecars(container, service)]
    documents = [each.document(awslogs=awslogs) for each in containers]
    if remedy := containers_remedy(documents):
        largest = _largest(container, [container_bytes(each) for each in documents])
        yield Refusal(("container", *largest), None, remedy)


def _largest(container: Container, sizes: list[int]) -> tuple[str | int, ...]:
    """What to shorten: in the largest of the containers, its largest member."""
    at = sizes.index(max(sizes))
    place, holder = (("sidecars", at - 1), container.sidecars[at - 1]) if at else ((), container)
    return (*place, max(_UNLIMITED, key=lambda name: len(str(getattr(holder, name, "")))))


def too_many_secrets_for_iam(container: Container) -> Iterator[Refusal]:
    """Each secret's ARN is in the execution role's policy, once."""
    secrets = container.secrets_by_place.values()
    arns = sorted({":".join(secret.split(":")[:_PARTS_OF_A_SECRET]) for secret in secrets})
    if remedy := policy_remedy(
        json.dumps(arns), what=f"the list of {len(arns)} secrets in the execution role's policy"
    ):
        yield Refusal(("secrets",), None, f"{remedy}: several values can be keys of one secret, <ARN>:<key>::")


def too_many_statements_for_iam(task_role: TaskRole) -> Iterator[Refusal]:
    granted = [[each.actions, each.resources, each.conditions] for each in task_role.statements]
    what = "what the statements name in the task role's policy"
    if remedy := policy_remedy(json.dumps(granted, ensure_ascii=False), what=what):
        yield Refusal(("statements",), None, f"{remedy}: * can stand for a part of an action or a resource")
