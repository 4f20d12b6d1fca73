"""The KMS keys of log groups, which MiniStack keeps from their creation on and can't change.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html
"""
# ruff: noqa: SLF001

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ministack.core.responses import error_response_json, get_account_id, json_response
from ministack.services import cloudwatch_logs, kms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from local_aws.ministack_types import Answer, Record

    Handler = Callable[..., Awaitable[Answer]]


async def handle(  # noqa: PLR0917 - MiniStack's signature
    original: Handler, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
) -> Answer:
    """Stands for `cloudwatch_logs.handle_request`."""
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    if action not in {"AssociateKmsKey", "DisassociateKmsKey"}:
        return await original(method, path, headers, body, query)
    request: Record = json.loads(body or b"{}")
    return _change(request, key=request.get("kmsKeyId") if action == "AssociateKmsKey" else None)


def _change(request: Record, *, key: str | None) -> Answer:
    name = request.get("logGroupName") or _name(request.get("resourceIdentifier") or "")
    group = cloudwatch_logs._log_groups.get(name)
    if group is None:
        return error_response_json("ResourceNotFoundException", "The specified log group does not exist.")
    if refused := _unusable(name, key):
        return refused
    group["kmsKeyId"] = key
    return json_response({})


def create(original: Callable[[Record], Answer], request: Record) -> Answer:
    """Stands for `cloudwatch_logs._create_log_group`."""
    return _unusable(str(request.get("logGroupName")), request.get("kmsKeyId")) or original(request)


def _name(arn: str) -> str:
    return arn.partition(":log-group:")[2].removesuffix(":*")


def _unusable(group: str, key: str | None) -> Answer | None:
    """Only this account's keys are known here."""
    if not key or f":{get_account_id()}:" not in key:
        return None
    record = kms._resolve_key(key)
    if record and record["KeyState"] == "Enabled":
        return None
    arn = cloudwatch_logs._make_group_arn_no_star(group)
    message = f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'."
    return error_response_json("InvalidParameterException", message)
