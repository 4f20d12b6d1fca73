"""[logs]: the containers' log group."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import field_validator

from constructs_lib import defaults
from stacks.settings.aws_values import KmsKeyArn
from stacks.settings.base import Settings, matching, refusal

NEVER_EXPIRE: Final = 0
RETENTION_DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400),
    *(545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)  # CloudWatch Logs, PutRetentionPolicy


class Logs(Settings):
    """`retention_days` = 0 keeps logs for ever, as the AWS provider has it. The key must be in the logs' region.

    Beside `group` both say what that group should have: a plan compares them where they are set, and changes nothing.
    """

    group: (
        Annotated[
            str,
            matching(
                r"[A-Za-z0-9_./#-]{1,512}",
                "must be the name of a log group, 1 to 512 letters, digits and _ - / . #, such as shared-apis",
            ),
        ]
        | None
    ) = None
    """Name of an existing log group, which is read and never changed; by default the stack makes one of its own."""

    retention_days: int = defaults.LOG_RETENTION_DAYS
    """Days after which log events are deleted."""
    kms_key_arn: KmsKeyArn | None = None
    """KMS key that encrypts the log events, in place of CloudWatch's own; of the logs' region."""

    @field_validator("retention_days")
    @classmethod
    def retention_is_offered(cls, days: int) -> int:
        if days not in (NEVER_EXPIRE, *RETENTION_DAYS):
            offered = ", ".join(map(str, RETENTION_DAYS))
            raise refusal(f"must be {offered}, or {NEVER_EXPIRE} for ever")
        return days
