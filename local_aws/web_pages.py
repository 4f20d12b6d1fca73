"""Keeps web pages out of the embedded AWS: whoever can ask it for something can start containers on this machine.

A browser says whose page asks (Origin, Sec-Fetch-Site) and by what name it found the server (Host), which is the page's
own name after DNS rebinding. Programs send no Origin, and the address that they were given, or to a load balancer a
host that a listener rule names.
https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/
"""

from __future__ import annotations

import ipaddress
import json
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from local_aws.elasticloadbalancing.listener_rules import hosts_named

if TYPE_CHECKING:
    from hypercorn.typing import (
        ASGIFramework,
        ASGIReceiveCallable,
        ASGISendCallable,
        ASGISendEvent,
        HTTPResponseBodyEvent,
        HTTPResponseStartEvent,
        HTTPScope,
        Scope,
        WebsocketCloseEvent,
        WebsocketScope,
    )

    Request = HTTPScope | WebsocketScope

LOAD_BALANCERS = "/_alb/"
# Names that nobody else can point at this machine: https://www.rfc-editor.org/rfc/rfc6761#section-6.3, and AWS's own
_OWN_DOMAINS = (".localhost", ".amazonaws.com")
_OWN_SITES = ("none", "same-origin")


def refused(application: ASGIFramework) -> ASGIFramework:
    """Answers 403 to what a page of another origin asks for, and takes every CORS header out of the other answers.

    Load balancers are the exception: they pass everything on, and their applications set the headers.
    """

    async def handle(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] == "lifespan":
            await application(scope, receive, send)
        elif problem := _problem(scope):
            await _forbid(scope, send, f"The embedded AWS answers no web page: {problem}")
        elif _is_load_balancers(scope):
            await application(scope, receive, send)
        else:
            await application(scope, receive, _without_cors(send))

    return handle


def _problem(scope: Request) -> str | None:
    hosts = _values(scope, b"host")
    for host in hosts:
        named = scope["path"].startswith(LOAD_BALANCERS) and hosts_named(_name(host))
        if not _is_own(_name(host)) and not named:
            return f"the header Host is {host!r}, which is no name of this machine."
    if _is_load_balancers(scope):
        return None
    own = {f"{scheme}://{host}" for host in hosts for scheme in ("http", "https")}
    for origin in _values(scope, b"origin"):
        if origin not in own:
            return f"the header Origin is {origin!r}."
    for site in _values(scope, b"sec-fetch-site"):
        if site not in _OWN_SITES:
            return f"the header Sec-Fetch-Site is {site!r}."
    return None


def _is_load_balancers(scope: Request) -> bool:
    """Also by the host's name, because a bucket's can have any path."""
    names = [_name(host) for host in _values(scope, b"host")]
    return scope["path"].startswith(LOAD_BALANCERS) and not any(name.endswith(_OWN_DOMAINS) for name in names)


def _is_own(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost" or name.endswith(_OWN_DOMAINS)
    # To 0.0.0.0 and mapped addresses, which reach it too, browsers send no Sec-Fetch-Site
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None


def _name(host: str) -> str:
    """Without the port, which may have been forwarded."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _values(scope: Request, header: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == header]


async def _forbid(scope: Request, send: ASGISendCallable, message: str) -> None:
    if scope["type"] == "websocket":
        close: WebsocketCloseEvent = {"type": "websocket.close", "code": 1008, "reason": None}
        await send(close)
        return
    content = json.dumps({"__type": "AccessDeniedException", "message": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    start: HTTPResponseStartEvent = {
        "type": "http.response.start",
        "status": HTTPStatus.FORBIDDEN,
        "headers": headers,
        "trailers": False,
    }
    body: HTTPResponseBodyEvent = {"type": "http.response.body", "body": content, "more_body": False}
    await send(start)
    await send(body)


def _without_cors(send: ASGISendCallable) -> ASGISendCallable:
    async def sent(message: ASGISendEvent) -> None:
        if message["type"] == "http.response.start":
            kept = [header for header in message["headers"] if not header[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return sent
