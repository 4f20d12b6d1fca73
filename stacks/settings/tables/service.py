"""[service]: what the API's ECS service is called, and how it runs."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from constructs_lib import defaults
from stacks.settings.base import Settings, between, matching, with_port

_SEGMENT = r"(?!\.\.?(?:/|\Z))(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+"  # RFC 3986, 3.3
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"


def port_of_url(url: str) -> str:
    with_port(urlsplit(url).netloc)
    return url


class Service(Settings):
    name: Annotated[
        str,
        matching(
            r"[A-Za-z0-9_][A-Za-z0-9_-]*",
            "must be a name of letters, digits, - and _, not beginning with -",
        ),
    ]
    """Begins the name of everything, `<service>-<environment>`: both together have a limit."""
    fargate_spot_percent: Annotated[int, between(0, 100)] = defaults.FARGATE_SPOT_PERCENT
    """The share of tasks on Fargate Spot, which AWS may take away at two minutes' notice."""
    enable_execute_command: bool = defaults.ENABLE_EXECUTE_COMMAND
    """Whether ECS Exec may open a shell in a task; its agent gets volumes to write to where the root is read-only."""
    api_url: (
        Annotated[
            str,
            matching(
                # At its end a $ would be one with the ${ of what is put after it: %24 is the same
                rf"https?://{_LABEL}(?:\.{_LABEL})*(?::\d{{1,5}})?(?:/{_SEGMENT})*(?<!\$)",
                "must be a URL of a host, a port or a path, without a slash or a $ at its end, such as"
                " https://api.example.com or https://example.com/orders",
            ),
            AfterValidator(port_of_url),
        ]
        | None
    ) = None
    """Where the API is reached, when that is not http:// and the load balancer's own name; a base path is part of
    it."""

    @property
    def base_path(self) -> str:
        """Of `api_url`: empty, or with a slash at its beginning and none at its end."""
        return urlsplit(self.api_url or "").path
