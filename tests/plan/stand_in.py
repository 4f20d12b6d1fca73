"""What the three existing modules make, without Terraform: it waits a minute for a load balancer alone."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

from operate.local import sample_infrastructure
from tests.plan.infrastructure import EVERYWHERE, Infrastructure

if TYPE_CHECKING:
    from local_aws.instance import LocalAws

    Outputs = dict[str, dict[str, str | list[str]]]


def furnish(local_aws: LocalAws) -> None:
    """As after `embedded_aws.up`, which has nothing to apply any more: each module has a state with its outputs."""
    sample_infrastructure.prepare_account(local_aws)
    with closing(Infrastructure(local_aws)) as infrastructure:
        outputs = _made(infrastructure)
    with closing(local_aws.client("s3")) as s3:
        for module in sample_infrastructure.modules(local_aws):
            s3.put_object(
                Bucket=sample_infrastructure.STATE_BUCKET, Key=module.state_key, Body=_state(outputs[module.name])
            )
            module._folder.mkdir(parents=True)
            module._mark.write_text(module._fingerprint())


def _made(make: Infrastructure) -> Outputs:
    vpc_id = make.vpc()
    subnet_ids = [make.subnet(vpc_id), make.subnet(vpc_id, zone="us-east-1b")]
    port = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": EVERYWHERE}
    https = {**port, "FromPort": 443, "ToPort": 443}
    balancer_arn = make.load_balancer(subnet_ids)
    check = {"HealthCheckPath": "/health", "HealthyThresholdCount": 2, "UnhealthyThresholdCount": 2}
    (balancer,) = make.elb.describe_load_balancers(LoadBalancerArns=[balancer_arn])["LoadBalancers"]
    return {
        "networking": {"vpc_id": vpc_id, "public_subnet_ids": subnet_ids},
        "security": {"app_security_group_id": make.security_group(vpc_id, inbound=[port], outbound=[https])},
        "loadbalancing": {
            "target_group_arn": make.target_group(vpc_id, listener_on=balancer_arn, **check),
            "alb_dns_name": balancer["DNSName"],
        },
    }


def _state(outputs: dict[str, str | list[str]]) -> str:
    described = {
        name: {"value": value, "type": "string" if isinstance(value, str) else ["list", "string"]}
        for name, value in outputs.items()
    }
    head = {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "stand-in"}
    return json.dumps({**head, "outputs": described, "resources": []})
