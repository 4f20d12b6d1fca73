"""What stands between Terraform and a running provider, and passes on a schema of this project's services alone.

Every command of Terraform asks for the schema of the AWS provider's 1,500 types and reads its 5 MB: three quarters of
what a command takes. Here the provider is asked once, as for all else that AWS has no part in: the same configuration
is as valid the second time. Each other call goes to the provider and back as it is.
https://developer.hashicorp.com/terraform/plugin/terraform-plugin-protocol
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")  # a test starts programs, and never goes on in a copy of itself
import grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

_PASSED_ON = re.compile(
    "aws_(alb|appautoscaling|availability|caller|cloudwatch|ec2|ecr|ecs|efs|eip|iam|internet|kms|lb|nat|network|partition"
    "|prefix|region|route|s3|secretsmanager|security|service|sns|ssm|subnet|vpc)(_|$)"
)
"""Terraform says of any other type that the provider does not support it."""

_PROVIDER = "/tfplugin5.Provider/"
_SCHEMA = f"{_PROVIDER}GetSchema"
_WITHOUT_AWS = {
    _SCHEMA,
    *(f"{_PROVIDER}{call}" for call in ("PrepareProviderConfig", "UpgradeResourceState")),
    *(f"{_PROVIDER}Validate{kind}Config" for kind in ("ResourceType", "DataSource")),
}
"""Calls whose answer follows from the request alone; of what the provider takes for a plan they are three quarters."""

_answers: dict[tuple[str, bytes], bytes] = {}
"""To those calls, by call and request, of whichever provider was asked first: all are the same program."""

_RESOURCES, _DATA_SOURCES = 2, 3  # fields of GetProviderSchema.Response, each a map by a type's name
_NAME = 1  # in an entry of such a map
_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_LENGTH_DELIMITED = 2
_CALLS_AT_ONCE = 32  # of a command there are ten at most


class ShortSchema(grpc.GenericRpcHandler):
    """Listens from the start until its end. `variable` is that of the provider, and becomes that of this one."""

    def __init__(self, variable: str) -> None:
        self._directory = tempfile.TemporaryDirectory()  # a socket's path may have 107 characters
        ((self._name, self._reattach),) = json.loads(variable).items()
        self._provider = grpc.insecure_channel(f"unix:{self._reattach['Addr']['String']}", options=_OPTIONS)
        self._server = grpc.server(ThreadPoolExecutor(_CALLS_AT_ONCE), handlers=[self], options=_OPTIONS)
        self._socket = Path(self._directory.name) / "provider"
        self._server.add_insecure_port(f"unix:{self._socket}")
        self._server.start()

    @property
    def variable(self) -> str:
        """What Terraform finds it by."""
        return json.dumps({self._name: {**self._reattach, "Addr": {"Network": "unix", "String": str(self._socket)}}})

    def service(self, call: Any) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        """What go-plugin asks besides, as for the standard output, is not there: Terraform does without."""
        if not call.method.startswith(_PROVIDER):
            return None
        ask: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._provider.unary_unary(call.method)

        def passed_on(request: bytes, context: grpc.ServicerContext) -> bytes:
            answer = ask.future(request)
            context.add_callback(answer.cancel)  # type: ignore[arg-type]  # whose answer is ignored
            return answer.result()

        def asked_once(request: bytes, context: grpc.ServicerContext) -> bytes:
            known = _answers.get((call.method, request))
            if known is None:
                answer = passed_on(request, context)
                known = _answers[call.method, request] = _shortened(answer) if call.method == _SCHEMA else answer
            return known

        return grpc.unary_unary_rpc_method_handler(asked_once if call.method in _WITHOUT_AWS else passed_on)

    def end(self) -> None:
        self._server.stop(grace=None).wait()
        self._provider.close()
        self._directory.cleanup()


def _shortened(response: bytes) -> bytes:
    """A GetProviderSchema.Response without the types of other services."""
    return b"".join(
        field
        for number, content, field in _fields(response)
        if number not in {_RESOURCES, _DATA_SOURCES} or _PASSED_ON.match(_type_name(content))
    )


def _type_name(entry: bytes) -> str:
    return next(content.decode() for number, content, _ in _fields(entry) if number == _NAME)


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, content and the whole of each field: https://protobuf.dev/programming-guides/encoding/."""
    at = 0
    while at < len(message):
        start = at
        key, at = _varint(message, at)
        assert key & 7 == _LENGTH_DELIMITED, "each field of these messages is one"
        length, at = _varint(message, at)
        yield key >> 3, message[at : at + length], message[start : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """The number there, and where it ends: seven bits a byte, the lowest first."""
    number = shift = 0
    while True:
        byte = message[at]
        at, number, shift = at + 1, number | (byte & 127) << shift, shift + 7
        if byte < 128:
            return number, at
