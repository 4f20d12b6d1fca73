"""Podman as a Docker API: one service process, with storage, network and configuration of its own.

Nothing of the user's podman is read or changed, and nothing of this one outlives `stop`.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import ipaddress
import json
import os
import shutil
import socket
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

_ANSWER_TIMEOUT_SECONDS = 3
_START_TIMEOUT_SECONDS = 60
_REMOVE_TIMEOUT_SECONDS = 60
_END_TIMEOUT_SECONDS = 5
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PROGRAMS = ("podman", "conmon", "runc", "netavark", "iptables", "ip")
_MORE_PROGRAMS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/lib/podman", "/usr/libexec/podman")
_HELPERS = ("podman", "conmon", "runc")


@dataclass(frozen=True)
class Podman:
    """`directory` keeps its images and settings, and tells one podman of ours from another."""

    directory: Path

    @staticmethod
    def missing_programs() -> list[str]:
        return [program for program in _PROGRAMS if shutil.which(program, path=_search_path()) is None]

    @property
    def address(self) -> str:
        return f"unix://{self._run_folder / 'docker.sock'}"

    @property
    def was_started(self) -> bool:
        """Ever, by whatever command."""
        return (self._folder / "containers.conf").exists()

    def answers(self) -> bool:
        connection = _SocketConnection(self.address.removeprefix("unix://"))
        with contextlib.closing(connection):
            try:
                connection.request("GET", "/_ping")
                return connection.getresponse().status == http.client.OK
            except (OSError, http.client.HTTPException):
                return False

    def start(self, *, registry: str, step: Step = progress.silent) -> None:
        """`registry` (host:port) answers for every ECR address."""
        settings_are_new = self._write_settings(registry)
        if self.answers() and not settings_are_new:
            return
        with step("starting podman"):
            self._end_service()
            self._forget_earlier_boot()
            self._lay_bridge()
            self._launch()
            self._wait_until_it_answers()

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

    def stop(self) -> None:
        """Leaves images and settings; harmless where nothing was started or only pieces are left."""
        self._end_service()
        if not self._run_folder.exists():
            return
        self._forget_earlier_boot()
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):  # what it can't do is done below
            subprocess.run(
                self._command("rm", "--all", "--force", "--time", "0"),
                check=False,
                capture_output=True,
                env=self._environment(),
                timeout=_REMOVE_TIMEOUT_SECONDS,
            )
        _kill([process for process in psutil.process_iter() if self._is_helper(process) or self._is_inside(process)])
        self._unmount()
        self._remove_bridge()
        shutil.rmtree(self._run_folder, ignore_errors=True)

    @property
    def _folder(self) -> Path:
        return self.directory.resolve() / "podman"

    @property
    def _storage(self) -> Path:
        return self._folder / "storage"

    @property
    def _log(self) -> Path:
        return self._folder / "podman.log"

    @property
    def _key(self) -> str:
        return hashlib.sha256(bytes(self._folder)).hexdigest()[:8]

    @property
    def _run_folder(self) -> Path:
        """In /run, because a socket's path may not exceed 107 bytes, and only root can write there."""
        return Path("/run") / f"local-ecs-{self._key}"

    @property
    def _network_name(self) -> str:
        """Also the bridge's, which may have 15 characters."""
        return f"ecs-{self._key}"

    def _command(self, *arguments: str) -> list[str]:
        return ["podman", "--tmpdir", str(self._run_folder / "libpod"), *arguments]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONTAINER", "DOCKER_"))}
        return kept | {
            "CONTAINERS_CONF": str(self._folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self._folder / "storage.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(self._folder / "registries.conf"),
            "PATH": _search_path(),
            "TMPDIR": str(self._folder / "temporary"),
        }

    def _write_settings(self, registry: str) -> bool:
        """Whether they differ from those that a running service has read."""
        texts = {
            "containers.conf": _containers_conf(self._folder / "networks", default=self._network_name),
            "storage.conf": _storage_conf(storage=self._storage, run_folder=self._run_folder),
            "registries.conf": _registries_conf(registry),
        }
        for folder in (self._folder / "networks", self._folder / "temporary"):
            folder.mkdir(parents=True, exist_ok=True)
        network = self._folder / "networks" / f"{self._network_name}.json"
        if not network.exists():
            network.write_text(_network(self._key, name=self._network_name))
        changed = [name for name, text in texts.items() if _read(self._folder / name) != text]
        for name in changed:
            (self._folder / name).write_text(texts[name])
        return bool(changed)

    def _forget_earlier_boot(self) -> None:
        """Where /run survives a reboot, podman would believe that its containers still run."""
        boot, seen = _BOOT_ID.read_text(), self._run_folder / "boot_id"
        if _read(seen) != boot:
            shutil.rmtree(self._run_folder, ignore_errors=True)
            self._run_folder.mkdir(mode=0o700)
            seen.write_text(boot)

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if self.answers():
                return
            time.sleep(0.1)
        said = self._log.read_text(errors="replace").strip().splitlines()[-5:]
        self.stop()
        raise LocalAwsError("\n".join([f"podman did not start within {_START_TIMEOUT_SECONDS} s. It said:", *said]))

    def _end_service(self) -> None:
        """Known by the address that nobody else has, which survives a killed tool where a record might not."""
        _end([process for process in psutil.process_iter() if _arguments(process)[-1:] == [self.address]])

    def _is_helper(self, process: psutil.Process) -> bool:
        program, *arguments = _arguments(process) or [""]
        ours = (str(self._storage), str(self._run_folder))
        return Path(program).name in _HELPERS and any(place in argument for argument in arguments for place in ours)

    def _is_inside(self, process: psutil.Process) -> bool:
        """Whether its root is a layer of ours: a container whose podman and records are gone."""
        try:
            mounts = Path(f"/proc/{process.pid}/mountinfo").read_text().splitlines()
        except OSError:
            return False
        return any(line.split()[4] == "/" and f"{self._storage}/" in line for line in mounts)

    def _unmount(self) -> None:
        """Deepest first: a container whose podman was killed leaves its layers mounted."""
        mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for place in reversed(mounted):
            if place.startswith((f"{self._storage}/", f"{self._run_folder}/")):
                _run("umount", "--lazy", place)

    def _lay_bridge(self) -> None:
        """With an address of its own, and before any container.

        A bridge without one takes the lowest of its ports' addresses: when that port comes or goes, the containers
        send their answers to an address that is gone. The port that belongs to no container keeps podman from
        removing the bridge with the last one.
        """
        bridge, port = self._network_name, self._own_port
        if (self._bridge / "brif" / port).exists():
            return
        self._remove_bridge()
        network = json.loads((self._folder / "networks" / f"{bridge}.json").read_text())
        gateway = ipaddress.IPv4Interface(f"{network['subnets'][0]['gateway']}/24")
        for arguments in (
            f"link add {bridge} address 0a:58:{gateway.packed.hex(':')} type bridge",
            f"address add {gateway} dev {bridge}",
            f"link set {bridge} up",
            f"link add {port} type veth peer name {bridge}-1",
            f"link set {port} master {bridge}",
        ):
            done = _run("ip", *arguments.split())
            if done.returncode:
                self._remove_bridge()
                raise LocalAwsError(f"The containers have no network: `ip {arguments}` failed: {done.stderr.strip()}")

    def _remove_bridge(self) -> None:
        ports = [port.name for port in (self._bridge / "brif").glob("*")]
        for link in {*ports, self._own_port, self._network_name}:
            _run("ip", "link", "delete", link)

    @property
    def _own_port(self) -> str:
        return f"{self._network_name}-0"

    @property
    def _bridge(self) -> Path:
        return Path("/sys/class/net") / self._network_name


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_ANSWER_TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _search_path() -> str:
    """PATH, and where distributions keep what only root and podman run."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), *_MORE_PROGRAMS])


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": _search_path()}
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=_END_TIMEOUT_SECONDS)
    _kill(alive)


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=_END_TIMEOUT_SECONDS)


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _containers_conf(networks: Path, *, default: str) -> str:
    """Limits are soft = hard because podman 4.3's Docker API swaps them; crun refuses hybrid cgroups."""
    return f"""\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
http_proxy = false
log_driver = "k8s-file"

[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
image_copy_tmp_dir = "storage"
runtime = "runc"

[network]
network_backend = "netavark"
network_config_dir = {_quoted(networks)}
default_network = "{default}"
"""


def _storage_conf(*, storage: Path, run_folder: Path) -> str:
    return f"""\
[storage]
driver = ""
graphroot = {_quoted(storage)}
runroot = {_quoted(run_folder / "storage")}
"""


def _registries_conf(registry: str) -> str:
    return f"""\
[[registry]]
prefix = "*.amazonaws.com"
location = "{registry}"
insecure = true
"""


def _quoted(path: Path) -> str:
    """A TOML string: JSON's escapes are a subset of TOML's."""
    return json.dumps(str(path))


def _network(key: str, *, name: str) -> str:
    """A bridge that reaches this machine and nothing beyond, so that the machine's firewall rules are left alone.

    All podmans of a machine share one list of given addresses, by network name: ours must be nobody else's.
    """
    subnet = _free_subnet(key)
    return json.dumps(
        {
            "name": name,
            "id": hashlib.sha256(name.encode()).hexdigest(),
            "driver": "bridge",
            "network_interface": name,
            "created": "2026-01-01T00:00:00Z",
            "subnets": [{"subnet": str(subnet), "gateway": str(subnet[1])}],
            "ipv6_enabled": False,
            "internal": True,
            "dns_enabled": False,
            "ipam_options": {"driver": "host-local"},
        },
        indent=2,
    )


def _free_subnet(key: str) -> ipaddress.IPv4Network:
    """A /24 of 10.200.0.0/13 in which this machine has no address.

    The key says where to look first: another checkout's network is not to be seen while none of its containers runs.
    """
    taken = [
        ipaddress.IPv4Address(address.address)
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET
    ]
    candidates = list(ipaddress.IPv4Network("10.200.0.0/13").subnets(new_prefix=24))
    first = int(key, base=16) % len(candidates)
    ordered = candidates[first:] + candidates[:first]
    return next(subnet for subnet in ordered if not any(address in subnet for address in taken))
