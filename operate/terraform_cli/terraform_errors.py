"""What Terraform's errors mean, where they leave out what a person needs: which object, and what to do about it."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from operate.paths import shown
from operate.terraform_cli.terraform import program
from stacks.settings import RemoteBackend, S3Backend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from operate.progress import StepFailedError
    from stacks.settings import Backend, Image, RemoteStates

_NO_REPOSITORY = re.compile(r"reading ECR Repository \(([^)]+)\): couldn't find resource")
_OF_THE_IMAGE = re.compile(
    r"Error: (?P<why>(?:(?!Error: ).)*) with data\.aws_ecr_image\.pushed_image"
    r'\["(?P<repository>[^"]+):(?P<tag>[^":]+)"\]'
)
_NO_IMAGE = re.compile("couldn't find resource|query returned no results")
_DENIED = re.compile(r"not authorized to perform: (ecr:\w+)")
_READ = re.compile(r"data\.terraform_remote_state\.(\w+): (Reading\.\.\.|Read complete)")
_UNREADABLE_LOCK = re.compile(r"into LockInfo struct|Lock Info: ID: Path:")
_HELD_LOCK = re.compile(
    r"Lock Info: ID: (?P<id>\S+) Path: .*?Operation: (?P<operation>\S*) Who: (?P<who>\S*) .*?"
    r"Created: (?P<created>\S+ \S+)"
)
_DRAWN = re.compile(r"[╷│╵]|\x1b\[[0-9;]*m")


def explained(
    error: StepFailedError,
    *,
    folder: Path,
    own: Backend,
    read: RemoteStates | None = None,
    image: Image | None = None,
    embedded: bool = False,
) -> str:
    """Terraform's own words, and then ours.

    `folder` is where it runs, `own` is where it keeps its state, `read` the states of others, `image` what is
    deployed; `embedded` says that the states are in the embedded AWS, which a person's shell does not reach as it is.
    """
    said = " ".join(_DRAWN.sub(" ", error.output).split())
    meanings = [
        *_of_the_repository(said),
        *(_of_the_image(said, image) if image else ()),
        *_of_states(said, error.standard_output, own, read),
        *_of_a_lock(said, folder, embedded=embedded),
        *_of_remote_execution(said, own),
    ]
    if _UNREADABLE_LOCK.search(said):
        meanings.append(unreadable_lock(f"{own.address}.tflock"))
    return "\n\n".join((str(error), *meanings))


def _of_remote_execution(said: str, own: Backend) -> Iterator[str]:
    """https://developer.hashicorp.com/terraform/cloud-docs/workspaces/settings#execution-mode"""
    if isinstance(own, RemoteBackend) and "Saving a generated plan is currently not supported" in said:
        settings = f"https://{own.hostname}/app/{own.organization}/workspaces/{own.workspace}/settings/general"
        yield (
            f"The workspace {own.address} runs Terraform remotely, and such a plan cannot be saved, read and applied "
            f"here: set its Execution Mode to Local (custom), which keeps the state where it is, at {settings}"
        )


def _of_the_repository(said: str) -> Iterator[str]:
    if missing := _NO_REPOSITORY.search(said):
        yield f"ECR has no repository {missing[1]}: create it and push the image, or name another in image.repository."


def _of_the_image(said: str, image: Image) -> Iterator[str]:
    """The provider says the same of a missing image and of a missing repository.

    The latter may be so in another account or region alone: else the repository is looked up first.
    """
    failed = _OF_THE_IMAGE.search(said)
    if failed is None:
        return
    why, repository, tag = failed.groups()
    if denied := _DENIED.search(why):
        policy = f" The repository's policy in account {image.registry_id} has to allow it too."
        yield (
            f"The image {repository}:{tag} may not be looked up, which takes {denied[1]}."
            f"{policy if image.registry_id else ''}"
        )
    elif _NO_IMAGE.search(why):
        account = f" in account {image.registry_id}" if image.registry_id else ""
        place = f"{account} in {image.region}" if image.region else account
        where = f"ECR has no repository {repository}{place}, or it" if place else f"The ECR repository {repository}"
        yield f"{where} has no image with the tag {tag}: push it, or name another tag."


def _of_states(said: str, output: str, own: Backend, read: RemoteStates | None) -> Iterator[str]:
    if "Unsupported state file format" not in said:
        return
    modules = [read.by_module[name] for name in _unread(output)] if read else []
    for address, backend in [(module.address, module.backend) for module in modules] or [(own.address, own)]:
        is_newer = "created by a newer version of Terraform" in said
        yield f"That is the state at {address}." if is_newer else _unreadable_state(address, backend)


def _of_a_lock(said: str, folder: Path, *, embedded: bool) -> Iterator[str]:
    """https://github.com/hashicorp/terraform/blob/v1.11.4/internal/states/statemgr/locker.go, `LockInfo.String`."""
    reaching = 'eval "$(.venv/bin/python -m operate cloud-env)" && ' if embedded else ""
    if lock := _HELD_LOCK.search(said):
        yield (
            f"{lock['who']} has held the state's lock since {lock['created'][:19]} UTC, for "
            f"{_operation(lock['operation'])}: nothing was changed. Wait until that has ended. If it was killed: "
            f"{reaching}{program().name} -chdir={shlex.quote(shown(folder))} force-unlock {lock['id']}"
        )


def _operation(name: str) -> str:
    return f"a terraform {name.removeprefix('OperationType').lower()}"


def _unread(output: str) -> list[str]:
    """Modules whose states Terraform began to read, and did not get to the end."""
    last = dict(_READ.findall(output))
    return sorted(module for module, word in last.items() if word != "Read complete")


def _unreadable_state(address: str, backend: Backend) -> str:
    return f"What is at {address} is not a Terraform state, or not a whole one. {how_to_restore(backend)}"


def how_to_restore(backend: Backend) -> str:
    if not isinstance(backend, S3Backend):
        return "Restore an earlier version of it."
    place = f"--bucket {backend.bucket} --prefix {backend.key}"
    return f"Restore an earlier version of the object, if its bucket keeps them: aws s3api list-object-versions {place}"


def unreadable_lock(address: str, *, delete: str | None = None) -> str:
    """`delete` is the command that takes the lock away."""
    return (
        f"What is at {address} should be a state's lock, and does not say whose. If no Terraform is at work on that "
        f"state any more, delete it: {delete or f'aws s3 rm {address}'}"
    )
