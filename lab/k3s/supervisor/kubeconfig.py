"""Kubeconfigs. They are written as JSON, which is YAML too."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from .certificates import Pair


def document(server: str, ca: bytes, user: dict[str, Any]) -> str:
    """Write the way to a cluster for one user."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "default", "cluster": {"server": server, "certificate-authority-data": encode(ca)}}
        ],
        "users": [{"name": "default", "user": user}],
        "contexts": [{"name": "default", "context": {"cluster": "default", "user": "default"}}],
        "current-context": "default",
        "preferences": {},
    }
    return json.dumps(content, indent=2) + "\n"


def by_files(pair: Pair) -> dict[str, Any]:
    """A user who is known by a certificate that may be replaced on disk."""
    return {"client-certificate": str(pair.certificate), "client-key": str(pair.key)}


def by_data(pair: Pair) -> dict[str, Any]:
    """A user whose certificate travels with the kubeconfig."""
    return {
        "client-certificate-data": encode(pair.certificate.read_bytes()),
        "client-key-data": encode(pair.key.read_bytes()),
    }


def by_token(token: str) -> dict[str, Any]:
    """A user who is known by a token."""
    return {"token": token}


def by_token_file(path: Path) -> dict[str, Any]:
    """A user whose token is renewed in a file."""
    return {"tokenFile": str(path)}


def encode(data: bytes) -> str:
    """Base64, as kubeconfigs hold certificates."""
    return base64.b64encode(data).decode()
