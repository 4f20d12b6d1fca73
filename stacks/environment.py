"""One environment's settings, from its TOML file to a frozen, checked `Environment`. No cdktf, no Node."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from stacks.backends import Backend, RemoteStates
from stacks.sections import Cluster, Container, Deployment, Image, Logs, Scaling, Service, TaskRole
from stacks.settings import Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pathlib import Path


class SettingsError(Exception):
    pass


class Environment(Settings):
    name: str
    account_id: str
    region: str
    tags: dict[str, str] = {}
    permissions_boundary_arn: str | None = None
    service: Service
    image: Image
    container: Container = Container()
    task_role: TaskRole = TaskRole()
    scaling: Scaling = Scaling()
    deployment: Deployment = Deployment()
    logs: Logs = Logs()
    cluster: Cluster = Cluster()
    backend: Backend
    remote_state: RemoteStates

    @property
    def name_prefix(self) -> str:
        """Begins the name of all that is created, and is the stack's id."""
        return f"{self.service.name}-{self.name}"


def load_environment(path: Path) -> Environment:
    return Environment.model_validate({"name": path.stem, **tomllib.loads(path.read_text("utf-8"))})


def load_environments(directory: Path) -> tuple[Environment, ...]:
    return tuple(load_environment(path) for path in sorted(directory.glob("*.toml")))
