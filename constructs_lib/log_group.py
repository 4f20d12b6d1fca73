"""A CloudWatch log group."""

from __future__ import annotations

from cdktf import Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.data_aws_cloudwatch_log_group import DataAwsCloudwatchLogGroup
from constructs import Construct

from constructs_lib import defaults
from constructs_lib.check import Check


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


class ExistingLogGroup(Construct):
    """A log group of somebody else's, which is read and never changed. Refuses one that takes no log events.

    - ``name``: of the group, in the provider's own account and region. No default.
    - ``retention_days``: that it should have, 0 for ever; a warning where it has another. Not compared by default.
    - ``kms_key_arn``: of the key that should encrypt it; a warning where another does. Not compared by default.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        retention_days: int | None = None,
        kms_key_arn: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.resource = DataAwsCloudwatchLogGroup(
            self,
            "Default",
            name=name,
            lifecycle=TerraformResourceLifecycle(postcondition=[self._takes_log_events()]),
        )
        if retention_days is not None:
            self._warn_of_other("retention", "retention_in_days", str(retention_days))
        if kms_key_arn:
            self._warn_of_other("kms_key", "kms_key_id", f'"{kms_key_arn}"')

    @property
    def name(self) -> str:
        return self.resource.name

    @staticmethod
    def _takes_log_events() -> Postcondition:
        return Postcondition(
            condition='${self.log_group_class != "DELIVERY"}',
            error_message=(
                "Log group ${self.name} is of the class DELIVERY, into which a container cannot write: use one of the "
                "class STANDARD or INFREQUENT_ACCESS."
            ),
        )

    def _warn_of_other(self, id_: str, attribute: str, wanted: str) -> None:
        group = self.resource.fqn
        Check(
            self,
            id_,
            condition=f"{group}.{attribute} == {wanted}",
            message=(
                f"Log group ${{{group}.name}} has {attribute} = ${{jsonencode({group}.{attribute})}}, and {wanted} is "
                "wanted. It is somebody else's, and nothing of it is changed."
            ),
        )
