"""Each setting that is changed in place is applied by real Terraform to the embedded AWS, and settles at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import Testing

from operate.terraform import Terraform
from stacks.fargate_api_stack import FargateApiStack
from stacks.settings import Environment, load_environment
from tests.conftest import ROOT, overlaid
from tests.plan.terraform_folder import write_stack

if TYPE_CHECKING:
    from pathlib import Path

    from local_aws.instance import LocalAws

NAME = "changed"


@dataclass(frozen=True)
class Deployment:
    """Of `local` with changes, beside whatever else the tests deploy."""

    cloud: LocalAws
    folder: Path

    @property
    def terraform(self) -> Terraform:
        return Terraform(self.folder, self.cloud.environment_variables())

    def apply(self, **changes: Any) -> set[str]:
        """The addresses that changed. Whatever is planned after that is a failure."""
        settings = load_environment(ROOT / "environments" / "local.toml").model_dump(exclude_unset=True)
        own = {"service": {"name": NAME}, "backend": {"key": f"{NAME}.tfstate"}}
        environment = Environment.model_validate(overlaid(overlaid(settings, own), changes))
        stack = FargateApiStack(Testing.app(), environment.name_prefix, environment=environment)
        write_stack(self.folder, stack)
        self.terraform.init()
        changed = self._planned()
        self.terraform.apply(self.folder / "plan")
        assert self._planned() == set()
        return changed

    def _planned(self) -> set[str]:
        self.terraform.plan(out=self.folder / "plan")
        document = self.terraform.show_json(self.folder / "plan")
        still = ({"no-op"}, {"read"})
        return {one["type"] for one in document["resource_changes"] if {*one["change"]["actions"]} not in still}


@pytest.fixture(scope="module")
def deployment(stand_in_cloud: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    deployment = Deployment(stand_in_cloud, tmp_path_factory.mktemp(NAME))
    deployment.apply()
    return deployment


def test_the_circuit_breaker_outlives_another_setting(deployment: Deployment) -> None:
    """The provider sends the one member of the deployment configuration that changed."""
    assert deployment.apply(deployment={"maximum_percent": 300}) == {"aws_ecs_service"}
    ecs = deployment.cloud.client("ecs")
    (service,) = ecs.describe_services(cluster=f"{NAME}-local", services=[f"{NAME}-local"])["services"]
    ecs.close()
    assert service["deploymentConfiguration"] == {
        "maximumPercent": 300,
        "minimumHealthyPercent": 100,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    }


def test_all_else_that_changes_in_place(deployment: Deployment) -> None:
    """There and back: keys and boundaries, retention, capacities, insights, ECS Exec, tags."""
    clients = {name: deployment.cloud.client(name) for name in ("iam", "kms")}
    key = clients["kms"].create_key()["KeyMetadata"]["Arn"]
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    boundary = clients["iam"].create_policy(PolicyName="boundary", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    for client in clients.values():
        client.close()
    changes = {
        "cluster": {"container_insights": "enabled"},
        "container": {"readonly_root_filesystem": False},
        "deployment": {"health_check_grace_period_seconds": 7},
        "service": {"enable_execute_command": True},
        "logs": {"kms_key_arn": key, "retention_days": 0},
        "scaling": {"max_capacity": 3, "cpu_target_percent": 60},
        "permissions_boundary_arn": boundary,
        "tags": {"team": "api"},
    }
    changed = {
        "aws_appautoscaling_policy",
        "aws_appautoscaling_target",
        "aws_cloudwatch_log_group",
        "aws_ecs_cluster",
        "aws_ecs_service",
        "aws_ecs_task_definition",
        "aws_iam_role",
    }
    assert deployment.apply(**changes) >= changed
    assert deployment.apply() >= changed
