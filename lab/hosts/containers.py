"""One host as a container: what it is made of, and how it comes to be exactly that."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from lab.errors import LabError
from lab.hosts.podman import LAB_LABEL, LOST, Podman

SPEC_LABEL = "inference-stack.spec"

SYSTEMD_OPTIONS = (
    *("--privileged", "--pids-limit=-1"),
    # A host's cgroups, and its pods', are made below the container's own: it sees itself at the root.
    "--cgroupns=private",
    # Not podman's systemd mode: with cgroups v1 it mounts the machine's own systemd hierarchy, where all
    # hosts would share one system.slice and remove each other's empty cgroups. Its other parts follow.
    "--systemd=false",
    *("--env", "container=podman", "--stop-signal", "SIGRTMIN+3"),
    *("--tmpfs=/run", "--tmpfs=/tmp", "--shm-size=1g"),
    *("--sysctl", "net.ipv4.ip_forward=1"),
)


@dataclass(frozen=True)
class FileTree:
    """Files that a host gets before its first boot, as a machine gets them from its installer."""

    source: Path
    """A folder to copy over ``/``, with its links."""
    commands: tuple[tuple[str, ...], ...] = ()
    """To run in the host's root afterwards."""


@dataclass(frozen=True)
class HostSpec:
    """What decides about a host's container. Another value makes another container."""

    name: str
    container: str
    image: str
    network: str
    address: str
    volumes: Mapping[str, str] = field(default_factory=dict)
    """Volume name → path. Volumes outlive the container."""
    mounts: Mapping[str, str] = field(default_factory=dict)
    """Folder of the machine → path; read-only."""
    trees: tuple[FileTree, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of hosts → addresses."""
    dns: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    """Runs instead of systemd."""

    def digest(self) -> str:
        """What the container was made from, the options that all hosts share included."""
        text = json.dumps([asdict(self), SYSTEMD_OPTIONS], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def ensure_container(podman: Podman, spec: HostSpec, lab: str, log: IO[str]) -> str:
    """Bring the container to its specification; return what was done about it."""
    found = podman.inspect(spec.container)
    done = "running"
    if found is not None and found["Config"]["Labels"].get(SPEC_LABEL) != spec.digest():
        podman.logged(log, "rm", "--force", "--time", "10", spec.container)
        found, done = None, "made anew"
    elif found is not None and found["State"]["Status"] in {"created", "initialized", "configured", LOST}:
        # Whoever made it was stopped before its files were complete, or the machine went down.
        podman.logged(log, "rm", "--force", spec.container)
        found = None
    if found is None:
        _create(podman, spec, lab, log)
        podman.logged(log, "start", spec.container)
        return done if done == "made anew" else "made"
    if found["State"]["Status"] != "running":
        podman.logged(log, "start", spec.container)
        return "started"
    return done


def _create(podman: Podman, spec: HostSpec, lab: str, log: IO[str]) -> None:
    for volume in spec.volumes:
        if not podman.succeeds("volume", "exists", volume):
            podman.logged(log, "volume", "create", "--label", f"{LAB_LABEL}={lab}", volume)
    podman.logged(log, *_create_words(spec, lab))
    if spec.trees:
        root = Path(podman.output("mount", spec.container).strip())
        try:
            for tree in spec.trees:
                _copy_tree(tree.source, root)
                for command in tree.commands:
                    _run_inside(root, command, log)
        finally:
            podman.logged(log, "umount", spec.container)


def _create_words(spec: HostSpec, lab: str) -> list[str]:
    words = [
        *("create", "--name", spec.container, "--hostname", spec.name),
        *("--label", f"{LAB_LABEL}={lab}", "--label", f"{SPEC_LABEL}={spec.digest()}"),
        *("--network", spec.network, "--ip", spec.address),
        *(f"--dns={server}" for server in spec.dns),
        *(f"--add-host={name}:{address}" for name, address in spec.names.items()),
        # Without the defaults nodev and nosuid: they are disks, and containers' files lie on them.
        *(f"--volume={volume}:{path}:dev,suid,exec" for volume, path in spec.volumes.items()),
        *(f"--volume={source}:{path}:ro" for source, path in spec.mounts.items()),
    ]
    words += ["--systemd=false"] if spec.command else SYSTEMD_OPTIONS
    return [*words, spec.image, *spec.command]


def _copy_tree(source: Path, root: Path, owner: tuple[int, int] = (0, 0)) -> None:
    """Copy files and links into the host, following links of its own such as /lib → usr/lib."""
    for folder, names, files in os.walk(source):
        target = root / Path(folder).relative_to(source)
        target.mkdir(parents=True, exist_ok=True)
        for name in [*names, *files]:
            origin, copy = Path(folder) / name, target / name
            if origin.is_symlink() or not origin.is_dir():
                copy.unlink(missing_ok=True)
                shutil.copy2(origin, copy, follow_symlinks=False)
                os.chown(copy, *owner, follow_symlinks=False)
            elif not copy.exists():
                copy.mkdir()
                copy.chmod(origin.stat().st_mode & 0o7777)


def _run_inside(root: Path, command: tuple[str, ...], log: IO[str]) -> None:
    log.write(f"$ chroot {root} {' '.join(command)}\n")
    log.flush()
    done = subprocess.run(
        ["chroot", str(root), *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
    )
    if done.returncode != 0:
        raise LabError(f"{' '.join(command)} ended with {done.returncode} in the host's files")
