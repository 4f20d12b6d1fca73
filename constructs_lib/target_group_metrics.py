"""How CloudWatch and Application Auto Scaling know a target group. No cdktf."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TargetGroupMetrics:
    """A target group that a service's tasks join. What the plan knows may stand here as an expression of Terraform's.

    - ``name``: of the group, which a dashboard's titles have where there are several. No default.
    - ``load_balancer``: the end of its load balancer's ARN, ``app/<name>/<id>`` or ``net/<name>/<id>``. No default.
    - ``target_group``: the end of its own ARN, ``targetgroup/<name>/<id>``. No default.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    """

    name: str
    load_balancer: str
    target_group: str

    @property
    def dimensions(self) -> dict[str, str]:
        return {"LoadBalancer": self.load_balancer, "TargetGroup": self.target_group}

    @property
    def health_namespace(self) -> str:
        return health_namespace(f'"{self.load_balancer}"')

    @property
    def resource_label(self) -> str:
        """In a target tracking policy: Application Auto Scaling API Reference, PredefinedMetricSpecification."""
        return f"{self.load_balancer}/{self.target_group}"


def health_namespace(load_balancer: str) -> str:
    """Where the targets' health is counted: a network load balancer has a namespace of its own.

    ``load_balancer`` is what Terraform is to evaluate: text in quotes, or a reference.
    """
    return f'${{startswith({load_balancer}, "net/") ? "AWS/NetworkELB" : "AWS/ApplicationELB"}}'
