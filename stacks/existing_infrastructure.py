"""What the three existing modules' states say, once they kept their contracts, and the checks on what it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf import Fn

from constructs_lib.load_balancing import LoadBalancing
from constructs_lib.networking import Networking
from constructs_lib.private_networking import PrivateNetworking
from constructs_lib.remote_state import RemoteState
from constructs_lib.security_group import SecurityGroup, SecurityGroups
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

    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]
    load_balancing: Sequence[LoadBalancing]
    alb_dns_name: str
    health_check_path: str


def read_existing_infrastructure(stack: TerraformStack, environment: Environment) -> ExistingInfrastructure:
    vpc_id, subnet_ids = _networking(stack, environment)
    load_balancing, alb_dns_name = _load_balancing(stack, environment, vpc_id=vpc_id)
    return ExistingInfrastructure(
        subnet_ids=subnet_ids,
        security_group_ids=_security_groups(stack, environment, vpc_id=vpc_id),
        load_balancing=load_balancing,
        alb_dns_name=alb_dns_name,
        health_check_path=load_balancing[0].health_check_path,
    )


def read_cluster_name(stack: TerraformStack, environment: Environment) -> str:
    """Of somebody else's cluster, by the state that says it. Raises ValueError where none does."""
    module = environment.remote_state.cluster
    if module is None:
        message = "no state of the settings says which cluster it is"
        raise ValueError(message)
    contract = contracts.cluster(module, region=environment.region, account_id=environment.account_id)
    state = _read(stack, "cluster", module, contract)
    return Fn.basename(state.string(module.output("cluster_name")))


def _networking(stack: TerraformStack, environment: Environment) -> tuple[str, Sequence[str]]:
    """The VPC and the tasks' subnets."""
    module, output = environment.remote_state.networking, environment.network.subnets
    state = _read(stack, "networking", module, contracts.networking(module, subnets=output))
    vpc_id, subnet_ids = state.string(module.output("vpc_id")), state.strings(module.output(output))
    if environment.network.assign_public_ip:
        Networking(stack, "existing_networking", vpc_id=vpc_id, public_subnet_ids=subnet_ids)
    else:
        PrivateNetworking(
            stack,
            "existing_networking",
            vpc_id=vpc_id,
            private_subnet_ids=subnet_ids,
            region=environment.region,
            account_id=environment.account_id,
            endpoint_services=_services_of_a_task(environment),
        )
    return vpc_id, subnet_ids


def _services_of_a_task(environment: Environment) -> list[str]:
    """Those in its own region: another's are reached through no endpoint in the VPC that could be looked for.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html
    """
    own = {service for region, service in environment.secret_places if region == environment.region}
    session = ["ssmmessages"] if environment.service.enable_execute_command else []
    registry = ["ecr.api", "ecr.dkr", "s3"] if environment.image_region == environment.region else []
    return [*registry, "logs", *own, *session]


def _security_groups(stack: TerraformStack, environment: Environment, *, vpc_id: str) -> list[str]:
    module, port = environment.remote_state.security, environment.container.port
    state = _read(stack, "security", module, contracts.security(module))
    if module.has_several_groups:
        ids = state.strings(module.output("app_security_group_ids"))
        SecurityGroups(stack, "existing_security", security_group_ids=ids, vpc_id=vpc_id, container_port=port)
        return ids
    id_ = state.string(module.output("app_security_group_id"))
    SecurityGroup(stack, "existing_security", security_group_id=id_, vpc_id=vpc_id, container_port=port)
    return [id_]


def _load_balancing(stack: TerraformStack, environment: Environment, *, vpc_id: str) -> tuple[list[LoadBalancing], str]:
    """One for each target group, and where the first one's load balancer is reached."""
    module = environment.remote_state.loadbalancing
    contract = contracts.loadbalancing(module, region=environment.region, account_id=environment.account_id)
    state = _read(stack, "loadbalancing", module, contract)
    groups = [
        LoadBalancing(
            stack,
            f"existing_loadbalancing_{number}" if number > 1 else "existing_loadbalancing",
            target_group_arn=state.string(output),
            vpc_id=vpc_id,
            container_port=environment.container.port,
            stop_timeout_seconds=environment.container.stop_timeout_seconds,
        )
        for number, output in enumerate(module.target_groups, start=1)
    ]
    return groups, state.string(module.output("alb_dns_name"))


def _read(stack: TerraformStack, name: str, module: ModuleState, contract: Sequence[OutputContract]) -> RemoteState:
    return RemoteState(read_state(stack, name, module), module=name, address=module.address, contract=contract)
