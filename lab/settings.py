"""Where a lab keeps its things, and how they are called. Everything here follows from two words:
the lab's name and the user's XDG folders."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from lab.components.component import default_cache
from lab.components.model_components import MODELS, RANDOM, REAL
from lab.errors import LabError

DEFAULT_NAME = "demo"
HOSTS = ("server", "gpu")
"""The hosts that a lab may have. LAB_HOSTS chooses; one alone is everything."""
MIRROR = "mirror"
MIRROR_PORT = 8080
HUB = "hub"
HUB_PORT = 8100
REGISTRY = "registry"
REGISTRY_PORT = 5000
SERVICES = (MIRROR, HUB, REGISTRY)
"""Containers that serve what hosts and pods fetch. The registry is there if LAB_IMAGES asks for it."""
ADDRESS_SUFFIXES = {MIRROR: 2, HUB: 3, REGISTRY: 4, "server": 11, "gpu": 12}

DOMAIN = "lab.test"
"""Where the hosts' names lie. Hosts know them; whoever comes from outside has to be told."""

ARCHIVES = "archives"
IMAGE_SOURCES = (ARCHIVES, REGISTRY)
"""How images may reach the hosts: as files that k3s imports, or pulled."""

EXTRAS = ("open-webui", "traefik")
"""What a lab has only when LAB_WITH names it: a site works without it, so nobody has to wait for it."""

_FOLDER = "inference-stack"
# Container names are "inference-<lab>-<host>": the lab's name must be good for a DNS label too.
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?")


@dataclass(frozen=True)
class Settings:
    """One lab's names and folders."""

    name: str
    cache: Path
    states: Path
    """The folder that holds the state of every lab of this user."""
    hosts: tuple[str, ...] = HOSTS
    models: str = REAL
    """Which models it serves, a word of MODELS."""
    images: str = ARCHIVES

    @property
    def services(self) -> tuple[str, ...]:
        """The containers that serve something to this lab."""
        return tuple(name for name in SERVICES if name != REGISTRY or self.images == REGISTRY)

    @property
    def state(self) -> Path:
        return self.states / self.name

    @property
    def server(self) -> str:
        """The host with the API server."""
        return self.hosts[0]

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def artefacts(self) -> Path:
        return self.state / "artefacts"

    @property
    def hub(self) -> Path:
        """The repositories of the hub, and its switches."""
        return self.state / "hub"

    @property
    def registry(self) -> Path:
        """The switches of the line to the registry."""
        return self.state / "registry"

    @property
    def lab_file(self) -> Path:
        """What the rehearsal's inventory reads."""
        return self.state / "lab.json"

    @property
    def secrets_file(self) -> Path:
        return self.state / "secrets.yml"

    @property
    def ssh_key(self) -> Path:
        return self.state / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.state / "known_hosts"

    @property
    def names_file(self) -> Path:
        """The hosts' names in the form of /etc/hosts, for nss-wrapper."""
        return self.state / "names"

    @property
    def network(self) -> str:
        return f"inference-{self.name}"

    @property
    def podman_home(self) -> Path:
        """Images, containers and volumes of all labs; apart from the machine's own podman."""
        return self.cache / "podman"

    @property
    def podman_run(self) -> Path:
        """Podman's volatile state; it belongs to one storage folder, so it is named after it."""
        digest = hashlib.sha256(str(self.podman_home).encode()).hexdigest()[:8]
        return Path("/run") / _FOLDER / digest

    def container(self, host: str) -> str:
        return f"{self.network}-{host}"

    @staticmethod
    def full_name(host: str) -> str:
        """A host's name in the domain name system that this lab has not."""
        return f"{host}.{DOMAIN}"

    def host_folder(self, host: str) -> Path:
        """Files that belong to one host, such as its SSH host key."""
        return self.state / "hosts" / host


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of the lab that the variable LAB names."""
    values = os.environ if environment is None else environment
    name = values.get("LAB") or DEFAULT_NAME
    if not _NAME.fullmatch(name):
        raise LabError(
            f"LAB={name!r} is no good name for a lab",
            "use at most 20 lower-case letters, digits and hyphens, with a letter or digit at both ends",
        )
    state_home = Path(values.get("XDG_STATE_HOME") or "~/.local/state").expanduser()
    cache_home = values.get("XDG_CACHE_HOME")
    cache = Path(cache_home).expanduser() / _FOLDER if cache_home else default_cache()
    found = Settings(name=name, cache=cache, states=state_home / _FOLDER)
    known = _known(found)
    return replace(
        found,
        hosts=wanted_hosts(values)
        or tuple(name for name in HOSTS if name in known.get("hosts", ()))
        or HOSTS,
        models=_wanted_models(values) or _present_models(known) or REAL,
        images=wanted_images(values) or (REGISTRY if known.get("registry") else ARCHIVES),
    )


def wanted_hosts(values: Mapping[str, str]) -> tuple[str, ...]:
    """What the variable LAB_HOSTS names, separated by commas or blanks."""
    named = set(values.get("LAB_HOSTS", "").replace(",", " ").split())
    if unknown := sorted(named - set(HOSTS)):
        raise LabError(f"LAB_HOSTS names {', '.join(unknown)}", f"choose from {', '.join(HOSTS)}")
    return tuple(name for name in HOSTS if name in named)


def _wanted_models(values: Mapping[str, str]) -> str:
    """What the variable LAB_MODELS says."""
    wanted = values.get("LAB_MODELS", "")
    if wanted and wanted not in MODELS:
        raise LabError(f"LAB_MODELS={wanted!r} is none of its values", f"choose from {', '.join(MODELS)}")
    return wanted


def wanted_images(values: Mapping[str, str]) -> str:
    """What the variable LAB_IMAGES says."""
    named = values.get("LAB_IMAGES") or ""
    if named and named not in IMAGE_SOURCES:
        raise LabError(f"LAB_IMAGES={named!r} is none of its values", f"say {' or '.join(IMAGE_SOURCES)}")
    return named


def _known(settings: Settings) -> dict[str, Any]:
    """What the lab got when it came up."""
    try:
        known = json.loads(settings.lab_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _present_models(known: Mapping[str, Any]) -> str:
    """The models that the lab got; one that does not say it is from before there was a choice."""
    return str(known.get("models", RANDOM)) if known else ""


def wanted_extras(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """What the variable LAB_WITH names, separated by commas or blanks."""
    values = os.environ if environment is None else environment
    named = set(values.get("LAB_WITH", "").replace(",", " ").split())
    if unknown := sorted(named - set(EXTRAS)):
        raise LabError(f"LAB_WITH names {', '.join(unknown)}", f"choose from {', '.join(EXTRAS)}")
    return tuple(name for name in EXTRAS if name in named)


def existing_labs(settings: Settings) -> list[str]:
    """Names of the labs that have a state folder, and so may have hosts."""
    if not settings.states.is_dir():
        return []
    return sorted(path.name for path in settings.states.iterdir() if path.is_dir())


def pins() -> dict[str, Any]:
    """The versions that the lab itself chooses."""
    content = yaml.safe_load((Path(__file__).parent / "pins.yml").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content
