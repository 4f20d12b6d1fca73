"""What the three existing modules' states say, once they kept their contracts, and the checks on what it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from constructs_lib.load_balancing import LoadBalancing
from constructs_lib.networking import Networking
from constructs_lib.remote_state import RemoteState
from constructs_lib.security_group import SecurityGroup
from stacks import contracts
from stacks.state import read_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdktf import TerraformStack

    from constructs_lib.remote_state import OutputContract
    from stacks.settings import Environment, ModuleState


@dataclass(frozen=True)
class ExistingInfrastructure:
    """References, which Terraform resolves at plan."""

    public_subnet_ids: Sequence[str]
    app_security_group_id: str
    target_group_arn: str
    alb_dns_name: str
    health_check_path: str


def read_existing_infrastructure(stack: TerraformStack, environment: Environment) -> ExistingInfrastructure:
    networking = _networking(stack, environment)
    security_group = _security_group(stack, environment, vpc_id=networking.vpc_id)
    load_balancing = _load_balancing(stack, environment, vpc_id=networking.vpc_id)
    return ExistingInfrastructure(
        public_subnet_ids=networking.public_subnet_ids,
        app_security_group_id=security_group.security_group_id,
        target_group_arn=load_balancing.target_group_arn,
        alb_dns_name=load_balancing.alb_dns_name,
        health_check_path=load_balancing.health_check_path,
    )


def _networking(stack: TerraformStack, environment: Environment) -> Networking:
    module = environment.remote_state.networking
    state = _read(stack, "networking", module, contracts.networking(module))
    return Networking(
        stack,
        "existing_networking",
        vpc_id=state.string(module.output("vpc_id")),
        public_subnet_ids=state.strings(module.output("public_subnet_ids")),
    )


def _security_group(stack: TerraformStack, environment: Environment, *, vpc_id: str) -> SecurityGroup:
    module = environment.remote_state.security
    state = _read(stack, "security", module, contracts.security(module))
    return SecurityGroup(
        stack,
        "existing_security",
        security_group_id=state.string(module.output("app_security_group_id")),
        vpc_id=vpc_id,
        container_port=environment.container.port,
    )


def _load_balancing(stack: TerraformStack, environment: Environment, *, vpc_id: str) -> LoadBalancing:
    module = environment.remote_state.loadbalancing
    contract = contracts.loadbalancing(module, region=environment.region, account_id=environment.account_id)
    state = _read(stack, "loadbalancing", module, contract)
    return LoadBalancing(
        stack,
        "existing_loadbalancing",
        target_group_arn=state.string(module.output("target_group_arn")),
        alb_dns_name=state.string(module.output("alb_dns_name")),
        vpc_id=vpc_id,
        container_port=environment.container.port,
        stop_timeout_seconds=environment.container.stop_timeout_seconds,
    )


def _read(stack: TerraformStack, name: str, module: ModuleState, contract: Sequence[OutputContract]) -> RemoteState:
    return RemoteState(read_state(stack, name, module), module=name, address=module.address, contract=contract)
