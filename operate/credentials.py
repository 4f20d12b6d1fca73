"""The credentials of an environment's AWS provider, for what the tools ask of AWS themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import boto3

    from stacks.settings import Provider


def session(provider: Provider, *, name: str, region: str) -> boto3.Session:
    """Of the profile, or else the caller's own, by which the role is assumed, again whenever it is about to expire.

    `name` is the session's where the settings have none. Nothing is asked of AWS yet; boto3's own errors are raised
    then, and at once for a profile that does not exist or a role that there are no credentials to assume with.
    """
    import boto3  # noqa: PLC0415 - a quarter of a second that not every verb needs
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials  # noqa: PLC0415
    from botocore.exceptions import NoCredentialsError  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    source = Session(profile=provider.profile)
    if provider.assume_role_arn is None:
        return boto3.Session(botocore_session=source)
    found = source.get_credentials()
    if found is None:
        raise NoCredentialsError
    asked = {"RoleSessionName": provider.session_name or name, "ExternalId": provider.external_id}
    fetcher = AssumeRoleCredentialFetcher(
        lambda service, **arguments: source.create_client(service, region_name=region, **arguments),
        found,
        provider.assume_role_arn,
        extra_args={key: value for key, value in asked.items() if value},
    )
    assumed = Session(profile=provider.profile)
    assumed._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")  # type: ignore[attr-defined]  # noqa: SLF001
    return boto3.Session(botocore_session=assumed)
