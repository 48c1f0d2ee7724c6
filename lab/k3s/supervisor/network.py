"""The pods' network: a veth per pod, addresses from the node's range, routes to the other nodes."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import layout, log
from .api import Api, ApiError, Unreachable
from .errors import K3sError
from .layout import Layout, write_private

_POLL_S = 5.0
_FIRST_POLL_S = 0.5
# A number of our own, by which routes that became wrong can be told from everybody else's.
_ROUTE_PROTOCOL = "97"
_CHAIN = "K3S-MASQUERADE"
_SYSCTLS = {
    "net/ipv4/ip_forward": "1",
    # Only where the kernel has it; pods here do not share a bridge, but other plugins' may.
    "net/bridge/bridge-nf-call-iptables": "1",
}


@dataclass(frozen=True)
class Neighbour:
    """A node as far as the network is concerned."""

    name: str
    address: str
    pod_cidr: str


def address_towards(host: str) -> str:
    """This host's address on the way to another; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        try:
            connection.connect((host, 9))
        except OSError as error:
            raise K3sError(
                f"there is no way from this host to {host} ({error.strerror}); set node-ip"
            ) from error
        return str(connection.getsockname()[0])


def own_address() -> str:
    """This host's address on the way out, or the one that its name stands for."""
    try:
        return address_towards("8.8.8.8")
    except K3sError:
        try:
            address = socket.gethostbyname(socket.gethostname())
        except OSError:
            address = "127.0.0.1"
        if address.startswith("127."):
            raise
        return address


def prepare_host() -> None:
    """Let the host forward packets."""
    for name, value in _SYSCTLS.items():
        path = Path("/proc/sys") / name
        try:
            if path.exists() and path.read_text(encoding="ascii").strip() != value:
                path.write_text(value, encoding="ascii")
        except OSError as error:
            log.warning(f"Unable to set {name.replace('/', '.')}={value}: {error.strerror}")


def cni_configuration(pod_cidr: str) -> dict[str, Any]:
    """The chain of plugins for a node's range.

    Each pod hangs on a routed pair of interfaces instead of a bridge: traffic between pods of one
    node then passes the host's rules (Services, NetworkPolicies) with any kernel.
    """
    return {
        "cniVersion": "1.0.0",
        "name": "cbr0",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    # Addresses are only taken until the host goes down, and so is this folder.
                    "dataDir": str(layout.RUNTIME_DIR / "cni"),
                    "ranges": [[{"subnet": pod_cidr}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def neighbours(node_list: Mapping[str, Any]) -> list[Neighbour]:
    """The nodes that have a range of pod addresses."""
    result = []
    for node in node_list.get("items", []):
        addresses = [
            item["address"]
            for item in node.get("status", {}).get("addresses", [])
            if item["type"] == "InternalIP" and ":" not in item["address"]
        ]
        pod_cidr = node.get("spec", {}).get("podCIDR")
        if addresses and pod_cidr:
            result.append(Neighbour(node["metadata"]["name"], addresses[0], pod_cidr))
    return result


def route_changes(
    own_name: str, nodes: Sequence[Neighbour], present: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Which routes have to be set (range -> gateway), and which ranges' routes have to go."""
    wanted = {node.pod_cidr: node.address for node in nodes if node.name != own_name}
    missing = {cidr: gateway for cidr, gateway in wanted.items() if present.get(cidr) != gateway}
    return missing, [cidr for cidr in present if cidr not in wanted]


def masquerade_rules(cluster_cidr: str) -> list[list[str]]:
    """What hides pods behind their node on the way out of the cluster."""
    return [
        ["-d", cluster_cidr, "-j", "RETURN"],
        ["-d", "224.0.0.0/4", "-j", "RETURN"],
        ["-j", "MASQUERADE", "--random-fully"],
    ]


async def keep(api: Api, places: Layout, name: str, cluster_cidr: str) -> None:
    """Keep this node's part of the network as the nodes in the cluster want it."""
    pause = _FIRST_POLL_S
    complaint = ""
    while True:
        try:
            nodes = neighbours(await asyncio.to_thread(api.call, "GET", "/api/v1/nodes"))
            await asyncio.to_thread(_apply, places, name, cluster_cidr, nodes)
            complaint = ""
            if any(node.name == name for node in nodes):
                pause = _POLL_S
        except (ApiError, Unreachable, K3sError) as error:
            if str(error) != complaint:
                complaint = str(error)
                log.warning(f"Unable to bring the network up to date: {complaint}")
        await asyncio.sleep(pause)


def _apply(places: Layout, name: str, cluster_cidr: str, nodes: list[Neighbour]) -> None:
    own = next((node for node in nodes if node.name == name), None)
    if own:
        text = json.dumps(cni_configuration(own.pod_cidr), indent=2) + "\n"
        if write_private(places.cni_etc / "10-k3s.conflist", text):
            log.info(f"Pods of this node take their addresses from {own.pod_cidr}")
    present = {
        str(ipaddress.ip_network(route["dst"])): route.get("gateway", "")
        for route in json.loads(_run("ip", "-j", "-4", "route", "show", "proto", _ROUTE_PROTOCOL) or "[]")
    }
    missing, stale = route_changes(name, nodes, present)
    for cidr, gateway in missing.items():
        log.info(f"Pods of {cidr} are reached through {gateway}")
        _run("ip", "route", "replace", cidr, "via", gateway, "proto", _ROUTE_PROTOCOL)
    for cidr in stale:
        log.info(f"Nobody has {cidr} any more")
        _run("ip", "route", "del", cidr, "proto", _ROUTE_PROTOCOL)
    _masquerade(cluster_cidr)


def _masquerade(cluster_cidr: str) -> None:
    wanted = [f"-A {_CHAIN} {' '.join(rule)}" for rule in masquerade_rules(cluster_cidr)]
    jump = ["-s", cluster_cidr, "-j", _CHAIN]
    listed = _try("iptables", "-w", "-t", "nat", "-S", _CHAIN)
    if listed is None or [line for line in listed.splitlines() if line.startswith("-A")] != wanted:
        if listed is None:
            _run("iptables", "-w", "-t", "nat", "-N", _CHAIN)
        _run("iptables", "-w", "-t", "nat", "-F", _CHAIN)
        for rule in masquerade_rules(cluster_cidr):
            _run("iptables", "-w", "-t", "nat", "-A", _CHAIN, *rule)
    if _try("iptables", "-w", "-t", "nat", "-C", "POSTROUTING", *jump) is None:
        _run("iptables", "-w", "-t", "nat", "-A", "POSTROUTING", *jump)


def _try(*command: str) -> str | None:
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    return done.stdout if done.returncode == 0 else None


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, check=False, text=True)
    except FileNotFoundError as error:
        raise K3sError(f"{command[0]} is missing on this host") from error
    if done.returncode != 0:
        raise K3sError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
