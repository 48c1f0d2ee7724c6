"""The network of a lab: a bridge of its own with addresses that never change."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import IO

from lab import shell
from lab.errors import LabError
from lab.hosts.podman import LAB_LABEL, Podman
from lab.settings import ADDRESS_SUFFIXES, Settings

POOL = ipaddress.IPv4Network("10.97.0.0/16")

_RESOLVERS = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))


def ensure_network(settings: Settings, podman: Podman, log: IO[str]) -> ipaddress.IPv4Network:
    """Return the lab's network, made in the first free part of the pool when there is none."""
    found = current_network(settings, podman)
    if found is not None:
        return found
    subnet = first_free(used_networks())
    podman.logged(
        log,
        *("network", "create", "--disable-dns", "--subnet", str(subnet)),
        *("--label", f"{LAB_LABEL}={settings.name}", settings.network),
    )
    return subnet


def current_network(settings: Settings, podman: Podman) -> ipaddress.IPv4Network | None:
    """The lab's network, or None before the first `up`."""
    if not podman.succeeds("network", "exists", settings.network):
        return None
    description = json.loads(podman.output("network", "inspect", settings.network))[0]
    return ipaddress.IPv4Network(description["subnets"][0]["subnet"])


def address(subnet: ipaddress.IPv4Network, host: str) -> str:
    """A host's address: the same place in every lab's network."""
    return str(subnet.network_address + ADDRESS_SUFFIXES[host])


def first_free(used: list[ipaddress.IPv4Network]) -> ipaddress.IPv4Network:
    """The first /24 of the pool, from .1 on, that nobody uses."""
    for candidate in list(POOL.subnets(new_prefix=24))[1:]:
        if not any(candidate.overlaps(network) for network in used):
            return candidate
    raise LabError(f"no free network is left in {POOL}", "take a lab down: LAB=<name> make down")


def used_networks() -> list[ipaddress.IPv4Network]:
    """What the machine routes already. Wide routes (a VPN's 10.0.0.0/8) give way to a narrower one."""
    used = []
    for route in json.loads(shell.output(["ip", "-json", "-4", "route", "show", "table", "all"]) or "[]"):
        if route["dst"] != "default":
            network = ipaddress.IPv4Network(route["dst"], strict=False)
            if network.prefixlen >= POOL.prefixlen:
                used.append(network)
    return used


def resolvers(files: tuple[Path, ...] = _RESOLVERS) -> list[str]:
    """The machine's name servers that a host can reach too, so none on a loopback address."""
    for path in files:
        if path.exists():
            lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
            servers = [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]
            reachable = [server for server in servers if not server.startswith(("127.", "::1"))]
            if reachable:
                return reachable
    return []
