"""Podman with files of the lab's own: the machine's containers and configuration stay out of sight."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path
from typing import IO, Any

from lab import shell
from lab.errors import LabError
from lab.settings import Settings

LAB_LABEL = "inference-stack.lab"
# Podman's word is "running": it keeps it where the machine went down and its files under /run stayed.
LOST = "lost"
PROCESSES = Path("/proc")
"""Every container, volume and network of a lab carries it, with the lab's name as value."""

_REMOVALS = 3
_CGROUP_V2_MARK = Path("/sys/fs/cgroup/cgroup.controllers")

_CONFIGURATION = """\
# Written by the lab for its own podman (CONTAINERS_CONF); nothing else reads it.
[containers]
# Raising limits needs CAP_SYS_RESOURCE, which a nested machine lacks.
default_ulimits = []
base_hosts_file = "none"
log_driver = "k8s-file"
log_size_max = 10485760

[network]
network_backend = "netavark"
network_config_dir = "{networks}"

[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
# The default is a segment of shared memory that the machine's own podman uses too.
lock_type = "file"
runtime = "{runtime}"
tmp_dir = "{run}/libpod"
"""


def choose_runtime() -> str:
    """Crun refuses hybrid cgroups, which runc handles; on cgroup v2 whatever is there will do."""
    if _CGROUP_V2_MARK.exists() and shutil.which("crun"):
        return "crun"
    return "runc"


def _is_process_of(pid: int, container: str) -> bool:
    """Whether the container's first process is there. Its cgroup bears the container's id."""
    try:
        return container in (PROCESSES / str(pid) / "cgroup").read_text("utf-8")
    except OSError:
        return False


class Podman:
    """Commands of podman on the lab's own storage."""

    def __init__(self, settings: Settings) -> None:
        self._home = settings.podman_home
        self._run = settings.podman_run
        self._configuration = self._home / "containers.conf"
        self.environment = {"CONTAINERS_CONF": str(self._configuration)}

    def words(self, *words: str | Path) -> list[str | Path]:
        """The command line, for callers that hand it on."""
        return [
            *("podman", "--storage-driver", "overlay"),
            *("--root", self._home / "storage", "--runroot", self._run / "run"),
            *words,
        ]

    def configure(self) -> None:
        """Write the configuration; it holds no state, so it is written anew each time."""
        self._home.mkdir(parents=True, exist_ok=True)
        text = _CONFIGURATION.format(
            networks=self._home / "networks", run=self._run, runtime=choose_runtime()
        )
        partial = self._configuration.with_name(f"containers.conf.{os.getpid()}")
        partial.write_text(text, encoding="utf-8")
        partial.replace(self._configuration)

    @property
    def present(self) -> bool:
        """Whether there is anything that podman could know about."""
        return self._configuration.exists() and shutil.which("podman") is not None

    def logged(self, log: IO[str], *words: str | Path) -> None:
        shell.logged(self.words(*words), log, env=self.environment)

    def output(self, *words: str | Path, timeout: float | None = 120) -> str:
        return shell.output(self.words(*words), env=self.environment, timeout=timeout)

    def succeeds(self, *words: str | Path) -> bool:
        return shell.succeeds(self.words(*words), env=self.environment)

    def inspect(self, container: str) -> dict[str, Any] | None:
        """What podman knows about a container, or None when there is none."""
        if not self.succeeds("container", "exists", container):
            return None
        found = json.loads(self.output("container", "inspect", container))[0]
        assert isinstance(found, dict)
        state = found["State"]
        if state["Status"] == "running" and not _is_process_of(state["Pid"], found["Id"]):
            state["Status"] = LOST
        return found

    def names(self, kind: str, lab: str | None = None) -> list[str]:
        """Names of the containers, volumes or networks of one lab, or of all labs."""
        label = LAB_LABEL if lab is None else f"{LAB_LABEL}={lab}"
        listing = ("ps", "--all") if kind == "container" else (kind, "ls")
        column = "{{.Names}}" if kind == "container" else "{{.Name}}"
        return sorted(self.output(*listing, "--filter", f"label={label}", "--format", column).split())

    def remove_all(self, lab: str) -> None:
        """Remove everything of one lab: containers first, what they use after."""
        for name in self.names("container", lab):
            self._remove_container(name)
        for name in self.names("volume", lab):
            self.output("volume", "rm", "--force", name)
        for name in self.names("network", lab):
            self.output("network", "rm", "--force", name)

    def _remove_container(self, name: str) -> None:
        """A container that dies while podman removes it is "improper" to podman, until it looks again."""
        for attempts_left in reversed(range(_REMOVALS)):
            try:
                self.output("rm", "--force", "--time", "5", name)
                return
            except LabError:
                if not attempts_left:
                    raise

    def forget(self) -> None:
        """Clear volatile files that podman leaves when its last container has gone."""
        storage = self._home / "storage" / "overlay"
        if os.path.ismount(storage):
            with contextlib.suppress(Exception):
                shell.output(["umount", storage])
        shutil.rmtree(self._run, ignore_errors=True)
        with contextlib.suppress(OSError):
            self._run.parent.rmdir()
