"""Lay an Ollama model out as the static files of a registry, for any web server to serve.

Below the output: ``v2/<namespace>/<name>/manifests/<tag>`` and
``v2/<namespace>/<name>/blobs/sha256:<digest>``, which is what ``ollama pull`` asks for. The server
has to support ranges and to answer blobs as NGINX_BLOBS says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Ollama downloads from where the answer's Location points, even if the answer is no redirect: without
# the header it gives up with "no Location header in response".
NGINX_BLOBS = "location ~ ^/v2/.+/blobs/ { add_header Location $request_uri; }"

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.ollama.image."


def write_registry(
    output: Path,
    reference: str,
    model: bytes,
    template: str,
    parameters: Mapping[str, Any],
    family: str,
    size: str,
    file_type: str = "F32",
) -> Path:
    """Write blobs and manifest of ``<namespace>/<name>:<tag>`` and return the manifest's path."""
    repository, _, tag = reference.partition(":")
    folder = output / "v2" / repository
    layers = [
        _write_blob(folder, f"{_LAYER}model", model),
        _write_blob(folder, f"{_LAYER}template", template.encode()),
        _write_blob(folder, f"{_LAYER}params", _json(parameters)),
    ]
    config = {
        "model_format": "gguf",
        "model_family": family,
        "model_families": [family],
        "model_type": size,
        "file_type": file_type,
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _write_blob(folder, _CONFIG, _json(config)),
        "layers": layers,
    }
    path = folder / "manifests" / (tag or "latest")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_json(manifest))
    return path


def _write_blob(folder: Path, media_type: str, data: bytes) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    path = folder / "blobs" / digest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
