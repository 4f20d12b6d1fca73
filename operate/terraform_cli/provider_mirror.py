"""Where Terraform gets the AWS provider from on a machine that can't reach its registry."""

import functools
import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from operate.errors import OperateError
from operate.terraform_cli.program import Program
from stacks.versions import AWS_PROVIDER_VERSION

MIRROR_VARIABLE = "TERRAFORM_PROVIDER_MIRROR"
SEARCHED = tuple(map(Path, ("/opt", "/usr/local", "/usr/share", "/srv", "/var/lib")))
SEARCH_DEPTH = 4
SEARCH_SECONDS = 2.0


def init_variables(environment: Mapping[str, str], *, folder: Path, program: Program) -> dict[str, str]:
    """For `terraform init` and `cdktf deploy`: a CLI configuration with a mirror, written to `folder`, where one helps.

    In this order: the folder that TERRAFORM_PROVIDER_MIRROR names, the user's own CLI configuration, Terraform's
    implied mirror folders, a bounded search, the registry.
    https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
    """
    named = environment.get(MIRROR_VARIABLE)
    if named:
        return _configured(_checked(_expanded(named), program), program, folder=folder)
    home = _expanded(environment.get("HOME") or "~")
    own = any(map(is_readable_file, program.own_configurations(environment, home=home)))
    if own or environment.get("TF_CLI_CONFIG_FILE"):
        return {}
    if any(holds_provider(mirror, program) for mirror in implied_mirrors(environment, home=home)):
        return {}
    found = search((*SEARCHED, home), program)
    return _configured(found, program, folder=folder) if found else _cached(environment, folder=folder)


def holds_provider(mirror: Path, program: Program) -> bool:
    """Either layout, unpacked or packed, of exactly our version for this machine."""
    provider = mirror / program.provider
    unpacked = provider / AWS_PROVIDER_VERSION / target()
    packed = provider / f"terraform-provider-aws_{AWS_PROVIDER_VERSION}_{target()}.zip"
    return (os.access(unpacked, os.R_OK) and unpacked.is_dir()) or is_readable_file(packed)


def is_readable_file(path: Path) -> bool:
    """False too where a folder above it can't be searched, which `Path.is_file` raises an error for."""
    return os.access(path, os.R_OK) and path.is_file()


@functools.cache
def target() -> str:
    """Terraform's name for this machine, such as linux_amd64."""
    machine = platform.machine().lower()
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"{sys.platform}_{architecture}"


def implied_mirrors(environment: Mapping[str, str], *, home: Path) -> Iterator[Path]:
    """https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories"""
    yield home / ".terraform.d/plugins"
    if sys.platform == "darwin":
        yield home / "Library/Application Support/io.terraform/plugins"
        yield Path("/Library/Application Support/io.terraform/plugins")
        return
    shared = environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for data in (environment.get("XDG_DATA_HOME") or str(home / ".local/share"), *shared.split(":")):
        yield Path(data) / "terraform/plugins"


def search(roots: Iterable[Path], program: Program) -> Path | None:
    """The nearest mirror in the upper SEARCH_DEPTH levels of folders, a root being one; None after SEARCH_SECONDS."""
    deadline = time.monotonic() + SEARCH_SECONDS
    level = list(roots)
    for _ in range(SEARCH_DEPTH):
        below: list[Path] = []
        for folder in level:
            if time.monotonic() > deadline:
                return None
            if holds_provider(folder, program):
                return folder
            below += _folders(folder)
        level = below
    return None


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:  # of nobody's home
        return Path(path)


def _folders(folder: Path) -> list[Path]:
    try:
        entries = [entry for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(Path(entry.path) for entry in entries if entry.name not in {"node_modules", ".git", ".venv"})


def _checked(mirror: Path, program: Program) -> Path:
    if not holds_provider(mirror, program):
        wanted = f"{program.provider}/{AWS_PROVIDER_VERSION}/{target()}"
        raise OperateError(f"{MIRROR_VARIABLE} names {mirror}, which has no folder {wanted}.")
    return mirror.resolve()


def _configured(mirror: Path, program: Program, *, folder: Path) -> dict[str, str]:
    configuration = folder / "terraform.tfrc"
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = configuration.with_suffix(f".{os.getpid()}")
    unfinished.write_text(
        f"""\
provider_installation {{
  filesystem_mirror {{
    path    = {json.dumps(str(mirror))}
    include = ["{program.provider}"]
  }}
  direct {{
    exclude = ["{program.provider}"]
  }}
}}
"""
    )
    unfinished.replace(configuration)  # another Terraform may be reading it
    return {"TF_CLI_CONFIG_FILE": str(configuration)}


def _cached(environment: Mapping[str, str], *, folder: Path) -> dict[str, str]:
    """700 MB from the registry once, not once per folder.

    Terraform passes over its cache where a lock file doesn't know the provider yet, unless it may write one with this
    machine's checksum alone. Ours are never committed.
    """
    if environment.get("TF_PLUGIN_CACHE_DIR"):
        return {}
    cache = folder / "terraform-plugins"
    cache.mkdir(parents=True, exist_ok=True)
    return {"TF_PLUGIN_CACHE_DIR": str(cache), "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "true"}
