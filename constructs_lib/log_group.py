"""A CloudWatch log group."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from constructs import Construct

from constructs_lib import defaults


class LogGroup(Construct):
    """Where the containers of a task definition write their logs (FR-010).

    - ``name``: 1 to 512 letters, digits and _-/.#. No default.
    - ``retention_days``: after how many days events expire, one of the numbers that CloudWatch Logs offers, or 0 for
      never; 30 by default.
    - ``kms_key_arn``: the key, in the group's own region, that encrypts the events; by default CloudWatch Logs' own.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        retention_days: int = defaults.LOG_RETENTION_DAYS,
        kms_key_arn: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.resource = CloudwatchLogGroup(
            self, "Default", name=name, retention_in_days=retention_days, kms_key_id=kms_key_arn
        )

    @property
    def name(self) -> str:
        return self.resource.name
