"""Where a container logs: CloudWatch by itself, or the task's log router."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class AwsLogs:
    """The ``awslogs`` driver.

    - ``group``: a log group's name. No default.
    - ``region``: the group's. No default.
    - ``stream_prefix``: begins the names of the streams, ``<prefix>/<container>/<task>``. No default.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
    """

    group: str
    region: str
    stream_prefix: str

    def document(self) -> dict[str, Any]:
        options = {
            "awslogs-group": self.group,
            "awslogs-region": self.region,
            "awslogs-stream-prefix": self.stream_prefix,
        }
        return {"logDriver": "awslogs", "options": options}


@dataclass(frozen=True)
class AwsFirelens:
    """The ``awsfirelens`` driver: to the task's log router, of which one container is the ``Sidecar``.

    - ``options``: of the router's output, such as ``Name``; none by default.
    - ``secret_options``: options whose values ECS reads from Secrets Manager or SSM Parameter Store, by name the ARN;
      none by default. The execution role has to be given the same ARNs.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-taskdef.html
    """

    options: Mapping[str, str] = field(default_factory=dict)
    secret_options: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        definition: dict[str, Any] = {"logDriver": "awsfirelens", "options": dict(sorted(self.options.items()))}
        if self.secret_options:
            definition["secretOptions"] = [
                {"name": name, "valueFrom": arn} for name, arn in sorted(self.secret_options.items())
            ]
        return definition
