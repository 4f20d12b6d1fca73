from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

from operate.local_cloud.container_engine import Engine
from operate.local_cloud.podman import Podman
from operate.service import wait_until

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

    from operate.local_cloud.cloud import LocalCloud


def run(client: DockerClient, reference: str) -> Container:
    client.images.pull(reference)
    container = client.containers.run(reference, detach=True)
    container.reload()
    return container


def address(container: Container) -> str:
    (network,) = container.attrs["NetworkSettings"]["Networks"].values()
    return f"http://{network['IPAddress']}:8080"


def processes_of(podman: Podman) -> list[psutil.Process]:
    """The service, and what watches over its containers."""
    run_folder = str(Path(podman.address.removeprefix("unix://")).parent)
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(run_folder in argument for argument in process.info["cmdline"] or [])
    ]


def assert_nothing_is_left(podman: Podman, container_pid: int) -> None:
    run_folder = Path(podman.address.removeprefix("unix://")).parent
    assert not psutil.pid_exists(container_pid)
    assert processes_of(podman) == []
    assert not run_folder.exists()
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8")
    assert str(run_folder) not in mounts
    assert str(podman.directory) not in mounts
    assert not links_of(podman)


def links_of(podman: Podman) -> list[Path]:
    key = Path(podman.address.removeprefix("unix://")).parent.name.rpartition("-")[2]
    return [link for link in Path("/sys/class/net").iterdir() if key in link.name]


def test_a_task_image_comes_from_the_embedded_ecr_and_answers_at_its_own_address(
    client: DockerClient, sample_reference: str
) -> None:
    """What ECS's image reference names is pulled from the emulator, and a load balancer here can reach the task."""
    container = run(client, sample_reference)
    answer = httpx.get(f"{address(container)}/health", timeout=60)
    assert (answer.status_code, answer.json()["version"]) == (200, "v1")


def test_all_it_stores_is_in_its_directory(client: DockerClient, podman: Podman) -> None:
    """The user's own podman and its settings are neither read nor changed."""
    assert Path(client.info()["DockerRootDir"]).is_relative_to(podman.directory)


def test_a_container_has_no_way_out_of_the_machine(client: DockerClient) -> None:
    """The network is internal: no route, and no firewall rule on this machine."""
    (network,) = client.networks.list()
    assert network.attrs["Internal"] is True


def test_the_network_keeps_its_address(client: DockerClient, podman: Podman, sample_reference: str) -> None:
    """Containers come and go without a change for those that stay, whose answers would be lost with it."""

    def bridge_address() -> list[str]:
        return [(link / "address").read_text() for link in links_of(podman) if (link / "bridge").exists()]

    (before,) = bridge_address()
    containers = [run(client, sample_reference) for _ in range(3)]
    seen = [bridge_address()]
    for container in containers:
        container.remove(force=True)
        seen.append(bridge_address())
    assert seen == [[before]] * 4


def test_starting_twice_keeps_the_service(client: DockerClient, podman: Podman, cloud: LocalCloud) -> None:
    """A command that finds podman running leaves it and its containers alone."""
    before = processes_of(podman)
    podman.start(registry=f"127.0.0.1:{cloud.port}")
    assert client.ping()
    assert processes_of(podman) == before


def test_another_registry_takes_effect(client: DockerClient, podman: Podman) -> None:
    """Podman reads its registries once: with a new port it must be another process."""
    before = processes_of(podman)
    podman.start(registry="127.0.0.1:1")
    assert client.ping()
    assert processes_of(podman) != before


def test_stop_leaves_nothing(client: DockerClient, podman: Podman, sample_reference: str) -> None:
    """No process, mount, socket or network interface outlives an orderly end."""
    pid = run(client, sample_reference).attrs["State"]["Pid"]
    podman.stop()
    assert_nothing_is_left(podman, pid)


def test_stop_without_a_start_is_harmless(podman: Podman) -> None:
    """`cloud-down` on a machine that never had an engine running."""
    podman.stop()
    assert not podman.answers()


def test_stop_cleans_up_after_everything_was_killed(
    client: DockerClient, podman: Podman, sample_reference: str
) -> None:
    """With service and monitor gone, the container itself is still found and ended."""
    pid = run(client, sample_reference).attrs["State"]["Pid"]
    for process in processes_of(podman):
        process.kill()
    assert psutil.pid_exists(pid)
    podman.stop()
    assert_nothing_is_left(podman, pid)


def test_stop_cleans_up_after_its_directory_was_deleted(
    client: DockerClient, podman: Podman, sample_reference: str
) -> None:
    """Podman's own records are gone with the directory: the container is known by its root file system."""
    pid = run(client, sample_reference).attrs["State"]["Pid"]
    shutil.rmtree(podman.directory, ignore_errors=True)
    podman.stop()
    assert_nothing_is_left(podman, pid)


def test_containers_survive_a_killed_service(
    client: DockerClient, podman: Podman, cloud: LocalCloud, sample_reference: str
) -> None:
    """The next start serves the containers that are there, and tasks go on answering meanwhile."""
    container = run(client, sample_reference)
    (service,) = [process for process in processes_of(podman) if process.cmdline()[-1] == podman.address]
    service.kill()
    service.wait(timeout=60)
    assert not podman.answers()
    assert httpx.get(f"{address(container)}/health", timeout=60).is_success
    podman.start(registry=f"127.0.0.1:{cloud.port}")
    container.reload()
    assert container.status == "running"


def test_two_checkouts_do_not_see_each_other(
    client: DockerClient, tmp_path_factory: pytest.TempPathFactory, cloud: LocalCloud, sample_reference: str
) -> None:
    """Each has its own containers and network, and ending one leaves the other."""
    container = run(client, sample_reference)
    other = Podman(tmp_path_factory.mktemp("other"))
    try:
        other.start(registry=f"127.0.0.1:{cloud.port}")
        with Engine(kind="podman", docker_host=other.address).client() as its_client:
            assert its_client.containers.list(all=True) == []
            its_container = run(its_client, sample_reference)
            assert address(its_container) != address(container)
    finally:
        other.stop()
    assert httpx.get(f"{address(container)}/health", timeout=60).is_success


class TestWhatATaskDefinitionAsksFor:
    """Podman's Docker API honours the limits that the embedded ECS passes on."""

    @pytest.fixture
    def image(self, client: DockerClient, sample_reference: str) -> str:
        client.images.pull(sample_reference)
        return sample_reference

    def test_memory(self, client: DockerClient, image: str) -> None:
        """One page past the limit the kernel kills it: 137."""
        container = client.containers.run(image, detach=True, mem_limit="64m", memswap_limit="64m")
        container.reload()
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{address(container)}/allocate?mib=200", timeout=60)
        assert container.wait(timeout=60)["StatusCode"] == 137

    def test_cpu(self, client: DockerClient, image: str) -> None:
        """A quarter of a core for two seconds of burning is no more than half a second of CPU."""
        container = client.containers.run(image, detach=True, cpu_period=100_000, cpu_quota=25_000)
        container.reload()
        httpx.get(f"{address(container)}/burn?seconds=2", timeout=60).raise_for_status()
        used = psutil.Process(container.attrs["State"]["Pid"]).cpu_times()
        assert used.user + used.system < 1

    def test_user_and_read_only_root(self, client: DockerClient, image: str) -> None:
        """The image's user by default, the task definition's where it says one."""
        for asked, expected in ((None, 65532), ("1234:1234", 1234)):
            container = client.containers.run(image, detach=True, read_only=True, user=asked)
            container.reload()
            pid = container.attrs["State"]["Pid"]
            assert psutil.Process(pid).uids().effective == expected
            mounts = Path(f"/proc/{pid}/mountinfo").read_text(encoding="utf-8").splitlines()
            (root,) = [line for line in mounts if line.split()[4] == "/"]
            assert "ro" in root.split()[5].split(",")

    def test_a_stop_timeout_that_is_long_enough(self, client: DockerClient, image: str) -> None:
        """The sample API drains, serves on while it settles, and exits by itself."""
        container = client.containers.run(image, detach=True)
        container.reload()
        httpx.get(f"{address(container)}/health", timeout=60).raise_for_status()
        container.kill("SIGTERM")
        assert wait_until(lambda: b"draining" in container.logs(), within_seconds=60)
        assert httpx.get(f"{address(container)}/health", timeout=60).is_success
        assert container.wait(timeout=60)["StatusCode"] == 0

    def test_a_stop_timeout_that_is_too_short(self, client: DockerClient, image: str) -> None:
        """SIGKILL comes when it is over, not when it suits the container."""
        container = client.containers.run(image, detach=True)
        container.reload()
        httpx.get(f"{address(container)}/health", timeout=60).raise_for_status()
        began = time.monotonic()
        container.stop(timeout=1)
        assert time.monotonic() - began > 0.9
        assert container.wait(timeout=60)["StatusCode"] == 137
