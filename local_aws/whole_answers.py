"""Sends an answer's head and body in one piece, where hypercorn writes one after the other.

The AWS SDK for Go, and with it Terraform's provider, closes a connection whose answer comes while it is not yet done
with the request, as happens on one machine. What it has not read by then is lost, and it asks again: a second
CreateVpc makes a second VPC. https://github.com/aws/aws-sdk-go-v2/issues/1825
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from hypercorn import protocol
from hypercorn.events import RawData
from hypercorn.protocol.events import Response
from hypercorn.protocol.h11 import H11Protocol

if TYPE_CHECKING:
    from hypercorn.events import Event
    from hypercorn.protocol.events import Event as StreamEvent


class WholeAnswers(H11Protocol):
    """HTTP/1.1 whose head of an answer waits for the first part of the body, or for its end."""

    _is_head = False
    _head = b""

    async def initiate(self) -> None:
        self._write, self.send = self.send, self._send_joined
        await super().initiate()

    async def stream_send(self, event: StreamEvent) -> None:
        self._is_head = isinstance(event, Response) and event.status_code >= HTTPStatus.OK
        await super().stream_send(event)

    async def _send_joined(self, event: Event) -> None:
        if isinstance(event, RawData):
            data, self._head = self._head + event.data, b""
            if self._is_head:
                self._head, self._is_head = data, False
                return
            event = RawData(data)
        await self._write(event)


def install() -> None:
    """For the connections that hypercorn takes from now on."""
    protocol.H11Protocol = WholeAnswers  # type: ignore[attr-defined]
