from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from local_aws import container_engine, server_process
from local_aws.errors import LocalAwsError
from local_aws.instance import LocalAws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local_aws.podman import Podman


@pytest.fixture
def no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(container_engine, "_DOCKER_SOCKET", "unix:///nowhere/docker.sock")


@pytest.fixture
def own_local_aws(podman: Podman) -> Iterator[LocalAws]:
    """A port and a directory; nothing listens there."""
    local_aws = LocalAws(port=1, directory=podman.directory)
    yield local_aws
    container_engine.stop(local_aws)


@pytest.mark.usefixtures("no_docker")
def test_podman_serves_where_docker_does_not(own_local_aws: LocalAws) -> None:
    """One call each to start it, to find it from another command, and to end it."""
    started = container_engine.start(own_local_aws)
    assert started is not None
    assert started.kind == "podman"
    assert started.answers()
    assert container_engine.running(own_local_aws) == started
    container_engine.stop(own_local_aws)
    assert container_engine.running(own_local_aws) is None


def test_a_docker_that_answers_is_used(
    podman: Podman, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever serves the API at DOCKER_HOST; no podman of ours starts beside it, and stop leaves it running."""
    podman.start(registry="127.0.0.1:1")
    monkeypatch.setenv("DOCKER_HOST", podman.address)
    local_aws = LocalAws(port=1, directory=tmp_path_factory.mktemp("aws"))
    engine = container_engine.start(local_aws)
    assert engine == container_engine.Engine(kind="docker", docker_host=podman.address)
    assert list(local_aws.directory.iterdir()) == []
    container_engine.stop(local_aws)
    assert podman.is_running()


def test_only_the_containers_of_that_embedded_aws_are_removed(
    podman: Podman, local_aws: LocalAws, probe_reference: str, tmp_path: Path
) -> None:
    """On a Docker that others use too, the label that MiniStack puts on its containers decides.

    Another checkout's has the same port, unless somebody chose one.
    """
    owners = {
        "ours": local_aws,
        "of-another-port": replace(local_aws, port=local_aws.port + 1),
        "of-another-checkout": replace(local_aws, directory=tmp_path / ".local" / "aws"),
    }
    podman.start(registry=f"127.0.0.1:{local_aws.port}")
    engine = container_engine.Engine(kind="docker", docker_host=podman.address)
    with engine.client() as client:
        client.images.pull(probe_reference)
        for name, owner in owners.items():
            label = container_engine._owner_label(owner).partition("=")
            client.containers.run(probe_reference, detach=True, name=name, labels={label[0]: label[2]})
        client.containers.run(probe_reference, detach=True, name="unlabelled")
        assert container_engine.remove_containers(engine, local_aws) == 1
        left = {container.name for container in client.containers.list(all=True)}
    assert left == {"of-another-port", "of-another-checkout", "unlabelled"}


def test_the_label_is_the_one_that_ministack_writes(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when the pinned MiniStack names its containers' owner in another way."""
    from ministack.core import container_reaper  # noqa: PLC0415 - it reads the environment

    environment = server_process._server_environment(local_aws)
    for name in ("GATEWAY_PORT", "MINISTACK_HOSTNAME"):
        monkeypatch.setenv(name, environment[name])
    (label,) = [f"{name}={value}" for name, value in container_reaper.own_labels("ecs").items() if ":" in value]
    assert container_engine._owner_label(local_aws) == label


def test_a_docker_host_where_nothing_answers_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who sets DOCKER_HOST wants that engine: another one in its place would be a surprise."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(LocalAwsError, match=r"DOCKER_HOST is tcp://127\.0\.0\.1:1, and nothing answers there"):
        container_engine.start(LocalAws(port=1, directory=tmp_path))


@pytest.mark.usefixtures("no_docker")
def test_without_docker_and_podman_there_is_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """None, with one sentence that says what to install; nothing is written."""
    monkeypatch.setenv("PATH", str(tmp_path))
    local_aws = LocalAws(port=1, directory=tmp_path / "aws")
    assert container_engine.start(local_aws) is None
    assert "neither Docker nor podman" in (container_engine.why_none() or "")
    assert container_engine.running(local_aws) is None
    container_engine.stop(local_aws)
    assert not local_aws.directory.exists()


@pytest.mark.usefixtures("no_docker", "podman")
def test_podman_is_not_started_by_somebody_who_is_not_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Rootless containers have no address that a load balancer on this machine could reach."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert container_engine.start(LocalAws(port=1, directory=tmp_path)) is None
    assert "only if root runs it" in (container_engine.why_none() or "")


@pytest.mark.usefixtures("no_docker")
def test_who_is_not_root_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not of programs that are missing from their PATH: with all of them the answer would be no other."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert container_engine.why_none() == (
        "Docker does not answer, and podman's containers can be reached by their addresses only if root runs it: "
        "make Docker answer you, or run this as root."
    )


def test_who_may_not_use_dockers_socket_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Docker itself runs, so that starting it would be no help."""
    socket_file = tmp_path / "docker.sock"
    socket_file.touch()
    monkeypatch.setattr(container_engine, "_DOCKER_SOCKET", f"unix://{socket_file}")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert f"Docker's socket {socket_file} is not permitted to you" in (container_engine.why_none() or "")


@pytest.mark.usefixtures("no_docker", "podman")
def test_podman_is_found_without_sbin_in_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The PATH of a user's shell, which sudo may keep: Debian has iptables in /usr/sbin alone."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    local_aws = LocalAws(port=1, directory=tmp_path)
    engine = container_engine.start(local_aws)
    try:
        assert engine, container_engine.why_none()
        assert engine.answers()
    finally:
        container_engine.stop(local_aws)
