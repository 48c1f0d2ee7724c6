"""What a lab changes on the machine itself, and how the last lab to go puts it back.

Podman's network layer (netavark) switches forwarding on, adds chains to the firewall and mounts
/run/netns, and leaves all that behind. What was there before the first lab is remembered in a file.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
from pathlib import Path
from typing import Any

from lab import shell
from lab.errors import LabError
from lab.settings import Settings

# Forwarding lets the hosts reach the world. Two kubelets, two containerds and two systemds watch more
# files than a desktop's default allows.
_FORWARDING = "net/ipv4/ip_forward"
_AT_LEAST = {
    _FORWARDING: 1,
    "fs/inotify/max_user_instances": 1024,
    "fs/inotify/max_user_watches": 524288,
}
_NETNS = Path("/run/netns")
_NETWORK_LISTS = Path("/run/containers/networks")
_JUMPS = (
    ("filter", "FORWARD", "NETAVARK_FORWARD"),
    ("nat", "PREROUTING", "NETAVARK-HOSTPORT-DNAT"),
    ("nat", "OUTPUT", "NETAVARK-HOSTPORT-DNAT"),
    ("nat", "POSTROUTING", "NETAVARK-HOSTPORT-MASQ"),
)
_CHAINS = (
    ("filter", "NETAVARK_FORWARD"),
    ("filter", "NETAVARK_ISOLATION_2"),
    ("filter", "NETAVARK_ISOLATION_3"),
    ("filter", "NETAVARK_INPUT"),
    ("nat", "NETAVARK-HOSTPORT-DNAT"),
    ("nat", "NETAVARK-HOSTPORT-MASQ"),
    ("nat", "NETAVARK-HOSTPORT-SETMARK"),
)


def prepare(settings: Settings) -> None:
    """Raise what the hosts need; remember once what it was."""
    memory = _memory(settings)
    if not memory.exists():
        memory.parent.mkdir(parents=True, exist_ok=True)
        partial = memory.with_suffix(".partial")
        partial.write_text(json.dumps(_look(), indent=2) + "\n", encoding="utf-8")
        partial.replace(memory)
    for name, value in _AT_LEAST.items():
        if _read(name) < value:
            _sysctl(name).write_text(f"{value}\n", encoding="ascii")


def restore(settings: Settings) -> None:
    """Put back what was there before the first lab; called when the last one has gone."""
    memory = _memory(settings)
    if not memory.exists():
        return
    before = json.loads(memory.read_text(encoding="utf-8"))
    sysctls = dict(before["sysctls"])
    if _netavark_in_use():
        # Containers that came after the first lab and are not ours still need forwarding.
        del sysctls[_FORWARDING]
    elif not before["netavark"]:
        _remove_chains()
    if not before["netns"] and _NETNS.is_dir() and not any(_NETNS.iterdir()):
        with contextlib.suppress(LabError):
            shell.output(["umount", _NETNS])
        with contextlib.suppress(OSError):
            _NETNS.rmdir()
    if not before["network_lists"]:
        for folder in (_NETWORK_LISTS, _NETWORK_LISTS.parent):
            with contextlib.suppress(OSError):
                folder.rmdir()
    for name, value in sysctls.items():
        _sysctl(name).write_text(f"{value}\n", encoding="ascii")
    memory.unlink()


def _look() -> dict[str, Any]:
    return {
        "sysctls": {name: _read(name) for name in _AT_LEAST},
        "netavark": _firewall_has("filter", "NETAVARK_FORWARD"),
        "netns": os.path.ismount(_NETNS) or _NETNS.exists(),
        "network_lists": _NETWORK_LISTS.exists(),
    }


def _memory(settings: Settings) -> Path:
    return settings.states / ".machine-before.json"


def _sysctl(name: str) -> Path:
    return Path("/proc/sys") / name


def _read(name: str) -> int:
    return int(_sysctl(name).read_text(encoding="ascii"))


def _firewall_has(table: str, chain: str) -> bool:
    return shell.succeeds(["iptables", "-w", "-t", table, "-S", chain])


def _netavark_in_use() -> bool:
    """Whether somebody else's containers still have rules: a chain of its own per network."""
    rules = shell.output(["iptables-save"])
    networks = [line for line in rules.splitlines() if line.startswith("-A NETAVARK_FORWARD ")]
    ports = [line for line in rules.splitlines() if line.startswith("-A NETAVARK-HOSTPORT-DNAT ")]
    return any(" -s " in line or " -d " in line for line in networks) or bool(ports)


def _remove_chains() -> None:
    rules = shell.output(["iptables-save"])
    table = ""
    for line in rules.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith("-A "):
            # iptables-save quotes comments, as a shell does.
            words = shlex.split(line)
            if (table, words[1], words[-1]) in _JUMPS:
                _iptables(table, "-D", *words[1:])
    for chain_table, chain in _CHAINS:
        if _firewall_has(chain_table, chain):
            _iptables(chain_table, "-F", chain)
    for chain_table, chain in _CHAINS:
        if _firewall_has(chain_table, chain):
            _iptables(chain_table, "-X", chain)


def _iptables(table: str, *words: str) -> None:
    with contextlib.suppress(LabError):
        shell.output(["iptables", "-w", "-t", table, *words])
