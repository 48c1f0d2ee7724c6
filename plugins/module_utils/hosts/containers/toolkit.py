# SPDX-License-Identifier: Apache-2.0
"""What a host has of the NVIDIA Container Toolkit. Reads only."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..system import commands
from ..system.paths import compare, read_text
from . import apt_sources, cdi

_LIBRARY = "libnvidia-ml.so.1"
_RUNTIME = "nvidia-container-runtime"
_DPKG_FORMAT = "${Package}\\t${db:Status-Status}\\t${Version}\\t${db:Status-Want}\\n"


class Places(NamedTuple):
    """The places on a host that are read."""

    os_release: str = "/etc/os-release"
    libraries: str = f"/usr/lib/{platform.machine()}-linux-gnu"
    main_sources: str = apt_sources.MAIN_FILE
    sources: str = apt_sources.FOLDER
    toolkit: str = "/usr/bin/nvidia-ctk"
    runtime: str = f"/usr/bin/{_RUNTIME}"
    volatile_specs: str = cdi.FOLDERS[-1]


class Wanted(NamedTuple):
    """What the host should have."""

    packages: Sequence[str]
    release: str
    repository_url: str
    repository_suites: str
    sources_file: str
    mode: str
    config_file: str
    spec_file: str
    k3s_data_folder: str
    paths: Sequence[Mapping[str, Any]] = ()


def look(wanted: Wanted, places: Places) -> dict[str, Any]:
    """All of it in one answer."""
    driver = has_driver(places)
    toolkit = Path(places.toolkit).exists()
    packages = read_packages(wanted.packages)
    describes = wanted.mode == "cdi" and toolkit and driver
    return {
        "system": read_system(places.os_release),
        "driver_found": driver,
        "other_sources": other_sources(wanted, places),
        "packages": packages,
        "newer_version": newer_version(packages, wanted),
        **compare(wanted.paths)._asdict(),
        "toolkit_found": toolkit,
        "config": config(wanted, places) if toolkit else {**_computed("", ""), "differs": False},
        "spec": spec(wanted, places) if describes else {**_computed("", ""), "present": "", "shadows": []},
        "k3s": read_k3s(wanted.k3s_data_folder, places.runtime),
    }


def read_system(os_release: str) -> dict[str, Any]:
    pairs = (line.partition("=") for line in read_text(os_release).splitlines())
    values = {key: value.strip("\"'") for key, _, value in pairs}
    name = values.get("ID", "")
    return {
        "id": name,
        "version": values.get("VERSION_ID", ""),
        # The distribution itself, and those that it is made from.
        "family": list(dict.fromkeys([name, *values.get("ID_LIKE", "").split()])) if name else [],
    }


def has_driver(places: Places) -> bool:
    """Whether programs can load the driver's library."""
    if Path(places.libraries, _LIBRARY).exists():
        return True
    return f"{_LIBRARY} " in commands.run(["/sbin/ldconfig", "-p"]).output


def other_sources(wanted: Wanted, places: Places) -> list[str]:
    """Who named the repository before us; apt refuses one that two files name with two keys."""
    sought = [
        apt_sources.Repository(wanted.repository_url, suite) for suite in wanted.repository_suites.split()
    ]
    found = apt_sources.find_files(sought, places.main_sources, places.sources)
    return [path for path in found if path != wanted.sources_file]


def read_packages(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The packages that are installed; dpkg-query fails for unknown ones, but prints the others."""
    query = ["dpkg-query", "--show", f"--showformat={_DPKG_FORMAT}", *names, "python3-apt"]
    rows = [line.split("\t") for line in commands.run(query).output.splitlines()]
    return {
        row[0]: {"version": row[2], "held": row[3] == "hold"}
        for row in rows
        if len(row) == 4 and row[1] == "installed"
    }


def newer_version(packages: Mapping[str, Mapping[str, Any]], wanted: Wanted) -> str:
    """A version on the host that is newer than the release; dpkg itself compares."""
    newest = wanted.release
    for version in sorted({str(packages[name]["version"]) for name in wanted.packages if name in packages}):
        if (
            version != newest
            and commands.run(["dpkg", "--compare-versions", version, "gt", newest]).succeeded
        ):
            newest = version
    return newest if newest != wanted.release else ""


def config(wanted: Wanted, places: Places) -> dict[str, Any]:
    """nvidia-ctk computes the whole file from what is there; without --in-place it only prints."""
    setting = f"{_RUNTIME}.mode={wanted.mode}"
    computed = _compute([places.toolkit, "config", "--set", setting])
    digest = hashlib.sha256(computed["wanted"].encode()).hexdigest()
    comparison = compare([{"path": wanted.config_file, "checksum": f"sha256:{digest}"}])
    return {**computed, "differs": bool(comparison.differing)}


def spec(wanted: Wanted, places: Places) -> dict[str, Any]:
    """What nvidia-ctk finds; without --output it only prints.

    The mode of discovery is named: unset, it would follow the runtime's mode, which has other values.
    """
    command = [places.toolkit, "--quiet", "cdi", "generate", "--mode=auto", "--format=yaml"]
    present = read_text(wanted.spec_file)
    return {**_compute(command), "present": present, "shadows": find_shadows(places.volatile_specs)}


def find_shadows(folder: str) -> list[str]:
    """Specifications of this boot that hand over files which are gone, as after a new driver.

    A runtime prefers them to those in /etc/cdi.
    """
    return [found.path for found in cdi.find_specifications([folder]) if found.missing]


def read_k3s(data_folder: str, runtime: str) -> dict[str, Any]:
    """k3s looks for the runtime when it starts, and only then."""
    query = ["systemctl", "list-units", "--plain", "--no-legend", "--state=active"]
    active = commands.run([*query, "k3s.service", "k3s-agent.service"]).output
    path = Path(data_folder, "agent/etc/containerd/config.toml")
    return {
        "unit": next(iter(active.split()), ""),
        "knows_runtime": _RUNTIME in read_text(str(path)) if path.exists() else None,
        "runtime_found": Path(runtime).exists(),
    }


def _compute(command: Sequence[str]) -> dict[str, Any]:
    done = commands.run(command)
    if done.succeeded:
        return _computed(done.output.rstrip("\n") + "\n", "")
    last = (done.error.strip().splitlines() or [f"it ended with status {done.code}"])[-1]
    # 'time="…" level=error msg="…"': the words are what counts.
    return _computed("", re.sub(r"^.*? msg=", "", last))


def _computed(wanted: str, problem: str) -> dict[str, Any]:
    return {"wanted": wanted, "problem": problem}
