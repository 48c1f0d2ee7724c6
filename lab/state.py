"""What a lab tells the rehearsal's inventory: where its hosts and artefacts are, and its secrets."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from lab.artefacts.publish import Publication
from lab.components.model_components import MODELS
from lab.settings import HUB, HUB_PORT, MIRROR, MIRROR_PORT, REGISTRY, REGISTRY_PORT, Settings

# Where the roles' extra volumes find the Python packages on the hosts, and a scenario its ingress controller.
MOUNTS = {"vllm": "/opt/vllm", "litellm": "/opt/litellm"}
EXTRA_MOUNTS = {"open-webui": "/opt/open-webui", "traefik": "/opt/traefik"}

_SECRET_BYTES = 24


def mirror_url(addresses: Mapping[str, str]) -> str:
    return f"http://{addresses[MIRROR]}:{MIRROR_PORT}"


def hub_url(addresses: Mapping[str, str]) -> str:
    return f"http://{addresses[HUB]}:{HUB_PORT}"


def registry_url(addresses: Mapping[str, str]) -> str:
    return f"http://{addresses[REGISTRY]}:{REGISTRY_PORT}"


def mounts(extras: Iterable[str]) -> dict[str, str]:
    """Where each of the parts that hosts mount lies on them."""
    return MOUNTS | {name: EXTRA_MOUNTS[name] for name in extras}


def extras(settings: Settings, wanted: Iterable[str]) -> tuple[str, ...]:
    """What is wanted now, and what this lab got earlier: its hosts would be made anew to lose it."""
    had = (read_lab_file(settings) or {}).get("mounts", {})
    return tuple(name for name in EXTRA_MOUNTS if name in had or name in wanted)


def describe(
    settings: Settings,
    addresses: Mapping[str, str],
    offer: Publication,
    k3s_version: str,
    mounted: Mapping[str, str] = MOUNTS,
) -> dict[str, Any]:
    """The content of lab.json."""
    mirror = mirror_url(addresses)
    models = MODELS[settings.models]
    return {
        "name": settings.name,
        "models": settings.models,
        "ssh": {
            "user": "root",
            "key": str(settings.ssh_key),
            "known_hosts": str(settings.known_hosts),
        },
        "hosts": {
            host: {"address": addresses[host], "name": settings.full_name(host)} for host in settings.hosts
        },
        "mirror": mirror,
        "hub": hub_url(addresses),
        # Empty where images come as archives.
        "registry": registry_url(addresses) if REGISTRY in settings.services else "",
        "artefacts": {
            "k3s": {**offer.k3s.as_dict(), "version": k3s_version},
            "toolkit_repository": {
                "url": offer.toolkit_url,
                "key_url": offer.toolkit_key_url,
                "version": offer.toolkit_version,
            },
            "vllm_model": {
                **offer.vllm_model.as_dict(),
                "repository": models.repository,
                "revision": offer.vllm_model_revision,
                "bytes": offer.vllm_model_bytes,
            },
        },
        "images": [
            {
                "name": image.name,
                "reference": image.reference,
                "hosts": [image.host if image.host in settings.hosts else settings.server],
                **offer.archives[image.archive].as_dict(),
            }
            for image in offer.images
        ],
        "mounts": dict(mounted),
        "ollama_source": f"{mirror.removeprefix('http://')}/{models.reference}",
    }


def write_lab_file(settings: Settings, content: Mapping[str, Any]) -> None:
    _write(settings.lab_file, json.dumps(content, indent=2) + "\n", 0o644)


def read_lab_file(settings: Settings) -> dict[str, Any] | None:
    """What the last ``up`` wrote, or None."""
    try:
        content = json.loads(settings.lab_file.read_text(encoding="utf-8"))
    except OSError:
        return None
    assert isinstance(content, dict)
    return content


def ensure_secrets(settings: Settings) -> None:
    """Make the lab's secrets once, and what an older lab lacks. They are random: none is known."""
    known = read_secrets(settings) if settings.secrets_file.exists() else {}
    values = {
        "k3s_token": f"inference-{secrets.token_hex(_SECRET_BYTES)}",
        "litellm_master_key": f"sk-{secrets.token_hex(_SECRET_BYTES)}",
        "consumer_key": f"sk-{secrets.token_hex(_SECRET_BYTES)}",
        "owner_password": secrets.token_hex(_SECRET_BYTES),
        # Nobody asks for these: tests look for them where they do not belong.
        "hf_token": f"hf_{secrets.token_hex(_SECRET_BYTES)}",
        "cloud_key": f"sk-{secrets.token_hex(_SECRET_BYTES)}",
    }
    if set(values) - set(known):
        _write(settings.secrets_file, yaml.safe_dump({**values, **known}, sort_keys=False), 0o600)


def read_secrets(settings: Settings) -> dict[str, str]:
    content = yaml.safe_load(settings.secrets_file.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def _write(path: Path, text: str, mode: int) -> None:
    """Write whole or not at all, never readable by others in between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as stream:
        stream.write(text)
    partial.replace(path)
