# SPDX-License-Identifier: Apache-2.0
"""What of a host stands in the way of k3s: its firewall, SELinux, cgroups and clock. Reads only."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..system import commands
from ..system.paths import read_text

_UFW_IS_ON = re.compile(r"^\s*ENABLED\s*=\s*[\"']?yes", re.MULTILINE | re.IGNORECASE)
_UFW_LETS_IN = re.compile(r"^\s*DEFAULT_INPUT_POLICY\s*=\s*[\"']?ACCEPT", re.MULTILINE)
_MEMORY_IS_ON = re.compile(r"^memory\s+\d+\s+\d+\s+1$", re.MULTILINE)


class Places(NamedTuple):
    """The places on a host that are read."""

    ufw: str = "/etc/ufw/ufw.conf"
    ufw_defaults: str = "/etc/default/ufw"
    selinux: str = "/sys/fs/selinux/enforce"
    # k3s's own installer looks for this file.
    policy: str = "/usr/share/selinux/packages/k3s.pp"
    controllers: str = "/sys/fs/cgroup/cgroup.controllers"
    cgroups: str = "/proc/cgroups"
    # systemd's own mark of a container.
    container: str = "/run/systemd/container"


class Wanted(NamedTuple):
    """What has to reach the host, and the time that it should have."""

    ports: Sequence[str] = ()
    """PORT/PROTOCOL."""
    networks: Sequence[str] = ()
    reference_time: float = 0.0


def look(wanted: Wanted, places: Places, now: Callable[[], float] = time.time) -> dict[str, Any]:
    """All of it in one answer."""
    return {
        "firewall": look_at_firewall(wanted, places),
        "selinux_blocks": read_text(places.selinux).strip() == "1" and not read_text(places.policy),
        "memory_cgroup": "memory" in read_text(places.controllers).split()
        or bool(_MEMORY_IS_ON.search(read_text(places.cgroups))),
        "clock": {
            # A container has the clock of its machine, which has to keep it.
            "synchronised": None if read_text(places.container) else is_synchronised(),
            "ahead_s": round(now() - wanted.reference_time) if wanted.reference_time else 0,
        },
    }


def is_synchronised() -> bool | None:
    """Whether the kernel calls the clock synchronised; None where systemd does not tell."""
    told = commands.run(["timedatectl", "show", "--property=NTPSynchronized", "--value"]).output.strip()
    return {"yes": True, "no": False}.get(told)


def look_at_firewall(wanted: Wanted, places: Places) -> dict[str, Any]:
    """The firewall that is on, and the commands that let through what is not yet."""
    if _UFW_IS_ON.search(read_text(places.ufw)):
        lets_in = _UFW_LETS_IN.search(read_text(places.ufw_defaults))
        added = "" if lets_in else commands.run(["ufw", "show", "added"]).output
        return {"name": "ufw", "missing": [] if lets_in else missing_in_ufw(wanted, added)}
    if commands.run(["systemctl", "is-active", "firewalld.service"]).output.strip() == "active":
        zone = commands.run(["firewall-cmd", "--get-default-zone"]).output.strip()
        ports = commands.run(["firewall-cmd", "--list-ports"]).output
        sources = commands.run(["firewall-cmd", "--zone=trusted", "--list-sources"]).output
        missing = [] if zone == "trusted" else missing_in_firewalld(wanted, ports, sources)
        return {"name": "firewalld", "missing": missing}
    return {"name": "", "missing": []}


def missing_in_ufw(wanted: Wanted, added: str) -> list[str]:
    """Commands for what the rules, as ``ufw show added`` prints them, do not let through.

    A rule for some sources counts: who wrote it knows where the nodes are.
    """
    ports: set[str] = set()
    sources: set[str] = set()
    for line in added.splitlines():
        found = _ufw_rule(line.strip())
        ports |= found[0]
        sources |= found[1]
    # Whoever lets a network in altogether lets the nodes in that are there.
    is_open = bool(sources - set(wanted.networks))
    missing = [] if is_open else [port for port in wanted.ports if port not in ports]
    return [f"ufw allow {port}" for port in missing] + [
        f"ufw allow from {network} to any" for network in wanted.networks if network not in sources
    ]


def _ufw_rule(line: str) -> tuple[set[str], set[str]]:
    """The ports, and the sources that may reach every port, of one rule.

    A port without tcp or udp is open for both.
    """
    words = re.sub(r" comment .*", "", line).split()
    if words[:2] not in (["ufw", "allow"], ["ufw", "limit"]) or "out" in words:
        return set(), set()
    rest = words[2:]
    rest = rest[1:] if rest[:1] == ["in"] else rest
    protocol = _after(rest, "proto")
    port = _after(rest[rest.index("to") :], "port") if "to" in rest else ""
    if not port and rest and rest[0][:1].isdigit():
        port, _, protocol = rest[0].partition("/")
    if port:
        protocols = [protocol] if protocol else ["tcp", "udp"]
        return {f"{one}/{name}" for one in _spread(port) for name in protocols}, set()
    source = _after(rest, "from")
    return set(), {source} if source and not protocol and "port" not in rest else set()


def missing_in_firewalld(wanted: Wanted, ports: str, sources: str) -> list[str]:
    """Commands for what the default zone and the zone of trusted networks do not let through."""
    open_ports = {
        f"{one}/{protocol}"
        for port, _, protocol in (word.partition("/") for word in ports.split())
        for one in _spread(port)
    }
    missing = [f"--add-port={port}" for port in wanted.ports if port not in open_ports]
    missing += [
        f"--zone=trusted --add-source={network}"
        for network in wanted.networks
        if network not in sources.split()
    ]
    return [f"firewall-cmd --permanent {rule}" for rule in missing] + (
        ["firewall-cmd --reload"] if missing else []
    )


def _after(words: Sequence[str], name: str) -> str:
    return words[words.index(name) + 1] if name in words[:-1] else ""


def _spread(ports: str) -> list[str]:
    """Single ports of 80,443 and 8000:8002 or 8000-8002."""
    spread: list[str] = []
    for part in ports.split(","):
        first, is_range, last = part.replace("-", ":").partition(":")
        if is_range and first.isdecimal() and last.isdecimal():
            spread.extend(map(str, range(int(first), int(last) + 1)))
        else:
            spread.append(first)
    return spread
