"""The values of a container's `secrets`, as the execution role fetches them: decrypted, and of the version asked for.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import ecs, secretsmanager, ssm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local_aws.ministack_types import Record


_FAILED = "unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve"
_RETRIED = "service call has been retried 1 time(s)"


def values(container: Mapping[str, Any]) -> dict[str, str]:
    """By the variables' names. Raises MiniStack's `_SecretResolutionError`."""
    return {secret["name"]: _value(secret["valueFrom"]) for secret in container.get("secrets") or []}


def _value(reference: str) -> str:
    """Of an ARN, of whatever region, or of a parameter's name in this one."""
    is_arn = reference.startswith("arn:")
    service, region = reference.split(":")[2:4] if is_arn else ("ssm", get_region())
    with request_scope(get_account_id(), region):
        return _secret(reference) if service == "secretsmanager" else _parameter(reference)


def _parameter(reference: str) -> str:
    status, _, body = ssm._get_parameter({"Name": reference, "WithDecryption": True})
    if status != HTTPStatus.OK:
        raise _failure(f"secrets from ssm: {_RETRIED}: invalid parameters: {reference}")
    return str(json.loads(body)["Parameter"]["Value"])


def _secret(reference: str) -> str:
    """`<ARN>`, or `<ARN>:<JSON key>:<version stage>:<version id>`, of which each may be empty."""
    parts = reference.split(":")
    key, stage, version_id = [*parts[7:], "", "", ""][:3]
    found = _fetch(":".join(parts[:7]), {"VersionStage": stage, "VersionId": version_id})
    text = found.get("SecretString")
    if text is None:
        raise _failure(f"secret from asm: the secret {found['ARN']} has no SecretString")
    return _member(text, key) if key else str(text)


def _fetch(arn: str, version: Record) -> Record:
    request = {"SecretId": arn, **{name: value for name, value in version.items() if value}}
    status, _, body = secretsmanager._get_secret_value(request)
    found: Record = json.loads(body)
    failed = f"secret from asm: {_RETRIED}: failed to fetch secret {arn} from secrets manager"
    if status != HTTPStatus.OK:
        raise _failure(f"{failed}: {found['__type']}: {found['message']}")
    if version["VersionStage"] and version["VersionStage"] not in found["VersionStages"]:
        message = "You provided a VersionStage that is not associated to the provided VersionId."
        raise _failure(f"{failed}: InvalidRequestException: {message}")
    return found


def _member(text: str, key: str) -> str:
    try:
        value = json.loads(text)[key]
    except (ValueError, KeyError, TypeError):
        raise _failure(
            f"secret from asm: retrieved secret from Secrets Manager did not contain json key {key}"
        ) from None
    return value if isinstance(value, str) else json.dumps(value)


def _failure(what: str) -> Exception:
    """Without the value, and without a parser's message, which may quote it."""
    return ecs._SecretResolutionError(f"{_FAILED} {what}")
