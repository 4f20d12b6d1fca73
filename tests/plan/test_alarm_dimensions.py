"""How CloudWatch knows what the plan has read: the dimensions and namespaces of alarms, Terraform's own values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.plan.expressions import Case, evaluate
from tests.plan.test_options import synthesized

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "data.aws_lb_target_group.existing_loadbalancing"


@pytest.mark.parametrize(("kind", "namespace"), [("app", "AWS/ApplicationELB"), ("net", "AWS/NetworkELB")])
def test_a_target_groups_alarms_are_those_of_its_load_balancer(tmp_path: Path, kind: str, namespace: str) -> None:
    """An application or a network one; of the latter the plan says that it counts no requests."""
    stack = synthesized({"alarms": {"enabled": True}})
    by_name: dict[str, Any] = {
        alarm["alarm_name"]: alarm for alarm in stack["resource"]["aws_cloudwatch_metric_alarm"].values()
    }
    unhealthy, missing = by_name["go-api-local-unhealthy-targets"], by_name["go-api-local-missing-tasks"]
    ((check,),) = (block["assert"] for name, block in stack["check"].items() if name.startswith("target_group_alarms_"))
    arn = f"arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/{kind}/main/0123"
    values = {GROUP: {"load_balancer_arns": [arn], "arn_suffix": "targetgroup/api/4567"}}
    templates = [
        json.dumps(unhealthy["dimensions"]).replace('\\"', '"'),
        unhealthy["namespace"],
        missing["namespace"],
        check["condition"],
        check["error_message"],
    ]
    dimensions, *namespaces, holds, message = evaluate(tmp_path, [Case(each, values) for each in templates])
    assert json.loads(dimensions) == {"LoadBalancer": f"{kind}/main/0123", "TargetGroup": "targetgroup/api/4567"}
    assert namespaces == [namespace, namespace]
    assert holds is (kind == "app")
    assert message.startswith(f"{kind}/main/0123 is a network load balancer, which counts no requests: ")
