"""RunTask: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
# ruff: noqa: SLF001

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from ministack.core.responses import json_response
from ministack.services import ecs

from local_aws.ecs import client_tokens, records, refusals

if TYPE_CHECKING:
    from local_aws.ministack_types import Answer, Handler, Record


def run_task(original: Handler, request: Record) -> Answer:
    """Stands for `ecs._run_task`, which gives a task of another launch type whatever of this machine it asks for."""
    with records.LOCK:
        if answered := _repeated(request) or refusals.run_refusal(request):
            return answered
        answer = original({**request, "tags": _tags(request)})
        if answer[0] == HTTPStatus.OK:
            for task in json.loads(answer[2])["tasks"]:
                ecs._tasks[task["taskArn"]].update(client_tokens.identity(request))
        return answer


def _tags(request: Record) -> list[Record]:
    """What it asks for, what comes from the task definition, and what ECS adds of its own.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
    """
    tags = [*(request.get("tags") or [])]
    if request.get("propagateTags") == "TASK_DEFINITION":
        definition = ecs._task_defs[ecs._resolve_td_key(request["taskDefinition"])]
        tags = [*ecs._tags.get(definition["taskDefinitionArn"], []), *tags]
    if request.get("enableECSManagedTags"):
        tags.append(
            {"key": "aws:ecs:clusterName", "value": ecs._resolve_cluster_name(request.get("cluster") or "default")}
        )
        if "_deploymentId" in request:
            tags.append({"key": "aws:ecs:serviceName", "value": request["group"].removeprefix("service:")})
    return list({tag["key"]: tag for tag in tags}.values())


def _repeated(request: Record) -> Answer | None:
    """The answer to a request that was sent before."""
    token = request.get("clientToken")
    tasks = [task for task in ecs._tasks.values() if token and task.get("_client_token") == token]
    if not tasks:
        return None
    if client_tokens.is_repeated(request, tasks[0]):
        return json_response({"tasks": [ecs._sanitize(task) for task in tasks], "failures": []})
    arns = [task["taskArn"] for task in tasks]
    body = {"__type": "ConflictException", "message": "The client token is of another request.", "resourceIds": arns}
    return json_response(body, HTTPStatus.BAD_REQUEST)
