"""The typed model of an environment's TOML file. No cdktf, no Node.

`tables` has a file for each table, with its rules; its defaults are `constructs_lib.defaults`. `environment` puts the
tables together, `loading` reads files, `messages` says what is wrong with them.
"""

from constructs_lib.defaults import HEALTH_CHECK_PATH
from stacks.settings.aws_values import IMAGE_TAG, is_arn
from stacks.settings.environment import Environment
from stacks.settings.loading import environments_directory, load_beside_others, load_environment, load_environments
from stacks.settings.messages import SettingsError
from stacks.settings.regions import PARTITION_OF_REGION, RECENT_REGIONS
from stacks.settings.tables.alarms import OF_TARGET_GROUP, OF_TASK_COUNT, OF_UTILIZATION
from stacks.settings.tables.backend import Backend, LocalBackend, RemoteBackend, S3Backend
from stacks.settings.tables.container_process import HealthCheck
from stacks.settings.tables.image import COMMIT_SHA, IMAGE_TAG_LABEL, Image, ecr_repository
from stacks.settings.tables.provider import Provider
from stacks.settings.tables.remote_state import (
    ClusterState,
    LoadBalancingState,
    ModuleState,
    NetworkingState,
    RemoteStates,
    SecurityState,
)
from stacks.settings.tables.tags import RELEASE_VERDICT_TAG
from stacks.settings.terraform_text import verbatim

__all__ = [
    "COMMIT_SHA",
    "HEALTH_CHECK_PATH",
    "IMAGE_TAG",
    "IMAGE_TAG_LABEL",
    "OF_TARGET_GROUP",
    "OF_TASK_COUNT",
    "OF_UTILIZATION",
    "PARTITION_OF_REGION",
    "RECENT_REGIONS",
    "RELEASE_VERDICT_TAG",
    "Backend",
    "ClusterState",
    "Environment",
    "HealthCheck",
    "Image",
    "LoadBalancingState",
    "LocalBackend",
    "ModuleState",
    "NetworkingState",
    "Provider",
    "RemoteBackend",
    "RemoteStates",
    "S3Backend",
    "SecurityState",
    "SettingsError",
    "ecr_repository",
    "environments_directory",
    "is_arn",
    "load_beside_others",
    "load_environment",
    "load_environments",
    "verbatim",
]
