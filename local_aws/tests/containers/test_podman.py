from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil

from local_aws.container_engine import Engine
from local_aws.podman import Podman
from local_aws.tests.containers.processes import has_ended, processes_of
from local_aws.tests.containers.stage import wait_until

if TYPE_CHECKING:
    import pytest
    from docker import DockerClient
    from docker.models.containers import Container

    from local_aws.instance import LocalAws


def run(client: DockerClient, reference: str) -> Container:
    client.images.pull(reference)
    container = client.containers.run(reference, detach=True)
    container.reload()
    return container


def address(container: Container) -> str:
    (network,) = container.attrs["NetworkSettings"]["Networks"].values()
    return f"http://{network['IPAddress']}:8080"


def serves(container: Container) -> bool:
    """Once its program listens, which is a moment after it was started."""

    def answers() -> bool:
        try:
            return httpx.get(f"{address(container)}/health", timeout=60).is_success
        except httpx.ConnectError:
            return False

    wait_until(answers)
    return True


def assert_nothing_is_left(podman: Podman, container_pid: int) -> None:
    run_folder = Path(podman.address.removeprefix("unix://")).parent
    assert has_ended(container_pid)
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
    client: DockerClient, probe_reference: str
) -> None:
    """What ECS's image reference names is pulled from the emulator, and a load balancer here can reach the task."""
    container = run(client, probe_reference)
    assert serves(container)


def test_all_it_stores_is_in_its_directory(client: DockerClient, podman: Podman) -> None:
    """The user's own podman and its settings are neither read nor changed."""
    assert Path(client.info()["DockerRootDir"]).is_relative_to(podman.directory)


def test_a_container_has_no_way_out_of_the_machine(client: DockerClient) -> None:
    """The network is internal: no route, and no firewall rule on this machine."""
    (network,) = client.networks.list()
    assert network.attrs["Internal"] is True


def test_the_network_keeps_its_address(client: DockerClient, podman: Podman, probe_reference: str) -> None:
    """Containers come and go without a change for those that stay, whose answers would be lost with it."""

    def bridge_address() -> list[str]:
        return [(link / "address").read_text() for link in links_of(podman) if (link / "bridge").exists()]

    (before,) = bridge_address()
    containers = [run(client, probe_reference) for _ in range(3)]
    seen = [bridge_address()]
    for container in containers:
        container.remove(force=True)
        seen.append(bridge_address())
    assert seen == [[before]] * 4


def test_starting_twice_keeps_the_service(client: DockerClient, podman: Podman, local_aws: LocalAws) -> None:
    """A command that finds podman running leaves it and its containers alone."""
    before = processes_of(podman)
    podman.start(registry=f"127.0.0.1:{local_aws.port}")
    assert client.ping()
    assert processes_of(podman) == before


def test_another_registry_takes_effect(client: DockerClient, podman: Podman) -> None:
    """Podman reads its registries once: with a new port it must be another process."""
    before = processes_of(podman)
    podman.start(registry="127.0.0.1:1")
    assert client.ping()
    assert processes_of(podman) != before


def test_stop_leaves_nothing(client: DockerClient, podman: Podman, probe_reference: str) -> None:
    """No process, mount, socket or network interface outlives an orderly end."""
    pid = run(client, probe_reference).attrs["State"]["Pid"]
    podman.stop()
    assert_nothing_is_left(podman, pid)


def test_stop_leaves_nothing_of_a_command_in_a_container(
    client: DockerClient, podman: Podman, probe_reference: str
) -> None:
    """As of a health check: its monitor outlives it, and cleans up minutes later where podman is told nothing else."""
    container = run(client, probe_reference)
    assert container.exec_run(["/server", "check"]).exit_code is not None
    podman.stop()
    assert_nothing_is_left(podman, container.attrs["State"]["Pid"])


def test_stop_without_a_start_is_harmless(podman: Podman) -> None:
    """`cloud-down` on a machine that never had an engine running."""
    podman.stop()
    assert not podman.is_running()


def test_stop_cleans_up_after_everything_was_killed(client: DockerClient, podman: Podman, probe_reference: str) -> None:
    """With service and monitor gone, the container itself is still found and ended."""
    pid = run(client, probe_reference).attrs["State"]["Pid"]
    for process in processes_of(podman):
        process.kill()
    assert not has_ended(pid)
    podman.stop()
    assert_nothing_is_left(podman, pid)


def test_stop_waits_for_what_podman_cleans_up_last(client: DockerClient, podman: Podman, probe_reference: str) -> None:
    """Such a process writes to the run folder and mounts the storage, and may fail before it unmounts it."""
    pid = run(client, probe_reference).attrs["State"]["Pid"]
    run_folder = Path(podman.address.removeprefix("unix://")).parent
    storage = podman.directory / "podman" / "storage" / "overlay"
    late = f"sleep 3; mkdir -p $0/libpod; mount --bind {storage} {storage}"
    with subprocess.Popen(["sh", "-c", late, str(run_folder)]) as process:
        podman.stop()
        assert process.poll() == 0
    assert_nothing_is_left(podman, pid)


def test_start_removes_what_a_kill_left(
    client: DockerClient, podman: Podman, local_aws: LocalAws, probe_reference: str
) -> None:
    """Whoever ran the containers is gone with the service: the next one begins without any, and works."""
    pid = run(client, probe_reference).attrs["State"]["Pid"]
    for process in processes_of(podman):
        process.kill()
        process.wait(timeout=60)
    assert not podman.is_running()
    podman.start(registry=f"127.0.0.1:{local_aws.port}")
    assert has_ended(pid)
    assert client.containers.list(all=True) == []
    assert serves(run(client, probe_reference))


def test_start_after_a_reboot(client: DockerClient, podman: Podman, local_aws: LocalAws, probe_reference: str) -> None:
    """Where /run survives it, nothing that podman wrote there is true any more."""
    container = run(client, probe_reference)
    killed = [*processes_of(podman), psutil.Process(container.attrs["State"]["Pid"])]
    for process in killed:
        process.kill()
    _, alive = psutil.wait_procs(killed, timeout=60)
    assert not alive
    run_folder = Path(podman.address.removeprefix("unix://")).parent
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    for mount in reversed([one for one in mounts if str(podman.directory) in one or str(run_folder) in one]):
        subprocess.run(["umount", mount], check=True)
    (run_folder / "boot_id").write_text("of an earlier boot", encoding="utf-8")
    podman.start(registry=f"127.0.0.1:{local_aws.port}")
    assert client.containers.list(all=True) == []
    assert serves(run(client, probe_reference))


def test_stop_is_about_its_own_storage_alone(client: DockerClient, podman: Podman, probe_reference: str) -> None:
    """Where its settings were deleted, podman would remove the containers of the user's own storage instead."""
    pid = run(client, probe_reference).attrs["State"]["Pid"]
    (podman.directory / "podman" / "storage.conf").unlink()
    podman.stop()
    assert_nothing_is_left(podman, pid)


def test_two_checkouts_do_not_see_each_other(
    client: DockerClient, tmp_path_factory: pytest.TempPathFactory, local_aws: LocalAws, probe_reference: str
) -> None:
    """Each has its own containers and network, and ending one leaves the other."""
    container = run(client, probe_reference)
    other = Podman(tmp_path_factory.mktemp("other"))
    try:
        other.start(registry=f"127.0.0.1:{local_aws.port}")
        with Engine(kind="podman", docker_host=other.address).client() as its_client:
            assert its_client.containers.list(all=True) == []
            its_container = run(its_client, probe_reference)
            assert address(its_container) != address(container)
    finally:
        other.stop()
    assert serves(container)
