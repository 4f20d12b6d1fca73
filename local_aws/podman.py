"""Podman as a Docker API: one service process, with storage, network and configuration of its own.

Nothing of the user's podman is read or changed. Every container in its storage is ours: `start` and `stop` remove what
is left there, whatever was killed.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import json
import os
import shutil
import socket
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from local_aws import progress
from local_aws.errors import LocalAwsError

if TYPE_CHECKING:
    from local_aws.progress import Step

_CONNECT_TIMEOUT_SECONDS = 3
_START_TIMEOUT_SECONDS = 60
_REMOVE_TIMEOUT_SECONDS = 60
_END_TIMEOUT_SECONDS = 5
_EXEC_END_SECONDS = 5  # a health check asks at once
_LAST_PROCESSES_TIMEOUT_SECONDS = 15
_POLL_SECONDS = 0.1
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PROGRAMS = ("podman", "conmon", "runc", "netavark", "iptables", "ip", "setsid")
_MORE_PROGRAMS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/lib/podman", "/usr/libexec/podman")


@dataclass(frozen=True)
class Podman:
    """`directory` keeps its images and settings, and tells one podman of ours from another."""

    directory: Path

    @staticmethod
    def missing_programs() -> list[str]:
        return [program for program in _PROGRAMS if shutil.which(program, path=_search_path()) is None]

    @property
    def address(self) -> str:
        return f"unix://{self._socket}"

    @property
    def was_started(self) -> bool:
        """Ever, by whatever command."""
        return (self._folder / "containers.conf").exists()

    def is_running(self) -> bool:
        return self._service() is not None

    def start(self, *, registry: str, step: Step = progress.silent) -> None:
        """`registry` (host:port) answers for every ECR address. One that runs is kept if its registry is the same."""
        if not self._write_settings(registry) and self.is_running():
            return
        with step("starting podman"):
            self._clear()
            self._run_folder.mkdir(mode=0o700)
            self._boot_file.write_text(_BOOT_ID.read_text())
            self._add_network()
            self._launch()
            self._wait_until_it_runs()

    def stop(self) -> None:
        """Leaves images and settings; harmless where nothing was started or only pieces are left."""
        if self._run_folder.exists():
            self._clear()

    @property
    def _folder(self) -> Path:
        return self.directory.resolve() / "podman"

    @property
    def _key(self) -> str:
        return hashlib.sha256(bytes(self._folder)).hexdigest()[:8]

    @property
    def _run_folder(self) -> Path:
        """In /run, because a socket's path may not exceed 107 bytes, and only root can write there."""
        return Path("/run") / f"local-aws-{self._key}"

    @property
    def _socket(self) -> Path:
        return self._run_folder / "docker.sock"

    @property
    def _boot_file(self) -> Path:
        return self._run_folder / "boot_id"

    @property
    def _storage_file(self) -> Path:
        return self._folder / "storage.conf"

    @property
    def _bridge(self) -> str:
        """Also the network's name. An interface's may have 15 characters."""
        return f"ecs-{self._key}"

    def _command(self, *arguments: str) -> list[str]:
        return ["podman", "--tmpdir", str(self._run_folder / "libpod"), *arguments]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONTAINER", "DOCKER_"))}
        return kept | {
            "CONTAINERS_CONF": str(self._folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self._storage_file),
            "CONTAINERS_REGISTRIES_CONF": str(self._folder / "registries.conf"),
            "PATH": _search_path(),
            "TMPDIR": str(self._folder / "temporary"),
        }

    def _write_settings(self, registry: str) -> bool:
        """Whether they differ from those that a running service has read."""
        texts = {
            "containers.conf": _containers_conf(self._folder / "networks", default=self._bridge),
            "storage.conf": self._storage_conf(),
            "registries.conf": _registries_conf(registry),
        }
        for name in ("networks", "temporary"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        changed = [name for name, text in texts.items() if _read(self._folder / name) != text]
        for name in changed:
            (self._folder / name).write_text(texts[name])
        return bool(changed)

    def _storage_conf(self) -> str:
        return f"""\
[storage]
driver = ""
graphroot = {json.dumps(str(self._folder / "storage"))}
runroot = {json.dumps(str(self._run_folder / "storage"))}
"""

    def _launch(self) -> None:
        """In a session of its own, so that an interrupt at the terminal doesn't reach it."""
        with self._log.open("wb") as log:
            subprocess.run(
                ["setsid", "--fork", *self._command("system", "service", "--time=0", self.address)],
                check=True,
                cwd=self._run_folder,  # conmon leaves a file called oom in it
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
            )

    @property
    def _log(self) -> Path:
        return self._folder / "podman.log"

    def _wait_until_it_runs(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while not self.is_running():
            if time.monotonic() > deadline:
                said = self._log.read_text(errors="replace").strip().splitlines()[-5:]
                heading = f"podman did not start within {_START_TIMEOUT_SECONDS} s. It said:"
                raise LocalAwsError("\n".join([heading, *said]))
            time.sleep(_POLL_SECONDS)

    def _service(self) -> psutil.Process | None:
        """The process that listens at our socket, as the kernel knows it; one that is merely slow listens too."""
        with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError, psutil.NoSuchProcess):
            connection.settimeout(_CONNECT_TIMEOUT_SECONDS)
            connection.connect(str(self._socket))
            peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            return psutil.Process(struct.unpack("3i", peer)[0])
        return None

    def _clear(self) -> None:
        """Ends the service, and removes what it and any earlier one has left but images and settings."""
        if service := self._service():
            _end(service)
        if _read(self._boot_file) != _BOOT_ID.read_text():  # where /run survives a reboot, podman would not notice it
            shutil.rmtree(self._run_folder, ignore_errors=True)
        if (self._folder / "storage").exists():
            self._storage_file.write_text(self._storage_conf())  # without it podman would take the user's own storage
            self._remove_containers()
        self._wait_for_last_processes()
        for mounted in reversed(psutil.disk_partitions(all=True)):
            if Path(mounted.mountpoint).is_relative_to(self._folder):
                subprocess.run(["umount", mounted.mountpoint], check=False, capture_output=True)
        _ip(f"link delete {self._bridge}-0", f"link delete {self._bridge}")
        shutil.rmtree(self._run_folder, ignore_errors=True)

    def _remove_containers(self) -> None:
        """With their processes, mounts and network interfaces, also those whose podman and conmon were killed.

        Asked twice: podman fails once for a container that ended unseen, and knows by then that it has.
        """
        command = self._command("rm", "--all", "--force", "--volumes", "--time=0")
        for _ in range(2):
            try:
                subprocess.run(
                    command, check=True, capture_output=True, env=self._environment(), timeout=_REMOVE_TIMEOUT_SECONDS
                )
            except subprocess.SubprocessError as error:
                said = (getattr(error, "stderr", None) or str(error).encode()).decode(errors="replace").strip()
            else:
                return
        raise LocalAwsError(f"podman could not remove its containers: {said}")

    def _wait_for_last_processes(self) -> None:
        """Podman cleans up behind each container that ended, in a process of its own that nobody waits for.

        One that comes last makes the run folder again, and fails without unmounting the storage: no container is left.
        """
        deadline = time.monotonic() + _LAST_PROCESSES_TIMEOUT_SECONDS
        while time.monotonic() < deadline and any(
            argument.startswith(str(self._run_folder))
            for process in psutil.process_iter(["cmdline"])
            for argument in process.info["cmdline"] or []
        ):
            time.sleep(_POLL_SECONDS)

    def _add_network(self) -> None:
        """A bridge with an address of its own, before any container.

        Without one it takes the lowest of its ports' addresses: when that port comes or goes, the containers send their
        answers to an address that is gone. The port that belongs to no container keeps podman from removing the bridge
        with the last one.
        """
        bridge, port, subnet = self._bridge, f"{self._bridge}-0", _free_subnet(self._key)
        (self._folder / "networks" / f"{bridge}.json").write_text(_network(bridge, subnet))
        problem = _ip(
            f"link add {bridge} address 0a:58:{subnet[1].packed.hex(':')} type bridge",
            f"address add {subnet[1]}/{subnet.prefixlen} dev {bridge}",
            f"link set {bridge} up",
            f"link add {port} type veth peer name {bridge}-1",
            f"link set {port} master {bridge}",
        )
        if problem:
            self._clear()
            raise LocalAwsError(f"The containers have no network: {problem}")


def _search_path() -> str:
    """PATH, and where distributions keep what only root and podman run."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), *_MORE_PROGRAMS])


def _ip(*commands: str) -> str:
    """The error messages of `ip`, which goes on after a command that fails."""
    done = subprocess.run(
        ["ip", "-force", "-batch", "-"],
        input="\n".join(commands),
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": _search_path()},
    )
    return done.stderr.strip() if done.returncode else ""


def _end(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.terminate()
        try:
            process.wait(_END_TIMEOUT_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(_END_TIMEOUT_SECONDS)


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _containers_conf(networks: Path, *, default: str) -> str:
    """Limits are soft = hard because podman 4.3's Docker API swaps them; crun refuses hybrid cgroups.

    What watched an exec waits for somebody to ask how it ended: by default five minutes, in which we may have stopped.
    A path is quoted as JSON, whose escapes are a subset of TOML's.
    """
    return f"""\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
http_proxy = false
log_driver = "k8s-file"

[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
exit_command_delay = {_EXEC_END_SECONDS}
image_copy_tmp_dir = "storage"
runtime = "runc"

[network]
network_backend = "netavark"
network_config_dir = {json.dumps(str(networks))}
default_network = "{default}"
"""


def _registries_conf(registry: str) -> str:
    return f"""\
[[registry]]
prefix = "*.amazonaws.com"
location = "{registry}"
insecure = true
"""


def _network(bridge: str, subnet: ipaddress.IPv4Network) -> str:
    """It reaches this machine and nothing beyond, so that the machine's firewall rules are left alone.

    All podmans of a machine share one list of given addresses, by network name: ours must be nobody else's.
    """
    return json.dumps(
        {
            "name": bridge,
            "id": hashlib.sha256(bridge.encode()).hexdigest(),
            "driver": "bridge",
            "network_interface": bridge,
            "created": "2026-01-01T00:00:00Z",
            "subnets": [{"subnet": str(subnet), "gateway": str(subnet[1])}],
            "ipv6_enabled": False,
            "internal": True,
            "dns_enabled": False,
            "ipam_options": {"driver": "host-local"},
        }
    )


def _free_subnet(key: str) -> ipaddress.IPv4Network:
    """A /24 of 10.200.0.0/13 in which this machine has no address; where to look first depends on the key."""
    addresses = [address for some in psutil.net_if_addrs().values() for address in some]
    taken = [ipaddress.IPv4Address(one.address) for one in addresses if one.family == socket.AF_INET]
    candidates = list(ipaddress.IPv4Network("10.200.0.0/13").subnets(new_prefix=24))
    first = int(key, base=16) % len(candidates)
    ordered = candidates[first:] + candidates[:first]
    return next(subnet for subnet in ordered if not any(address in subnet for address in taken))
