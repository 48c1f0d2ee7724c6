# SPDX-License-Identifier: Apache-2.0
"""What this controller lacks for the cluster side, with the command that installs it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import metadata, util
from itertools import takewhile
from pathlib import Path

# As in galaxy.yml: versions from the first one up to below the second one.
COLLECTIONS = {"kubernetes.core": ((6, 2, 0), (7, 0, 0))}
# What kubernetes.core itself needs.
PACKAGES = {"kubernetes": (24, 2, 0)}
# What a site with a registry in PostgreSQL needs as well, with what pip installs for it.
MORE_PACKAGES = {"psycopg": (3, 1, 0)}
_DISTRIBUTIONS = {"psycopg": "psycopg[binary]"}


def controller_gaps(python: str) -> list[str]:
    """One sentence for each thing that is missing or of another version; ``python`` runs Ansible here."""
    gaps = package_gaps(python, PACKAGES)
    for collection, (least, below) in COLLECTIONS.items():
        found = collection_version(collection)
        if found is None or not least <= numbers(found) < below:
            wanted = f"{collection}:>={dotted(least)},<{dotted(below)}"
            gaps.append(
                f"Ansible has {has('the collection', collection, found)}. "
                f"Run: ansible-galaxy collection install --upgrade '{wanted}'"
            )
    return gaps


def package_gaps(python: str, packages: Iterable[str]) -> list[str]:
    """One sentence for each of these packages that is missing or too old."""
    gaps = []
    for package in packages:
        found, least = package_version(package), {**PACKAGES, **MORE_PACKAGES}[package]
        if found is None or numbers(found) < least:
            wanted = f"{_DISTRIBUTIONS.get(package, package)}>={dotted(least)}"
            gaps.append(
                f"{python} has {has('the package', package, found)}. Run: {python} -m pip install '{wanted}'"
            )
    return gaps


def has(kind: str, name: str, version: str | None) -> str:
    return f"not {kind} {name}" if version is None else f"{kind} {name} {version}"


def package_version(name: str) -> str | None:
    """The version of a package of this Python; None where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def collection_version(name: str) -> str | None:
    """The version of a collection that Ansible finds; None where it finds none."""
    spec = util.find_spec(f"ansible_collections.{name}") if known(name) else None
    for folder in spec.submodule_search_locations or [] if spec else []:
        manifest = Path(folder) / "MANIFEST.json"
        if manifest.is_file():
            return str(json.loads(manifest.read_text("utf-8"))["collection_info"]["version"])
    return None


def known(name: str) -> bool:
    """Whether the namespace is there: looking below one that is not would be an error."""
    try:
        return util.find_spec(f"ansible_collections.{name.partition('.')[0]}") is not None
    except ImportError:
        return False


def numbers(version: str) -> tuple[int, ...]:
    """The first three numbers of a version."""
    parts = version.partition("+")[0].split(".")[:3]
    return tuple(int("".join(digit for digit in takewhile(str.isdigit, part)) or 0) for part in parts)


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
