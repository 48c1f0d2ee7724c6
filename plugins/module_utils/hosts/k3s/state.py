# SPDX-License-Identifier: Apache-2.0
"""What a host has of k3s. Reads only."""

from __future__ import annotations

import http.client
import platform
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..system import commands, units
from ..system.paths import compare, read_text
from . import foreign, journal, node, surroundings
from .service import HEALTHY, Since, progress

_HEALTH_TIMEOUT_S = 5
# A host that is finished answers at once, and the others are asked again later.
_NODE_TIMEOUT_S = 5


class Places(NamedTuple):
    """The places on a host that are read."""

    units: str = "/etc/systemd/system"
    systemd: str = "/run/systemd/system"
    kubelet: str = "127.0.0.1:10248"
    admin_kubeconfig: str = "/etc/rancher/k3s/k3s.yaml"
    foreign: foreign.Places = foreign.Places()
    surroundings: surroundings.Places = surroundings.Places()
    # Where sudo and login shells of Debian and Ubuntu look for programs.
    search_path: str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin"


class Wanted(NamedTuple):
    """What the host should have."""

    role: str
    binary: str
    data_folder: str
    token: str = ""
    tools: Sequence[str] = ()
    watched: Sequence[str] = ()
    paths: Sequence[Mapping[str, Any]] = ()
    node: Mapping[str, Any] | None = None
    since: Mapping[str, Any] | None = None
    with_journal: bool = False
    surroundings: Mapping[str, Any] | None = None


def look(wanted: Wanted, places: Places) -> dict[str, Any]:
    """All of it in one answer."""
    service = foreign.SERVICES[wanted.role]
    (other,) = set(foreign.SERVICES.values()) - {service}
    unit = units.read_unit(f"{service}.service")
    kubelet = ask_kubelet(places.kubelet) if units.is_active(unit) else "not asked"
    folder = Path(wanted.binary).parent
    return {
        "architecture": platform.machine(),
        "runs_systemd": units.runs_systemd(places.systemd),
        "version": version_of(wanted.binary),
        "plays_other_part": Path(places.units, f"{other}.service").exists(),
        "foreign": foreign.look(wanted.role, wanted.binary, places.foreign),
        "configured_name": foreign.configured_name(places.foreign.config),
        "token_matches": wanted.role == "agent" or token_matches(wanted.token, wanted.data_folder),
        **compare(wanted.paths)._asdict(),
        "free_tools": [name for name in wanted.tools if is_free(name, folder, places.search_path)],
        "surroundings": look_around(wanted, places),
        "unit": unit,
        "newer_files": units.newer_files(unit, wanted.watched),
        "service": progress(unit, kubelet, Since(**wanted.since or {})),
        "node": look_at_node(wanted, places) if wanted.node and kubelet == HEALTHY else node.silent(),
        "complaints": journal.read(service, unit["InvocationID"]) if wanted.with_journal else [],
    }


def look_around(wanted: Wanted, places: Places) -> dict[str, Any]:
    """What stands in the way of k3s; empty where nobody asks."""
    if wanted.surroundings is None:
        return {}
    return surroundings.look(surroundings.Wanted(**wanted.surroundings), places.surroundings)


def look_at_node(wanted: Wanted, places: Places) -> dict[str, Any]:
    """What the API server tells this host about its own node."""
    is_server = wanted.role == "server"
    own = f"{wanted.data_folder}/agent/kubelet.kubeconfig"
    kubeconfig = places.admin_kubeconfig if is_server else own
    return node.look(wanted.binary, kubeconfig, node.Wanted(**wanted.node or {}), _NODE_TIMEOUT_S)


def version_of(binary: str) -> str:
    """What the binary reports: "k3s version v1.34.2+k3s1 (…)"; empty without one."""
    found = re.search(r"k3s version (v\S+)", commands.run([binary, "--version"]).output)
    return found[1] if found else ""


def token_matches(token: str, data_folder: str) -> bool:
    """Whether a server has this token; k3s takes the secret alone or <prefix>::server:<secret>."""
    in_use = read_text(f"{data_folder}/server/token").strip()
    return not in_use or _secret(in_use) == _secret(token)


def is_free(name: str, folder: Path, search_path: str) -> bool:
    """Whether a link of this name would hide no program, such as Docker's ctr. A broken link counts, too."""
    path = folder / name
    return not path.is_symlink() and not path.exists() and shutil.which(name, path=search_path) is None


def ask_kubelet(address: str) -> str:
    """HEALTHY, or the reason why it is not. Ignores proxies of the environment."""
    connection = http.client.HTTPConnection(address, timeout=_HEALTH_TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return HEALTHY if answer.status == 200 else f"HTTP {answer.status}"
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()


def _secret(token: str) -> str:
    return token.split("::server:")[-1]
