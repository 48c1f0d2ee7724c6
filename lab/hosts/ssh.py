"""SSH to the hosts with keys that the lab made itself, so that nothing has to be trusted on first use."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from lab import shell
from lab.errors import LabError
from lab.settings import Settings

USER = "root"
_HOST_KEY = "ssh_host_ed25519_key"


def ensure_keys(settings: Settings) -> None:
    """Make the lab's key and one host key per host."""
    for path in (settings.ssh_key, *(host_key(settings, host) for host in settings.hosts)):
        if not path.with_name(f"{path.name}.pub").exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            comment = f"{settings.network} {path.name}"
            shell.output(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path])


def host_key(settings: Settings, host: str) -> Path:
    return settings.host_folder(host) / _HOST_KEY


def write_known_hosts(settings: Settings, addresses: Mapping[str, str]) -> None:
    lines = []
    for host, address in addresses.items():
        public = host_key(settings, host).with_name(f"{_HOST_KEY}.pub").read_text(encoding="ascii")
        lines.append(f"{address},{settings.full_name(host)} {' '.join(public.split()[:2])}\n")
    settings.known_hosts.write_text("".join(lines), encoding="ascii")


def words(settings: Settings, address: str, *command: str, options: tuple[str, ...] = ()) -> list[str]:
    """The command line of ssh; the user's own configuration has no say in it."""
    return [
        *("ssh", "-F", "/dev/null", "-i", str(settings.ssh_key)),
        *("-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes"),
        *("-o", f"UserKnownHostsFile={settings.known_hosts}", "-o", "ConnectTimeout=5"),
        *("-o", "BatchMode=yes", "-o", "LogLevel=ERROR"),
        *options,
        f"{USER}@{address}",
        *command,
    ]


def wait_until_ready(settings: Settings, host: str, address: str, timeout_s: float = 90) -> None:
    """Wait until systemd has started everything and a command runs over SSH."""
    deadline = time.monotonic() + timeout_s
    problem = ""
    while time.monotonic() < deadline:
        # "degraded" is a state to work with; only a host that is still starting is not ready.
        check = "systemctl is-system-running | grep -Eq 'running|degraded'"
        try:
            shell.output(words(settings, address, check), timeout=15)
            return
        except LabError as error:
            problem = error.problem
        time.sleep(0.5)
    raise LabError(
        f"{host} does not answer over SSH at {address}: {problem}",
        f"start anew: LAB={settings.name} make down, then run this again",
    )
