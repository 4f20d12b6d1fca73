"""[provider]: with which credentials Terraform and the tools around it reach AWS."""

from __future__ import annotations

from typing import Annotated

from pydantic import ValidationInfo, field_validator

from stacks.settings.aws_values import ProfileName, RoleArn
from stacks.settings.base import Settings, matching, refusal

_NAME = r"[\w+=,.@-]"


class Provider(Settings):
    """AWS STS API Reference, AssumeRole. A profile's or the caller's own credentials assume the role."""

    profile: ProfileName | None = None
    """Profile of the AWS configuration files whose credentials are used, in place of the caller's own."""
    assume_role_arn: RoleArn | None = None
    """The role of this account that is assumed with these credentials."""
    external_id: (
        Annotated[
            str,
            matching(r"[\w+=,.@:/-]{2,1224}", "must be 2 to 1224 letters, digits and _ + = , . @ : / -"),
        ]
        | None
    ) = None
    """What the role's trust policy may ask for as `sts:ExternalId`."""
    session_name: (
        Annotated[str, matching(rf"{_NAME}{{2,64}}", "must be 2 to 64 letters, digits and _ + = , . @ -")] | None
    ) = None
    """The session's name in CloudTrail; Terraform and the tools make one up where there is none."""

    @field_validator("external_id", "session_name")
    @classmethod
    def there_is_a_role(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and "assume_role_arn" in info.data and not cls.earlier(info, "assume_role_arn"):
            raise refusal("is of no use without provider.assume_role_arn: name the role, or remove this")
        return value
