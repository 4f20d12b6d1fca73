"""A way out of the generator: an environment's stack as a folder for Terraform alone, on the same state."""

from __future__ import annotations

import json
import shlex
import shutil
import tempfile
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from operate import generator, paths
from operate.errors import OperateError
from operate.terraform_cli import provider_mirror
from operate.terraform_cli.terraform import Terraform
from stacks.versions import AWS_PROVIDER, AWS_PROVIDER_VERSION, MINIMUM_TERRAFORM

if TYPE_CHECKING:
    from operate.environment import Environment

    Block = dict[str, Any]

_README = Path(__file__).with_name("ejected_readme.md")


def eject(environment: Environment, folder: Path) -> list[Path]:
    """The files; needs no credentials. Refuses a folder that has something in it, and writes all files or none."""
    _require_empty(folder)
    generator.synthesize(environment.settings.name)
    stack = json.loads((environment.stack.folder / "cdk.tf.json").read_text(encoding="utf-8"))
    _without_metadata(stack)
    _with_absolute_paths(stack, environment.stack.folder)
    readme = _readme(environment, stack)
    with tempfile.TemporaryDirectory() as name:
        unfinished = Path(name, environment.settings.name_prefix)
        unfinished.mkdir()
        _write(unfinished / "terraform.tf.json", {"terraform": stack.pop("terraform")})
        _write(unfinished / "variables.tf.json", {"variable": stack.pop("variable")})
        _write(unfinished / "cdk.tf.json", stack)
        (unfinished / "README.md").write_text(readme, encoding="utf-8")
        Terraform(unfinished, {"TF_DATA_DIR": str(Path(name, "data"))}).lock_providers()
        shutil.copytree(unfinished, folder, dirs_exist_ok=True)
    return sorted(folder.iterdir())


def _require_empty(folder: Path) -> None:
    if folder.is_symlink() and not folder.exists():
        raise OperateError(f"{paths.shown(folder)} is a link to nothing: name a folder that is empty or not there yet.")
    if folder.exists() and not folder.is_dir():
        raise OperateError(f"{paths.shown(folder)} is not a folder: name one that is empty or not there yet.")
    if folder.is_dir() and any(folder.iterdir()):
        raise OperateError(
            f"{paths.shown(folder)} is not empty, and nothing in it is overwritten: name another folder."
        )


def _without_metadata(stack: Block) -> None:
    """What cdktf writes for itself, which Terraform takes for comments. A key "//" below is somebody's own."""
    stack.pop("//", None)
    for kind in ("resource", "data"):
        for blocks in stack.get(kind, {}).values():
            for block in blocks.values():
                block.pop("//", None)


def _with_absolute_paths(stack: Block, folder: Path) -> None:
    """States in files are named relative to the folder of the stack, which is left here."""
    own = stack["terraform"]["backend"].get("local")
    read = stack.get("data", {}).get("terraform_remote_state", {}).values()
    for config in [*([own] if own else []), *(state["config"] for state in read if state["backend"] == "local")]:
        config["path"] = str((folder / config["path"]).resolve())


def _write(path: Path, document: Block) -> None:
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _readme(environment: Environment, stack: Block) -> str:
    settings, file = environment.settings, stack["terraform"]["backend"].get("local")
    credentials = f'eval "$(cd {shlex.quote(str(paths.REPOSITORY))} && .venv/bin/python -m operate cloud-env)"\n'
    return Template(_README.read_text(encoding="utf-8")).substitute(
        stack=settings.name_prefix,
        environment=settings.name,
        minimum=".".join(map(str, MINIMUM_TERRAFORM)),
        provider=AWS_PROVIDER,
        provider_version=AWS_PROVIDER_VERSION,
        platform=provider_mirror.target(),
        state=file["path"] if file else settings.backend.address,
        account_id=settings.account_id,
        credentials=credentials if environment.local_aws else "",
        default_tag=f"`{settings.image.default_tag}`" if settings.image.default_tag else "no tag unless it is given",
        before=f"`{' '.join(settings.release.before)}`" if settings.release.before else "none here",
    )
