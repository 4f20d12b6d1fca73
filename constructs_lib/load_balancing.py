"""The target group that a team's load balancer forwards to, checked at plan time."""

from __future__ import annotations

from cdktf import Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_lb_target_group import DataAwsLbTargetGroup
from constructs import Construct

from constructs_lib import defaults
from constructs_lib.check import Check
from constructs_lib.hcl import hcl
from constructs_lib.target_group_metrics import TargetGroupMetrics


class LoadBalancing(Construct):
    """The target group of the load balancer that the team has (FR-003). Refuses one that no Fargate task can join.

    The group's own port is no matter: ECS registers each task with the container's. A Lambda function's group has
    neither protocol nor VPC, and Terraform evaluates even the message of a condition that holds.

    - ``target_group_arn``: of the group. No default.
    - ``vpc_id``: the VPC of the subnets. No default.
    - ``container_port``: the TCP port with which ECS registers each task, 1 to 65535. No default.
    - ``stop_timeout_seconds``: the container's, which the group's deregistration delay should not exceed. No default.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        target_group_arn: str,
        vpc_id: str,
        container_port: int,
        stop_timeout_seconds: int,
    ) -> None:
        super().__init__(scope, id_)
        self.target_group_arn = target_group_arn
        self._address = DataAwsLbTargetGroup(
            self,
            "Default",
            arn=target_group_arn,
            lifecycle=TerraformResourceLifecycle(
                postcondition=[
                    self._takes_ip_targets(),
                    self._speaks_tcp(),
                    self._in_vpc(vpc_id),
                    self._behind_load_balancer(),
                ]
            ),
        ).fqn
        self._warn_of_long_drain(stop_timeout_seconds)
        self._warn_of_other_health_check_port(container_port)

    @property
    def health_check_path(self) -> str:
        """Where the target group asks for health, ``/`` included; ``/health`` where it only connects (SC-001)."""
        return f'${{coalesce({self._address}.health_check[0].path, "{defaults.HEALTH_CHECK_PATH}")}}'

    @property
    def metrics(self) -> TargetGroupMetrics:
        """By references: a target group hangs on one load balancer."""
        return TargetGroupMetrics(
            name=f"${{{self._address}.name}}",
            load_balancer=f'${{split(":loadbalancer/", tolist({self._address}.load_balancer_arns)[0])[1]}}',
            target_group=f"${{{self._address}.arn_suffix}}",
        )

    @staticmethod
    def _takes_ip_targets() -> Postcondition:
        return Postcondition(
            condition='${self.target_type == "ip"}',
            error_message=(
                'Target group ${self.name} has target_type "${self.target_type}": a Fargate task has an IP address of '
                'its own and no instance, and joins only a target group of type "ip".'
            ),
        )

    @staticmethod
    def _speaks_tcp() -> Postcondition:
        """A service for TCP may join a group of TCP_UDP or TCP_QUIC, half of which another service serves.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html
        """
        return Postcondition(
            condition='${!contains(["UDP", "QUIC", "GENEVE"], coalesce(self.protocol, "none"))}',
            error_message=(
                'Target group ${self.name} has protocol "${coalesce(self.protocol, "none")}": no request to an API on '
                "TCP ever reaches its targets. It has to be HTTP, HTTPS, TCP or TLS."
            ),
        )

    @staticmethod
    def _in_vpc(vpc_id: str) -> Postcondition:
        return Postcondition(
            condition=f'${{self.target_type == "lambda" || self.vpc_id == {hcl(vpc_id)}}}',
            error_message=(
                f'Target group ${{self.name}} is in VPC ${{coalesce(self.vpc_id, "none")}}, not in {vpc_id}, where the '
                "tasks are: they could not register in it."
            ),
        )

    @staticmethod
    def _behind_load_balancer() -> Postcondition:
        return Postcondition(
            condition='${self.target_type == "lambda" || length(self.load_balancer_arns) > 0}',
            error_message=(
                "Target group ${self.name} hangs on no load balancer: ECS refuses a service for it. "
                "Let a listener forward to it first."
            ),
        )

    def _warn_of_long_drain(self, stop_timeout_seconds: int) -> None:
        group = self._address
        Check(
            self,
            "drain",
            condition=f"tonumber({group}.deregistration_delay) <= {stop_timeout_seconds}",
            message=(
                f"Target group ${{{group}.name}} drains for ${{{group}.deregistration_delay}} s, the container's stop "
                f"timeout is {stop_timeout_seconds} s: a request may take longer than a stopping task is given to end "
                "it, and each replaced task adds the drain to a deployment."
            ),
        )

    def _warn_of_other_health_check_port(self, container_port: int) -> None:
        port = f'try({self._address}.health_check[0].port, "traffic-port")'
        Check(
            self,
            "health_check_port",
            condition=f'contains(["traffic-port", "{container_port}"], {port})',
            message=(
                f"Target group ${{{self._address}.name}} checks health on port ${{{port}}}, the container's port is "
                f"{container_port}: a task is healthy only if it listens on both."
            ),
        )
