"""The embedded ECS notices a container's end without asking its engine for it all the time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from local_aws.ecs import containers

if TYPE_CHECKING:
    from docker import DockerClient

_LIFE_SECONDS = 4


@pytest.mark.parametrize("here", [True, False])
def test_how_it_ended(client: DockerClient, probe_reference: str, monkeypatch: pytest.MonkeyPatch, here: bool) -> None:  # noqa: FBT001
    """Where the kernel can say so, an engine is asked a few times; where another machine runs it, again and again."""
    asked, inspect = [], client.api.inspect_container

    def counted(container_id: str) -> dict[str, Any]:
        asked.append(container_id)
        found: dict[str, Any] = inspect(container_id)
        return found if here else {**found, "State": {**found["State"], "Pid": 1}}

    client.images.pull(probe_reference)
    container = client.containers.run(probe_reference, detach=True)
    monkeypatch.setattr(client.api, "inspect_container", counted)
    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting = pool.submit(containers.wait, client, str(container.id))
        time.sleep(_LIFE_SECONDS)
        while_it_ran = len(asked)
        container.kill()
        assert waiting.result(timeout=60) == containers.KILLED
    assert not here or while_it_ran <= _LIFE_SECONDS
