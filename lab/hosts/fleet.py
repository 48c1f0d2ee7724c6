"""The containers of a lab: its hosts, and what serves them: the mirror, the hub and the registry."""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from lab import shell, state
from lab.gpu.build import host_overlay
from lab.hosts import image, machine, network, ssh
from lab.hosts.containers import FileTree, HostSpec, ensure_container
from lab.hosts.podman import Podman
from lab.settings import HUB, HUB_PORT, MIRROR, REGISTRY, REGISTRY_PORT, Settings, existing_labs

# Container data must not lie on the container's own overlay: a snapshotter cannot stack on it. What a
# reboot has to keep lies here too.
VOLUMES = {
    "rancher": "/var/lib/rancher",
    "kubelet": "/var/lib/kubelet",
    "vllm": "/var/lib/vllm",
    "ollama": "/var/lib/ollama",
    "log": "/var/log",
}
# A user as installers make one: may log in, and has to give a password to become root.
OWNER = "owner"
_PASSWORD_FILE = "root/.owner"
_MAKE_OWNER = f"""set -e
id {OWNER} >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --groups sudo {OWNER}
install -d -o {OWNER} -g {OWNER} -m 0700 /home/{OWNER}/.ssh
install -o {OWNER} -g {OWNER} -m 0600 /root/.ssh/authorized_keys /home/{OWNER}/.ssh/authorized_keys
chpasswd </{_PASSWORD_FILE}
rm /{_PASSWORD_FILE}
"""
MIRROR_FILES = "/srv/artefacts"
MIRROR_CONFIGURATION = "/etc/nginx/lab.conf"
HUB_FILES = "/srv/hub"
HUB_PROGRAM = "/srv/hub.py"
REGISTRY_DISK = "/srv/registry"
REGISTRY_LINE = "/srv/line"
REGISTRY_PROGRAM = "/srv/line.py"


class Fleet:
    """All containers of one lab."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.podman = Podman(settings)

    def prepare(self, built_image: Path, log: IO[str]) -> str:
        """Everything that is there before a host: podman's files, keys, the network, the image."""
        self.podman.configure()
        ssh.ensure_keys(self.settings)
        with self._machine_lock():
            machine.prepare(self.settings)
            subnet = network.ensure_network(self.settings, self.podman, log)
        imported = image.ensure_imported(self.podman, built_image, log)
        addresses = self._addresses(subnet, self.settings.hosts)
        ssh.write_known_hosts(self.settings, addresses)
        names = (f"{address} {self.settings.full_name(host)}\n" for host, address in addresses.items())
        self.settings.names_file.write_text("".join(names), encoding="ascii")
        return f"{subnet}, image imported" if imported else str(subnet)

    def boot(self, mounts: Mapping[str, str], gpu_stand_in: Path, log: IO[str]) -> str:
        """Start the hosts, all before waiting for any."""
        results = {}
        for host in self.settings.hosts:
            spec = self._host_spec(host, mounts, gpu_stand_in)
            results[host] = ensure_container(self.podman, spec, self.settings.name, log)
        for host, address in self.addresses(self.settings.hosts).items():
            ssh.wait_until_ready(self.settings, host, address)
        return ", ".join(f"{host} {result}" for host, result in results.items())

    def serve(self, configuration: Path, log: IO[str]) -> str:
        """Start the mirror."""
        mounts = {self.settings.artefacts: MIRROR_FILES, configuration: MIRROR_CONFIGURATION}
        # Read on each start; in the command, so that another configuration is another mirror.
        return self._serve(MIRROR, mounts, ("nginx", "-c", MIRROR_CONFIGURATION, "-g", "daemon off;"), log)

    def serve_hub(self, program: Path, log: IO[str]) -> str:
        """Start the hub."""
        mounts = {self.settings.hub: HUB_FILES, program: HUB_PROGRAM}
        return self._serve(HUB, mounts, ("python3", HUB_PROGRAM, HUB_FILES, "--port", str(HUB_PORT)), log)

    def serve_registry(self, program: Path, disk: Path, log: IO[str]) -> str:
        """Start the registry, behind its line."""
        mounts = {
            disk: REGISTRY_DISK,
            self.settings.registry: REGISTRY_LINE,
            program: REGISTRY_PROGRAM,
        }
        switches = f"{REGISTRY_LINE}/switches.json"
        command = ("python3", REGISTRY_PROGRAM, REGISTRY_DISK, switches, "--port", str(REGISTRY_PORT))
        return self._serve(REGISTRY, mounts, command, log)

    def _serve(self, name: str, mounts: Mapping[Path, str], command: tuple[str, ...], log: IO[str]) -> str:
        spec = HostSpec(
            name=name,
            container=self.settings.container(name),
            image=image.reference(),
            network=self.settings.network,
            address=self.addresses((name,))[name],
            mounts={str(source): path for source, path in mounts.items()},
            command=command,
        )
        return ensure_container(self.podman, spec, self.settings.name, log)

    def reboot(self, host: str) -> None:
        """Restart a host as its power button would, and wait until it answers."""
        self.podman.output("restart", "--time", "20", self.settings.container(host))
        ssh.wait_until_ready(self.settings, host, self.addresses((host,))[host])

    def remove(self) -> None:
        """Take away everything of this lab, and with the last lab what all of them shared."""
        with self._machine_lock():
            if self.podman.present:
                self.podman.remove_all(self.settings.name)
            shutil.rmtree(self.settings.state, ignore_errors=True)
            if not existing_labs(self.settings) and not self._any_left():
                if self.podman.present:
                    self.podman.forget()
                machine.restore(self.settings)

    def addresses(self, names: tuple[str, ...]) -> dict[str, str]:
        """Addresses of hosts; empty before the first ``up``."""
        subnet = network.current_network(self.settings, self.podman) if self.podman.present else None
        return {} if subnet is None else self._addresses(subnet, names)

    def states(self) -> dict[str, str]:
        """What podman says about each container of the lab."""
        result = {}
        for name in (*self.settings.hosts, *self.settings.services):
            found = self.podman.inspect(self.settings.container(name)) if self.podman.present else None
            result[name] = "absent" if found is None else str(found["State"]["Status"])
        return result

    def _host_spec(self, host: str, mounts: Mapping[str, str], gpu_stand_in: Path) -> HostSpec:
        trees = [FileTree(self._identity(host), (("sh", "-c", _MAKE_OWNER),))]
        if host == "gpu":
            overlay = host_overlay(gpu_stand_in)
            trees.append(FileTree(overlay.rootfs, overlay.commands))
        container = self.settings.container(host)
        everybody = self.addresses((*self.settings.hosts, *self.settings.services))
        return HostSpec(
            name=host,
            container=container,
            image=image.reference(),
            network=self.settings.network,
            address=everybody[host],
            volumes={f"{container}-{name}": path for name, path in VOLUMES.items()},
            mounts=mounts,
            trees=tuple(trees),
            names={
                **{name: address for name, address in everybody.items() if name != host},
                **{self.settings.full_name(name): everybody[name] for name in self.settings.hosts},
            },
            dns=tuple(network.resolvers()),
        )

    def _identity(self, host: str) -> Path:
        """The files that make a host this one: its SSH host key and who may log in."""
        tree = self.settings.host_folder(host) / "files"
        keys = tree / "etc/ssh"
        logins = tree / "root/.ssh"
        for folder, mode in ((keys, 0o755), (logins, 0o700)):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(mode)
        key = ssh.host_key(self.settings, host)
        for source in (key, key.with_name(f"{key.name}.pub")):
            shutil.copy2(source, keys / source.name)
        shutil.copyfile(self.settings.ssh_key.with_name("id_ed25519.pub"), logins / "authorized_keys")
        password = tree / _PASSWORD_FILE
        password.touch(mode=0o600)
        password.write_text(f"{OWNER}:{state.read_secrets(self.settings)['owner_password']}\n")
        return tree

    @staticmethod
    def _addresses(subnet: ipaddress.IPv4Network, names: tuple[str, ...]) -> dict[str, str]:
        return {name: network.address(subnet, name) for name in names}

    def _any_left(self) -> bool:
        kinds = ("container", "volume", "network")
        return self.podman.present and any(self.podman.names(kind) for kind in kinds)

    @contextlib.contextmanager
    def _machine_lock(self) -> Iterator[None]:
        """Two labs that come or go at once must not choose the same network."""
        self.settings.states.mkdir(parents=True, exist_ok=True)
        with (self.settings.states / ".lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def remove_images(settings: Settings) -> None:
    """Forget imported images, before the cache's storage is deleted."""
    podman = Podman(settings)
    if podman.present:
        shell.succeeds(podman.words("rmi", "--all", "--force"), env=podman.environment)
        podman.forget()
