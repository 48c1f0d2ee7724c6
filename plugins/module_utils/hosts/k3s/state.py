# SPDX-License-Identifier: Apache-2.0
"""What a host has of k3s. Reads only."""

from __future__ import annotations

import http.client
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..system import commands, units
from ..system.paths import compare, read_text

_SERVICES = {"server": "k3s", "agent": "k3s-agent"}
_HEALTH_TIMEOUT_S = 5


class Places(NamedTuple):
    """Where a host tells about k3s."""

    units: str = "/etc/systemd/system"
    systemd: str = "/run/systemd/system"
    kubelet: str = "127.0.0.1:10248"


class Wanted(NamedTuple):
    """What the host should have."""

    role: str
    binary: str
    data_folder: str
    token: str = ""
    tools: Sequence[str] = ()
    watched: Sequence[str] = ()
    paths: Sequence[Mapping[str, Any]] = ()


def look(wanted: Wanted, places: Places) -> dict[str, Any]:
    """Everything at once."""
    service = _SERVICES[wanted.role]
    (other,) = set(_SERVICES.values()) - {service}
    unit = units.read_unit(f"{service}.service")
    folder = Path(wanted.binary).parent
    return {
        "architecture": platform.machine(),
        "runs_systemd": units.runs_systemd(places.systemd),
        "version": version_of(wanted.binary),
        "plays_other_part": Path(places.units, f"{other}.service").exists(),
        "token_matches": wanted.role == "agent" or token_matches(wanted.token, wanted.data_folder),
        **compare(wanted.paths)._asdict(),
        "free_tools": [name for name in wanted.tools if not is_taken(folder / name)],
        "unit": unit,
        "newer_files": units.newer_files(unit, wanted.watched),
        "kubelet_healthy": units.is_active(unit) and is_healthy(places.kubelet),
    }


def version_of(binary: str) -> str:
    """What the binary reports: "k3s version v1.34.2+k3s1 (…)"; empty without one."""
    found = re.search(r"k3s version (v\S+)", commands.run([binary, "--version"]).output)
    return found[1] if found else ""


def token_matches(token: str, data_folder: str) -> bool:
    """Whether a server has this token; k3s takes the secret alone or <prefix>::server:<secret>."""
    in_use = read_text(f"{data_folder}/server/token").strip()
    return not in_use or _secret(in_use) == _secret(token)


def is_taken(path: Path) -> bool:
    """Whether something has the name, be it a link to nowhere."""
    return path.is_symlink() or path.exists()


def is_healthy(kubelet: str) -> bool:
    """Whether the kubelet answers; no proxy of the environment is asked."""
    connection = http.client.HTTPConnection(kubelet, timeout=_HEALTH_TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _secret(token: str) -> str:
    return token.split("::server:")[-1]
